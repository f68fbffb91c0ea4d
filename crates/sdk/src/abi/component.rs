//! The interfaces of `wit/`, for programs that are components.
//!
//! What a program holds at the host is a resource here, which the host takes back when it is dropped: nothing can be used
//! after its end, and nothing is kept for a program that forgets it. The bindings need unsafe code, and nothing else does but
//! the call of a program's `main` (`start`).

mod bindings;
mod body;
mod failure;
#[cfg(has_http)]
mod http;
mod kv_store;
mod log;
mod runtime;
#[cfg(has_http)]
mod start;
mod wait;

pub(crate) use self::body::{HostBody, Value, value};
#[cfg(has_http)]
pub(crate) use self::http::{HostRequest, HostResponse, downstream, init};
pub(crate) use self::kv_store::{
    PendingDelete, PendingInsert, PendingList, PendingLookup, Store, delete, delete_now, get, insert,
    insert_now, list, list_now, lookup, open,
};
pub(crate) use self::log::{Endpoint, endpoint, log};
pub(crate) use self::runtime::{heap_mib, vcpu_ms};
pub(crate) use self::wait::{Waitable, is_ready, select};
use super::{Found, InsertOptions, ListOptions, Result, reserve};
