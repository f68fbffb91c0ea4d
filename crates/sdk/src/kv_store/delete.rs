//! Deleting a key.

use super::{KVStore, KVStoreError, PendingDeleteHandle};
use crate::abi;

/// A delete with options, made by [`KVStore::build_delete`].
///
/// ```no_run
/// # use edgekv::kv_store::{KVStore, KVStoreError};
/// # fn f(store: &KVStore) -> Result<(), KVStoreError> {
/// let seen = store.lookup("draft")?.current_generation();
/// store.build_delete().if_generation_match(seen).execute("draft")?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing before `execute`"]
pub struct DeleteBuilder<'a> {
    store: &'a KVStore,
    if_generation_match: Option<u64>,
}

impl<'a> DeleteBuilder<'a> {
    pub(super) fn new(store: &'a KVStore) -> Self {
        Self { store, if_generation_match: None }
    }

    /// Deletes only if the entry has this generation.
    ///
    /// An extension of edgekv. A host that does not know it may end the program (trap) or, worse, not see the condition
    /// and delete whatever is there; so use it where you know the host.
    pub fn if_generation_match(self, generation: u64) -> Self {
        Self { if_generation_match: Some(generation), ..self }
    }

    /// Deletes the key.
    ///
    /// # Errors
    ///
    /// [`KVStoreError::ItemNotFound`] when there is no such key, and [`KVStoreError::ItemPreconditionFailed`] when the
    /// entry has another generation than asked for.
    pub fn execute(&self, key: &str) -> Result<(), KVStoreError> {
        Ok(abi::delete_now(&self.store.handle, key, self.if_generation_match)?)
    }

    /// Starts to delete the key; [`KVStore::pending_delete_wait`] has the result.
    ///
    /// # Errors
    ///
    /// [`KVStoreError::ItemBadRequest`] when the key is not valid.
    pub fn execute_async(&self, key: &str) -> Result<PendingDeleteHandle, KVStoreError> {
        Ok(PendingDeleteHandle::new(abi::delete(&self.store.handle, key, self.if_generation_match)?))
    }
}

#[cfg(test)]
mod tests {
    use edgekv_sys::{KvError, KvStoreHandle};

    use super::*;
    use crate::abi::script::{self, answer};

    const STORE: KVStore = KVStore { handle: KvStoreHandle(3) };

    #[test]
    fn the_condition_is_sent_only_when_it_is_set() {
        let deleted = || [answer("delete").handle(1), answer("delete_wait")];
        let script = script::start(deleted().into_iter().chain(deleted()));
        STORE.delete("k").unwrap();
        STORE.build_delete().if_generation_match(9).execute("k").unwrap();
        let calls = script.finish();
        assert_eq!(
            [&*calls[0], &*calls[2]],
            ["delete 3 k mask=0 generation=0", "delete 3 k mask=10 generation=9"]
        );
    }

    #[test]
    fn a_key_that_is_not_there_is_not_found() {
        let script =
            script::start([answer("delete").handle(1), answer("delete_wait").outcome(KvError::NOT_FOUND)]);
        assert_eq!(STORE.delete("k"), Err(KVStoreError::ItemNotFound));
        script.finish();
    }
}
