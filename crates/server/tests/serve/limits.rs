//! What clients may use: more is refused with its status, and costs nobody else anything.

use std::io::{ErrorKind, Write};
use std::num::NonZeroU32;
use std::time::Duration;

use tracing::Level;

use crate::clients::{Client, get, status};
use crate::fixture::{APP, Fixture, compile};
use crate::log;

#[test]
fn one_request_too_many_is_503_with_a_time_to_try_again() {
    let fixture = Fixture::with(|limits| limits.max_requests = 1);
    let mut first = Client::new(fixture.address);
    first.send("POST /e HTTP/1.1\r\nhost: test\r\ncontent-length: 2\r\n\r\n1");
    fixture.wait_until("it is being worked on", |stats| stats.instances == 1);
    let refused = get(fixture.address, "/h");
    assert!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("retry-after: 1\r\n"), "{refused:?}");
    assert_eq!(fixture.server.stats().refused, 1);
    first.send("2").read_until("0\r\n\r\n");
    fixture.wait_until_nothing_is_left();
    fixture.check();
}

#[test]
fn a_body_that_says_it_is_too_long_is_413() {
    let fixture = Fixture::with(|limits| limits.max_body_bytes = 10);
    let mut client = Client::new(fixture.address);
    let answer = client
        .send("POST /r HTTP/1.1\r\nhost: test\r\ncontent-length: 11\r\nconnection: close\r\n\r\n")
        .read_all();
    assert_eq!(status(&answer), "413");
    let mut client = Client::new(fixture.address);
    let answer = client
        .send("POST /r HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\nconnection: close\r\n\r\n0123456789")
        .read_all();
    assert_eq!(status(&answer), "200", "the limit is inclusive");
}

#[test]
fn a_client_that_is_still_sending_learns_why_its_body_is_not_taken() {
    let fixture = Fixture::with(|limits| limits.max_body_bytes = 10);
    for round in 0..20 {
        let mut client = Client::new(fixture.address);
        client.send("POST /r HTTP/1.1\r\nhost: test\r\ncontent-length: 4000000\r\nconnection: close\r\n\r\n");
        // More than the buffers of both systems hold: a server that does not read would have the rest refused.
        client.send(&"x".repeat(4_000_000));
        assert_eq!(status(&client.read_all()), "413", "round {round}");
    }
    fixture.check();
}

#[test]
fn a_body_that_turns_out_to_be_too_long_breaks_off() {
    let fixture = Fixture::with(|limits| limits.max_body_bytes = 10);
    let mut client = Client::new(fixture.address);
    let head = "POST /r HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    let answer = client.send(head).send("b\r\n0123456789a\r\n0\r\n\r\n").read_all();
    assert_eq!(status(&answer), "500", "the application ends with the status that it got");
    fixture.check();
}

#[test]
fn a_head_that_is_too_long_is_431() {
    let fixture = Fixture::with(|limits| limits.max_head_bytes = 8 * 1024);
    let mut client = Client::new(fixture.address);
    let head = format!("GET /h HTTP/1.1\r\nhost: test\r\nx: {}\r\n\r\n", "x".repeat(10_000));
    assert_eq!(status(&client.send(&head).read_all()), "431");
    let head = format!("GET /h HTTP/1.1\r\nhost: test\r\n{}\r\n", "x: y\r\n".repeat(101));
    assert_eq!(status(&Client::new(fixture.address).send(&head).read_all()), "431", "too many headers");
    fixture.check();
}

#[test]
fn a_client_that_never_ends_its_head_is_cut_off() {
    let fixture = Fixture::with(|limits| {
        limits.head_time = Duration::from_millis(100);
        limits.request_time = Duration::from_millis(100);
    });
    for beginning in ["GET /h HTTP/1.1\r\nhost: te", "PRI * HTTP/2.0\r\n", ""] {
        let mut client = Client::new(fixture.address);
        let answer = client.send(beginning).read_all();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer:?}");
    }
    fixture.check();
}

#[test]
fn a_client_that_takes_nothing_is_cut_off() {
    let fixture = Fixture::with(|limits| limits.write_time = Duration::from_millis(100));
    let mut client = Client::new(fixture.address);
    client.send("GET /S HTTP/1.1\r\nhost: test\r\n\r\n");
    fixture.wait_until("it is being worked on", |stats| stats.instances == 1);
    fixture.wait_until("the instance is gone", |stats| stats.instances == 0 && stats.connections == 0);
    drop(client);
    fixture.check();
}

#[test]
fn a_response_that_is_not_taken_keeps_its_slot() {
    let fixture = Fixture::with(|limits| limits.max_requests = 1);
    let mut slow = Client::new(fixture.address);
    slow.send("GET /D HTTP/1.1\r\nhost: test\r\n\r\n").read_until("\r\n\r\n");
    fixture.wait_until("its instance has ended", |stats| stats.instances == 0);
    assert_eq!(status(&get(fixture.address, "/h")), "503");
    slow.go();
    fixture.wait_until_nothing_is_left();
    fixture.check();
}

#[test]
fn a_pool_that_is_full_is_503_with_a_time_to_try_again() {
    let fixture = Fixture::of(compile(APP, NonZeroU32::MIN), |limits| limits.max_requests = 2);
    let mut first = Client::new(fixture.address);
    first.send("POST /e HTTP/1.1\r\nhost: test\r\ncontent-length: 2\r\n\r\n1").read_until("\r\n1\r\n");
    let path = log::path("h");
    let refused = get(fixture.address, &path);
    assert!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("retry-after: 1\r\n"), "{refused:?}");
    assert_eq!(fixture.server.stats().refused, 1);
    assert!(log::instance(&path).iter().all(|line| line.level == Level::WARN));
    first.send("2").read_until("0\r\n\r\n");
    fixture.wait_until_nothing_is_left();
    fixture.check();
}

#[test]
fn limits_may_be_larger_than_anything() {
    let fixture = Fixture::with(|limits| {
        limits.max_requests = usize::MAX;
        limits.max_connections = usize::MAX;
    });
    fixture.check();
}

#[test]
fn an_application_is_held_up_by_a_client_that_takes_nothing() {
    let fixture = Fixture::with(|limits| limits.write_time = Duration::from_millis(300));
    let path = log::path("B");
    let mut client = Client::new(fixture.address);
    client.send(&format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n"));
    let lines = log::instance(&path);
    let (_, pieces) = lines[0].message().rsplit_once(' ').unwrap();
    // What the system keeps for a connection, and the little that we do.
    assert!((1..32 * 16).contains(&pieces.parse::<i32>().unwrap()), "{pieces} of 64 KiB");
    assert_eq!(log::request(&path).fields["complete"], "false");
    drop(client);
}

#[test]
fn a_client_is_held_up_by_an_application_that_reads_nothing() {
    let fixture = Fixture::with(|limits| limits.request_time = Duration::from_secs(2));
    let mut client = Client::new(fixture.address);
    client.send("POST /l HTTP/1.1\r\nhost: test\r\ncontent-length: 100000000\r\n\r\n");
    client.stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    let bytes = [0; 64 * 1024];
    let mut sent = 0;
    let error = loop {
        match client.stream.write(&bytes) {
            Ok(count) => sent += count,
            Err(error) => break error,
        }
        assert!(sent < 32 << 20, "there is no end of what is taken");
    };
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
    assert_eq!(status(&client.read_until("\r\n\r\n")), "504");
    client.go();
    fixture.check();
}

#[test]
fn one_connection_too_many_waits_for_its_turn() {
    let fixture = Fixture::with(|limits| limits.max_connections = 1);
    let first = Client::new(fixture.address);
    fixture.wait_until("it is connected", |stats| stats.connections == 1);
    let mut second = Client::new(fixture.address);
    second.send("GET /h HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    first.go();
    assert!(second.read_all().ends_with("hello\n"));
}
