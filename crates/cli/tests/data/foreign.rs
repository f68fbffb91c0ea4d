//! Servers that know nothing of what edgekv has added to the API of the platform, and servers that lie.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;

use serde_json::json;

use crate::fake::{Answer, Request, serve};
use crate::place::{Data, Ended, edgekv};

const STORES: &str = "/resources/stores/kv";

fn store() -> Answer {
    Answer::ok(json!({ "data": [{ "id": "foreign", "name": "s" }], "meta": {} }).to_string())
}

/// Value and metadata.
type Entries = BTreeMap<String, (Vec<u8>, String)>;

/// A server that has one store, `s`, and answers to nothing but what the platform has: no HEAD, no stream of items, no
/// metadata in base64.
fn platform(entries: Entries) -> String {
    let entries = Mutex::new(entries);
    serve(move |request| answer(&mut entries.lock().unwrap(), request))
}

fn answer(entries: &mut Entries, request: &Request) -> Answer {
    if request.path == STORES {
        return store();
    }
    let Some(path) = request.path.strip_prefix("/resources/stores/kv/foreign/") else {
        return Answer::status(404);
    };
    match (request.method.as_str(), path.strip_prefix("keys/")) {
        ("GET", None) if path == "keys" => {
            let after = request.parameter("cursor").unwrap_or_default();
            let prefix = request.parameter("prefix").unwrap_or_default();
            let mut keys = entries.keys().filter(|key| key.starts_with(prefix) && key.as_str() > after);
            let page: Vec<_> = keys.by_ref().take(2).collect();
            let cursor = keys.next().and_then(|_| page.last());
            let meta = cursor.map_or(json!({}), |cursor| json!({ "next_cursor": cursor }));
            Answer::ok(json!({ "data": page, "meta": meta }).to_string())
        }
        ("GET", Some(key)) => match entries.get(key) {
            Some((value, metadata)) => Answer {
                headers: vec![("metadata", metadata.clone()), ("generation", "7".into())],
                ..Answer::ok(value.clone())
            },
            None => Answer::status(404),
        },
        ("PUT", Some(key)) => {
            let metadata = request.header("metadata").unwrap_or_default().to_owned();
            entries.insert(key.to_owned(), (request.body.clone(), metadata));
            Answer::status(200)
        }
        ("DELETE", Some(key)) => Answer::status(if entries.remove(key).is_some() { 204 } else { 404 }),
        _ => Answer::status(405),
    }
}

fn run(here: &Data, url: &str, arguments: &[&str]) -> Ended {
    Ended::of(edgekv(&here.path("")).args(arguments).args(["--api-url", url]).output().unwrap())
}

#[test]
fn a_server_without_our_extensions_is_exported_listed_and_emptied() {
    let here = Data::engine();
    let entries: Entries =
        (0..25).map(|i| (format!("k{i:02}"), (format!("value {i}").into_bytes(), format!("m{i}")))).collect();
    let url = platform(entries);
    let summary = run(&here, &url, &["kv", "export", "s", "out", "--json"]).json();
    assert_eq!(summary["items"], 25, "{summary}");
    let here = here.with_store("copy");
    here.run(&["kv", "import", "copy", "out", "--quiet"]).good();
    for i in [0, 7, 24] {
        let key = format!("k{i:02}");
        assert_eq!(here.run(&["kv", "get", "copy", &key]).text(), format!("value {i}"));
        let head = here.run(&["kv", "get", "copy", &key, "--head", "--json"]).json();
        assert_eq!(head["metadata"], format!("m{i}"));
    }
    run(&here, &url, &["kv", "export", "s", "part", "--prefix", "k1", "--quiet"]).good();
    assert_eq!(fs::read_to_string(here.path("part")).unwrap().lines().count(), 10);
    assert_eq!(run(&here, &url, &["kv", "list", "s", "--all"]).text().lines().count(), 25);
    let deleted = run(&here, &url, &["kv", "delete", "s", "--prefix", "k0", "--yes"]).text();
    assert_eq!(deleted, "deleted 10 items\n");
    assert_eq!(
        run(&here, &url, &["kv", "delete", "s", "--prefix", "k10", "--yes"]).text(),
        "deleted 1 item\n"
    );
}

#[test]
fn a_key_that_goes_while_it_is_exported_is_left_out() {
    let here = Data::engine();
    let entries: Entries = (0..25).map(|i| (format!("k{i:02}"), (Vec::new(), String::new()))).collect();
    let entries = Mutex::new(entries);
    let url = serve(move |request| {
        if request.path.ends_with("/keys/k07") {
            return Answer::status(404);
        }
        answer(&mut entries.lock().unwrap(), request)
    });
    run(&here, &url, &["kv", "export", "s", "out", "--quiet"]).good();
    let lines = fs::read_to_string(here.path("out")).unwrap();
    let mut keys: Vec<_> = (0..25).collect();
    keys.remove(7);
    let expected = keys.into_iter().map(|i| format!("{{\"key\":\"k{i:02}\",\"value\":\"\"}}"));
    assert!(lines.lines().map(str::to_owned).eq(expected), "{lines}");
}

#[test]
fn a_server_without_our_extensions_has_items_that_can_be_asked_for() {
    let here = Data::engine();
    let url = platform(Entries::new());
    run(&here, &url, &["kv", "put", "s", "k", "value", "--metadata", "plain"]).good();
    let head = run(&here, &url, &["kv", "get", "s", "k", "--head", "--json"]).json();
    assert_eq!(
        head,
        json!({ "store": "s", "key": "k", "generation": 7, "metadata": "plain", "size": 5 }),
        "by GET, where HEAD is unknown"
    );
    // A header that it does not know cannot have had an effect, and that is found out.
    run(&here, &url, &["kv", "put", "s", "k", "value", "--metadata", "two\nlines"])
        .fails(76, &["without its metadata"]);
    run(&here, &url, &["kv", "get", "s", "absent", "--head"]).fails(66, &["no key"]);
}

/// A server that has one store, and says this whatever item is asked for.
fn liar(item: impl Fn() -> Answer + Send + Sync + 'static) -> String {
    serve(move |request| match request.path.as_str() {
        STORES => store(),
        path if path.ends_with("/keys") => Answer::ok(json!({ "data": ["k"], "meta": {} }).to_string()),
        path if path.contains("/keys/") => item(),
        _ => Answer::status(404),
    })
}

/// Nothing is in the folder.
#[track_caller]
fn is_empty(here: &Data) {
    let names = fs::read_dir(here.path("")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.collect::<Vec<_>>(), Vec::<std::ffi::OsString>::new());
}

#[test]
fn a_value_that_breaks_off_is_no_value() {
    let here = Data::engine();
    let url = liar(|| Answer { length: Some(500), ..Answer::ok("half") });
    run(&here, &url, &["kv", "get", "s", "k", "-o", "f"]).fails(69, &["broken off"]);
    is_empty(&here);
    run(&here, &url, &["kv", "get", "s", "k", "--json"]).status.filter(|status| *status == 69).unwrap();
    let printed = run(&here, &url, &["kv", "get", "s", "k"]);
    assert_eq!((printed.status, printed.stdout.as_slice()), (Some(69), &b"half"[..]), "{printed:?}");
    run(&here, &url, &["kv", "export", "s", "-"]).fails(69, &["broken off"]);
}

#[test]
fn a_value_that_is_shorter_than_it_is_said_to_be_is_no_value() {
    let here = Data::engine();
    let url =
        liar(|| Answer { headers: vec![("stored-content-length", "500".into())], ..Answer::ok("half") });
    let words = ["4 bytes", "500"];
    run(&here, &url, &["kv", "get", "s", "k", "-o", "f"]).fails(76, &words);
    is_empty(&here);
    let printed = run(&here, &url, &["kv", "get", "s", "k"]);
    assert_eq!(printed.status, Some(76), "{printed:?}");
    run(&here, &url, &["kv", "export", "s", "-"]).fails(76, &words);
}

#[test]
fn a_value_without_end_is_not_taken_for_one_of_the_longest() {
    let here = Data::engine();
    let long = 100 * 1024 * 1024 + 1;
    let url = liar(move || Answer::ok(vec![0; long]));
    run(&here, &url, &["kv", "export", "s", "-"]).fails(76, &["more than 104857600 bytes"]);
    let json = run(&here, &url, &["kv", "get", "s", "k", "--json"]);
    assert_eq!(json.status, Some(76), "{}", json.stderr);
}

#[test]
fn lists_without_end_come_to_one() {
    let here = Data::engine();
    // Two cursors that lead to each other.
    let other = |request: &Request| if request.parameter("cursor") == Some("a") { "b" } else { "a" };
    let keys = serve(move |request| match request.path.as_str() {
        STORES => store(),
        _ if request.path.ends_with("/batch") => Answer::status(404),
        _ => Answer::ok(json!({ "data": ["k"], "meta": { "next_cursor": other(request) } }).to_string()),
    });
    for arguments in
        [&["kv", "delete", "s", "--all", "--yes"][..], &["kv", "export", "s", "-", "--prefix", "x"]]
    {
        let ended = run(&here, &keys, arguments);
        assert_eq!(ended.status, Some(76), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains("not in their order"), "{arguments:?}: {ended:?}");
    }
    let ended = run(&here, &keys, &["kv", "list", "s", "--all"]);
    assert_eq!((ended.status, ended.stdout.as_slice()), (Some(76), &b"k\n"[..]), "{ended:?}");
    let stores = serve(move |request| {
        let page = json!({ "data": [{ "id": "1", "name": "s" }], "meta": { "next_cursor": other(request) } });
        Answer::ok(page.to_string())
    });
    run(&here, &stores, &["store", "list"]).fails(76, &["goes on without another"]);
}

#[test]
fn what_a_server_says_of_a_store_stays_on_its_lines() {
    let here = Data::engine();
    let url = serve(|_| {
        let store = json!({ "id": "i\nname: x", "name": "s", "created_at": "\u{1b}[2J", "updated_at": "" });
        Answer::ok(json!({ "data": [store] }).to_string())
    });
    let said = run(&here, &url, &["store", "describe", "s"]).text();
    assert_eq!(said, "name:    s\nid:      i\\nname: x\ncreated: \\u{1b}[2J\nupdated: \n");
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_no_half_of_a_file() {
    use std::process::{Command, Stdio};

    let here = Data::engine();
    let url = liar(|| Answer { length: Some(500), hangs: true, ..Answer::ok("half") });
    here.file("f", "old");
    let mut child = edgekv(&here.path(""))
        .args(["kv", "get", "s", "k", "-o", "f", "--api-url", &url])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let files = || fs::read_dir(here.path("")).unwrap().count();
    crate::process::in_time("half of it is there", || {
        assert_eq!(child.try_wait().unwrap(), None);
        files() == 2
    });
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ended = Ended::of(child.wait_with_output().unwrap());
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(130), ""));
    assert_eq!((files(), fs::read(here.path("f")).unwrap().as_slice()), (1, &b"old"[..]));
}
