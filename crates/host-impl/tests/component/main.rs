//! The interfaces of components, called as a component calls them: every function, error and limit of `wit/`.

#![allow(unreachable_pub, reason = "there is nobody outside of a test")]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking, helpers of tests too")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "the arguments of a call are a list, of whatever length")]

/// The component that has the KV store, where that is not the host.
const LAYER: Option<fn() -> std::path::PathBuf> = None;

mod bodies;
mod builders;
mod fixture;
mod guest;
mod limits;
mod log;
mod lookups;
mod origin;
mod pending;
#[path = "../scripted/mod.rs"]
mod scripted;
mod stores;
mod values;
