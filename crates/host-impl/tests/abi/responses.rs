//! `fastly_http_resp`: responses, and how they get to the client.

use edgekv_host::{Body, Client, Keepalive};
use futures_util::FutureExt;
use http_body_util::BodyExt;

use crate::core_test;
use crate::fixture::{Fixture, Setup};
use crate::guest::{MEMORY_END, UNTOUCHED, status};

fn get_request() -> (http::Request<Body>, Client) {
    (http::Request::get("http://example.com/").body(Body::new()).unwrap(), Client::default())
}

fn head_request() -> (http::Request<Body>, Client) {
    (http::Request::head("http://example.com/").body(Body::new()).unwrap(), Client::default())
}

fn new(f: &mut Fixture, status: u32) -> u32 {
    let out = f.guest.out();
    assert_eq!(f.guest.resp("new", &[out]), status::OK);
    let response = f.guest.u32(out);
    assert_eq!(f.guest.resp("status_set", &[response, status]), status::OK);
    response
}

fn header(f: &mut Fixture, response: u32, name: &str, value: &str) {
    let (name, value) = (f.guest.put(name.as_bytes()), f.guest.put(value.as_bytes()));
    assert_eq!(f.guest.resp("header_append", &[response, name.0, name.1, value.0, value.1]), status::OK);
}

fn send(f: &mut Fixture, response: u32, body: u32, streaming: u32) -> i32 {
    f.guest.resp("send_downstream", &[response, body, streaming])
}

fn write(f: &mut Fixture, body: u32, bytes: &[u8]) -> i32 {
    let ((at, length), out) = (f.guest.put(bytes), f.guest.out());
    f.guest.body("write", &[body, at, length, 0, out])
}

fn headers(response: &http::Response<Body>) -> Vec<String> {
    response.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
}

core_test!(a_new_response_is_200_and_its_status_can_be_any_of_three_digits, |f| {
    let out = f.guest.out();
    assert_eq!(f.guest.resp("new", &[out]), status::OK);
    let response = f.guest.u32(out);
    let code = f.guest.out();
    assert_eq!(f.guest.resp("status_get", &[response, code]), status::OK);
    assert_eq!(f.guest.u16(code), 200);
    assert_eq!(f.guest.bytes(code + 2..code + 4), UNTOUCHED.to_le_bytes()[2..], "two bytes and no more");
    for status in [100, 103, 404, 599, 999] {
        assert_eq!(f.guest.resp("status_set", &[response, status]), status::OK);
        assert_eq!(f.guest.resp("status_get", &[response, code]), status::OK);
        assert_eq!(u32::from(f.guest.u16(code)), status);
    }
    for status in [0, 99, 1000, 65_736, u32::MAX] {
        assert_eq!(f.guest.resp("status_set", &[response, status]), status::INVAL, "{status}");
    }
    assert_eq!(f.guest.resp("status_get", &[response, code + 1]), status::BADALIGN);
    assert_eq!(f.guest.resp("status_get", &[response, MEMORY_END]), status::INVAL);
    assert_eq!(f.guest.resp("status_get", &[999, code]), status::BADF);
    assert_eq!(f.guest.resp("status_set", &[999, 200]), status::BADF);
});

core_test!(a_response_gets_to_the_client_and_is_consumed_with_its_body, Setup::serving(get_request), |f| {
    let response = new(f, 404);
    header(f, response, "X-Name", "1");
    header(f, response, "x-name", "2");
    let body = f.guest.new_body(b"not here");
    assert!(!f.guest.store.data().answered());
    assert_eq!(send(f, response, body, 0), status::OK);
    assert!(f.guest.store.data().answered());
    assert_eq!(f.guest.resp("close", &[response]), status::BADF);
    assert_eq!(f.guest.body("close", &[body]), status::BADF);
    assert_eq!(f.guest.held().1, 0, "what is sent is not the guest's any more");
    let answer = f.answered().unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (404, http::Version::HTTP_11));
    assert_eq!(headers(&answer), ["x-name: 1", "x-name: 2"]);
    assert_eq!(answer.body().known_length(), Some(8));
    assert_eq!(answer.extensions().get::<Keepalive>(), None);
    assert_eq!(f.read(answer.into_body()), b"not here");
});

core_test!(a_value_is_sent_as_it_is_without_a_copy, Setup::serving(get_request), |f| {
    f.guest.insert(f.store, "k", &[7; 100_000]);
    let store = f.stores.open(&edgekv_store::StoreName::new("store").unwrap()).wait().unwrap().unwrap();
    let entry = store.lookup(edgekv_store::Key::new("k").unwrap()).wait().unwrap().unwrap();
    let of_the_store = entry.value().as_ptr();
    let (_, pending) = f.guest.start_lookup(f.store, b"k");
    let [body, used, generation, error] = [(); 4].map(|()| f.guest.out());
    f.guest.kv("lookup_wait_v2", &[pending, body, 0, 0, used, generation, error]);
    let (response, body) = (new(f, 200), f.guest.u32(body));
    assert_eq!(send(f, response, body, 0), status::OK);
    let answer = f.answered().unwrap();
    assert_eq!(answer.body().known_length(), Some(100_000));
    let sent = answer.into_body().frame().now_or_never().unwrap().unwrap().unwrap().into_data().unwrap();
    assert_eq!((sent.len(), sent.as_ptr()), (100_000, of_the_store));
});

core_test!(
    a_streaming_body_sends_what_was_written_first_and_then_as_it_is_written,
    Setup::serving(get_request),
    |f| {
        let (response, body) = (new(f, 200), f.guest.new_body(b"first "));
        let (name, value) = (f.guest.put(b"x-sum"), f.guest.put(b"42"));
        f.guest.body("trailer_append", &[body, name.0, name.1, value.0, value.1]);
        assert_eq!(send(f, response, body, 1), status::OK);
        let (buffer, out) = (f.guest.alloc(64), f.guest.out());
        assert_eq!(f.guest.body("read", &[body, buffer, 8, out]), status::BADF, "it is for writing now");
        let answer = f.answered().unwrap();
        assert_eq!(answer.body().known_length(), None);
        assert_eq!(headers(&answer), ["transfer-encoding: chunked", "trailer: x-sum"]);
        assert_eq!(write(f, body, b"second "), status::OK);
        assert_eq!(write(f, body, b"third"), status::OK);
        assert_eq!(f.guest.body("close", &[body]), status::OK);
        let sent = f.guest.store.data_mut().push_body(answer.into_body()).unwrap();
        assert_eq!(f.guest.read_all(sent), b"first second third");
        let arguments = [sent, name.0, name.1, buffer, 64, out];
        assert_eq!(f.guest.body("trailer_value_get", &arguments), status::OK);
        let length = f.guest.u32(out);
        assert_eq!(f.guest.bytes(buffer..buffer + length), b"42");
    }
);

core_test!(a_streaming_body_that_is_abandoned_is_cut_off_for_the_client, Setup::serving(get_request), |f| {
    let (response, body) = (new(f, 200), f.guest.new_body(b"first"));
    assert_eq!(send(f, response, body, 1), status::OK);
    assert_eq!(f.guest.body("abandon", &[body]), status::OK);
    let answer = f.answered().unwrap();
    let sent = f.guest.store.data_mut().push_body(answer.into_body()).unwrap();
    let (buffer, out) = (f.guest.alloc(8), f.guest.out());
    assert_eq!(f.guest.body("read", &[sent, buffer, 8, out]), status::OK);
    assert_eq!(f.guest.body("read", &[sent, buffer, 8, out]), status::HTTPINCOMPLETE);
});

core_test!(a_refused_response_consumes_nothing, Setup::serving(get_request), |f| {
    let (response, body) = (new(f, 200), f.guest.new_body(b"data"));
    for (response, body) in
        [(999, body), (body, body), (response, 999), (response, response), (response, f.store)]
    {
        for streaming in [0, 1] {
            assert_eq!(send(f, response, body, streaming), status::BADF);
        }
    }
    for streaming in [2, u32::MAX] {
        assert_eq!(send(f, response, body, streaming), status::INVAL);
    }
    for interim in [100, 101, 102, 104, 199] {
        assert_eq!(f.guest.resp("status_set", &[response, interim]), status::OK);
        assert_eq!(send(f, response, body, 0), status::INVAL, "{interim}");
    }
    assert!(!f.guest.store.data().answered());
    f.guest.resp("status_set", &[response, 200]);
    assert_eq!(send(f, response, body, 0), status::OK, "all is still there");
    let answer = f.answered().unwrap();
    assert_eq!(f.read(answer.into_body()), b"data");
});

core_test!(a_second_response_is_an_error_and_stays_with_the_guest, Setup::serving(get_request), |f| {
    let (response, body) = (new(f, 200), f.guest.new_body(b"first"));
    assert_eq!(send(f, response, body, 0), status::OK);
    for code in [200, 500, 103] {
        let (response, body) = (new(f, code), f.guest.new_body(b"second"));
        for streaming in [0, 1] {
            assert_eq!(send(f, response, body, streaming), status::ERROR, "{code}");
        }
        assert_eq!(f.guest.resp("close", &[response]), status::OK);
        assert_eq!(f.guest.body("close", &[body]), status::OK);
    }
    let answer = f.answered().unwrap();
    assert_eq!(f.read(answer.into_body()), b"first");
});

core_test!(early_hints_are_taken_before_the_response_and_answer_nothing, Setup::serving(get_request), |f| {
    for streaming in [0, 1, 0] {
        let (response, body) = (new(f, 103), f.guest.new_body(b""));
        assert_eq!(send(f, response, body, streaming), status::OK);
        assert_eq!(f.guest.resp("close", &[response]), status::BADF);
        let closed = f.guest.body("close", &[body]);
        assert_eq!(closed, if streaming == 0 { status::BADF } else { status::OK });
    }
    assert!(!f.guest.store.data().answered());
    let (response, body) = (new(f, 204), f.guest.new_body(b""));
    assert_eq!(send(f, response, body, 0), status::OK);
    assert_eq!(f.answered().unwrap().status(), 204);
});

core_test!(without_a_client_nothing_can_be_sent_and_the_host_is_told, |f| {
    let (response, body) = (new(f, 200), f.guest.new_body(b"data"));
    assert_eq!(send(f, response, body, 0), status::UNSUPPORTED);
    assert!(f.guest.store.data().wanted_request() && !f.guest.store.data().answered());
    assert_eq!(f.guest.resp("close", &[response]), status::OK);
    assert_eq!(f.guest.read_all(body), b"data");
});

core_test!(a_client_that_is_gone_is_no_error_until_the_guest_writes_on, Setup::serving(get_request), |f| {
    f.answer = None;
    let (response, body) = (new(f, 200), f.guest.new_body(b"data"));
    assert_eq!(send(f, response, body, 1), status::OK);
    assert!(f.guest.store.data().answered());
    assert_eq!(write(f, body, b"more"), status::ERROR);
    assert_eq!(f.guest.body("close", &[body]), status::OK, "there is nothing left to go wrong");
    assert_eq!(f.guest.held(), (1, 0), "only the store is left");
});

core_test!(an_instance_that_ends_without_a_response_answers_none, Setup::serving(get_request), |f| {
    f.guest.store.data_mut().ctx = edgekv_host::KvCtx::builder(f.stores.clone()).build();
    assert!(pollster::block_on(f.answer.take().unwrap()).is_none());
});

core_test!(framing_is_the_hosts_business_unless_the_guest_takes_it_on, Setup::serving(get_request), |f| {
    let (response, body) = (new(f, 200), f.guest.new_body(b"12345"));
    for (name, value) in [("content-length", "99"), ("connection", "close"), ("x-mine", "1")] {
        header(f, response, name, value);
    }
    assert_eq!(f.guest.resp("framing_headers_mode_set", &[response, 0]), status::OK);
    assert_eq!(f.guest.resp("framing_headers_mode_set", &[response, 2]), status::INVAL);
    assert_eq!(f.guest.resp("framing_headers_mode_set", &[999, 0]), status::BADF);
    assert_eq!(send(f, response, body, 0), status::OK);
    assert_eq!(headers(&f.answered().unwrap()), ["x-mine: 1"]);
});

core_test!(a_guest_that_takes_framing_on_has_it_while_it_holds, Setup::serving(get_request), |f| {
    let (response, body) = (new(f, 200), f.guest.new_body(b""));
    header(f, response, "content-length", "5");
    assert_eq!(f.guest.resp("framing_headers_mode_set", &[response, 1]), status::OK);
    assert_eq!(send(f, response, body, 1), status::OK);
    assert_eq!(headers(&f.answered().unwrap()), ["content-length: 5"]);
});

core_test!(framing_of_a_guest_that_does_not_hold_is_dropped, Setup::serving(get_request), |f| {
    let (response, body) = (new(f, 200), f.guest.new_body(b"123456"));
    header(f, response, "content-length", "5");
    assert_eq!(f.guest.resp("framing_headers_mode_set", &[response, 1]), status::OK);
    assert_eq!(send(f, response, body, 0), status::OK);
    assert_eq!(headers(&f.answered().unwrap()), [""; 0]);
});

core_test!(a_guest_can_have_the_connection_closed, Setup::serving(get_request), |f| {
    let (response, body) = (new(f, 200), f.guest.new_body(b""));
    for (mode, expected) in [(1, status::OK), (0, status::OK), (2, status::INVAL), (1, status::OK)] {
        assert_eq!(f.guest.resp("http_keepalive_mode_set", &[response, mode]), expected);
    }
    assert_eq!(f.guest.resp("http_keepalive_mode_set", &[999, 1]), status::BADF);
    assert_eq!(send(f, response, body, 0), status::OK);
    assert_eq!(f.answered().unwrap().extensions().get(), Some(&Keepalive::Close));
});

core_test!(the_version_that_a_guest_sets_is_not_sent, Setup::serving(get_request), |f| {
    let (response, body) = (new(f, 200), f.guest.new_body(b""));
    assert_eq!(f.guest.resp("version_set", &[response, 0]), status::OK);
    assert_eq!(send(f, response, body, 0), status::OK);
    assert_eq!(f.answered().unwrap().version(), http::Version::HTTP_11);
});

core_test!(
    what_is_streamed_in_answer_to_head_is_discarded_without_an_error,
    Setup::serving(head_request),
    |f| {
        let (response, body) = (new(f, 200), f.guest.new_body(b""));
        assert_eq!(send(f, response, body, 1), status::OK);
        // A server takes no body for it.
        drop(f.answered().unwrap());
        for _ in 0..20 {
            assert_eq!(write(f, body, b"never sent"), status::OK);
        }
        let more = f.guest.new_body(b"neither");
        assert_eq!(f.guest.body("append", &[body, more]), status::OK);
        assert_eq!(f.guest.body("close", &[body]), status::OK);
    }
);

/// Sends 5 bytes with a status, in automatic and in manual framing: headers and body that leave the host.
fn sent_without_body(f: &mut Fixture, status: u32, framing: u32, streaming: u32) -> (Vec<String>, Vec<u8>) {
    let (response, body) = (new(f, status), f.guest.new_body(b"12345"));
    header(f, response, "content-length", "7");
    assert_eq!(f.guest.resp("framing_headers_mode_set", &[response, framing]), status::OK);
    assert_eq!(send(f, response, body, streaming), status::OK);
    let answer = f.answered().unwrap();
    if streaming == 1 {
        assert_eq!(write(f, body, b"more"), status::OK, "the guest need not know");
        assert_eq!(f.guest.body("close", &[body]), status::OK);
    }
    assert!(http_body::Body::is_end_stream(answer.body()), "for a server to see at once");
    (headers(&answer), f.read(answer.into_body()))
}

core_test!(
    an_answer_to_head_leaves_with_an_empty_body_and_the_length_of_its_own,
    Setup::serving(head_request),
    |f| {
        assert_eq!(sent_without_body(f, 200, 0, 0), (vec!["content-length: 5".into()], vec![]));
    }
);

core_test!(
    an_answer_to_head_leaves_with_the_length_that_the_guest_insists_on,
    Setup::serving(head_request),
    |f| {
        assert_eq!(sent_without_body(f, 200, 1, 0), (vec!["content-length: 7".into()], vec![]));
    }
);

core_test!(
    a_streamed_answer_to_head_leaves_with_an_empty_body_of_unknown_length,
    Setup::serving(head_request),
    |f| {
        assert_eq!(sent_without_body(f, 200, 0, 1), (vec![], vec![]));
    }
);

macro_rules! leaves_with_an_empty_body {
    ($($name:ident, $status:literal, $framing:literal, $streaming:literal;)*) => {$(
        core_test!($name, Setup::serving(get_request), |f| {
            assert_eq!(sent_without_body(f, $status, $framing, $streaming), (vec![], vec![]));
        });
    )*};
}

leaves_with_an_empty_body! {
    status_204_leaves_with_an_empty_body_and_no_length, 204, 0, 0;
    status_204_leaves_so_also_in_manual_framing, 204, 1, 0;
    status_205_leaves_so, 205, 1, 0;
    status_304_leaves_so, 304, 0, 0;
    status_304_leaves_so_also_in_manual_framing, 304, 1, 0;
    status_304_leaves_so_also_when_it_streams, 304, 1, 1;
}

core_test!(a_response_of_the_guest_has_no_backend_address, |f| {
    let (response, out) = (new(f, 200), f.guest.out());
    assert_eq!(f.guest.resp("get_addr_dest_ip", &[response, out, out]), status::NONE);
    assert_eq!(f.guest.resp("get_addr_dest_port", &[response, out]), status::NONE);
    assert_eq!(f.guest.u32(out), UNTOUCHED);
    assert_eq!(f.guest.resp("get_addr_dest_ip", &[999, out, out]), status::BADF);
    assert_eq!(f.guest.resp("get_addr_dest_port", &[999, out]), status::BADF);
});
