//! What a program knows of its client, of the request, and of itself.

use serde::Deserialize;

use crate::case::{Case, case};
use crate::server::Server;

pub(crate) const CASES: &[Case] = &[
    case!(the_client_has_an_address_and_the_request_a_number needs Client),
    case!(method_and_url_are_those_of_the_request),
    case!(the_host_is_what_the_client_calls_it),
    case!(the_version_is_known needs Version),
    case!(the_service_has_a_name_and_figures),
    case!(memory_is_measured needs Heap),
    case!(what_is_logged_is_seen_by_the_operator),
];

#[derive(Debug, Deserialize)]
struct Client {
    address: Option<String>,
    request_id: Option<String>,
    method: String,
    url: String,
    version: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Service {
    hostname: String,
    version: u64,
    vcpu_ms: u64,
    heap_mib: Option<u32>,
}

fn the_client_has_an_address_and_the_request_a_number(server: &Server) {
    let mut client = server.client();
    let mut numbers = Vec::new();
    for _ in 0..3 {
        let seen: Client = client.get("/client").json();
        assert_eq!(seen.address.as_deref(), Some("127.0.0.1"));
        let number = seen.request_id.unwrap();
        assert_eq!(number.len(), 32, "{number}");
        assert!(number.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{number}");
        numbers.push(number);
    }
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 3, "{numbers:?}");
}

fn method_and_url_are_those_of_the_request(server: &Server) {
    let mut client = server.client();
    for (method, path) in [("GET", "/client"), ("POST", "/client?a=1&b=%20&c"), ("PURGE", "/client?")] {
        let seen: Client = client.send(method, path, &[], "").json();
        assert_eq!((seen.method.as_str(), seen.url), (method, format!("http://{}{path}", server.address)));
    }
}

fn the_host_is_what_the_client_calls_it(server: &Server) {
    let text = "GET /client HTTP/1.1\r\nHost: app.example:8080\r\nConnection: close\r\n\r\n";
    let mut stream = std::net::TcpStream::connect(server.address).unwrap();
    std::io::Write::write_all(&mut stream, text.as_bytes()).unwrap();
    let answer = std::io::read_to_string(stream).unwrap();
    assert!(answer.contains(r#""url":"http://app.example:8080/client""#), "{answer}");
}

fn the_version_is_known(server: &Server) {
    let seen: Client = server.client().get("/client").json();
    assert_eq!(seen.version.as_deref(), Some("HTTP/1.1"));
}

fn the_service_has_a_name_and_figures(server: &Server) {
    let seen: Service = server.client().get("/service").json();
    assert_eq!((seen.hostname.as_str(), seen.version), ("localhost", 0));
    assert!(seen.vcpu_ms < 60_000, "{seen:?}");
}

fn memory_is_measured(server: &Server) {
    let seen: Service = server.client().get("/service").json();
    let used = seen.heap_mib.unwrap();
    assert!((1..=128).contains(&used), "{used} MiB");
}

fn what_is_logged_is_seen_by_the_operator(server: &Server) {
    server.client().get("/log?hello-operator").has(204);
    server.says("hello-operator");
}
