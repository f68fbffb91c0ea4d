//! What a program may have the feature keep, and how it is told.

use edgekv_store::Limits;
use wasmtime::component::Val;

use crate::fixture::Fixture;
use crate::values::{Answer, bytes, case};

/// Starts lookups until one is refused, and gives those that were not.
fn never_waiting(f: &mut Fixture, store: &Val, most: usize) -> Vec<Val> {
    let mut started = Vec::new();
    while started.len() < most {
        match f.on_store("lookup-async", &[store.clone(), bytes("k")]) {
            Val::Result(Ok(Some(pending))) => started.push(*pending),
            refused => {
                assert_eq!(refused.error(), "limit-exceeded");
                return started;
            }
        }
    }
    panic!("{most} lookups were started, and nobody has counted them");
}

#[test]
fn a_program_that_never_waits_is_told_and_goes_on_when_it_has_waited() {
    for (length, most) in [(1024 * 1024, 40), (1, 40_000)] {
        let mut f = Fixture::new();
        let store = f.open();
        let value = f.body(vec![7; length]);
        let builder = f.on_store("build-insert", &[store.clone()]);
        f.kv("[method]insert-builder.execute-body", &[builder, bytes("k"), value]).ok();
        let mut started = never_waiting(&mut f, &store, most);
        assert!(started.len() > most / 2, "{} of {length} bytes", started.len());
        let refused = f.on_store("delete-async", &[store.clone(), bytes("other")]);
        assert_eq!(refused.error(), "limit-exceeded");
        for pending in started.split_off(started.len() - 2) {
            let entry = f.kv("[static]pending-lookup.wait", &[pending]).ok();
            f.guest.drop("bodies.body", entry.field("body"));
        }
        started.push(f.on_store("lookup-async", &[store, bytes("k")]).ok());
        for pending in started {
            f.guest.drop("kv-store.pending-lookup", pending);
        }
    }
}

#[test]
fn what_the_host_refuses_is_told_by_the_call_that_starts() {
    let mut f = Fixture::with(Limits::default(), |ctx| ctx.max_handles(2));
    let store = f.open();
    let [insert, list] =
        ["insert", "list"].map(|kind| f.on_store(&format!("build-{kind}"), &[store.clone()]));
    f.insert(&store, "k", "v");
    let body = f.body("x");
    for method in ["lookup-async", "delete-async"] {
        assert_eq!(f.on_store(method, &[store.clone(), bytes("k")]).error(), "limit-exceeded", "{method}");
    }
    let write = [insert, bytes("k"), bytes("v")];
    assert_eq!(f.kv("[method]insert-builder.execute-async", &write).error(), "limit-exceeded");
    assert_eq!(f.kv("[method]list-builder.execute-async", &[list]).error(), "limit-exceeded");
    f.guest.drop("bodies.body", body);
    assert_eq!(f.value(&store, "k").0, b"v", "there is room again");
}

#[test]
fn a_value_that_has_no_room_is_told_by_the_lookup_and_not_when_it_is_taken() {
    let mut f = Fixture::with(Limits::default(), |ctx| ctx.max_held_bytes(10_000));
    let store = f.open();
    f.insert(&store, "k", &"v".repeat(6_000));
    let found = f.on_store("lookup", &[store.clone(), bytes("k")]).ok();
    assert_eq!(f.on_store("lookup", &[store.clone(), bytes("k")]).error(), "limit-exceeded");
    let pending = f.on_store("lookup-async", &[store, bytes("k")]).ok();
    assert_eq!(f.kv("[static]pending-lookup.wait-response", &[pending]).error(), "limit-exceeded");
    let value = f.kv("[method]lookup-response.take-body-bytes", &[found]);
    assert_eq!(value, bytes("v".repeat(6_000)));
}

#[test]
fn what_is_no_value_is_told_before_what_is_wrong_with_the_options() {
    let mut f = Fixture::new();
    let store = f.open();
    let builder = f.on_store("build-insert", &[store]);
    f.kv("[method]insert-builder.metadata", &[builder.clone(), bytes([7; 2_001])]);
    f.kv("[method]insert-builder.mode", &[builder.clone(), case("add")]);
    let (streaming, _receiver) = f.streaming();
    let write = [builder.clone(), bytes("k"), streaming];
    assert_eq!(f.kv("[method]insert-builder.execute-body-async", &write).error(), "bad-request");
    let write = [builder, bytes("k"), f.body("v")];
    let pending = f.kv("[method]insert-builder.execute-body-async", &write).ok();
    assert_eq!(f.kv("[static]pending-insert.wait", &[pending]).error(), "bad-request");
}
