//! How requests and responses are read and written.

use crate::clients::{Client, get, status};
use crate::fixture::Fixture;
use crate::log;

#[test]
fn a_body_of_known_length_says_so() {
    let fixture = Fixture::new();
    let answer = get(fixture.address, "/h");
    assert!(answer.contains("\r\ncontent-length: 6\r\n") && !answer.contains("chunked"), "{answer:?}");
}

#[test]
fn a_stream_is_sent_in_chunks_with_its_trailers() {
    let fixture = Fixture::new();
    let mut client = Client::new(fixture.address);
    client.send("GET /c HTTP/1.1\r\nhost: test\r\nte: trailers\r\nconnection: close\r\n\r\n");
    let answer = client.read_all();
    assert!(answer.contains("\r\ntransfer-encoding: chunked\r\n"), "{answer:?}");
    assert!(answer.contains("\r\ntrailer: x-end\r\n"), "{answer:?}");
    assert!(answer.ends_with("\r\n6\r\nhello\n\r\n0\r\nx-end: key\r\n\r\n"), "{answer:?}");
}

#[test]
fn a_body_is_sent_back_while_it_arrives() {
    let fixture = Fixture::new();
    let mut client = Client::new(fixture.address);
    client.send("POST /e HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n");
    client.read_until("\r\n\r\n");
    for part in ["one", "two", "three"] {
        client.send(&format!("{:x}\r\n{part}\r\n", part.len()));
        // The next part is sent only after this one has come back.
        client.read_until(part);
    }
    client.send("0\r\n\r\n");
    client.read_until("0\r\n\r\n");
    client.send("GET /h HTTP/1.1\r\nhost: test\r\n\r\n");
    assert!(client.read_until("hello\n").starts_with("HTTP/1.1 200"), "the connection can be used again");
}

#[test]
fn a_response_to_head_has_the_length_and_no_body() {
    let fixture = Fixture::new();
    for (path, length) in [("/h", Some("content-length: 6\r\n")), ("/c", None)] {
        let mut client = Client::new(fixture.address);
        let head = format!("HEAD {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
        let answer = client.send(&head).read_all();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n"), "{answer:?}");
        assert!(length.is_none_or(|length| answer.contains(length)), "{answer:?}");
        fixture.wait_until("the instance is gone", |stats| stats.instances == 0);
    }
}

#[test]
fn an_application_may_have_the_connection_closed() {
    let fixture = Fixture::new();
    let mut client = Client::new(fixture.address);
    let answer = client.send("GET /o HTTP/1.1\r\nhost: test\r\n\r\n").read_all();
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer:?}");
}

#[test]
fn heads_that_can_be_read_in_two_ways_are_400() {
    let fixture = Fixture::new();
    for head in [
        "GET /h HTTP/1.1\r\n\r\n",
        "GET /h HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n",
        "GET /h HTTP/1.1\r\nhost: user@a\r\n\r\n",
        "GET /h HTTP/1.1\r\nhost: a b\r\n\r\n",
        "POST /h HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        "POST /h HTTP/1.1\r\nhost: a\r\ncontent-length: +1\r\n\r\n",
        "POST /h HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip\r\n\r\n",
        "GET /h HTTP/1.1\r\nhost: a\r\nbad name: 1\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n",
        "nonsense\r\n\r\n",
    ] {
        let mut client = Client::new(fixture.address);
        client.send(head);
        assert_eq!(status(&client.read_until("\r\n\r\n")), "400", "{head:?}");
        client.go();
    }
    fixture.check();
}

#[test]
fn http_1_0_is_answered() {
    let fixture = Fixture::new();
    let answer = Client::new(fixture.address).send("GET /h HTTP/1.0\r\n\r\n").read_all();
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n") && answer.ends_with("\r\n\r\nhello\n"), "{answer:?}");
}

#[test]
fn what_an_application_prints_and_logs_is_told_with_the_id_of_its_request() {
    let fixture = Fixture::new();
    for (what, endpoint, messages) in [("p", None, 1), ("j", Some("store"), 2)] {
        let path = log::path(what);
        assert_eq!(status(&get(fixture.address, &path)), "200");
        fixture.wait_until_nothing_is_left();
        let lines = log::instance(&path);
        assert_eq!(lines.len(), messages, "{lines:?}");
        for line in &lines {
            assert_eq!(line.fields.get("endpoint").map(String::as_str), endpoint);
            assert!(line.message().len() < 64 * 1024, "{}", line.message().len());
            assert!(!line.message().contains(char::is_control), "{line:?}");
        }
        let first = if what == "p" { "printed" } else { "one\\ntwo\\u{1b}[31m" };
        assert_eq!(lines[0].message(), first);
    }
}
