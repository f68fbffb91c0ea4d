//! `fastly_http_downstream`, and its older twins in `fastly_http_req`: what is known of the client.

use edgekv_host::{Body, Client};

use crate::core_test;
use crate::fixture::{Fixture, Setup};
use crate::guest::{MEMORY_END, UNTOUCHED, status};

const TEXTS: [&str; 11] = [
    "client_h2_fingerprint",
    "client_oh_fingerprint",
    "tls_cipher_openssl_name",
    "tls_protocol",
    "tls_client_hello",
    "tls_client_servername",
    "tls_raw_client_certificate",
    "tls_ja4",
    "bot_name",
    "bot_category",
    "resvpnproxy_vpn_service_name",
];

/// Those of them that there are under an older name.
const OLDER_TEXTS: [&str; 7] = [
    "client_h2_fingerprint",
    "client_oh_fingerprint",
    "tls_cipher_openssl_name",
    "tls_protocol",
    "tls_client_hello",
    "tls_raw_client_certificate",
    "tls_ja4",
];

const UNKNOWN_NUMBERS: [&str; 12] = [
    "tls_client_cert_verify_result",
    "bot_category_kind",
    "resvpnproxy_is_anonymous",
    "resvpnproxy_is_anonymous_vpn",
    "resvpnproxy_is_hosting_provider",
    "resvpnproxy_is_proxy_over_vpn",
    "resvpnproxy_is_public_proxy",
    "resvpnproxy_is_relay_proxy",
    "resvpnproxy_is_residential_proxy",
    "resvpnproxy_is_smart_dns_proxy",
    "resvpnproxy_is_tor_exit_node",
    "resvpnproxy_is_vpn_datacenter",
];

fn request() -> http::request::Builder {
    http::Request::get("http://example.com/").header("x-b", "1").header("x-a", "2").header("x-b", "3")
}

fn plain() -> (http::Request<Body>, Client) {
    (request().body(Body::new()).unwrap(), Client::default())
}

fn known() -> (http::Request<Body>, Client) {
    let client = Client::default()
        .address("192.0.2.1".parse().unwrap())
        .server_address("2001:db8::1".parse().unwrap())
        .request_id([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0xAB, 0xCD])
        .original_header_names(["X-B", "X-A", "X-B"]);
    (request().header("fastly-key", "test-key").body(Body::new()).unwrap(), client)
}

fn client_request(f: &mut Fixture) -> u32 {
    let out = f.guest.out();
    assert_eq!(f.guest.req("body_downstream_get", &[out, 0]), status::OK);
    f.guest.u32(out)
}

fn own_request(f: &mut Fixture) -> u32 {
    let out = f.guest.out();
    assert_eq!(f.guest.req("new", &[out]), status::OK);
    f.guest.u32(out)
}

/// Calls a function under its name of today, with a request, and under its older one, without.
fn both(f: &mut Fixture, request: u32, function: &str, arguments: &[u32]) -> [i32; 2] {
    let function = format!("downstream_{function}");
    let today = f.guest.downstream(&function, &[&[request], arguments].concat());
    [today, f.guest.req(&function, arguments)]
}

/// The names of the headers as the client has sent them, of both modules, and how many those are.
fn original_names(f: &mut Fixture, request: u32) -> (String, u32) {
    let (buffer, ending, used, count) = (f.guest.alloc(64), f.guest.out(), f.guest.out(), f.guest.out());
    let rest = [buffer, 64, 0, ending, used];
    assert_eq!(f.guest.req("original_header_names_get", &rest), status::OK);
    let length = f.guest.u32(used);
    let older = f.guest.bytes(buffer..buffer + length);
    assert_eq!(f.guest.req("original_header_count", &[count]), status::OK);
    let older_count = f.guest.u32(count);
    if request != 0 {
        let arguments = [&[request], &rest[..]].concat();
        assert_eq!(f.guest.downstream("downstream_original_header_names", &arguments), status::OK);
        let length = f.guest.u32(used);
        assert_eq!(f.guest.bytes(buffer..buffer + length), older);
        assert_eq!(f.guest.downstream("downstream_original_header_count", &[request, count]), status::OK);
        assert_eq!(f.guest.u32(count), older_count);
    }
    (String::from_utf8(older).unwrap(), older_count)
}

core_test!(addresses_are_told_in_4_or_16_bytes, Setup::serving(known), |f| {
    let request = client_request(f);
    let (octets, used) = (f.guest.alloc(16), f.guest.out());
    assert_eq!(both(f, request, "client_ip_addr", &[octets, used]), [status::OK; 2]);
    assert_eq!((f.guest.u32(used), f.guest.bytes(octets..octets + 4)), (4, vec![192, 0, 2, 1]));
    assert_eq!(both(f, request, "server_ip_addr", &[octets, used]), [status::OK; 2]);
    let address: std::net::Ipv6Addr = "2001:db8::1".parse().unwrap();
    assert_eq!((f.guest.u32(used), f.guest.bytes(octets..octets + 16)), (16, address.octets().to_vec()));
    for function in ["client_ip_addr", "server_ip_addr"] {
        assert_eq!(both(f, request, function, &[MEMORY_END - 3, used]), [status::INVAL; 2]);
        assert_eq!(both(f, request, function, &[octets, used + 1]), [status::BADALIGN; 2]);
    }
    assert_eq!(
        both(f, request, "client_ip_addr", &[MEMORY_END - 4, used]),
        [status::OK; 2],
        "room for 4 will do"
    );
});

core_test!(addresses_that_are_not_known_have_no_bytes, Setup::serving(plain), |f| {
    let (request, own) = (client_request(f), own_request(f));
    for request in [request, own] {
        for function in ["client_ip_addr", "server_ip_addr"] {
            let used = f.guest.out();
            assert_eq!(both(f, request, function, &[0, used]), [status::OK; 2]);
            assert_eq!(f.guest.u32(used), 0);
        }
    }
});

core_test!(the_request_id_is_32_digits_in_a_buffer_of_just_that, Setup::serving(known), |f| {
    let request = client_request(f);
    let (buffer, used) = (f.guest.alloc(32), f.guest.out());
    assert_eq!(both(f, request, "client_request_id", &[buffer, 31, used]), [status::BUFLEN; 2]);
    assert_eq!(f.guest.u32(used), 32);
    assert_eq!(both(f, request, "client_request_id", &[buffer, 32, used]), [status::OK; 2]);
    assert_eq!(f.guest.bytes(buffer..buffer + 32), b"000102030405060708090a0b0c0dabcd");
    let own = own_request(f);
    let function = "downstream_client_request_id";
    assert_eq!(f.guest.downstream(function, &[own, buffer, 32, used]), status::NONE);
});

core_test!(names_of_headers_are_told_as_the_client_spelt_them, Setup::serving(known), |f| {
    let request = client_request(f);
    assert_eq!(original_names(f, request), ("X-B\0X-A\0X-B\0".to_owned(), 3));
});

core_test!(names_of_headers_stay_those_of_the_client_whatever_the_guest_does, Setup::serving(plain), |f| {
    let expected = ("x-b\0x-a\0".to_owned(), 2);
    assert_eq!(original_names(f, 0), expected, "before the request is asked for");
    let request = client_request(f);
    assert_eq!(original_names(f, request), expected);
    let (name, new) = (f.guest.put(b"x-b"), f.guest.put(b"new"));
    assert_eq!(f.guest.req("header_remove", &[request, name.0, name.1]), status::OK);
    assert_eq!(f.guest.req("header_insert", &[request, new.0, new.1, new.0, new.1]), status::OK);
    assert_eq!(original_names(f, request), expected);
    assert_eq!(f.guest.req("close", &[request]), status::OK);
    assert_eq!(original_names(f, 0), expected, "after it is gone");
    let count = f.guest.out();
    assert_eq!(f.guest.downstream("downstream_original_header_count", &[request, count]), status::BADF);
});

core_test!(original_names_of_a_request_of_the_guest_are_an_error, Setup::serving(known), |f| {
    let (own, buffer, used, ending) = (own_request(f), f.guest.alloc(64), f.guest.out(), f.guest.out());
    let arguments = [own, buffer, 64, 0, ending, used];
    assert_eq!(f.guest.downstream("downstream_original_header_names", &arguments), status::ERROR);
    assert_eq!((f.guest.u32(used), f.guest.u64(ending)), (UNTOUCHED, u64::MAX));
    assert_eq!(f.guest.downstream("downstream_original_header_count", &[own, used]), status::ERROR);
});

core_test!(
    a_key_is_valid_if_the_client_sent_one_that_the_host_accepts,
    Setup {
        ctx: |ctx| ctx.accept_key("other").accept_key("test-key"),
        downstream: Some(known),
        ..Setup::default()
    },
    |f| {
        let (request, own, value) = (client_request(f), own_request(f), f.guest.out());
        let (name, key) = (f.guest.put(b"fastly-key"), f.guest.put(b"test-key"));
        assert_eq!(f.guest.req("header_insert", &[own, name.0, name.1, key.0, key.1]), status::OK);
        assert_eq!(f.guest.req("fastly_key_is_valid", &[value]), status::OK);
        assert_eq!(f.guest.u32(value), 1);
        assert_eq!(f.guest.req("header_remove", &[request, name.0, name.1]), status::OK);
        for (request, valid) in [(request, 1), (own, 0)] {
            assert_eq!(f.guest.downstream("fastly_key_is_valid", &[request, value]), status::OK);
            assert_eq!(f.guest.u32(value), valid, "what the client sent counts");
        }
        assert_eq!(f.guest.req("fastly_key_is_valid", &[MEMORY_END]), status::INVAL);
    }
);

core_test!(no_key_is_valid_unless_the_host_says_so, Setup::serving(known), |f| {
    let value = f.guest.out();
    assert_eq!(f.guest.req("fastly_key_is_valid", &[value]), status::OK);
    assert_eq!(f.guest.u32(value), 0);
});

core_test!(what_this_host_does_not_look_at_is_none_or_0, Setup::serving(known), |f| {
    let (request, own, out) = (client_request(f), own_request(f), f.guest.out());
    for request in [request, own] {
        for text in TEXTS {
            let status = f.guest.downstream(&format!("downstream_{text}"), &[request, out, 8, out]);
            assert_eq!(status, status::NONE, "{text}");
        }
        for number in UNKNOWN_NUMBERS {
            let status = f.guest.downstream(&format!("downstream_{number}"), &[request, out]);
            assert_eq!(status, status::NONE, "{number}");
        }
        assert_eq!(f.guest.downstream("downstream_tls_ja3_md5", &[request, out, out]), status::NONE);
    }
    for text in OLDER_TEXTS {
        assert_eq!(f.guest.req(&format!("downstream_{text}"), &[out, 8, out]), status::NONE, "{text}");
    }
    assert_eq!(f.guest.req("downstream_tls_ja3_md5", &[out, out]), status::NONE);
    assert_eq!(f.guest.req("downstream_tls_client_cert_verify_result", &[out]), status::NONE);
    assert_eq!(f.guest.u32(out), UNTOUCHED);
    for number in ["client_ddos_detected", "bot_analyzed", "bot_detected", "bot_verified"] {
        let function = format!("downstream_{number}");
        let value = f.guest.out();
        assert_eq!(f.guest.downstream(&function, &[request, value]), status::OK, "{number}");
        assert_eq!(f.guest.u32(value), 0);
        assert_eq!(f.guest.downstream(&function, &[request, MEMORY_END]), status::INVAL);
        assert_eq!(f.guest.downstream(&function, &[999, value]), status::BADF);
    }
    let value = f.guest.out();
    assert_eq!(f.guest.req("downstream_client_ddos_detected", &[value]), status::OK);
    assert_eq!(f.guest.u32(value), 0);
    for function in ["downstream_visits_this_service", "downstream_visits_this_pop"] {
        assert_eq!(f.guest.downstream(function, &[value]), status::OK);
        assert_eq!(f.guest.u32(value), 1);
    }
    let (buffer, used) = (f.guest.alloc(4), f.guest.out());
    assert_eq!(both(f, request, "compliance_region", &[buffer, 4, used]), [status::OK; 2]);
    assert_eq!((f.guest.bytes(buffer..buffer + 4), f.guest.u32(used)), (b"none".to_vec(), 4));
    assert_eq!(both(f, request, "compliance_region", &[buffer, 3, used]), [status::BUFLEN; 2]);
});

/// Functions about a request, with pointers behind it.
fn about_a_request() -> Vec<(String, usize)> {
    let mut all: Vec<_> =
        TEXTS.iter().chain(&["client_request_id", "compliance_region"]).map(|f| (*f, 3)).collect();
    all.extend([
        ("client_ip_addr", 2),
        ("server_ip_addr", 2),
        ("tls_ja3_md5", 2),
        ("original_header_count", 1),
    ]);
    all.extend(["client_ddos_detected", "bot_analyzed", "bot_detected", "bot_verified"].map(|f| (f, 1)));
    all.extend(UNKNOWN_NUMBERS.map(|f| (f, 1)));
    let mut all: Vec<_> = all.into_iter().map(|(f, outs)| (format!("downstream_{f}"), outs)).collect();
    all.push(("fastly_key_is_valid".to_owned(), 1));
    all.push(("downstream_original_header_names".to_owned(), 5));
    all
}

core_test!(a_request_that_is_not_there_is_badf, Setup::serving(known), |f| {
    let out = f.guest.out();
    for (function, outs) in about_a_request() {
        for handle in [0, 999, f.store] {
            let arguments = [&[handle], &vec![out; outs][..]].concat();
            // A buffer at `out` whose length is the number of its address is in memory.
            assert_eq!(f.guest.downstream(&function, &arguments), status::BADF, "{function}");
        }
    }
});

core_test!(without_a_client_nothing_is_known_of_it_and_the_host_is_told, |f| {
    let (own, out) = (own_request(f), f.guest.out());
    for (function, outs) in about_a_request() {
        let arguments = [&[own], &vec![out; outs][..]].concat();
        assert_eq!(f.guest.downstream(&function, &arguments), status::UNSUPPORTED, "{function}");
    }
    for (function, outs) in [
        ("original_header_names_get", 5),
        ("original_header_count", 1),
        ("fastly_key_is_valid", 1),
        ("downstream_client_ip_addr", 2),
        ("downstream_client_request_id", 3),
        ("downstream_tls_protocol", 3),
    ] {
        assert_eq!(f.guest.req(function, &vec![out; outs]), status::UNSUPPORTED, "{function}");
    }
    assert_eq!(f.guest.downstream("next_request", &[0, 0, out]), status::UNSUPPORTED);
    assert!(f.guest.store.data().wanted_request());
});

fn next_request(f: &mut Fixture) -> u32 {
    let out = f.guest.out();
    assert_eq!(f.guest.downstream("next_request", &[0, 0, out]), status::OK);
    f.guest.u32(out)
}

core_test!(there_is_no_further_request_once_the_first_is_answered, Setup::serving(plain), |f| {
    let (promise, out) = (next_request(f), f.guest.out());
    assert_eq!(f.guest.call("fastly_async_io", "is_ready", &[promise, out]), status::OK);
    assert_eq!(f.guest.u32(out), 1, "that there is none is known at once");
    assert_eq!(f.guest.downstream("next_request", &[0, 0, out]), status::LIMITEXCEEDED, "one at a time");
    assert_eq!(f.guest.downstream("next_request_wait", &[promise, out, out]), status::UNSUPPORTED);
    assert_eq!(f.guest.resp("new", &[out]), status::OK);
    let (response, body) = (f.guest.u32(out), f.guest.new_body(b""));
    assert_eq!(f.guest.resp("send_downstream", &[response, body, 0]), status::OK);
    let out = f.guest.out();
    assert_eq!(f.guest.downstream("next_request_wait", &[promise, out, out]), status::NONE);
    assert_eq!(f.guest.u32(out), UNTOUCHED);
    assert_eq!(f.guest.downstream("next_request_wait", &[promise, out, out]), status::BADF, "it is consumed");
    let another = next_request(f);
    assert_eq!(f.guest.downstream("next_request_abandon", &[another]), status::OK);
    assert_eq!(f.guest.downstream("next_request_abandon", &[another]), status::BADF);
    assert_ne!(next_request(f), another);
});

core_test!(how_long_to_wait_is_read_only_where_it_is_set_and_as_32_bits, Setup::serving(plain), |f| {
    let (record, out) = (f.guest.alloc(8) + 4, f.guest.out());
    for (mask, at, expected) in [
        (0, MEMORY_END, status::OK),
        (1, MEMORY_END + 1, status::OK),
        (2, record, status::OK),
        (3, MEMORY_END - 4, status::OK),
        (2, MEMORY_END, status::INVAL),
        (2, record + 1, status::BADALIGN),
        (4, record, status::INVAL),
        (u32::MAX, record, status::INVAL),
    ] {
        assert_eq!(f.guest.downstream("next_request", &[mask, at, out]), expected, "{mask} {at:#x}");
        if expected == status::OK {
            let promise = f.guest.u32(out);
            assert_eq!(f.guest.downstream("next_request_abandon", &[promise]), status::OK);
        }
    }
    assert_eq!(f.guest.downstream("next_request", &[0, 0, MEMORY_END]), status::INVAL);
    for handle in [0, 999, f.store] {
        assert_eq!(f.guest.downstream("next_request_wait", &[handle, out, out]), status::BADF);
        assert_eq!(f.guest.downstream("next_request_abandon", &[handle]), status::BADF);
    }
});
