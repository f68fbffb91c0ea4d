//! Random sequences of operations, on the engines and on a model that is as simple as can be.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use edgekv_store::{
    Clock, Engine, GenerationMatch, Insert, InsertMode, Key, KvError, KvStore, Limits, ListRequest,
    ManualClock, MemoryEngine, Metadata, RedbEngine, StoreName, Stores, Timestamp,
};
use proptest::prelude::*;
use tempfile::TempDir;

/// Largest value; small, so that it is reached.
const MAX_VALUE_BYTES: u64 = 300_000;

#[derive(Debug, Clone)]
enum Step {
    Insert { key: usize, mode: InsertMode, asks: Asks, value: Value, metadata: u8, seconds: Option<u8> },
    Delete { key: usize, asks: Asks },
    List { prefix: usize, limit: u8 },
    Advance { seconds: u8 },
    Sweep,
    Reopen,
}

/// A condition, in words that do not depend on the engine.
#[derive(Debug, Clone, Copy)]
enum Asks {
    Nothing,
    Absent,
    /// The last generation that was written under the key; some other number if there was none.
    Last,
    Another,
}

#[derive(Debug, Clone, Copy)]
struct Value {
    byte: u8,
    len: usize,
}

impl Value {
    fn bytes(self) -> Bytes {
        vec![self.byte; self.len].into()
    }
}

/// Few keys, of which some are prefixes of others.
const KEYS: [&str; 6] = ["a", "ab", "abc", "b", "ba", "键"];
const PREFIXES: [&str; 4] = ["", "a", "ab", "c"];

fn some_step() -> impl Strategy<Value = Step> {
    let key = 0..KEYS.len();
    let mode = prop_oneof![
        Just(InsertMode::Overwrite),
        Just(InsertMode::Add),
        Just(InsertMode::Append),
        Just(InsertMode::Prepend)
    ];
    let asks = prop_oneof![4 => Just(Asks::Nothing), 1 => Just(Asks::Absent), 2 => Just(Asks::Last), 1 => Just(Asks::Another)];
    // Around where redb takes a value out of its record, and begins a new chunk of it.
    let len = prop_oneof![4 => 0..20_usize, 2 => 1000..3000_usize, 1 => 130_000..300_001_usize];
    let value = (any::<u8>(), len).prop_map(|(byte, len)| Value { byte, len });
    let seconds = proptest::option::weighted(0.4, 0..5_u8);
    prop_oneof![
        10 => (key.clone(), mode, asks.clone(), value, 0..3_u8, seconds).prop_map(
            |(key, mode, asks, value, metadata, seconds)| Step::Insert { key, mode, asks, value, metadata, seconds }
        ),
        3 => (key, asks).prop_map(|(key, asks)| Step::Delete { key, asks }),
        3 => (0..PREFIXES.len(), 1..5_u8).prop_map(|(prefix, limit)| Step::List { prefix, limit }),
        3 => (0..4_u8).prop_map(|seconds| Step::Advance { seconds }),
        1 => Just(Step::Sweep),
        1 => Just(Step::Reopen),
    ]
}

/// What must be under a key.
#[derive(Debug, Clone)]
struct Expected {
    value: Vec<u8>,
    metadata: Vec<u8>,
    generation: u64,
    expires_at: Option<u64>,
}

#[derive(Debug, Default)]
struct Model {
    entries: BTreeMap<&'static str, Expected>,
    last: BTreeMap<&'static str, u64>,
    newest: u64,
}

impl Model {
    fn live(&self, key: &str, now: u64) -> Option<&Expected> {
        self.entries.get(key).filter(|entry| entry.expires_at.is_none_or(|at| now < at))
    }

    /// The number that a condition names: 0 is "nothing there".
    fn asked(&self, key: &str, asks: Asks) -> Option<u64> {
        let last = self.last.get(key).copied().unwrap_or(7);
        match asks {
            Asks::Nothing => None,
            Asks::Absent => Some(0),
            Asks::Last => Some(last),
            Asks::Another => Some(last + 1),
        }
    }
}

/// An engine, opened the way that it needs.
struct Subject {
    path: Option<PathBuf>,
    clock: Arc<ManualClock>,
    engine: Arc<dyn Engine>,
    store: Option<KvStore>,
}

impl Subject {
    fn new(path: Option<PathBuf>) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_micros(1_700_000_000_000_000)));
        let engine = Self::engine(path.as_ref());
        let store = Some(Self::store(&engine, &clock));
        Self { path, clock, engine, store }
    }

    fn engine(path: Option<&PathBuf>) -> Arc<dyn Engine> {
        match path {
            Some(path) => Arc::new(RedbEngine::open(path).unwrap()),
            None => Arc::new(MemoryEngine::new()),
        }
    }

    fn store(engine: &Arc<dyn Engine>, clock: &Arc<ManualClock>) -> KvStore {
        let limits = Limits { max_value_bytes: MAX_VALUE_BYTES, ..Limits::default() };
        let stores =
            Stores::builder(Arc::clone(engine)).clock(Arc::clone(clock)).limits(limits).build().unwrap();
        stores.open_or_create(&StoreName::new("store").unwrap()).unwrap()
    }

    fn reopen(&mut self) {
        if let Some(path) = self.path.clone() {
            self.store = None;
            self.engine = Arc::new(MemoryEngine::new());
            self.engine = Self::engine(Some(&path));
            self.store = Some(Self::store(&self.engine, &self.clock));
        }
    }
}

fn agrees(steps: &[Step], mut subject: Subject) -> Result<(), TestCaseError> {
    let mut model = Model::default();
    for step in steps {
        let now = subject.clock.now().as_micros();
        let store = subject.store.clone().unwrap();
        match *step {
            Step::Insert { key, mode, asks, value, metadata, seconds } => {
                let key = KEYS[key];
                let asked = model.asked(key, asks);
                let metadata = vec![metadata; usize::from(metadata) * 900];
                let insert = Insert {
                    mode,
                    condition: asked.map(GenerationMatch::from_number),
                    metadata: Metadata::new(metadata.clone()).unwrap(),
                    time_to_live: seconds.map(|seconds| Duration::from_secs(seconds.into())),
                    ..Insert::new(value.bytes())
                };
                let live = model.live(key, now);
                let fits = asked.is_none_or(|asked| asked == live.map_or(0, |live| live.generation))
                    && !(mode == InsertMode::Add && live.is_some());
                let old = live.map(|live| live.value.clone()).unwrap_or_default();
                let whole = match mode {
                    InsertMode::Append => [&old[..], &value.bytes()].concat(),
                    InsertMode::Prepend => [&value.bytes()[..], &old].concat(),
                    _ => value.bytes().to_vec(),
                };
                match store.insert(Key::new(key).unwrap(), insert).wait() {
                    Ok(generation) => {
                        prop_assert!(fits, "{:?} was not refused", step);
                        prop_assert!(whole.len() as u64 <= MAX_VALUE_BYTES, "{:?} was too large", step);
                        let generation = generation.get();
                        prop_assert!(generation > model.newest, "{} after {}", generation, model.newest);
                        model.newest = generation;
                        model.last.insert(key, generation);
                        let expires_at = seconds.map(|seconds| now + u64::from(seconds) * 1_000_000);
                        model
                            .entries
                            .insert(key, Expected { value: whole, metadata, generation, expires_at });
                    }
                    Err(KvError::PreconditionFailed) => prop_assert!(!fits, "{:?} was refused", step),
                    Err(KvError::PayloadTooLarge { bytes, limit }) => {
                        prop_assert_eq!((bytes, limit), (whole.len() as u64, MAX_VALUE_BYTES));
                        prop_assert!(fits && bytes > limit, "{:?}", step);
                    }
                    Err(error) => return Err(TestCaseError::fail(format!("{step:?}: {error}"))),
                }
            }
            Step::Delete { key, asks } => {
                let key = KEYS[key];
                let asked = model.asked(key, asks);
                let live = model.live(key, now).map(|live| live.generation);
                let result =
                    store.delete(Key::new(key).unwrap(), asked.map(GenerationMatch::from_number)).wait();
                match (live, result) {
                    (None, Ok(false)) => {}
                    (Some(generation), Ok(true)) if asked.is_none_or(|asked| asked == generation) => {
                        model.entries.remove(key);
                    }
                    (Some(generation), Err(KvError::PreconditionFailed))
                        if asked.is_some_and(|asked| asked != generation) => {}
                    (live, result) => {
                        return Err(TestCaseError::fail(format!("{step:?} on {live:?}: {result:?}")));
                    }
                }
            }
            Step::List { prefix, limit } => {
                let prefix = PREFIXES[prefix];
                let request = ListRequest { prefix, limit: Some(limit.into()), ..ListRequest::default() };
                let page = store.list(request).wait().unwrap();
                let mut all = model.entries.keys().copied();
                let all: Vec<_> = all
                    .by_ref()
                    .filter(|key| key.starts_with(prefix) && model.live(key, now).is_some())
                    .collect();
                let (first, rest) = all.split_at(all.len().min(limit.into()));
                prop_assert_eq!(page.keys.iter().collect::<Vec<_>>(), first);
                prop_assert_eq!(page.next.is_some(), !rest.is_empty());
            }
            Step::Advance { seconds } => subject.clock.advance(Duration::from_secs(seconds.into())),
            Step::Sweep => {
                subject.engine.sweep(subject.clock.now(), std::num::NonZeroUsize::MAX).wait().unwrap();
            }
            Step::Reopen => {
                drop(store);
                subject.reopen();
            }
        }
        check(&model, &subject, step)?;
    }
    Ok(())
}

/// Everything that is there is what the model has.
fn check(model: &Model, subject: &Subject, step: &Step) -> Result<(), TestCaseError> {
    let now = subject.clock.now().as_micros();
    let store = subject.store.as_ref().unwrap();
    for key in KEYS {
        let got = store.lookup(Key::new(key).unwrap()).wait().unwrap();
        let expected = model.live(key, now);
        prop_assert_eq!(got.is_some(), expected.is_some(), "{:?} after {:?}", key, step);
        if let (Some(got), Some(expected)) = (got, expected) {
            prop_assert!(got.value() == &expected.value[..], "the value of {:?} after {:?}", key, step);
            prop_assert_eq!(got.metadata().as_bytes(), &expected.metadata[..]);
            prop_assert_eq!(got.generation().get(), expected.generation);
            prop_assert_eq!(got.expires_at().map(Timestamp::as_micros), expected.expires_at);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_operations_agrees_with_the_model_in_memory(
        steps in proptest::collection::vec(some_step(), 1..60)
    ) {
        agrees(&steps, Subject::new(None))?;
    }

    #[test]
    fn any_sequence_of_operations_agrees_with_the_model_in_redb(
        steps in proptest::collection::vec(some_step(), 1..60)
    ) {
        let dir = TempDir::new().unwrap();
        agrees(&steps, Subject::new(Some(dir.path().join("data.redb"))))?;
    }
}
