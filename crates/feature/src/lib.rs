//! The KV store as a component: it makes a store of an origin.
//!
//! An *origin* (`edgekv:platform/origin`) keeps entries, and makes "write if it is still as I saw it" one step. Everything else
//! that a KV store is, is here: modes of writes, metadata, times to live, pages and cursors, and a cache for as long as an instance
//! lives. None of it is decided anew: it is `edgekv-store`, compiled to WebAssembly, with the origin as its engine.
//!
//! Linked with a program (`edgekv compose`), it runs in an instance with a memory of its own: neither can see the other's.
//!
//! # Where to find what
//!
//! | question | place |
//! | --- | --- |
//! | what is an origin, in the terms of this crate? | [`Origin`], [`OriginStore`] |
//! | how does a write become "put if it is still so"? | [`OriginEngine`] |
//! | how is something waited for, without threads? | [`Reactor`] |
//! | how is an origin called? | `imports` |
//! | what do programs call, and which errors do they see? | `exports` |
//! | how much may a program have it keep? | `held` |
//!
//! # One instance, one request
//!
//! A host makes an instance for each request, so nothing is prepared: stores, limits and cache are made by the first call that
//! needs them, and the tables of the cache grow with what is in them. What was read is kept for a second, in
//! case that it is asked for again; others write to the same origin, so it may be that old, as with any cache at the edge.
//! What this instance has written it always sees, and a write whose condition failed makes it forget what it has kept of the
//! key: so "read, compute, write if unchanged" comes to an end.

mod bindings;
mod engine;
mod exports;
#[cfg(feature = "faults")]
pub mod faults;
mod held;
mod imports;
mod instance;
mod origin;
mod reactor;
mod write;

pub use engine::OriginEngine;
pub use origin::{Answer, Coming, Condition, NewEntry, Origin, OriginError, OriginStore};
pub use reactor::Reactor;
