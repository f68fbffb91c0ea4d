//! What an application or a client does wrong costs that one request, and nothing else.

use crate::clients::{Client, get, status};
use crate::fixture::Fixture;

#[test]
fn an_application_that_traps_is_500() {
    let fixture = Fixture::new();
    assert_eq!(status(&get(fixture.address, "/t")), "500");
    fixture.check();
}

#[test]
fn an_application_that_ends_without_an_answer_is_200_without_a_body() {
    let fixture = Fixture::new();
    let answer = get(fixture.address, "/n");
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("content-length: 0\r\n"),
        "{answer:?}"
    );
    fixture.check();
}

#[test]
fn an_application_that_ends_with_a_status_and_no_answer_is_500() {
    let fixture = Fixture::new();
    assert_eq!(status(&get(fixture.address, "/x")), "500");
    fixture.check();
}

#[test]
fn only_the_first_of_two_answers_is_sent() {
    let fixture = Fixture::new();
    let answer = get(fixture.address, "/2");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nhello\n"), "{answer:?}");
    fixture.check();
}

#[test]
fn an_application_that_loops_for_ever_is_stopped_and_504() {
    let fixture = Fixture::with(|limits| limits.request_time = std::time::Duration::from_millis(200));
    assert_eq!(status(&get(fixture.address, "/l")), "504");
    fixture.check();
    fixture.wait_until("the instance is gone", |stats| stats.instances == 0);
}

#[test]
fn an_application_that_loops_for_ever_after_its_answer_is_stopped_all_the_same() {
    let fixture = Fixture::with(|limits| limits.request_time = std::time::Duration::from_millis(200));
    let answer = get(fixture.address, "/L");
    assert!(answer.ends_with("\r\n\r\nhello\n"), "{answer:?}");
    fixture.check();
    fixture.wait_until("the instance is gone", |stats| stats.instances == 0);
}

#[test]
fn loops_for_ever_on_all_threads_leave_others_their_turn() {
    let fixture = Fixture::with(|limits| limits.request_time = std::time::Duration::from_secs(2));
    let mut loops: Vec<_> = (0..8).map(|_| Client::new(fixture.address)).collect();
    for client in &mut loops {
        client.send("GET /l HTTP/1.1\r\nhost: test\r\n\r\n");
    }
    fixture.wait_until("all loop", |stats| stats.instances == 8);
    fixture.check();
    assert_eq!(fixture.server.stats().instances, 8, "the other answer came while they were looping");
}

#[test]
fn an_application_that_wants_too_much_memory_is_500() {
    let fixture = Fixture::new();
    assert_eq!(status(&get(fixture.address, "/m")), "500");
    fixture.check();
}

#[test]
fn a_client_that_goes_away_while_it_is_answered_ends_the_stream() {
    let fixture = Fixture::new();
    for path in ["/s", "/S"] {
        let mut client = Client::new(fixture.address);
        client.send(&format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n"));
        client.read_until("\r\n\r\n");
        client.go();
        fixture.check();
        fixture.wait_until("the instance is gone", |stats| stats.instances == 0 && stats.responses == 0);
    }
}

#[test]
fn a_client_that_goes_away_before_the_answer_does_not_stop_the_application() {
    let fixture = Fixture::new();
    let mut client = Client::new(fixture.address);
    // It waits for the rest of the body, hears that there is none, and ends.
    client.send("POST /r HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\n12345");
    fixture.wait_until("it is being worked on", |stats| stats.instances == 1);
    client.go();
    fixture.wait_until("the instance is gone", |stats| stats.instances == 0 && stats.connections == 0);
    fixture.check();
}

#[test]
fn an_application_that_cuts_its_answer_off_is_seen_to_have_done_so() {
    let fixture = Fixture::new();
    for path in ["/a", "/g"] {
        let answer = get(fixture.address, path);
        assert!(answer.contains("hello\n") && !answer.ends_with("0\r\n\r\n"), "{path}: {answer:?}");
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
