//! Servers that have too much to do.

use std::fs;
use std::sync::{Arc, Mutex};

use crate::fake::{Answer, serve};
use crate::place::{Data, Ended, edgekv};

const INPUT: &str = "\
{\"key\":\"a\",\"value\":\"MQ==\"}
{\"key\":\"b\",\"value\":\"\"}
{\"key\":\"a\",\"value\":\"Mg==\"}
";

/// "Come back at once."
fn busy() -> Answer {
    Answer { headers: vec![("retry-after", "0".into())], ..Answer::status(503) }
}

/// The same, of the second item.
fn second_is_too_much() -> Answer {
    let body = r#"{"errors":[{"key":"b","index":1,"code":"too_many_requests","reason":"later"}]}"#;
    Answer { status: 400, headers: busy().headers, ..Answer::ok(body) }
}

/// An import into a server whose answers to batches are these, one after the other; the last one again and again. Also what
/// the server got.
fn import(here: &Data, answers: Vec<fn() -> Answer>) -> (Ended, Vec<String>) {
    let batches = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&batches);
    let url = serve(move |request| {
        if request.method == "GET" {
            return Answer::ok(r#"{"data":[{"id":"x","name":"s"}],"meta":{}}"#);
        }
        assert_eq!((request.method.as_str(), request.path.as_str()), ("PUT", "/resources/stores/kv/x/batch"));
        let mut batches = seen.lock().unwrap();
        batches.push(String::from_utf8(request.body.clone()).unwrap());
        answers[(batches.len() - 1).min(answers.len() - 1)]()
    });
    here.file("in", INPUT);
    let mut command = edgekv(&here.path(""));
    let ended = command.args(["kv", "import", "s", "in", "--api-url", &url]).output().unwrap();
    let batches = batches.lock().unwrap().clone();
    (Ended::of(ended), batches)
}

#[test]
fn items_that_a_server_puts_off_are_sent_again_in_their_order() {
    let here = Data::engine();
    let fine = || Answer::ok("{}");
    let (ended, batches) = import(&here, vec![busy, second_is_too_much, busy, fine]);
    assert!(ended.text().starts_with("imported 3 items, "));
    let rest = INPUT.split_once('\n').unwrap().1;
    assert_eq!(batches, [INPUT, INPUT, rest, rest], "the last item of a key stays the last");
}

#[test]
fn a_server_that_has_too_much_to_do_for_long_loses_no_item() {
    let here = Data::engine();
    let (ended, batches) = import(&here, vec![second_is_too_much, busy]);
    ended.fails(75, &["503", "1 item imported", "goes on from there"]);
    assert!(batches.len() > 2, "it is asked again: {batches:?}");
    let checkpoint = fs::read_dir(here.path("")).unwrap().map(|entry| entry.unwrap().path());
    let checkpoint =
        checkpoint.into_iter().find(|path| path.to_string_lossy().contains(".edgekv-import-")).unwrap();
    let noted: serde_json::Value = serde_json::from_slice(&fs::read(checkpoint).unwrap()).unwrap();
    let end = INPUT.split_once('\n').unwrap().0.len();
    assert_eq!(noted["place"]["position"]["offset"]["bytes"], end, "behind the first item: {noted}");

    for status in [408, 504] {
        let url = serve(move |_| Answer::status(status));
        let listed = edgekv(&here.path("")).args(["store", "list", "--api-url", &url]).output().unwrap();
        Ended::of(listed).fails(75, &[&status.to_string()]);
    }
}
