//! Operations that were started, on an engine that answers later.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::component::Val;

use crate::fixture::Fixture;
use crate::values::{Answer, NONE, bytes};

/// One of each kind, with the name of its resource.
fn operations(f: &mut Fixture, store: &Val) -> [(&'static str, Val); 4] {
    let insert = f.on_store("build-insert", &[store.clone()]);
    let list = f.on_store("build-list", &[store.clone()]);
    let started = [
        ("pending-lookup", f.on_store("lookup-async", &[store.clone(), bytes("k")]).ok()),
        (
            "pending-insert",
            f.kv("[method]insert-builder.execute-async", &[insert.clone(), bytes("k"), bytes("new")]).ok(),
        ),
        ("pending-delete", f.on_store("delete-async", &[store.clone(), bytes("other")]).ok()),
        ("pending-list", f.kv("[method]list-builder.execute-async", &[list.clone()]).ok()),
    ];
    f.guest.drop("kv-store.insert-builder", insert);
    f.guest.drop("kv-store.list-builder", list);
    started
}

fn subscribe(f: &mut Fixture, kind: &str, pending: &Val) -> Val {
    f.kv(&format!("[method]{kind}.subscribe"), std::slice::from_ref(pending))
}

fn wait(f: &mut Fixture, kind: &str, pending: Val) -> Val {
    f.kv(&format!("[static]{kind}.wait"), &[pending])
}

#[test]
fn what_is_done_needs_no_pollable() {
    let mut f = Fixture::new();
    let store = f.open();
    for (kind, pending) in operations(&mut f, &store) {
        assert_eq!(subscribe(&mut f, kind, &pending), NONE, "{kind}");
        f.guest.drop(&format!("kv-store.{kind}"), pending);
    }
    assert_eq!(f.guest.held(), (1, 0));
}

#[test]
fn what_is_under_way_becomes_ready_and_is_waited_for_then() {
    let mut f = Fixture::new();
    let store = f.open();
    f.insert(&store, "k", "value");
    f.script.hold_answers();
    let started = operations(&mut f, &store);
    let pollables = started.clone().map(|(kind, pending)| subscribe(&mut f, kind, &pending).present());
    assert!(!pollables.iter().any(|pollable| f.is_ready(pollable)));
    let script = Arc::clone(&f.script);
    std::thread::scope(|scope| {
        let waited = scope.spawn(|| f.poll(&pollables));
        script.answer();
        assert!(!waited.join().unwrap().is_empty());
    });
    assert_eq!(f.poll(&pollables), [0, 1, 2, 3], "the same ones can be asked again");
    let [lookup, insert, delete, list] = started;
    assert_eq!(subscribe(&mut f, lookup.0, &lookup.1), NONE);
    let entry = wait(&mut f, lookup.0, lookup.1).ok();
    assert_eq!(f.read_all(&entry.field("body")), b"value");
    wait(&mut f, insert.0, insert.1).ok();
    assert_eq!(wait(&mut f, delete.0, delete.1).error(), "not-found");
    assert_eq!(wait(&mut f, list.0, list.1).ok().field("keys"), Val::List(vec![bytes("k")]));
    f.guest.drop("bodies.body", entry.field("body"));
    assert!(f.is_ready(&pollables[0]), "of what is gone there is nothing to wait for");
    for pollable in pollables {
        f.guest.call("poll.[method]pollable.block", &[pollable.clone()]);
        f.guest.drop("poll.pollable", pollable);
    }
    assert_eq!(f.guest.held(), (1, 0));
    assert!(f.guest.store.data_mut().table.is_empty());
}

#[test]
fn a_wait_waits_with_a_pollable_and_without() {
    let mut f = Fixture::new();
    let store = f.open();
    f.insert(&store, "k", "value");
    for subscribed in [false, true] {
        f.script.answer_when_asked();
        let pending = f.on_store("lookup-async", &[store.clone(), bytes("k")]).ok();
        let pollable = subscribed.then(|| subscribe(&mut f, "pending-lookup", &pending));
        let found = f.kv("[static]pending-lookup.wait-response", &[pending]).ok();
        assert_eq!(f.kv("[method]lookup-response.take-body-bytes", &[found]), bytes("value"));
        drop(pollable);
    }
    f.script.answer_when_asked();
    assert_eq!(f.value(&store, "k").0, b"value");
    f.script.answer_when_asked();
    f.insert(&store, "k", "other");
}

#[test]
fn what_is_dropped_happens_and_is_no_longer_held() {
    let mut f = Fixture::new();
    let store = f.open();
    f.script.hold_answers();
    let started = operations(&mut f, &store);
    assert!(f.guest.held().1 >= "new".len(), "a write under way is counted");
    let pollable = subscribe(&mut f, started[1].0, &started[1].1).present();
    for (kind, pending) in started {
        f.guest.drop(&format!("kv-store.{kind}"), pending);
    }
    assert!(f.is_ready(&pollable), "nobody waits for ever for what is gone");
    assert_eq!(f.guest.held(), (1, 0));
    f.script.answer();
    assert_eq!(f.value(&store, "k").0, b"new");
}

#[test]
fn what_a_poll_has_brought_is_counted_by_who_asks_for_room() {
    let mut f = Fixture::new();
    let store = f.open();
    f.insert(&store, "k", &"v".repeat(10_000));
    f.script.hold_answers();
    let pending = f.on_store("lookup-async", &[store.clone(), bytes("k")]).ok();
    let pollable = subscribe(&mut f, "pending-lookup", &pending).present();
    f.script.answer();
    assert_eq!(f.poll(&[pollable]), [0]);
    assert_eq!(subscribe(&mut f, "pending-lookup", &pending), NONE);
    // A layer has taken it into its own memory.
    assert_eq!(f.guest.held().1, if crate::LAYER.is_none() { 10_000 } else { 0 });
}

#[test]
fn operations_overlap() {
    // Lower and upper bound far apart: one after the other they would need 200 ms.
    let mut f = Fixture::new();
    let store = f.open();
    f.script.answer_after(Duration::from_millis(20));
    let started = Instant::now();
    let pending: Vec<_> =
        (0..10).map(|n| f.on_store("lookup-async", &[store.clone(), bytes(format!("k{n}"))]).ok()).collect();
    for pending in pending {
        assert_eq!(wait(&mut f, "pending-lookup", pending).error(), "not-found");
    }
    let took = started.elapsed();
    assert_eq!(f.script.most_under_way(), 10, "all of them in the engine at a time");
    assert!((Duration::from_millis(20)..Duration::from_millis(150)).contains(&took), "{took:?}");
}
