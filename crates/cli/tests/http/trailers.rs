//! Trailers, in both directions.

use hyper::header::{HeaderMap, HeaderValue};

use crate::case::{Case, case};
use crate::client::{Client, Exchange, Part};
use crate::server::Server;

pub(crate) const CASES: &[Case] = &[
    case!(trailers_come_back needs Trailers),
    case!(a_body_without_trailers_gets_one needs Trailers),
    case!(trailers_pass_in_http_2 needs Trailers),
    case!(trailers_that_are_known_are_announced needs Bodies),
];

/// A client says that it takes trailers, and which ones it sends.
fn announced() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("te", HeaderValue::from_static("trailers"));
    headers.insert("trailer", HeaderValue::from_static("x-sum, x-length"));
    headers
}

fn sent() -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.append("x-sum", HeaderValue::from_static("1"));
    trailers.append("x-sum", HeaderValue::from_static("2"));
    trailers
}

fn exchange<'a>(client: &'a mut Client, trailers: Option<HeaderMap>) -> Exchange<'a> {
    let mut exchange = client.open("POST", "/trailers", announced(), None);
    exchange.write("content");
    match trailers {
        Some(trailers) => exchange.end_with(trailers),
        None => exchange.end(),
    }
    exchange
}

/// Data and trailers of an answer.
fn received(mut exchange: Exchange<'_>) -> (Vec<u8>, HeaderMap) {
    assert_eq!(exchange.head().status.as_u16(), 200);
    rest(exchange)
}

/// The same, behind its head.
fn rest(mut exchange: Exchange<'_>) -> (Vec<u8>, HeaderMap) {
    let mut data = Vec::new();
    while let Some(part) = exchange.next() {
        match part.unwrap() {
            Part::Data(part) => data.extend_from_slice(&part),
            Part::Trailers(trailers) => return (data, trailers),
        }
    }
    (data, HeaderMap::new())
}

fn trailers_come_back(server: &Server) {
    let mut client = server.client();
    let (data, trailers) = received(exchange(&mut client, Some(sent())));
    assert_eq!(data, b"content");
    // The first version of the protocol lets a server send only trailers that it has announced; the guest announces this.
    assert_eq!(trailers.get("x-length").unwrap(), "7", "{trailers:?}");
}

fn a_body_without_trailers_gets_one(server: &Server) {
    let mut client = server.client();
    let (data, trailers) = received(exchange(&mut client, None));
    assert_eq!(data, b"content");
    assert_eq!((trailers.len(), trailers.get("x-length").unwrap().as_bytes()), (1, &b"7"[..]));
}

fn trailers_that_are_known_are_announced(server: &Server) {
    let mut client = server.client();
    let mut exchange = client.open("POST", "/gathered", announced(), None);
    exchange.write("content");
    exchange.end();
    assert_eq!(exchange.head().headers["trailer"], "x-gathered");
    let (data, trailers) = rest(exchange);
    assert_eq!(data, b"content");
    assert_eq!(trailers.get("x-gathered").unwrap(), "yes", "{trailers:?}");
}

fn trailers_pass_in_http_2(server: &Server) {
    let mut client = Client::http2(server.address);
    let (data, trailers) = received(exchange(&mut client, Some(sent())));
    assert_eq!(data, b"content");
    let sums: Vec<_> = trailers.get_all("x-sum").iter().map(HeaderValue::as_bytes).collect();
    assert_eq!(sums, [b"1", b"2"]);
    assert_eq!(trailers.get("x-length").unwrap(), "7");
}
