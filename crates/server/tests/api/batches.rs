//! Batches, in and out.

use std::io::{Read, Write};

use edgekv_server::ApiLimits;
use edgekv_store::{MemoryEngine, Stores};
use serde_json::{Value, json};

use crate::client::{Request, get, put};
use crate::fixture::{Fixture, with_both};

const BATCH: &str = "/stores/kv/store/batch";

fn keys(fixture: &Fixture) -> Value {
    fixture.send(get("/stores/kv/store/keys")).json()["data"].clone()
}

fn upload(body: impl AsRef<[u8]>) -> Request {
    put(BATCH).header("content-type", "application/x-ndjson").body(body).chunked()
}

#[test]
fn the_items_of_a_batch_are_written() {
    with_both(|fixture| {
        let body = concat!(
            "  {\"key\": \"a\", \"value\": \"djE=\"}\n",
            "{\"key\":\"b\",\"value\":\"djI=\",\"metadata\":\"m\",\"time_to_live_sec\":300,\"background_fetch\":true}",
            "{\n  \"key\": \"c\",\n  \"value\": \"\"\n}\n\n",
        );
        for path in fixture.paths("batch") {
            let answer = fixture.send(put(&path).body(body));
            assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
            assert_eq!(answer.json(), json!({"type": "", "title": "success", "errors": []}));
        }
        assert_eq!(keys(fixture), json!(["a", "b", "c"]));
        let b = fixture.send(get("/stores/kv/store/keys/b"));
        assert_eq!((b.text(), b.header("metadata")), ("v2", Some("m")));
        assert_eq!(b.header("time_to_live_sec"), Some("300"));
        assert_eq!(fixture.send(put(BATCH)).status, 200, "an empty batch is one");
    });
}

#[test]
fn a_mistake_costs_its_own_item_and_is_named() {
    with_both(|fixture| {
        let body = concat!(
            "{\"key\":\"a\",\"value\":\"djE=\"}\n",
            "{\"key\":\"bad#key\",\"value\":\"djE=\"}\n",
            "{\"key\":\"b\",\"value\":7}\n",
            "{\"value\":\"djE=\"}\n",
            "nonsense\n",
            "{\"key\":\"c\",\"value\":\"djM=\"}\n",
            "{\"key\":\"d\",\"va",
        );
        let answer = fixture.send(upload(body));
        assert_eq!((answer.status, answer.header("content-type")), (400, Some("application/json")));
        let document = answer.json();
        assert_eq!(document["title"], "5 of 7 items are not written");
        let errors: Vec<_> = document["errors"].as_array().unwrap().iter().collect();
        let seen: Vec<_> =
            errors.iter().map(|e| (e["key"].as_str().unwrap(), e["index"].as_u64().unwrap())).collect();
        assert_eq!(seen, [("bad#key", 1), ("b", 2), ("", 3), ("", 4), ("", 6)]);
        for error in errors {
            assert!(error["reason"].as_str().unwrap().len() > 10, "{error}");
            assert!(!error["code"].as_str().unwrap().is_empty(), "{error}");
        }
        assert_eq!(keys(fixture), json!(["a", "c"]));
    });
}

#[test]
fn later_items_of_a_key_win() {
    with_both(|fixture| {
        let mut body = String::new();
        for number in 0..5000 {
            // In base64, of three letters each.
            let value = ["YWFh", "YmJi", "Y2Nj"][number % 3];
            body.push_str(&format!("{{\"key\":\"k{}\",\"value\":\"{value}\"}}\n", number / 3));
        }
        assert_eq!(fixture.send(upload(&body)).status, 200);
        for number in [0, 1, 700, 1665] {
            assert_eq!(fixture.send(get(&format!("/stores/kv/store/keys/k{number}"))).text(), "ccc");
        }
    });
}

#[test]
fn a_thousand_mistakes_are_listed_and_the_rest_counted() {
    let fixture = Fixture::new();
    let body = "{\"key\":\"\",\"value\":\"\"}\n".repeat(1500) + "{\"key\":\"good\",\"value\":\"\"}\n";
    let document = fixture.send(upload(body)).json();
    let errors = document["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1001);
    assert_eq!(errors[999]["index"], 999);
    assert_eq!(
        (&errors[1000]["reason"], &errors[1000]["index"]),
        (&"500 more items are not written".into(), &1000.into())
    );
    assert_eq!(document["detail"], "1 item is written; correct the others, and send them again");
    assert_eq!(keys(&fixture), json!(["good"]));
}

#[test]
fn a_batch_that_breaks_off_says_what_is_written() {
    let fixture = Fixture::new();
    let mut client = fixture.client();
    let head = put(BATCH).header("content-length", "1000").to_bytes(fixture.address);
    client.write(&head).unwrap();
    client.write(b"{\"key\":\"a\",\"value\":\"djE=\"}\n{\"key\":").unwrap();
    client.end();
    if let Some(answer) = client.answer(&put(BATCH)) {
        assert_eq!(answer.status, 400);
        assert!(answer.detail().contains("before that, 1 item is written, and 0 not"), "{answer:?}");
    }
    assert_eq!(keys(&fixture), json!(["a"]));
}

#[test]
fn an_item_that_is_too_large_is_named_and_one_that_nobody_has_room_for_ends_the_batch() {
    let limits = edgekv_store::Limits { max_value_bytes: 300_000, ..edgekv_store::Limits::default() };
    let stores = Stores::builder(MemoryEngine::new()).limits(limits).build().unwrap();
    let mut limits = ApiLimits::default();
    limits.max_upload_bytes = 350_000;
    let fixture = Fixture::of(stores, None, |builder| builder.limits(limits));
    let item = |key: &str, bytes: usize| {
        format!("{{\"key\":\"{key}\",\"value\":\"{}\"}}\n", "AAAA".repeat(bytes / 3))
    };
    let large = fixture.send(upload(item("a", 30) + &item("b", 300_003) + &item("c", 30)));
    assert_eq!(large.status, 503, "{large:?}");
    assert!(large.detail().contains("350000") && large.detail().contains("1 item is written"), "{large:?}");

    let limits = edgekv_store::Limits { max_value_bytes: 30_000, ..edgekv_store::Limits::default() };
    let stores = Stores::builder(MemoryEngine::new()).limits(limits).build().unwrap();
    let fixture = Fixture::of(stores, None, |builder| builder);
    let large = fixture.send(upload(item("a", 30) + &item("b", 30_003) + &item("c", 30)));
    assert_eq!(large.status, 400);
    let error = &large.json()["errors"][0];
    assert_eq!(
        (&error["key"], &error["index"], &error["code"]),
        (&"b".into(), &1.into(), &"payload_too_large".into())
    );
    assert_eq!(keys(&fixture), json!(["a", "c"]));
    assert_eq!(large.json()["title"], "1 of 3 items is not written");
}

#[test]
fn an_export_is_not_for_clients_that_cannot_tell_its_end() {
    let fixture = Fixture::new();
    let mut stream = std::net::TcpStream::connect(fixture.address).unwrap();
    stream.set_read_timeout(Some(crate::fixture::PATIENCE)).unwrap();
    write!(stream, "GET {BATCH} HTTP/1.0\r\nhost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 505 ") && answer.contains("use HTTP/1.1"), "{answer}");
}

#[test]
fn an_export_is_a_batch_that_makes_the_same_store() {
    with_both(|fixture| {
        let mut client = fixture.client();
        let large = vec![7_u8; 300_000];
        assert_eq!(client.send(put("/stores/kv/store/keys/large").body(&large)).status, 200);
        let write =
            put("/stores/kv/store/keys/described").body("\0\u{ff}").header("time_to_live_sec", "1000");
        assert_eq!(client.send(write.header("metadata-base64", "/wA=")).status, 200);
        let body: String =
            (0..2500).map(|n| format!("{{\"key\":\"n{n:05}\",\"value\":\"djE=\"}}\n")).collect();
        assert_eq!(client.send(upload(&body)).status, 200);

        for path in fixture.paths("batch") {
            let export = client.send(get(&path));
            assert_eq!((export.status, export.header("content-type")), (200, Some("application/x-ndjson")));
            assert!(export.is_whole);
            let other = Fixture::new();
            assert_eq!(other.send(upload(&export.body)).status, 200);
            assert_eq!(other.send(get(BATCH)).body, export.body);
            let lines: Vec<Value> =
                export.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            assert_eq!(lines.len(), 2502);
            assert!(lines.iter().map(|line| line["key"].as_str().unwrap()).is_sorted());
            assert_eq!(lines[0]["metadata_base64"], "/wA=");
            let left = lines[0]["time_to_live_sec"].as_u64().unwrap();
            assert!((900..=1000).contains(&left), "{left}");
        }

        let some = client.send(get(&format!("{BATCH}?prefix=n0000")));
        assert_eq!(some.text().lines().count(), 10);
        let page = client.send(get("/stores/kv/store/keys?prefix=n0&limit=100")).json();
        let cursor = page["meta"]["next_cursor"].as_str().unwrap();
        let rest = client.send(get(&format!("{BATCH}?prefix=n0&cursor={cursor}")));
        assert_eq!(rest.text().lines().count(), 2400);
        assert_eq!(client.send(get(&format!("{BATCH}?cursor={cursor}"))).status, 400);
        assert_eq!(client.send(get(&format!("{BATCH}?limit=7"))).status, 400);
    });
}
