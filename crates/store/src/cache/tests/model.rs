//! All of it together: threads that read and write, on engines that answer in any order, and a model of what they may see.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::engine::memory::MemoryEngine;
use crate::entry::Entry;
use crate::generation::GenerationMatch;
use crate::list::{KeyPage, Scan};
use crate::name::{StoreId, StoreInfo};

/// Small and good enough numbers that look random: a step of SplitMix64.
#[derive(Debug, Clone)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

type Work = Box<dyn FnOnce() + Send>;

enum Order {
    /// Done in the order in which they came, as writes of one caller have to be. Gives the answer to be sent.
    Write(Box<dyn FnOnce() -> Work + Send>),
    /// Answered whenever it happens to be.
    Answer(Work),
}

/// A memory engine that answers later, in random order: reads see what is there when they are called, and writes are done
/// at any time until they are answered.
#[derive(Debug)]
struct Shuffled {
    memory: MemoryEngine,
    orders: Mutex<Sender<Order>>,
}

impl Shuffled {
    fn new(seed: u64) -> Self {
        let (orders, received) = channel();
        std::thread::spawn(move || answer_in_any_order(&received, Random(seed)));
        Self { memory: MemoryEngine::new(), orders: Mutex::new(orders) }
    }

    fn wrap(&self, store: Arc<dyn EngineStore>) -> Arc<dyn EngineStore> {
        Arc::new(ShuffledStore { store, orders: Mutex::new(self.orders.lock().clone()) })
    }
}

fn answer_in_any_order(received: &Receiver<Order>, mut random: Random) {
    let mut answers: Vec<Work> = Vec::new();
    let mut writes = std::collections::VecDeque::new();
    loop {
        // Waits only while there is nothing to do.
        let order = if answers.is_empty() && writes.is_empty() {
            received.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            received.recv_timeout(Duration::ZERO)
        };
        match order {
            Ok(Order::Write(write)) => writes.push_back(write),
            Ok(Order::Answer(answer)) => answers.push(answer),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if random.below(3) == 0
            && let Some(write) = writes.pop_front()
        {
            answers.push(write());
        }
        if !answers.is_empty() && random.below(3) == 0 {
            let at = usize::try_from(random.below(answers.len() as u64)).unwrap();
            answers.swap_remove(at)();
        }
    }
}

impl Engine for Shuffled {
    fn open(&self, name: &StoreName) -> Reply<Option<Arc<dyn EngineStore>>> {
        Reply::Ready(self.memory.open(name).wait().map(|store| store.map(|store| self.wrap(store))))
    }

    fn open_id(&self, id: StoreId) -> Reply<Option<Arc<dyn EngineStore>>> {
        Reply::Ready(self.memory.open_id(id).wait().map(|store| store.map(|store| self.wrap(store))))
    }

    fn create(&self, name: &StoreName, now: Timestamp) -> Reply<Arc<dyn EngineStore>> {
        Reply::Ready(self.memory.create(name, now).wait().map(|store| self.wrap(store)))
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
struct ShuffledStore {
    store: Arc<dyn EngineStore>,
    orders: Mutex<Sender<Order>>,
}

impl ShuffledStore {
    fn write<T: Send + 'static>(
        &self,
        completion: Completion,
        write: impl FnOnce() -> Result<T, KvError> + Send + 'static,
    ) -> Reply<T>
    where
        for<'r> Ended: From<&'r Result<T, KvError>>,
    {
        let (answer, wait) = futures_channel::oneshot::channel();
        let write = move || {
            let result = write();
            Box::new(move || {
                completion.end(&result);
                drop(answer.send(result));
            }) as Work
        };
        self.orders.lock().send(Order::Write(Box::new(write))).unwrap();
        Reply::later(async move { wait.await.unwrap() })
    }
}

impl EngineStore for ShuffledStore {
    fn info(&self) -> &StoreInfo {
        self.store.info()
    }

    fn lookup(&self, key: Key<'_>) -> Reply<Option<Entry>> {
        let found = self.store.lookup(key).wait();
        let (answer, wait) = futures_channel::oneshot::channel();
        let answer = Order::Answer(Box::new(move || drop(answer.send(found))));
        self.orders.lock().send(answer).unwrap();
        Reply::later(async move { wait.await.unwrap() })
    }

    fn insert(
        &self,
        key: Key<'_>,
        insert: Insert,
        now: Timestamp,
        limits: &Limits,
        completion: Completion,
    ) -> Reply<Generation> {
        let (store, key, limits) = (Arc::clone(&self.store), key.to_buf(), *limits);
        self.write(completion, move || {
            store.insert(key.as_key(), insert, now, &limits, Completion::NONE).wait()
        })
    }

    fn delete(
        &self,
        key: Key<'_>,
        condition: Option<GenerationMatch>,
        now: Timestamp,
        completion: Completion,
    ) -> Reply<bool> {
        let (store, key) = (Arc::clone(&self.store), key.to_buf());
        self.write(completion, move || store.delete(key.as_key(), condition, now, Completion::NONE).wait())
    }

    fn scan(&self, scan: Scan<'_>) -> Reply<KeyPage> {
        self.store.scan(scan)
    }
}

/// The history of a key that one thread writes: state 0 is that there is nothing, and each write makes the next one.
#[derive(Default)]
struct History {
    /// Whether each state is that there is nothing.
    is_absent: Mutex<Vec<bool>>,
    acknowledged: AtomicUsize,
}

impl History {
    fn begin(&self, is_absent: bool) -> usize {
        let mut states = self.is_absent.lock();
        states.push(is_absent);
        states.len()
    }

    fn acknowledge(&self, state: usize) {
        self.acknowledged.fetch_max(state, Ordering::SeqCst);
    }

    /// Whether somebody who began when `oldest` was acknowledged may see this now.
    fn allows(&self, oldest: usize, entry: Option<&Entry>) -> Result<(), String> {
        let states = self.is_absent.lock();
        match entry {
            Some(entry) => {
                let state: usize = std::str::from_utf8(entry.value()).unwrap().parse().unwrap();
                if (oldest..=states.len()).contains(&state) {
                    return Ok(());
                }
                Err(format!("state {state} was read, and {oldest} was acknowledged before"))
            }
            None => {
                let is_absent = |state: usize| state == 0 || states[state - 1];
                if (oldest..=states.len()).any(is_absent) {
                    return Ok(());
                }
                Err(format!("nothing was read, and {oldest} was acknowledged before"))
            }
        }
    }
}

#[derive(Debug, Clone)]
struct Scenario {
    seed: u64,
    writers: usize,
    max_bytes: u64,
    answers_later: bool,
    steps: usize,
}

fn some_scenario() -> impl Strategy<Value = Scenario> {
    let max_bytes = prop_oneof![Just(0), Just(3_000_u64), Just(1 << 20)];
    (any::<u64>(), 1..4_usize, max_bytes, any::<bool>()).prop_map(
        |(seed, writers, max_bytes, answers_later)| {
            let steps = if answers_later { 150 } else { 1_000 };
            Scenario { seed, writers, max_bytes, answers_later, steps }
        },
    )
}

struct Run {
    store: Arc<dyn EngineStore>,
    /// A key for each writer, which nobody else writes.
    own: Vec<History>,
    /// The newest generation that was acknowledged, of a key that all append to.
    shared: std::sync::atomic::AtomicU64,
    writers_left: AtomicUsize,
}

const SHARED: &str = "shared";

impl Run {
    fn insert(&self, key: &str, insert: Insert) -> Reply<Generation> {
        self.store.insert(
            Key::new(key).unwrap(),
            insert,
            Timestamp::from_micros(1),
            &Limits::default(),
            Completion::NONE,
        )
    }

    fn write(&self, writer: usize, random: &mut Random, steps: usize) {
        let history = &self.own[writer];
        let key = format!("own {writer}");
        for _ in 0..steps {
            match random.below(10) {
                0..4 => {
                    let state = history.begin(false);
                    let reply = self.insert(&key, Insert::new(state.to_string()));
                    // Of those whose replies are dropped, nobody knows when they happen, but that it is in order.
                    if random.below(4) > 0 {
                        reply.wait().unwrap();
                        history.acknowledge(state);
                    }
                }
                4..6 => {
                    let state = history.begin(true);
                    let delete = self.store.delete(
                        Key::new(&key).unwrap(),
                        None,
                        Timestamp::from_micros(1),
                        Completion::NONE,
                    );
                    if random.below(4) > 0 {
                        delete.wait().unwrap();
                        history.acknowledge(state);
                    }
                }
                6..8 => {
                    let append = Insert { mode: InsertMode::Append, ..Insert::new(Bytes::from_static(b"+")) };
                    let reply = self.insert(SHARED, append);
                    if random.below(4) > 0 {
                        let generation = reply.wait().unwrap().get();
                        self.shared.fetch_max(generation, Ordering::SeqCst);
                    }
                }
                _ => self.read(random),
            }
        }
        self.writers_left.fetch_sub(1, Ordering::SeqCst);
    }

    fn read(&self, random: &mut Random) {
        let which = usize::try_from(random.below(self.own.len() as u64 + 1)).unwrap();
        let Some(history) = self.own.get(which) else {
            let oldest = self.shared.load(Ordering::SeqCst);
            let found = self.store.find(Key::new(SHARED).unwrap()).wait().unwrap();
            let generation = found.entry.as_ref().map_or(0, |entry| entry.generation().get());
            assert!(generation >= oldest, "{generation} after {oldest} was acknowledged: {found:?}");
            return;
        };
        let key = format!("own {which}");
        let oldest = history.acknowledged.load(Ordering::SeqCst);
        let reply = self.store.find(Key::new(&key).unwrap());
        if random.below(8) == 0 {
            return drop(reply);
        }
        let found = reply.wait().unwrap();
        if let Err(why) = history.allows(oldest, found.entry.as_ref()) {
            panic!("{why}: {found:?}");
        }
    }
}

fn check(scenario: &Scenario) {
    let Scenario { seed, writers, max_bytes, answers_later, steps } = *scenario;
    let inner: Arc<dyn Engine> =
        if answers_later { Arc::new(Shuffled::new(seed)) } else { Arc::new(MemoryEngine::new()) };
    let limits = CacheLimits { max_bytes, freshness: None };
    let engine = CachedEngine::new(inner, limits, Arc::new(ManualClock::default()));
    let store = engine.create(&StoreName::new("store").unwrap(), Timestamp::default()).wait().unwrap();
    let run = Run {
        store,
        own: (0..writers).map(|_| History::default()).collect(),
        shared: Default::default(),
        writers_left: AtomicUsize::new(writers),
    };
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let run = &run;
            scope.spawn(move || run.write(writer, &mut Random(seed ^ writer as u64), steps));
        }
        for reader in 0..2_u64 {
            let run = &run;
            scope.spawn(move || {
                let mut random = Random(!seed ^ reader);
                while run.writers_left.load(Ordering::SeqCst) > 0 {
                    run.read(&mut random);
                }
            });
        }
    });
    until(|| engine.cache().slots.len() == 0);
    let bytes = engine.stats().bytes;
    assert!(bytes <= max_bytes.next_multiple_of(4), "{bytes} bytes are kept");
    // Now that nothing is under way, what is kept is what the engine has.
    for writer in 0..writers {
        let key = format!("own {writer}");
        let key = Key::new(&key).unwrap();
        for _ in 0..2 {
            let found = run.store.lookup(key).wait().unwrap();
            assert_eq!(found, run.store.read(key).wait().unwrap());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 8, ..ProptestConfig::default() })]

    #[test]
    fn no_lookup_sees_less_than_what_was_acknowledged_before_it(scenario in some_scenario()) {
        check(&scenario);
    }
}
