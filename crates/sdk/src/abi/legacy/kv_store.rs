//! The calls of the module `fastly_kv_store`.

use std::mem::MaybeUninit;

use bytes::Bytes;
#[cfg(not(test))]
use edgekv_sys::fastly_kv_store;
use edgekv_sys::{
    AsyncItemHandle, BodyHandle, FastlyStatus as Status, KvDeleteConfig, KvDeleteConfigOptions,
    KvDeleteConfigV2, KvError, KvInsertConfig, KvInsertConfigOptions, KvInsertMode, KvListConfig,
    KvListConfigOptions, KvListMode, KvLookupConfig, KvStoreDeleteHandle, KvStoreHandle, KvStoreInsertHandle,
    KvStoreListHandle, KvStoreLookupHandle,
};

#[cfg(test)]
use super::script::fastly_kv_store;
use super::{
    Found, HostBody, InsertOptions, ListOptions, Result, Value, Waitable, check, check_length, waitable,
};
use crate::error::{Call, Fault};
use crate::kv_store::{InsertMode, MAX_METADATA_BYTES};

/// The most metadata that a lookup makes room for, in bytes: above what stores accept, so that one with a higher limit
/// works too, and low enough that a wrong answer of the host costs nothing.
pub(crate) const MOST_METADATA_BYTES: usize = 64 * 1024;

/// A store that has been opened.
pub(crate) type Store = KvStoreHandle;

/// Operations that were started: each has a call that ends it.
macro_rules! pending {
    ($($pending:ident($raw:ident) -> $output:ty, $wait:expr;)*) => { $(
        /// An operation that was started.
        #[derive(Debug)]
        pub(crate) struct $pending($raw);

        impl $pending {
            /// Ends the operation; waits when it is not done.
            pub(crate) fn wait(self) -> Result<$output> {
                $wait(self.0)
            }

            /// What says when it is done; `None` when it is.
            pub(crate) fn waitable(&self) -> Option<Waitable> {
                waitable(AsyncItemHandle(self.0.0))
            }
        }
    )* };
}

pending! {
    PendingLookup(KvStoreLookupHandle) -> Found, lookup_wait;
    PendingInsert(KvStoreInsertHandle) -> (), insert_wait;
    PendingDelete(KvStoreDeleteHandle) -> (), delete_wait;
    PendingList(KvStoreListHandle) -> HostBody, list_wait;
}

/// Looks a key up.
pub(crate) fn get(store: &Store, key: &str) -> Result<Found> {
    lookup(store, key)?.wait()
}

/// Writes a key. The value is gone, whatever the answer.
pub(crate) fn insert_now(store: &Store, key: &str, value: Value, options: &InsertOptions<'_>) -> Result<()> {
    insert(store, key, value, options)?.wait()
}

/// Deletes a key.
pub(crate) fn delete_now(store: &Store, key: &str, if_generation: Option<u64>) -> Result<()> {
    delete(store, key, if_generation)?.wait()
}

/// Makes a page of a list; the body holds its document.
pub(crate) fn list_now(store: &Store, options: &ListOptions<'_>) -> Result<HostBody> {
    list(store, options)?.wait()
}

fn check_outcome(status: Status, outcome: KvError) -> Result<()> {
    check(Call::Wait, status)?;
    if outcome == KvError::OK { Ok(()) } else { Err(Fault::Outcome(outcome)) }
}

fn check_pending<T: Copy + PartialEq>(status: Status, pending: T, invalid: T) -> Result<T> {
    check(Call::Start, status)?;
    if pending == invalid { Err(Fault::Empty { missing: "no pending operation" }) } else { Ok(pending) }
}

/// Opens a store; `None` when the host has no error and no store.
pub(crate) fn open(name: &str) -> Result<Option<Store>> {
    let mut store = KvStoreHandle::INVALID;
    // SAFETY: `name` is a `str`, and `store` a local.
    check(Call::Start, unsafe { fastly_kv_store::open(name.as_ptr(), name.len(), &raw mut store) })?;
    Ok((store != KvStoreHandle::INVALID).then_some(store))
}

/// Starts a lookup.
pub(crate) fn lookup(store: &Store, key: &str) -> Result<PendingLookup> {
    let mut pending = KvStoreLookupHandle::INVALID;
    // SAFETY: `key` is a `str`, the record is static, and `pending` a local.
    let status = unsafe {
        fastly_kv_store::lookup(
            *store,
            key.as_ptr(),
            key.len(),
            0,
            &raw const LOOKUP_CONFIG,
            &raw mut pending,
        )
    };
    check_pending(status, pending, KvStoreLookupHandle::INVALID).map(PendingLookup)
}

static LOOKUP_CONFIG: KvLookupConfig = KvLookupConfig::EMPTY;

/// Ends a lookup. Metadata go through a buffer on the stack, so an entry without any costs no allocation.
fn lookup_wait(pending: KvStoreLookupHandle) -> Result<Found> {
    match lookup_wait_with(pending, &mut [MaybeUninit::uninit(); MAX_METADATA_BYTES]) {
        Err(Fault::Room { needed }) if (MAX_METADATA_BYTES + 1..=MOST_METADATA_BYTES).contains(&needed) => {
            // The host keeps what it found until there is room for it.
            lookup_wait_with(pending, &mut vec![MaybeUninit::uninit(); needed])
        }
        answer => answer,
    }
}

/// Ends a lookup. [`Fault::Room`] says that `metadata` is too small, and that the same handle can be waited for again.
fn lookup_wait_with(pending: KvStoreLookupHandle, metadata: &mut [MaybeUninit<u8>]) -> Result<Found> {
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
    let metadata = (!metadata.is_empty()).then(|| Bytes::copy_from_slice(metadata));
    Ok(Found { body, metadata, generation })
}

/// Starts an insert. The value is gone, whatever the answer.
pub(crate) fn insert(
    store: &Store,
    key: &str,
    value: Value,
    options: &InsertOptions<'_>,
) -> Result<PendingInsert> {
    let mut mask = KvInsertConfigOptions::empty();
    let mut config = KvInsertConfig { mode: mode(options.mode), ..KvInsertConfig::EMPTY };
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
            *store,
            key.as_ptr(),
            key.len(),
            value.release(),
            mask.bits(),
            &raw const config,
            &raw mut pending,
        )
    };
    check_pending(status, pending, KvStoreInsertHandle::INVALID).map(PendingInsert)
}

fn mode(mode: InsertMode) -> KvInsertMode {
    match mode {
        InsertMode::Overwrite => KvInsertMode::OVERWRITE,
        InsertMode::Add => KvInsertMode::ADD,
        InsertMode::Append => KvInsertMode::APPEND,
        InsertMode::Prepend => KvInsertMode::PREPEND,
    }
}

/// Ends an insert.
fn insert_wait(pending: KvStoreInsertHandle) -> Result<()> {
    let mut outcome = KvError::UNINITIALIZED;
    // SAFETY: `outcome` is a local.
    let status = unsafe { fastly_kv_store::insert_wait(pending, &raw mut outcome) };
    check_outcome(status, outcome)
}

/// Starts a delete.
pub(crate) fn delete(store: &Store, key: &str, if_generation: Option<u64>) -> Result<PendingDelete> {
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
        fastly_kv_store::delete(*store, key.as_ptr(), key.len(), mask.bits(), config, &raw mut pending)
    };
    check_pending(status, pending, KvStoreDeleteHandle::INVALID).map(PendingDelete)
}

/// Ends a delete.
fn delete_wait(pending: KvStoreDeleteHandle) -> Result<()> {
    let mut outcome = KvError::UNINITIALIZED;
    // SAFETY: `outcome` is a local.
    let status = unsafe { fastly_kv_store::delete_wait(pending, &raw mut outcome) };
    check_outcome(status, outcome)
}

/// Starts a list.
pub(crate) fn list(store: &Store, options: &ListOptions<'_>) -> Result<PendingList> {
    let mut mask = KvListConfigOptions::empty();
    let mut config = KvListConfig {
        mode: if options.eventual { KvListMode::EVENTUAL } else { KvListMode::STRONG },
        ..KvListConfig::EMPTY
    };
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
    let status = unsafe { fastly_kv_store::list(*store, mask.bits(), &raw const config, &raw mut pending) };
    check_pending(status, pending, KvStoreListHandle::INVALID).map(PendingList)
}

/// Ends a list; the body holds the page.
fn list_wait(pending: KvStoreListHandle) -> Result<HostBody> {
    let mut body = BodyHandle::INVALID;
    let mut outcome = KvError::UNINITIALIZED;
    // SAFETY: `body` and `outcome` are locals.
    let status = unsafe { fastly_kv_store::list_wait(pending, &raw mut body, &raw mut outcome) };
    check_outcome(status, outcome)?;
    HostBody::claim(body)
}
