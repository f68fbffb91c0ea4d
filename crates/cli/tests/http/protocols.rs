//! The same over both versions of HTTP, and over connections that stay open.

use std::thread;

use hyper::header::HeaderMap;

use crate::case::{Case, case};
use crate::client::Client;
use crate::guests::Capability;
use crate::server::Server;

pub(crate) const CASES: &[Case] = &[
    case!(http_2_is_spoken_without_tls),
    case!(a_stream_goes_both_ways_in_http_2),
    case!(many_clients_are_served_at_once),
];

fn http_2_is_spoken_without_tls(server: &Server) {
    let mut client = Client::http2(server.address);
    client.put("/kv/h2", "value").has(201);
    let found = client.get("/kv/h2").has(200);
    assert_eq!((found.text(), found.head.version), ("value", hyper::Version::HTTP_2));
    let seen: serde_json::Value = client.get("/client?x").json();
    assert_eq!(seen["url"], format!("http://{}/client?x", server.address));
    if server.guest.can.contains(&Capability::Version) {
        assert_eq!(seen["version"], "HTTP/2.0");
    }
}

fn a_stream_goes_both_ways_in_http_2(server: &Server) {
    let mut client = Client::http2(server.address);
    let mut exchange = client.open("POST", "/echo", HeaderMap::new(), None);
    exchange.write("one");
    assert_eq!(exchange.head().status.as_u16(), 200);
    assert_eq!(exchange.read(3), b"one");
    exchange.write("two");
    assert_eq!(exchange.read(3), b"two");
    exchange.end();
    assert_eq!(exchange.rest().unwrap(), b"");
}

fn many_clients_are_served_at_once(server: &Server) {
    thread::scope(|scope| {
        for number in 0..8 {
            scope.spawn(move || {
                let mut client = server.client();
                let path = format!("/kv/client-{number}");
                for round in 0..10 {
                    let value = format!("{number} {round}");
                    client.put(&path, value.clone()).has(201);
                    assert_eq!(client.get(&path).has(200).text(), value);
                }
            });
        }
    });
}
