//! Headers, in both directions.

use hyper::header::{HeaderMap, HeaderValue};
use serde::Deserialize;

use crate::case::{Case, case};
use crate::client::Answer;
use crate::server::Server;

pub(crate) const CASES: &[Case] = &[
    case!(headers_reach_the_program_and_come_back),
    case!(values_of_one_name_keep_their_order needs SeparateValues),
    case!(values_are_bytes),
    case!(the_program_appends_replaces_and_removes),
    case!(large_and_many_headers_pass),
    case!(names_are_in_lower_case),
];

/// What the program saw.
#[derive(Debug, Deserialize)]
struct Seen {
    seen: Vec<(String, String)>,
    removed: bool,
    removed_again: bool,
}

impl Seen {
    fn values(&self, name: &str) -> Vec<&str> {
        self.seen.iter().filter(|(seen, _)| seen == name).map(|(_, value)| value.as_str()).collect()
    }
}

/// The values of a header of the answer.
fn values<'a>(answer: &'a Answer, name: &str) -> Vec<&'a [u8]> {
    answer.head.headers.get_all(name).iter().map(HeaderValue::as_bytes).collect()
}

fn headers_reach_the_program_and_come_back(server: &Server) {
    let headers = [("x-one", "1"), ("x-two", "a b\tc"), ("x-empty", ""), ("accept", "*/*")];
    let answer = server.client().send("GET", "/headers", &headers, "");
    let seen: Seen = answer.json();
    for (name, value) in headers {
        assert_eq!(seen.values(name), [value], "{seen:?}");
    }
    assert_eq!(seen.values("host"), [server.address.to_string()]);
    assert_eq!(values(&answer, "x-one"), [b"1"]);
    assert_eq!(values(&answer, "x-two"), [b"a b\tc"]);
    assert_eq!(values(&answer, "x-empty"), [b""]);
    assert_eq!(values(&answer, "accept"), [b""; 0], "{answer:?}");
}

fn values_of_one_name_keep_their_order(server: &Server) {
    let headers = [("x-b", "2"), ("x-a", "1"), ("x-b", "1"), ("x-a", ""), ("x-b", "2")];
    let answer = server.client().send("GET", "/headers", &headers, "");
    let seen: Seen = answer.json();
    assert_eq!(seen.values("x-b"), ["2", "1", "2"]);
    assert_eq!(seen.values("x-a"), ["1", ""]);
    assert_eq!(values(&answer, "x-b"), [b"2", b"1", b"2"]);
    assert_eq!(values(&answer, "x-a"), [&b"1"[..], b""]);
}

fn values_are_bytes(server: &Server) {
    let mut headers = HeaderMap::new();
    headers.insert("x-bytes", HeaderValue::from_bytes(b"caf\xe9").unwrap());
    let mut client = server.client();
    let mut exchange = client.open("GET", "/headers", headers, None);
    exchange.end();
    let head = exchange.head();
    assert_eq!(head.status.as_u16(), 200);
    assert_eq!(head.headers["x-bytes"].as_bytes(), b"caf\xe9");
}

fn the_program_appends_replaces_and_removes(server: &Server) {
    let answer = server.client().send("GET", "/headers", &[("x-remove", "1"), ("x-keep", "2")], "");
    let seen: Seen = answer.json();
    assert!(seen.removed && !seen.removed_again, "{seen:?}");
    assert_eq!(values(&answer, "x-remove"), [b""; 0]);
    assert_eq!(values(&answer, "x-keep"), [b"2"]);
    assert_eq!(values(&answer, "set-cookie"), [b"a=1", b"b=2"]);
    assert_eq!(values(&answer, "x-replaced"), [b"new"]);
    let seen: Seen = server.client().get("/headers").json();
    assert!(!seen.removed && !seen.removed_again, "there was none: {seen:?}");
}

fn large_and_many_headers_pass(server: &Server) {
    let large = "l".repeat(8000);
    let mut headers: Vec<_> = (0..60).map(|number| (format!("x-{number}"), format!("v{number}"))).collect();
    headers.push(("x-large".to_owned(), large));
    let borrowed: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = server.client().send("GET", "/headers", &borrowed, "");
    let seen: Seen = answer.json();
    for (name, value) in borrowed {
        assert_eq!(seen.values(name), [value]);
        assert_eq!(values(&answer, name), [value.as_bytes()]);
    }
}

fn names_are_in_lower_case(server: &Server) {
    // The client's library writes names in lower case; this one goes out as it is typed here.
    let text = format!(
        "GET /headers HTTP/1.1\r\nHOST: {}\r\nX-CaSe: Yes\r\nConnection: close\r\n\r\n",
        server.address
    );
    let mut stream = std::net::TcpStream::connect(server.address).unwrap();
    std::io::Write::write_all(&mut stream, text.as_bytes()).unwrap();
    let answer = std::io::read_to_string(stream).unwrap();
    assert!(answer.contains(r#"["x-case","Yes"]"#), "{answer}");
}
