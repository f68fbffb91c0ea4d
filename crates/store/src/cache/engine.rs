//! The engine that everybody sees in place of the one behind the cache.

use std::num::NonZeroUsize;
use std::sync::Arc;

use super::handles::{Deletion, Handles};
use super::{Cache, CacheLimits, CacheStats};
use crate::clock::{Clock, Timestamp};
use crate::completion::Completion;
use crate::engine::{Engine, EngineStats, EngineStore};
use crate::name::{StoreId, StoreInfo, StoreName};
use crate::reply::Reply;

/// An engine with a cache in front of it. See the [module](super) for what it promises.
///
/// [`StoresBuilder::cache`](crate::StoresBuilder::cache) makes one. Made by hand, it goes wherever an engine goes:
///
/// ```
/// use std::sync::Arc;
/// use edgekv_store::{CacheLimits, CachedEngine, Insert, Key, MemoryEngine, Source, StoreName, Stores, SystemClock};
///
/// let engine = CachedEngine::new(Arc::new(MemoryEngine::new()), CacheLimits::default(), Arc::new(SystemClock));
/// let stores = Stores::new(engine);
/// let store = stores.create(&StoreName::new("mystore")?).wait()?;
/// let key = Key::new("message1")?;
/// store.insert(key, Insert::new("this is message 1")).wait()?;
/// assert_eq!(store.find(key).wait()?.source, Source::Engine);
/// assert_eq!(store.find(key).wait()?.source, Source::Cache);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CachedEngine {
    /// Before the engine: it has nothing of it, but it is what others see of it.
    cache: Arc<Cache>,
    handles: Arc<Handles>,
    engine: Arc<dyn Engine>,
}

impl CachedEngine {
    /// Puts a cache in front of `engine`. Nobody may write past it, to the same engine, what is to be seen through it.
    ///
    /// `clock` has to be the one by which entries live.
    #[must_use]
    pub fn new(engine: Arc<dyn Engine>, limits: CacheLimits, clock: Arc<dyn Clock>) -> Self {
        Self { cache: Arc::new(Cache::new(limits, clock)), handles: Arc::default(), engine }
    }

    /// What the cache has done, and what is in it.
    #[must_use]
    pub fn stats(&self) -> CacheStats {
        self.cache.stats()
    }

    /// What makes a store of ours of one that the engine is about to be asked for.
    fn behind(&self) -> impl Fn(Arc<dyn EngineStore>) -> Arc<dyn EngineStore> + Send + 'static {
        let (cache, handles, asked) =
            (Arc::clone(&self.cache), Arc::clone(&self.handles), self.handles.asking());
        move |store| handles.of(store, &cache, asked)
    }

    #[cfg(test)]
    pub(super) fn handles(&self) -> &Handles {
        &self.handles
    }

    #[cfg(test)]
    pub(super) fn cache(&self) -> &Arc<Cache> {
        &self.cache
    }
}

impl Engine for CachedEngine {
    fn open(&self, name: &StoreName) -> Reply<Option<Arc<dyn EngineStore>>> {
        let behind = self.behind();
        self.engine.open(name).map(move |store| store.map(behind))
    }

    fn open_id(&self, id: StoreId) -> Reply<Option<Arc<dyn EngineStore>>> {
        let behind = self.behind();
        self.engine.open_id(id).map(move |store| store.map(behind))
    }

    fn create(&self, name: &StoreName, now: Timestamp) -> Reply<Arc<dyn EngineStore>> {
        let behind = self.behind();
        self.engine.create(name, now).map(behind)
    }

    fn rename(&self, id: StoreId, name: &StoreName, now: Timestamp) -> Reply<Option<StoreInfo>> {
        self.engine.rename(id, name, now)
    }

    fn delete(&self, id: StoreId, now: Timestamp, completion: Completion) -> Reply<bool> {
        self.engine.delete(id, now, Deletion::begin(&self.handles, &self.cache, id, completion))
    }

    fn stores(&self) -> Reply<Vec<StoreInfo>> {
        self.engine.stores()
    }

    fn sweep(&self, now: Timestamp, max: NonZeroUsize) -> Reply<usize> {
        self.engine.sweep(now, max)
    }

    fn flush(&self) -> Reply<()> {
        self.engine.flush()
    }

    fn close(&self) -> Reply<()> {
        self.cache.close();
        self.engine.close()
    }

    fn engine_stats(&self) -> EngineStats {
        self.engine.engine_stats()
    }
}
