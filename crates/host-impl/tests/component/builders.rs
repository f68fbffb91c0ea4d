//! Operations that are described before they are executed.

use std::time::Duration;

use edgekv_store::Limits;
use wasmtime::component::Val;

use crate::fixture::Fixture;
use crate::values::{Answer, NONE, bytes, case, some};

/// Sets an option of an insert.
fn set(f: &mut Fixture, builder: &Val, option: &str, value: Option<Val>) {
    let arguments: Vec<_> = std::iter::once(builder.clone()).chain(value).collect();
    f.kv(&format!("[method]insert-builder.{option}"), &arguments);
}

fn execute(f: &mut Fixture, builder: &Val, key: &str, value: &str) -> Val {
    f.kv("[method]insert-builder.execute", &[builder.clone(), bytes(key), bytes(value)])
}

#[test]
fn the_modes_of_an_insert_do_what_they_say() {
    let mut f = Fixture::new();
    let store = f.open();
    let builder = f.on_store("build-insert", &[store.clone()]);
    execute(&mut f, &builder, "k", "one").ok();
    for (mode, value, expected) in
        [("append", " two", "one two"), ("prepend", "zero ", "zero one two"), ("overwrite", "new", "new")]
    {
        set(&mut f, &builder, "mode", Some(case(mode)));
        execute(&mut f, &builder, "k", value).ok();
        assert_eq!(f.value(&store, "k").0, expected.as_bytes(), "{mode}");
    }
    set(&mut f, &builder, "mode", Some(case("add")));
    assert_eq!(execute(&mut f, &builder, "k", "x").error(), "precondition-failed");
    execute(&mut f, &builder, "other", "x").ok();
}

#[test]
fn an_insert_and_a_delete_keep_their_condition() {
    let mut f = Fixture::new();
    let store = f.open();
    f.insert(&store, "k", "one");
    let (_, generation) = f.value(&store, "k");
    let insert = f.on_store("build-insert", &[store.clone()]);
    set(&mut f, &insert, "if-generation-match", Some(Val::U64(generation + 1)));
    assert_eq!(execute(&mut f, &insert, "k", "two").error(), "precondition-failed");
    set(&mut f, &insert, "if-generation-match", Some(Val::U64(generation)));
    execute(&mut f, &insert, "k", "two").ok();
    let delete = f.on_store("build-delete", &[store.clone()]);
    f.kv("[method]delete-builder.if-generation-match", &[delete.clone(), Val::U64(generation)]);
    for run in ["execute", "execute-async"] {
        let mut outcome = f.kv(&format!("[method]delete-builder.{run}"), &[delete.clone(), bytes("k")]);
        if run == "execute-async" {
            outcome = f.kv("[static]pending-delete.wait", &[outcome.ok()]);
        }
        assert_eq!(outcome.error(), "precondition-failed", "{run}");
    }
    let (_, generation) = f.value(&store, "k");
    f.kv("[method]delete-builder.if-generation-match", &[delete.clone(), Val::U64(generation)]);
    f.kv("[method]delete-builder.execute", &[delete, bytes("k")]).ok();
}

#[test]
fn metadata_are_kept_up_to_their_limit_and_counted_while_they_are_described() {
    let mut f = Fixture::new();
    let store = f.open();
    let builder = f.on_store("build-insert", &[store.clone()]);
    let before = f.guest.held().1;
    set(&mut f, &builder, "metadata", Some(bytes([7; 2_000])));
    // A layer keeps them in its own memory.
    let on_the_host = crate::LAYER.is_none();
    assert!(!on_the_host || f.guest.held().1 == before + 2_000);
    execute(&mut f, &builder, "k", "v").ok();
    let entry = f.on_store("get", &[store.clone(), bytes("k")]).ok();
    assert_eq!(entry.field("metadata"), some(bytes([7; 2_000])));
    set(&mut f, &builder, "metadata", Some(bytes([7; 2_001])));
    assert!(!on_the_host || f.guest.held().1 - "v".len() - 64 == before, "what is too long is not kept");
    assert_eq!(execute(&mut f, &builder, "k", "v").error(), "bad-request");
    let run = [builder.clone(), bytes("k"), bytes("v")];
    let pending = f.kv("[method]insert-builder.execute-async", &run).ok();
    assert_eq!(f.kv("[static]pending-insert.wait", &[pending]).error(), "bad-request");
    set(&mut f, &builder, "metadata", Some(bytes("")));
    execute(&mut f, &builder, "k", "v").ok();
    let entry = f.on_store("get", &[store, bytes("k")]).ok();
    assert_eq!(entry.field("metadata"), NONE);
}

#[test]
fn an_entry_lives_as_long_as_it_is_told_in_milliseconds() {
    let mut f = Fixture::new();
    let store = f.open();
    let builder = f.on_store("build-insert", &[store.clone()]);
    set(&mut f, &builder, "background-fetch", None);
    for (time_to_live, alive) in [(1_u64, true), (0, false), (u64::MAX, true)] {
        set(&mut f, &builder, "time-to-live", Some(Val::U64(time_to_live)));
        execute(&mut f, &builder, "k", "v").ok();
        let found = f.on_store("get", &[store.clone(), bytes("k")]);
        assert_eq!(matches!(found, Val::Result(Ok(_))), alive, "{time_to_live}");
    }
    f.clock.advance(Duration::from_secs(1_000_000_000));
    f.on_store("get", &[store, bytes("k")]).ok();
}

#[test]
fn a_value_comes_from_a_body_as_well_which_is_gone_then() {
    let mut f = Fixture::with(Limits { max_value_bytes: 10, ..Limits::default() }, |ctx| ctx);
    let store = f.open();
    let builder = f.on_store("build-insert", &[store.clone()]);
    let body = f.body("a body");
    f.kv("[method]insert-builder.execute-body", &[builder.clone(), bytes("k"), body]).ok();
    assert_eq!(f.value(&store, "k").0, b"a body");
    let body = f.body("another");
    let pending =
        f.kv("[method]insert-builder.execute-body-async", &[builder.clone(), bytes("k"), body]).ok();
    f.kv("[static]pending-insert.wait", &[pending]).ok();
    assert_eq!(f.value(&store, "k").0, b"another");
    let held = f.guest.held();
    let body = f.body("more than ten bytes");
    let refused = f.kv("[method]insert-builder.execute-body", &[builder.clone(), bytes("k"), body]);
    assert_eq!(refused.error(), "payload-too-large");
    assert_eq!(execute(&mut f, &builder, "k", "more than ten bytes").error(), "payload-too-large");
    let (streaming, _receiver) = f.streaming();
    let refused = f.kv("[method]insert-builder.execute-body", &[builder.clone(), bytes("k"), streaming]);
    assert_eq!(refused.error(), "bad-request");
    let (feed, frames) = futures_channel::mpsc::unbounded::<Result<_, std::io::Error>>();
    feed.unbounded_send(Err(std::io::Error::other("cut"))).unwrap();
    let broken = f.given(edgekv_host::Body::from_stream(http_body_util::StreamBody::new(
        futures_util::StreamExt::map(frames, |frame| frame.map(http_body::Frame::<bytes::Bytes>::data)),
    )));
    let refused = f.kv("[method]insert-builder.execute-body", &[builder, bytes("k"), broken]);
    assert_eq!(refused.error(), "body-incomplete");
    assert_eq!(f.guest.held(), held);
}

#[test]
fn a_builder_outlives_its_store_and_executes_many_times() {
    let mut f = Fixture::new();
    let store = f.open();
    let kinds = ["lookup", "insert", "delete", "list"];
    let builders = kinds.map(|kind| f.on_store(&format!("build-{kind}"), &[store.clone()]));
    f.guest.drop("kv-store.store", store);
    let [lookup, insert, delete, list] = builders.clone();
    for round in 0..3_u8 {
        execute(&mut f, &insert, "k", &round.to_string()).ok();
        let found = f.kv("[method]lookup-builder.execute", &[lookup.clone(), bytes("k")]).ok();
        let value = f.kv("[method]lookup-response.take-body-bytes", &[found.clone()]);
        assert_eq!(value, bytes(round.to_string()));
        f.guest.drop("kv-store.lookup-response", found);
        let pending = f.kv("[method]lookup-builder.execute-async", &[lookup.clone(), bytes("k")]).ok();
        let found = f.kv("[static]pending-lookup.wait-response", &[pending]).ok();
        f.guest.drop("kv-store.lookup-response", found);
        let page = f.kv("[method]list-builder.execute", &[list.clone()]).ok();
        assert_eq!(page.field("keys"), Val::List(vec![bytes("k")]));
        f.kv("[method]delete-builder.execute", &[delete.clone(), bytes("k")]).ok();
    }
    for (kind, builder) in kinds.iter().zip(builders) {
        f.guest.drop(&format!("kv-store.{kind}-builder"), builder);
    }
    f.assert_nothing_is_left();
}

#[test]
fn a_list_goes_on_where_its_page_ended() {
    let mut f = Fixture::new();
    let store = f.open();
    for key in ["a", "b/1", "b/2", "b/3", "c"] {
        f.insert(&store, key, "x");
    }
    let list = f.on_store("build-list", &[store]);
    let option =
        |f: &mut Fixture, name, value| f.kv(&format!("[method]list-builder.{name}"), &[list.clone(), value]);
    option(&mut f, "prefix", bytes("b/"));
    option(&mut f, "limit", Val::U32(2));
    option(&mut f, "mode", case("eventual"));
    let page = f.kv("[method]list-builder.execute", &[list.clone()]).ok();
    assert_eq!(page.field("keys"), Val::List(vec![bytes("b/1"), bytes("b/2")]));
    option(&mut f, "cursor", page.field("next-cursor").present());
    let pending = f.kv("[method]list-builder.execute-async", &[list.clone()]).ok();
    let page = f.kv("[static]pending-list.wait", &[pending]).ok();
    assert_eq!(page.field("keys"), Val::List(vec![bytes("b/3")]));
    assert_eq!(page.field("next-cursor"), NONE);
    let pending = f.kv("[method]list-builder.execute-async", &[list.clone()]).ok();
    let document = f.kv("[static]pending-list.wait-document", &[pending]).ok();
    let document: serde_json::Value = serde_json::from_slice(&f.read_all(&document)).unwrap();
    assert_eq!(document["data"], serde_json::json!(["b/3"]));
    assert_eq!(document["meta"]["limit"], 2);
}

#[test]
fn a_list_that_cannot_be_is_refused_text_by_the_call_and_all_else_as_its_outcome() {
    let mut f = Fixture::new();
    let store = f.open();
    let long = "p".repeat(1_025);
    for (option, value, expected, by_the_call) in [
        ("prefix", bytes(b"\xff"), "invalid-argument", true),
        ("cursor", bytes(b"\xff"), "invalid-argument", true),
        ("prefix", bytes(long), "bad-request", false),
        ("cursor", bytes("no cursor"), "bad-request", false),
        ("limit", Val::U32(0), "bad-request", false),
    ] {
        let list = f.on_store("build-list", &[store.clone()]);
        f.kv(&format!("[method]list-builder.{option}"), &[list.clone(), value]);
        assert_eq!(f.kv("[method]list-builder.execute", &[list.clone()]).error(), expected, "{option}");
        let started = f.kv("[method]list-builder.execute-async", &[list]);
        if by_the_call {
            assert_eq!(started.error(), expected, "{option}");
        } else {
            assert_eq!(f.kv("[static]pending-list.wait", &[started.ok()]).error(), expected, "{option}");
        }
    }
}
