//! Many entries at a time.

use serde_json::{Value, json};

use crate::server::Server;

pub(crate) fn a_file_and_standard_input_are_batches(server: &Server) {
    let (cli, mut python, mut http) = (server.command_line(), server.python(), server.http());
    let id = server.http().create("batches");
    let lines = r#"{"key":"plain","value":"cGxhaW4="}
  {"key":"all/of it","value":"AAEC/w==","metadata":"m 1","time_to_live_sec":3600,"background_fetch":true}
{
  "key": "over lines",
  "value": "bA=="
}{"key":"empty","value":""}"#;
    let file = cli.file("items.ndjson", lines);
    assert!(cli.entry("create", &id, &["--file", &file]).good().contains("Inserted keys"));
    assert_eq!(http.value(&id, "plain"), b"plain");
    assert_eq!(http.value(&id, "over lines"), b"l");
    assert_eq!(http.value(&id, "empty"), b"");
    let all = http.get(&id, "all/of it").has(200);
    assert_eq!((&all.body[..], all.header("metadata")), (&b"\0\x01\x02\xff"[..], Some("m 1")));
    assert!(all.header("time_to_live_sec").is_some());

    let arguments = ["kv-store-entry", "create", "--store-id", &id, "--stdin"];
    let ended = cli
        .run(&arguments, "{\"key\":\"plain\",\"value\":\"bmV3\"}\n{\"key\":\"piped\",\"value\":\"cA==\"}\n");
    assert!(ended.good().contains("Inserted keys"), "{ended:?}");
    for (key, value) in [("plain", "new"), ("piped", "p")] {
        assert_eq!(python.call("kv_store_get_item", json!({ "store_id": id, "key": key })), value);
    }
    let said = cli.entry("create", &id, &["--file", &file, "--json"]).json();
    assert_eq!(said, json!({ "success": true }));
}

pub(crate) fn what_is_wrong_in_a_batch_is_said_item_by_item(server: &Server) {
    let (cli, mut http) = (server.command_line(), server.http());
    let id = server.http().create("wrong");
    let lines = r#"{"key":"good","value":"Zw=="}
{"key":"no base64","value":"!!"}
{"key":"","value":"Zw=="}
{"key":"no value"}
"#;
    let file = cli.file("items.ndjson", lines);
    cli.entry("create", &id, &["--file", &file]).fails(&[
        "error at index: 1",
        "base64",
        "error at index: 2",
        "key is empty",
        "error at index: 3",
        "value",
        "400 Bad Request",
    ]);
    for key in ["no base64", "no value"] {
        http.get(&id, key).has(404);
    }
    let file = cli.file("broken.ndjson", "{\"key\":\"a\",\"value\":\"Zw==\"}\n{\"key\":\"b\",");
    cli.entry("create", &id, &["--file", &file]).fails(&["400 Bad Request"]);
    http.get(&id, "b").has(404);
}

pub(crate) fn a_directory_becomes_entries(server: &Server) {
    let (cli, mut http) = (server.command_line(), server.http());
    let id = server.http().create("directory");
    let mut expected: Vec<String> = Vec::new();
    // More than it sends at the same time.
    for number in 0..120 {
        let name = format!("file {number:03}.txt");
        cli.file(&format!("site/{name}"), format!("content of {name}"));
        expected.push(name);
    }
    cli.file("site/.hidden", "h");
    let folder = cli.file("site/deeper/not.txt", "the command line does not descend");
    let folder = folder.strip_suffix("/deeper/not.txt").unwrap();
    let said = cli.entry("create", &id, &["--dir", folder]).good();
    assert!(said.contains("Inserted 120 keys"), "{said}");
    assert_eq!(cli.entry("list", &id, &["--json"]).json(), json!(expected));
    assert_eq!(http.value(&id, "file 077.txt"), b"content of file 077.txt");
    cli.entry("create", &id, &["--dir", folder, "--dir-allow-hidden", "--dir-concurrency", "3"]).good();
    assert_eq!(http.value(&id, ".hidden"), b"h");
}

pub(crate) fn many_keys_come_in_pages_and_go_by_prefix(server: &Server) {
    let (cli, mut python, mut http) = (server.command_line(), server.python(), server.http());
    let id = server.http().create("many");
    let mut keys: Vec<String> = (0..2400).map(|number| format!("n/{number:05}")).collect();
    keys.extend((0..30).map(|number| format!("other {number:02}")));
    let lines: String =
        keys.iter().map(|key| json!({ "key": key, "value": "dg==" }).to_string() + "\n").collect();
    let arguments = ["kv-store-entry", "create", "--store-id", &id, "--stdin"];
    cli.run(&arguments, &lines).good();

    assert_eq!(cli.entry("list", &id, &["--json"]).json(), json!(keys), "all pages, in order");
    let others = &keys[2400..];
    let arguments = ["--prefix", "other ", "--consistency", "eventual", "--json"];
    assert_eq!(cli.entry("list", &id, &arguments).json(), json!(others));

    let mut found: Vec<Value> = Vec::new();
    let mut arguments = json!({ "store_id": id, "limit": 700, "prefix": "n/", "consistency": "strong" });
    let mut pages = 0;
    loop {
        let page = python.call("kv_store_list_item_keys", arguments.clone());
        pages += 1;
        found.extend(page["data"].as_array().unwrap().iter().cloned());
        assert_eq!((&page["meta"]["limit"], &page["meta"]["prefix"]), (&json!(700), &json!("n/")));
        let Some(cursor) = page["meta"]["next_cursor"].as_str() else { break };
        arguments["cursor"] = json!(cursor);
    }
    assert_eq!((json!(found), pages), (json!(keys[..2400]), 4));
    let bad = json!({ "store_id": id, "cursor": "not one" });
    python.fails("kv_store_list_item_keys", bad, "ApiException", 400);

    let said = cli.entry("delete", &id, &["--prefix", "n/0", "--auto-yes"]).good();
    assert!(said.contains("Deleted 2400 keys"), "{said}");
    assert_eq!(cli.entry("list", &id, &["--json"]).json(), json!(others));
    cli.entry("delete", &id, &["--all", "--auto-yes"]).good();
    let left = python.call("kv_store_list_item_keys", json!({ "store_id": id }));
    assert_eq!(left["data"], json!([]), "{left}");
    http.get(&id, "other 00").has(404);
}
