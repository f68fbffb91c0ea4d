//! An engine that does what tests want: in memory, but broken.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use edgekv_store::{
    Completion, Engine, EngineStore, Entry, Generation, GenerationMatch, Insert, Key, KeyPage, KvError,
    Limits, MemoryEngine, Reply, Scan, StoreId, StoreInfo, StoreName, Timestamp,
};

/// What is wrong with an engine.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// The number of the read that fails, from 1; 0 is none.
    pub(crate) failing_read: AtomicU64,
    /// The same of writes.
    pub(crate) failing_write: AtomicU64,
    /// Whether a flush is never answered.
    pub(crate) hangs: AtomicBool,
    reads: AtomicU64,
    writes: AtomicU64,
    pub(crate) flushes: AtomicU64,
}

fn is_next(count: &AtomicU64, failing: &AtomicU64) -> bool {
    count.fetch_add(1, Ordering::Relaxed) + 1 == failing.load(Ordering::Relaxed)
}

fn broken<T>() -> Reply<T> {
    Reply::Ready(Err(KvError::engine("the disk is <gone>")))
}

/// The engine.
#[derive(Debug, Default)]
pub(crate) struct FaultyEngine {
    inner: MemoryEngine,
    pub(crate) faults: Arc<Faults>,
}

impl FaultyEngine {
    fn behind(&self) -> impl Fn(Arc<dyn EngineStore>) -> Arc<dyn EngineStore> + Send + 'static {
        let faults = Arc::clone(&self.faults);
        move |inner| Arc::new(FaultyStore { inner, faults: Arc::clone(&faults) })
    }
}

impl Engine for FaultyEngine {
    fn open(&self, name: &StoreName) -> Reply<Option<Arc<dyn EngineStore>>> {
        let behind = self.behind();
        self.inner.open(name).map(move |store| store.map(behind))
    }

    fn open_id(&self, id: StoreId) -> Reply<Option<Arc<dyn EngineStore>>> {
        let behind = self.behind();
        self.inner.open_id(id).map(move |store| store.map(behind))
    }

    fn create(&self, name: &StoreName, now: Timestamp) -> Reply<Arc<dyn EngineStore>> {
        self.inner.create(name, now).map(self.behind())
    }

    fn rename(&self, id: StoreId, name: &StoreName, now: Timestamp) -> Reply<Option<StoreInfo>> {
        self.inner.rename(id, name, now)
    }

    fn delete(&self, id: StoreId, now: Timestamp, completion: Completion) -> Reply<bool> {
        self.inner.delete(id, now, completion)
    }

    fn stores(&self) -> Reply<Vec<StoreInfo>> {
        self.inner.stores()
    }

    fn sweep(&self, now: Timestamp, max: NonZeroUsize) -> Reply<usize> {
        self.inner.sweep(now, max)
    }

    fn flush(&self) -> Reply<()> {
        self.faults.flushes.fetch_add(1, Ordering::Relaxed);
        if self.faults.hangs.load(Ordering::Relaxed) {
            return Reply::later(std::future::pending());
        }
        self.inner.flush()
    }
}

#[derive(Debug)]
struct FaultyStore {
    inner: Arc<dyn EngineStore>,
    faults: Arc<Faults>,
}

impl EngineStore for FaultyStore {
    fn info(&self) -> &StoreInfo {
        self.inner.info()
    }

    fn lookup(&self, key: Key<'_>) -> Reply<Option<Entry>> {
        if is_next(&self.faults.reads, &self.faults.failing_read) { broken() } else { self.inner.lookup(key) }
    }

    fn insert(
        &self,
        key: Key<'_>,
        insert: Insert,
        now: Timestamp,
        limits: &Limits,
        completion: Completion,
    ) -> Reply<Generation> {
        if is_next(&self.faults.writes, &self.faults.failing_write) {
            return broken();
        }
        self.inner.insert(key, insert, now, limits, completion)
    }

    fn delete(
        &self,
        key: Key<'_>,
        condition: Option<GenerationMatch>,
        now: Timestamp,
        completion: Completion,
    ) -> Reply<bool> {
        self.inner.delete(key, condition, now, completion)
    }

    fn scan(&self, scan: Scan<'_>) -> Reply<KeyPage> {
        self.inner.scan(scan)
    }
}
