//! Sweeps.

use std::time::Duration;

use super::{Bench, Fixture, get, good, key, keys, put, value, write};
use crate::insert::Insert;

fn ttl(seconds: u64) -> Insert {
    Insert { time_to_live: Some(Duration::from_secs(seconds)), ..Insert::new("v") }
}

/// Whether the engine still has an entry, expired or not.
#[track_caller]
fn kept(bench: &Bench<'_>, store: &str, at: &str) -> bool {
    let opened = good(bench.engine.open(&super::store_name(store)).wait());
    let Some(store) = opened else { panic!("store {store:?} is gone") };
    good(store.lookup(key(at)).wait()).is_some()
}

pub(super) fn a_sweep_removes_what_has_expired_and_nothing_else(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    write(&store, "soon", ttl(1));
    write(&store, "large", Insert { value: vec![7; 300_000].into(), ..ttl(1) });
    write(&store, "later", ttl(3));
    put(&store, "never", "v");
    assert_eq!(bench.sweep(10), 0, "nothing has expired");
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(bench.sweep(10), 2);
    assert!(!kept(&bench, "store", "soon") && !kept(&bench, "store", "large"));
    assert_eq!(keys(&store), ["later", "never"]);
    assert_eq!(bench.sweep(10), 0, "they are gone already");
    bench.clock.advance(Duration::from_secs(2));
    assert_eq!(bench.sweep(10), 1);
    assert_eq!(keys(&store), ["never"]);
    put(&store, "soon", "again");
    assert_eq!(value(&store, "soon").as_deref(), Some(&b"again"[..]));
}

pub(super) fn a_sweep_takes_no_more_than_it_may(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    for number in 0..25 {
        write(&store, &format!("k{number}"), ttl(1));
    }
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!([bench.sweep(10), bench.sweep(10), bench.sweep(10), bench.sweep(10)], [10, 10, 5, 0]);
}

pub(super) fn a_sweep_leaves_what_was_written_anew(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    for at in ["overwritten", "prolonged", "deleted and back"] {
        write(&store, at, ttl(1));
    }
    put(&store, "overwritten", "new");
    write(&store, "prolonged", ttl(100));
    assert!(super::delete(&store, "deleted and back"));
    put(&store, "deleted and back", "new");
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(bench.sweep(10), 0);
    assert_eq!(keys(&store), ["deleted and back", "overwritten", "prolonged"]);
    // Shortened entries go when they now say, not when they first said.
    write(&store, "prolonged", ttl(1));
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(bench.sweep(10), 1);
    assert_eq!(get(&store, "prolonged"), None);
}

pub(super) fn a_sweep_goes_through_all_stores(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    for name in ["one", "two", "three"] {
        let store = bench.named(name);
        write(&store, "k", ttl(1));
        put(&store, "stays", "v");
    }
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(bench.sweep(2) + bench.sweep(2), 3);
    for name in ["one", "two", "three"] {
        assert!(!kept(&bench, name, "k") && kept(&bench, name, "stays"), "{name}");
    }
}
