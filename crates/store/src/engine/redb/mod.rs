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
//! | `edgekv.meta` | a name | a number: version of this format, last generation, last store id, commits |
//! | `edgekv.stores` | name of a store | its id and when it was created |
//! | `edgekv.entries` | store id, key | generation, expiry, metadata, and the value when it is small |
//! | `edgekv.chunks` | blob id, number of the chunk | a part of a large value |
//! | `edgekv.expiries` | expiry, store id, key | nothing |
//!
//! Numbers in keys are big-endian, so that tables are in the order of stores, keys and time. Large values lie
//! apart, so that lists and the searches of writers do not touch them, and in chunks, so that appending to one
//! rewrites its end only. The expiries are an index, so that a sweep costs what has expired.
//!
//! # What a commit costs
//!
//! One `fsync`: redb's one-phase commit, which is crash-safe because of its checksums. After a crash, the next open
//! has to read the whole file; [`RedbBuilder::quick_recovery`] trades that for a second `fsync` per commit.

mod backend;
mod builder;
mod error;
#[cfg(test)]
mod faults;
mod operation;
mod queue;
mod record;
mod snapshot;
mod store;
mod tables;
mod transaction;
mod writer;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use parking_lot::RwLock;

pub use self::builder::RedbBuilder;
pub use self::error::OpenError;
use self::error::closed;
use self::operation::{Call, Failure};
use self::queue::Queue;
use self::snapshot::Snapshot;
use self::store::RedbStore;
use self::transaction::Transaction;
use super::{Engine, EngineStore};
use crate::clock::Timestamp;
use crate::error::KvError;
use crate::name::{StoreInfo, StoreName};
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
/// Dropping the engine finishes what has been called, and closes the file.
#[derive(Debug)]
pub struct RedbEngine {
    core: Arc<Core>,
    stores: Arc<Registry>,
    writer: Option<JoinHandle<()>>,
}

/// All stores of the file, by name. The writer adds to it when a new one is durable.
type Registry = RwLock<BTreeMap<StoreName, Arc<RedbStore>>>;

/// What the engine, its stores and its writer share.
#[derive(Debug)]
struct Core {
    queue: Queue,
    /// What readers read; an error when there is nothing to read, because the file is closed or has failed.
    snapshot: RwLock<Result<Arc<Snapshot>, KvError>>,
    commits: AtomicU64,
    operations: AtomicU64,
}

/// What a [`RedbEngine`] has done since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedbStats {
    /// Durable commits, each of which costs one `fsync` (two with [`RedbBuilder::quick_recovery`]).
    pub commits: u64,
    /// Operations that went through the writer: inserts, deletes, new stores, sweeps, flushes. Refused ones count.
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

    /// Whether this engine still has a file to look at.
    fn check_open(&self) -> Result<(), KvError> {
        self.core.snapshot.read().as_ref().map(|_| ()).map_err(Clone::clone)
    }
}

impl Core {
    fn new(queue_bytes: u64) -> Self {
        Self {
            queue: Queue::new(queue_bytes),
            snapshot: RwLock::new(Err(closed())),
            commits: AtomicU64::new(0),
            operations: AtomicU64::new(0),
        }
    }

    /// What readers read from now on. Their old snapshot goes when the last of them is done with it.
    fn publish(&self, snapshot: Result<Arc<Snapshot>, KvError>) {
        let old = std::mem::replace(&mut *self.snapshot.write(), snapshot);
        // Outside of the lock: the end of a read transaction is work for redb.
        drop(old);
    }

    /// Runs `read` on the newest snapshot.
    fn read<T>(&self, read: impl FnOnce(&Snapshot) -> Result<T, Failure>) -> Result<T, KvError> {
        // Cloned, so that a writer need not wait for slow readers to replace it, and readers not for that writer.
        let snapshot = self.snapshot.read().clone()?;
        snapshot.guarded(read).map_err(|failure| match failure {
            Failure::Refused(error) => error,
            Failure::Storage(error) => {
                // redb answers nothing any more after a failed read, until the file has been opened anew.
                // So the writer is woken, which notices.
                let (call, _) = Call::boxed(0, |_: &mut Transaction<'_>| Ok(()));
                let _ = self.queue.push(call);
                KvError::engine(error)
            }
        })
    }

    /// Queues `run` for the writer, which does it whatever becomes of the reply. `bytes` is what it holds in memory.
    fn submit<T: Send + 'static>(
        &self,
        bytes: u64,
        run: impl FnMut(&mut Transaction<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Reply<T> {
        let (call, answer) = Call::boxed(bytes, run);
        match self.queue.push(call) {
            Ok(()) => Reply::later(async move { answer.await.unwrap_or_else(|_| Err(closed())) }),
            Err(error) => Reply::Ready(Err(error)),
        }
    }
}

impl Engine for RedbEngine {
    fn open(&self, name: &StoreName) -> Reply<Option<Arc<dyn EngineStore>>> {
        let find = || self.stores.read().get(name).cloned().map(|store| store as Arc<dyn EngineStore>);
        Reply::Ready(self.check_open().map(|()| find()))
    }

    fn create(&self, name: &StoreName, now: Timestamp) -> Reply<Arc<dyn EngineStore>> {
        let name = name.clone();
        let core = Arc::clone(&self.core);
        self.core.submit(0, move |transaction| {
            let store = Arc::new(RedbStore::new(transaction.create(&name, now)?, Arc::clone(&core)));
            transaction.created.push(Arc::clone(&store));
            Ok(store as Arc<dyn EngineStore>)
        })
    }

    fn stores(&self) -> Reply<Vec<StoreInfo>> {
        let list = || self.stores.read().values().map(|store| store.info().clone()).collect();
        Reply::Ready(self.check_open().map(|()| list()))
    }

    fn sweep(&self, now: Timestamp, max: NonZeroUsize) -> Reply<usize> {
        self.core.submit(0, move |transaction| transaction.sweep(now, max.get()))
    }

    fn flush(&self) -> Reply<()> {
        // The queue is first come, first served, and this is answered after the commit that it is part of.
        self.core.submit(0, |_| Ok(()))
    }
}

impl Drop for RedbEngine {
    fn drop(&mut self) {
        self.core.queue.close();
        if let Some(writer) = self.writer.take() {
            // The writer catches what panics beneath it; should it still have died, it has said so itself.
            let _ = writer.join();
        }
    }
}
