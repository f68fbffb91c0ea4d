//! `fastly_object_store`: the older form of the store.

use edgekv_store::KvError;

use crate::fixture::{Fixture, Setup};
use crate::guest::{INVALID_HANDLE, UNTOUCHED, kv, status};
use crate::ops::{ADD, InsertOptions};
use crate::{abi_test, core_test};

/// Looks a key up, in one call: the status, and what is stored as the handle.
fn lookup(f: &mut Fixture, key: &[u8]) -> (i32, u32) {
    let ((at, length), out) = (f.guest.put(key), f.guest.out());
    let status = f.guest.object_store("lookup", &[f.store, at, length, out]);
    (status, f.guest.u32(out))
}

/// The same in two calls, of which the first has to succeed.
fn lookup_async(f: &mut Fixture, key: &[u8]) -> (i32, u32) {
    let pending = start(f, "lookup_async", key, None);
    let out = f.guest.out();
    let status = f.guest.object_store("pending_lookup_wait", &[pending, out]);
    (status, f.guest.u32(out))
}

fn insert(f: &mut Fixture, key: &[u8], value: &[u8]) -> i32 {
    let ((at, length), body) = (f.guest.put(key), f.guest.new_body(value));
    f.guest.object_store("insert", &[f.store, at, length, body])
}

/// Starts an operation: its pending handle.
fn start(f: &mut Fixture, function: &str, key: &[u8], body: Option<u32>) -> u32 {
    let ((at, length), out) = (f.guest.put(key), f.guest.out());
    let arguments = [&[f.store, at, length][..], body.as_slice(), &[out]].concat();
    assert_eq!(f.guest.object_store(function, &arguments), status::OK, "{function}");
    f.guest.u32(out)
}

abi_test!(a_value_goes_in_and_out_in_one_call_and_in_two, |f| {
    assert_eq!(insert(f, b"k", b"one"), status::OK);
    let (status, body) = lookup(f, b"k");
    assert_eq!((status, f.guest.read_all(body)), (status::OK, b"one".to_vec()));

    let value = f.guest.new_body(b"two");
    let pending = start(f, "insert_async", b"k", Some(value));
    assert_eq!(f.guest.object_store("pending_insert_wait", &[pending]), status::OK);
    let (status, body) = lookup_async(f, b"k");
    assert_eq!((status, f.guest.read_all(body)), (status::OK, b"two".to_vec()));

    let pending = start(f, "delete_async", b"k", None);
    assert_eq!(f.guest.object_store("pending_delete_wait", &[pending]), status::OK);
    assert_eq!(f.guest.value(f.store, "k"), None);
});

abi_test!(a_missing_key_is_the_invalid_body_and_the_status_none_for_a_delete, |f| {
    assert_eq!(lookup(f, b"missing"), (status::OK, INVALID_HANDLE));
    assert_eq!(lookup_async(f, b"missing"), (status::OK, INVALID_HANDLE));
    let pending = start(f, "delete_async", b"missing", None);
    assert_eq!(f.guest.object_store("pending_delete_wait", &[pending]), status::NONE);
});

abi_test!(handles_are_those_of_the_newer_module, |f| {
    let ((at, length), out) = (f.guest.put(b"store"), f.guest.out());
    assert_eq!(f.guest.object_store("open", &[at, length, out]), status::OK);
    assert_eq!(f.guest.u32(out), f.store);

    let value = f.guest.new_body(b"v");
    let pending = start(f, "insert_async", b"k", Some(value));
    assert!(f.guest.is_ready(pending));
    assert_eq!(f.guest.wait("insert_wait", pending), kv::OK);
    let (_, pending) = f.guest.start_lookup(f.store, b"k");
    assert_eq!(f.guest.object_store("pending_lookup_wait", &[pending, out]), status::OK);
    let body = f.guest.u32(out);
    assert_eq!(f.guest.read_all(body), b"v");
    let pending = start(f, "delete_async", b"k", None);
    assert_eq!(f.guest.wait("delete_wait", pending), kv::OK);
});

abi_test!(an_insert_replaces_metadata_and_time_to_live, |f| {
    let mask = crate::ops::METADATA | crate::ops::TIME_TO_LIVE;
    let options = InsertOptions { mask, metadata: b"m", time_to_live_sec: 1, ..Default::default() };
    f.guest.insert_with(f.store, "k", b"old", options);
    assert_eq!(insert(f, b"k", b"new"), status::OK);
    f.clock.advance(std::time::Duration::from_secs(10));
    let found = f.guest.lookup(f.store, "k").unwrap();
    assert_eq!((found.value, found.metadata), (b"new".to_vec(), vec![]));
});

core_test!(what_is_wrong_with_a_call_is_its_status, |f| {
    let ((name, name_length), out) = (f.guest.put(b"missing"), f.guest.out());
    assert_eq!(f.guest.object_store("open", &[name, name_length, out]), status::INVAL);
    assert_eq!(f.guest.missing_stores(), ["missing"]);
    for key in [&b""[..], b"a#b", b"\xff", &[b'k'; 1025]] {
        let (at, length) = f.guest.put(key);
        for function in ["lookup", "lookup_async", "delete_async"] {
            let got = f.guest.object_store(function, &[f.store, at, length, out]);
            assert_eq!(got, status::INVAL, "{function} {key:?}");
            let bad_store = [f.store + 1_000, name, name_length, out];
            assert_eq!(f.guest.object_store(function, &bad_store), status::BADF, "{function}");
        }
        let body = f.guest.new_body(b"v");
        assert_eq!(f.guest.object_store("insert", &[f.store, at, length, body]), status::INVAL);
        assert_eq!(f.guest.body("close", &[body]), status::BADF, "the body is consumed all the same");
        let body = f.guest.new_body(b"v");
        assert_eq!(f.guest.object_store("insert_async", &[f.store, at, length, body, out]), status::INVAL);
        assert_eq!(f.guest.body("close", &[body]), status::BADF);
    }
    let streaming = f.guest.store.data_mut().push_streaming_body().unwrap();
    let insert = [f.store, name, name_length, streaming.0];
    assert_eq!(f.guest.object_store("insert", &insert), status::BADF);
    assert_eq!(f.guest.body("close", &[streaming.0]), status::OK, "it stays");
    assert_eq!(f.guest.u32(out), UNTOUCHED);
});

abi_test!(how_an_operation_failed_is_the_status_of_its_wait, |f| {
    for (error, expected) in [
        (KvError::PreconditionFailed, status::INVAL),
        (KvError::PayloadTooLarge { bytes: 2, limit: 1 }, status::INVAL),
        (KvError::TooManyRequests, status::LIMITEXCEEDED),
        (KvError::engine(std::io::Error::other("disk")), status::ERROR),
    ] {
        f.script.fail_with(Some(error.clone()));
        assert_eq!(lookup(f, b"k").0, expected, "{error}");
        assert_eq!(lookup_async(f, b"k").0, expected, "{error}");
        assert_eq!(insert(f, b"k", b"v"), expected, "{error}");
        let value = f.guest.new_body(b"v");
        let pending = start(f, "insert_async", b"k", Some(value));
        assert_eq!(f.guest.object_store("pending_insert_wait", &[pending]), expected, "{error}");
        assert_eq!(f.guest.object_store("pending_insert_wait", &[pending]), status::BADF, "it is consumed");
        let pending = start(f, "delete_async", b"k", None);
        assert_eq!(f.guest.object_store("pending_delete_wait", &[pending]), expected, "{error}");
    }
});

abi_test!(a_store_that_was_deleted_has_no_keys, |f| {
    let name = edgekv_store::StoreName::new("store").unwrap();
    f.script.fail_with(Some(KvError::NoStore(name)));
    assert_eq!(lookup(f, b"k"), (status::OK, INVALID_HANDLE));
    assert_eq!(lookup_async(f, b"k"), (status::OK, INVALID_HANDLE));
    let pending = start(f, "delete_async", b"k", None);
    assert_eq!(f.guest.object_store("pending_delete_wait", &[pending]), status::NONE);
    assert_eq!(insert(f, b"k", b"v"), status::INVAL);
});

abi_test!(a_condition_that_the_newer_module_set_fails_as_inval_here, |f| {
    f.guest.insert(f.store, "k", b"v");
    let value = f.guest.new_body(b"w");
    let add = InsertOptions { mode: ADD, ..Default::default() };
    let (_, pending) = f.guest.start_insert(f.store, b"k", value, add);
    assert_eq!(f.guest.object_store("pending_insert_wait", &[pending]), status::INVAL);
    assert_eq!(f.guest.value(f.store, "k").unwrap(), b"v");
});

abi_test!(
    a_value_over_the_limit_is_inval,
    Setup { limits: edgekv_store::Limits { max_value_bytes: 3, ..Default::default() }, ..Setup::default() },
    |f| {
        assert_eq!(insert(f, b"k", b"1234"), status::INVAL);
        assert_eq!(insert(f, b"k", b"123"), status::OK);
    }
);

abi_test!(calls_in_one_wait_for_an_engine_that_answers_later, |f| {
    f.script.answer_when_asked();
    assert_eq!(insert(f, b"k", b"v"), status::OK);
    f.script.answer_when_asked();
    let (status, body) = lookup(f, b"k");
    assert_eq!((status, f.guest.read_all(body)), (status::OK, b"v".to_vec()));
});

abi_test!(a_call_that_is_done_leaves_nothing_behind, |f| {
    let held = f.guest.held();
    for _ in 0..100 {
        assert_eq!(insert(f, b"k", b"v"), status::OK);
        let (_, body) = lookup(f, b"k");
        assert_eq!(f.guest.body("close", &[body]), status::OK);
        assert_eq!(lookup(f, b"missing"), (status::OK, INVALID_HANDLE));
        assert_eq!(lookup(f, b"").0, status::INVAL);
    }
    assert_eq!(f.guest.held(), held);
});
