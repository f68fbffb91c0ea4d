//! Connections on which nothing happens, or so little that it comes to the same.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::clients::Client;
use crate::fixture::Fixture;

const SHORT: Duration = Duration::from_millis(200);

/// How long such a client waits before it says the next thing: less than it may.
const PAUSE: Duration = Duration::from_millis(40);

/// A server that has room for one connection, and little patience with it.
fn fixture() -> Fixture {
    Fixture::with(|limits| {
        limits.head_time = SHORT;
        limits.request_time = SHORT;
        limits.max_connections = 1;
    })
}

/// Says something again and again until the server has closed the connection, at most so many times.
fn is_closed_after(stream: &mut TcpStream, mut messages: impl Iterator<Item = Vec<u8>>) -> bool {
    stream.set_read_timeout(Some(PAUSE)).unwrap();
    let mut buffer = [0; 1024];
    messages.any(|message| {
        if stream.write_all(&message).is_err() {
            return true;
        }
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
            }
        }
    })
}

/// The frame of HTTP/2 that has to be answered.
const PING: [u8; 17] = [0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];

#[test]
fn a_preface_that_never_ends_is_cut_off() {
    let fixture = fixture();
    let mut stream = TcpStream::connect(fixture.address).unwrap();
    // All but the last byte.
    let bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r".iter().map(|byte| vec![*byte]);
    assert!(is_closed_after(&mut stream, bytes));
    fixture.check();
}

#[test]
fn a_head_that_never_ends_is_cut_off() {
    let fixture = fixture();
    let mut stream = TcpStream::connect(fixture.address).unwrap();
    let bytes = b"GET /h HTTP/1.1\r\nhost: a-host-with-a-long-name".iter().map(|byte| vec![*byte]);
    assert!(is_closed_after(&mut stream, bytes));
    fixture.check();
}

#[test]
fn pings_are_no_requests() {
    let fixture = fixture();
    let mut stream = TcpStream::connect(fixture.address).unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    assert!(is_closed_after(&mut stream, std::iter::repeat_n(PING.to_vec(), 100)));
    // There is one slot for connections.
    fixture.check();
}

#[test]
fn a_connection_that_was_used_is_closed_when_it_is_idle_whatever_pings_it_sends() {
    let fixture = fixture();
    let mut stream = TcpStream::connect(fixture.address).unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    // HEADERS of stream 1, complete: GET, http, /h by name, and an authority of one letter.
    let mut head = vec![0x82, 0x86, 0x44, 2];
    head.extend(b"/h");
    head.extend([0x41, 1, b'a']);
    let length = u8::try_from(head.len()).unwrap();
    stream.write_all(&[0, 0, length, 1, 5, 0, 0, 0, 1]).unwrap();
    stream.write_all(&head).unwrap();
    fixture.wait_until("it is asked", |stats| stats.requests == 1);
    assert!(is_closed_after(&mut stream, std::iter::repeat_n(PING.to_vec(), 100)));
    fixture.check();
}

#[test]
fn a_client_that_is_silent_between_two_requests_is_let_go() {
    let fixture = fixture();
    let mut client = Client::new(fixture.address);
    client.send("GET /h HTTP/1.1\r\nhost: test\r\n\r\n").read_until("hello\n");
    assert_eq!(client.read_all(), "");
    fixture.check();
}

#[test]
fn a_long_response_may_be_taken_slowly() {
    let fixture = fixture();
    let mut client = Client::new(fixture.address);
    client.send("GET /D HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    let head = client.read_until("\r\n\r\n");
    assert!(head.contains("content-length: 16000000\r\n"), "{head:?}");
    let mut buffer = vec![0; 100_000];
    let mut length = client.rest().len();
    loop {
        // Slower than the time for a head and that for a request together.
        thread::sleep(Duration::from_millis(5));
        match client.stream.read(&mut buffer).unwrap() {
            0 => break,
            count => length += count,
        }
    }
    assert_eq!(length, 16_000_000);
}
