//! What is asked of an origin, and what becomes of its answers.

#![allow(clippy::unwrap_used, reason = "a bench that cannot be made is a failed test")]

mod fake;

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use edgekv_feature::{OriginEngine, OriginError};
use edgekv_store::{
    CacheLimits, Engine, GenerationMatch, Insert, InsertMode, Key, KvError, KvStore, Limits, Reply, StoreId,
    StoreName, Stores, Timestamp,
};

use self::fake::{Control, FakeOrigin};

struct Bench {
    control: Arc<Control>,
    store: KvStore,
}

impl Bench {
    fn new(answers_later: bool, cache: Option<CacheLimits>) -> Self {
        let control = Control::new(answers_later);
        control.engine.create(&name(), Timestamp::default()).wait().unwrap();
        let stores = Stores::builder(OriginEngine::new(FakeOrigin(Arc::clone(&control))));
        let stores = stores.limits(Limits { max_value_bytes: 1000, ..Limits::default() });
        let stores = cache.into_iter().fold(stores, |stores, limits| stores.cache(limits));
        let store = stores.build().unwrap().open(&name()).wait().unwrap().unwrap();
        Self { control, store }
    }

    fn write(&self, insert: Insert) -> Reply<edgekv_store::Generation> {
        self.store.insert(key(), insert)
    }

    fn value(&self) -> Option<String> {
        let entry = self.store.lookup(key()).wait().unwrap()?;
        Some(String::from_utf8(entry.into_value().to_vec()).unwrap())
    }
}

fn name() -> StoreName {
    StoreName::new("store").unwrap()
}

fn key() -> Key<'static> {
    Key::new("key").unwrap()
}

fn with_mode(mode: InsertMode, value: impl Into<bytes::Bytes>) -> Insert {
    Insert { mode, ..Insert::new(value) }
}

#[test]
fn only_what_needs_the_old_bytes_reads_them() {
    let bench = Bench::new(false, None);
    let added = bench.write(with_mode(InsertMode::Add, "a")).wait().unwrap();
    let condition = Some(GenerationMatch::Is(added));
    bench.write(Insert { condition, ..Insert::new("b") }).wait().unwrap();
    assert!(bench.write(Insert { condition, ..Insert::new("c") }).wait().is_err());
    bench.write(Insert::new("d")).wait().unwrap();
    assert!(bench.write(with_mode(InsertMode::Add, "e")).wait().is_err());
    assert!(bench.store.delete(key(), None).wait().unwrap());
    assert_eq!(bench.control.reads(), 0);
    bench.write(with_mode(InsertMode::Append, "f")).wait().unwrap();
    bench.write(with_mode(InsertMode::Append, "g")).wait().unwrap();
    assert_eq!(bench.control.reads(), 2);
    assert_eq!(bench.control.fresh_reads(), 2, "what is written is decided by what the engine has");
    assert_eq!(bench.value().as_deref(), Some("fg"));
    assert_eq!((bench.control.reads(), bench.control.fresh_reads()), (3, 2));
}

#[test]
fn what_others_write_in_between_is_not_lost() {
    for (mode, expected) in [(InsertMode::Append, "<theirs>mine"), (InsertMode::Prepend, "mine<theirs>")] {
        let bench = Bench::new(false, None);
        bench.write(Insert::new("old")).wait().unwrap();
        bench.control.intrude(2_000);
        bench.write(with_mode(mode, "mine")).wait().unwrap();
        assert_eq!(bench.control.reads(), 2_001, "it was tried again after each of theirs");
        assert_eq!(bench.value().as_deref(), Some(expected));
    }
}

#[test]
fn a_write_that_loses_all_the_time_gives_up() {
    let bench = Bench::new(false, None);
    bench.control.intrude(u64::MAX);
    let result = bench.write(with_mode(InsertMode::Append, "mine")).wait();
    assert!(matches!(result, Err(KvError::TooManyRequests)), "{result:?}");
    assert_eq!(bench.control.reads(), 10_000);
    assert_eq!(bench.value().as_deref(), Some("<theirs>"));
}

#[test]
fn an_append_to_a_generation_that_others_have_replaced_is_refused() {
    let bench = Bench::new(false, None);
    let seen = bench.write(Insert::new("old")).wait().unwrap();
    bench.control.intrude(1);
    let condition = Some(GenerationMatch::Is(seen));
    let result = bench.write(Insert { condition, ..with_mode(InsertMode::Append, "mine") }).wait();
    assert!(matches!(result, Err(KvError::PreconditionFailed)), "{result:?}");
    assert_eq!(bench.value().as_deref(), Some("<theirs>"));
}

#[test]
fn of_two_reasons_to_refuse_a_write_the_condition_is_the_first() {
    let bench = Bench::new(false, None);
    let too_large = || with_mode(InsertMode::Add, vec![0; 1001]);
    let result = bench.write(too_large()).wait();
    assert!(matches!(result, Err(KvError::PayloadTooLarge { bytes: 1001, limit: 1000 })), "{result:?}");
    bench.write(Insert::new("there")).wait().unwrap();
    let result = bench.write(too_large()).wait();
    assert!(matches!(result, Err(KvError::PreconditionFailed)), "{result:?}");
}

#[test]
fn writes_happen_in_their_order_when_nobody_waits_for_them() {
    let bench = Bench::new(true, None);
    drop(bench.write(Insert::new("a")));
    drop(bench.write(with_mode(InsertMode::Append, "b")));
    drop(bench.write(with_mode(InsertMode::Prepend, "c")));
    drop(bench.store.delete(Key::new("other").unwrap(), None));
    assert_eq!(bench.value().as_deref(), Some("cab"));
}

#[test]
fn a_removal_of_no_generation_removes_nothing() {
    for answers_later in [false, true] {
        let bench = Bench::new(answers_later, None);
        let none = Some(GenerationMatch::Absent);
        assert!(!bench.store.delete(key(), none).wait().unwrap());
        bench.write(Insert::new("v")).wait().unwrap();
        let result = bench.store.delete(key(), none).wait();
        assert!(matches!(result, Err(KvError::PreconditionFailed)), "{result:?}");
        assert!(bench.value().is_some());
    }
}

#[test]
fn what_was_read_is_not_asked_for_again_and_what_was_written_is_seen() {
    let cache = CacheLimits { max_bytes: 1 << 20, freshness: Some(Duration::from_secs(3600)) };
    let bench = Bench::new(false, Some(cache));
    bench.write(Insert::new("a")).wait().unwrap();
    assert_eq!((bench.value().as_deref(), bench.value().as_deref()), (Some("a"), Some("a")));
    assert_eq!(bench.control.reads(), 1);
    bench.write(Insert::new("b")).wait().unwrap();
    assert_eq!(bench.value().as_deref(), Some("b"));
    assert!(bench.store.delete(key(), None).wait().unwrap());
    assert_eq!(bench.value(), None);
}

#[test]
fn read_compute_write_comes_to_an_end_also_with_a_cache_and_others_who_write() {
    for background_fetch in [false, true] {
        let cache = CacheLimits { max_bytes: 1 << 20, freshness: Some(Duration::from_secs(3600)) };
        let bench = Bench::new(false, Some(cache));
        bench.write(Insert::new("old")).wait().unwrap();
        bench.control.intrude(2);
        let mut tries = 0;
        loop {
            tries += 1;
            assert!(tries < 10, "it goes by what is kept, for ever");
            let old = bench.store.lookup(key()).wait().unwrap().unwrap();
            let new = [old.value(), &b"+"[..]].concat();
            let condition = Some(GenerationMatch::Is(old.generation()));
            match bench.write(Insert { condition, background_fetch, ..Insert::new(new) }).wait() {
                Ok(_) => break,
                Err(KvError::PreconditionFailed) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(tries, 3);
        assert_eq!(bench.value().as_deref(), Some("<theirs>+"));
    }
}

#[test]
fn a_store_that_is_opened_again_is_the_same_for_as_long_as_somebody_has_it() {
    let control = Control::new(false);
    control.engine.create(&name(), Timestamp::default()).wait().unwrap();
    let engine = OriginEngine::new(FakeOrigin(Arc::clone(&control)));
    let open = || engine.open(&name()).wait().unwrap().unwrap();
    let first = open();
    assert!(Arc::ptr_eq(&first, &open()));
    assert_eq!(Arc::strong_count(&first), 1, "nobody else keeps it");
    control
        .engine
        .delete(first.info().id, Timestamp::default(), edgekv_store::Completion::NONE)
        .wait()
        .unwrap();
    control.engine.create(&name(), Timestamp::default()).wait().unwrap();
    assert_ne!(open().info().id, first.info().id);
}

#[test]
fn stores_themselves_are_not_the_business_of_an_origin() {
    let engine = OriginEngine::new(FakeOrigin(Control::new(false)));
    let now = Timestamp::default();
    let refusals = [
        engine.open_id(StoreId::new(1)).map(drop).wait(),
        engine.create(&name(), now).map(drop).wait(),
        engine.rename(StoreId::new(1), &name(), now).map(drop).wait(),
        engine.delete(StoreId::new(1), now, edgekv_store::Completion::NONE).map(drop).wait(),
        engine.stores().map(drop).wait(),
        engine.sweep(now, std::num::NonZeroUsize::MIN).map(drop).wait(),
    ];
    for refused in refusals {
        let source = refused.as_ref().err().and_then(|error| error.source()).unwrap().to_string();
        assert!(source.starts_with("an origin does not "), "{source}");
    }
    assert!(engine.flush().wait().is_ok() && engine.open(&name()).wait().unwrap().is_none());
    assert_eq!(
        OriginError::Broken("generation 0").to_string(),
        "the origin answers what it must not: generation 0"
    );
}
