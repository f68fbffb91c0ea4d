//! Servers that are not as ours: they have too much to do, or nothing but lists of keys and items one by one.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use crate::place::{Data, Ended, edgekv};

/// A request: its method and path, and its body.
#[derive(Debug, Clone)]
struct Request {
    line: String,
    body: String,
}

/// A server that answers with a status and headers, and a body; it is told what was asked before.
fn serve(
    answer: impl Fn(&Request, &[Request]) -> (&'static str, String) + Send + 'static,
) -> (String, Arc<Mutex<Vec<Request>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let requests = Arc::clone(&seen);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut head, mut length) = (Vec::new(), 0);
            loop {
                let mut line = String::new();
                if stream.read_line(&mut line).unwrap_or(0) < 3 {
                    break;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                head.push(line);
            }
            let Some(first) = head.first() else { continue };
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let line = first.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
            let request = Request { line, body: String::from_utf8(body).unwrap() };
            let mut requests = requests.lock().unwrap();
            let (head, body) = answer(&request, &requests);
            requests.push(request);
            let text = format!(
                "HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.get_mut().write_all(text.as_bytes());
        }
    });
    (url, seen)
}

const STORES: &str = r#"{"data":[{"id":"x","name":"s"}],"meta":{}}"#;

const INPUT: &str = "\
{\"key\":\"a\",\"value\":\"MQ==\"}
{\"key\":\"b\",\"value\":\"\"}
{\"key\":\"a\",\"value\":\"Mg==\"}
";

/// An import into a server whose answers to batches are these, one after the other; the last one again and again.
fn import(here: &Data, answers: &'static [(&'static str, &'static str)]) -> (Ended, Vec<String>) {
    let (url, seen) = serve(move |request, before| {
        if request.line.starts_with("GET") {
            return ("200 OK", STORES.to_owned());
        }
        let batches = before.iter().filter(|request| request.line.starts_with("PUT")).count();
        let (head, body) = answers[batches.min(answers.len() - 1)];
        (head, body.to_owned())
    });
    here.file("in", INPUT);
    let mut command = edgekv(&here.path(""));
    let ended = command.args(["kv", "import", "s", "in", "--api-url", &url]).output().unwrap();
    let seen = seen.lock().unwrap();
    let batches = seen.iter().filter(|request| request.line == "PUT /resources/stores/kv/x/batch");
    (Ended::of(ended), batches.map(|batch| batch.body.clone()).collect())
}

const SECOND_IS_TOO_MUCH: (&str, &str) = (
    "400 Bad Request\r\nretry-after: 0",
    r#"{"errors":[{"key":"b","index":1,"code":"too_many_requests","reason":"later"}]}"#,
);

#[test]
fn items_that_a_server_puts_off_are_sent_again_in_their_order() {
    let here = Data::engine();
    let busy = ("503 Service Unavailable\r\nretry-after: 0", "");
    let (ended, batches) =
        import(&here, Box::leak(Box::new([busy, SECOND_IS_TOO_MUCH, busy, ("200 OK", "{}")])));
    assert!(ended.text().starts_with("imported 3 items, "));
    let rest = INPUT.split_once('\n').unwrap().1;
    assert_eq!(batches, [INPUT, INPUT, rest, rest], "the last item of a key stays the last");
}

#[test]
fn a_server_that_has_too_much_to_do_for_long_loses_no_item() {
    let here = Data::engine();
    let (ended, batches) = import(&here, &[SECOND_IS_TOO_MUCH, ("503 No\r\nretry-after: 0", "")]);
    ended.fails(75, &["503", "1 items are imported", "goes on from there"]);
    assert!(batches.len() > 2, "it is asked again: {batches:?}");
    let checkpoint = fs::read_dir(here.path("")).unwrap().map(|entry| entry.unwrap().path());
    let checkpoint =
        checkpoint.into_iter().find(|path| path.to_string_lossy().contains(".edgekv-import-")).unwrap();
    let noted: serde_json::Value = serde_json::from_slice(&fs::read(checkpoint).unwrap()).unwrap();
    let end = INPUT.split_once('\n').unwrap().0.len();
    assert_eq!(noted["place"]["position"]["offset"]["bytes"], end, "behind the first item: {noted}");

    for status in ["408 Request Timeout", "504 Gateway Timeout"] {
        let (url, _) = serve(move |_, _| (status, String::new()));
        let listed = edgekv(&here.path("")).args(["store", "list", "--api-url", &url]).output().unwrap();
        Ended::of(listed).fails(75, &[status]);
    }
}

#[test]
fn items_are_read_one_by_one_where_there_is_nothing_else() {
    let here = Data::engine();
    let keys: Vec<String> = (0..50).map(|number| format!("k{number:02}")).collect();
    let values: BTreeMap<String, String> =
        keys.iter().map(|key| (key.clone(), format!("value of {key}"))).collect();
    let pages = keys.clone();
    let (url, _) = serve(move |request, _| {
        let path = request.line.strip_prefix("GET /resources/stores/kv").unwrap_or_default();
        if path.starts_with('?') {
            return ("200 OK", STORES.to_owned());
        }
        if let Some(key) = path.strip_prefix("/x/keys/") {
            return match values.get(key) {
                // One that has gone since.
                Some(_) if key == "k07" => ("404 Not Found", String::new()),
                Some(value) if key == "k08" => ("200 OK\r\nmetadata: m", value.clone()),
                Some(value) => ("200 OK", value.clone()),
                None => ("404 Not Found", String::new()),
            };
        }
        if path.starts_with("/x/keys?") {
            let (page, next) = match path.split_once("cursor=") {
                None => (&pages[..20], "c1"),
                Some((_, "c1")) => (&pages[20..40], "c2"),
                Some(_) => (&pages[40..], ""),
            };
            let page = serde_json::json!({ "data": page, "meta": { "next_cursor": next } });
            return ("200 OK", page.to_string());
        }
        ("404 Not Found", String::new())
    });
    let mut command = edgekv(&here.path(""));
    let ended = command.args(["kv", "export", "s", "out/", "--quiet", "--api-url", &url]).output().unwrap();
    Ended::of(ended).good();
    for key in &keys {
        let value = fs::read_to_string(here.path("out").join(key));
        match key.as_str() {
            "k07" => assert!(value.is_err()),
            _ => assert_eq!(value.unwrap(), format!("value of {key}")),
        }
    }
    assert_eq!(fs::read_to_string(here.path("out/.edgekv/k08")).unwrap(), r#"{"metadata":"m"}"#);
}
