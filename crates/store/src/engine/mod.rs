//! What an engine is: it keeps the data, and makes "read, decide, keep" one step.
//!
//! The contract is split as its callers are: [`Engine`] finds stores, [`EngineStore`] is one of them.
//!
//! | operation | key missing | entry expired | condition or mode does not hold |
//! | --- | --- | --- | --- |
//! | `lookup` | `None` | the entry, or `None`: the caller checks | |
//! | `insert` | as [`decide`](crate::decide) says | the same as missing | `PreconditionFailed` |
//! | `delete` | `false` | `false`, and it may be removed | `PreconditionFailed` |
//! | `scan` | | left out, and does not count | |
//!
//! These hold for every engine, and the conformance suite (feature `conformance`) checks them:
//!
//! - **Atomic.** Between what a write has read and what it keeps, no other write of the same key happens.
//! - **Never cancelled.** An operation happens once it has been called, whatever becomes of its reply; unless it is
//!   refused at once.
//! - **In order.** What one caller asks of one store happens in the order of its calls, awaited or not.
//! - **The end is told.** A write ends its [`Completion`] when it is decided and every read that starts
//!   later sees it, or when it was refused, and before it answers: once, whatever becomes of the reply. For who keeps something
//!   of the data, as a cache does; nobody else gives one, and [`Completion::NONE`](crate::Completion::NONE) costs nothing.
//! - **Read your writes.** What has been acknowledged is seen by every operation that starts later.
//! - **Readers do not wait for writers.**
//! - **Generations** come from one [`GenerationSource`](crate::GenerationSource) for the engine, whose last number is
//!   kept with the data.
//!
//! These hold as well, and it takes more than the suite to show them:
//!
//! - **Durable before acknowledged**, in an engine that is durable at all. A write that was answered is there
//!   after a crash; one that was not is there whole or not at all. The suite only closes engines and opens them again;
//!   crashes and failing disks are for tests of the engine.
//! - **A scan costs what its page holds**, and a look at each expired entry on its way that has not been swept; not
//!   what the store holds. It sees every key once that is there all the time; of keys that come and go
//!   meanwhile, an engine need not show one moment. Its cost is a matter of benches.
//! - **Time is an argument.** Engines have no clock by which entries live.

#[cfg(feature = "memory")]
pub mod memory;
#[cfg(feature = "redb")]
pub mod redb;
#[cfg(any(feature = "memory", feature = "redb"))]
mod registry;

use std::fmt::Debug;
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::completion::Completion;
use crate::entry::{Entry, Found, Source};
use crate::generation::{Generation, GenerationMatch};
use crate::insert::Insert;
use crate::key::Key;
use crate::limits::Limits;
use crate::list::{KeyPage, Scan};
use crate::name::{StoreId, StoreInfo, StoreName};
use crate::reply::Reply;

/// Keeps stores. See the [module](self) for what it promises.
pub trait Engine: Debug + Send + Sync + 'static {
    /// The store of this name, or `None`.
    fn open(&self, name: &StoreName) -> Reply<Option<Arc<dyn EngineStore>>>;

    /// The store of this identity, or `None`.
    fn open_id(&self, id: StoreId) -> Reply<Option<Arc<dyn EngineStore>>>;

    /// Makes a store.
    ///
    /// Fails with [`KvError::StoreExists`](crate::KvError::StoreExists) when there is one of this name.
    fn create(&self, name: &StoreName, now: Timestamp) -> Reply<Arc<dyn EngineStore>>;

    /// Gives a store another name, and gives what is known of it then; `None` when there is no such store. Its identity
    /// stays, and so do its entries and the handles that others have of it. A name that it has already changes nothing.
    ///
    /// Fails with [`KvError::StoreExists`](crate::KvError::StoreExists) when another store has the name.
    fn rename(&self, id: StoreId, name: &StoreName, now: Timestamp) -> Reply<Option<StoreInfo>>;

    /// Removes a store that has no entries but such as have expired by `now`, and says whether there was one. Handles that
    /// others have of it answer [`KvError::NoStore`](crate::KvError::NoStore) from then on, to reads and writes.
    ///
    /// Fails with [`KvError::StoreNotEmpty`](crate::KvError::StoreNotEmpty). A write that is acknowledged is never
    /// lost to it: either it comes first, or it is refused.
    fn delete(&self, id: StoreId, now: Timestamp, completion: Completion) -> Reply<bool>;

    /// All stores, by name.
    fn stores(&self) -> Reply<Vec<StoreInfo>>;

    /// Removes entries that have expired by `now`, and says how many those were: up to `max`, or fewer when they are
    /// large, but none only when none is left.
    fn sweep(&self, now: Timestamp, max: NonZeroUsize) -> Reply<usize>;

    /// Answers when everything that was called before is done, and durable where the engine is.
    fn flush(&self) -> Reply<()>;

    /// Ends the work with the engine: finishes what was called before, makes it durable, and closes what is open.
    /// Closing again answers when the first time has ended.
    ///
    /// Operations that are called later answer [`KvError::Closed`](crate::KvError::Closed) where there is
    /// something that was closed. The default is for engines that have nothing to close: it only
    /// [flushes](Self::flush).
    fn close(&self) -> Reply<()> {
        self.flush()
    }

    /// What it has done, and what it has to do. The default is to tell nothing. May cost as much as a question to the system.
    fn engine_stats(&self) -> EngineStats {
        EngineStats::default()
    }
}

/// What an engine tells of itself: `None` where it has nothing to tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EngineStats {
    /// Durable commits since it was opened.
    pub commits: Option<u64>,
    /// Operations that were part of commits, or could have been: refused ones count.
    pub operations: Option<u64>,
    /// Bytes of operations that wait for their commit.
    pub queued_bytes: Option<u64>,
    /// Length of its file, in bytes.
    pub file_bytes: Option<u64>,
}

/// One store of an engine. See the [module](self) for what it promises.
pub trait EngineStore: Debug + Send + Sync + 'static {
    /// Its identity and name. A handle keeps the name by which it was opened, also when the store is renamed.
    fn info(&self) -> &StoreInfo;

    /// The entry under `key`, expired or not.
    fn lookup(&self, key: Key<'_>) -> Reply<Option<Entry>>;

    /// The same as [`lookup`](Self::lookup), and says where the answer comes from: a cache in front of an engine knows
    /// something else to say than what the default does.
    fn find(&self, key: Key<'_>) -> Reply<Found> {
        self.read(key).map(|entry| Found { entry, source: Source::Engine })
    }

    /// The same as [`lookup`](Self::lookup), past any cache in front of the engine, and without a trace in it. For those
    /// who read everything once, as an export does.
    fn read(&self, key: Key<'_>) -> Reply<Option<Entry>> {
        self.lookup(key)
    }

    /// Does what [`decide`](crate::decide) makes of `insert`, and gives the new generation.
    fn insert(
        &self,
        key: Key<'_>,
        insert: Insert,
        now: Timestamp,
        limits: &Limits,
        completion: Completion,
    ) -> Reply<Generation>;

    /// Does what [`decide_delete`](crate::decide_delete) says, and gives its answer: whether an entry was removed.
    fn delete(
        &self,
        key: Key<'_>,
        condition: Option<GenerationMatch>,
        now: Timestamp,
        completion: Completion,
    ) -> Reply<bool>;

    /// The keys of a range, in order.
    fn scan(&self, scan: Scan<'_>) -> Reply<KeyPage>;
}

/// So that an engine can be chosen while the program runs.
impl<E: Engine + ?Sized> Engine for Arc<E> {
    fn open(&self, name: &StoreName) -> Reply<Option<Arc<dyn EngineStore>>> {
        (**self).open(name)
    }

    fn create(&self, name: &StoreName, now: Timestamp) -> Reply<Arc<dyn EngineStore>> {
        (**self).create(name, now)
    }

    fn open_id(&self, id: StoreId) -> Reply<Option<Arc<dyn EngineStore>>> {
        (**self).open_id(id)
    }

    fn rename(&self, id: StoreId, name: &StoreName, now: Timestamp) -> Reply<Option<StoreInfo>> {
        (**self).rename(id, name, now)
    }

    fn delete(&self, id: StoreId, now: Timestamp, completion: Completion) -> Reply<bool> {
        (**self).delete(id, now, completion)
    }

    fn stores(&self) -> Reply<Vec<StoreInfo>> {
        (**self).stores()
    }

    fn sweep(&self, now: Timestamp, max: NonZeroUsize) -> Reply<usize> {
        (**self).sweep(now, max)
    }

    fn flush(&self) -> Reply<()> {
        (**self).flush()
    }

    fn close(&self) -> Reply<()> {
        (**self).close()
    }

    fn engine_stats(&self) -> EngineStats {
        (**self).engine_stats()
    }
}
