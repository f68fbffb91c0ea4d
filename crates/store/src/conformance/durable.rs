//! What is there again when an engine is opened anew. Passed at once by engines that do not claim it.

use std::time::Duration;

use super::{Bench, Fixture, START, delete, get, good, key, keys, list, put, store_name, value, write};
use crate::clock::Timestamp;
use crate::insert::{Insert, InsertMode};
use crate::list::ListRequest;
use crate::metadata::Metadata;
use crate::stores::KvStore;

/// The store, which must be there already.
#[track_caller]
fn there(bench: &Bench<'_>, name: &str) -> KvStore {
    match good(bench.stores.open(&store_name(name)).wait()) {
        Some(store) => store,
        None => panic!("store {name:?} is gone"),
    }
}

pub(super) fn everything_is_there_after_a_reopen(fixture: &dyn Fixture) {
    if !fixture.durable() {
        return;
    }
    let mut bench = Bench::new(fixture);
    let store = bench.named("one");
    let full = Insert {
        metadata: good(Metadata::new(vec![0, 0xff])),
        time_to_live: Some(Duration::from_secs(60)),
        ..Insert::new("v")
    };
    write(&store, "full", full);
    put(&store, "large", vec![7; 3_000_000]);
    write(&store, "large", Insert { mode: InsertMode::Append, ..Insert::new(vec![8; 500_000]) });
    put(&store, "deleted", "v");
    assert!(delete(&store, "deleted"));
    put(&bench.named("two"), "full", "of another store");
    bench.named("empty");
    let entries = [get(&store, "full"), get(&store, "large")];
    let infos = good(bench.stores.list().wait());
    drop(store);

    for _ in 0..2 {
        bench = bench.reopen();
        assert_eq!(good(bench.stores.list().wait()), infos);
        let store = there(&bench, "one");
        assert_eq!(keys(&store), ["full", "large"]);
        // Compared in two steps, so that a difference does not print megabytes.
        assert_eq!(get(&store, "full"), entries[0]);
        assert!(get(&store, "large") == entries[1], "the large value is another");
        assert_eq!(value(&there(&bench, "two"), "full").as_deref(), Some(&b"of another store"[..]));
        assert_eq!(keys(&there(&bench, "empty")), [""; 0]);
    }
    bench.clock.advance(Duration::from_secs(60));
    assert_eq!(get(&there(&bench, "one"), "full"), None, "it expires when it was to expire");
    assert_eq!(bench.sweep(10), 1);
}

pub(super) fn generations_go_on_after_a_reopen(fixture: &dyn Fixture) {
    if !fixture.durable() {
        return;
    }
    let mut bench = Bench::new(fixture);
    let mut last = put(&bench.store(), "k", "v");
    // The one with the largest generation is gone when the engine is opened again, and the clock is behind it.
    assert!(delete(&bench.store(), "k"));
    for round in 1..4 {
        bench.clock.set(Timestamp::from_micros(START - round * 1_000_000));
        bench = bench.reopen();
        let next = put(&bench.store(), "k", "v");
        assert!(next > last, "{next} after {last}");
        last = next;
    }
}

pub(super) fn writes_without_replies_are_there_after_a_reopen(fixture: &dyn Fixture) {
    if !fixture.durable() {
        return;
    }
    let bench = Bench::new(fixture);
    let store = bench.store();
    for number in 0..200 {
        drop(store.insert(key(&format!("k{number:03}")), Insert::new("v")));
    }
    drop(store);
    let bench = bench.reopen();
    assert_eq!(keys(&bench.store()).len(), 200);
}

pub(super) fn stores_keep_their_identity_and_cursors_over_a_reopen(fixture: &dyn Fixture) {
    if !fixture.durable() {
        return;
    }
    let bench = Bench::new(fixture);
    let store = bench.named("one");
    for at in ["a", "b", "c"] {
        put(&store, at, "v");
    }
    let page = list(&store, ListRequest { limit: Some(1), ..ListRequest::default() });
    let cursor = page.next.map(|next| next.to_string());
    drop(store);
    let bench = bench.reopen();
    let newer = bench.named("newer");
    let store = there(&bench, "one");
    assert!(newer.info().id != store.info().id, "an identity was given twice");
    let request = ListRequest { cursor: cursor.as_deref(), ..ListRequest::default() };
    assert_eq!(list(&store, request).keys.iter().collect::<Vec<_>>(), ["b", "c"]);
}

pub(super) fn renamed_and_deleted_stores_stay_so_after_a_reopen(fixture: &dyn Fixture) {
    if !fixture.durable() {
        return;
    }
    let mut bench = Bench::new(fixture);
    let renamed = bench.named("old");
    put(&renamed, "k", "v");
    let mut last = bench.named("deleted");
    bench.clock.advance(Duration::from_secs(7));
    let info = good(bench.stores.rename(renamed.info().id, &store_name("new")).wait());
    let Some(info) = info else { panic!("the store is gone") };
    drop(renamed);
    for _ in 0..3 {
        // The one with the largest identity is gone when the engine is opened again.
        let id = last.info().id;
        assert!(good(bench.stores.delete(id).wait()));
        drop(last);
        bench = bench.reopen();
        assert_eq!(good(bench.stores.list().wait()), std::slice::from_ref(&info));
        assert!(good(bench.stores.open_id(id).wait()).is_none());
        let store = good(bench.stores.open_id(info.id).wait());
        assert_eq!(store.and_then(|store| value(&store, "k")).as_deref(), Some(&b"v"[..]));
        last = bench.named("deleted");
        assert!(last.info().id > id, "an identity was given twice");
    }
}
