//! The host calls of the legacy ABI, and all the unsafe code that they need.
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

mod async_io;
pub(crate) mod buffer;
mod http;
mod http_body;
mod kv_store;
mod log;
mod runtime;
#[cfg(test)]
pub(crate) mod script;

use edgekv_sys::FastlyStatus as Status;

use self::async_io::waitable;
pub(crate) use self::async_io::{Waitable, is_ready, select};
pub(crate) use self::http::{HostRequest, HostResponse, downstream, init};
pub(crate) use self::http_body::{HostBody, Value, value};
#[cfg(test)]
pub(crate) use self::kv_store::MOST_METADATA_BYTES;
pub(crate) use self::kv_store::{
    PendingDelete, PendingInsert, PendingList, PendingLookup, Store, delete, delete_now, get, insert,
    insert_now, list, list_now, lookup, open,
};
pub(crate) use self::log::{Endpoint, endpoint, log};
pub(crate) use self::runtime::{heap_mib, vcpu_ms};
use super::{Address, Found, InsertOptions, ListOptions, Result, reserve};
use crate::FastlyStatus;
use crate::error::{Call, Fault};

fn check(call: Call, status: Status) -> Result<()> {
    FastlyStatus::from_raw(status).result().map_err(|status| Fault::Status { call, status })
}

fn check_length(claimed: usize, room: usize) -> Result<usize> {
    if claimed <= room { Ok(claimed) } else { Err(Fault::Length { claimed, room }) }
}

/// A call that fills a buffer; [`Fault::Room`] says that it is too small. Returns the length of what is in it.
fn fill(
    call: Call,
    buffer: &mut [u8],
    get: impl FnOnce(*mut u8, usize, *mut usize) -> Status,
) -> Result<usize> {
    let mut length = 0;
    let status = get(buffer.as_mut_ptr(), buffer.len(), &raw mut length);
    if status == Status::BUFLEN {
        return Err(Fault::Room { needed: length });
    }
    check(call, status)?;
    check_length(length, buffer.len())
}

/// One step of a call that gives many items: the length of what is in the buffer, and where to go on.
fn step(
    call: Call,
    buffer: &mut [u8],
    cursor: u32,
    get: impl FnOnce(*mut u8, usize, u32, *mut i64, *mut usize) -> Status,
) -> Result<(usize, Option<u32>)> {
    let mut next = -1;
    let length = fill(call, buffer, |at, room, length| get(at, room, cursor, &raw mut next, length))?;
    match next {
        -1 => Ok((length, None)),
        // A cursor that does not move would be followed for ever.
        next => match u32::try_from(next) {
            Ok(ahead) if ahead > cursor => Ok((length, Some(ahead))),
            _ => Err(Fault::Cursor { cursor, next }),
        },
    }
}
