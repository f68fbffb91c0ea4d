//! Tests of the protocol, race by race, on an engine that does what the test tells it; and of all of it together, against
//! a model.

mod background_fetch;
mod consistency;
mod model;
mod script;
mod sharing;
mod stores;

use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::task::noop_waker_ref;
use parking_lot::Mutex;

use self::script::{Plan, Script, Scripted};
use super::{CacheLimits, CachedEngine};
use crate::clock::{Clock, ManualClock, Timestamp};
use crate::completion::{Completion, Ended, OnEnd};
use crate::engine::{Engine, EngineStore};
use crate::entry::{Found, Source};
use crate::error::KvError;
use crate::generation::Generation;
use crate::insert::{Insert, InsertMode};
use crate::key::Key;
use crate::limits::Limits;
use crate::name::StoreName;
use crate::reply::{Reply, ReplyFuture};

/// A store behind a cache, on an engine that follows a script.
struct Bench {
    clock: Arc<ManualClock>,
    script: Arc<Script>,
    engine: CachedEngine,
    /// The engine behind the cache.
    inner: Weak<Scripted>,
    store: Arc<dyn EngineStore>,
}

impl Bench {
    fn new() -> Self {
        Self::with(CacheLimits::default())
    }

    fn with(limits: CacheLimits) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_micros(1_700_000_000_000_000)));
        let scripted = Arc::new(Scripted::new());
        let (script, inner) = (Arc::clone(&scripted.script), Arc::downgrade(&scripted));
        let engine = CachedEngine::new(scripted, limits, Arc::new(Arc::clone(&clock)));
        let store = engine.create(&StoreName::new("store").unwrap(), clock.now()).wait().unwrap();
        Self { clock, script, engine, inner, store }
    }

    fn find(&self) -> Reply<Found> {
        self.store.find(key())
    }

    /// What a lookup sees, which has to be answered at once.
    #[track_caller]
    fn seen(&self) -> (Option<String>, Source) {
        match self.find() {
            Reply::Ready(found) => seen(found),
            Reply::Later(_) => panic!("the lookup waits for something"),
        }
    }

    fn insert(&self, insert: Insert) -> Reply<Generation> {
        self.store.insert(key(), insert, self.clock.now(), &Limits::default(), Completion::NONE)
    }

    /// Writes, and is acknowledged at once.
    fn put(&self, value: &str) {
        let reply = self.insert(Insert::new(value.to_owned()));
        assert!(matches!(reply, Reply::Ready(Ok(_))), "{reply:?}");
    }

    fn delete(&self) -> Reply<bool> {
        self.store.delete(key(), None, self.clock.now(), Completion::NONE)
    }

    fn hits_and_misses(&self) -> (u64, u64) {
        let stats = self.engine.stats();
        (stats.hits, stats.misses)
    }

    /// Nothing is under way that the cache knows of.
    #[track_caller]
    fn assert_idle(&self) {
        assert_eq!(self.engine.cache().slots.len(), 0, "slots are left");
    }

    /// The same, as soon as the background thread has done what it has.
    fn becomes_idle(&self) {
        until(|| self.engine.cache().slots.len() == 0);
    }
}

fn key() -> Key<'static> {
    Key::new("key").unwrap()
}

fn seen(found: Result<Found, KvError>) -> (Option<String>, Source) {
    let Found { entry, source } = found.unwrap();
    (entry.map(|entry| String::from_utf8(entry.into_value().to_vec()).unwrap()), source)
}

/// A value from the engine.
fn miss(value: &str) -> (Option<String>, Source) {
    (Some(value.to_owned()), Source::Engine)
}

/// A value from the cache.
fn hit(value: &str) -> (Option<String>, Source) {
    (Some(value.to_owned()), Source::Cache)
}

fn poll<T>(reply: &mut ReplyFuture<T>) -> Poll<Result<T, KvError>> {
    Pin::new(reply).poll(&mut Context::from_waker(noop_waker_ref()))
}

/// Waits for what another thread does without being asked.
#[track_caller]
fn until(is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(60), "it does not happen");
        std::thread::yield_now();
    }
}
