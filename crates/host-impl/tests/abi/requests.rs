//! `fastly_http_req`: the client's request and those of the guest, all but headers and the client behind them.

use edgekv_host::{Body, Client};

use crate::core_test;
use crate::fixture::{Fixture, Setup};
use crate::guest::{MEMORY_END, UNTOUCHED, status};

fn put_request() -> (http::Request<Body>, Client) {
    let request = http::Request::put("http://example.com:8080/path?query=1")
        .version(http::Version::HTTP_2)
        .header("x-a", "1")
        .body(Body::from(b"content".to_vec()));
    (request.unwrap(), Client::default())
}

/// The handles of the client's request and its body.
fn get(f: &mut Fixture) -> (u32, u32) {
    let (request, body) = (f.guest.out(), f.guest.out());
    assert_eq!(f.guest.req("body_downstream_get", &[request, body]), status::OK);
    (f.guest.u32(request), f.guest.u32(body))
}

fn new(f: &mut Fixture) -> u32 {
    let out = f.guest.out();
    assert_eq!(f.guest.req("new", &[out]), status::OK);
    f.guest.u32(out)
}

fn text(f: &mut Fixture, function: &str, request: u32) -> String {
    let (buffer, out) = (f.guest.alloc(128), f.guest.out());
    assert_eq!(f.guest.req(function, &[request, buffer, 128, out]), status::OK);
    let length = f.guest.u32(out);
    String::from_utf8(f.guest.bytes(buffer..buffer + length)).unwrap()
}

core_test!(the_request_of_the_client_is_what_it_sent, Setup::serving(put_request), |f| {
    let (request, body) = get(f);
    assert_eq!(text(f, "method_get", request), "PUT");
    assert_eq!(text(f, "uri_get", request), "http://example.com:8080/path?query=1");
    let out = f.guest.out();
    assert_eq!(f.guest.req("version_get", &[request, out]), status::OK);
    assert_eq!(f.guest.u32(out), 3);
    assert_eq!(f.guest.read_all(body), b"content");
    assert!(!f.guest.store.data().wanted_request(), "it got one");
});

core_test!(asking_again_gives_the_same_handles_also_of_what_is_consumed, Setup::serving(put_request), |f| {
    let (first, second) = (get(f), get(f));
    assert_eq!(first, second);
    assert_eq!(f.guest.req("close", &[first.0]), status::OK);
    assert_eq!(f.guest.body("close", &[first.1]), status::OK);
    assert_eq!(get(f), first);
    assert_eq!(f.guest.req("close", &[first.0]), status::BADF);
    assert_eq!(f.guest.body("close", &[first.1]), status::BADF);
});

core_test!(either_pointer_of_the_request_may_be_null, Setup::serving(put_request), |f| {
    f.guest.write(0, &[7; 8]);
    let (request, body) = (f.guest.out(), f.guest.out());
    assert_eq!(f.guest.req("body_downstream_get", &[0, 0]), status::OK);
    assert_eq!(f.guest.req("body_downstream_get", &[0, body]), status::OK);
    assert_eq!(f.guest.req("body_downstream_get", &[request, 0]), status::OK);
    assert_eq!(get(f), (f.guest.u32(request), f.guest.u32(body)));
    assert_eq!(f.guest.bytes(0..8), [7; 8]);
    for bad in [[MEMORY_END, body], [request, MEMORY_END]] {
        assert_eq!(f.guest.req("body_downstream_get", &bad), status::INVAL);
    }
    assert_eq!(f.guest.req("body_downstream_get", &[request + 1, body]), status::BADALIGN);
});

core_test!(
    a_request_that_finds_no_room_is_there_once_there_is_some,
    Setup { ctx: |ctx| ctx.max_handles(2), downstream: Some(put_request), ..Setup::default() },
    |f| {
        let (request, body) = (f.guest.out(), f.guest.out());
        assert_eq!(f.guest.req("body_downstream_get", &[request, body]), status::LIMITEXCEEDED);
        assert_eq!(f.guest.u32(body), UNTOUCHED);
        assert_eq!(f.guest.req("body_downstream_get", &[request, 0]), status::OK);
        let first = f.guest.u32(request);
        assert_eq!(f.guest.req("close", &[first]), status::OK);
        let (request, body) = get(f);
        assert_eq!((request, f.guest.read_all(body)), (first, b"content".to_vec()));
    }
);

core_test!(without_a_client_there_is_no_request_and_the_host_is_told, |f| {
    let (request, body) = (f.guest.out(), f.guest.out());
    assert!(!f.guest.store.data().wanted_request());
    assert_eq!(f.guest.req("body_downstream_get", &[request, body]), status::UNSUPPORTED);
    assert_eq!((f.guest.u32(request), f.guest.u32(body)), (UNTOUCHED, UNTOUCHED));
    assert!(f.guest.store.data().wanted_request());
});

core_test!(a_new_request_is_get_of_a_slash_and_can_be_changed, |f| {
    let request = new(f);
    assert_eq!((text(f, "method_get", request), text(f, "uri_get", request)), ("GET".into(), "/".into()));
    for (set, get, value) in [
        ("method_set", "method_get", "DELETE"),
        ("method_set", "method_get", "PURGE-ALL"),
        ("uri_set", "uri_get", "https://user@example.com:1/a/b?c=d?e"),
        ("uri_set", "uri_get", "/relative"),
    ] {
        let (at, length) = f.guest.put(value.as_bytes());
        assert_eq!(f.guest.req(set, &[request, at, length]), status::OK, "{value}");
        assert_eq!(text(f, get, request), value);
    }
    for (set, value) in
        [("method_set", &b""[..]), ("method_set", b"G T"), ("uri_set", b""), ("uri_set", b"http://a b/")]
    {
        let (at, length) = f.guest.put(value);
        assert_eq!(f.guest.req(set, &[request, at, length]), status::ERROR, "{value:?}");
    }
    let (at, length) = f.guest.put(&[b'/'; 65_535]);
    assert_eq!(f.guest.req("uri_set", &[request, at, length]), status::ERROR, "longer than a URL can be");
    assert_eq!(
        (text(f, "method_get", request), text(f, "uri_get", request)),
        ("PURGE-ALL".into(), "/relative".into())
    );
    let out = f.guest.out();
    for (function, needed) in [("method_get", 9), ("uri_get", 9)] {
        assert_eq!(f.guest.req(function, &[request, at, 8, out]), status::BUFLEN);
        assert_eq!(f.guest.u32(out), needed);
        assert_eq!(f.guest.req(function, &[request, at, 9, out]), status::OK, "an exact buffer will do");
        assert_eq!(f.guest.req(function, &[request, at, 9, MEMORY_END]), status::INVAL);
        assert_eq!(f.guest.req(function, &[999, at, 9, out]), status::BADF);
    }
    for function in ["method_set", "uri_set"] {
        assert_eq!(f.guest.req(function, &[request, MEMORY_END, 1]), status::INVAL);
        assert_eq!(f.guest.req(function, &[999, at, 1]), status::BADF);
    }
});

core_test!(
    methods_and_urls_count_as_memory_of_the_host,
    Setup { ctx: |ctx| ctx.max_held_bytes(10_000), ..Setup::default() },
    |f| {
        let request = new(f);
        let (at, length) = f.guest.put(&[b'/'; 10_000]);
        assert_eq!(f.guest.req("uri_set", &[request, at, length]), status::LIMITEXCEEDED);
        f.guest.write(at, &[b'M'; 10_000]);
        assert_eq!(f.guest.req("method_set", &[request, at, length]), status::LIMITEXCEEDED);
        assert_eq!(f.guest.req("method_set", &[request, at, 5_000]), status::OK);
        assert!(f.guest.held().1 > 5_000);
        assert_eq!((f.guest.req("close", &[request]), f.guest.held().1), (status::OK, 0));
    }
);

core_test!(settings_for_sending_are_checked_and_accepted, |f| {
    let request = new(f);
    let (keys, length) = f.guest.put(b"a b");
    let record = f.guest.alloc(20);
    for (offset, field) in (0..).step_by(4).zip([60_u32, 0, keys, length, 0]) {
        f.guest.write(record + offset, &field.to_le_bytes());
    }
    let calls: &[(&str, &[u32], i32)] = &[
        ("framing_headers_mode_set", &[0], status::OK),
        ("framing_headers_mode_set", &[1], status::OK),
        ("framing_headers_mode_set", &[2], status::INVAL),
        ("auto_decompress_response_set", &[1], status::OK),
        ("auto_decompress_response_set", &[2], status::INVAL),
        ("cache_override_set", &[0b11111, 60, 60], status::OK),
        ("cache_override_set", &[0b100000, 60, 60], status::INVAL),
        ("cache_override_v2_set", &[2, 60, 60, keys, length], status::OK),
        ("cache_override_v2_set", &[2, 60, 60, 0, 0], status::OK),
        ("cache_override_v2_set", &[2, 60, 60, MEMORY_END, 1], status::INVAL),
        ("cache_override_v3_set", &[2, record], status::OK),
        ("cache_override_v3_set", &[64, record], status::INVAL),
        ("cache_override_v3_set", &[2, record + 1], status::BADALIGN),
    ];
    for (function, arguments, expected) in calls {
        assert_eq!(
            f.guest.req(function, &[&[request], *arguments].concat()),
            *expected,
            "{function} {arguments:?}"
        );
        assert_eq!(f.guest.req(function, &[&[999], *arguments].concat()), status::BADF, "{function}");
    }
});

/// Sending functions, and how many arguments follow the name of the backend.
const SENDS: [(&str, usize); 6] = [
    ("send", 2),
    ("send_v2", 3),
    ("send_v3", 3),
    ("send_async", 1),
    ("send_async_streaming", 1),
    ("send_async_v2", 2),
];

core_test!(sending_is_inval_consumes_what_it_is_given_and_stores_nothing, Setup::serving(put_request), |f| {
    let (name, length) = f.guest.put(b"backend");
    for (function, outs) in SENDS {
        for mine in [true, false] {
            let request = if mine { new(f) } else { get(f).0 };
            let body = f.guest.new_body(b"data");
            let out = f.guest.out();
            // One of them is a number, and not where something goes.
            let mut rest = vec![out; outs];
            if function == "send_async_v2" {
                rest[0] = 0;
            }
            for (request, body) in [(999, body), (body, body), (request, 999), (request, request)] {
                let arguments = [&[request, body, name, length], &rest[..]].concat();
                assert_eq!(f.guest.req(function, &arguments), status::BADF, "{function}");
            }
            let arguments = [&[request, body, name, length], &rest[..]].concat();
            let expected = if mine || function == "send" { status::INVAL } else { status::BADF };
            assert_eq!(f.guest.req(function, &arguments), expected, "{function}");
            assert_eq!(f.guest.u32(out), UNTOUCHED);
            assert_eq!(f.guest.req("close", &[request]), status::BADF);
            let stays = function == "send_async_streaming" || expected == status::BADF;
            assert_eq!(
                f.guest.body("close", &[body]),
                if stays { status::OK } else { status::BADF },
                "{function}"
            );
        }
    }
    let (request, body, out) = (new(f), f.guest.new_body(b""), f.guest.out());
    for streaming in [2, u32::MAX] {
        let arguments = [request, body, name, length, streaming, out];
        assert_eq!(f.guest.req("send_async_v2", &arguments), status::INVAL);
    }
    assert_eq!(f.guest.req("close", &[request]), status::OK, "a number that is none consumes nothing");
    assert_eq!(f.guest.body("close", &[body]), status::OK);
    // A body that the guest goes on to write stays with it, and it closes it.
    let (request, body, out) = (new(f), f.guest.new_body(b""), f.guest.out());
    assert_eq!(f.guest.req("send_async_v2", &[request, body, name, length, 1, out]), status::INVAL);
    assert_eq!(f.guest.body("close", &[body]), status::OK);
});

core_test!(pending_requests_do_not_exist, |f| {
    let out = f.guest.out();
    let (name, length) = f.guest.put(b"n");
    let handles = f.guest.alloc(8);
    let request = new(f);
    for handle in [0, 999, request, u32::MAX - 1] {
        let calls: &[(&str, &[u32])] = &[
            ("pending_req_header_insert", &[name, length, name, length, 0]),
            ("pending_req_header_append", &[name, length, name, length, 0]),
            ("pending_req_header_remove", &[name, length, 0]),
            ("pending_req_poll", &[out, out, out]),
            ("pending_req_poll_v2", &[out, out, out, out]),
            ("pending_req_wait", &[out, out]),
            ("pending_req_wait_v2", &[out, out, out]),
        ];
        for (function, arguments) in calls {
            assert_eq!(f.guest.req(function, &[&[handle], *arguments].concat()), status::BADF, "{function}");
        }
        f.guest.write(handles, &handle.to_le_bytes());
        assert_eq!(f.guest.req("pending_req_select", &[handles, 1, out, out, out]), status::BADF);
        assert_eq!(f.guest.req("pending_req_select_v2", &[handles, 1, out, out, out, out]), status::BADF);
        assert_eq!(f.guest.resp("send_downstream_pending", &[handle]), status::BADF);
    }
    assert_eq!(f.guest.req("pending_req_select", &[handles, 0, out, out, out]), status::INVAL);
    assert_eq!(f.guest.req("pending_req_select_v2", &[handles, 0, out, out, out, out]), status::INVAL);
    assert_eq!(f.guest.req("pending_req_select", &[MEMORY_END, 1, out, out, out]), status::INVAL);
    assert_eq!(f.guest.req("pending_req_select", &[handles + 1, 1, out, out, out]), status::BADALIGN);
    assert_eq!(f.guest.u32(out), UNTOUCHED);
});

core_test!(what_needs_backends_is_unsupported, |f| {
    let (request, out) = (new(f), f.guest.out());
    let (name, length) = f.guest.put(b"backend");
    let calls: &[(&str, &[u32])] = &[
        ("register_dynamic_backend", &[name, length, name, length, 0, out]),
        ("inspect", &[request, request, 0, out, out, 8, out]),
        ("on_behalf_of", &[request, name, length]),
        ("upgrade_websocket", &[name, length]),
        ("redirect_to_websocket_proxy", &[name, length]),
        ("redirect_to_grip_proxy", &[name, length]),
        ("redirect_to_websocket_proxy_v2", &[request, name, length]),
        ("redirect_to_grip_proxy_v2", &[request, name, length]),
    ];
    for (function, arguments) in calls {
        assert_eq!(f.guest.req(function, arguments), status::UNSUPPORTED, "{function}");
    }
    assert_eq!(f.guest.req("close", &[request]), status::OK, "it is still there");
});
