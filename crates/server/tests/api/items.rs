//! Items: what is written is what is read, by name and by identity.

use crate::client::{delete, get, head, put};
use crate::fixture::{Fixture, with_both};

#[test]
fn both_paths_of_a_store_are_the_same_store() {
    with_both(|fixture| {
        let mut client = fixture.client();
        let [by_name, by_id] = fixture.paths("keys/message1");
        let written = client.send(put(&by_id).body("by id"));
        assert_eq!((written.status, written.text()), (200, ""));
        let read = client.send(get(&by_name));
        assert_eq!((read.status, read.text()), (200, "by id"));
        assert_eq!(read.generation(), written.generation());
        assert_eq!(client.send(delete(&by_name)).status, 204);
        assert_eq!(client.send(get(&by_id)).status, 404);
    });
}

#[test]
fn a_read_says_everything_about_the_item() {
    with_both(|fixture| {
        let mut client = fixture.client();
        for path in fixture.paths("keys/described") {
            client
                .send(put(&path).body("a value").header("metadata", "v=1").header("time_to_live_sec", "300"));
            let read = client.send(get(&path));
            let head = client.send(head(&path));
            for answer in [&read, &head] {
                assert_eq!(answer.status, 200);
                assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
                assert_eq!(answer.header("content-length"), Some("7"));
                assert_eq!(answer.header("stored-content-length"), Some("7"));
                assert_eq!(answer.header("metadata"), Some("v=1"));
                assert_eq!(answer.header("accept-ranges"), Some("bytes"));
                assert_eq!(answer.header("time_to_live_sec"), Some("300"));
                assert_eq!(answer.header("etag"), Some(&*format!("\"{}\"", answer.generation())));
                let modified = httpdate::parse_http_date(answer.header("last-modified").unwrap()).unwrap();
                let seconds = modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
                assert_eq!(seconds, answer.generation() / 1_000_000);
            }
            assert_eq!((read.text(), head.text()), ("a value", ""));
        }
    });
}

#[test]
fn an_item_without_metadata_and_lifetime_says_so() {
    let fixture = Fixture::new();
    let path = "/stores/kv/store/keys/plain";
    fixture.send(put(path).body(""));
    let read = fixture.send(get(path));
    assert_eq!((read.status, read.text()), (200, ""));
    assert_eq!(read.header("metadata"), Some(""), "clients look for it");
    assert_eq!(read.header("time_to_live_sec"), None);
    assert_eq!(read.header("stored-content-length"), Some("0"));
}

#[test]
fn keys_are_decoded_once() {
    with_both(|fixture| {
        let mut client = fixture.client();
        let table = [
            ("a%2Fb%20c+%C3%BC%25x", "a/b c+ü%x"),
            ("a/b", "a/b"),
            ("%252F", "%2F"),
            ("%00%01", "\0\u{1}"),
            ("~!$&'()*,:=@", "~!$&'()*,:=@"),
            ("dir//file", "dir//file"),
            ("keys/keys/x", "keys/keys/x"),
            ("...", "..."),
        ];
        for (written, expected) in table {
            let [by_name, by_id] = fixture.paths(&format!("keys/{written}"));
            assert_eq!(client.send(put(&by_name).body(expected)).status, 200, "{written}");
            assert_eq!(client.send(get(&by_id)).text(), expected, "{written}");
            let list = client.send(get("/stores/kv/store/keys")).json();
            assert_eq!(list["data"], serde_json::json!([expected]));
            assert_eq!(client.send(delete(&by_id)).status, 204, "{written}");
        }
        let long = "é".repeat(512);
        let escaped: String = long.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let path = format!("/stores/kv/store/keys/{escaped}");
        assert_eq!(client.send(put(&path).body("1024 bytes")).status, 200);
        assert_eq!(client.send(get("/stores/kv/store/keys")).json()["data"][0], long);
    });
}

#[test]
fn modes_are_flags() {
    with_both(|fixture| {
        let mut client = fixture.client();
        for path in fixture.paths("keys/modes") {
            let mut send =
                |query: &str, body: &str| client.send(put(&format!("{path}{query}")).body(body)).status;
            assert_eq!(send("?add=true", "b"), 200);
            assert_eq!(send("?add=True", "x"), 412);
            assert_eq!(send("?append", "c"), 200);
            assert_eq!(send("?prepend=1&background_fetch=true", "a"), 200);
            assert_eq!(send("?append=false&prepend=0", "d"), 200, "flags that are not set are none");
            assert_eq!(client.send(get(&path)).text(), "d");
            assert_eq!(client.send(put(&format!("{path}?append=true")).body("e")).status, 200);
            assert_eq!(client.send(get(&path)).text(), "de");
            assert_eq!(client.send(delete(&path)).status, 204);
        }
    });
}

#[test]
fn a_generation_is_a_condition() {
    with_both(|fixture| {
        let mut client = fixture.client();
        for path in fixture.paths("keys/condition") {
            let first = client.send(put(&path).body("1").header("if-generation-match", "0")).generation();
            let refused = client.send(put(&path).body("x").header("if-generation-match", "0"));
            assert_eq!((refused.status, refused.text()), (412, ""));
            let refused =
                client.send(put(&path).body("x").header("if-generation-match", (first + 1).to_string()));
            assert_eq!(refused.status, 412);
            let second = client.send(put(&path).body("2").header("if-generation-match", first.to_string()));
            assert!(second.generation() > first);
            let tag = format!("\"{}\"", second.generation());
            assert_eq!(client.send(put(&path).body("x").header("if-none-match", "*")).status, 412);
            assert_eq!(client.send(put(&path).body("3").header("if-match", &tag)).status, 200);
            assert_eq!(client.send(delete(&path).header("if-match", &tag)).status, 412);
            assert_eq!(
                client.send(delete(&path).header("if-generation-match", first.to_string())).status,
                412
            );
            let third = client.send(get(&path)).generation();
            let deleted = client.send(delete(&path).header("if-generation-match", third.to_string()));
            assert_eq!((deleted.status, deleted.text()), (204, ""));
        }
    });
}

#[test]
fn a_delete_of_nothing_is_404_unless_it_is_forced() {
    with_both(|fixture| {
        for path in fixture.paths("keys/none") {
            let missing = fixture.send(delete(&path));
            assert_eq!(missing.status, 404);
            assert!(missing.detail().contains("force=true"), "{missing:?}");
            assert_eq!(fixture.send(delete(&format!("{path}?force=true"))).status, 204);
            assert_eq!(fixture.send(delete(&format!("{path}?force=True"))).status, 204);
        }
    });
}

#[test]
fn metadata_are_bytes() {
    let fixture = Fixture::new();
    let mut client = fixture.client();
    let path = "/stores/kv/store/keys/metadata";
    // As it comes, as it goes: UTF-8, Latin-1.
    for metadata in ["version: 1, é".as_bytes(), b"m\xfc"] {
        assert_eq!(client.send(put(path).body("v").header("metadata", metadata)).status, 200);
        let read = client.send(get(path));
        assert_eq!((read.bytes("metadata"), read.bytes("metadata-base64")), (Some(metadata), None));
    }
    // What no header can have: NUL, CR and LF, and blanks around.
    for (encoded, what) in [("AA0K", "control characters"), ("IGEg", "blanks")] {
        assert_eq!(client.send(put(path).body("v").header("metadata-base64", encoded)).status, 200);
        let read = client.send(get(path));
        assert_eq!((read.bytes("metadata"), read.header("metadata-base64")), (None, Some(encoded)), "{what}");
    }
    let longest = "m".repeat(2000);
    assert_eq!(client.send(put(path).body("v").header("metadata", &longest)).status, 200);
    assert_eq!(client.send(get(path)).header("metadata"), Some(&*longest));
    assert_eq!(client.send(put(path).body("v")).status, 200);
    assert_eq!(client.send(get(path)).header("metadata"), Some(""), "a write without removes them");
}

#[test]
fn what_has_expired_is_missing() {
    with_both(|fixture| {
        let path = "/stores/kv/store/keys/gone";
        assert_eq!(fixture.send(put(path).body("v").header("time_to_live_sec", "0")).status, 200);
        let read = fixture.send(get(path));
        assert_eq!((read.status, read.header("x-cache")), (404, Some("MISS")));
        assert_eq!(fixture.send(delete(path)).status, 404);
    });
}
