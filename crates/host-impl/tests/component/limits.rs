//! What a component may make the host keep.

use edgekv_store::Limits;
use wasmtime::component::Val;

use crate::fixture::Fixture;
use crate::values::{Answer, bytes, case};

fn with_handles(max: usize) -> Fixture {
    Fixture::with(Limits::default(), |ctx| ctx.max_handles(max))
}

fn with_bytes(max: usize) -> Fixture {
    Fixture::with(Limits::default(), |ctx| ctx.max_held_bytes(max))
}

/// The message of a trap.
fn trap(called: wasmtime::Result<Val>) -> String {
    let error = called.unwrap_err();
    error.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[test]
fn an_object_too_many_is_told_as_an_error_where_there_is_one() {
    let mut f = with_handles(2);
    let store = f.open();
    f.insert(&store, "k", "v");
    let body = f.body("x");
    assert_eq!(f.bodies("new-body", &[]).error(), "limit-exceeded");
    assert_eq!(f.bodies("from-bytes", &[bytes("x")]).error(), "limit-exceeded");
    assert_eq!(f.kv("open", &[bytes("store")]).error(), "limit-exceeded");
    for method in ["get", "lookup", "lookup-async", "delete-async"] {
        let refused = f.on_store(method, &[store.clone(), bytes("k")]);
        assert_eq!(refused.error(), "limit-exceeded", "{method}");
    }
    assert_eq!(f.guest.call("log.get", &[bytes("log")]).error(), "limit-exceeded");
    assert_eq!(f.origin("open", &[bytes("store")]).error(), "limit-exceeded");
    f.guest.drop("bodies.body", body);
    assert_eq!(f.value(&store, "k").0, b"v", "there is room again");
}

#[test]
fn an_object_too_many_is_a_trap_that_says_so_where_there_is_no_error() {
    for kind in ["lookup", "insert", "delete", "list"] {
        let mut f = with_handles(1);
        let store = f.open();
        let build = format!("kv-store.[method]store.build-{kind}");
        for few in 0..16 {
            assert!(f.guest.try_call(&build, &[store.clone()]).is_ok(), "{few}: some do not count");
        }
        let message = trap(f.guest.try_call(&build, &[store]));
        assert!(message.contains("this instance has 1 objects already, which is its limit"), "{message}");
    }
    let mut f = with_handles(2);
    let store = f.open();
    f.insert(&store, "k", "v");
    let found = f.on_store("lookup", &[store, bytes("k")]).ok();
    let message = trap(f.guest.try_call("kv-store.[method]lookup-response.take-body", &[found]));
    assert!(message.contains("which is its limit"), "{message}");
}

#[test]
fn bytes_too_many_are_refused_and_what_is_there_stays() {
    let mut f = with_bytes(10_000);
    assert_eq!(f.bodies("from-bytes", &[bytes([0; 10_001])]).error(), "limit-exceeded");
    let body = f.body([1; 6_000]);
    let more = [body.clone(), bytes([2; 6_000]), case("back")];
    assert_eq!(f.on_body("write", &more).error(), "limit-exceeded");
    let trailer = [body.clone(), bytes("n"), bytes([b'v'; 4_000])];
    assert_eq!(f.on_body("append-trailer", &trailer).error(), "limit-exceeded");
    assert_eq!(f.read_all(&body), [1; 6_000]);
    let body = f.body([1; 9_000]);
    let store = f.open();
    let refused = f.on_store("insert", &[store.clone(), bytes("k"), bytes([3; 2_000])]);
    assert_eq!(refused.error(), "limit-exceeded");
    let list = f.on_store("build-list", &[store]);
    f.kv("[method]list-builder.prefix", &[list.clone(), bytes([b'p'; 2_000])]);
    let refused = f.kv("[method]list-builder.execute", &[list]);
    assert_eq!(refused.error(), "limit-exceeded", "what cannot be kept is told by the operation");
    assert_eq!(f.read_all(&body), [1; 9_000]);
}

#[test]
fn a_component_that_writes_faster_than_its_engine_waits() {
    let mut f = with_bytes(10_000);
    let store = f.open();
    let insert = f.on_store("build-insert", &[store.clone()]);
    for round in 0..20 {
        f.script.answer_when_asked();
        let key = format!("k{round}");
        let write = [insert.clone(), bytes(key), bytes([7; 4_000])];
        f.kv("[method]insert-builder.execute-async", &write).ok();
        assert!(f.guest.held().1 <= 10_000);
    }
}

#[test]
fn outcomes_that_nobody_has_waited_for_are_kept_until_they_are_dropped() {
    let mut f = with_handles(4);
    let store = f.open();
    let pending: Vec<_> =
        (0..3).map(|_| f.on_store("lookup-async", &[store.clone(), bytes("k")]).ok()).collect();
    let refused = f.on_store("lookup-async", &[store.clone(), bytes("k")]);
    assert_eq!(refused.error(), "limit-exceeded");
    for pending in pending {
        assert_eq!(f.kv("[static]pending-lookup.wait", &[pending]).error(), "not-found");
    }
    assert_eq!(f.guest.held(), (1, 0));
}
