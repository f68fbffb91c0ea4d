// @generated from witx/ by `cargo xtask codegen`; do not edit.

//! The older form of `fastly_kv_store`, for programs that were built before it.
//!
//! Handles are the same: a store that was opened by either module works in both. There is no
//! `kv_error` here, so the outcome of an operation is a status.

use super::{
    BodyHandle, FastlyStatus, KvStoreDeleteHandle, KvStoreHandle, KvStoreInsertHandle, KvStoreLookupHandle,
};

crate::imports! {
    module "fastly_object_store";

    /// Opens a store by name; `inval` when there is none of that name.
    ///
    /// # Safety
    ///
    /// - `name` must be valid for reads of `name_len` bytes.
    /// - `store_out` must be valid for writes of one `KvStoreHandle`.
    fn open(
        name: *const u8,
        name_len: usize,
        store_out: *mut KvStoreHandle,
    ) -> FastlyStatus;

    /// Looks a key up, and waits for it. The body handle is the invalid one when there is no such key.
    ///
    /// # Safety
    ///
    /// - `key` must be valid for reads of `key_len` bytes.
    /// - `body_out` must be valid for writes of one `BodyHandle`.
    fn lookup(
        store: KvStoreHandle,
        key: *const u8,
        key_len: usize,
        body_out: *mut BodyHandle,
    ) -> FastlyStatus;

    /// Starts to look up a key.
    ///
    /// # Safety
    ///
    /// - `key` must be valid for reads of `key_len` bytes.
    /// - `pending_out` must be valid for writes of one `KvStoreLookupHandle`.
    fn lookup_async(
        store: KvStoreHandle,
        key: *const u8,
        key_len: usize,
        pending_out: *mut KvStoreLookupHandle,
    ) -> FastlyStatus;

    /// Ends a lookup. The body handle is the invalid one when there is no such key.
    ///
    /// # Safety
    ///
    /// `body_out` must be valid for writes of one `BodyHandle`.
    fn pending_lookup_wait(
        pending: KvStoreLookupHandle,
        body_out: *mut BodyHandle,
    ) -> FastlyStatus;

    /// Writes a key, and waits for it: what was there is replaced, with its metadata and its time to live.
    /// The body is consumed, whatever the status.
    ///
    /// # Safety
    ///
    /// `key` must be valid for reads of `key_len` bytes.
    fn insert(
        store: KvStoreHandle,
        key: *const u8,
        key_len: usize,
        body: BodyHandle,
    ) -> FastlyStatus;

    /// Starts to write a key. The body is consumed, whatever the status.
    ///
    /// # Safety
    ///
    /// - `key` must be valid for reads of `key_len` bytes.
    /// - `pending_out` must be valid for writes of one `KvStoreInsertHandle`.
    fn insert_async(
        store: KvStoreHandle,
        key: *const u8,
        key_len: usize,
        body: BodyHandle,
        pending_out: *mut KvStoreInsertHandle,
    ) -> FastlyStatus;

    /// Ends an insert.
    ///
    /// # Safety
    ///
    /// None: the call touches no memory of the guest.
    fn pending_insert_wait(
        pending: KvStoreInsertHandle,
    ) -> FastlyStatus;

    /// Starts to delete a key.
    ///
    /// # Safety
    ///
    /// - `key` must be valid for reads of `key_len` bytes.
    /// - `pending_out` must be valid for writes of one `KvStoreDeleteHandle`.
    fn delete_async(
        store: KvStoreHandle,
        key: *const u8,
        key_len: usize,
        pending_out: *mut KvStoreDeleteHandle,
    ) -> FastlyStatus;

    /// Ends a delete; `none` when there was no such key.
    ///
    /// # Safety
    ///
    /// None: the call touches no memory of the guest.
    fn pending_delete_wait(
        pending: KvStoreDeleteHandle,
    ) -> FastlyStatus;
}
