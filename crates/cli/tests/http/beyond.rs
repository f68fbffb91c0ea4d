//! What a program sends before its answer, and does after it.

use hyper::header::HeaderMap;

use crate::case::{Case, case};
use crate::server::{Server, in_time};

pub(crate) const CASES: &[Case] = &[
    case!(a_program_works_on_after_its_answer needs Streams),
    case!(interim_answers_do_not_take_the_place_of_the_answer needs Streams),
];

fn a_program_works_on_after_its_answer(server: &Server) {
    let mut client = server.client();
    let answer = client.get("/early?key=later").has(202);
    assert_eq!(answer.text(), "later");
    in_time("the entry is written", || client.get("/kv/later").status() == 200);
    assert_eq!(client.get("/kv/later").has(200).text(), "written after the answer");
}

fn interim_answers_do_not_take_the_place_of_the_answer(server: &Server) {
    let mut client = server.client();
    let mut exchange = client.open("GET", "/hints", HeaderMap::new(), None);
    exchange.end();
    assert_eq!(exchange.head().status.as_u16(), 200);
    assert_eq!(exchange.rest().unwrap(), b"after the hints");
    // A host may keep them to itself.
    let seen: Vec<_> = exchange.interim().into_iter().map(|(status, _)| status.as_u16()).collect();
    assert!(seen.is_empty() || seen == [103, 103], "{seen:?}");
}
