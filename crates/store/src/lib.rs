//! What a KV store *is*: keys, entries, generations, expiry, insert modes, list pages, limits, and the
//! engines that keep the data.
//!
//! This crate knows neither WebAssembly, nor the ABI that guests call, nor HTTP. Every type that travels between
//! crates is checked once, in its constructor, and cannot be wrong after that.
//!
//! ```
//! use edgekv_store::{Insert, Key, MemoryEngine, StoreName, Stores};
//!
//! let stores = Stores::new(MemoryEngine::new());
//! let store = stores.create(&StoreName::new("mystore")?).wait()?;
//!
//! let key = Key::new("message1")?;
//! store.insert(key, Insert::new("this is message 1")).wait()?;
//! let entry = store.lookup(key).wait()?.expect("it was just written");
//! assert_eq!(entry.value(), "this is message 1");
//!
//! assert!(store.delete(key, None).wait()?);
//! assert!(store.lookup(key).wait()?.is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to find what
//!
//! | question | place |
//! | --- | --- |
//! | what is a valid key, store name, metadata? | [`Key`], [`StoreName`], [`Metadata`] |
//! | what may a write do, and when is it refused? | [`decide`], the one function that every engine asks |
//! | what must an engine promise? | [`Engine`], [`EngineStore`] |
//! | what does the edge cache promise, and why is that so? | [`cache`] |
//! | who checks expiry and limits? | [`KvStore`] for reads and requests, [`decide`] for writes |
//! | which numbers are limits? | [`limits`] |
//! | how are entries written as text, for other stores? | [`batch`] |
//!
//! # Without a system
//!
//! The crate builds for `wasm32-unknown-unknown`, where there are neither threads nor a clock, and has there what needs none of
//! them: not [`SystemClock`], [`Stores::new`], [`Reply::wait`], [`Stores::open_or_create`], and [`StoresBuilder::observer`]. Replies are
//! awaited, a clock is given to [`StoresBuilder::clock`]; a sweeper and a rate limit are refused by [`StoresBuilder::build`].
//! What [`background_fetch`](Insert::background_fetch) leaves to be fetched by nobody in particular is forgotten, so that the
//! next lookup reads it.

pub mod batch;
pub mod cache;
mod clock;
mod completion;
#[cfg(feature = "conformance")]
pub mod conformance;
mod cursor;
mod delete;
pub mod engine;
mod entry;
mod error;
mod generation;
mod insert;
mod key;
pub mod limits;
mod list;
mod metadata;
mod name;
mod observer;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod rate;
mod reply;
mod stores;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod sweep;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod without_system;

pub use cache::{CacheLimits, CacheStats, CachedEngine};
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub use clock::SystemClock;
pub use clock::{Clock, ManualClock, Timestamp};
pub use completion::{Completion, Ended, OnEnd};
pub use cursor::{Cursor, CursorError};
pub use delete::decide_delete;
#[cfg(feature = "memory")]
pub use engine::memory::MemoryEngine;
#[cfg(feature = "redb")]
pub use engine::redb::{OpenError, RedbBuilder, RedbEngine, RedbStats};
pub use engine::{Engine, EngineStats, EngineStore};
pub use entry::{Entry, Existing, Found, Source};
pub use error::KvError;
pub use generation::{Generation, GenerationMatch, GenerationSource};
pub use insert::{Decision, Insert, InsertMode, NewValue, decide};
pub use key::{Key, KeyBuf, KeyError};
pub use limits::Limits;
pub use list::{KeyList, KeyPage, ListMode, ListPage, ListRequest, Scan};
pub use metadata::{Metadata, MetadataError};
pub use name::{StoreId, StoreIdError, StoreInfo, StoreName, StoreNameError};
pub use observer::{Observer, Operation, OperationKind, OperationOutcome};
pub use reply::{Later, Reply};
pub use stores::{KvStore, Stores, StoresBuilder, WeakStores};
