//! Programs that fail: the answer for that one request, and then the next one is answered as ever.

use crate::case::{Case, case};
use crate::server::Server;

pub(crate) const CASES: &[Case] = &[
    case!(a_failure_is_an_answer),
    case!(the_text_of_an_error_is_sent needs ErrorText),
    case!(a_panic_is_an_answer),
    case!(no_answer_is_an_empty_one needs EndsSilently),
    case!(a_second_answer_is_none needs SendsItself),
];

fn a_failure_is_an_answer(server: &Server) {
    let mut client = server.client();
    for _ in 0..3 {
        client.get("/error").has(500);
        client.get("/status/200").has(200);
    }
}

fn the_text_of_an_error_is_sent(server: &Server) {
    assert_eq!(server.client().get("/error").has(500).text(), "this program failed");
}

fn a_panic_is_an_answer(server: &Server) {
    let mut client = server.client();
    for _ in 0..3 {
        let answer = client.get("/panic").has(500);
        assert!(!answer.text().contains("wasm"), "clients do not see the inside: {}", answer.text());
        client.get("/status/200").has(200);
    }
}

fn no_answer_is_an_empty_one(server: &Server) {
    assert_eq!(server.client().get("/silent").has(200).text(), "");
}

fn a_second_answer_is_none(server: &Server) {
    let mut client = server.client();
    assert_eq!(client.get("/twice").has(200).text(), "the first");
    client.get("/status/200").has(200);
}
