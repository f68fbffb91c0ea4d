//! Replies: what happens does not depend on them.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use super::{Bench, Fixture, delete, get, good, key, keys, put, value};
use crate::completion::{Completion, Ended, OnEnd};
use crate::engine::EngineStore;
use crate::insert::{Insert, InsertMode};
use crate::key::Key;
use crate::limits::Limits;
use crate::reply::Reply;

/// Notes how writes ended, and what a read sees then.
struct Told {
    store: Arc<dyn EngineStore>,
    ends: Mutex<Vec<(Ended, Option<Bytes>)>>,
}

impl Told {
    fn of(bench: &Bench<'_>) -> Arc<Self> {
        drop(bench.store());
        let store = good(bench.engine.open(&super::store_name("store")).wait());
        let Some(store) = store else { panic!("the store is gone") };
        Arc::new(Self { store, ends: Mutex::default() })
    }

    fn completion(self: &Arc<Self>) -> Completion {
        Completion::new(self.clone())
    }

    fn ends(&self) -> Vec<(Ended, Option<Bytes>)> {
        self.ends.lock().clone()
    }

    fn take(&self) -> Vec<(Ended, Option<Bytes>)> {
        std::mem::take(&mut self.ends.lock())
    }

    fn insert(self: &Arc<Self>, bench: &Bench<'_>, insert: Insert) -> Reply<crate::Generation> {
        self.store.insert(told_key(), insert, bench.stores.now(), &bench.limits, self.completion())
    }
}

fn told_key() -> Key<'static> {
    key("k")
}

impl OnEnd for Told {
    fn ended(&self, ended: Ended) {
        // An engine that answers reads later cannot be waited for here.
        let seen = match self.store.lookup(told_key()) {
            Reply::Ready(seen) => seen.ok().flatten().map(|entry| entry.value().clone()),
            Reply::Later(_) => None,
        };
        self.ends.lock().push((ended, seen));
    }
}

/// Whether reads are answered at once, so that those who are told of an end can see what is there.
fn answers_at_once(told: &Told) -> bool {
    matches!(told.store.lookup(told_key()), Reply::Ready(_))
}

pub(super) fn the_end_of_a_write_is_told_once_and_before_its_answer(fixture: &dyn Fixture) {
    let limits = Limits { max_value_bytes: 10, ..Limits::default() };
    let bench = Bench::with_limits(fixture, limits);
    let told = Told::of(&bench);
    let at_once = answers_at_once(&told);
    let now = bench.stores.now();
    let seen = |text: &'static str| at_once.then(|| Bytes::from_static(text.as_bytes()));

    good(told.insert(&bench, Insert::new("v")).wait());
    assert_eq!(told.take(), [(Ended::Written, seen("v"))], "and a read sees it");
    let add = Insert { mode: InsertMode::Add, ..Insert::new("added") };
    assert!(told.insert(&bench, add).wait().is_err());
    assert_eq!(told.take(), [(Ended::Unchanged, seen("v"))], "a refusal is an end");
    assert!(told.insert(&bench, Insert::new("much too large")).wait().is_err());
    assert_eq!(told.take(), [(Ended::Unchanged, seen("v"))]);
    assert!(good(told.store.delete(told_key(), None, now, told.completion()).wait()));
    assert_eq!(told.take(), [(Ended::Written, None)]);
    assert!(!good(told.store.delete(told_key(), None, now, told.completion()).wait()));
    assert_eq!(told.take(), [(Ended::Unchanged, None)], "there was nothing to delete");
    good(bench.stores.flush().wait());
    assert!(told.ends().is_empty(), "it was told again");
}

pub(super) fn the_end_of_a_write_is_told_whatever_becomes_of_its_reply(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let told = Told::of(&bench);
    for number in 0..20 {
        drop(told.insert(&bench, Insert::new(number.to_string())));
    }
    let unpolled = told.store.delete(told_key(), None, bench.stores.now(), told.completion());
    let add = Insert { mode: InsertMode::Add, ..Insert::new("added") };
    drop(told.insert(&bench, add.clone()));
    drop(told.insert(&bench, add));
    good(bench.stores.flush().wait());
    let ends: Vec<_> = told.ends().into_iter().map(|(ended, _)| ended).collect();
    assert_eq!(ends.len(), 23, "{ends:?}");
    let (last, before) = (ends.last(), &ends[..22]);
    assert!(before.iter().all(|ended| *ended == Ended::Written), "{ends:?}");
    assert_eq!(last, Some(&Ended::Unchanged));
    assert!(good(unpolled.wait()));
    assert_eq!(told.ends().len(), 23, "it was told again");
}

pub(super) fn the_end_of_the_deletion_of_a_store_is_told(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let told = Told::of(&bench);
    let (id, now) = (told.store.info().id, bench.stores.now());
    let delete = || bench.engine.delete(id, now, told.completion());
    let store = bench.store();
    put(&store, "other", "v");
    assert!(delete().wait().is_err());
    assert_eq!(told.take(), [(Ended::Unchanged, None)]);
    assert!(super::delete(&store, "other"));
    drop(delete());
    assert!(!good(delete().wait()));
    assert_eq!(told.take(), [(Ended::Written, None), (Ended::Unchanged, None)]);
    super::gone(store.lookup(told_key()).wait());
}

pub(super) fn an_operation_happens_without_its_reply(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    put(&store, "doomed", "v");
    for number in 0..20 {
        drop(store.insert(key(&format!("k{number:02}")), Insert::new("v")));
    }
    drop(store.insert(key("large"), Insert::new(vec![1; 1_000_000])));
    drop(store.delete(key("doomed"), None));
    drop(bench.stores.create(&super::store_name("made without a reply")));
    good(bench.stores.flush().wait());
    assert_eq!(keys(&store).len(), 21);
    assert_eq!(get(&store, "doomed"), None);
    assert_eq!(value(&store, "large").map(|value| value.len()), Some(1_000_000));
    assert_eq!(good(bench.stores.list().wait()).len(), 2);
}

pub(super) fn every_write_is_seen_by_what_starts_after_it(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let store = &store;
            scope.spawn(move || {
                let at = format!("k{writer}");
                for round in 0..25 {
                    let text = Bytes::from(round.to_string());
                    put(store, &at, text.clone());
                    assert_eq!(value(store, &at), Some(text));
                    assert!(keys(store).contains(&at));
                    assert!(delete(store, &at));
                    assert_eq!(get(store, &at), None);
                    assert!(!keys(store).contains(&at));
                }
            });
        }
    });
}

pub(super) fn operations_of_one_caller_happen_in_their_order(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    let digits: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
    let replies: Vec<_> = digits
        .iter()
        .map(|digit| {
            store.insert(key("k"), Insert { mode: InsertMode::Append, ..Insert::new(digit.clone()) })
        })
        .collect();
    let first_delete = store.delete(key("k"), None);
    let second_delete = store.delete(key("k"), None);
    let add = store.insert(key("k"), Insert { mode: InsertMode::Add, ..Insert::new("added") });
    // Asked in another order than called.
    good(add.wait());
    assert!(good(first_delete.wait()), "there was something to delete");
    assert!(!good(second_delete.wait()), "and then there was not");
    let generations: Vec<_> = replies.into_iter().map(|reply| good(reply.wait())).collect();
    assert!(generations.is_sorted_by(|before, after| before < after), "{generations:?}");
    assert_eq!(value(&store, "k").as_deref(), Some(&b"added"[..]));
}
