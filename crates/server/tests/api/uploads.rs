//! Bodies that are large, slow, or sent by somebody who asks first, and clients that take nothing.

use std::time::Duration;

use edgekv_store::{Limits, MemoryEngine, Stores};

use crate::client::{get, put};
use crate::fixture::Fixture;

const KEY: &str = "/stores/kv/store/keys/k";

#[test]
fn the_largest_value_goes_in_and_comes_out() {
    let fixture = Fixture::new();
    let mut value = vec![0_u8; 25 * 1024 * 1024];
    for (number, bytes) in value.chunks_mut(4096).enumerate() {
        bytes[..4].copy_from_slice(&u32::try_from(number).unwrap().to_le_bytes());
    }
    assert_eq!(fixture.send(put(KEY).body(&value)).status, 200);
    assert!(fixture.send(get(KEY)).body == value, "it comes out as it went in");
    assert_eq!(fixture.send(put(KEY).body(&value).chunked()).status, 200);
    value.push(0);
    assert_eq!(fixture.send(put(KEY).body(&value).chunked()).status, 413);
    assert_eq!(fixture.send(put(&format!("{KEY}?append=true")).body("x")).status, 413, "the result counts");
}

#[test]
fn a_client_that_asks_first_is_told_to_go_on_or_not_to() {
    let limits = Limits { max_value_bytes: 10, ..Limits::default() };
    let fixture =
        Fixture::of(Stores::builder(MemoryEngine::new()).limits(limits).build().unwrap(), None, |b| b);
    let ask = |length: usize| {
        let request = put(KEY).header("content-length", length.to_string()).header("expect", "100-continue");
        let mut client = fixture.client();
        client.write(&request.to_bytes(fixture.address)).unwrap();
        (client.head().unwrap().status, client, request)
    };
    let (status, mut client, request) = ask(5);
    assert_eq!(status, 100);
    client.write(b"hello").unwrap();
    assert_eq!(client.answer(&request).unwrap().status, 200);
    assert_eq!(fixture.send(get(KEY)).text(), "hello");
    let (status, ..) = ask(11);
    assert_eq!(status, 413);
}

#[test]
fn a_length_that_is_only_said_takes_no_memory() {
    let fixture = Fixture::limited(|limits| limits.max_upload_bytes = 1024 * 1024);
    // Each says that it will send 200 KiB, of which five would have room, and sends little.
    let clients: Vec<_> = (0..50)
        .map(|_| {
            let mut client = fixture.client();
            let request = put(KEY).header("content-length", (200 * 1024).to_string());
            client.write(&request.to_bytes(fixture.address)).unwrap();
            client.write(&[0; 1000]).unwrap();
            client
        })
        .collect();
    let start = std::time::Instant::now();
    while fixture.api.stats().responses < 50 {
        assert!(start.elapsed() < crate::fixture::PATIENCE);
        std::thread::yield_now();
    }
    let value = vec![1; 900 * 1024];
    assert_eq!(fixture.send(put(KEY).body(&value)).status, 200);
    assert_eq!(fixture.api.stats().responses, 50, "none of them was refused");
    drop(clients);
}

#[test]
fn what_an_upload_held_is_given_back_when_its_client_leaves() {
    let full = vec![1; 25 * 1024 * 1024];
    let fixture = Fixture::limited(|limits| limits.max_upload_bytes = full.len());
    let mut client = fixture.client();
    let request = put(KEY).header("content-length", full.len().to_string());
    client.write(&request.to_bytes(fixture.address)).unwrap();
    // More than what is on its way can be, so that the server has taken some of it when this returns.
    client.write(&full[..24 * 1024 * 1024]).unwrap();
    assert_eq!(fixture.api.stats().responses, 1);
    drop(client);
    let start = std::time::Instant::now();
    while fixture.send(put(KEY).body(&full)).status != 200 {
        assert!(start.elapsed() < crate::fixture::PATIENCE);
    }
}

#[test]
fn uploads_that_need_more_memory_than_there_is_are_503_and_others_go_on() {
    let fixture = Fixture::limited(|limits| limits.max_upload_bytes = 1024 * 1024);
    let refused = fixture.send(put(KEY).body(vec![0; 2 * 1024 * 1024]));
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    assert!(refused.detail().contains("1048576"), "{refused:?}");
    assert_eq!(fixture.send(get(KEY)).status, 404);
    assert_eq!(fixture.send(put(KEY).body("small")).status, 200);
    assert_eq!(fixture.send(put(KEY).body(vec![0; 1024 * 1024])).status, 200, "nothing is still held");
}

#[test]
fn a_body_that_comes_too_slowly_is_408() {
    let fixture = Fixture::limited(|limits| limits.upload_time = Duration::from_millis(200));
    for path in [KEY, "/stores/kv/store/batch"] {
        let mut client = fixture.client();
        let request = put(path).header("content-length", "100");
        client.write(&request.to_bytes(fixture.address)).unwrap();
        client.write(b"{\"key\":\"k\"").unwrap();
        let answer = client.answer(&request).unwrap();
        assert_eq!(answer.status, 408, "{path}");
        assert!(client.is_over(), "{path}: what follows could not be told from the body");
    }
    assert_eq!(fixture.send(get(KEY)).status, 404);
}

#[test]
fn one_request_too_many_is_503_and_health_is_asked_all_the_same() {
    let fixture = Fixture::limited(|limits| limits.max_requests = 1);
    let mut client = fixture.client();
    let request = put(KEY).header("content-length", "5");
    client.write(&request.to_bytes(fixture.address)).unwrap();
    // It has its place when others get none.
    let start = std::time::Instant::now();
    let refused = loop {
        let answer = fixture.send(get(KEY));
        if answer.status == 503 || start.elapsed() > crate::fixture::PATIENCE {
            break answer;
        }
    };
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    assert_eq!(fixture.send(get("/healthz")).status, 200);
    client.write(b"hello").unwrap();
    assert_eq!(client.answer(&request).unwrap().status, 200);
    let start = std::time::Instant::now();
    while fixture.send(get(KEY)).status != 200 {
        assert!(start.elapsed() < crate::fixture::PATIENCE);
    }
    assert!(fixture.api.stats().refused >= 1);
}

#[test]
fn a_request_under_way_is_finished_when_the_api_stops() {
    let mut fixture = Fixture::new();
    let mut client = fixture.client();
    let request = put(KEY).header("content-length", "5");
    client.write(&request.to_bytes(fixture.address)).unwrap();
    let start = std::time::Instant::now();
    while fixture.api.stats().responses == 0 {
        assert!(start.elapsed() < crate::fixture::PATIENCE);
    }
    let store = fixture.stores.open(&"store".parse().unwrap()).wait().unwrap().unwrap();
    let writer = std::thread::spawn(move || {
        client.write(b"hello").unwrap();
        client.answer(&request).unwrap().status
    });
    fixture.stop();
    assert_eq!(writer.join().unwrap(), 200);
    let entry = store.lookup(edgekv_store::Key::new("k").unwrap()).wait().unwrap();
    assert_eq!(entry.unwrap().value(), "hello");
    assert_eq!(fixture.api.stats().connections, 0);
}

#[test]
fn a_client_that_takes_nothing_is_cut_off() {
    let fixture = Fixture::limited(|limits| limits.write_time = Duration::from_millis(300));
    assert_eq!(fixture.send(put(KEY).body(vec![1; 20 * 1024 * 1024])).status, 200);
    for path in [KEY, "/stores/kv/store/batch"] {
        let mut client = fixture.client();
        client.write(&get(path).to_bytes(fixture.address)).unwrap();
        assert_eq!(client.head().unwrap().status, 200);
        let start = std::time::Instant::now();
        while fixture.api.stats().responses > 0 {
            assert!(start.elapsed() < crate::fixture::PATIENCE, "{path}");
            std::thread::yield_now();
        }
    }
    assert_eq!(fixture.send(get("/healthz")).status, 200);
}
