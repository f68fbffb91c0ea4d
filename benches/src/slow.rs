//! An engine that answers lookups late, as one on another machine does.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use edgekv_store::{
    Completion, Engine, EngineStore, Entry, Generation, GenerationMatch, Insert, Key, KeyPage, Limits,
    MemoryEngine, Reply, Scan, StoreId, StoreInfo, StoreName, Timestamp,
};

/// The memory engine, with lookups that take a while. All that are under way wait at the same time.
#[derive(Debug)]
pub struct SlowEngine {
    memory: MemoryEngine,
    latency: Duration,
}

impl SlowEngine {
    /// An empty engine whose lookups take this long.
    #[must_use]
    pub fn new(latency: Duration) -> Self {
        Self { memory: MemoryEngine::new(), latency }
    }

    fn slow(&self, store: Arc<dyn EngineStore>) -> Arc<dyn EngineStore> {
        Arc::new(SlowStore { store, latency: self.latency })
    }
}

impl Engine for SlowEngine {
    fn open(&self, name: &StoreName) -> Reply<Option<Arc<dyn EngineStore>>> {
        Reply::Ready(self.memory.open(name).wait().map(|store| store.map(|store| self.slow(store))))
    }

    fn create(&self, name: &StoreName, now: Timestamp) -> Reply<Arc<dyn EngineStore>> {
        Reply::Ready(self.memory.create(name, now).wait().map(|store| self.slow(store)))
    }

    fn open_id(&self, id: StoreId) -> Reply<Option<Arc<dyn EngineStore>>> {
        Reply::Ready(self.memory.open_id(id).wait().map(|store| store.map(|store| self.slow(store))))
    }

    fn rename(&self, id: StoreId, name: &StoreName, now: Timestamp) -> Reply<Option<StoreInfo>> {
        self.memory.rename(id, name, now)
    }

    fn delete(&self, id: StoreId, now: Timestamp, completion: Completion) -> Reply<bool> {
        self.memory.delete(id, now, completion)
    }

    fn stores(&self) -> Reply<Vec<StoreInfo>> {
        self.memory.stores()
    }

    fn sweep(&self, now: Timestamp, max: NonZeroUsize) -> Reply<usize> {
        self.memory.sweep(now, max)
    }

    fn flush(&self) -> Reply<()> {
        self.memory.flush()
    }
}

#[derive(Debug)]
struct SlowStore {
    store: Arc<dyn EngineStore>,
    latency: Duration,
}

impl EngineStore for SlowStore {
    fn info(&self) -> &StoreInfo {
        self.store.info()
    }

    fn lookup(&self, key: Key<'_>) -> Reply<Option<Entry>> {
        let found = self.store.lookup(key).wait();
        // It begins now, not when somebody waits.
        let timer = futures_timer::Delay::new(self.latency);
        Reply::later(async move {
            timer.await;
            found
        })
    }

    fn insert(
        &self,
        key: Key<'_>,
        insert: Insert,
        now: Timestamp,
        limits: &Limits,
        completion: Completion,
    ) -> Reply<Generation> {
        self.store.insert(key, insert, now, limits, completion)
    }

    fn delete(
        &self,
        key: Key<'_>,
        condition: Option<GenerationMatch>,
        now: Timestamp,
        completion: Completion,
    ) -> Reply<bool> {
        self.store.delete(key, condition, now, completion)
    }

    fn scan(&self, scan: Scan<'_>) -> Reply<KeyPage> {
        self.store.scan(scan)
    }
}
