//! Stores, and that they are apart.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Bench, Fixture, START, delete, get, gone, good, key, keys, put, store_name, value, write};
use crate::clock::Timestamp;
use crate::error::KvError;
use crate::insert::{Insert, InsertMode};
use crate::list::ListRequest;
use crate::name::{StoreId, StoreInfo, StoreName};
use crate::reply::Reply;
use crate::stores::KvStore;

/// The names of all stores.
#[track_caller]
fn names(bench: &Bench<'_>) -> Vec<StoreName> {
    good(bench.stores.list().wait()).into_iter().map(|info| info.name).collect()
}

#[track_caller]
fn rename(bench: &Bench<'_>, id: StoreId, name: &str) -> Option<StoreInfo> {
    good(bench.stores.rename(id, &store_name(name)).wait())
}

/// Every operation of a handle says that its store is gone.
#[track_caller]
fn all_gone(store: &KvStore) {
    gone(store.lookup(key("k")).wait());
    gone(store.find(key("k")).wait());
    gone(store.read(key("k")).wait());
    gone(store.insert(key("k"), Insert::new("v")).wait());
    gone(store.insert(key("k"), Insert { mode: InsertMode::Append, ..Insert::new("v") }).wait());
    gone(store.delete(key("k"), None).wait());
    gone(store.list(ListRequest::default()).wait());
}

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

pub(super) fn a_store_is_opened_by_its_identity(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let stores = ["one", "two", "three"].map(|name| bench.named(name));
    for store in &stores {
        put(store, "k", store.info().name.to_string());
    }
    for store in &stores {
        let opened = good(bench.stores.open_id(store.info().id).wait());
        let Some(opened) = opened else { panic!("{:?} is not found", store.info()) };
        assert_eq!(opened.info(), store.info());
        assert_eq!(value(&opened, "k"), Some(store.info().name.to_string().into()));
    }
    let last = stores.iter().map(|store| store.info().id.get()).max().unwrap_or_default();
    for none in [0, last + 1, u64::MAX] {
        assert!(good(bench.stores.open_id(StoreId::new(none)).wait()).is_none(), "{none}");
        assert_eq!(rename(&bench, StoreId::new(none), "four"), None);
        assert!(!good(bench.stores.delete(StoreId::new(none)).wait()));
    }
    assert_eq!(names(&bench), ["one", "three", "two"].map(store_name));
}

pub(super) fn a_renamed_store_keeps_its_identity_entries_and_handles(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.named("old");
    let StoreInfo { id, created_at, .. } = *store.info();
    assert_eq!(store.info().updated_at, created_at);
    put(&store, "k", "v");
    bench.clock.advance(Duration::from_secs(7));
    let info = rename(&bench, id, "new");
    let updated_at = Timestamp::from_micros(START + 7_000_000);
    let expected = StoreInfo { id, name: store_name("new"), created_at, updated_at };
    assert_eq!(info.as_ref(), Some(&expected));
    assert_eq!(good(bench.stores.list().wait()), std::slice::from_ref(&expected));
    assert!(good(bench.stores.open(&store_name("old")).wait()).is_none());
    let opened = [good(bench.stores.open(&store_name("new")).wait()), good(bench.stores.open_id(id).wait())];
    for opened in opened {
        let Some(opened) = opened else { panic!("the store is gone") };
        assert_eq!(opened.info(), &expected);
        assert_eq!(value(&opened, "k").as_deref(), Some(&b"v"[..]));
        put(&opened, "seen by all", "v");
    }
    // The handle from before is one of the same store.
    assert_eq!(keys(&store), ["k", "seen by all"]);
    put(&store, "written by the old handle", "v");
    let Some(opened) = good(bench.stores.open(&store_name("new")).wait()) else {
        panic!("the store is gone")
    };
    assert!(get(&opened, "written by the old handle").is_some());
    // Its own name is not taken by another store, and is nothing new.
    bench.clock.advance(Duration::from_secs(7));
    assert_eq!(rename(&bench, id, "new"), Some(expected));
}

pub(super) fn a_name_that_is_taken_is_refused_and_one_that_is_free_again_is_given(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let [one, two] = ["one", "two"].map(|name| bench.named(name).info().id);
    let taken = bench.stores.rename(one, &store_name("two")).wait();
    assert!(matches!(&taken, Err(KvError::StoreExists(name)) if *name == store_name("two")), "{taken:?}");
    assert_eq!(names(&bench), ["one", "two"].map(store_name));
    // In a circle, without waiting for each.
    let renames = [(one, "three"), (two, "one"), (one, "two")]
        .map(|(id, name)| bench.stores.rename(id, &store_name(name)));
    for reply in renames {
        assert!(good(reply.wait()).is_some());
    }
    let listed: Vec<_> =
        good(bench.stores.list().wait()).into_iter().map(|info| (info.id, info.name)).collect();
    assert_eq!(listed, [(two, store_name("one")), (one, store_name("two"))]);
    let three = good(bench.stores.create(&store_name("three")).wait());
    assert!(![one, two].contains(&three.info().id));
}

pub(super) fn a_deleted_store_is_gone_for_all_its_handles(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let (before, other) = (bench.named("old"), bench.named("other"));
    let id = before.info().id;
    put(&other, "k", "v");
    put(&before, "k", "v");
    assert!(delete(&before, "k"));
    rename(&bench, id, "new");
    let Some(after) = good(bench.stores.open_id(id).wait()) else { panic!("the store is gone") };
    assert!(good(bench.stores.delete(id).wait()));
    for store in [&before, &after] {
        all_gone(store);
    }
    for name in ["old", "new"] {
        assert!(good(bench.stores.open(&store_name(name)).wait()).is_none(), "{name}");
    }
    assert!(good(bench.stores.open_id(id).wait()).is_none());
    assert_eq!(rename(&bench, id, "again"), None);
    assert!(!good(bench.stores.delete(id).wait()), "it is gone already");
    assert_eq!(names(&bench), ["other"].map(store_name));
    assert_eq!(value(&other, "k").as_deref(), Some(&b"v"[..]));
}

pub(super) fn a_store_with_entries_is_not_deleted(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    // The entries around it are of other stores, or have expired.
    let (before, after) = (bench.named("a"), bench.named("z"));
    put(&before, "k", "v");
    put(&after, "k", "v");
    for at in ["a", "z"] {
        write(&store, at, Insert { time_to_live: Some(Duration::ZERO), ..Insert::new("v") });
    }
    write(&store, "k", Insert { time_to_live: Some(Duration::from_micros(1)), ..Insert::new("") });
    let refused = bench.stores.delete(store.info().id).wait();
    assert!(
        matches!(&refused, Err(KvError::StoreNotEmpty(name)) if *name == store.info().name),
        "{refused:?}"
    );
    assert_eq!(keys(&store), ["k"]);
    put(&store, "l", "v");
    bench.clock.advance(Duration::from_micros(1));
    assert!(delete(&store, "l"));
    assert!(good(bench.stores.delete(store.info().id).wait()));
    assert_eq!((keys(&before).len(), keys(&after).len()), (1, 1));
}

pub(super) fn a_store_whose_entries_have_expired_is_deleted_with_them(fixture: &dyn Fixture) {
    /// More than go in one step, in engines that have steps.
    const ENTRIES: usize = 2500;
    let bench = Bench::new(fixture);
    let (store, other) = (bench.store(), bench.named("other"));
    let expired = || Insert { time_to_live: Some(Duration::ZERO), ..Insert::new("v") };
    let replies: Vec<_> =
        (0..ENTRIES).map(|number| store.insert(key(&format!("k{number}")), expired())).collect();
    for reply in replies {
        good(reply.wait());
    }
    write(&store, "large", Insert { time_to_live: Some(Duration::ZERO), ..Insert::new(vec![7; 600_000]) });
    put(&other, "k", "v");
    assert!(good(bench.stores.delete(store.info().id).wait()));
    // The engine goes on with what is left, and a sweep with what it has not come to. Nothing comes back.
    let mut swept = 0;
    for _ in 0..=ENTRIES {
        match bench.sweep(1000) {
            0 => break,
            step => swept += step,
        }
    }
    assert!(swept <= ENTRIES, "{swept}");
    assert_eq!(bench.sweep(1000), 0);
    all_gone(&store);
    assert_eq!(keys(&bench.store()), [""; 0]);
    assert_eq!(keys(&other), ["k"]);
}

pub(super) fn a_store_made_anew_is_another_one(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let mut ids = BTreeSet::new();
    for _ in 0..5 {
        let store = bench.store();
        assert!(ids.insert(store.info().id), "an identity was given twice");
        put(&store, "k", "v");
        assert!(delete(&store, "k"));
        assert!(good(bench.stores.delete(store.info().id).wait()));
        let again = bench.store();
        assert_eq!(keys(&again), [""; 0]);
        put(&again, "k", "new");
        all_gone(&store);
        assert_eq!(value(&again, "k").as_deref(), Some(&b"new"[..]));
        assert!(delete(&again, "k"));
        ids.insert(again.info().id);
        assert!(good(bench.stores.delete(again.info().id).wait()));
    }
    assert_eq!(ids.len(), 10, "{ids:?}");
}

pub(super) fn writes_behind_a_delete_of_their_store_are_refused(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    for _ in 0..20 {
        let store = bench.store();
        let id = store.info().id;
        // None is waited for, so that all may become one step of the engine.
        let first = store.insert(key("k"), Insert::new("v"));
        let not_empty = bench.stores.delete(id);
        let emptied = store.delete(key("k"), None);
        let deleted = bench.stores.delete(id);
        let refused = store.insert(key("k"), Insert::new("v"));
        let none = store.delete(key("k"), None);
        let renamed = bench.stores.rename(id, &store_name("other"));
        let again: Reply<KvStore> = bench.stores.create(&store_name("store"));
        good(first.wait());
        assert!(matches!(not_empty.wait(), Err(KvError::StoreNotEmpty(_))));
        assert!(good(emptied.wait()));
        assert!(good(deleted.wait()));
        gone(refused.wait());
        gone(none.wait());
        assert_eq!(good(renamed.wait()), None);
        let again = good(again.wait());
        assert_eq!(keys(&again), [""; 0]);
        assert!(good(bench.stores.delete(again.info().id).wait()));
    }
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
