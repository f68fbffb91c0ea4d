//! Looking a key up.

use bytes::Bytes;

use super::{KVStore, KVStoreError, PendingLookupHandle};
use crate::{Body, abi};

/// A lookup, made by [`KVStore::build_lookup`].
///
/// ```no_run
/// # use edgekv::kv_store::{KVStore, KVStoreError};
/// # fn f(store: &KVStore) -> Result<(), KVStoreError> {
/// let (a, b) = (store.build_lookup().execute_async("a")?, store.build_lookup().execute_async("b")?);
/// let both = [store.pending_lookup_wait(a)?.take_body_bytes(), store.pending_lookup_wait(b)?.take_body_bytes()];
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing before `execute`"]
pub struct LookupBuilder<'a> {
    store: &'a KVStore,
}

impl<'a> LookupBuilder<'a> {
    pub(super) fn new(store: &'a KVStore) -> Self {
        Self { store }
    }

    /// Looks the key up.
    ///
    /// # Errors
    ///
    /// Those of [`KVStore::lookup`].
    pub fn execute(&self, key: &str) -> Result<LookupResponse, KVStoreError> {
        Ok(abi::get(&self.store.handle, key)?.into())
    }

    /// Starts to look the key up; [`KVStore::pending_lookup_wait`] has the result.
    ///
    /// # Errors
    ///
    /// [`KVStoreError::ItemBadRequest`] when the key is not valid.
    pub fn execute_async(&self, key: &str) -> Result<PendingLookupHandle, KVStoreError> {
        Ok(PendingLookupHandle::new(abi::lookup(&self.store.handle, key)?))
    }
}

/// What a lookup found.
#[derive(Debug)]
pub struct LookupResponse {
    body: Option<Body>,
    metadata: Option<Bytes>,
    generation: u64,
}

impl LookupResponse {
    /// The value. An empty body when it has been taken already.
    pub fn take_body(&mut self) -> Body {
        self.body.take().unwrap_or_default()
    }

    /// The value; `None` when it has been taken already.
    pub fn try_take_body(&mut self) -> Option<Body> {
        self.body.take()
    }

    /// The bytes of the value. Empty when it has been taken already.
    ///
    /// # Panics
    ///
    /// When the host fails to deliver the bytes; use [`try_take_body`](Self::try_take_body) and
    /// [`Body::try_into_bytes`] to have that as an error.
    pub fn take_body_bytes(&mut self) -> Vec<u8> {
        self.try_take_body().map(Body::into_bytes).unwrap_or_default()
    }

    /// The metadata that were written with the value; `None` when there are none.
    #[must_use]
    pub fn metadata(&self) -> Option<Bytes> {
        self.metadata.clone()
    }

    /// Always 0: a 32-bit number cannot hold a generation.
    #[deprecated(note = "always 0; use `current_generation`")]
    #[must_use]
    pub fn generation(&self) -> u32 {
        0
    }

    /// The generation of the entry: another number after every write, never 0.
    #[must_use]
    pub fn current_generation(&self) -> u64 {
        self.generation
    }
}

impl From<abi::Found> for LookupResponse {
    fn from(found: abi::Found) -> Self {
        Self { body: Some(found.body.into()), metadata: found.metadata, generation: found.generation }
    }
}

#[cfg(test)]
mod tests {
    use edgekv_sys::{FastlyStatus as Status, KvError, KvStoreHandle};

    use super::*;
    use crate::FastlyStatus;
    use crate::abi::MOST_METADATA_BYTES;
    use crate::abi::script::{self, Answer, answer};

    const STORE: KVStore = KVStore { handle: KvStoreHandle(3) };

    fn lookup(wait: Answer) -> (Result<LookupResponse, KVStoreError>, script::Script) {
        let script = script::start([answer("lookup").handle(5), wait]);
        (STORE.lookup("k"), script)
    }

    #[test]
    fn a_hit_costs_five_calls() {
        let (found, script) = lookup(answer("lookup_wait_v2").body("value").number(1 << 52));
        let mut found = found.unwrap();
        assert_eq!((found.metadata(), found.current_generation()), (None, 1 << 52));
        assert_eq!(found.take_body_bytes(), b"value");
        assert!(found.try_take_body().is_none());
        assert!(found.take_body_bytes().is_empty() && found.take_body().into_bytes().is_empty());
        let calls =
            ["lookup 3 k mask=0", "lookup_wait_v2 5 room=2000", "known_length", "read room=5", "close"];
        assert_eq!(script.finish(), calls);
    }

    #[test]
    fn metadata_are_bytes() {
        let (found, script) = lookup(answer("lookup_wait_v2").body("").bytes([0, 255, 1]));
        assert_eq!(found.unwrap().metadata().unwrap(), &[0, 255, 1][..]);
        script.finish();
    }

    #[test]
    fn metadata_that_need_more_room_are_asked_for_again() {
        let metadata = vec![b'm'; 2001];
        let script = script::start([
            answer("lookup").handle(5),
            answer("lookup_wait_v2").status(Status::BUFLEN).claims(2001),
            answer("lookup_wait_v2").body("v").bytes(&metadata),
        ]);
        assert_eq!(STORE.lookup("k").unwrap().metadata().unwrap(), metadata);
        assert_eq!(script.finish()[2], "lookup_wait_v2 5 room=2001");
    }

    #[test]
    fn a_room_that_makes_no_sense_is_not_made() {
        for needed in [0, 2000, MOST_METADATA_BYTES + 1, usize::MAX] {
            let (found, script) = lookup(answer("lookup_wait_v2").status(Status::BUFLEN).claims(needed));
            assert_eq!(found.unwrap_err(), KVStoreError::Unexpected(FastlyStatus::BUFLEN), "{needed}");
            script.finish();
        }
    }

    #[test]
    fn a_metadata_length_beyond_the_buffer_is_an_error_and_the_body_is_closed() {
        for claimed in [2001, usize::MAX] {
            let (found, script) = lookup(answer("lookup_wait_v2").body("v").claims(claimed));
            let reason = format!("host claims {claimed} bytes where there are 2000");
            assert_eq!(found.unwrap_err(), KVStoreError::UnusableAnswer(reason));
            script.finish();
        }
    }

    #[test]
    fn success_without_a_body_is_an_error() {
        let (found, script) = lookup(answer("lookup_wait_v2"));
        let reason = "host reported success and gave no body".to_owned();
        assert_eq!(found.unwrap_err(), KVStoreError::UnusableAnswer(reason));
        script.finish();
    }

    #[test]
    fn a_miss_and_outcomes_that_nobody_names_are_errors() {
        for (outcome, error) in [
            (KvError::NOT_FOUND, KVStoreError::ItemNotFound),
            (KvError::UNINITIALIZED, KVStoreError::Unexpected(FastlyStatus::ERROR)),
            (KvError(0xDEAD_BEEF), KVStoreError::Unexpected(FastlyStatus::ERROR)),
        ] {
            let (found, script) = lookup(answer("lookup_wait_v2").outcome(outcome));
            assert_eq!(found.unwrap_err(), error);
            script.finish();
        }
    }

    #[test]
    fn misuse_is_told_apart() {
        for (status, error) in [
            (Status::BADF, KVStoreError::InvalidStoreHandle),
            (Status::INVAL, KVStoreError::ItemBadRequest),
            (Status(77), KVStoreError::Unexpected(FastlyStatus { code: 77 })),
        ] {
            let (found, script) = lookup(answer("lookup_wait_v2").status(status));
            assert_eq!(found.unwrap_err(), error);
            script.finish();
        }
    }
}
