//! What the calls of guests do, whichever way they come: by the ABI (`hostcalls/`), or by interfaces of components (`component/`).
//!
//! Nothing in here knows guest memory or WIT. Both callers read arguments and store answers in their own way, and leave what is to be
//! decided to these functions. What a caller has to read from a guest may be wrong in itself; such an argument comes as a `Result`,
//! which is looked at when its turn comes, so the first mistake is the one that is told.

mod bodies;
mod entries;
mod insert;
mod log;
mod stores;

pub(crate) use bodies::{Written, header_name};
pub(crate) use entries::{Opened, document};
#[cfg(feature = "component")]
pub(crate) use insert::Value;
