//! Stores, and that they are apart.

use std::collections::BTreeSet;

use super::{Bench, Fixture, START, delete, get, good, keys, put, store_name, value};
use crate::clock::Timestamp;
use crate::error::KvError;

pub(super) fn stores_do_not_see_each_other(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let stores = ["one", "two", "three"].map(|name| (name, bench.named(name)));
    for (name, store) in &stores {
        put(store, "same", *name);
        put(store, &format!("only {name}"), "v");
    }
    for (name, store) in &stores {
        assert_eq!(value(store, "same").as_deref(), Some(name.as_bytes()));
        assert_eq!(keys(store), [format!("only {name}"), "same".into()]);
    }
    let [(_, one), (_, two), _] = &stores;
    assert!(delete(one, "same"));
    assert_eq!(get(one, "same"), None);
    assert_eq!(value(two, "same").as_deref(), Some(&b"two"[..]));
}

pub(super) fn a_store_is_created_once(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let name = store_name("mystore");
    assert!(good(bench.stores.open(&name).wait()).is_none());
    let store = good(bench.stores.create(&name).wait());
    assert_eq!((&store.info().name, store.info().created_at), (&name, Timestamp::from_micros(START)));
    put(&store, "k", "v");
    let again = bench.stores.create(&name).wait();
    assert!(matches!(&again, Err(KvError::StoreExists(exists)) if *exists == name), "{again:?}");
    let opened = good(bench.stores.open(&name).wait());
    let Some(opened) = opened else { panic!("the store is gone") };
    assert_eq!(opened.info(), store.info());
    assert_eq!(value(&opened, "k").as_deref(), Some(&b"v"[..]));
    // Names are told apart by every byte.
    assert!(good(bench.stores.open(&store_name("mystor")).wait()).is_none());
    assert!(good(bench.stores.open(&store_name("Mystore")).wait()).is_none());
}

pub(super) fn stores_are_listed_by_name(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    assert_eq!(good(bench.stores.list().wait()), []);
    let names = ["b", "é", "a", "B", " ", "b b"];
    let ids: BTreeSet<_> = names.map(|name| bench.named(name).info().id).into();
    assert_eq!(ids.len(), names.len(), "every store has an identity of its own");
    let listed: Vec<_> = good(bench.stores.list().wait()).into_iter().map(|info| info.name).collect();
    assert_eq!(listed, [" ", "B", "a", "b", "b b", "é"].map(store_name));
}

pub(super) fn concurrent_creates_have_one_winner(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let name = store_name("wanted");
    let created: usize = std::thread::scope(|scope| {
        let create = || match bench.stores.create(&name).wait() {
            Ok(_) => 1,
            Err(KvError::StoreExists(_)) => 0,
            Err(error) => panic!("{error}"),
        };
        let threads = [(); 8].map(|()| scope.spawn(create));
        let joined = threads.into_iter().map(|thread| match thread.join() {
            Ok(won) => won,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.sum()
    });
    assert_eq!(created, 1);
    assert_eq!(good(bench.stores.list().wait()).len(), 1);
}
