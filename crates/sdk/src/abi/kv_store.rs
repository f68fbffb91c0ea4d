//! The calls of the module `fastly_kv_store`.

use std::mem::MaybeUninit;

#[cfg(not(test))]
use edgekv_sys::fastly_kv_store;
use edgekv_sys::{
    BodyHandle, FastlyStatus as Status, KvDeleteConfig, KvDeleteConfigOptions, KvDeleteConfigV2, KvError,
    KvInsertConfig, KvInsertConfigOptions, KvInsertMode, KvListConfig, KvListConfigOptions, KvListMode,
    KvLookupConfig, KvStoreDeleteHandle, KvStoreHandle, KvStoreInsertHandle, KvStoreListHandle,
    KvStoreLookupHandle,
};

#[cfg(test)]
use super::script::fastly_kv_store;
use super::{HostBody, Result, check, check_length};
use crate::error::{Call, Fault};

fn check_outcome(status: Status, outcome: KvError) -> Result<()> {
    check(Call::Wait, status)?;
    if outcome == KvError::OK { Ok(()) } else { Err(Fault::Outcome(outcome)) }
}

fn check_pending<T: Copy + PartialEq>(status: Status, pending: T, invalid: T) -> Result<T> {
    check(Call::Start, status)?;
    if pending == invalid { Err(Fault::Empty { missing: "no pending operation" }) } else { Ok(pending) }
}

/// Opens a store; `None` when the host has no error and no store.
pub(crate) fn open(name: &str) -> Result<Option<KvStoreHandle>> {
    let mut store = KvStoreHandle::INVALID;
    // SAFETY: `name` is a `str`, and `store` a local.
    check(Call::Start, unsafe { fastly_kv_store::open(name.as_ptr(), name.len(), &raw mut store) })?;
    Ok((store != KvStoreHandle::INVALID).then_some(store))
}

/// Starts a lookup.
pub(crate) fn lookup(store: KvStoreHandle, key: &str) -> Result<KvStoreLookupHandle> {
    let mut pending = KvStoreLookupHandle::INVALID;
    // SAFETY: `key` is a `str`, the record is static, and `pending` a local.
    let status = unsafe {
        fastly_kv_store::lookup(store, key.as_ptr(), key.len(), 0, &raw const LOOKUP_CONFIG, &raw mut pending)
    };
    check_pending(status, pending, KvStoreLookupHandle::INVALID)
}

static LOOKUP_CONFIG: KvLookupConfig = KvLookupConfig::EMPTY;

/// What a lookup found.
#[derive(Debug)]
pub(crate) struct Found<'buf> {
    pub(crate) body: HostBody,
    pub(crate) metadata: &'buf [u8],
    pub(crate) generation: u64,
}

/// Ends a lookup. [`Fault::Room`] says that `metadata` is too small, and that the same handle can be waited for again.
pub(crate) fn lookup_wait<'buf>(
    pending: KvStoreLookupHandle,
    metadata: &'buf mut [MaybeUninit<u8>],
) -> Result<Found<'buf>> {
    let mut body = BodyHandle::INVALID;
    let mut length = 0;
    let mut generation = 0;
    let mut outcome = KvError::UNINITIALIZED;
    // SAFETY: `metadata` is a slice that may be written to, the others are locals.
    let status = unsafe {
        fastly_kv_store::lookup_wait_v2(
            pending,
            &raw mut body,
            metadata.as_mut_ptr().cast(),
            metadata.len(),
            &raw mut length,
            &raw mut generation,
            &raw mut outcome,
        )
    };
    if status == Status::BUFLEN {
        return Err(Fault::Room { needed: length });
    }
    check_outcome(status, outcome)?;
    // The body is claimed first, so that it is closed when the length turns out to be wrong.
    let body = HostBody::claim(body)?;
    let length = check_length(length, metadata.len())?;
    // SAFETY: the host says that it has stored `length` bytes (assumed, see `abi`), and there is room for them.
    let metadata = unsafe { metadata[..length].assume_init_ref() };
    Ok(Found { body, metadata, generation })
}

/// The options of an insert; `None` is "not set".
#[derive(Debug)]
pub(crate) struct InsertOptions<'a> {
    pub(crate) mode: KvInsertMode,
    pub(crate) background_fetch: bool,
    /// Empty is "none".
    pub(crate) metadata: &'a [u8],
    pub(crate) time_to_live_sec: Option<u32>,
    pub(crate) if_generation_match: Option<u64>,
}

/// Starts an insert. The body is gone, whatever the answer.
pub(crate) fn insert(
    store: KvStoreHandle,
    key: &str,
    body: HostBody,
    options: &InsertOptions<'_>,
) -> Result<KvStoreInsertHandle> {
    let mut mask = KvInsertConfigOptions::empty();
    let mut config = KvInsertConfig { mode: options.mode, ..KvInsertConfig::EMPTY };
    mask.set(KvInsertConfigOptions::BACKGROUND_FETCH, options.background_fetch);
    if !options.metadata.is_empty() {
        mask |= KvInsertConfigOptions::METADATA;
        config.metadata = options.metadata.as_ptr();
        config.metadata_len = options.metadata.len();
    }
    if let Some(seconds) = options.time_to_live_sec {
        mask |= KvInsertConfigOptions::TIME_TO_LIVE_SEC;
        config.time_to_live_sec = seconds;
    }
    if let Some(generation) = options.if_generation_match {
        mask |= KvInsertConfigOptions::IF_GENERATION_MATCH;
        config.if_generation_match = generation;
    }
    let mut pending = KvStoreInsertHandle::INVALID;
    // SAFETY: `key` is a `str`, the record and `pending` are locals, and the pointer in the record is that of a slice
    // which outlives the call.
    let status = unsafe {
        fastly_kv_store::insert(
            store,
            key.as_ptr(),
            key.len(),
            body.release(),
            mask.bits(),
            &raw const config,
            &raw mut pending,
        )
    };
    check_pending(status, pending, KvStoreInsertHandle::INVALID)
}

/// Ends an insert.
pub(crate) fn insert_wait(pending: KvStoreInsertHandle) -> Result<()> {
    let mut outcome = KvError::UNINITIALIZED;
    // SAFETY: `outcome` is a local.
    let status = unsafe { fastly_kv_store::insert_wait(pending, &raw mut outcome) };
    check_outcome(status, outcome)
}

/// Starts a delete.
pub(crate) fn delete(
    store: KvStoreHandle,
    key: &str,
    if_generation: Option<u64>,
) -> Result<KvStoreDeleteHandle> {
    // The longer record starts as the shorter one does, and the mask says how much of it is meant.
    let mut config = KvDeleteConfigV2::EMPTY;
    let mut mask = KvDeleteConfigOptions::empty();
    if let Some(generation) = if_generation {
        config.if_generation_match = generation;
        mask |= KvDeleteConfigOptions::IF_GENERATION_MATCH;
    }
    let config: *const KvDeleteConfig = (&raw const config).cast();
    let mut pending = KvStoreDeleteHandle::INVALID;
    // SAFETY: `key` is a `str`, the record and `pending` are locals.
    let status = unsafe {
        fastly_kv_store::delete(store, key.as_ptr(), key.len(), mask.bits(), config, &raw mut pending)
    };
    check_pending(status, pending, KvStoreDeleteHandle::INVALID)
}

/// Ends a delete.
pub(crate) fn delete_wait(pending: KvStoreDeleteHandle) -> Result<()> {
    let mut outcome = KvError::UNINITIALIZED;
    // SAFETY: `outcome` is a local.
    let status = unsafe { fastly_kv_store::delete_wait(pending, &raw mut outcome) };
    check_outcome(status, outcome)
}

/// The options of a list; `None` and empty text are "not set".
#[derive(Debug)]
pub(crate) struct ListOptions<'a> {
    pub(crate) mode: KvListMode,
    pub(crate) cursor: Option<&'a str>,
    pub(crate) limit: Option<u32>,
    pub(crate) prefix: Option<&'a str>,
}

/// Starts a list.
pub(crate) fn list(store: KvStoreHandle, options: &ListOptions<'_>) -> Result<KvStoreListHandle> {
    let mut mask = KvListConfigOptions::empty();
    let mut config = KvListConfig { mode: options.mode, ..KvListConfig::EMPTY };
    if let Some(cursor) = options.cursor.filter(|text| !text.is_empty()) {
        mask |= KvListConfigOptions::CURSOR;
        config.cursor = cursor.as_ptr();
        config.cursor_len = cursor.len();
    }
    if let Some(limit) = options.limit {
        mask |= KvListConfigOptions::LIMIT;
        config.limit = limit;
    }
    if let Some(prefix) = options.prefix.filter(|text| !text.is_empty()) {
        mask |= KvListConfigOptions::PREFIX;
        config.prefix = prefix.as_ptr();
        config.prefix_len = prefix.len();
    }
    let mut pending = KvStoreListHandle::INVALID;
    // SAFETY: the record and `pending` are locals, and the pointers in the record are those of `str`s which outlive
    // the call.
    let status = unsafe { fastly_kv_store::list(store, mask.bits(), &raw const config, &raw mut pending) };
    check_pending(status, pending, KvStoreListHandle::INVALID)
}

/// Ends a list; the body holds the page.
pub(crate) fn list_wait(pending: KvStoreListHandle) -> Result<HostBody> {
    let mut body = BodyHandle::INVALID;
    let mut outcome = KvError::UNINITIALIZED;
    // SAFETY: `body` and `outcome` are locals.
    let status = unsafe { fastly_kv_store::list_wait(pending, &raw mut body, &raw mut outcome) };
    check_outcome(status, outcome)?;
    HostBody::claim(body)
}
