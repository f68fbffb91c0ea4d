//! What a program sends before its answer, and does after it.

use hyper::header::HeaderMap;

use crate::case::{Case, case};
use crate::server::{Server, in_time};

pub(crate) const CASES: &[Case] = &[
    case!(a_program_works_on_after_its_answer needs Streams),
    case!(interim_answers_come_first needs Streams),
];

fn a_program_works_on_after_its_answer(server: &Server) {
    let mut client = server.client();
    let answer = client.get("/early?key=later").has(202);
    assert_eq!(answer.text(), "later");
    in_time("the entry is written", || client.get("/kv/later").status() == 200);
    assert_eq!(client.get("/kv/later").has(200).text(), "written after the answer");
}

fn interim_answers_come_first(server: &Server) {
    let mut client = server.client();
    let mut exchange = client.open("GET", "/hints", HeaderMap::new(), None);
    exchange.end();
    assert_eq!(exchange.head().status.as_u16(), 200);
    assert_eq!(exchange.rest().unwrap(), b"after the hints");
    let interim = exchange.interim();
    let links: Vec<_> = interim.iter().map(|(status, headers)| (status.as_u16(), &headers["link"])).collect();
    assert_eq!(format!("{links:?}"), r#"[(103, "</a.css>; rel=preload"), (103, "</b.js>; rel=preload")]"#);
}
