//! Limits: each flag with the status that clients get.

use hyper::header::HeaderMap;

use super::{exchange, get, serve, workplace};
use crate::client::Client;

#[test]
fn a_request_that_takes_too_long_is_504() {
    let here = workplace();
    let server = serve(&here, "app.wasm --engine memory: --max-time 1");
    Client::http1(server.address).get("/l").has(504);
    server.says("the application was stopped after 1s; allow more by --max-time");
    Client::http1(server.address).get("/h").has(200);
    server.stop();
}

#[test]
fn one_request_too_many_is_503_and_a_time_to_come_again() {
    let here = workplace();
    let server = serve(&here, "app.wasm --engine memory: --max-requests 1");
    let mut first = Client::http1(server.address);
    let mut running = first.open("POST", "/e", HeaderMap::new(), None);
    running.write("one");
    assert_eq!(running.head().status.as_u16(), 200);
    assert_eq!(running.read(3), b"one");
    let refused = Client::http1(server.address).get("/h").has(503);
    let seconds: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!(seconds > 0);
    running.end();
    assert_eq!(running.rest().unwrap(), b"");
    crate::process::in_time("there is room again", || {
        Client::http1(server.address).get("/h").status() == 200
    });
    server.stop();
}

#[test]
fn a_body_that_is_too_large_is_413() {
    let here = workplace();
    let server = serve(&here, "app.wasm --engine memory: --max-body 1");
    let request = |length: usize| {
        format!("POST /r HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n")
    };
    let answer = exchange(server.address, request((1 << 20) + 1).as_bytes());
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let most = request(1 << 20) + &"x".repeat(1 << 20);
    let answer = exchange(server.address, most.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("hello\n"), "{answer}");
    server.stop();
}

#[test]
fn a_head_that_is_too_large_is_431() {
    let here = workplace();
    let head = get("/h").replace("host:", &format!("x: {}\r\nhost:", "x".repeat(10_000)));
    for (flags, status) in [("--max-head 8", 431), ("", 200)] {
        let server = serve(&here, &format!("app.wasm --engine memory: {flags}"));
        let answer = exchange(server.address, head.as_bytes());
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        server.stop();
    }
}

#[test]
fn an_application_that_fails_or_says_nothing_has_its_status() {
    let here = workplace();
    let server = serve(&here, "app.wasm --engine memory: --max-memory 4");
    for (path, status) in [("/t", 500), ("/x", 500), ("/m", 500), ("/n", 200), ("/h", 200), ("/other", 404)] {
        // `r` is among the last characters that mean something.
        let path = path.replace("other", "0");
        Client::http1(server.address).get(&path).has(status);
    }
    server.stop();
}
