//! Transfers that are stopped, politely or not, and go on.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use edgekv_store::batch::{self, Item, write_item};
use edgekv_store::{Insert, Key, Metadata};

use crate::place::{Data, Ended};
use crate::process::in_time;

const TTL: Duration = Duration::from_secs(1_000_000);
/// More than is imported before an interrupt arrives.
const ITEMS: usize = 40_000;

fn key(number: usize) -> String {
    format!("k/{number:06}")
}

/// Each item has a value of its own, which is no text; some have metadata, some of these binary, and some a lifetime.
fn item(number: usize) -> Item {
    let mut value = number.to_be_bytes().to_vec();
    value.resize(60, 0xff);
    let metadata = match number % 3 {
        0 => Vec::new(),
        1 => format!("number {number}").into_bytes(),
        _ => [b"\xff\0".as_slice(), &number.to_be_bytes()].concat(),
    };
    let metadata = Metadata::copy_from(&metadata).unwrap();
    let time_to_live = number.is_multiple_of(5).then_some(TTL);
    let insert = Insert { metadata, time_to_live, ..Insert::new(value) };
    Item { key: Key::new(&key(number)).unwrap().to_buf(), insert }
}

fn input() -> Vec<u8> {
    let mut text = Vec::new();
    for Item { key, insert } in (0..ITEMS).map(item) {
        write_item(&mut text, key.as_key(), &insert);
    }
    text
}

/// Whether these lines are all of the items, each once and whole. Some of a lifetime may have passed.
#[track_caller]
fn is_all(text: &[u8]) {
    let mut lines = text.split_inclusive(|byte| *byte == b'\n');
    for number in 0..ITEMS {
        let mut found = batch::parse(lines.next().unwrap().trim_ascii_end()).unwrap();
        let expected = item(number);
        assert_eq!(found.insert.time_to_live.is_some(), expected.insert.time_to_live.is_some(), "{number}");
        if let Some(left) = &mut found.insert.time_to_live {
            assert!(*left > TTL - Duration::from_secs(10_000) && *left <= TTL, "{number}: {left:?}");
            *left = TTL;
        }
        assert_eq!((found.key, found.insert), (expected.key, expected.insert), "{number}");
    }
    assert_eq!(lines.next(), None, "and nothing else");
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

fn start(data: &Data, arguments: &[&str]) -> Child {
    data.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The checkpoint in the folder, if there is one.
fn checkpoint(data: &Data) -> Option<PathBuf> {
    let entries = fs::read_dir(data.path("")).unwrap().map(|entry| entry.unwrap().path());
    entries.into_iter().find(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.contains(".edgekv-import-") || name.contains(".edgekv-export-")
    })
}

fn stop(data: &Data, arguments: &[&str], how: &str, is_far_enough: impl Fn() -> bool) -> Ended {
    let mut child = start(data, arguments);
    in_time("it has come some way", || {
        assert!(child.try_wait().unwrap().is_none(), "it has ended before it could be stopped");
        is_far_enough()
    });
    signal(&child, how);
    Ended::of(child.wait_with_output().unwrap())
}

#[test]
fn an_import_that_is_interrupted_or_killed_goes_on_where_it_was() {
    for how in ["INT", "TERM", "KILL"] {
        for data in Data::both() {
            if how == "TERM" && data.url().is_some() {
                continue;
            }
            let data = data.with_store("s");
            data.file("in.ndjson", input());
            let ended = stop(&data, &["kv", "import", "s", "in.ndjson"], how, || checkpoint(&data).is_some());
            let place = checkpoint(&data).unwrap();
            if how == "KILL" {
                assert_eq!(ended.status, None);
            } else {
                ended.fails(
                    130,
                    &["interrupted", " imported; ", place.file_name().unwrap().to_str().unwrap()],
                );
            }
            let generation = || {
                let about = data.run(&["kv", "get", "s", &key(0), "--head", "--json"]).json();
                about["generation"].as_u64().unwrap()
            };
            let first = generation();
            let summary = data.run(&["kv", "import", "s", "in.ndjson", "--json"]).json();
            let before = summary["items_before"].as_u64().unwrap();
            assert!(before > 0 && before < ITEMS as u64, "{summary}");
            assert_eq!(summary["items"], ITEMS as u64, "{summary}");
            assert_eq!(generation(), first, "what was done is not done again");
            is_all(&data.run(&["kv", "export", "s", "-", "--quiet"]).good());
            assert_eq!(checkpoint(&data), None);
        }
    }
}

#[test]
fn an_import_of_a_folder_goes_on_where_it_was() {
    let data = Data::server().with_store("s");
    let folders = 20;
    let files = 400;
    for folder in 0..folders {
        fs::create_dir_all(data.path(&format!("in/{folder:02}"))).unwrap();
        for file in 0..files {
            data.file(&format!("in/{folder:02}/{file:04}"), "v");
        }
    }
    let ended = stop(&data, &["kv", "import", "s", "in"], "INT", || checkpoint(&data).is_some());
    ended.fails(130, &["interrupted"]);
    let summary = data.run(&["kv", "import", "s", "in", "--json"]).json();
    assert!(summary["items_before"].as_u64().unwrap() > 0, "{summary}");
    assert_eq!(summary["items"], folders * files);
    assert_eq!(data.run(&["kv", "list", "s", "--all"]).text().lines().count(), folders * files);
}

#[test]
fn another_input_or_target_does_not_go_on_from_a_checkpoint() {
    let data = Data::engine().with_store("s").with_store("t");
    data.file("in.ndjson", input());
    stop(&data, &["kv", "import", "s", "in.ndjson"], "INT", || checkpoint(&data).is_some());
    let place = checkpoint(&data).unwrap();
    data.file("in.ndjson", "{\"key\":\"other\",\"value\":\"\"}\n");
    let name = place.file_name().unwrap().to_str().unwrap();
    data.run(&["kv", "import", "t", "in.ndjson", "--resume", name])
        .fails(65, &["another transfer", name, "remove it"]);
    // Another store has a place of its own.
    data.run(&["kv", "import", "t", "in.ndjson", "--quiet"]).good();
    assert_eq!(data.run(&["kv", "list", "t"]).text(), "other\n");
    let summary = data.run(&["kv", "import", "s", "in.ndjson", "--json"]).json();
    assert_eq!((&summary["items"], &summary["items_before"]), (&1.into(), &0.into()), "{summary}");
    assert!(summary["begins_anew"].as_str().unwrap().contains("the input has changed"), "{summary}");
    assert!(data.run(&["kv", "list", "s", "--all"]).text().ends_with("\nother\n"));
    assert_eq!(checkpoint(&data), None);
}

#[test]
fn standard_input_goes_on_when_a_place_is_named() {
    let data = Data::engine().with_store("s");
    let text = "{\"key\":\"a\",\"value\":\"\"}\nx\nx\n{\"key\":\"b\",\"value\":\"\"}\n";
    let arguments = ["kv", "import", "s", "-", "--resume", "place", "--max-errors", "1", "--json"];
    assert_eq!(data.run_with(&arguments, text.as_bytes()).status, Some(65));
    assert!(data.path("place").exists());
    let other = data.run_with(&arguments, text.replace('a', "z").as_bytes());
    assert_eq!(other.status, Some(65));
    assert!(other.stderr.contains("another than that of the checkpoint"), "{other:?}");
    let arguments = ["kv", "import", "s", "-", "--resume", "place", "--max-errors", "9", "--json"];
    let ended = data.run_with(&arguments, text.as_bytes());
    let summary: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!((&summary["items"], &summary["errors"]), (&2.into(), &2.into()), "{summary}");
    assert!(!data.path("place").exists());
}

#[test]
fn who_waits_for_a_pipe_can_be_interrupted() {
    let data = Data::engine();
    assert!(Command::new("mkfifo").arg(data.path("pipe")).status().unwrap().success());
    let database = data.path(".edgekv/data.redb");
    let ended = stop(&data, &["kv", "import", "s", "pipe", "--create"], "INT", || database.exists());
    ended.fails(130, &["interrupted", "0 items imported", "begin anew"]);
}

#[test]
fn an_export_that_is_interrupted_or_killed_goes_on_where_it_was() {
    for data in Data::both() {
        let data = data.with_store("s");
        data.file("in.ndjson", input());
        data.run(&["kv", "import", "s", "in.ndjson", "--quiet"]).good();
        for how in ["INT", "KILL"] {
            let partial = data.path("out.ndjson.partial");
            let ended = stop(&data, &["kv", "export", "s", "out.ndjson"], how, || {
                partial.metadata().is_ok_and(|metadata| metadata.len() > 1_000_000)
            });
            if how == "INT" {
                ended.fails(130, &["interrupted", " exported; ", ".edgekv-export-"]);
            }
            assert!(!data.path("out.ndjson").exists(), "half an export does not look like one");
            let summary = data.run(&["kv", "export", "s", "out.ndjson", "--json"]).json();
            let before = summary["items_before"].as_u64().unwrap();
            assert!(before > 1_000 && before < ITEMS as u64, "{how}: {summary}");
            assert_eq!(summary["items"], ITEMS as u64, "{how}: {summary}");
            is_all(&fs::read(data.path("out.ndjson")).unwrap());
            assert_eq!((checkpoint(&data), partial.exists()), (None, false));
            fs::remove_file(data.path("out.ndjson")).unwrap();
        }
        let folder = data.path("out");
        stop(&data, &["kv", "export", "s", "out/"], "KILL", || {
            fs::read_dir(folder.join("k")).is_ok_and(|files| files.count() > 1_000)
        });
        let summary = data.run(&["kv", "export", "s", "out/", "--json"]).json();
        assert_eq!(summary["items"], ITEMS as u64, "{summary}");
        let files = fs::read_dir(folder.join("k"))
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap());
        let names: BTreeSet<String> = files.map(|name| format!("k/{name}")).collect();
        assert!(names.into_iter().eq((0..ITEMS).map(key)));
    }
}
