//! A key-value store: looking up, writing, deleting and listing keys.
//!
//! Each operation has three forms: a method of [`KVStore`] for the plain case, a builder with options that is ended by
//! `execute`, and the same builder ended by `execute_async`, which starts the operation and returns a pending handle for
//! the `pending_…_wait` method; or to be awaited, see [`future`](crate::future). Operations that were started run at the same time, and happen whether or not they are
//! waited for.
#![allow(clippy::needless_pass_by_value, reason = "a wait uses its pending handle up, so it takes it")]

mod backoff;
mod delete;
mod insert;
#[cfg(feature = "serde")]
mod json;
mod list;
mod lookup;
mod page;
mod pending;
mod update;

pub use self::delete::DeleteBuilder;
pub use self::insert::{InsertBuilder, InsertMode, MAX_METADATA_BYTES};
pub use self::list::{Keys, ListBuilder, ListMode, ListResponse};
pub use self::lookup::{LookupBuilder, LookupResponse};
pub use self::page::ListPage;
pub use self::pending::{PendingDeleteHandle, PendingInsertHandle, PendingListHandle, PendingLookupHandle};
pub use self::update::{Change, Entry, MAX_UPDATE_TRIES};
pub use crate::error::KVStoreError;

use crate::error::{Call, Fault};
use crate::{Body, FastlyStatus, abi};

/// A key-value store that has been opened.
///
/// A key is 1 to 1,024 bytes of UTF-8 without carriage return and line feed, not `.` or `..`, and does not start with
/// `.well-known/acme-challenge/`.
#[derive(Debug)]
pub struct KVStore {
    handle: abi::Store,
}

impl KVStore {
    /// Opens the store of this name.
    ///
    /// ```no_run
    /// use edgekv::KVStore;
    ///
    /// let store = KVStore::open("sessions")?.expect("the host has a store for this program");
    /// # Ok::<(), edgekv::kv_store::KVStoreError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`KVStoreError::StoreNotFound`] when there is none of this name. (`Ok(None)` is what a host means that reports
    /// success and no store; both say the same.)
    pub fn open(name: &str) -> Result<Option<Self>, KVStoreError> {
        match abi::open(name) {
            Ok(handle) => Ok(handle.map(|handle| Self { handle })),
            Err(Fault::Status { call: Call::Start, status: FastlyStatus::INVAL }) => {
                Err(KVStoreError::StoreNotFound(name.to_owned()))
            }
            Err(fault) => Err(fault.into()),
        }
    }

    /// Looks a key up.
    ///
    /// # Errors
    ///
    /// [`KVStoreError::ItemNotFound`] when there is no such key, and [`KVStoreError::ItemBadRequest`] when it cannot be
    /// one.
    pub fn lookup(&self, key: &str) -> Result<LookupResponse, KVStoreError> {
        self.build_lookup().execute(key)
    }

    /// A lookup that can be started without waiting for it.
    pub fn build_lookup(&self) -> LookupBuilder<'_> {
        LookupBuilder::new(self)
    }

    /// Waits for a lookup that was started.
    ///
    /// # Errors
    ///
    /// Those of [`KVStore::lookup`].
    pub fn pending_lookup_wait(
        &self,
        pending_request_handle: PendingLookupHandle,
    ) -> Result<LookupResponse, KVStoreError> {
        pending_request_handle.wait()
    }

    /// Writes a key; an entry that is there is replaced, with its metadata and its time to live.
    ///
    /// # Errors
    ///
    /// [`KVStoreError::ItemBadRequest`] when the key is not valid, [`KVStoreError::ItemPayloadTooLarge`] when the value
    /// is larger than the store accepts, and [`KVStoreError::TooManyRequests`] at a rate limit.
    pub fn insert(&self, key: &str, value: impl Into<Body>) -> Result<(), KVStoreError> {
        self.build_insert().execute(key, value)
    }

    /// A write with options.
    pub fn build_insert(&self) -> InsertBuilder<'_> {
        InsertBuilder::new(self)
    }

    /// Waits for a write that was started.
    ///
    /// # Errors
    ///
    /// Those of [`InsertBuilder::execute`].
    pub fn pending_insert_wait(
        &self,
        pending_insert_handle: PendingInsertHandle,
    ) -> Result<(), KVStoreError> {
        pending_insert_handle.wait()
    }

    /// Deletes a key.
    ///
    /// # Errors
    ///
    /// [`KVStoreError::ItemNotFound`] when there is no such key.
    pub fn delete(&self, key: &str) -> Result<(), KVStoreError> {
        self.build_delete().execute(key)
    }

    /// A delete with options.
    pub fn build_delete(&self) -> DeleteBuilder<'_> {
        DeleteBuilder::new(self)
    }

    /// Waits for a delete that was started.
    ///
    /// # Errors
    ///
    /// Those of [`DeleteBuilder::execute`].
    pub fn pending_delete_wait(
        &self,
        pending_delete_handle: PendingDeleteHandle,
    ) -> Result<(), KVStoreError> {
        pending_delete_handle.wait()
    }

    /// The first page of the keys, in byte order, as long as the host makes pages (mostly 1,000 keys).
    ///
    /// # Errors
    ///
    /// [`KVStoreError::TooManyRequests`] at a rate limit, and [`KVStoreError::UnusableAnswer`] when the page cannot be read.
    pub fn list(&self) -> Result<ListPage, KVStoreError> {
        self.build_list().execute()
    }

    /// A list with options, and the way to all pages or all keys.
    pub fn build_list(&self) -> ListBuilder<'_> {
        ListBuilder::new(self)
    }

    /// Waits for a list that was started.
    ///
    /// # Errors
    ///
    /// Those of [`ListBuilder::execute`].
    pub fn pending_list_wait(
        &self,
        pending_request_handle: PendingListHandle,
    ) -> Result<ListPage, KVStoreError> {
        pending_request_handle.wait()
    }
}

#[cfg(test)]
mod tests {
    use edgekv_sys::{FastlyStatus as Status, KvStoreHandle};

    use super::*;
    use crate::abi::script::{self, answer};

    #[test]
    fn a_store_that_is_not_there_is_named_in_the_error() {
        let script = script::start([
            answer("open").handle(3),
            answer("open").status(Status::INVAL),
            answer("open"),
            answer("open").status(Status::LIMITEXCEEDED),
        ]);
        assert_eq!(KVStore::open("a").unwrap().unwrap().handle, KvStoreHandle(3));
        assert_eq!(KVStore::open("b").unwrap_err(), KVStoreError::StoreNotFound("b".to_owned()));
        assert!(KVStore::open("c").unwrap().is_none());
        let limit = KVStoreError::Unexpected(FastlyStatus::LIMITEXCEEDED);
        assert_eq!(KVStore::open("d").unwrap_err(), limit);
        assert_eq!(script.finish(), ["open a", "open b", "open c", "open d"]);
    }

    #[test]
    fn a_rate_limit_is_reported_by_every_wait_and_a_start_keeps_its_status() {
        let store = KVStore { handle: KvStoreHandle(3) };
        for call in ["lookup", "insert", "delete", "list"] {
            let wait = match call {
                "lookup" => "lookup_wait_v2",
                "insert" => "insert_wait",
                "delete" => "delete_wait",
                _ => "list_wait",
            };
            let rate = KVStoreError::TooManyRequests;
            let handles = KVStoreError::Unexpected(FastlyStatus::LIMITEXCEEDED);
            let outcome = edgekv_sys::KvError::TOO_MANY_REQUESTS;
            for (answers, expected) in [
                (vec![answer(call).status(Status::LIMITEXCEEDED)], handles),
                (vec![answer(call).handle(1), answer(wait).status(Status::LIMITEXCEEDED)], rate.clone()),
                (vec![answer(call).handle(1), answer(wait).outcome(outcome)], rate),
            ] {
                let script = script::start(answers);
                let error = match call {
                    "lookup" => store.lookup("k").map(drop),
                    "insert" => store.insert("k", "v"),
                    "delete" => store.delete("k"),
                    _ => store.list().map(drop),
                };
                assert_eq!(error, Err(expected), "{call}");
                script.finish();
            }
        }
    }

    #[test]
    fn success_without_a_pending_operation_is_an_error() {
        let store = KVStore { handle: KvStoreHandle(3) };
        let reason = "host reported success and gave no pending operation";
        let unexpected = KVStoreError::UnusableAnswer(reason.to_owned());
        let script = script::start([answer("lookup"), answer("insert"), answer("delete"), answer("list")]);
        assert_eq!(store.lookup("k").unwrap_err(), unexpected);
        assert_eq!(store.insert("k", "v").unwrap_err(), unexpected);
        assert_eq!(store.delete("k").unwrap_err(), unexpected);
        assert_eq!(store.list().unwrap_err(), unexpected);
        script.finish();
    }
}
