//! What the host is asked, in one of two ways that look the same from above.
//!
//! | module | asks by | for programs |
//! | --- | --- | --- |
//! | `legacy` | the calls of the legacy ABI (crate `edgekv-sys`) | that are core modules; also on a developer's own machine, where no host is |
//! | `component` | the interfaces of `wit/`, through bindings that `wit-bindgen` makes | that are components |
//!
//! Both have the same functions and types. What they take and give are values that are owned: a store, something pending, a
//! body at the host.

#[cfg(is_component)]
mod component;
#[cfg(not(is_component))]
mod legacy;

use bytes::Bytes;

#[cfg(is_component)]
pub(crate) use self::component::*;
#[cfg(not(is_component))]
pub(crate) use self::legacy::*;
use crate::error::Fault;
use crate::kv_store::InsertMode;

type Result<T> = std::result::Result<T, Fault>;

/// Makes exactly this room, without aborting the program when there is no memory for it.
fn reserve(bytes: &mut Vec<u8>, more: usize) -> Result<()> {
    bytes.try_reserve_exact(more).map_err(|_| Fault::Memory { bytes: more })
}

/// What a lookup found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) body: HostBody,
    /// `None` when there are none.
    pub(crate) metadata: Option<Bytes>,
    pub(crate) generation: u64,
}

/// The options of an insert; `None` is "not set".
#[derive(Debug)]
pub(crate) struct InsertOptions<'a> {
    pub(crate) mode: InsertMode,
    pub(crate) background_fetch: bool,
    /// Empty is "none".
    pub(crate) metadata: &'a [u8],
    pub(crate) time_to_live_sec: Option<u32>,
    pub(crate) if_generation_match: Option<u64>,
}

/// The options of a list; `None` and empty text are "not set".
#[derive(Debug)]
pub(crate) struct ListOptions<'a> {
    pub(crate) eventual: bool,
    pub(crate) cursor: Option<&'a str>,
    pub(crate) limit: Option<u32>,
    pub(crate) prefix: Option<&'a str>,
}

/// An address that the host knows.
#[cfg(has_http)]
#[derive(Clone, Copy, Debug)]
pub(crate) enum Address {
    Client,
    Server,
}
