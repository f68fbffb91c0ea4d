use std::io::{self, Read as _, Write as _};
use std::net::IpAddr;

use edgekv_sys::FastlyStatus as Status;

use super::*;
use crate::abi::script::{self, Answer as Scripted, Script, answer};
use crate::future;

const END: u64 = u64::MAX; // -1

/// Starts a script on a thread that has answered nothing.
fn start(answers: impl IntoIterator<Item = Scripted>) -> Script {
    send::forget();
    script::start(answers)
}

/// What a host answers to a program that reads the head of this request.
fn request(method: &str, uri: &str, headers: &[(&str, &[&str])], body: &str) -> Vec<Scripted> {
    let ended = |items: &[&str]| items.iter().flat_map(|item| [*item, "\0"]).collect::<String>();
    let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
    let mut answers = vec![
        answer("init"),
        answer("body_downstream_get").handle(1).body(body),
        answer("method_get").bytes(method),
        answer("uri_get").bytes(uri),
        answer("version_get").number(2),
        answer("header_names_get").bytes(ended(&names)).number(END),
    ];
    answers.extend(
        headers.iter().map(|(_, values)| answer("header_values_get").bytes(ended(values)).number(END)),
    );
    answers
}

fn get() -> Vec<Scripted> {
    request("GET", "http://localhost/", &[], "")
}

/// The calls behind those that read the request.
fn sent(script: Script) -> Vec<String> {
    let calls = script.finish();
    let head = ["init", "body_downstream_get", "method_get", "uri_get", "version_get", "header_"];
    let is_head = |call: &String| head.iter().any(|name| call.starts_with(name) && !call.contains("append"));
    calls.into_iter().filter(|call| !is_head(call) && call != "close").collect()
}

#[test]
fn a_request_has_what_the_host_tells() {
    let script = start(request(
        "PATCH",
        "https://example.com/a?b=c",
        &[("host", &["example.com"]), ("accept", &["a/b", "c/d"]), ("x-empty", &[""])],
        "the body",
    ));
    answer_with(|request: Request<Body>| {
        assert_eq!((request.method(), request.version()), (&Method::PATCH, Version::HTTP_11));
        assert_eq!(request.uri(), "https://example.com/a?b=c");
        let accept: Vec<_> = request.headers().get_all("accept").iter().collect();
        assert_eq!(accept, ["a/b", "c/d"]);
        assert_eq!(request.headers().len(), 4);
        assert_eq!(request.headers()["x-empty"], "");
        assert_eq!(request.into_body().into_string(), "the body");
    })
    .unwrap();
    // One call for all names, and one for the values of each.
    let calls = script.finish();
    assert_eq!(calls.iter().filter(|call| call.starts_with("header_")).count(), 4, "{calls:?}");
}

#[test]
fn texts_of_any_length_are_read() {
    let long = format!("http://localhost/{}", "x".repeat(5000));
    let length = long.len();
    let value = "v".repeat(10_000);
    let script = start([
        answer("body_downstream_get").handle(1).body(""),
        answer("method_get").bytes("GET"),
        answer("uri_get").status(Status::BUFLEN).claims(length),
        answer("uri_get").bytes(&long),
        answer("version_get").number(3),
        answer("header_names_get").bytes("a\0").number(1),
        answer("header_names_get").bytes("b\0").number(END),
        answer("header_values_get").bytes("one\0").number(1),
        answer("header_values_get").status(Status::BUFLEN).claims(value.len() + 1),
        answer("header_values_get").bytes(format!("{value}\0")).number(END),
        answer("header_values_get").number(END),
    ]);
    let request = receive::receive().unwrap();
    assert_eq!((request.uri().to_string(), request.version()), (long, Version::HTTP_2));
    let values: Vec<_> = request.headers().get_all("a").iter().map(HeaderValue::len).collect();
    assert_eq!((values, request.headers().contains_key("b")), (vec![3, 10_000], false));
    drop(request);
    let calls = script.finish();
    assert!(calls.contains(&"header_values_get 1 a cursor=1 room=10001".to_owned()), "{calls:?}");
}

#[test]
fn a_request_that_is_not_http_is_refused_without_the_handler() {
    // How much of each is asked for: what comes behind the mistake is not.
    let broken = [
        (3, request("GE T", "http://localhost/", &[], "")),
        (4, request("GET", "http://local host/", &[], "")),
        (6, request("GET", "http://localhost/", &[("a b", &[""])], "")),
        (7, request("GET", "http://localhost/", &[("a", &["\u{1}"])], "")),
    ];
    for (asked, mut answers) in broken {
        answers.truncate(asked);
        let script = start(answers);
        answer_with(|_| -> &str { panic!("the handler is not asked") }).unwrap();
        let calls = sent(script);
        assert!(calls.contains(&"status_set 7 400".to_owned()), "{calls:?}");
    }
}

#[test]
fn a_host_without_a_request_is_told_apart() {
    let hosts = [
        vec![answer("body_downstream_get").status(Status::UNSUPPORTED)],
        vec![answer("body_downstream_get").body("").handle(edgekv_sys::RequestHandle::INVALID.0)],
        vec![answer("body_downstream_get").handle(1)],
    ];
    for answers in hosts {
        let script = start(answers);
        let problem = answer_with(|_| -> &str { panic!("the handler is not asked") }).unwrap_err();
        assert!(problem.starts_with("no request to answer ("), "{problem}");
        script.finish();
    }
}

#[test]
fn a_request_that_the_host_cannot_tell_is_an_internal_error() {
    let hosts = [
        vec![
            answer("body_downstream_get").handle(1).body(""),
            answer("method_get").bytes("GET").claims(5000),
        ],
        vec![
            answer("body_downstream_get").handle(1).body(""),
            answer("method_get").status(Status::BUFLEN).claims(usize::MAX),
        ],
        vec![
            answer("body_downstream_get").handle(1).body(""),
            answer("method_get").bytes("GET"),
            answer("uri_get").bytes("/"),
            answer("version_get").number(5),
        ],
    ];
    for answers in hosts {
        let script = start(answers);
        answer_with(|_| -> &str { panic!("the handler is not asked") }).unwrap();
        assert_eq!(sent(script).last().unwrap(), "send_downstream 7 streaming=0 internal server error\n");
    }
}

#[test]
fn more_headers_than_can_be_kept_are_refused() {
    let names: String = (0..40_000).map(|number| format!("x-{number}\0")).collect();
    let mut answers = get();
    answers.pop();
    let script = start(answers.into_iter().chain([
        answer("header_names_get").status(Status::BUFLEN).claims(names.len()),
        answer("header_names_get").bytes(names).number(END),
    ]));
    answer_with(|_| -> &str { panic!("the handler is not asked") }).unwrap();
    let calls = sent(script);
    assert!(calls.contains(&"status_set 7 400".to_owned()), "{calls:?}");
}

#[test]
fn a_status_that_only_announces_a_response_is_none() {
    for status in [100, 101, 103] {
        let status = StatusCode::from_u16(status).unwrap();
        let script = start([]);
        let error = (status, "text").send().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains("`early_hints`"), "{error}");
        let head = Response::builder().status(status).body(()).unwrap();
        assert_eq!(respond(head).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        // Nothing was sent, so there may still be a response.
        "text".send().unwrap();
        assert_eq!(script.finish().iter().filter(|call| call.starts_with("send")).count(), 1);
    }
}

#[test]
fn a_response_is_sent_with_its_status_headers_and_body() {
    let script = start(get());
    let handler = |_: Request<Body>| {
        Response::builder().status(201).header("a", "1").header("b", "2").header("a", "3").body("made")
    };
    answer_with(handler).unwrap();
    let expected = [
        "response new",
        "status_set 7 201",
        "header_append 7 a: 1",
        "header_append 7 a: 3",
        "header_append 7 b: 2",
        "new",
        "write 4 end=0",
        "send_downstream 7 streaming=0 made",
    ];
    assert_eq!(sent(script), expected);
}

#[test]
fn a_body_that_the_host_has_is_not_read() {
    let script = start(request("POST", "http://localhost/", &[], "there and back"));
    answer_with(Request::into_body).unwrap();
    assert_eq!(sent(script), ["response new", "send_downstream 7 streaming=0 there and back"]);
}

#[test]
fn every_kind_of_answer_is_sent() {
    fn sends(answer: impl Answer, expected: &[&str]) {
        let script = start([]);
        answer.send().unwrap();
        let calls = script.finish();
        let told = |call: &&String| {
            call.starts_with("status") || call.starts_with("header") || call.starts_with("send")
        };
        assert_eq!(calls.iter().filter(told).collect::<Vec<_>>(), expected);
    }
    let text = "header_append 7 content-type: text/plain; charset=utf-8";
    sends((), &["send_downstream 7 streaming=0 "]);
    sends("text", &[text, "send_downstream 7 streaming=0 text"]);
    sends("text".to_owned(), &[text, "send_downstream 7 streaming=0 text"]);
    sends(Body::from("bytes"), &["send_downstream 7 streaming=0 bytes"]);
    sends(StatusCode::NO_CONTENT, &["status_set 7 204", "send_downstream 7 streaming=0 "]);
    let teapot = (StatusCode::IM_A_TEAPOT, "no");
    sends(teapot, &["status_set 7 418", text, "send_downstream 7 streaming=0 no"]);
    sends(Ok::<_, String>("fine"), &[text, "send_downstream 7 streaming=0 fine"]);
    let internal = ["status_set 7 500", text, "send_downstream 7 streaming=0 internal server error\n"];
    sends(Err::<(), _>("the password is secret"), &internal);
    sends(Err::<(), _>(io::Error::other("x")), &internal);
}

#[test]
fn an_error_is_told_with_its_causes() {
    #[derive(Debug, thiserror::Error)]
    #[error("no such page")]
    struct Outer(#[source] io::Error);
    let error = Outer(io::Error::other("the disk is gone"));
    assert_eq!(answer::chain(&error), "no such page: the disk is gone");
}

#[test]
fn there_is_one_response() {
    let script = start([]);
    "first".send().unwrap();
    let error = "second".send().unwrap_err();
    assert_eq!(error.to_string(), "a response has been sent already, and there can be only one");
    assert!(respond(Response::new(())).is_err());
    assert_eq!(script.finish().iter().filter(|call| call.starts_with("send")).count(), 1);
}

#[test]
fn a_response_that_the_host_refuses_becomes_an_internal_error() {
    let refused = [
        answer("response new").status(Status::LIMITEXCEEDED),
        answer("status_set").status(Status::INVAL),
        answer("send_downstream").status(Status::ERROR),
    ];
    for refusal in refused {
        let script = start(get().into_iter().chain([refusal]));
        answer_with(|_| (StatusCode::CREATED, "made")).unwrap();
        let calls = sent(script);
        assert_eq!(calls.last().unwrap(), "send_downstream 7 streaming=0 internal server error\n");
    }
    // A host that takes nothing at all.
    let refuse = || answer("response new").status(Status::UNSUPPORTED);
    let script = start(get().into_iter().chain([refuse(), refuse()]));
    let problem = answer_with(|_| "made").unwrap_err();
    assert!(problem.starts_with("no response at all: "), "{problem}");
    script.finish();
}

#[test]
fn a_body_is_sent_as_it_is_written() {
    let script = start(get());
    answer_with(|_: Request<Body>| -> io::Result<Sent> {
        let mut body = respond(Response::new("begin "))?;
        write!(body, "a")?;
        write!(body, "b")?;
        body.flush()?;
        body.append(Body::from("c"))?;
        body.finish()
    })
    .unwrap();
    let expected = [
        "response new",
        "new",
        "write 6 end=0",
        "send_downstream 7 streaming=1 begin ",
        "write 2 end=0",
        "write 1 end=0",
    ];
    assert_eq!(sent(script), expected);
}

#[test]
fn a_body_that_is_not_finished_is_cut_off_and_nothing_else_is_sent() {
    let script = start(get());
    let problem = answer_with(|_: Request<Body>| -> io::Result<Sent> {
        let mut body = respond(Response::new(()))?;
        body.write_all(b"half of")?;
        Err(io::Error::other("the other half is gone"))
    })
    .unwrap_err();
    assert_eq!(problem, "the handler failed when it had answered already: the other half is gone");
    assert_eq!(sent(script)[1..], ["new", "send_downstream 7 streaming=1 ", "abandon"]);
}

#[test]
fn a_client_that_is_gone_is_an_error_of_the_writer() {
    let script = start([answer("write").status(Status::ERROR)]);
    let mut body = respond(Response::new(())).unwrap();
    body.write_all(b"nobody reads this").unwrap();
    body.finish().unwrap_err();
    assert_eq!(script.finish().last().unwrap(), "abandon");

    let script = start([answer("close").status(Status::ERROR)]);
    respond(Response::new(())).unwrap().finish().unwrap_err();
    script.finish();
}

#[test]
fn a_writer_waits_for_room_and_sends_trailers() {
    let script = start([answer("is_ready"), answer("trailer_append")]);
    let mut body = respond(Response::new(())).unwrap();
    body.write_all(b"x").unwrap();
    future::block_on(body.ready()).unwrap();
    body.append_trailer("sum", "1").unwrap();
    body.finish().unwrap();
    let calls = script.finish();
    assert_eq!(calls[3..], ["write 1 end=0", "is_ready 101", "trailer_append sum: 1", "close"]);
}

#[test]
fn early_hints_come_before_the_response_and_not_after_it() {
    let script = start([]);
    let mut hints = HeaderMap::new();
    hints.insert("link", HeaderValue::from_static("</a.css>"));
    early_hints(&hints).unwrap();
    early_hints(&hints).unwrap();
    "done".send().unwrap();
    early_hints(&hints).unwrap_err();
    let calls = script.finish();
    let sent: Vec<_> = calls.iter().filter(|call| call.contains("link") || call.starts_with("s")).collect();
    let hint = ["status_set 7 103", "header_append 7 link: </a.css>", "send_downstream 7 streaming=0 "];
    assert_eq!(sent, [&hint[..], &hint, &["send_downstream 7 streaming=0 done"]].concat());
}

#[test]
fn an_asynchronous_handler_awaits() {
    let script = start(request("POST", "http://localhost/", &[], "in pieces"));
    let handler = async |request: Request<Body>| {
        let mut body = request.into_body();
        let mut length = 0;
        while let Some(chunk) = body.next_chunk().await? {
            length += chunk.len();
        }
        Ok::<_, io::Error>(length.to_string())
    };
    answer_with(|request| future::block_on(handler(request))).unwrap();
    assert_eq!(sent(script).last().unwrap(), "send_downstream 7 streaming=0 9");
}

#[test]
fn the_client_is_asked_for_when_it_is_wanted() {
    let asked = || answer("body_downstream_get").handle(1);
    let six = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let script = start([
        asked(),
        answer("client_ip").bytes([192, 0, 2, 7]),
        answer("client_ip").bytes(six),
        answer("client_ip"),
        answer("client_ip").status(Status::NONE),
        answer("server_ip").bytes([1, 2, 3]),
        answer("server_ip").claims(17),
        answer("request_id").bytes("00ff"),
        answer("request_id").bytes([0xff]),
    ]);
    let client = client().unwrap();
    assert_eq!(client.ip().unwrap(), Some(IpAddr::from([192, 0, 2, 7])));
    assert_eq!(client.ip().unwrap(), Some("2001:db8::1".parse().unwrap()));
    assert_eq!((client.ip().unwrap(), client.ip().unwrap()), (None, None));
    assert_eq!(client.server_ip().unwrap_err().to_string(), "host gives 3 as the length of an address");
    assert_eq!(client.server_ip().unwrap_err().to_string(), "host claims 17 bytes where there are 16");
    assert_eq!(client.request_id().unwrap(), "00ff");
    assert_eq!(client.request_id().unwrap_err().kind(), io::ErrorKind::InvalidData);
    script.finish();
}

#[test]
fn the_body_of_a_request_can_be_read_bit_by_bit() {
    let script = start(request("POST", "http://localhost/", &[], "abc"));
    answer_with(|request: Request<Body>| -> io::Result<StatusCode> {
        let mut first = [0; 1];
        request.into_body().read_exact(&mut first)?;
        assert_eq!(&first, b"a");
        Ok(StatusCode::ACCEPTED)
    })
    .unwrap();
    script.finish();
}
