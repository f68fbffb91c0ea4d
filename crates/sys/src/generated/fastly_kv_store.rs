// @generated from witx/ by `cargo xtask codegen`; do not edit.

//! The key-value store.
//!
//! Every operation is a start call, which gives a pending handle, and a wait call, which
//! consumes it. Misuse that is known at once is a status of the start call; the outcome is the
//! `kv_error` that the wait call stores. A pending operation that is never waited for happens
//! all the same.
//!
//! Masks are plain `u32` (the names of their bits are the `flags` types in typenames.witx): so
//! an unknown bit is answered with `inval`, not with a trap. The wasm signature is the same.

use super::{
    BodyHandle, FastlyStatus, KvDeleteConfig, KvError, KvInsertConfig, KvListConfig, KvLookupConfig,
    KvStoreDeleteHandle, KvStoreHandle, KvStoreInsertHandle, KvStoreListHandle, KvStoreLookupHandle,
};

crate::imports! {
    module "fastly_kv_store";

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

    /// Starts to look up a key.
    ///
    /// # Safety
    ///
    /// - `key` must be valid for reads of `key_len` bytes.
    /// - `config` must be valid for reads of one `KvLookupConfig`.
    /// - `pending_out` must be valid for writes of one `KvStoreLookupHandle`.
    fn lookup(
        store: KvStoreHandle,
        key: *const u8,
        key_len: usize,
        config_mask: u32,
        config: *const KvLookupConfig,
        pending_out: *mut KvStoreLookupHandle,
    ) -> FastlyStatus;

    /// Ends a lookup. As `lookup_wait_v2`, but the generation is 32 bits wide and always 0.
    ///
    /// # Safety
    ///
    /// - `body_out` must be valid for writes of one `BodyHandle`.
    /// - `metadata_buf` must be valid for writes of `metadata_buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    /// - `generation_out` must be valid for writes of one `u32`.
    /// - `kv_error_out` must be valid for writes of one `KvError`.
    fn lookup_wait(
        pending: KvStoreLookupHandle,
        body_out: *mut BodyHandle,
        metadata_buf: *mut u8,
        metadata_buf_len: usize,
        nwritten_out: *mut usize,
        generation_out: *mut u32,
        kv_error_out: *mut KvError,
    ) -> FastlyStatus;

    /// Ends a lookup: stores a body with the value, the metadata and the generation. When the
    /// metadata do not fit, stores the length that is needed and returns `buflen`; the pending handle
    /// stays valid then.
    ///
    /// # Safety
    ///
    /// - `body_out` must be valid for writes of one `BodyHandle`.
    /// - `metadata_buf` must be valid for writes of `metadata_buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    /// - `generation_out` must be valid for writes of one `u64`.
    /// - `kv_error_out` must be valid for writes of one `KvError`.
    fn lookup_wait_v2(
        pending: KvStoreLookupHandle,
        body_out: *mut BodyHandle,
        metadata_buf: *mut u8,
        metadata_buf_len: usize,
        nwritten_out: *mut usize,
        generation_out: *mut u64,
        kv_error_out: *mut KvError,
    ) -> FastlyStatus;

    /// Starts to write a key. The body is consumed, whatever the status.
    ///
    /// # Safety
    ///
    /// - `key` must be valid for reads of `key_len` bytes.
    /// - `config` must be valid for reads of one `KvInsertConfig`.
    /// - When `METADATA` is set in `config_mask`, `config.metadata` must be valid for reads of `config.metadata_len` bytes.
    /// - `pending_out` must be valid for writes of one `KvStoreInsertHandle`.
    fn insert(
        store: KvStoreHandle,
        key: *const u8,
        key_len: usize,
        body: BodyHandle,
        config_mask: u32,
        config: *const KvInsertConfig,
        pending_out: *mut KvStoreInsertHandle,
    ) -> FastlyStatus;

    /// Ends an insert.
    ///
    /// # Safety
    ///
    /// `kv_error_out` must be valid for writes of one `KvError`.
    fn insert_wait(
        pending: KvStoreInsertHandle,
        kv_error_out: *mut KvError,
    ) -> FastlyStatus;

    /// Starts to delete a key. `config` points to a `kv_delete_config`, or, when
    /// `if_generation_match` is set in the mask, to a `kv_delete_config_v2`.
    ///
    /// # Safety
    ///
    /// - `key` must be valid for reads of `key_len` bytes.
    /// - `config` must be valid for reads of one `KvDeleteConfig`.
    /// - When `IF_GENERATION_MATCH` is set in `config_mask`, `config` must be valid for reads of one `KvDeleteConfigV2` (16 bytes).
    /// - `pending_out` must be valid for writes of one `KvStoreDeleteHandle`.
    fn delete(
        store: KvStoreHandle,
        key: *const u8,
        key_len: usize,
        config_mask: u32,
        config: *const KvDeleteConfig,
        pending_out: *mut KvStoreDeleteHandle,
    ) -> FastlyStatus;

    /// Ends a delete; `not_found` when there was no such key.
    ///
    /// # Safety
    ///
    /// `kv_error_out` must be valid for writes of one `KvError`.
    fn delete_wait(
        pending: KvStoreDeleteHandle,
        kv_error_out: *mut KvError,
    ) -> FastlyStatus;

    /// Starts to list keys.
    ///
    /// # Safety
    ///
    /// - `config` must be valid for reads of one `KvListConfig`.
    /// - When `CURSOR` is set in `config_mask`, `config.cursor` must be valid for reads of `config.cursor_len` bytes.
    /// - When `PREFIX` is set in `config_mask`, `config.prefix` must be valid for reads of `config.prefix_len` bytes.
    /// - `pending_out` must be valid for writes of one `KvStoreListHandle`.
    fn list(
        store: KvStoreHandle,
        config_mask: u32,
        config: *const KvListConfig,
        pending_out: *mut KvStoreListHandle,
    ) -> FastlyStatus;

    /// Ends a list: stores a body that holds the page as a JSON document.
    ///
    /// # Safety
    ///
    /// - `body_out` must be valid for writes of one `BodyHandle`.
    /// - `kv_error_out` must be valid for writes of one `KvError`.
    fn list_wait(
        pending: KvStoreListHandle,
        body_out: *mut BodyHandle,
        kv_error_out: *mut KvError,
    ) -> FastlyStatus;
}
