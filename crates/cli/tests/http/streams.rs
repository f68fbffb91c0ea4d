//! Bodies that are under way, in both directions.

use hyper::body::Bytes;
use hyper::header::HeaderMap;

use crate::case::{Case, case};
use crate::server::{Server, in_time};

pub(crate) const CASES: &[Case] = &[
    case!(a_part_comes_back_before_the_next_is_sent),
    case!(much_comes_back_as_it_was),
    case!(a_body_of_known_length_comes_back),
    case!(an_empty_body_comes_back),
    case!(a_stream_is_sent_chunk_by_chunk needs Streams),
    case!(an_abandoned_stream_is_cut_off needs Streams),
    case!(a_value_is_stored_as_it_comes),
    case!(a_stored_stream_is_answered_when_it_is_there needs WaitsForStreams),
    case!(a_client_that_goes_away_harms_nobody),
    case!(a_body_that_broke_off_does_not_become_whole needs Bodies),
];

fn a_part_comes_back_before_the_next_is_sent(server: &Server) {
    let mut client = server.client();
    let mut exchange = client.open("POST", "/echo", HeaderMap::new(), None);
    exchange.write("the first");
    assert_eq!(exchange.head().status.as_u16(), 200);
    assert_eq!(exchange.read(9), b"the first");
    for number in 0..20 {
        let part = format!("part {number}, ");
        exchange.write(part.clone());
        assert_eq!(exchange.read(part.len()), part.as_bytes());
    }
    exchange.end();
    assert_eq!(exchange.rest().unwrap(), b"");
}

fn much_comes_back_as_it_was(server: &Server) {
    let mut client = server.client();
    let mut exchange = client.open("POST", "/echo", HeaderMap::new(), None);
    let part = |number: u8| Bytes::from(vec![number; 100_000]);
    exchange.write(part(0));
    exchange.head();
    let mut read = exchange.read(100_000);
    for number in 1..100 {
        exchange.write(part(number));
        read.extend(exchange.read(100_000));
    }
    exchange.end();
    read.extend(exchange.rest().unwrap());
    let sent: Vec<u8> = (0..100).flat_map(part).collect();
    assert!(read == sent, "{} bytes of {}", read.len(), sent.len());
}

fn a_body_of_known_length_comes_back(server: &Server) {
    let body = "x".repeat(70_000);
    let answer = server.client().send("POST", "/echo", &[], body.clone()).has(200);
    assert!(answer.text() == body);
}

fn an_empty_body_comes_back(server: &Server) {
    let mut client = server.client();
    assert_eq!(client.send("POST", "/echo", &[], "").has(200).text(), "");
    assert_eq!(client.get("/echo").has(200).text(), "");
}

fn a_stream_is_sent_chunk_by_chunk(server: &Server) {
    let mut client = server.client();
    for count in [0, 1, 100] {
        let answer = client.get(&format!("/stream/{count}")).has(200);
        assert_eq!(answer.header("content-length"), None, "the length was not known: {answer:?}");
        let expected: String = (0..count).map(|number| format!("chunk {number}\n")).collect();
        assert_eq!(answer.text(), expected);
    }
    client.get("/stream/some").has(400);
}

fn an_abandoned_stream_is_cut_off(server: &Server) {
    let mut client = server.client();
    let mut exchange = client.open("POST", "/stream/3?abandon", HeaderMap::new(), None);
    assert_eq!(exchange.head().status.as_u16(), 200);
    assert_eq!(exchange.read(24), b"chunk 0\nchunk 1\nchunk 2\n");
    exchange.end();
    assert!(exchange.rest().is_err(), "the message has an end");
    client.get("/status/200").has(200);
}

fn a_value_is_stored_as_it_comes(server: &Server) {
    let mut client = server.client();
    let mut exchange = client.open("PUT", "/kv/streamed?stream", HeaderMap::new(), None);
    let mut expected = Vec::new();
    for number in 0..50u8 {
        let part = vec![number; 40_000];
        expected.extend_from_slice(&part);
        exchange.write(part);
    }
    exchange.end();
    assert_eq!(exchange.head().status.as_u16(), 201);
    exchange.rest().unwrap();
    in_time("the value is there", || client.get("/kv/streamed").body == expected);
}

fn a_stored_stream_is_answered_when_it_is_there(server: &Server) {
    let mut client = server.client();
    let mut exchange = client.open("PUT", "/kv/awaited?stream", HeaderMap::new(), None);
    exchange.write("one, ");
    exchange.write("two");
    exchange.end();
    assert_eq!(exchange.head().status.as_u16(), 201);
    exchange.rest().unwrap();
    assert_eq!(client.get("/kv/awaited").has(200).text(), "one, two");
}

fn a_client_that_goes_away_harms_nobody(server: &Server) {
    for _ in 0..5 {
        let mut client = server.client();
        let mut exchange = client.open("POST", "/echo", HeaderMap::new(), None);
        exchange.write("hello");
        exchange.head();
        exchange.read(5);
        exchange.abort();
        let mut client = server.client();
        let mut exchange = client.open("PUT", "/kv/half?stream", HeaderMap::new(), None);
        exchange.write("half");
        exchange.abort();
    }
    let mut client = server.client();
    client.get("/status/200").has(200);
    client.get("/kv/half").has(404);
}

fn a_body_that_broke_off_does_not_become_whole(server: &Server) {
    // What comes where the length of the next chunk should be is none, and all that was right has come before.
    let head = format!("POST /insist HTTP/1.1\r\nhost: {}\r\ntransfer-encoding: chunked\r\n", server.address);
    let text = format!("{head}connection: close\r\n\r\n4\r\nhalf\r\nbroken\r\n");
    let mut stream = std::net::TcpStream::connect(server.address).unwrap();
    std::io::Write::write_all(&mut stream, text.as_bytes()).unwrap();
    let answer = std::io::read_to_string(stream).unwrap();
    assert!(answer.ends_with("4 bytes, then errors: true, true, true; length None"), "{answer}");
}
