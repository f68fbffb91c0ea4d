//! Operations that have been started and not yet waited for.

use edgekv_sys::{KvStoreDeleteHandle, KvStoreInsertHandle, KvStoreListHandle, KvStoreLookupHandle};

/// A lookup that was started; [`KVStore::pending_lookup_wait`](super::KVStore::pending_lookup_wait) ends it.
///
/// There is no call that gives a lookup up: the host keeps the result of one that is dropped until the program ends.
#[derive(Debug)]
#[must_use = "the host keeps the result of a lookup until it is waited for"]
pub struct PendingLookupHandle(pub(super) KvStoreLookupHandle);

/// A write that was started; [`KVStore::pending_insert_wait`](super::KVStore::pending_insert_wait) ends it. The write
/// happens when this is dropped, too; but nobody learns whether it succeeded.
#[derive(Debug)]
pub struct PendingInsertHandle(pub(super) KvStoreInsertHandle);

/// A delete that was started; [`KVStore::pending_delete_wait`](super::KVStore::pending_delete_wait) ends it. The delete
/// happens when this is dropped, too; but nobody learns whether it succeeded.
#[derive(Debug)]
pub struct PendingDeleteHandle(pub(super) KvStoreDeleteHandle);

/// A list that was started; [`KVStore::pending_list_wait`](super::KVStore::pending_list_wait) ends it.
///
/// There is no call that gives a list up: the host keeps the result of one that is dropped until the program ends.
#[derive(Debug)]
#[must_use = "the host keeps the result of a list until it is waited for"]
pub struct PendingListHandle(pub(super) KvStoreListHandle);
