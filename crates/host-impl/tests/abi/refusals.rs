//! Pointers and handles that are wrong, for the functions of `fastly_async_io`, `fastly_object_store` and `fastly_log`. Those of the
//! other modules are in `pointers` and `handles`.

use edgekv_host::{Body, Client};

use crate::fixture::{Fixture, Setup};
use crate::guest::{INVALID_HANDLE, MEMORY_END, UNTOUCHED, status};
use crate::ops::{InsertOptions, ListOptions};
use crate::{abi_test, core_test};

/// A call that succeeds, with what is to be made wrong in it.
struct Call {
    arguments: Vec<u32>,
    /// Position of the out-pointer, if there is one.
    out: Option<usize>,
    /// Position of a handle, and the kinds of `KINDS` that it may be.
    handle: Option<(usize, &'static [&'static str])>,
    /// Whether the call consumes a body even when it fails.
    takes_body: bool,
}

const ITEMS: &[&str] = &["body", "streaming", "lookup", "insert", "delete", "list", "promise"];

fn client_request() -> (http::Request<Body>, Client) {
    (http::Request::get("http://example.com/").body(Body::new()).unwrap(), Client::default())
}

const FUNCTIONS: &[(&str, &str)] = &[
    ("fastly_async_io", "select"),
    ("fastly_async_io", "is_ready"),
    ("fastly_object_store", "open"),
    ("fastly_object_store", "lookup"),
    ("fastly_object_store", "lookup_async"),
    ("fastly_object_store", "pending_lookup_wait"),
    ("fastly_object_store", "insert"),
    ("fastly_object_store", "insert_async"),
    ("fastly_object_store", "pending_insert_wait"),
    ("fastly_object_store", "delete_async"),
    ("fastly_object_store", "pending_delete_wait"),
    ("fastly_log", "endpoint_get"),
    ("fastly_log", "write"),
];

/// A new call each time, as some consume what they are given.
fn prepare(f: &mut Fixture, module: &str, function: &str) -> Call {
    let ((key, length), out) = (f.guest.put(b"store"), f.guest.out());
    let value = if function.starts_with("insert") { f.guest.new_body(b"v") } else { 0 };
    let started = |f: &mut Fixture, kind| f.guest.start(f.store, kind);
    let (arguments, out, handle) = match (module, function) {
        ("fastly_async_io", "select") => {
            let body = f.guest.new_body(b"data");
            let (at, count) = f.guest.put_numbers(&[body]);
            (vec![at, count, 0, out], Some(3), None)
        }
        (_, "is_ready") => (vec![f.guest.new_body(b"data"), out], Some(1), Some((0, ITEMS))),
        (_, "open" | "endpoint_get") => (vec![key, length, out], Some(2), None),
        (_, "lookup" | "lookup_async" | "delete_async") => {
            (vec![f.store, key, length, out], Some(3), Some((0, &["store"][..])))
        }
        (_, "insert") => (vec![f.store, key, length, value], None, Some((3, &["body"][..]))),
        (_, "insert_async") => (vec![f.store, key, length, value, out], Some(4), Some((0, &["store"][..]))),
        (_, "pending_lookup_wait") => (vec![started(f, "lookup"), out], Some(1), Some((0, &["lookup"][..]))),
        (_, "pending_insert_wait") => (vec![started(f, "insert")], None, Some((0, &["insert"][..]))),
        (_, "pending_delete_wait") => {
            f.guest.insert(f.store, "k", b"v");
            (vec![started(f, "delete")], None, Some((0, &["delete"][..])))
        }
        ("fastly_log", "write") => {
            assert_eq!(f.guest.call("fastly_log", "endpoint_get", &[key, length, out]), status::OK);
            let endpoint = f.guest.u32(out);
            (vec![endpoint, key, length, out], Some(3), Some((0, &["endpoint"][..])))
        }
        other => panic!("{other:?} is not in this table"),
    };
    Call { arguments, out, handle, takes_body: function.starts_with("insert") }
}

impl crate::guest::Guest {
    /// Starts an operation of a kind: its handle.
    fn start(&mut self, store: u32, kind: &str) -> u32 {
        match kind {
            "lookup" => self.start_lookup(store, b"k").1,
            "insert" => {
                let value = self.new_body(b"v");
                self.start_insert(store, b"k", value, InsertOptions::default()).1
            }
            "delete" => {
                let record = self.out();
                self.start_delete(store, b"k", 0, record).1
            }
            "list" => self.start_list(store, ListOptions::default()).1,
            other => panic!("{other} is no operation"),
        }
    }
}

/// A live object of each kind.
fn one_of_each(f: &mut Fixture) -> Vec<(&'static str, u32)> {
    let (streaming, receiver) = f.guest.store.data_mut().push_streaming_body().unwrap();
    // Its other end lives as long as the test: a reader that is gone is another subject.
    std::mem::forget(receiver);
    let ((name, length), out) = (f.guest.put(b"endpoint"), f.guest.out());
    assert_eq!(f.guest.call("fastly_log", "endpoint_get", &[name, length, out]), status::OK);
    let mut handles = vec![("store", f.store), ("streaming", streaming), ("endpoint", f.guest.u32(out))];
    handles.push(("body", f.guest.new_body(b"data")));
    for (kind, module) in [("request", "fastly_http_req"), ("response", "fastly_http_resp")] {
        assert_eq!(f.guest.call(module, "new", &[out]), status::OK);
        handles.push((kind, f.guest.u32(out)));
    }
    assert_eq!(f.guest.downstream("next_request", &[0, 0, out]), status::OK);
    handles.push(("promise", f.guest.u32(out)));
    for kind in ["lookup", "insert", "delete", "list"] {
        handles.push((kind, f.guest.start(f.store, kind)));
    }
    handles
}

abi_test!(every_function_of_the_abi_answers_nonsense_with_a_status_and_keeps_nothing, |f| {
    let document = crate::guest::document();
    let before = f.guest.held();
    for module in document.modules() {
        for function in module.funcs() {
            let (module, name) = (module.name.as_str(), function.name.as_str());
            let count = crate::guest::params(&function).len();
            // No pointer, no handle, no number of an enum, and nothing that is aligned.
            for nonsense in [u32::MAX, u32::MAX - 2, i32::MAX.cast_unsigned()] {
                let got = f.guest.call(module, name, &vec![nonsense; count]);
                let refusals = [
                    status::ERROR,
                    status::INVAL,
                    status::BADF,
                    status::UNSUPPORTED,
                    status::BADALIGN,
                    status::NONE,
                ];
                assert!(refusals.contains(&got), "{module}.{name}({nonsense:#x}): {got}");
            }
        }
    }
    assert_eq!(f.guest.held(), before);
});

abi_test!(every_call_of_the_table_succeeds, |f| {
    for &(module, function) in FUNCTIONS {
        let Call { arguments, .. } = prepare(f, module, function);
        assert_eq!(f.guest.call(module, function, &arguments), status::OK, "{function}");
    }
});

abi_test!(a_bad_out_pointer_is_refused_before_anything_happens, |f| {
    for &(module, function) in FUNCTIONS {
        let bad = [1, 2, 3].map(|offset| (offset, status::BADALIGN));
        let outside = [MEMORY_END, MEMORY_END + 1024, u32::MAX - 7].map(|at| (at, status::INVAL));
        for (bad, expected) in bad.into_iter().chain(outside) {
            let Call { mut arguments, out, takes_body, .. } = prepare(f, module, function);
            let Some(out) = out else { continue };
            let (good, held) = (arguments[out], f.guest.held());
            arguments[out] = if expected == status::BADALIGN { good + bad } else { bad };
            assert_eq!(f.guest.call(module, function, &arguments), expected, "{function} {bad:#x}");
            assert_eq!(
                f.guest.held().0,
                held.0 - usize::from(takes_body),
                "{function} left something behind"
            );
            arguments[out] = good;
            if !takes_body {
                assert_eq!(f.guest.call(module, function, &arguments), status::OK, "{function}, again");
            }
        }
    }
});

core_test!(a_handle_of_another_kind_is_badf_and_its_object_stays, Setup::serving(client_request), |f| {
    let all = one_of_each(f);
    let closed = f.guest.new_body(b"x");
    f.guest.body("close", &[closed]);
    for &(module, function) in FUNCTIONS {
        let nothing = [0, closed, INVALID_HANDLE, u32::MAX, 1 << 31].map(|handle| ("nothing", handle));
        for &(kind, handle) in all.iter().chain(&nothing) {
            let Call { mut arguments, out, handle: position, .. } = prepare(f, module, function);
            let Some((position, kinds)) = position else { continue };
            if kinds.contains(&kind) {
                continue;
            }
            arguments[position] = handle;
            let got = f.guest.call(module, function, &arguments);
            assert_eq!(got, status::BADF, "{function} with {kind} {handle:#x}");
            if let Some(out) = out.filter(|_| function != "write") {
                assert_eq!(f.guest.u32(arguments[out]), UNTOUCHED, "{function}");
            }
        }
    }
    let items: Vec<_> =
        all.iter().filter(|(kind, _)| ITEMS.contains(kind)).map(|&(_, handle)| handle).collect();
    assert_eq!(items.len(), ITEMS.len());
    for item in items {
        assert!(f.guest.is_ready(item), "all of them are still there");
    }
});
