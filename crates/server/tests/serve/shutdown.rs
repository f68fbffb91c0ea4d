//! Stopping: no new requests, and none is cut off.

use std::net::TcpStream;
use std::num::NonZeroU32;

use crate::clients::Client;
use crate::fixture::{APP, Fixture, compile, wait_until};

#[test]
fn a_request_that_is_being_worked_on_is_finished() {
    let mut fixture = Fixture::new();
    let mut client = Client::new(fixture.address);
    client.send("POST /e HTTP/1.1\r\nhost: test\r\ncontent-length: 6\r\n\r\n123");
    client.read_until("123");
    fixture.begin_to_stop();
    wait_until("nobody listens", || TcpStream::connect(fixture.address).is_err());
    client.send("456");
    assert!(client.read_all().ends_with("456\r\n0\r\n\r\n"));
    fixture.join();
    let stats = fixture.server.stats();
    assert_eq!((stats.connections, stats.instances, stats.contexts, stats.responses), (0, 0, 0, 0));
}

#[test]
fn idle_connections_do_not_hold_it_up() {
    let mut fixture = Fixture::new();
    let silent = Client::new(fixture.address);
    let mut idle = Client::new(fixture.address);
    idle.send("GET /h HTTP/1.1\r\nhost: test\r\n\r\n").read_until("hello\n");
    fixture.wait_until("both are connected", |stats| stats.connections == 2);
    fixture.begin_to_stop();
    fixture.join();
    assert_eq!(idle.read_all(), "");
    drop(silent);
}

#[test]
fn what_an_application_does_after_its_answer_is_finished() {
    let mut fixture = Fixture::new();
    let mut client = Client::new(fixture.address);
    client.send("GET /K HTTP/1.1\r\nhost: test\r\n\r\n").read_until("hello\n");
    fixture.begin_to_stop();
    fixture.join();
    assert!(fixture.has_key());
}

#[test]
fn another_program_takes_over_between_two_requests() {
    let fixture = Fixture::new();
    let mut client = Client::new(fixture.address);
    client.send("POST /e HTTP/1.1\r\nhost: test\r\ncontent-length: 2\r\n\r\n1").read_until("1\r\n1");
    let other = compile(&APP.replace("hello\\n", "other\\n"), NonZeroU32::MIN);
    fixture.server.replace(other);
    assert!(
        client.send("2").read_until("0\r\n\r\n").ends_with("\r\n2\r\n0\r\n\r\n"),
        "the old one ends its answer"
    );
    client.send("GET /h HTTP/1.1\r\nhost: test\r\n\r\n").read_until("other\n");
}
