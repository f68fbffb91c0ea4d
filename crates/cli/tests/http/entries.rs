//! Entries: lookup, insert with its options, delete.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::case::{Case, case};
use crate::server::Server;

/// The limits of a store, in bytes.
const MAX_KEY: usize = 1024;
const MAX_METADATA: usize = 2000;
const MAX_VALUE: usize = 25 * 1024 * 1024;

pub(crate) const CASES: &[Case] = &[
    case!(an_entry_is_written_read_and_deleted),
    case!(head_says_nothing_of_a_body_that_was_not_made),
    case!(bytes_stay_as_they_are),
    case!(a_value_is_in_memory_once needs Bodies),
    case!(modes_say_what_becomes_of_an_old_value),
    case!(metadata_stay_with_their_value),
    case!(an_entry_has_a_lifetime),
    case!(an_entry_without_a_lifetime_is_gone needs NoLifetime),
    case!(a_wrong_generation_writes_nothing),
    case!(the_right_generation_writes needs Generations),
    case!(keys_have_their_rules),
    case!(what_is_too_large_is_refused),
    case!(several_entries_are_looked_up_at_once),
    case!(other_methods_are_not_allowed),
];

fn an_entry_is_written_read_and_deleted(server: &Server) {
    let mut client = server.client();
    client.get("/kv/fruit").has(404);
    client.put("/kv/fruit", "apple").has(201);
    let found = client.get("/kv/fruit").has(200);
    assert_eq!((found.text(), found.header("content-length")), ("apple", Some("5")));
    let head = client.send("HEAD", "/kv/fruit", &[], "").has(200);
    assert_eq!((head.text(), head.header("content-length")), ("", Some("5")));
    client.put("/kv/fruit", "pear").has(201);
    assert_eq!(client.get("/kv/fruit").has(200).text(), "pear");
    assert_eq!(client.delete("/kv/fruit").has(204).text(), "");
    client.get("/kv/fruit").has(404);
    client.send("HEAD", "/kv/fruit", &[], "").has(404);
    client.delete("/kv/fruit").has(404);
}

fn bytes_stay_as_they_are(server: &Server) {
    let mut client = server.client();
    let all: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    for value in [all, Vec::new(), vec![0]] {
        client.put("/kv/bytes", value.clone()).has(201);
        let found = client.get("/kv/bytes").has(200);
        assert!(found.body == value, "{} bytes came back as {}", value.len(), found.body.len());
    }
}

fn head_says_nothing_of_a_body_that_was_not_made(server: &Server) {
    let mut client = server.client();
    client.put("/kv/hollow", "").has(201);
    assert_eq!(client.get("/kv/hollow").has(200).header("content-length"), Some("0"));
    let head = client.send("HEAD", "/kv/hollow", &[], "").has(200);
    assert_eq!(head.header("content-length"), None, "a handler may leave the body of HEAD out: {head:?}");
}

fn a_value_is_in_memory_once(server: &Server) {
    let mut client = server.client();
    client.put("/kv/wide", vec![b'x'; MAX_VALUE]).has(201);
    let (bytes, held): (usize, usize) = client.get("/held/wide").json();
    assert_eq!(bytes, MAX_VALUE);
    assert!((MAX_VALUE >> 20..(2 * MAX_VALUE) >> 20).contains(&held), "{held} MiB");
    client.delete("/kv/wide").has(204);
}

fn modes_say_what_becomes_of_an_old_value(server: &Server) {
    let mut client = server.client();
    client.put("/kv/mode?mode=add", "b").has(201);
    client.put("/kv/mode?mode=add", "x").has(412);
    client.put("/kv/mode?mode=append", "c").has(201);
    client.put("/kv/mode?mode=prepend", "a").has(201);
    assert_eq!(client.get("/kv/mode").has(200).text(), "abc");
    client.put("/kv/mode?mode=overwrite", "new").has(201);
    assert_eq!(client.get("/kv/mode").has(200).text(), "new");
    client.put("/kv/mode?mode=replace", "x").has(400);
    assert_eq!(client.get("/kv/mode").has(200).text(), "new");
}

fn metadata_stay_with_their_value(server: &Server) {
    let mut client = server.client();
    client.send("PUT", "/kv/meta", &[("metadata", "one; two")], "value").has(201);
    let found = client.get("/kv/meta").has(200);
    assert_eq!((found.text(), found.header("metadata")), ("value", Some("one; two")));
    client.put("/kv/meta?mode=append", "s").has(201);
    let found = client.get("/kv/meta").has(200);
    assert_eq!((found.text(), found.header("metadata")), ("values", None), "a write without removes them");

    let most = "m".repeat(MAX_METADATA);
    client.send("PUT", "/kv/meta", &[("metadata", &most)], "value").has(201);
    assert_eq!(client.get("/kv/meta").has(200).header("metadata"), Some(most.as_str()));
    client.send("PUT", "/kv/meta", &[("metadata", &(most + "m"))], "value").has(400);
}

fn an_entry_has_a_lifetime(server: &Server) {
    let mut client = server.client();
    client.put("/kv/life?ttl=3600", "long").has(201);
    assert_eq!(client.get("/kv/life").has(200).text(), "long");
    client.put("/kv/life?ttl=soon", "x").has(400);
    assert_eq!(client.get("/kv/life").has(200).text(), "long");
}

fn an_entry_without_a_lifetime_is_gone(server: &Server) {
    let mut client = server.client();
    client.put("/kv/no-life", "long").has(201);
    client.put("/kv/no-life?ttl=0", "none").has(201);
    client.get("/kv/no-life").has(404);
    client.delete("/kv/no-life").has(404);
    client.put("/kv/no-life?mode=add", "again").has(201);
    assert_eq!(client.get("/kv/no-life").has(200).text(), "again");
}

fn a_wrong_generation_writes_nothing(server: &Server) {
    let mut client = server.client();
    client.put("/kv/generation", "old").has(201);
    client.send("PUT", "/kv/generation", &[("if-generation-match", "5")], "new").has(412);
    assert_eq!(client.get("/kv/generation").has(200).text(), "old");
    client.send("PUT", "/kv/no-generation", &[("if-generation-match", "5")], "new").has(412);
    client.get("/kv/no-generation").has(404);
}

fn the_right_generation_writes(server: &Server) {
    let mut client = server.client();
    client.put("/kv/right", "first").has(201);
    let generation = |client: &mut crate::client::Client| {
        client.get("/kv/right").has(200).header("generation").unwrap().parse::<u64>().unwrap()
    };
    let first = generation(&mut client);
    assert!((1..1 << 53).contains(&first), "a guest in JavaScript could not hold {first}");
    let matches = |generation: u64| generation.to_string();
    client.send("PUT", "/kv/right", &[("if-generation-match", &matches(first))], "second").has(201);
    let second = generation(&mut client);
    assert!(second > first, "{second} after {first}");
    client.send("PUT", "/kv/right", &[("if-generation-match", &matches(first))], "third").has(412);
    assert_eq!(client.get("/kv/right").has(200).text(), "second");
    assert_eq!(generation(&mut client), second, "what is refused changes nothing");
}

fn keys_have_their_rules(server: &Server) {
    let mut client = server.client();
    let longest = "k".repeat(MAX_KEY);
    for key in ["a%2Fb", "%C3%A9", "with%20blank", "%25", "+", longest.as_str()] {
        let path = format!("/kv/{key}");
        client.put(&path, key.to_owned()).has(201);
        assert_eq!(client.get(&path).has(200).text(), key);
        client.delete(&path).has(204);
    }
    let too_long = longest + "k";
    for key in ["", "a%23b", "a%3Bb", "a%3Fb", "a%5Eb", "a%7Cb", "a%0Ab", "a%0Db", "%FF", too_long.as_str()] {
        let path = format!("/kv/{key}");
        assert_eq!(client.put(&path, "x").status(), 400, "write {key:?}");
        assert_eq!(client.get(&path).status(), 400, "read {key:?}");
        assert_eq!(client.delete(&path).status(), 400, "delete {key:?}");
    }
}

fn what_is_too_large_is_refused(server: &Server) {
    let mut client = server.client();
    let answer = upload(server.address, "/kv/large", MAX_VALUE + 1);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer:?}");
    client.get("/kv/large").has(404);
    client.put("/kv/large", vec![b'x'; MAX_VALUE]).has(201);
    assert_eq!(client.get("/kv/large").has(200).body.len(), MAX_VALUE);
    client.put("/kv/large?mode=append", "y").has(413);
    client.delete("/kv/large").has(204);
}

/// Sends a large body, and gives the answer, which may come before all of it is sent: then the server hangs up, and a client
/// that looks only at its own error does not see why.
fn upload(address: SocketAddr, path: &str, length: usize) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "PUT {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&vec![b'x'; length]));
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

fn several_entries_are_looked_up_at_once(server: &Server) {
    let mut client = server.client();
    let expected: BTreeMap<String, Option<String>> = (0..20)
        .map(|number| (format!("s{number}"), (number % 3 != 0).then(|| format!("v{number}"))))
        .collect();
    for (key, value) in &expected {
        if let Some(value) = value {
            client.put(&format!("/kv/{key}"), value.clone()).has(201);
        }
    }
    let keys: Vec<_> = expected.keys().map(String::as_str).collect();
    let found: BTreeMap<String, Option<String>> = client.get(&format!("/kv?keys={}", keys.join(","))).json();
    assert_eq!(found, expected);
}

fn other_methods_are_not_allowed(server: &Server) {
    let mut client = server.client();
    for method in ["POST", "PATCH", "PURGE"] {
        client.send(method, "/kv/fruit", &[], "").has(405);
    }
}
