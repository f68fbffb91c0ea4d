//! Requests that are wrong, each with its status; and after each of them the next good one is answered.

use edgekv_server::{ApiLimits, Token};
use edgekv_store::{Limits, MemoryEngine, Stores};

use crate::client::{Client, Request, delete, get, post, put};
use crate::fixture::Fixture;

const TOKEN: &str = "secret";
const KEY: &str = "/stores/kv/store/keys/k";

fn fixture() -> Fixture {
    let limits = Limits { max_value_bytes: 1000, ..Limits::default() };
    let stores = Stores::builder(MemoryEngine::new()).limits(limits).build().unwrap();
    let mut limits = ApiLimits::default();
    limits.max_target_bytes = 8000;
    limits.max_head_bytes = 16 * 1024;
    Fixture::of(stores, None, |builder| builder.token(Token::new(TOKEN).unwrap()).limits(limits))
}

fn signed(request: Request) -> Request {
    request.header("fastly-key", TOKEN)
}

/// A good request is answered on this connection, which is still there.
fn check_same(fixture: &Fixture, client: &mut Client, what: &str) {
    let good = signed(put("/stores/kv/store/keys/good").body("good"));
    client.write(&good.to_bytes(fixture.address)).unwrap();
    let answer = client.answer(&good).unwrap_or_else(|| panic!("after {what}, the connection is gone"));
    assert_eq!(answer.status, 200, "after {what}, on the same connection");
}

/// A good request is answered on a new connection.
fn check(fixture: &Fixture, what: &str) {
    let good = signed(put("/stores/kv/store/keys/good").body("good"));
    assert_eq!(fixture.send(good).status, 200, "after {what}, on a new connection");
}

#[test]
fn the_table() {
    let fixture = fixture();
    let id = &fixture.id;
    let store = format!("/resources/stores/kv/{id}");
    let batch = format!("{store}/batch");
    let long_key = "k".repeat(1025);
    let long_name = "n".repeat(256);
    let key = |text: &str| put(&format!("/stores/kv/store/keys/{text}")).body("v");
    let list = |query: &str| get(&format!("/stores/kv/store/keys?{query}"));
    let stores = |query: &str| get(&format!("/resources/stores/kv?{query}"));
    let create = |body: &str| post("/resources/stores/kv").body(body);
    let other = fixture.stores.create(&"other".parse().unwrap()).wait().unwrap().info().id;
    let own = fixture.stores.create(&".edgekv.own".parse().unwrap()).wait().unwrap();
    let reserved = format!("/resources/stores/kv/{}", own.info().id);
    for name in ["a", "b"] {
        fixture.send(signed(put(&format!("/resources/stores/kv/{other}/keys/{name}")).body("v")));
    }
    let page = fixture.send(signed(get(&format!("/resources/stores/kv/{other}/keys?limit=1")))).json();
    let foreign = page["meta"]["next_cursor"].as_str().unwrap();

    let table: Vec<(&str, Request, u16)> = vec![
        // Names and identities.
        ("a store that is not there", get("/stores/kv/none/keys/k"), 404),
        ("a name with a control character", get("/stores/kv/a%00b/keys/k"), 400),
        ("a name that is too long", get(&format!("/stores/kv/{long_name}/keys/k")), 400),
        ("an identity that is none", get("/resources/stores/kv/7"), 404),
        ("an identity of nobody", get("/resources/stores/kv/0000000000000000000007"), 404),
        ("an identity in capitals", get(&format!("/resources/stores/kv/{}", id.to_uppercase())), 404),
        ("a store without a name", create("{}"), 400),
        ("a store with a name that is a number", create(r#"{"name":7}"#), 400),
        ("a store with an empty name", create(r#"{"name":""}"#), 400),
        ("a store with a name that is too long", create(&format!(r#"{{"name":"{long_name}"}}"#)), 400),
        ("a store with a line feed in its name", create(r#"{"name":"a\nb"}"#), 400),
        ("a store that is no JSON", create("name=a"), 400),
        (
            "a store with too many words",
            create(&format!(r#"{{"name":"a","x":"{}"}}"#, "x".repeat(20_000))),
            413,
        ),
        ("a store that is there", create(r#"{"name":"store"}"#), 400),
        ("a store on the moon", post("/resources/stores/kv?location=MOON").body(r#"{"name":"m"}"#), 400),
        ("a name for a store that is not there", put("/resources/stores/kv/7").body(r#"{"name":"m"}"#), 404),
        ("a store that is not empty", delete(&format!("/resources/stores/kv/{other}")), 409),
        // Names that are kept for edgekv: what has one is as if it were not there.
        ("a store with a name that is reserved", create(r#"{"name":".edgekv.x"}"#), 400),
        ("a name that is reserved for a store", put(&store).body(r#"{"name":".edgekv.x"}"#), 400),
        ("a reserved store that is there", get("/stores/kv/.edgekv.own/keys/k"), 404),
        ("a write to a reserved store", put("/stores/kv/.edgekv.own/keys/k").body("v"), 404),
        ("a write to a reserved store, escaped", put("/stores/kv/%2Eedgekv.own/keys/k").body("v"), 404),
        ("a batch for a reserved store", put("/stores/kv/.edgekv.own/batch").body("{}"), 404),
        ("the keys of a reserved store", get(&format!("{reserved}/keys")), 404),
        ("a reserved store by its identity", get(&reserved), 404),
        ("a name for a reserved store", put(&reserved).body(r#"{"name":"mine"}"#), 404),
        ("a delete of a reserved store", delete(&reserved), 404),
        ("a reserved store that is not there", get("/stores/kv/.edgekv.none/keys/k"), 404),
        // Keys and percent-encoding.
        ("no key", put("/stores/kv/store/keys/").body("v"), 400),
        ("a key that is too long", key(&long_key), 400),
        ("a dot", key("."), 400),
        ("two dots", key(".."), 400),
        ("dots that are escaped", key("%2e%2E"), 400),
        ("a line feed in a key", key("a%0Ab"), 400),
        ("a number sign in a key", key("a%23b"), 400),
        ("a question mark in a key", key("a%3Fb"), 400),
        ("a bar in a key", key("a%7Cb"), 400),
        ("a semicolon in a key", key("a;b"), 400),
        ("a key that is reserved", key(".well-known/acme-challenge/x"), 400),
        ("an escape that is none", key("a%zz"), 400),
        ("half an escape", key("a%4"), 400),
        ("a percent sign", get("/stores/kv/store/keys/100%"), 400),
        ("a key that is not UTF-8", key("%ff%fe"), 400),
        ("a name that is not UTF-8", get("/stores/kv/%ff/keys"), 400),
        // Limits, cursors, prefixes.
        ("a limit of nothing", list("limit=0"), 400),
        ("a negative limit", list("limit=-1"), 400),
        ("a limit that is a word", list("limit=all"), 400),
        ("a cursor that is none", list("cursor=nonsense"), 400),
        ("a cursor of another store", list(&format!("cursor={foreign}")), 400),
        ("an unknown consistency", list("consistency=weak"), 400),
        ("a prefix that is too long", list(&format!("prefix={long_key}")), 400),
        ("a prefix that is not UTF-8", list("prefix=%ff"), 400),
        ("a parameter that is unknown", list("colour=red"), 400),
        ("a parameter twice", list("limit=1&limit=2"), 400),
        ("a limit of no stores", stores("limit=0"), 400),
        ("a cursor of stores that is none", stores("cursor=%25"), 400),
        ("a filter that is unknown", stores("id=7"), 400),
        // Writes.
        ("two modes", put(&format!("{KEY}?add=true&append=true")).body("v"), 400),
        ("a mode that is no flag", put(&format!("{KEY}?add=maybe")).body("v"), 400),
        ("an unknown mode", put(&format!("{KEY}?merge=true")).body("v"), 400),
        ("a generation that is a word", put(KEY).body("v").header("if-generation-match", "new"), 400),
        (
            "a generation that is too large",
            put(KEY).body("v").header("if-generation-match", "18446744073709551616"),
            400,
        ),
        ("a lifetime that is negative", put(KEY).body("v").header("time_to_live_sec", "-1"), 400),
        (
            "two lifetimes",
            put(KEY).body("v").header("time_to_live_sec", "1").header("time_to_live_sec", "2"),
            400,
        ),
        ("metadata that are too long", put(KEY).body("v").header("metadata", "m".repeat(2001)), 400),
        ("metadata that are not base64", put(KEY).body("v").header("metadata-base64", "?"), 400),
        ("a generation that nothing has", put(KEY).body("v").header("if-generation-match", "1"), 412),
        ("a part of a value", put(KEY).body("v").header("content-range", "bytes 1-1/10"), 400),
        (
            "a write that depends on a date",
            put(KEY).body("v").header("if-unmodified-since", "Mon, 23 Jun 2025 19:41:16 GMT"),
            400,
        ),
        (
            "a delete that depends on a date",
            delete(KEY).header("if-unmodified-since", "Mon, 23 Jun 2025 19:41:16 GMT"),
            400,
        ),
        ("any tag on a write", put(KEY).body("v").header("if-match", "*"), 400),
        ("a tag with zeros before", put(KEY).body("v").header("if-match", "\"007\""), 400),
        ("a part of a batch", put(&batch).body("{}").header("content-range", "bytes 1-1/10"), 400),
        ("two conditions", put(KEY).body("v").header("if-match", "\"1\"").header("if-none-match", "*"), 400),
        ("a delete of nothing", delete(KEY), 404),
        ("a delete that is forced by a word", delete(&format!("{KEY}?force=please")), 400),
        // Sizes.
        ("a value that says it is too large", put(KEY).body("x".repeat(1001)), 413),
        ("a value that turns out to be too large", put(KEY).body("x".repeat(1001)).chunked(), 413),
        (
            "a target that is too long",
            get(&format!("/stores/kv/store/keys?prefix={}", "x".repeat(9000))),
            414,
        ),
        // Batches.
        ("a batch that is no JSON", put(&batch).body("nonsense"), 400),
        ("a batch that breaks off", put(&batch).body(r#"{"key":"a","value":"djE="#), 400),
        ("a batch with a value that is not base64", put(&batch).body(r#"{"key":"a","value":"?"}"#), 400),
        ("a batch that is an array", put(&batch).body(r#"[{"key":"a","value":""}]"#), 400),
        ("a batch for nobody", put("/stores/kv/none/batch").body("{}"), 404),
        // Methods and paths.
        ("a post of a key", post(KEY).body("v"), 405),
        ("a patch of a key", Request::new("PATCH", KEY).body("v"), 405),
        ("a word that is no method", Request::new("BREW", KEY), 405),
        ("a question about options", Request::new("OPTIONS", KEY), 405),
        ("a delete of all stores", delete("/resources/stores/kv"), 405),
        ("a write of a list", put("/stores/kv/store/keys").body("v"), 405),
        ("a path of nothing", get("/nothing"), 404),
        ("the root", get("/"), 404),
        ("a path of half a route", get("/stores/kv/store"), 404),
        // Heads that can be read in two ways.
        ("no host", get(KEY).header("host", ""), 400),
        ("a host that is none", get(KEY).header("host", "a b"), 400),
    ];
    for (what, request, status) in table {
        let mut client = fixture.client();
        let answer = client.send(signed(request.clone()));
        assert_eq!(answer.status, status, "{what}: {answer:?}");
        match status {
            412 => assert_eq!(answer.text(), ""),
            // A batch says what is wrong with its items.
            400 if request.path.ends_with("/batch") && what != "a part of a batch" => {
                assert!(!answer.json()["errors"].as_array().unwrap().is_empty(), "{what}");
            }
            405 => {
                let allow = answer.header("allow").unwrap_or_else(|| panic!("{what}: {answer:?}"));
                assert!(allow.contains("GET") || allow.contains("PUT"), "{allow}");
                assert!(answer.detail().contains("allow"), "{answer:?}");
            }
            _ => assert!(answer.detail().len() > 15, "{what}: {answer:?}"),
        }
        check_same(&fixture, &mut client, what);
        check(&fixture, what);
    }
    let keys = fixture.send(signed(get("/stores/kv/store/keys"))).json();
    assert_eq!(keys["data"], serde_json::json!(["good"]), "nothing that is wrong was written");
}

#[test]
fn without_the_token_nothing_is_done() {
    let fixture = fixture();
    for request in
        [put(KEY).body("v"), put(KEY).body("v").header("fastly-key", "Secret"), delete(KEY), post(KEY)]
    {
        let mut client = fixture.client();
        assert_eq!(client.send(request).status, 401);
        check_same(&fixture, &mut client, "a token that is wrong");
    }
    assert_eq!(fixture.send(signed(get(KEY))).status, 404);
}

#[test]
fn heads_that_are_too_long_or_broken_end_the_connection_and_nothing_else() {
    let fixture = fixture();
    let long = signed(get(KEY)).header("x-long", "x".repeat(20_000)).to_bytes(fixture.address);
    for (what, bytes, status) in [
        ("a head that is too long", &*long, 431),
        ("nonsense", b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
        ("two lengths", b"PUT /stores/kv/store/keys/k HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nvv", 400),
        ("a length that is a word", b"PUT /stores/kv/store/keys/k HTTP/1.1\r\nhost: a\r\ncontent-length: v\r\n\r\nv", 400),
    ] {
        let mut client = fixture.client();
        client.write(bytes).unwrap();
        assert_eq!(client.head().unwrap().status, status, "{what}");
        check(&fixture, what);
    }
}

#[test]
fn a_body_that_breaks_off_writes_nothing() {
    let fixture = fixture();
    let half: [(&str, Request, &[u8]); 2] = [
        ("a length", put(KEY).header("content-length", "10"), b"12345"),
        ("chunks", put(KEY).header("transfer-encoding", "chunked"), b"5\r\n12345\r\n"),
    ];
    for (what, request, bytes) in half {
        let mut client = fixture.client();
        let head = String::from_utf8(signed(request).to_bytes(fixture.address)).unwrap();
        let head = head.replace("content-length: 0\r\n", "");
        client.write(head.as_bytes()).unwrap();
        client.write(bytes).unwrap();
        client.end();
        if let Some(answer) = client.head() {
            assert_eq!(answer.status, 400, "{what}");
        }
        check(&fixture, what);
        assert_eq!(fixture.send(signed(get(KEY))).status, 404, "{what}");
    }
}
