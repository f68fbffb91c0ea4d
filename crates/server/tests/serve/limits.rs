//! What clients may use: more is refused with its status, and costs nobody else anything.

use std::time::Duration;

use crate::clients::{Client, get, status};
use crate::fixture::Fixture;

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
    fixture.wait_until("there is room again", |stats| stats.instances == 0);
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
    let head = format!("GET /h HTTP/1.1\r\nhost: test\r\n{}\r\n", "x: y\r\n".repeat(300));
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
fn one_connection_too_many_waits_for_its_turn() {
    let fixture = Fixture::with(|limits| limits.max_connections = 1);
    let first = Client::new(fixture.address);
    fixture.wait_until("it is connected", |stats| stats.connections == 1);
    let mut second = Client::new(fixture.address);
    second.send("GET /h HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    first.go();
    assert!(second.read_all().ends_with("hello\n"));
}
