//! The redb engine: everything in one file, durable before it is acknowledged.
//!
//! # Who does what
//!
//! - **One thread writes** (`writer`). Operations reach it through a queue. It takes what has gathered there, does it
//!   in one transaction, commits once, and answers everybody: many writers share one `fsync`.
//! - **Readers read a snapshot** (`snapshot`) that the writer replaces after every commit, before it answers. They
//!   take no part in transactions, wait for no writer, and answer at once.
//! - **Records are claims** (`record`). Every one is checked by a checksum over its key and itself, so a damaged file
//!   gives an error and never somebody else's data.
//!
//! # What is in the file
//!
//! | table | key | value |
//! | --- | --- | --- |
//! | `edgekv.meta` | a name | a number: version of this format, id of the file, last generation, last store id, commits |
//! | `edgekv.stores` | name of a store | its id, when it was created and when it got this name |
//! | `edgekv.entries` | store id, key | generation, expiry, metadata, and the value when it is small |
//! | `edgekv.chunks` | blob id, number of the chunk | a part of a large value |
//! | `edgekv.expiries` | expiry, store id, key | nothing |
//!
//! Numbers in keys are big-endian, so that tables are in the order of stores, keys and time. Large values lie
//! apart, so that lists and the searches of writers do not touch them, and in chunks, so that appending to one
//! rewrites its end only. The expiries are an index, so that a sweep costs what has expired.
//!
//! A store is deleted when everything in it has expired. When that is much, it goes first, in steps between which other
//! writers have their turn, and whether the store is empty is decided in the last of them; what is called after the
//! deletion may come before that. Some entries may stay for a while when they are large. They are in nobody's
//! way, as an id is never given again, and go as what has expired goes.
//!
//! # What a commit costs
//!
//! One `fsync`: redb's one-phase commit, which is crash-safe because of its checksums. After a crash, the next open
//! has to read the whole file; [`RedbBuilder::quick_recovery`] trades that for a second `fsync` per commit. A file that
//! was closed, by [`Engine::close`] or by dropping the engine, needs no such open.
//!
//! # When the disk fails
//!
//! redb answers nothing after an I/O error, until the file is opened anew. The writer does that by itself (`writer`),
//! for operations and for readers alike, and only if what it finds is the same file in no older state. As such an
//! open may have to read the whole file, commits after the first failure are made as with
//! `quick_recovery`. Whether the commit that failed has happened, a count of commits in the file says. Of a batch only
//! the operation that is to blame fails: the writer halves the batch until it has found it. When there
//! was no room for it on the disk, others that are no smaller fail at once for a moment, instead of doing the same again.
//!
//! After a failed `fsync` nobody can know what is on the disk, so nothing more is answered until the engine is
//! opened again.

mod backend;
mod builder;
mod core;
mod deletion;
mod error;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod faulty_stores;
mod file;
mod handle;
mod operation;
mod queue;
mod record;
#[cfg(test)]
mod recovery;
mod snapshot;
mod store;
mod tables;
mod transaction;
mod writer;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

pub use self::builder::RedbBuilder;
use self::core::{Core, Stores};
pub use self::error::OpenError;
use self::store::RedbStore;
use self::transaction::Change;
use super::{Engine, EngineStats, EngineStore};
use crate::clock::Timestamp;
use crate::completion::Completion;
use crate::name::{StoreId, StoreInfo, StoreName};
use crate::reply::Reply;

/// Keeps stores in one redb file. See the [module](self) for how.
///
/// ```
/// use edgekv_store::{Insert, Key, RedbEngine, StoreName, Stores};
///
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("data.redb");
/// let key = Key::new("greeting")?;
/// {
///     let stores = Stores::new(RedbEngine::open(&path)?);
///     let store = stores.create(&StoreName::new("mystore")?).wait()?;
///     store.insert(key, Insert::new("hello")).wait()?;
/// }
/// let stores = Stores::new(RedbEngine::open(&path)?);
/// let store = stores.open(&StoreName::new("mystore")?).wait()?.expect("it was created");
/// assert_eq!(store.lookup(key).wait()?.expect("it was written").value(), "hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Dropping the engine finishes what has been called, and closes the file; [`close`](Engine::close) does the same, and
/// says whether it went well.
#[derive(Debug)]
pub struct RedbEngine {
    core: Arc<Core>,
    stores: Arc<Stores>,
    /// Where the file was when it was opened.
    path: PathBuf,
    writer: Option<JoinHandle<()>>,
}

/// What a [`RedbEngine`] has done since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedbStats {
    /// Durable commits, each of which costs one `fsync` (two with [`RedbBuilder::quick_recovery`], or after the disk has
    /// failed once).
    pub commits: u64,
    /// Operations that went through the writer: inserts, deletes, what is done to stores, flushes, and sweeps, those
    /// included by which what is left of a deleted store goes. Refused ones count.
    pub operations: u64,
}

impl RedbEngine {
    /// Opens the file at `path`; makes it, and the directories above it, when they are missing.
    ///
    /// # Errors
    ///
    /// See [`OpenError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::builder().open(path)
    }

    /// Begins to choose how the file is opened.
    pub fn builder() -> RedbBuilder {
        RedbBuilder::new()
    }

    /// What has been done since the engine was opened.
    #[must_use]
    pub fn stats(&self) -> RedbStats {
        RedbStats {
            commits: self.core.commits.load(Ordering::Relaxed),
            operations: self.core.operations.load(Ordering::Relaxed),
        }
    }
}

impl Engine for RedbEngine {
    fn open(&self, name: &StoreName) -> Reply<Option<Arc<dyn EngineStore>>> {
        let find = || self.stores.read().named(name).cloned().map(|store| store as Arc<dyn EngineStore>);
        Reply::Ready(self.core.snapshot().map(|_| find()))
    }

    fn open_id(&self, id: StoreId) -> Reply<Option<Arc<dyn EngineStore>>> {
        let find = || self.stores.read().get(id).cloned().map(|store| store as Arc<dyn EngineStore>);
        Reply::Ready(self.core.snapshot().map(|_| find()))
    }

    fn create(&self, name: &StoreName, now: Timestamp) -> Reply<Arc<dyn EngineStore>> {
        let name = name.clone();
        let core = Arc::clone(&self.core);
        self.core.submit(0, move |transaction| {
            let store = Arc::new(RedbStore::new(transaction.create(&name, now)?, Arc::clone(&core)));
            transaction.changes.push(Change::Created(Arc::clone(&store)));
            Ok(store as Arc<dyn EngineStore>)
        })
    }

    fn rename(&self, id: StoreId, name: &StoreName, now: Timestamp) -> Reply<Option<StoreInfo>> {
        let name = name.clone();
        self.core.submit(0, move |transaction| transaction.rename_store(id, &name, now))
    }

    fn delete(&self, id: StoreId, now: Timestamp, completion: Completion) -> Reply<bool> {
        self.core.delete_store(id, now, completion)
    }

    fn stores(&self) -> Reply<Vec<StoreInfo>> {
        let list = || self.stores.read().infos();
        Reply::Ready(self.core.snapshot().map(|_| list()))
    }

    fn sweep(&self, now: Timestamp, max: NonZeroUsize) -> Reply<usize> {
        self.core.submit(0, move |transaction| transaction.sweep(now, max.get()))
    }

    fn flush(&self) -> Reply<()> {
        // The queue is first come, first served, and this is answered after the commit that it is part of.
        self.core.submit(0, |_| Ok(()))
    }

    fn close(&self) -> Reply<()> {
        self.core.close()
    }

    fn engine_stats(&self) -> EngineStats {
        let RedbStats { commits, operations } = self.stats();
        EngineStats {
            commits: Some(commits),
            operations: Some(operations),
            queued_bytes: Some(self.core.queue.bytes()),
            file_bytes: std::fs::metadata(&self.path).ok().map(|file| file.len()),
        }
    }
}

impl Drop for RedbEngine {
    fn drop(&mut self) {
        self.core.queue.close();
        // The last handle may be dropped by whoever is woken by an answer, on the thread of the writer, which cannot
        // wait for itself. It closes the file either way.
        if let Some(writer) = self.writer.take()
            && writer.thread().id() != std::thread::current().id()
        {
            // The writer catches what panics beneath it; should it still have died, it has said so itself.
            let _ = writer.join();
        }
    }
}
