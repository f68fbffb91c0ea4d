//! Handles: of other kinds, closed, made up, and too many.

use edgekv_host::{Body, Client};

use crate::fixture::{Fixture, Setup};
use crate::guest::{INVALID_HANDLE, UNTOUCHED, kv, status};
use crate::ops::{InsertOptions, ListOptions};
use crate::{abi_test, core_test};

const KINDS: [&str; 11] = [
    "store",
    "body",
    "streaming",
    "lookup",
    "insert",
    "delete",
    "list",
    "request",
    "response",
    "promise",
    "endpoint",
];

fn client_request() -> (http::Request<Body>, Client) {
    (http::Request::get("http://example.com/").body(Body::new()).unwrap(), Client::default())
}

/// A message, with its handle.
fn message(f: &mut Fixture, module: &str) -> u32 {
    let out = f.guest.out();
    assert_eq!(f.guest.call(module, "new", &[out]), status::OK);
    f.guest.u32(out)
}

/// A live handle of each kind, in the order of `KINDS`.
fn one_of_each(f: &mut Fixture) -> [u32; 11] {
    let body = f.guest.new_body(b"data");
    let (streaming, receiver) = f.guest.store.data_mut().push_streaming_body().unwrap();
    // Its other end lives as long as the test: a reader that is gone is another subject.
    std::mem::forget(receiver);
    let (_, lookup) = f.guest.start_lookup(f.store, b"k");
    let value = f.guest.new_body(b"v");
    let (_, insert) = f.guest.start_insert(f.store, b"k", value, InsertOptions::default());
    let record = f.guest.out();
    let (_, delete) = f.guest.start_delete(f.store, b"k", 0, record);
    let (_, list) = f.guest.start_list(f.store, ListOptions::default());
    let (request, response) = (message(f, "fastly_http_req"), message(f, "fastly_http_resp"));
    let (promise, endpoint) = (f.guest.out(), f.guest.out());
    assert_eq!(f.guest.downstream("next_request", &[0, 0, promise]), status::OK);
    let (name, length) = f.guest.put(b"endpoint");
    assert_eq!(f.guest.call("fastly_log", "endpoint_get", &[name, length, endpoint]), status::OK);
    let (promise, endpoint) = (f.guest.u32(promise), f.guest.u32(endpoint));
    [f.store, body, streaming, lookup, insert, delete, list, request, response, promise, endpoint]
}

/// Every function that takes a handle: its module, its name, and the kinds that it takes. The handle is the first argument, unless
/// said otherwise.
const USES: &[(&str, &str, usize, &[&str])] = &[
    ("fastly_kv_store", "lookup", 0, &["store"]),
    ("fastly_kv_store", "insert", 0, &["store"]),
    ("fastly_kv_store", "insert", 3, &["body"]),
    ("fastly_kv_store", "delete", 0, &["store"]),
    ("fastly_kv_store", "list", 0, &["store"]),
    ("fastly_kv_store", "lookup_wait", 0, &["lookup"]),
    ("fastly_kv_store", "lookup_wait_v2", 0, &["lookup"]),
    ("fastly_kv_store", "insert_wait", 0, &["insert"]),
    ("fastly_kv_store", "delete_wait", 0, &["delete"]),
    ("fastly_kv_store", "list_wait", 0, &["list"]),
    ("fastly_http_body", "append", 0, &["body", "streaming"]),
    ("fastly_http_body", "append", 1, &["body"]),
    ("fastly_http_body", "read", 0, &["body"]),
    ("fastly_http_body", "write", 0, &["body", "streaming"]),
    ("fastly_http_body", "close", 0, &["body", "streaming"]),
    ("fastly_http_body", "abandon", 0, &["body", "streaming"]),
    ("fastly_http_body", "trailer_append", 0, &["body", "streaming"]),
    ("fastly_http_body", "trailer_names_get", 0, &["body", "streaming"]),
    ("fastly_http_body", "trailer_value_get", 0, &["body", "streaming"]),
    ("fastly_http_body", "trailer_values_get", 0, &["body", "streaming"]),
    ("fastly_http_body", "known_length", 0, &["body", "streaming"]),
];

/// What the witx text says about functions of HTTP that take a handle: one for each handle.
struct HttpCall {
    module: String,
    function: String,
    params: Vec<Param>,
    /// Position of the handle under test, of those in `params`.
    position: usize,
    kind: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Param {
    Handle(&'static str),
    Text,
    Pointer,
    Number,
}

/// What needs something that this host does not have is `unsupported`, whatever it is given.
const UNSUPPORTED: [&str; 4] =
    ["inspect", "on_behalf_of", "redirect_to_websocket_proxy_v2", "redirect_to_grip_proxy_v2"];

fn http_calls() -> Vec<HttpCall> {
    let param = |ty: &witx::TypeRef| match (ty, &**ty.type_()) {
        (witx::TypeRef::Name(name), witx::Type::Handle(_)) => Param::Handle(match name.name.as_str() {
            "request_handle" => "request",
            "response_handle" => "response",
            "body_handle" => "body",
            "request_promise_handle" => "promise",
            "pending_request_handle" => "a kind that there is not",
            other => panic!("{other} is no handle of HTTP"),
        }),
        (_, witx::Type::List(_)) => Param::Text,
        (_, witx::Type::Pointer(_) | witx::Type::ConstPointer(_)) => Param::Pointer,
        _ => Param::Number,
    };
    let document = crate::guest::document();
    let mut calls = Vec::new();
    for module in ["fastly_http_req", "fastly_http_resp", "fastly_http_downstream"] {
        for function in document.module(&module.into()).unwrap().funcs() {
            let params: Vec<_> = function.params.iter().map(|given| param(&given.tref)).collect();
            if UNSUPPORTED.contains(&function.name.as_str()) {
                continue;
            }
            for (position, param) in params.iter().enumerate() {
                let &Param::Handle(kind) = param else { continue };
                let (module, function) = (module.to_owned(), function.name.as_str().to_owned());
                calls.push(HttpCall { module, function, params: params.clone(), position, kind });
            }
        }
    }
    assert!(calls.len() > 90, "{}", calls.len());
    calls
}

impl HttpCall {
    /// Arguments that are fine but for the handle under test.
    fn arguments(&self, f: &mut Fixture, handle: u32) -> Vec<u32> {
        let mut arguments = Vec::new();
        for (position, param) in self.params.iter().enumerate() {
            match param {
                Param::Handle(_) if position == self.position => arguments.push(handle),
                Param::Handle("body") => arguments.push(f.guest.new_body(b"")),
                Param::Handle("request") => arguments.push(message(f, "fastly_http_req")),
                Param::Handle("response") => arguments.push(message(f, "fastly_http_resp")),
                Param::Handle(other) => panic!("{other} beside another handle"),
                Param::Text => arguments.extend(<[u32; 2]>::from(f.guest.put(b"k"))),
                Param::Pointer => arguments.push(f.guest.alloc(64)),
                Param::Number if self.function == "status_set" => arguments.push(200),
                Param::Number => arguments.push(0),
            }
        }
        arguments
    }
}

/// Arguments that are fine but for the handle under test.
fn arguments(f: &mut Fixture, function: &str, position: usize, handle: u32) -> Vec<u32> {
    let (key, length) = f.guest.put(b"k");
    let [a, b, c, d] = [(); 4].map(|()| f.guest.out());
    let buffer = f.guest.alloc(64);
    let record = f.guest.insert_record(InsertOptions::default());
    let body = if function == "insert" || function == "append" { f.guest.new_body(b"v") } else { 0 };
    let mut arguments = match function {
        "lookup" | "delete" => vec![f.store, key, length, 0, record, a],
        "insert" => vec![f.store, key, length, body, 0, record, a],
        "list" => vec![f.store, 0, record, a],
        "lookup_wait" | "lookup_wait_v2" => vec![0, a, buffer, 64, b, c, d],
        "insert_wait" | "delete_wait" => vec![0, a],
        "list_wait" => vec![0, a, b],
        "append" => vec![body, body],
        "read" => vec![0, buffer, 64, a],
        "write" => vec![0, buffer, 64, 0, a],
        "trailer_append" => vec![0, key, length, key, length],
        "trailer_names_get" => vec![0, buffer, 64, 0, a, b],
        "trailer_value_get" => vec![0, key, length, buffer, 64, a],
        "trailer_values_get" => vec![0, key, length, buffer, 64, 0, a, b],
        "close" | "abandon" => vec![0],
        "known_length" => vec![0, a],
        other => panic!("{other} is not in this table"),
    };
    arguments[position] = handle;
    arguments
}

core_test!(
    a_handle_of_another_kind_is_badf_everywhere_and_its_object_stays,
    Setup::serving(client_request),
    |f| {
        let handles = one_of_each(f);
        for &(module, function, position, kinds) in USES {
            for (kind, handle) in KINDS.into_iter().zip(handles) {
                if kinds.contains(&kind) {
                    continue;
                }
                let arguments = arguments(f, function, position, handle);
                let got = f.guest.call(module, function, &arguments);
                assert_eq!(got, status::BADF, "{function} with a {kind} as argument {position}");
            }
        }
        for call in http_calls() {
            let nothing = [0, 1 << 30, INVALID_HANDLE, u32::MAX].map(|handle| ("nothing", handle));
            for (kind, handle) in KINDS.into_iter().zip(handles).chain(nothing) {
                if kind == call.kind {
                    continue;
                }
                let arguments = call.arguments(f, handle);
                let got = f.guest.call(&call.module, &call.function, &arguments);
                assert_eq!(got, status::BADF, "{}.{} with a {kind}", call.module, call.function);
            }
        }
        // All of them still do what they are for.
        let [store, body, streaming, lookup, insert, delete, list, request, response, promise, endpoint] =
            handles;
        let (at, length) = f.guest.put(b"text");
        let out = f.guest.out();
        assert_eq!(f.guest.call("fastly_log", "write", &[endpoint, at, length, out]), status::OK);
        assert_eq!(f.guest.downstream("next_request_abandon", &[promise]), status::OK);
        assert_eq!(f.guest.req("close", &[request]), status::OK);
        assert_eq!(f.guest.resp("close", &[response]), status::OK);
        assert_eq!(f.guest.read_all(body), b"data");
        assert_eq!(f.guest.body("close", &[streaming]), status::OK);
        for (function, handle) in [
            ("lookup_wait_v2", lookup),
            ("insert_wait", insert),
            ("delete_wait", delete),
            ("list_wait", list),
        ] {
            let arguments = arguments(f, function, 0, handle);
            assert_eq!(f.guest.kv(function, &arguments), status::OK, "{function}");
        }
        f.guest.insert(store, "k", b"v");
    }
);

abi_test!(a_handle_that_names_nothing_is_badf_everywhere, |f| {
    let closed = f.guest.new_body(b"x");
    f.guest.body("close", &[closed]);
    for &(module, function, position, _) in USES {
        for handle in [0, closed, closed + 1_000, INVALID_HANDLE, u32::MAX, 1 << 31] {
            let arguments = arguments(f, function, position, handle);
            assert_eq!(f.guest.call(module, function, &arguments), status::BADF, "{function}({handle:#x})");
        }
    }
});

abi_test!(handles_are_positive_never_the_invalid_one_and_never_reused_at_once, |f| {
    let mut seen = std::collections::HashSet::new();
    let out = f.guest.out();
    for _ in 0..10_000 {
        assert_eq!(f.guest.body("new", &[out]), status::OK);
        let body = f.guest.u32(out);
        assert!(body > 0 && body < 1 << 31 && seen.insert(body));
        assert_eq!(f.guest.body("close", &[body]), status::OK);
    }
    assert_eq!(f.guest.held().0, 1, "the store");
});

abi_test!(
    too_many_objects_are_limitexceeded_until_some_are_closed,
    Setup { ctx: |ctx| ctx.max_handles(4), ..Setup::default() },
    |f| {
        let bodies = [(); 3].map(|()| f.guest.new_body(b"x"));
        let out = f.guest.out();
        assert_eq!(f.guest.body("new", &[out]), status::LIMITEXCEEDED);
        assert_eq!(f.guest.u32(out), UNTOUCHED);
        let record = f.guest.out();
        assert_eq!(f.guest.start_lookup(f.store, b"k").0, status::LIMITEXCEEDED);
        assert_eq!(f.guest.start_delete(f.store, b"k", 0, record).0, status::LIMITEXCEEDED);
        assert_eq!(f.guest.start_list(f.store, ListOptions::default()).0, status::LIMITEXCEEDED);
        f.stores.create(&edgekv_store::StoreName::new("other").unwrap()).wait().unwrap();
        let (name, length) = f.guest.put(b"other");
        assert_eq!(f.guest.kv("open", &[name, length, out]), status::LIMITEXCEEDED);
        assert_eq!(f.guest.open("store"), f.store, "it is open already");
        // An insert makes room for itself: it consumes a body.
        let (status, pending) = f.guest.start_insert(f.store, b"k", bodies[0], InsertOptions::default());
        assert_eq!((status, f.guest.wait("insert_wait", pending)), (status::OK, kv::OK));
        assert_eq!(f.guest.value(f.store, "k").unwrap(), b"x");
    }
);

abi_test!(
    what_describes_an_operation_takes_no_room_from_it,
    Setup { ctx: |ctx| ctx.max_held_bytes(1_000), ..Setup::default() },
    |f| {
        let body = f.guest.new_body(&[1; 950]);
        let (status, pending) = f.guest.start_insert(f.store, b"k", body, InsertOptions::default());
        assert_eq!((status, f.guest.wait("insert_wait", pending)), (status::OK, kv::OK));
        f.guest.new_body(&[1; 950]);
        let (prefix, length) = f.guest.put(&[b'p'; 900]);
        let record = f.guest.alloc(24);
        f.guest.write(record, &[0; 24]);
        f.guest.write(record + 16, &prefix.to_le_bytes());
        f.guest.write(record + 20, &length.to_le_bytes());
        let out = f.guest.out();
        // In a component, the host would have to keep the prefix for a moment.
        let status = f.guest.kv("list", &[f.store, 8, record, out]);
        assert!([status::OK, status::LIMITEXCEEDED].contains(&status), "{status}");
    }
);

abi_test!(
    a_start_that_is_refused_for_lack_of_room_changes_nothing,
    Setup { ctx: |ctx| ctx.max_handles(1), ..Setup::default() },
    |f| {
        let store = f.stores.open(&edgekv_store::StoreName::new("store").unwrap()).wait().unwrap().unwrap();
        let key = edgekv_store::Key::new("k").unwrap();
        store.insert(key, edgekv_store::Insert::new("v")).wait().unwrap();
        let record = f.guest.out();
        assert_eq!(f.guest.start_delete(f.store, b"k", 0, record).0, status::LIMITEXCEEDED);
        assert!(store.lookup(key).wait().unwrap().is_some());
    }
);

abi_test!(
    too_many_bytes_are_limitexceeded_until_some_are_gone,
    Setup { ctx: |ctx| ctx.max_held_bytes(1_000), ..Setup::default() },
    |f| {
        let body = f.guest.new_body(&[1; 900]);
        let ((at, length), out) = (f.guest.put(&[2; 101]), f.guest.out());
        assert_eq!(f.guest.body("write", &[body, at, length, 0, out]), status::LIMITEXCEEDED);
        assert_eq!(f.guest.body("write", &[body, at, length, 1, out]), status::LIMITEXCEEDED);
        assert_eq!(f.guest.body("write", &[body, at, 100, 0, out]), status::OK);
        // Operations whose results are not fetched count as well.
        f.guest.read_all(body);
        assert_eq!(f.guest.held().1, 0);
        f.guest.insert(f.store, "k", &[3; 700]);
        let (first, _) = f.guest.start_lookup(f.store, b"k");
        let (second, pending) = f.guest.start_lookup(f.store, b"k");
        assert_eq!((first, second), (status::OK, status::OK), "the limit may be exceeded by one value");
        assert_eq!(f.guest.start_lookup(f.store, b"k").0, status::LIMITEXCEEDED);
        let [handle, used, generation, error] = [(); 4].map(|()| f.guest.out());
        f.guest.kv("lookup_wait_v2", &[pending, handle, 0, 0, used, generation, error]);
        let value = f.guest.u32(handle);
        f.guest.body("close", &[value]);
        assert_eq!(f.guest.start_lookup(f.store, b"k").0, status::OK);
    }
);

abi_test!(
    a_buffer_that_grows_stays_within_the_limit,
    Setup { ctx: |ctx| ctx.max_held_bytes(1_000), ..Setup::default() },
    |f| {
        let body = f.guest.new_body(b"");
        let ((at, length), out) = (f.guest.put(&[1; 7]), f.guest.out());
        let mut written = 0;
        while f.guest.body("write", &[body, at, length, 0, out]) == status::OK {
            written += length;
            assert!(f.guest.held().1 <= 1_000, "{written}: {:?}", f.guest.held());
        }
        assert_eq!(written, 994, "and all of it can be used");
        // At the front, each write is a piece of its own.
        f.guest.read_all(body);
        let at_front = (0..100).take_while(|_| f.guest.body("write", &[body, at, 1, 1, out]) == status::OK);
        assert!((10..20).contains(&at_front.count()));
        assert!(f.guest.held().1 <= 1_000, "{:?}", f.guest.held());
    }
);

core_test!(
    writes_that_nobody_waits_for_stop_counting_when_they_are_done,
    Setup { ctx: |ctx| ctx.max_held_bytes(1_000), ..Setup::default() },
    |f| {
        f.script.hold_answers();
        let body = f.guest.new_body(&[1; 900]);
        assert_eq!(f.guest.start_insert(f.store, b"k", body, InsertOptions::default()).0, status::OK);
        assert_eq!(f.guest.held().1, 900, "it is under way");
        let (name, value) = (f.guest.put(b"name"), f.guest.put(&[b'v'; 200]));
        let body = f.guest.new_body(b"");
        let trailer = [body, name.0, name.1, value.0, value.1];
        assert_eq!(f.guest.body("trailer_append", &trailer), status::LIMITEXCEEDED);
        assert_eq!(f.script.answer(), 1);
        assert_eq!(f.guest.body("trailer_append", &trailer), status::OK);
        assert!(f.guest.held().1 < 900, "{:?}", f.guest.held());
    }
);

core_test!(
    a_guest_that_writes_faster_than_its_engine_waits_for_it,
    Setup { ctx: |ctx| ctx.max_held_bytes(1_000), ..Setup::default() },
    |f| {
        f.script.answer_when_asked();
        for round in 0..10 {
            let body = f.guest.new_body(&[round; 900]);
            let started = f.guest.start_insert(f.store, b"k", body, InsertOptions::default());
            assert_eq!(started.0, status::OK);
            f.script.answer_when_asked();
        }
        f.script.answer();
        assert_eq!(f.guest.value(f.store, "k").unwrap(), [9; 900]);
    }
);

abi_test!(
    a_guest_that_never_waits_for_what_it_starts_can_go_on_for_ever,
    Setup { ctx: |ctx| ctx.max_handles(64), ..Setup::default() },
    |f| {
        let mut waiting = Vec::new();
        for round in 0..1_000 {
            let body = f.guest.new_body(b"v");
            let (status, pending) = f.guest.start_insert(f.store, b"k", body, InsertOptions::default());
            assert_eq!(status, status::OK, "{round}");
            waiting.push(pending);
            assert_eq!(f.guest.start_lookup(f.store, b"k").0, status::OK, "{round}");
        }
        assert!(f.guest.held().0 <= 64);
        // The newest can still be waited for, as many as half of the table; half of those are lookups.
        for pending in waiting.split_off(1_000 - 16) {
            assert_eq!(f.guest.wait("insert_wait", pending), kv::OK);
        }
        let error = f.guest.out();
        assert_eq!(f.guest.kv("insert_wait", &[waiting[0], error]), status::BADF);
    }
);

core_test!(
    what_a_body_keeps_in_memory_counts_until_it_is_gone,
    Setup { ctx: |ctx| ctx.max_held_bytes(100_000), ..Setup::default() },
    |f| {
        // All but a byte has been read, and the memory is still there.
        let bytes = vec![1; 60_000];
        let body = f.guest.new_body(&bytes);
        let (buffer, out) = (f.guest.alloc(60_000), f.guest.out());
        assert_eq!(f.guest.body("read", &[body, buffer, 59_999, out]), status::OK);
        let second = f.guest.new_body(b"");
        assert_eq!(f.guest.body("write", &[second, buffer, 60_000, 0, out]), status::LIMITEXCEEDED);
        assert_eq!(f.guest.body("read", &[body, buffer, 2, out]), status::OK);
        assert_eq!(f.guest.body("write", &[second, buffer, 60_000, 0, out]), status::OK);
        // Trailers count on both kinds of bodies.
        let (streaming, _receiver) = f.guest.store.data_mut().push_streaming_body().unwrap();
        let (name, value) = (f.guest.put(b"name"), f.guest.put(&[b'v'; 30_000]));
        let trailer = |body| [body, name.0, name.1, value.0, value.1];
        assert_eq!(f.guest.body("trailer_append", &trailer(streaming)), status::OK);
        assert_eq!(f.guest.body("trailer_append", &trailer(streaming)), status::LIMITEXCEEDED);
        assert_eq!(f.guest.body("trailer_append", &trailer(second)), status::LIMITEXCEEDED);
    }
);
