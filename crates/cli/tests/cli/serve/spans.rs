//! Where in a request something was done, as messages say it that are for machines.

use serde_json::Value;

use super::{serve, workplace};
use crate::client::Client;
use crate::workplace::Workplace;

const FLAGS: &str = "--store store --log-format json --log edgekv_server=trace,edgekv_host=trace,edgekv_store=trace,edgekv::request=debug";

/// An application that looks for a key, and answers with nothing.
const LOOKS_UP: &str = r#"(module
    (import "fastly_kv_store" "open" (func $open (param i32 i32 i32) (result i32)))
    (import "fastly_kv_store" "lookup" (func $lookup (param i32 i32 i32 i32 i32 i32) (result i32)))
    (import "fastly_kv_store" "lookup_wait_v2" (func $wait (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (import "fastly_http_resp" "new" (func $response (param i32) (result i32)))
    (import "fastly_http_resp" "send_downstream" (func $send (param i32 i32 i32) (result i32)))
    (import "fastly_http_body" "new" (func $body (param i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 64) "store") (data (i32.const 80) "key")
    (func $check (param i32) (if (local.get 0) (then unreachable)))
    (func (export "_start")
        (call $check (call $open (i32.const 64) (i32.const 5) (i32.const 0)))
        (call $check (call $lookup
            (i32.load (i32.const 0)) (i32.const 80) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4)))
        (call $check (call $wait
            (i32.load (i32.const 4)) (i32.const 8) (i32.const 0) (i32.const 0) (i32.const 12) (i32.const 16)
            (i32.const 24)))
        (call $check (call $response (i32.const 0)))
        (call $check (call $body (i32.const 4)))
        (call $check (call $send (i32.load (i32.const 0)) (i32.load (i32.const 4)) (i32.const 0)))))"#;

/// An application that writes an empty value, and answers with nothing.
const WRITES: &str = r#"(module
    (import "fastly_kv_store" "open" (func $open (param i32 i32 i32) (result i32)))
    (import "fastly_kv_store" "insert" (func $insert (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (import "fastly_kv_store" "insert_wait" (func $wait (param i32 i32) (result i32)))
    (import "fastly_http_resp" "new" (func $response (param i32) (result i32)))
    (import "fastly_http_resp" "send_downstream" (func $send (param i32 i32 i32) (result i32)))
    (import "fastly_http_body" "new" (func $body (param i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 64) "store") (data (i32.const 80) "key")
    (func $check (param i32) (if (local.get 0) (then unreachable)))
    (func (export "_start")
        (call $check (call $open (i32.const 64) (i32.const 5) (i32.const 0)))
        (call $check (call $body (i32.const 4)))
        (call $check (call $insert
            (i32.load (i32.const 0)) (i32.const 80) (i32.const 3) (i32.load (i32.const 4)) (i32.const 0) (i32.const 128)
            (i32.const 8)))
        (call $check (call $wait (i32.load (i32.const 8)) (i32.const 12)))
        (call $check (call $response (i32.const 0)))
        (call $check (call $body (i32.const 4)))
        (call $check (call $send (i32.load (i32.const 0)) (i32.load (i32.const 4)) (i32.const 0)))))"#;

fn parsed(said: &str) -> Vec<Value> {
    said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The one line of a request to this path.
#[track_caller]
fn request<'a>(lines: &'a [Value], path: &str) -> &'a Value {
    let mut requests =
        lines.iter().filter(|line| line["target"] == "edgekv::request" && line["path"] == path);
    let request = requests.next().unwrap_or_else(|| panic!("no request to {path}: {lines:?}"));
    assert!(requests.next().is_none(), "{lines:?}");
    request
}

/// The one answer to an operation of this name, in these spans, outermost first.
#[track_caller]
fn answered<'a>(lines: &'a [Value], operation: &str, names: &[&str]) -> &'a Value {
    let mut answers =
        lines.iter().filter(|line| line["message"] == "answered" && line["span"]["name"] == operation);
    let answer = answers.next().unwrap_or_else(|| panic!("no {operation} was answered: {lines:?}"));
    assert!(answers.next().is_none(), "{lines:?}");
    let spans = answer["spans"].as_array().unwrap();
    assert!(spans.iter().map(|span| span["name"].as_str().unwrap()).eq(names.iter().copied()), "{answer}");
    answer
}

#[test]
fn a_lookup_of_an_application_is_told_inside_of_its_host_call_and_its_request() {
    let here = Workplace::new();
    here.wat("app.wasm", LOOKS_UP);
    let server = serve(&here, &format!("app.wasm --engine memory: {FLAGS}"));
    Client::http1(server.address).get("/k").has(200);
    let said = server.stop();
    let lines = parsed(&said);
    let request = request(&lines, "/k");
    let lookup = answered(&lines, "lookup", &["request", "wiggle abi", "lookup"]);
    let spans = &lookup["spans"];
    assert_eq!((&spans[0]["id"], &spans[0]["path"]), (&request["id"], &"/k".into()), "{said}");
    let call = (&spans[1]["module"], &spans[1]["function"]);
    assert_eq!(call, (&"fastly_kv_store".into(), &"lookup".into()), "{said}");
    assert_eq!(spans[2]["store"], "store", "{said}");
    assert_eq!(lookup["outcome"], "not_found", "{said}");
    // Whatever is told of the request's work by any part has its number.
    let of_host = lines.iter().filter(|line| line["target"].as_str().unwrap().starts_with("edgekv_host"));
    let of_host: Vec<_> = of_host.collect();
    assert!(of_host.len() >= 4, "{said}");
    assert!(of_host.iter().all(|line| line["spans"][0]["id"] == request["id"]), "{said}");
}

#[test]
fn a_write_of_an_application_keeps_its_spans_until_it_is_on_disk() {
    let here = Workplace::new();
    here.wat("app.wasm", WRITES);
    let server = serve(&here, &format!("app.wasm --engine redb:data.redb {FLAGS}"));
    Client::http1(server.address).get("/w").has(200);
    let said = server.stop();
    let lines = parsed(&said);
    let insert = answered(&lines, "insert", &["request", "wiggle abi", "insert"]);
    let spans = &insert["spans"];
    assert_eq!(spans[0]["id"], request(&lines, "/w")["id"], "{said}");
    assert_eq!(spans[1]["function"], "insert", "{said}");
    assert_eq!((&spans[2]["store"], &spans[2]["key"]), (&"store".into(), &"key".into()), "{said}");
    assert_eq!(insert["outcome"], "ok", "{said}");
    commits_are_of_nobody(&lines);
}

#[test]
fn an_operation_of_the_api_is_told_inside_of_its_request() {
    let here = Workplace::new();
    let mut command = here.edgekv();
    command.args(["serve", "--api", "127.0.0.1:0", "--engine", "redb:data.redb"]);
    let server = crate::process::Process::start(command.args(FLAGS.split(' ')));
    let path = "/stores/kv/store/keys/k";
    let mut client = Client::http1(server.address);
    client.put(path, "v").has(200);
    client.get(path).has(200);
    let said = server.stop();
    let lines = parsed(&said);
    let requests = lines.iter().filter(|line| line["target"] == "edgekv::request");
    let ids: Vec<_> = requests.map(|line| &line["id"]).collect();
    assert_eq!(ids.len(), 2, "{said}");
    for (operation, method, id) in [("insert", "PUT", ids[0]), ("lookup", "GET", ids[1])] {
        let answer = answered(&lines, operation, &["request", operation]);
        let spans = &answer["spans"];
        assert_eq!((&spans[0]["id"], &spans[0]["path"]), (id, &path.into()), "{said}");
        assert_eq!(spans[0]["method"], method, "{said}");
        assert_eq!((&spans[1]["store"], &spans[1]["key"]), (&"store".into(), &"k".into()), "{said}");
        assert_eq!(answer["outcome"], "ok", "{said}");
    }
    commits_are_of_nobody(&lines);
}

/// Commits are there, and in no request: they are of many.
#[track_caller]
fn commits_are_of_nobody(lines: &[Value]) {
    let commits: Vec<_> = lines.iter().filter(|line| line["message"] == "committed").collect();
    assert!(!commits.is_empty(), "{lines:?}");
    for commit in commits {
        let spans = commit["spans"].as_array().unwrap();
        assert!(spans.len() == 1 && spans[0]["name"] == "commit", "{commit}");
    }
}

#[test]
fn by_default_nothing_is_said_of_spans() {
    let here = workplace();
    let server = serve(&here, "app.wasm --engine memory: --store store --log-format json");
    Client::http1(server.address).get("/k").has(200);
    let said = server.stop();
    assert!(said.contains("edgekv::request") && !said.contains("span"), "{said}");
}
