//! `edgekv:platform/origin`.

use std::sync::Arc;
use std::time::Duration;

use edgekv_store::{KvError, Limits, StoreName};
use wasmtime::component::Val;

use crate::fixture::{Fixture, START};
use crate::values::{Answer, NONE, bytes, some};

fn open(f: &mut Fixture) -> Val {
    f.origin("open", &[bytes("store")]).ok().present()
}

fn entry(value: &str, metadata: &str, expires_at: Option<u64>) -> Val {
    Val::Record(vec![
        ("value".to_owned(), bytes(value)),
        ("metadata".to_owned(), bytes(metadata)),
        ("expires-at".to_owned(), expires_at.map_or(NONE, |at| some(Val::U64(at)))),
        ("background-fetch".to_owned(), Val::Bool(false)),
    ])
}

fn condition(name: &str, generation: Option<u64>) -> Val {
    Val::Variant(name.to_owned(), generation.map(|generation| Box::new(Val::U64(generation))))
}

fn put(f: &mut Fixture, store: &Val, key: &str, entry: Val, condition: Val) -> Val {
    f.origin("[method]store.put", &[store.clone(), bytes(key), entry, condition])
}

fn get(f: &mut Fixture, store: &Val, key: &str) -> Val {
    f.origin("[method]store.get", &[store.clone(), bytes(key), Val::Bool(false)])
}

fn delete(f: &mut Fixture, store: &Val, key: &str, generation: Option<u64>) -> Val {
    let generation = generation.map_or(NONE, |generation| some(Val::U64(generation)));
    f.origin("[method]store.delete", &[store.clone(), bytes(key), generation])
}

fn range(prefix: &str, after: Option<&str>, limit: u32) -> Val {
    Val::Record(vec![
        ("prefix".to_owned(), bytes(prefix)),
        ("after".to_owned(), after.map_or(NONE, |after| some(bytes(after)))),
        ("limit".to_owned(), Val::U32(limit)),
        ("eventual".to_owned(), Val::Bool(false)),
    ])
}

fn scan(f: &mut Fixture, store: &Val, range: Val) -> Val {
    f.origin("[method]store.scan", &[store.clone(), range])
}

#[test]
fn a_platform_tells_its_limits_its_clock_and_its_stores() {
    let limits = Limits { max_value_bytes: 77, ..Limits::default() };
    let hide = |ctx: edgekv_host::KvCtxBuilder| ctx.hide_store(StoreName::new("hidden").unwrap());
    let mut f = Fixture::with(limits, hide);
    let hidden = f.stores.create(&StoreName::new("hidden").unwrap()).wait().unwrap();
    let told = f.origin("get-limits", &[]);
    assert_eq!(
        (told.field("max-value-bytes"), told.field("max-list-limit")),
        (Val::U64(77), Val::U32(1_000))
    );
    assert_eq!(f.origin("now", &[]), Val::U64(START.as_micros()));
    let (one, two) = (open(&mut f), open(&mut f));
    let id = f.origin("[method]store.id", &[one.clone()]);
    assert_eq!(f.origin("[method]store.id", &[two]), id);
    assert_ne!(id, Val::U64(hidden.info().id.get()));
    f.guest.drop("origin.store", one);
    for name in ["missing", "hidden"] {
        assert_eq!(f.origin("open", &[bytes(name)]).ok(), NONE, "{name}");
    }
    assert_eq!(f.guest.store.data().kv.missing_stores().count(), 2);
    assert_eq!(f.origin("open", &[bytes("")]).error(), "invalid-argument");
    assert_eq!(f.origin("open", &[bytes(b"\xff")]).error(), "invalid-argument");
}

#[test]
fn an_entry_is_what_was_put() {
    let mut f = Fixture::new();
    let store = open(&mut f);
    assert_eq!(get(&mut f, &store, "k").of_case("ready").ok(), NONE);
    let expires_at = START.as_micros() + 1_234_567;
    let new = entry("value", "meta", Some(expires_at));
    let generation = put(&mut f, &store, "k", new, condition("any", None)).of_case("ready").ok();
    let found = get(&mut f, &store, "k").of_case("ready").ok().present();
    assert_eq!(found.field("value"), bytes("value"));
    assert_eq!(found.field("metadata"), bytes("meta"));
    assert_eq!(found.field("generation"), generation);
    assert_eq!(found.field("expires-at"), some(Val::U64(expires_at)));
    assert_eq!(f.guest.held(), (1, 0), "what is answered at once is not kept");
    f.clock.advance(Duration::from_micros(1_234_567));
    assert_eq!(get(&mut f, &store, "k").of_case("ready").ok(), NONE);
    let past = entry("value", "", Some(0));
    put(&mut f, &store, "k", past, condition("any", None)).of_case("ready").ok();
    assert_eq!(get(&mut f, &store, "k").of_case("ready").ok(), NONE, "expired before it was put");
}

#[test]
fn a_fresh_read_is_past_the_cache_of_the_host() {
    let mut f = Fixture::cached();
    let store = open(&mut f);
    let value = |f: &mut Fixture, fresh| {
        let found = f.origin("[method]store.get", &[store.clone(), bytes("k"), Val::Bool(fresh)]);
        found.of_case("ready").ok().present().field("value")
    };
    put(&mut f, &store, "k", entry("old", "", None), condition("any", None)).of_case("ready").ok();
    assert_eq!(value(&mut f, false), bytes("old"));
    f.write_past_the_cache("k", "new");
    assert_eq!((value(&mut f, false), value(&mut f, true)), (bytes("old"), bytes("new")));
}

#[test]
fn a_put_and_a_delete_keep_their_condition() {
    let mut f = Fixture::new();
    let store = open(&mut f);
    let plain = || entry("v", "", None);
    let put = |f: &mut Fixture, condition| put(f, &store, "k", plain(), condition).of_case("ready");
    assert_eq!(put(&mut f, condition("generation", Some(7))).error(), "conflict");
    let first = put(&mut f, condition("absent", None)).ok().to_u64();
    assert_eq!(put(&mut f, condition("absent", None)).error(), "conflict");
    let second = put(&mut f, condition("generation", Some(first))).ok().to_u64();
    assert_eq!(put(&mut f, condition("generation", Some(first))).error(), "conflict");
    assert_eq!(delete(&mut f, &store, "k", Some(first)).of_case("ready").error(), "conflict");
    assert_eq!(delete(&mut f, &store, "k", Some(second)).of_case("ready").ok(), Val::Bool(true));
    assert_eq!(delete(&mut f, &store, "k", None).of_case("ready").ok(), Val::Bool(false));
}

#[test]
fn a_scan_gives_keys_of_its_range() {
    let mut f = Fixture::new();
    let store = open(&mut f);
    for key in ["a", "b/1", "b/2", "b/3", "c"] {
        put(&mut f, &store, key, entry("", "", None), condition("any", None)).of_case("ready").ok();
    }
    let keys = |keys: &[&str]| Val::List(keys.iter().map(bytes).collect());
    for (range, expected, more) in [
        (range("", None, 10), &["a", "b/1", "b/2", "b/3", "c"][..], false),
        (range("b/", None, 2), &["b/1", "b/2"], true),
        (range("b/", Some("b/2"), 2), &["b/3"], false),
        (range("", Some("b/3"), 2), &["c"], false),
        (range("b/", Some("a"), 2), &["b/1", "b/2"], true),
        (range("b/", Some("c"), 2), &[], false),
        (range("none", None, u32::MAX), &[], false),
    ] {
        let page = scan(&mut f, &store, range.clone()).of_case("ready").ok();
        assert_eq!(page.field("keys"), keys(expected), "{range:?}");
        assert_eq!(page.field("more"), Val::Bool(more), "{range:?}");
    }
    let long = "p".repeat(1_025);
    for refused in [range("", None, 0), range(&long, None, 1), range("", Some("what?"), 1)] {
        assert_eq!(scan(&mut f, &store, refused).of_case("ready").error(), "invalid-argument");
    }
}

#[test]
fn refusals_have_their_names() {
    let mut f = Fixture::with(Limits { max_value_bytes: 4, ..Limits::default() }, |ctx| ctx);
    let store = open(&mut f);
    let any = || condition("any", None);
    let refused = put(&mut f, &store, "k", entry("12345", "", None), any()).of_case("ready").error();
    assert_eq!(refused, "too-large");
    let refused =
        put(&mut f, &store, "k", entry("", &"m".repeat(2_001), None), any()).of_case("ready").error();
    assert_eq!(refused, "invalid-argument");
    for key in ["", "what?"] {
        assert_eq!(get(&mut f, &store, key).of_case("ready").error(), "invalid-argument");
        assert_eq!(delete(&mut f, &store, key, None).of_case("ready").error(), "invalid-argument");
        let refused = put(&mut f, &store, key, entry("", "", None), any()).of_case("ready").error();
        assert_eq!(refused, "invalid-argument");
    }
    let name = StoreName::new("store").unwrap();
    for (error, expected) in [
        (KvError::TooManyRequests, "too-many-requests"),
        (KvError::NoStore(name), "no-store"),
        (KvError::Closed, "failed"),
        (KvError::engine("broken"), "failed"),
    ] {
        f.script.fail_with(Some(error));
        assert_eq!(get(&mut f, &store, "k").of_case("ready").error(), expected);
        assert_eq!(delete(&mut f, &store, "k", None).of_case("ready").error(), expected);
        assert_eq!(scan(&mut f, &store, range("", None, 1)).of_case("ready").error(), expected);
        let refused = put(&mut f, &store, "k", entry("", "", None), any()).of_case("ready").error();
        assert_eq!(refused, expected);
    }
}

#[test]
fn what_comes_later_is_taken_once() {
    let mut f = Fixture::new();
    let store = open(&mut f);
    f.script.hold_answers();
    let started = [
        ("get", get(&mut f, &store, "k").of_case("later")),
        ("put", put(&mut f, &store, "k", entry("v", "", None), condition("any", None)).of_case("later")),
        ("delete", delete(&mut f, &store, "other", None).of_case("later")),
        ("scan", scan(&mut f, &store, range("", None, 9)).of_case("later")),
    ];
    let take = |f: &mut Fixture, kind: &str, pending: &Val| {
        f.origin(&format!("[method]pending-{kind}.take"), std::slice::from_ref(pending))
    };
    let mut pollables = Vec::new();
    for (kind, pending) in &started {
        assert_eq!(take(&mut f, kind, pending), NONE, "{kind}");
        let subscribed =
            f.origin(&format!("[method]pending-{kind}.subscribe"), std::slice::from_ref(pending));
        assert!(!f.is_ready(&subscribed));
        pollables.push(subscribed);
    }
    let script = Arc::clone(&f.script);
    std::thread::scope(|scope| {
        let waited = scope.spawn(|| f.poll(&pollables));
        script.answer();
        assert!(!waited.join().unwrap().is_empty());
    });
    assert_eq!(f.poll(&pollables), [0, 1, 2, 3]);
    let answers = started.clone().map(|(kind, pending)| take(&mut f, kind, &pending).present().ok());
    assert_eq!(answers[0], NONE);
    assert!(answers[1].to_u64() > 0);
    assert_eq!(answers[2], Val::Bool(false));
    assert_eq!(answers[3].field("keys"), Val::List(vec![bytes("k")]));
    let late = f.origin("[method]pending-get.subscribe", &[started[0].1.clone()]);
    assert!(f.is_ready(&late));
    for (kind, pending) in started {
        f.guest.drop(&format!("origin.pending-{kind}"), pending);
    }
    assert_eq!(f.guest.held(), (1, 0));
    f.script.hold_answers();
    let pending = get(&mut f, &store, "k").of_case("later");
    f.script.answer();
    take(&mut f, "get", &pending).present().ok();
    let again = f.guest.try_call("origin.[method]pending-get.take", &[pending]);
    let message = format!("{:?}", again.unwrap_err());
    assert!(message.contains("was taken already"), "{message}");
}
