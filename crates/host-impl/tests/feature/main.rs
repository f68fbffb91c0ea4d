//! The interfaces of components, where the feature has the KV store and the host is its origin: the tests of the host, and of what is
//! the feature's own business.

#![allow(unreachable_pub, reason = "there is nobody outside of a test")]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking, helpers of tests too")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "the arguments of a call are a list, of whatever length")]
#![allow(dead_code, reason = "the tests of the host need more of the fixture")]

/// The component that has the KV store.
const LAYER: Option<fn() -> std::path::PathBuf> = Some(|| edgekv_tests::layer("edgekv-feature"));

#[path = "../component/builders.rs"]
mod builders;
#[path = "../component/fixture.rs"]
mod fixture;
#[path = "../component/guest.rs"]
mod guest;
mod limits;
#[path = "../component/lookups.rs"]
mod lookups;
#[path = "../component/pending.rs"]
mod pending;
#[path = "../scripted/mod.rs"]
mod scripted;
#[path = "../component/stores.rs"]
mod stores;
#[path = "../component/values.rs"]
mod values;
