//! All of it together: threads that read and write, on engines that answer in any order, and a model of what they may see.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
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
    faults: Arc<Faults>,
}

impl Shuffled {
    fn new(seed: u64, faults: Arc<Faults>) -> Self {
        let (orders, received) = channel();
        std::thread::spawn(move || answer_in_any_order(&received, Random(seed)));
        Self { memory: MemoryEngine::new(), orders: Mutex::new(orders), faults }
    }

    fn wrap(&self, store: Arc<dyn EngineStore>) -> Arc<dyn EngineStore> {
        let orders = Mutex::new(self.orders.lock().clone());
        Arc::new(ShuffledStore { store, orders, faults: Arc::clone(&self.faults) })
    }
}

/// What goes wrong with an operation: now and then, as long as it may.
#[derive(Debug)]
struct Faults {
    are_on: AtomicBool,
    random: Mutex<Random>,
}

enum Fault {
    /// It does not happen.
    Lost,
    /// It happens, and nobody knows.
    Unknown,
}

impl Faults {
    fn next(&self) -> Option<Fault> {
        if !self.are_on.load(Ordering::SeqCst) {
            return None;
        }
        match self.random.lock().below(40) {
            0 => Some(Fault::Lost),
            1 => Some(Fault::Unknown),
            _ => None,
        }
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
    faults: Arc<Faults>,
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
        let fault = self.faults.next();
        let write = move || {
            let failed = || Err(KvError::engine("the line is dead"));
            let result = match fault {
                None => write(),
                Some(Fault::Lost) => failed(),
                Some(Fault::Unknown) => write().and_then(|_| failed()),
            };
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
        let found = match self.faults.next() {
            None => self.store.lookup(key).wait(),
            Some(_) => Err(KvError::engine("the line is dead")),
        };
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
    freshness: Option<Duration>,
    answers_later: bool,
    fails: bool,
    steps: usize,
}

fn some_scenario() -> impl Strategy<Value = Scenario> {
    let max_bytes = prop_oneof![Just(0), Just(3_000_u64), Just(1 << 20)];
    let freshness = proptest::option::weighted(0.3, (1_u64..20).prop_map(Duration::from_micros));
    (any::<u64>(), 1..4_usize, max_bytes, freshness, any::<bool>(), any::<bool>()).prop_map(
        |(seed, writers, max_bytes, freshness, answers_later, fails)| {
            let steps = if answers_later { 150 } else { 1_000 };
            Scenario { seed, writers, max_bytes, freshness, answers_later, fails, steps }
        },
    )
}

/// A key that all write, by the generations that its lookups may see.
struct Shared {
    key: &'static str,
    /// The newest one that was acknowledged and that all lookups see.
    seen_at_once: AtomicU64,
}

impl Shared {
    const fn new(key: &'static str) -> Self {
        Self { key, seen_at_once: AtomicU64::new(0) }
    }

    fn acknowledge(&self, reply: Reply<Generation>) -> Option<u64> {
        let generation = heard(reply.wait())?.get();
        self.seen_at_once.fetch_max(generation, Ordering::SeqCst);
        Some(generation)
    }
}

type Doomed = (Arc<dyn EngineStore>, Arc<AtomicBool>);

struct Run {
    clock: Arc<ManualClock>,
    engine: CachedEngine,
    store: Arc<dyn EngineStore>,
    /// A key for each writer, which nobody else writes.
    own: Vec<History>,
    /// Is appended to.
    appended: Shared,
    /// Is written both with `background_fetch` and without.
    background: Shared,
    /// Is written with lifetimes.
    mortal: Shared,
    /// A store that comes and goes, and whether it is gone.
    doomed: Mutex<Option<Doomed>>,
    writers_left: AtomicUsize,
}

/// The answer, unless the engine has failed.
#[track_caller]
fn heard<T>(result: Result<T, KvError>) -> Option<T> {
    match result {
        Ok(answer) => Some(answer),
        Err(KvError::Engine(_)) => None,
        Err(error) => panic!("{error}"),
    }
}

impl Run {
    fn insert(&self, key: &str, insert: Insert) -> Reply<Generation> {
        let key = Key::new(key).unwrap();
        self.store.insert(key, insert, self.clock.now(), &Limits::default(), Completion::NONE)
    }

    fn insert_in_background(&self) -> Reply<Generation> {
        self.insert(self.background.key, Insert { background_fetch: true, ..Insert::new("b") })
    }

    fn write(&self, writer: usize, random: &mut Random, steps: usize) {
        let history = &self.own[writer];
        let key = format!("own {writer}");
        for _ in 0..steps {
            match random.below(14) {
                0..4 => {
                    let state = history.begin(false);
                    let reply = self.insert(&key, Insert::new(state.to_string()));
                    // Of those whose replies are dropped, nobody knows when they happen, but that it is in order.
                    if random.below(4) > 0 && heard(reply.wait()).is_some() {
                        history.acknowledge(state);
                    }
                }
                4..6 => {
                    let state = history.begin(true);
                    let key = Key::new(&key).unwrap();
                    let delete = self.store.delete(key, None, self.clock.now(), Completion::NONE);
                    if random.below(4) > 0 && heard(delete.wait()).is_some() {
                        history.acknowledge(state);
                    }
                }
                6 => {
                    let append = Insert { mode: InsertMode::Append, ..Insert::new(Bytes::from_static(b"+")) };
                    let reply = self.insert(self.appended.key, append);
                    if random.below(4) > 0 {
                        self.appended.acknowledge(reply);
                    }
                }
                7 => drop(self.background.acknowledge(self.insert(self.background.key, Insert::new("o")))),
                8 => {
                    // Seen in the end, whatever others do meanwhile.
                    if let Some(generation) = heard(self.insert_in_background().wait()) {
                        let key = Key::new(self.background.key).unwrap();
                        until(|| {
                            let found = heard(self.store.lookup(key).wait()).flatten();
                            found.is_some_and(|entry| entry.generation() >= generation)
                        });
                    }
                }
                9 => {
                    let time_to_live = Some(Duration::from_micros(random.below(30)));
                    let reply = self.insert(self.mortal.key, Insert { time_to_live, ..Insert::new("m") });
                    self.mortal.acknowledge(reply);
                }
                10 => {
                    self.clock.advance(Duration::from_micros(random.below(5)));
                    heard(self.engine.sweep(self.clock.now(), NonZeroUsize::MIN).wait());
                }
                _ => self.read(random),
            }
        }
    }

    /// Has always at least one such write under way, until the writers have ended.
    fn stream(&self) {
        let mut last = self.insert_in_background();
        while self.writers_left.load(Ordering::SeqCst) > 0 {
            let next = self.insert_in_background();
            heard(std::mem::replace(&mut last, next).wait());
        }
        heard(last.wait());
    }

    /// Makes stores and deletes them.
    fn come_and_go(&self) {
        let name = StoreName::new("doomed").unwrap();
        while self.writers_left.load(Ordering::SeqCst) > 0 {
            let store = self.engine.create(&name, self.clock.now()).wait().unwrap();
            let is_gone = Arc::new(AtomicBool::new(false));
            *self.doomed.lock() = Some((Arc::clone(&store), Arc::clone(&is_gone)));
            // What is kept of it is that there is nothing.
            (0..20).for_each(|_| drop(heard(store.lookup(key()).wait())));
            let id = store.info().id;
            assert!(self.engine.delete(id, self.clock.now(), Completion::NONE).wait().unwrap());
            is_gone.store(true, Ordering::SeqCst);
        }
        assert_eq!(self.engine.handles().len(), 1);
    }

    fn read(&self, random: &mut Random) {
        let which = usize::try_from(random.below(self.own.len() as u64 + 4)).unwrap();
        let Some(history) = self.own.get(which) else {
            match which - self.own.len() {
                0 => self.read_shared(&self.appended),
                1 => self.read_shared(&self.background),
                2 => self.read_shared(&self.mortal),
                _ => self.read_doomed(),
            }
            return;
        };
        let key = format!("own {which}");
        let oldest = history.acknowledged.load(Ordering::SeqCst);
        let reply = self.store.find(Key::new(&key).unwrap());
        if random.below(8) == 0 {
            return drop(reply);
        }
        let Some(found) = heard(reply.wait()) else { return };
        if let Err(why) = history.allows(oldest, found.entry.as_ref()) {
            panic!("{why}: {found:?}");
        }
    }

    fn read_shared(&self, shared: &Shared) {
        let (oldest, now) = (shared.seen_at_once.load(Ordering::SeqCst), self.clock.now());
        let Some(found) = heard(self.store.find(Key::new(shared.key).unwrap()).wait()) else { return };
        let Some(entry) = &found.entry else {
            // It may have expired, and have been swept.
            assert!(oldest == 0 || shared.key == self.mortal.key, "{oldest} was acknowledged: {found:?}");
            return;
        };
        let generation = entry.generation().get();
        assert!(generation >= oldest, "{generation} after {oldest} was acknowledged: {found:?}");
        assert!(found.source == Source::Engine || entry.existing().is_live(now), "{found:?} at {now:?}");
    }

    fn read_doomed(&self) {
        let doomed = self.doomed.lock().clone();
        let Some((store, is_gone)) = doomed else { return };
        let was_gone = is_gone.load(Ordering::SeqCst);
        match store.find(key()).wait() {
            Ok(found) => assert!(!was_gone && found.entry.is_none(), "{found:?}"),
            Err(KvError::NoStore(_) | KvError::Engine(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

fn check(scenario: &Scenario) {
    let Scenario { seed, writers, max_bytes, freshness, answers_later, fails, steps } = *scenario;
    let faults = Arc::new(Faults { are_on: AtomicBool::new(fails), random: Mutex::new(Random(seed)) });
    let inner: Arc<dyn Engine> = if answers_later {
        Arc::new(Shuffled::new(seed, Arc::clone(&faults)))
    } else {
        Arc::new(MemoryEngine::new())
    };
    let clock = Arc::new(ManualClock::at(Timestamp::from_micros(1)));
    let limits = CacheLimits { max_bytes, freshness };
    let engine = CachedEngine::new(inner, limits, Arc::new(Arc::clone(&clock)));
    let store = engine.create(&StoreName::new("store").unwrap(), Timestamp::default()).wait().unwrap();
    let run = Run {
        clock,
        engine,
        store,
        own: (0..writers).map(|_| History::default()).collect(),
        appended: Shared::new("appended"),
        background: Shared::new("background"),
        mortal: Shared::new("mortal"),
        doomed: Mutex::default(),
        writers_left: AtomicUsize::new(writers),
    };
    std::thread::scope(|scope| {
        let run = &run;
        for writer in 0..writers {
            scope.spawn(move || {
                let _left = Left(&run.writers_left);
                run.write(writer, &mut Random(seed ^ writer as u64), steps);
            });
        }
        scope.spawn(|| run.stream());
        scope.spawn(|| run.come_and_go());
        scope.spawn(|| {
            let mut random = Random(!seed);
            while run.writers_left.load(Ordering::SeqCst) > 0 {
                run.read(&mut random);
            }
        });
    });
    let Run { engine, store, .. } = &run;
    until(|| engine.cache().slots.len() == 0);
    let bytes = engine.stats().bytes;
    assert!(bytes <= max_bytes.next_multiple_of(4), "{bytes} bytes are kept");
    faults.are_on.store(false, Ordering::SeqCst);
    // Now that nothing is under way, what is kept is what the engine has.
    let shared = [run.appended.key, run.background.key].map(str::to_owned);
    for key in (0..writers).map(|writer| format!("own {writer}")).chain(shared) {
        let key = Key::new(&key).unwrap();
        for _ in 0..2 {
            assert_eq!(store.lookup(key).wait().unwrap(), store.read(key).wait().unwrap());
        }
    }
}

/// A writer leaves also by a panic, so that the others do not wait for it.
struct Left<'r>(&'r AtomicUsize);

impl Drop for Left<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        max_shrink_iters: 8,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_lookup_sees_less_than_what_was_acknowledged_before_it(scenario in some_scenario()) {
        check(&scenario);
    }
}
