//! Responses: how much memory they may hold, and who may keep them.

use std::time::Instant;

use crate::client::{Client, delete, get, head, put};
use crate::fixture::{Fixture, PATIENCE};

const KEY: &str = "/stores/kv/store/keys/k";
const BATCH: &str = "/stores/kv/store/batch";

/// A client that has read the head of a response, and takes nothing of its body.
fn idle_reader(fixture: &Fixture, path: &str) -> Client {
    let mut client = fixture.client();
    client.write(&get(path).to_bytes(fixture.address)).unwrap();
    assert_eq!(client.head().unwrap().status, 200);
    client
}

#[test]
fn responses_that_need_more_memory_than_there_is_are_503_and_others_go_on() {
    let fixture = Fixture::limited(|limits| limits.max_download_bytes = 30 * 1024 * 1024);
    assert_eq!(fixture.send(put(KEY).body(vec![1; 20 * 1024 * 1024])).status, 200);
    assert_eq!(fixture.send(put("/stores/kv/store/keys/small").body("small")).status, 200);
    let reader = idle_reader(&fixture, KEY);
    let refused = fixture.send(get(KEY));
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    assert!(refused.detail().contains("31457280"), "{refused:?}");
    assert_eq!(
        fixture.send(get(KEY).header("range", "bytes=0-2000000")).status,
        503,
        "a part keeps the whole"
    );
    assert_eq!(fixture.send(get(KEY).header("range", "bytes=7-9")).status, 206, "unless it is small");
    let described = fixture.send(head(KEY));
    assert_eq!((described.status, described.header("content-length")), (200, Some("20971520")));
    assert_eq!(fixture.send(get("/stores/kv/store/keys/small")).text(), "small");
    drop(reader);
    let start = Instant::now();
    while fixture.send(get(KEY)).status != 200 {
        assert!(start.elapsed() < PATIENCE, "nothing is still held");
    }
}

#[test]
fn an_export_waits_for_memory() {
    let fixture = Fixture::limited(|limits| limits.max_download_bytes = 30 * 1024 * 1024);
    assert_eq!(fixture.send(put(KEY).body(vec![1; 20 * 1024 * 1024])).status, 200);
    let reader = idle_reader(&fixture, KEY);
    let mut client = fixture.client();
    let request = get(BATCH);
    client.write(&request.to_bytes(fixture.address)).unwrap();
    let start = Instant::now();
    while fixture.api.stats().responses < 2 {
        assert!(start.elapsed() < PATIENCE);
        std::thread::yield_now();
    }
    drop(reader);
    let export = client.answer(&request).unwrap();
    assert!(export.is_whole);
    assert_eq!(export.text().lines().count(), 1);
    assert!(fixture.send(get(BATCH)).is_whole, "nothing is still held");
}

#[test]
fn caches_that_others_share_keep_nothing() {
    let fixture = Fixture::new();
    fixture.send(put(KEY).body("value"));
    let tag = fixture.send(get(KEY)).header("etag").unwrap().to_owned();
    for request in [
        get(KEY),
        head(KEY),
        get(KEY).header("range", "bytes=1-2"),
        get(KEY).header("range", "bytes=10-20"),
        get(KEY).header("if-none-match", &tag),
    ] {
        let answer = fixture.send(&request);
        assert_eq!(answer.header("cache-control"), Some("private, no-cache"), "{answer:?}");
    }
    for request in [
        get("/stores/kv/store/keys"),
        get("/stores/kv/store/keys/none"),
        get(BATCH),
        get("/resources/stores/kv"),
        get("/nothing"),
        get("/healthz"),
        get(KEY).header("if-match", "\"1\""),
        get(KEY).header("host", "evil.example"),
        put(KEY).body("v"),
        delete(KEY),
    ] {
        let answer = fixture.send(&request);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{request:?}: {answer:?}");
    }
}
