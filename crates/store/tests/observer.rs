//! What observers are told.

#![allow(clippy::unwrap_used, reason = "in a test, an error is a failure")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use edgekv_store::{
    CacheLimits, Engine, GenerationMatch, Insert, Key, KvError, KvStore, Limits, ListRequest, MemoryEngine,
    Observer, Operation, OperationKind, OperationOutcome, RedbEngine, Source, StoreName, Stores,
};
use tempfile::TempDir;

/// Remembers all that it is told.
#[derive(Debug, Default)]
struct Told(Mutex<Vec<Operation>>);

impl Observer for Told {
    fn observe(&self, operation: &Operation) {
        self.0.lock().unwrap().push(*operation);
    }
}

impl Told {
    fn take(&self) -> Vec<(OperationKind, OperationOutcome, Source)> {
        let told = std::mem::take(&mut *self.0.lock().unwrap());
        told.into_iter().map(|told| (told.kind, told.outcome, told.source)).collect()
    }
}

fn key(text: &str) -> Key<'_> {
    Key::new(text).unwrap()
}

fn observed(engine: impl Engine, cache: Option<CacheLimits>) -> (Stores, KvStore, Arc<Told>) {
    let told = Arc::new(Told::default());
    let limits = Limits { max_value_bytes: 10, ..Limits::default() };
    let builder = Stores::builder(engine).limits(limits).observer(Arc::clone(&told) as Arc<dyn Observer>);
    let builder = match cache {
        Some(limits) => builder.cache(limits),
        None => builder,
    };
    let stores = builder.build().unwrap();
    let store = stores.create(&StoreName::new("store").unwrap()).wait().unwrap();
    (stores, store, told)
}

#[test]
fn every_operation_is_told_with_its_kind_and_outcome() {
    use OperationKind::{Delete, Insert as Write, List, Lookup, Read};
    use OperationOutcome::{BadRequest, Failed, NoStore, NotFound, Ok, PreconditionFailed, TooLarge};

    let dir = TempDir::new().unwrap();
    let redb = RedbEngine::open(dir.path().join("data.redb")).unwrap();
    let engines: [Arc<dyn Engine>; 2] = [Arc::new(MemoryEngine::new()), Arc::new(redb)];
    for engine in engines {
        let (stores, store, told) = observed(engine, None);
        assert_eq!(told.take(), [], "stores are none of their entries");
        let condition = Some(GenerationMatch::from_number(7));
        store.insert(key("k"), Insert::new("v")).wait().unwrap();
        store.insert(key("k"), Insert { condition, ..Insert::new("v") }).wait().unwrap_err();
        store.insert(key("k"), Insert::new("more than that")).wait().unwrap_err();
        store.lookup(key("k")).wait().unwrap();
        store.find(key("none")).wait().unwrap();
        store.read(key("k")).wait().unwrap();
        store.list(ListRequest::default()).wait().unwrap();
        store.list(ListRequest { limit: Some(0), ..ListRequest::default() }).wait().unwrap_err();
        store.delete(key("k"), condition).wait().unwrap_err();
        store.delete(key("k"), None).wait().unwrap();
        store.delete(key("k"), None).wait().unwrap();
        assert!(stores.delete(store.info().id).wait().unwrap());
        store.lookup(key("k")).wait().unwrap_err();
        store.insert(key("k"), Insert::new("v")).wait().unwrap_err();
        stores.close().wait().unwrap();
        assert!(matches!(store.lookup(key("k")).wait(), Err(KvError::Closed)));
        let told = told.take();
        assert!(told.iter().all(|(.., source)| *source == Source::Engine));
        let told: Vec<_> = told.into_iter().map(|(kind, outcome, _)| (kind, outcome)).collect();
        let expected = [
            (Write, Ok),
            (Write, PreconditionFailed),
            (Write, TooLarge),
            (Lookup, Ok),
            (Lookup, NotFound),
            (Read, Ok),
            (List, Ok),
            (List, BadRequest),
            (Delete, PreconditionFailed),
            (Delete, Ok),
            (Delete, NotFound),
            (Lookup, NoStore),
            (Write, NoStore),
            (Lookup, Failed),
        ];
        assert_eq!(told, expected);
    }
}

#[test]
fn an_expired_entry_is_told_as_not_found() {
    let (_stores, store, told) = observed(MemoryEngine::new(), None);
    let insert = Insert { time_to_live: Some(Duration::ZERO), ..Insert::new("v") };
    store.insert(key("k"), insert).wait().unwrap();
    told.take();
    assert_eq!(store.lookup(key("k")).wait().unwrap(), None);
    assert_eq!(told.take(), [(OperationKind::Lookup, OperationOutcome::NotFound, Source::Engine)]);
}

#[test]
fn lookups_are_told_with_where_they_were_answered() {
    let (_stores, store, told) = observed(MemoryEngine::new(), Some(CacheLimits::default()));
    let lookup = || store.lookup(key("k")).wait().unwrap();
    let sources = |outcome, expected: [Source; 3]| {
        let expected = expected.map(|source| (OperationKind::Lookup, outcome, source));
        assert_eq!(told.take(), expected);
    };
    for _ in 0..3 {
        lookup();
    }
    sources(OperationOutcome::NotFound, [Source::Engine, Source::Cache, Source::Cache]);
    store.insert(key("k"), Insert::new("v")).wait().unwrap();
    told.take();
    for _ in 0..3 {
        lookup();
    }
    sources(OperationOutcome::Ok, [Source::Engine, Source::Cache, Source::Cache]);
}

#[test]
fn an_answer_that_nobody_waits_for_is_told_as_unheard_once() {
    let dir = TempDir::new().unwrap();
    let (stores, store, told) = observed(RedbEngine::open(dir.path().join("data.redb")).unwrap(), None);
    let reply = store.insert(key("k"), Insert::new("v"));
    assert_eq!(told.take(), [], "it is under way");
    drop(reply);
    assert_eq!(told.take(), [(OperationKind::Insert, OperationOutcome::Unheard, Source::Engine)]);
    // It is done all the same.
    stores.flush().wait().unwrap();
    assert!(store.lookup(key("k")).wait().unwrap().is_some());
}

#[test]
fn the_names_of_kinds_and_outcomes_are_all_different() {
    let kinds = OperationKind::ALL.map(OperationKind::as_str);
    let outcomes = OperationOutcome::ALL.map(OperationOutcome::as_str);
    for names in [&kinds[..], &outcomes[..]] {
        let unique: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len(), "{names:?}");
    }
}

#[test]
fn an_engine_tells_of_itself_what_it_knows() {
    let (memory, ..) = observed(MemoryEngine::new(), Some(CacheLimits::default()));
    assert_eq!(memory.engine_stats(), edgekv_store::EngineStats::default());
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("data.redb");
    let (redb, store, _) = observed(RedbEngine::open(&path).unwrap(), Some(CacheLimits::default()));
    let before = redb.engine_stats();
    store.insert(key("k"), Insert::new("v")).wait().unwrap();
    let after = redb.engine_stats();
    assert_eq!(after.commits.unwrap() - before.commits.unwrap(), 1);
    assert_eq!(after.operations.unwrap() - before.operations.unwrap(), 1);
    assert_eq!(after.queued_bytes, Some(0));
    assert_eq!(after.file_bytes, Some(std::fs::metadata(&path).unwrap().len()));
}

#[test]
fn a_handle_that_does_not_keep_the_stores_is_good_as_long_as_they_are() {
    let (stores, store, _) = observed(MemoryEngine::new(), None);
    let weak = stores.downgrade();
    assert_eq!(weak.upgrade().unwrap().list().wait().unwrap().len(), 1);
    drop((stores, store));
    assert!(weak.upgrade().is_none());
    assert!(edgekv_store::WeakStores::default().upgrade().is_none());
}
