//! An application that is a component: the same answers, the same ends, the same lines in the log.

use std::num::NonZeroU32;
use std::sync::OnceLock;
use std::time::Duration;

use edgekv_runtime::Program;
use tracing::Level;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::clients::{Client, get, status};
use crate::fixture::{Fixture, compile_bytes};
use crate::log;

fn program() -> Program {
    static PROGRAM: OnceLock<Program> = OnceLock::new();
    let make = || {
        let mut resolve = Resolve::default();
        let package = resolve.push_source("component.wit", include_str!("component.wit")).unwrap();
        let world = resolve.select_world(&[package], Some("app")).unwrap();
        let mut module = wat::parse_str(include_str!("component.wat")).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        let component = ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap();
        compile_bytes(&component, NonZeroU32::new(64).unwrap())
    };
    PROGRAM.get_or_init(make).clone()
}

fn fixture() -> Fixture {
    Fixture::of(program(), |_| {})
}

fn assert_told(path: &str, level: Level, words: &str) {
    let lines = log::instance(path);
    assert!(lines.len() == 1 && lines[0].level == level && lines[0].message().contains(words), "{lines:?}");
}

#[test]
fn a_component_answers_and_nothing_is_left() {
    let fixture = fixture();
    let path = log::path("h");
    let answer = get(fixture.address, &path);
    assert!(answer.ends_with("\r\n\r\n6\r\nhello\n\r\n0\r\n\r\n"), "of unknown length: {answer:?}");
    assert_eq!(log::request(&path).fields["complete"], "true");
    let path = log::path("c");
    let answer = get(fixture.address, &path);
    assert!(
        answer.contains("\r\ncontent-length: 6\r\n") && answer.ends_with("\r\n\r\nhello\n"),
        "{answer:?}"
    );
    let request = log::request(&path).fields;
    assert_eq!((&*request["complete"], &*request["bytes"], &*request["status"]), ("true", "6", "200"));
    fixture.wait_until_nothing_is_left();
}

#[test]
fn a_component_that_traps_or_leaves_no_answer_is_500() {
    let fixture = fixture();
    for (what, words) in [
        ("t", "trapped: wasm `unreachable` instruction executed\n  in handle (app)"),
        ("n", "the application ended without a response"),
        ("i", "the application answered with the error internal-error: it broke"),
        ("x", "the application ended without a response"),
        ("1", "the application answered with the status 103, which is no answer"),
        ("g", "more memory than 16 MiB; allow more by --max-memory"),
    ] {
        let path = log::path(what);
        assert_eq!(status(&get(fixture.address, &path)), "500", "{what}");
        assert_told(&path, Level::ERROR, words);
        assert_eq!(status(&get(fixture.address, "/h")), "200");
    }
    fixture.wait_until_nothing_is_left();
}

#[test]
fn a_component_that_could_not_reach_something_is_502() {
    let fixture = fixture();
    let path = log::path("e");
    assert_eq!(status(&get(fixture.address, &path)), "502");
    assert_told(&path, Level::ERROR, "the application answered with the error connection-refused");
}

#[test]
fn an_answer_that_is_not_finished_is_cut_off() {
    let fixture = fixture();
    // By a trap, by dropping it, by forgetting it, by writing less than it said.
    for what in ["s", "d", "f", "C"] {
        let path = log::path(what);
        let answer = get(fixture.address, &path);
        assert!(answer.contains("hello") && !answer.ends_with("0\r\n\r\n"), "{what}: {answer:?}");
        assert_eq!(log::request(&path).fields["complete"], "false", "{what}");
    }
    // What is finished stays so, whatever comes then.
    let path = log::path("a");
    let answer = get(fixture.address, &path);
    assert!(answer.ends_with("hello\n\r\n0\r\n\r\n"), "{answer:?}");
    assert_told(&path, Level::ERROR, "trapped: ");
    // Nor does it matter what else is left behind.
    let path = log::path("L");
    let answer = get(fixture.address, &path);
    assert!(answer.ends_with("hello\n\r\n0\r\n\r\n"), "{answer:?}");
    assert_eq!(log::request(&path).fields["complete"], "true");
    fixture.wait_until_nothing_is_left();
}

#[test]
fn what_a_component_has_the_host_keep_of_http_is_bounded() {
    let fixture = fixture();
    for what in ["m", "k"] {
        assert_eq!(status(&get(fixture.address, &log::path(what))), "200", "{what}");
    }
    for what in ["K", "B"] {
        let path = log::path(what);
        assert_eq!(status(&get(fixture.address, &path)), "500", "{what}");
        assert_told(&path, Level::ERROR, "trapped: ");
    }
    fixture.wait_until_nothing_is_left();
}

#[test]
fn a_component_that_loops_for_ever_is_stopped_and_504() {
    let fixture = Fixture::of(program(), |limits| limits.request_time = Duration::from_millis(300));
    let path = log::path("l");
    assert_eq!(status(&get(fixture.address, &path)), "504");
    assert_told(&path, Level::ERROR, "was stopped after 300ms; allow more by --max-time");
    fixture.wait_until_nothing_is_left();
}

#[test]
fn an_answer_that_has_no_body_on_the_wire_is_written_all_the_same() {
    let fixture = fixture();
    let path = log::path("w");
    let answer = Client::new(fixture.address)
        .send(&format!("HEAD {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n"))
        .read_all();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\n"), "{answer:?}");
    let none = get(fixture.address, "/4");
    assert!(none.starts_with("HTTP/1.1 204 No Content\r\n") && none.ends_with("\r\n\r\n"), "{none:?}");
    fixture.wait_until_nothing_is_left();
    let id = log::request(&path).fields["id"].clone();
    assert!(log::of_instance(&id).is_empty(), "it has ended well");
}

#[test]
fn a_trailer_that_is_announced_follows_the_body() {
    let fixture = fixture();
    let answer = Client::new(fixture.address)
        .send("GET /r HTTP/1.1\r\nhost: test\r\nte: trailers\r\nconnection: close\r\n\r\n")
        .read_all();
    assert!(answer.ends_with("hello\n\r\n0\r\nx-end: trailer\r\n\r\n"), "{answer:?}");
}

#[test]
fn the_body_of_a_request_comes_as_it_arrives_and_goes_back_as_it_is_written() {
    let fixture = fixture();
    let mut client = Client::new(fixture.address);
    client.send("POST /b HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\nconnection: close\r\n\r\n12345");
    client.read_until("\r\n\r\n5\r\n12345\r\n");
    let rest = client.send("67890").read_all();
    assert_eq!(rest, "5\r\n67890\r\n0\r\n\r\n");
    let large = "x".repeat(1_000_000);
    let request =
        "POST /b HTTP/1.1\r\nhost: test\r\ncontent-length: 1000000\r\nconnection: close\r\n\r\n".to_owned();
    let mut client = Client::new(fixture.address);
    let stream = client.stream.try_clone().unwrap();
    let upload = std::thread::spawn(move || {
        use std::io::Write as _;
        (&stream).write_all((request + &large).as_bytes()).unwrap();
    });
    let answer = client.read_all();
    upload.join().unwrap();
    assert_eq!(answer.bytes().filter(|byte| *byte == b'x').count(), 1_000_000);
    assert!(answer.ends_with("0\r\n\r\n"));
    fixture.wait_until_nothing_is_left();
}

#[test]
fn a_client_that_goes_away_is_no_mistake_of_the_component() {
    let fixture = fixture();
    let path = log::path("W");
    let mut client = Client::new(fixture.address);
    client.send(&format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n"));
    client.read_until("\r\n\r\n");
    client.go();
    fixture.wait_until_nothing_is_left();
    assert_told(&path, Level::DEBUG, "the client went away; then: ");
    let path = log::path("b");
    let mut client = Client::new(fixture.address);
    client.send(&format!("POST {path} HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\n12345"));
    client.read_until("12345");
    client.go();
    fixture.wait_until_nothing_is_left();
    assert_told(&path, Level::DEBUG, "the client went away; then: ");
    assert_eq!(status(&get(fixture.address, "/h")), "200");
}

#[test]
fn requests_under_way_are_answered_while_the_server_stops() {
    let mut fixture = fixture();
    let mut client = Client::new(fixture.address);
    client.send("POST /b HTTP/1.1\r\nhost: test\r\ncontent-length: 2\r\n\r\n1");
    client.read_until("\r\n\r\n1\r\n1\r\n");
    fixture.begin_to_stop();
    assert_eq!(client.send("2").read_all(), "1\r\n2\r\n0\r\n\r\n");
    fixture.join();
}
