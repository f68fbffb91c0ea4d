//! Lookups, in one call.

use std::time::Duration;

use edgekv_store::{Insert, Key, KvError, Metadata, StoreName};
use wasmtime::component::Val;

use crate::fixture::Fixture;
use crate::values::{Answer, NONE, bytes, some};

/// A fixture with an entry that has metadata, and its generation.
fn with_entry() -> (Fixture, Val, u64) {
    let mut f = Fixture::new();
    let store = f.stores.open(&StoreName::new("store").unwrap()).wait().unwrap().unwrap();
    let insert = Insert { metadata: Metadata::new("meta").unwrap(), ..Insert::new("value") };
    let generation = store.insert(Key::new("k").unwrap(), insert).wait().unwrap();
    let store = f.open();
    (f, store, generation.get())
}

#[test]
fn a_get_gives_all_of_the_entry_at_once() {
    let (mut f, store, generation) = with_entry();
    let entry = f.on_store("get", &[store.clone(), bytes("k")]).ok();
    assert_eq!(entry.field("metadata"), some(bytes("meta")));
    assert_eq!(entry.field("generation"), Val::U64(generation));
    assert_eq!(f.read_all(&entry.field("body")), b"value");
    f.insert(&store, "plain", "x");
    let entry = f.on_store("get", &[store, bytes("plain")]).ok();
    assert_eq!(entry.field("metadata"), NONE);
}

#[test]
fn a_response_gives_its_value_once_in_any_of_three_ways() {
    let (mut f, store, generation) = with_entry();
    for way in ["take-body", "try-take-body", "take-body-bytes"] {
        let found = f.on_store("lookup", &[store.clone(), bytes("k")]).ok();
        let call =
            |f: &mut Fixture, name: &str| f.kv(&format!("[method]lookup-response.{name}"), &[found.clone()]);
        assert_eq!(call(&mut f, "metadata"), some(bytes("meta")));
        let first = match call(&mut f, way) {
            Val::Resource(body) => f.read_all(&Val::Resource(body)),
            Val::Option(body) => f.read_all(&body.unwrap()),
            list => list.to_bytes(),
        };
        assert_eq!(first, b"value");
        match call(&mut f, way) {
            Val::Resource(body) => assert_eq!(f.read_all(&Val::Resource(body)), b""),
            Val::Option(body) => assert_eq!(body, None),
            list => assert_eq!(list, bytes("")),
        }
        assert_eq!(call(&mut f, "generation"), Val::U64(generation), "the rest stays");
        assert_eq!(call(&mut f, "metadata"), some(bytes("meta")));
        f.guest.drop("kv-store.lookup-response", found);
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    let (mut f, store, _) = with_entry();
    let builder = f.on_store("build-insert", &[store.clone()]);
    f.kv("[method]insert-builder.time-to-live", &[builder.clone(), Val::U64(1_500)]);
    f.kv("[method]insert-builder.execute", &[builder, bytes("short"), bytes("x")]).ok();
    f.on_store("get", &[store.clone(), bytes("short")]).ok();
    f.clock.advance(Duration::from_millis(1_500));
    for key in ["none", "short"] {
        for method in ["get", "lookup", "delete"] {
            assert_eq!(f.on_store(method, &[store.clone(), bytes(key)]).error(), "not-found", "{method}");
        }
    }
    f.on_store("delete", &[store.clone(), bytes("k")]).ok();
    assert_eq!(f.on_store("get", &[store, bytes("k")]).error(), "not-found");
}

#[test]
fn a_key_that_cannot_be_one_is_refused_by_whatever_it_is_passed_to() {
    let (mut f, store, _) = with_entry();
    let builders = ["lookup", "insert", "delete"].map(|kind| {
        let builder = f.on_store(&format!("build-{kind}"), &[store.clone()]);
        (kind, builder)
    });
    let held = f.guest.held();
    let long = "k".repeat(1_025);
    for key in [&b""[..], b"\xff\xfe", b"what?", b"..", long.as_bytes()] {
        for method in ["get", "lookup", "lookup-async", "delete", "delete-async"] {
            let refused = f.on_store(method, &[store.clone(), bytes(key)]);
            assert_eq!(refused.error(), "invalid-argument", "{method} {key:?}");
        }
        let refused = f.on_store("insert", &[store.clone(), bytes(key), bytes("v")]);
        assert_eq!(refused.error(), "invalid-argument");
        for (kind, builder) in &builders {
            for execute in ["execute", "execute-async"] {
                let mut arguments = vec![builder.clone(), bytes(key)];
                if *kind == "insert" {
                    arguments.push(bytes("v"));
                }
                let refused = f.kv(&format!("[method]{kind}-builder.{execute}"), &arguments);
                assert_eq!(refused.error(), "invalid-argument", "{kind} {execute} {key:?}");
            }
        }
        for execute in ["execute-body", "execute-body-async"] {
            let value = f.body("v");
            let arguments = [builders[1].1.clone(), bytes(key), value];
            let refused = f.kv(&format!("[method]insert-builder.{execute}"), &arguments);
            assert_eq!(refused.error(), "invalid-argument");
        }
    }
    assert_eq!(f.guest.held(), held, "nothing is left of them");
}

#[test]
fn outcomes_are_those_of_the_store() {
    let (mut f, store, _) = with_entry();
    let name = StoreName::new("gone").unwrap();
    for (error, expected) in [
        (KvError::PreconditionFailed, "precondition-failed"),
        (KvError::PayloadTooLarge { bytes: 2, limit: 1 }, "payload-too-large"),
        (KvError::TooManyRequests, "too-many-requests"),
        (KvError::NoStore(name), "not-found"),
        (KvError::Closed, "internal-error"),
        (KvError::engine("broken"), "internal-error"),
    ] {
        f.script.fail_with(Some(error));
        for method in ["get", "lookup", "delete"] {
            assert_eq!(f.on_store(method, &[store.clone(), bytes("k")]).error(), expected, "{method}");
        }
        assert_eq!(f.on_store("insert", &[store.clone(), bytes("k"), bytes("v")]).error(), expected);
        let pending = f.on_store("lookup-async", &[store.clone(), bytes("k")]).ok();
        assert_eq!(f.kv("[static]pending-lookup.wait", &[pending]).error(), expected);
    }
}
