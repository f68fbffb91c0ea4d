//! An engine that does what a test says.

use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use edgekv_store::{
    Completion, Engine, EngineStore, Entry, Generation, GenerationMatch, Insert, Key, KeyPage, KvError,
    Limits, MemoryEngine, Reply, Scan, StoreId, StoreInfo, StoreName, Timestamp,
};
use futures_channel::oneshot;

/// How the engine answers. By default at once, with what is true.
#[derive(Debug, Default)]
pub struct Script {
    error: Mutex<Option<KvError>>,
    gates: Mutex<Option<Vec<oneshot::Sender<()>>>>,
    answer_when_asked: AtomicBool,
    latency: Mutex<Option<Duration>>,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
}

impl Script {
    /// Every operation from now on fails with `error`, or none.
    pub fn fail_with(&self, error: Option<KvError>) {
        *self.error.lock().unwrap() = error;
    }

    /// Every operation from now on is done at once, and answered when [`Script::answer`] is called.
    pub fn hold_answers(&self) {
        *self.gates.lock().unwrap() = Some(Vec::new());
    }

    /// Answers everything that was held, and holds nothing any more. Says how many those were.
    pub fn answer(&self) -> usize {
        let gates = self.gates.lock().unwrap().take().unwrap_or_default();
        let count = gates.len();
        gates.into_iter().for_each(|gate| gate.send(()).unwrap_or_default());
        count
    }

    /// Every operation from now on is done at once, and all that are under way are answered when the first of them is
    /// waited for: by another thread, after the wait has begun. Only who can be woken gets an answer then.
    pub fn answer_when_asked(self: &Arc<Self>) {
        self.answer_when_asked.store(true, Ordering::SeqCst);
        self.hold_answers();
    }

    /// Every operation from now on is done at once, and answered after this time.
    pub fn answer_after(&self, latency: Duration) {
        *self.latency.lock().unwrap() = Some(latency);
    }

    /// Most operations that were under way at a time since there are latencies.
    pub fn most_under_way(&self) -> usize {
        self.most_under_way.load(Ordering::SeqCst)
    }

    fn reply<T: Send + 'static>(self: &Arc<Self>, operation: impl FnOnce() -> Reply<T>) -> Reply<T> {
        if let Some(error) = self.error.lock().unwrap().clone() {
            return Reply::Ready(Err(error));
        }
        let result = operation().wait();
        if let Some(latency) = *self.latency.lock().unwrap() {
            // Runs from now on, whoever waits, and whenever.
            let answer = futures_timer::Delay::new(latency);
            let under_way = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_under_way.fetch_max(under_way, Ordering::SeqCst);
            let script = Arc::clone(self);
            return Reply::later(async move {
                answer.await;
                script.under_way.fetch_sub(1, Ordering::SeqCst);
                result
            });
        }
        match &mut *self.gates.lock().unwrap() {
            None => Reply::Ready(result),
            Some(gates) => {
                let (gate, opened) = oneshot::channel();
                gates.push(gate);
                let script = Arc::clone(self);
                Reply::later(async move {
                    let mut opened = opened;
                    std::future::poll_fn(|cx| {
                        let poll = Pin::new(&mut opened).poll(cx);
                        if poll.is_pending() && script.answer_when_asked.load(Ordering::SeqCst) {
                            let script = Arc::clone(&script);
                            std::thread::spawn(move || script.answer());
                        }
                        poll
                    })
                    .await
                    .map_err(KvError::engine)?;
                    result
                })
            }
        }
    }
}

/// The memory engine, with answers as the script says.
#[derive(Debug)]
pub struct ScriptedEngine {
    memory: Arc<MemoryEngine>,
    script: Arc<Script>,
}

impl ScriptedEngine {
    pub fn new(script: Arc<Script>) -> Self {
        Self { memory: Arc::default(), script }
    }

    /// The engine without a script, and past what is above it.
    #[allow(dead_code, reason = "not all tests go past something")]
    pub fn memory(&self) -> Arc<MemoryEngine> {
        Arc::clone(&self.memory)
    }

    fn store(script: &Arc<Script>, store: Arc<dyn EngineStore>) -> Arc<dyn EngineStore> {
        Arc::new(ScriptedStore { store, script: Arc::clone(script) })
    }
}

impl Engine for ScriptedEngine {
    fn open(&self, name: &StoreName) -> Reply<Option<Arc<dyn EngineStore>>> {
        let script = Arc::clone(&self.script);
        let open = || self.memory.open(name);
        self.script.reply(open).map(move |store| store.map(|store| Self::store(&script, store)))
    }

    fn create(&self, name: &StoreName, now: Timestamp) -> Reply<Arc<dyn EngineStore>> {
        let script = Arc::clone(&self.script);
        self.memory.create(name, now).map(move |store| Self::store(&script, store))
    }

    fn open_id(&self, id: StoreId) -> Reply<Option<Arc<dyn EngineStore>>> {
        let script = Arc::clone(&self.script);
        self.memory.open_id(id).map(move |store| store.map(|store| Self::store(&script, store)))
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
struct ScriptedStore {
    store: Arc<dyn EngineStore>,
    script: Arc<Script>,
}

impl EngineStore for ScriptedStore {
    fn info(&self) -> &StoreInfo {
        self.store.info()
    }

    fn lookup(&self, key: Key<'_>) -> Reply<Option<Entry>> {
        self.script.reply(|| self.store.lookup(key))
    }

    fn insert(
        &self,
        key: Key<'_>,
        insert: Insert,
        now: Timestamp,
        limits: &Limits,
        completion: Completion,
    ) -> Reply<Generation> {
        self.script.reply(|| self.store.insert(key, insert, now, limits, completion))
    }

    fn delete(
        &self,
        key: Key<'_>,
        condition: Option<GenerationMatch>,
        now: Timestamp,
        completion: Completion,
    ) -> Reply<bool> {
        self.script.reply(|| self.store.delete(key, condition, now, completion))
    }

    fn scan(&self, scan: Scan<'_>) -> Reply<KeyPage> {
        self.script.reply(|| self.store.scan(scan))
    }
}
