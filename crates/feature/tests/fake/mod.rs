//! An origin without a host: the memory engine, behind what an origin can say.

use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use edgekv_feature::{Answer, Coming, Condition, NewEntry, Origin, OriginEngine, OriginError, OriginStore};
use edgekv_store::{
    Clock, Completion, Engine, EngineStore, Entry, Generation, GenerationMatch, Insert, Key, KeyPage,
    KvError, Limits, ManualClock, MemoryEngine, Reply, Scan, StoreId, StoreInfo, StoreName, Timestamp,
};

/// What can be asked of a [`FakeOrigin`] beside what origins do.
#[derive(Debug, Default)]
pub(crate) struct Control {
    pub(crate) engine: MemoryEngine,
    /// The clock that entries live by.
    pub(crate) clock: ManualClock,
    /// Whether answers come when they are polled for the second time.
    answers_later: bool,
    reads: AtomicU64,
    fresh_reads: AtomicU64,
    /// Writes of somebody else that come before the next ones here.
    intruders: AtomicU64,
}

impl Control {
    pub(crate) fn new(answers_later: bool) -> Arc<Self> {
        Arc::new(Self { answers_later, ..Self::default() })
    }

    /// How often an entry was read.
    #[allow(dead_code, reason = "not all tests count")]
    pub(crate) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// How many of these were to be past caches.
    #[allow(dead_code, reason = "not all tests count")]
    pub(crate) fn fresh_reads(&self) -> u64 {
        self.fresh_reads.load(Ordering::Relaxed)
    }

    /// Has somebody else write before each of the next `times` writes.
    #[allow(dead_code, reason = "not all tests have others")]
    pub(crate) fn intrude(&self, times: u64) {
        self.intruders.store(times, Ordering::Relaxed);
    }

    fn answer<T: Send + 'static>(&self, reply: Reply<T>) -> Answer<T> {
        let Reply::Ready(result) = reply else { panic!("the memory engine answers at once") };
        let mut result = Some(result.map_err(|error| match error {
            KvError::PreconditionFailed => OriginError::Conflict,
            KvError::NoStore(_) => OriginError::NoStore,
            _ => OriginError::Failed,
        }));
        if !self.answers_later {
            return result.map_or(Answer::Ready(Err(OriginError::Failed)), Answer::Ready);
        }
        let mut polled = false;
        Answer::Later(Box::pin(poll_fn(move |cx| {
            if !std::mem::replace(&mut polled, true) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            result.take().map_or(Poll::Pending, Poll::Ready)
        })))
    }
}

#[derive(Debug)]
pub(crate) struct FakeOrigin(pub(crate) Arc<Control>);

#[derive(Debug)]
pub(crate) struct FakeStore {
    store: Arc<dyn EngineStore>,
    control: Arc<Control>,
}

impl Origin for FakeOrigin {
    type Store = FakeStore;

    fn open(&self, name: &StoreName) -> Result<Option<FakeStore>, OriginError> {
        let store = self.0.engine.open(name).wait().map_err(|_| OriginError::Failed)?;
        Ok(store.map(|store| FakeStore { store, control: Arc::clone(&self.0) }))
    }
}

impl FakeStore {
    fn now(&self) -> Timestamp {
        self.control.clock.now()
    }

    fn insert(&self, key: Key<'_>, insert: Insert) -> Reply<Generation> {
        let limits = Limits { max_value_bytes: u64::MAX, ..Limits::default() };
        self.store.insert(key, insert, self.now(), &limits, Completion::NONE)
    }
}

impl OriginStore for FakeStore {
    fn id(&self) -> StoreId {
        self.store.info().id
    }

    fn get(&self, key: Key<'_>, fresh: bool) -> Answer<Option<Entry>> {
        self.control.reads.fetch_add(1, Ordering::Relaxed);
        self.control.fresh_reads.fetch_add(u64::from(fresh), Ordering::Relaxed);
        self.control.answer(self.store.lookup(key))
    }

    fn put(&self, key: Key<'_>, entry: NewEntry<'_>, condition: Condition) -> Answer<Generation> {
        let intruders = &self.control.intruders;
        if intruders.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            drop(self.insert(key, Insert::new("<theirs>")));
        }
        let left = |at: Timestamp| Duration::from_micros(at.as_micros() - self.now().as_micros());
        self.control.answer(self.insert(
            key,
            Insert {
                condition: match condition {
                    Condition::Any => None,
                    Condition::Absent => Some(GenerationMatch::Absent),
                    Condition::Is(generation) => Some(GenerationMatch::Is(generation)),
                },
                metadata: entry.metadata.clone(),
                time_to_live: entry.expires_at.map(left),
                background_fetch: entry.background_fetch,
                ..Insert::new(entry.value.clone())
            },
        ))
    }

    fn delete(&self, key: Key<'_>, generation: Option<Generation>) -> Answer<bool> {
        let condition = generation.map(GenerationMatch::Is);
        self.control.answer(self.store.delete(key, condition, self.now(), Completion::NONE))
    }

    fn scan(&self, scan: &Scan<'_>) -> Answer<KeyPage> {
        self.control.answer(self.store.scan(Scan { now: self.now(), ..*scan }))
    }

    fn wait<T>(&self, coming: Coming<T>) -> Result<T, OriginError> {
        pollster::block_on(coming)
    }
}

/// The engine on top of a fake origin, with what only whoever runs the origin can do done there. Origins have a clock of their own:
/// this one is set to what the callers of the engine say.
#[derive(Debug)]
pub(crate) struct Managed {
    engine: OriginEngine<FakeOrigin>,
    control: Arc<Control>,
}

impl Managed {
    #[allow(dead_code, reason = "for one of the tests")]
    pub(crate) fn new(control: &Arc<Control>) -> Self {
        Self { engine: OriginEngine::new(FakeOrigin(Arc::clone(control))), control: Arc::clone(control) }
    }

    fn named(&self, name: &StoreName, info: &StoreInfo) -> Option<Arc<dyn EngineStore>> {
        let store = self.engine.open(name).wait().ok()??;
        Some(Arc::new(ManagedStore { info: info.clone(), store, control: Arc::clone(&self.control) }))
    }
}

impl Engine for Managed {
    fn open(&self, name: &StoreName) -> Reply<Option<Arc<dyn EngineStore>>> {
        self.control
            .engine
            .open(name)
            .map(|store| store.map(|store| store.info().clone()))
            .wait()
            .map_or_else(
                |error| Reply::Ready(Err(error)),
                |info| Reply::ok(info.and_then(|info| self.named(name, &info))),
            )
    }

    fn open_id(&self, id: StoreId) -> Reply<Option<Arc<dyn EngineStore>>> {
        match self.control.engine.open_id(id).wait() {
            Ok(Some(store)) => self.open(&store.info().name),
            Ok(None) => Reply::ok(None),
            Err(error) => Reply::Ready(Err(error)),
        }
    }

    fn create(&self, name: &StoreName, now: Timestamp) -> Reply<Arc<dyn EngineStore>> {
        loop {
            let created = match self.control.engine.create(name, now).wait() {
                Ok(created) => created,
                Err(error) => return Reply::Ready(Err(error)),
            };
            // Origins are asked by name, and somebody may delete the store before that: then it was never made for who asks here.
            if let Some(store) = self.named(name, created.info()) {
                return Reply::ok(store);
            }
        }
    }

    fn rename(&self, id: StoreId, name: &StoreName, now: Timestamp) -> Reply<Option<StoreInfo>> {
        self.control.engine.rename(id, name, now)
    }

    fn delete(&self, id: StoreId, now: Timestamp, completion: Completion) -> Reply<bool> {
        self.control.engine.delete(id, now, completion)
    }

    fn stores(&self) -> Reply<Vec<StoreInfo>> {
        self.control.engine.stores()
    }

    fn sweep(&self, now: Timestamp, max: NonZeroUsize) -> Reply<usize> {
        self.control.engine.sweep(now, max)
    }

    fn flush(&self) -> Reply<()> {
        self.engine.flush()
    }
}

#[derive(Debug)]
struct ManagedStore {
    info: StoreInfo,
    store: Arc<dyn EngineStore>,
    control: Arc<Control>,
}

impl EngineStore for ManagedStore {
    fn info(&self) -> &StoreInfo {
        &self.info
    }

    fn lookup(&self, key: Key<'_>) -> Reply<Option<Entry>> {
        self.store.lookup(key)
    }

    fn insert(
        &self,
        key: Key<'_>,
        insert: Insert,
        now: Timestamp,
        limits: &Limits,
        completion: Completion,
    ) -> Reply<Generation> {
        self.control.clock.set(now);
        self.store.insert(key, insert, now, limits, completion)
    }

    fn delete(
        &self,
        key: Key<'_>,
        condition: Option<GenerationMatch>,
        now: Timestamp,
        completion: Completion,
    ) -> Reply<bool> {
        self.control.clock.set(now);
        self.store.delete(key, condition, now, completion)
    }

    fn scan(&self, scan: Scan<'_>) -> Reply<KeyPage> {
        self.control.clock.set(scan.now);
        self.store.scan(scan)
    }
}
