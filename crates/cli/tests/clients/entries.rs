//! Single entries: what one client writes is what the other reads.

use serde_json::json;

use crate::process::in_time;
use crate::server::Server;

/// What a precondition that does not hold looks like.
const PRECONDITION: &str = "412 Precondition Failed";

pub(crate) fn modes_do_what_they_say(server: &Server) {
    let (cli, mut python) = (server.command_line(), server.python());
    let id = server.http().create("modes");
    let said = cli.entry("create", &id, &["--key", "k", "--value", "1", "--add", "--json"]).json();
    assert_eq!(said, json!({ "id": id, "key": "k" }));
    cli.entry("create", &id, &["--key", "k", "--value", "lost", "--add"]).fails(&[PRECONDITION]);
    let item = |body: &str| json!({ "store_id": id, "key": "k", "body": body });
    let mut added = item("lost");
    added["add"] = json!(true);
    python.fails("kv_store_upsert_item", added, "ApiException", 412);
    cli.entry("create", &id, &["--key", "k", "--value", "2", "--append"]).good();
    cli.entry("create", &id, &["--key", "k", "--value", "0", "--prepend"]).good();
    for (mode, body) in [("append", "3"), ("prepend", "<")] {
        let mut item = item(body);
        item[mode] = json!(true);
        python.call("kv_store_upsert_item", item);
    }
    assert_eq!(cli.entry("get", &id, &["--key", "k"]).good(), "<0123");
    // A switch that is off is not on: this one replaces.
    let mut replaced = item("whole");
    replaced["append"] = json!(false);
    replaced["background_fetch"] = json!(true);
    python.call("kv_store_upsert_item", replaced);
    assert_eq!(cli.entry("get", &id, &["--key", "k"]).good(), "whole");
    cli.entry("create", &id, &["--key", "k", "--value", "x", "--add", "--append"])
        .fails(&["400 Bad Request", "exclude each other"]);
    cli.entry("create", &id, &["--key", "k", "--value", "last", "--background-fetch"]).good();
    let read = python.call("kv_store_get_item", json!({ "store_id": id, "key": "k" }));
    assert_eq!(read, "last");
}

pub(crate) fn keys_of_all_kinds_are_the_same_in_both_clients(server: &Server) {
    let (cli, mut python, mut http) = (server.command_line(), server.python(), server.http());
    let id = server.http().create("keys");
    let longest = "x".repeat(1024);
    let keys = [
        "a/b",
        "a//b/",
        "/a",
        "a b",
        " a ",
        "a+b",
        "+",
        "ü☃\u{1f980}",
        "a%2Fb",
        "%",
        "50%",
        "a&b=c",
        "~!*'()",
        "a\"b",
        "back\\slash",
        "..a",
        "a/../b",
        "./a",
        "...",
        "a,b:c@d$e",
        "[a]{b}<c>`d",
        "tab\there",
        &longest,
    ];
    for key in keys {
        let by_cli = format!("cli {key}");
        cli.entry("create", &id, &["--key", key, "--value", &by_cli]).good();
        assert_eq!(http.value(&id, key), by_cli.as_bytes(), "{key:?}");
        let read = python.call("kv_store_get_item", json!({ "store_id": id, "key": key }));
        assert_eq!(read, by_cli, "{key:?}");
        let by_python = format!("python {key}");
        let item = json!({ "store_id": id, "key": key, "body": by_python });
        python.call("kv_store_upsert_item", item);
        assert_eq!(cli.entry("get", &id, &["--key", key]).good(), by_python, "{key:?}");
    }
    let mut sorted = keys.to_vec();
    sorted.sort_unstable();
    assert_eq!(cli.entry("list", &id, &["--json"]).json(), json!(sorted), "and there are no others");
    let listed = python.call("kv_store_list_item_keys", json!({ "store_id": id }));
    assert_eq!(listed["data"], json!(sorted));
    for key in keys {
        python.call("kv_store_delete_item", json!({ "store_id": id, "key": key }));
        cli.entry("get", &id, &["--key", key]).fails(&["404 Not Found"]);
    }
    let too_long = "x".repeat(1025);
    for bad in ["a\nb", "a#b", "a;b", "a?b", "a^b", "a|b", ".well-known/acme-challenge/x", &too_long] {
        let item = json!({ "store_id": id, "key": bad, "body": "v" });
        python.fails("kv_store_upsert_item", item, "ApiException", 400);
        cli.entry("create", &id, &["--key", bad, "--value", "v"]).fails(&["400 Bad Request"]);
    }
    // Both clients take these for what they mean in paths, and ask for something else.
    for dots in [".", ".."] {
        let item = json!({ "store_id": id, "key": dots, "body": "v" });
        let outcome = python.outcome("kv_store_upsert_item", &item);
        assert!(outcome["error"].is_string(), "{outcome}");
        cli.entry("create", &id, &["--key", dots, "--value", "v"]).fails(&["the Fastly API returned 4"]);
    }
    assert_eq!(cli.store("describe", &["--store-id", &id, "--json"]).json()["Name"], "keys");
    assert_eq!(cli.entry("list", &id, &["--json"]).json(), json!([]));
}

pub(crate) fn values_are_bytes(server: &Server) {
    let (cli, mut python, mut http) = (server.command_line(), server.python(), server.http());
    let id = server.http().create("values");
    let bytes: Vec<u8> = (0..=255).chain(b"\r\n\0".iter().copied()).collect();
    let large: Vec<u8> = (0..3_000_000_u32).map(|number| number.to_le_bytes()[number as usize % 3]).collect();
    cli.file("values/bytes", &bytes);
    let folder = cli.file("values/large", &large);
    let folder = folder.strip_suffix("/large").unwrap();
    cli.entry("create", &id, &["--dir", folder]).good();
    for (key, value) in [("bytes", &bytes), ("large", &large)] {
        assert_eq!(http.value(&id, key), *value, "{key}");
        assert_eq!(cli.entry("get", &id, &["--key", key]).stdout, *value, "{key}");
    }
    let json = cli.entry("get", &id, &["--key", "bytes", "--json"]).json();
    assert!(json["bytes"].as_str().unwrap().starts_with("AAECAwQFBgcICQoL"), "{json}");

    let text = "f\u{fc}r alle: \u{2603}\n\ttab \u{1f980}";
    python.call("kv_store_upsert_item", json!({ "store_id": id, "key": "text", "body": text }));
    assert_eq!(http.value(&id, "text"), text.as_bytes());
    assert_eq!(cli.entry("get", &id, &["--key", "text"]).good(), text);
}

pub(crate) fn metadata_are_kept_and_replaced(server: &Server) {
    let (cli, mut python, mut http) = (server.command_line(), server.python(), server.http());
    let id = server.http().create("metadata");
    let described = |key: &str| cli.entry("describe", &id, &["--key", key, "--json"]).json();
    cli.entry("create", &id, &["--key", "k", "--value", "v", "--metadata", "version: 1; f\u{fc}r \u{2603}"])
        .good();
    assert_eq!(described("k")["metadata"], "version: 1; f\u{fc}r \u{2603}");
    let text = cli.entry("describe", &id, &["--key", "k"]).good();
    assert!(text.contains("Metadata: version: 1") && text.contains("Key: k"), "{text}");

    let item = json!({ "store_id": id, "key": "k", "body": "v", "metadata": "{\"by\": \"python\"}" });
    python.call("kv_store_upsert_item", item);
    assert_eq!(described("k")["metadata"], "{\"by\": \"python\"}");
    let read = python.outcome("kv_store_get_item", &json!({ "store_id": id, "key": "k" }));
    assert_eq!(read["headers"]["metadata"], "{\"by\": \"python\"}", "{read}");
    assert_eq!(read["headers"]["stored-content-length"], "1", "{read}");
    assert_eq!(read["headers"]["generation"], described("k")["generation"], "{read}");

    // What one writes without metadata has none.
    cli.entry("create", &id, &["--key", "k", "--value", "more", "--append"]).good();
    assert_eq!(described("k")["metadata"], "");
    assert_eq!(http.get(&id, "k").has(200).header("metadata"), Some(""));
    let longest = "m".repeat(2000);
    cli.entry("create", &id, &["--key", "k", "--value", "v", "--metadata", &longest]).good();
    assert_eq!(described("k")["metadata"], *longest);
    let too_long = "m".repeat(2001);
    cli.entry("create", &id, &["--key", "k", "--value", "v", "--metadata", &too_long]).fails(&[
        "400 Bad Request",
        "2001",
        "2000",
    ]);
}

pub(crate) fn a_generation_guards_writes_and_deletes(server: &Server) {
    let (cli, mut python) = (server.command_line(), server.python());
    let id = server.http().create("generations");
    cli.entry("create", &id, &["--key", "k", "--value", "1"]).good();
    let generation = || {
        let described = cli.entry("describe", &id, &["--key", "k", "--json"]).json();
        described["generation"].as_str().unwrap().to_owned()
    };
    let first = generation();
    cli.entry("create", &id, &["--key", "k", "--value", "2", "--if-generation-match", &first]).good();
    cli.entry("create", &id, &["--key", "k", "--value", "lost", "--if-generation-match", &first])
        .fails(&[PRECONDITION]);
    let second = generation();
    assert!(second.parse::<u64>().unwrap() > first.parse::<u64>().unwrap());

    let item = |generation: &str| {
        let generation: u64 = generation.parse().unwrap();
        json!({ "store_id": id, "key": "k", "body": "3", "if_generation_match": generation })
    };
    python.fails("kv_store_upsert_item", item(&first), "ApiException", 412);
    python.call("kv_store_upsert_item", item(&second));
    let third = generation();
    assert_eq!(cli.entry("get", &id, &["--key", "k", "--if-generation-match", &third]).good(), "3");
    cli.entry("get", &id, &["--key", "k", "--if-generation-match", &second]).fails(&[&second, &third]);

    cli.entry("delete", &id, &["--key", "k", "--if-generation-match", &second]).fails(&[PRECONDITION]);
    let delete = |generation: &str| {
        let generation: u64 = generation.parse().unwrap();
        json!({ "store_id": id, "key": "k", "if_generation_match": generation })
    };
    python.fails("kv_store_delete_item", delete(&second), "ApiException", 412);
    let said = cli.entry("delete", &id, &["--key", "k", "--if-generation-match", &third, "--json"]).json();
    assert_eq!(said, json!({ "key": "k", "store_id": id, "deleted": true }));
    cli.entry("create", &id, &["--key", "k", "--value", "x", "--if-generation-match", &third])
        .fails(&[PRECONDITION]);
}

pub(crate) fn entries_expire(server: &Server) {
    let (cli, mut python, mut http) = (server.command_line(), server.python(), server.http());
    let id = server.http().create("expiry");
    let item = |key: &str, seconds: u32| json!({ "store_id": id, "key": key, "body": "v", "time_to_live_sec": seconds });
    python.call("kv_store_upsert_item", item("long", 3600));
    python.call("kv_store_upsert_item", item("short", 1));
    let left = http.get(&id, "long").has(200).header("time_to_live_sec").map(str::to_owned);
    let left: u32 = left.unwrap().parse().unwrap();
    assert!((3000..=3600).contains(&left), "{left}");
    in_time("an entry of a second expires", || http.get(&id, "short").status() == 404);
    cli.entry("get", &id, &["--key", "short"]).fails(&["404 Not Found"]);
    assert_eq!(cli.entry("list", &id, &["--json"]).json(), json!(["long"]));
    python.fails("kv_store_delete_item", json!({ "store_id": id, "key": "short" }), "NotFoundException", 404);
    // What is written without a time has none.
    cli.entry("create", &id, &["--key", "long", "--value", "v"]).good();
    assert_eq!(http.get(&id, "long").has(200).header("time_to_live_sec"), None);
}
