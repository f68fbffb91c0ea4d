//! What an application or a client does wrong costs that one request, and nothing else.

use std::time::Duration;

use tracing::Level;

use crate::clients::{Client, get, status};
use crate::fixture::Fixture;
use crate::log;

/// One event tells of the instance, and is as serious as that.
fn assert_told(path: &str, level: Level, words: &str) {
    let lines = log::instance(path);
    assert!(lines.len() == 1 && lines[0].level == level && lines[0].message().contains(words), "{lines:?}");
}

#[test]
fn an_application_that_traps_is_500() {
    let fixture = Fixture::new();
    let path = log::path("t");
    assert_eq!(status(&get(fixture.address, &path)), "500");
    assert_told(&path, Level::ERROR, "trapped: wasm `unreachable`");
    fixture.check();
}

#[test]
fn an_application_that_ends_without_an_answer_is_200_without_a_body() {
    let fixture = Fixture::new();
    let path = log::path("n");
    let answer = get(fixture.address, &path);
    assert_told(&path, Level::WARN, "ended without a response");
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("content-length: 0\r\n"),
        "{answer:?}"
    );
    fixture.check();
}

#[test]
fn an_application_that_ends_with_a_status_and_no_answer_is_500() {
    let fixture = Fixture::new();
    let path = log::path("x");
    assert_eq!(status(&get(fixture.address, &path)), "500");
    assert_told(&path, Level::WARN, "ended with status 3");
    fixture.check();
}

#[test]
fn only_the_first_of_two_answers_is_sent() {
    let fixture = Fixture::new();
    let path = log::path("2");
    let answer = get(fixture.address, &path);
    assert_told(&path, Level::WARN, "ended with status ");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nhello\n"), "{answer:?}");
    fixture.check();
}

#[test]
fn an_application_that_loops_for_ever_is_stopped_and_504() {
    let fixture = Fixture::with(|limits| limits.request_time = Duration::from_millis(200));
    let path = log::path("l");
    assert_eq!(status(&get(fixture.address, &path)), "504");
    assert_told(&path, Level::ERROR, "was stopped after 200ms; allow more by --max-time");
    fixture.check();
    fixture.wait_until("the instance is gone", |stats| stats.instances == 0);
}

#[test]
fn an_application_that_loops_for_ever_after_its_answer_is_stopped_all_the_same() {
    let fixture = Fixture::with(|limits| limits.request_time = Duration::from_millis(200));
    let path = log::path("L");
    let answer = get(fixture.address, &path);
    assert_told(&path, Level::ERROR, "was stopped after 200ms");
    assert!(answer.ends_with("\r\n\r\nhello\n"), "{answer:?}");
    fixture.check();
    fixture.wait_until("the instance is gone", |stats| stats.instances == 0);
}

#[test]
fn an_application_that_wants_too_much_memory_is_500() {
    let fixture = Fixture::new();
    let path = log::path("m");
    assert_eq!(status(&get(fixture.address, &path)), "500");
    assert_told(&path, Level::ERROR, "more memory than 16 MiB; allow more by --max-memory");
    fixture.check();
}

#[test]
fn a_client_that_goes_away_while_it_is_answered_ends_the_stream() {
    let fixture = Fixture::new();
    for what in ["s", "S"] {
        let path = log::path(what);
        let mut client = Client::new(fixture.address);
        client.send(&format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n"));
        client.read_until("\r\n\r\n");
        client.go();
        fixture.check();
        fixture.wait_until_nothing_is_left();
        assert_told(&path, Level::DEBUG, "the client went away; then: ");
        assert_eq!(log::request(&path).fields["complete"], "false");
    }
}

#[test]
fn a_client_that_goes_away_before_the_answer_does_not_stop_the_application() {
    let fixture = Fixture::new();
    // It waits for the rest of the body, hears that there is none, and ends; or traps, which is no mistake of it then.
    for (what, words) in [("r", "the application ended with status"), ("u", "")] {
        let path = log::path(what);
        let mut client = Client::new(fixture.address);
        client.send(&format!("POST {path} HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\n12345"));
        fixture.wait_until("it is being worked on", |stats| stats.instances == 1);
        client.go();
        fixture.wait_until("it is gone", |stats| stats.connections == 0);
        fixture.wait_until_nothing_is_left();
        assert_told(&path, Level::DEBUG, &format!("the client went away; then: {words}"));
    }
    fixture.check();
}

#[test]
fn a_client_that_stalls_its_upload_is_504() {
    let fixture = Fixture::with(|limits| limits.request_time = Duration::from_millis(200));
    let path = log::path("r");
    let mut client = Client::new(fixture.address);
    client.send(&format!("POST {path} HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\n12345"));
    assert_eq!(status(&client.read_until("\r\n\r\n")), "504");
    assert_told(&path, Level::ERROR, "was stopped after 200ms");
    client.go();
    fixture.check();
}

#[test]
fn an_answer_that_is_begun_and_takes_too_long_is_cut_off() {
    let fixture = Fixture::with(|limits| limits.request_time = Duration::from_millis(200));
    let path = log::path("d");
    let answer = get(fixture.address, &path);
    assert!(answer.contains("\r\nhello\n\r\n") && !answer.ends_with("0\r\n\r\n"), "{answer:?}");
    assert_told(&path, Level::ERROR, "was stopped after 200ms");
    let request = log::request(&path).fields;
    assert_eq!((&*request["complete"], &*request["bytes"]), ("false", "6"));
    fixture.check();
}

#[test]
fn an_application_that_cuts_its_answer_off_is_seen_to_have_done_so() {
    let fixture = Fixture::new();
    for what in ["a", "g"] {
        let path = log::path(what);
        let answer = get(fixture.address, &path);
        assert!(answer.contains("hello\n") && !answer.ends_with("0\r\n\r\n"), "{path}: {answer:?}");
        assert_eq!(log::request(&path).fields["complete"], "false");
    }
    fixture.check();
}

#[test]
fn an_application_may_work_on_after_its_answer() {
    let fixture = Fixture::new();
    let answer = get(fixture.address, "/K");
    assert!(answer.ends_with("\r\n\r\nhello\n"), "{answer:?}");
    crate::fixture::wait_until("the write", || fixture.has_key());
}
