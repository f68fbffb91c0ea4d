//! The host calls: the only unsafe code of the crate.
//!
//! Each wrapper is one call. It gives the host pointers that come from references, so they are valid for the length
//! that goes with them. What can be checked about an answer is checked before it is used: a length is compared with the
//! room that there was, and a handle with the number that names nothing.
//!
//! What cannot be checked is assumed, as of any foreign function: that the host touches no other memory than it was
//! given, and that it has stored the bytes that it says it has. A `SAFETY` comment that says "the host has stored" relies
//! on the latter; a host that lies there makes the guest read bytes that nobody has written.
//!
//! In unit tests the calls go to a script instead of a host.
#![allow(unsafe_code, reason = "host calls take raw pointers; this module is where they are made")]

#[cfg(test)]
pub(crate) mod script;

use std::mem::MaybeUninit;

use edgekv_sys::{
    BodyHandle, BodyWriteEnd, FastlyStatus as Status, KvDeleteConfig, KvDeleteConfigOptions,
    KvDeleteConfigV2, KvError, KvInsertConfig, KvInsertConfigOptions, KvInsertMode, KvListConfig,
    KvListConfigOptions, KvListMode, KvLookupConfig, KvStoreDeleteHandle, KvStoreHandle, KvStoreInsertHandle,
    KvStoreListHandle, KvStoreLookupHandle,
};
#[cfg(not(test))]
use edgekv_sys::{fastly_http_body, fastly_kv_store};
#[cfg(test)]
use script::{fastly_http_body, fastly_kv_store};

use crate::FastlyStatus;
use crate::error::{Call, Fault};

type Result<T> = std::result::Result<T, Fault>;

/// A body at the host. Closed when dropped.
#[derive(Debug)]
pub(crate) struct HostBody(BodyHandle);

impl HostBody {
    /// Takes over a handle that the host has stored.
    fn claim(handle: BodyHandle) -> Result<Self> {
        if handle == BodyHandle::INVALID {
            Err(Fault::Empty { missing: "no body" })
        } else {
            Ok(Self(handle))
        }
    }

    /// Gives the handle to a call that consumes it.
    fn release(self) -> BodyHandle {
        let handle = self.0;
        std::mem::forget(self);
        handle
    }
}

impl Drop for HostBody {
    fn drop(&mut self) {
        // SAFETY: the call takes no pointer.
        // A host that does not know the handle any more has nothing left to free, so the status does not matter.
        let _ = unsafe { fastly_http_body::close(self.0) };
    }
}

fn check(call: Call, status: Status) -> Result<()> {
    FastlyStatus::from_raw(status).result().map_err(|status| Fault::Status { call, status })
}

fn check_outcome(status: Status, outcome: KvError) -> Result<()> {
    check(Call::Wait, status)?;
    if outcome == KvError::OK { Ok(()) } else { Err(Fault::Outcome(outcome)) }
}

fn check_length(claimed: usize, room: usize) -> Result<usize> {
    if claimed <= room { Ok(claimed) } else { Err(Fault::Length { claimed, room }) }
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
    // SAFETY: the host says that it has stored `length` bytes (assumed, see the top of this file), and there is room for them.
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

/// The calls on a body.
impl HostBody {
    /// Makes an empty body.
    pub(crate) fn new() -> Result<Self> {
        let mut body = BodyHandle::INVALID;
        // SAFETY: `body` is a local.
        check(Call::Body, unsafe { fastly_http_body::new(&raw mut body) })?;
        Self::claim(body)
    }

    /// Moves the bytes and trailers of another body behind those of this one.
    pub(crate) fn append(&mut self, other: Self) -> Result<()> {
        // SAFETY: the call takes no pointer.
        check(Call::Body, unsafe { fastly_http_body::append(self.0, other.release()) })
    }

    /// Fills the buffer with as much as there is; 0 is the end.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let mut read = 0;
        // SAFETY: `buffer` is a slice, and `read` a local.
        check(Call::Body, unsafe {
            fastly_http_body::read(self.0, buffer.as_mut_ptr(), buffer.len(), &raw mut read)
        })?;
        check_length(read, buffer.len())
    }

    /// Reads behind what `bytes` holds, at most `most` bytes and no more than it has capacity for; 0 is the end.
    pub(crate) fn read_behind(&mut self, bytes: &mut Vec<u8>, most: usize) -> Result<usize> {
        let spare = bytes.spare_capacity_mut();
        let room = most.min(spare.len());
        let mut read = 0;
        // SAFETY: `spare` has `room` bytes that may be written to, and `read` is a local.
        check(Call::Body, unsafe {
            fastly_http_body::read(self.0, spare.as_mut_ptr().cast(), room, &raw mut read)
        })?;
        let read = check_length(read, room)?;
        // SAFETY: the capacity has room for `read` bytes more, and the host says that it has stored them (assumed, see
        // the top of this file).
        unsafe { bytes.set_len(bytes.len() + read) };
        Ok(read)
    }

    /// Writes all bytes at one end.
    pub(crate) fn write(&mut self, mut bytes: &[u8], end: BodyWriteEnd) -> Result<()> {
        while !bytes.is_empty() {
            let mut written = 0;
            // SAFETY: `bytes` is a slice, and `written` a local.
            check(Call::Body, unsafe {
                fastly_http_body::write(self.0, bytes.as_ptr(), bytes.len(), end.0, &raw mut written)
            })?;
            let written = check_length(written, bytes.len())?;
            // The rest of a write to the front would have to go behind what was written: there is no such call.
            if written == 0 || (written < bytes.len() && end == BodyWriteEnd::FRONT) {
                return Err(Fault::Empty { missing: "no progress" });
            }
            bytes = &bytes[written..];
        }
        Ok(())
    }

    /// How many bytes are left; `None` when the host does not know.
    pub(crate) fn known_length(&mut self) -> Result<Option<u64>> {
        let mut length = 0;
        // SAFETY: `length` is a local.
        match unsafe { fastly_http_body::known_length(self.0, &raw mut length) } {
            Status::NONE => Ok(None),
            status => check(Call::Body, status).map(|()| Some(length)),
        }
    }

    /// Adds a trailer.
    pub(crate) fn trailer_append(&mut self, name: &str, value: &[u8]) -> Result<()> {
        // SAFETY: `name` and `value` are slices.
        check(Call::Body, unsafe {
            fastly_http_body::trailer_append(self.0, name.as_ptr(), name.len(), value.as_ptr(), value.len())
        })
    }

    /// One step through the names of the trailers, or through the values of the trailer `name`: the length of what is
    /// in the buffer, and where to go on.
    pub(crate) fn trailers(
        &mut self,
        name: Option<&str>,
        buffer: &mut [u8],
        cursor: u32,
    ) -> Result<(usize, Option<u32>)> {
        let mut next = -1;
        let mut length = 0;
        let (at, room) = (buffer.as_mut_ptr(), buffer.len());
        let status = match name {
            // SAFETY: `at` and `room` are a slice, `next` and `length` locals.
            None => unsafe {
                fastly_http_body::trailer_names_get(self.0, at, room, cursor, &raw mut next, &raw mut length)
            },
            // SAFETY: `name` is a `str`, `at` and `room` are a slice, `next` and `length` locals.
            Some(name) => unsafe {
                fastly_http_body::trailer_values_get(
                    self.0,
                    name.as_ptr(),
                    name.len(),
                    at,
                    room,
                    cursor,
                    &raw mut next,
                    &raw mut length,
                )
            },
        };
        if status == Status::BUFLEN {
            return Err(Fault::Room { needed: length });
        }
        check(Call::Body, status)?;
        let next = match next {
            -1 => None,
            // A cursor that does not move would be followed for ever.
            next => match u32::try_from(next) {
                Ok(ahead) if ahead > cursor => Some(ahead),
                _ => return Err(Fault::Cursor { cursor, next }),
            },
        };
        Ok((check_length(length, room)?, next))
    }
}
