//! Items are written, read, deleted and listed one by one.

use std::fs;
use std::process::Stdio;

use serde_json::json;

use crate::place::{Data, Ended};

/// Every byte, more than once, and not text.
fn binary() -> Vec<u8> {
    (0..=255).cycle().take(100_000).collect()
}

#[test]
fn values_come_from_arguments_files_and_standard_input_and_go_back_as_they_are() {
    for data in Data::both() {
        let data = data.with_store("s");
        data.run(&["kv", "put", "s", "argument", "-5 ünd\n"]).good();
        assert_eq!(data.run(&["kv", "get", "s", "argument"]).text(), "-5 ünd\n");
        data.file("value.bin", binary());
        data.run(&["kv", "put", "s", "file", "--file", "value.bin"]).good();
        assert_eq!(data.run(&["kv", "get", "s", "file"]).good(), binary());
        data.run_with(&["kv", "put", "s", "pipe", "-"], &binary()).good();
        assert_eq!(data.run(&["kv", "get", "s", "pipe"]).good(), binary());
        data.run_with(&["kv", "put", "s", "pipe"], b"").good();
        assert_eq!(data.run(&["kv", "get", "s", "pipe"]).good(), b"");
        data.run(&["kv", "get", "s", "file", "-o", "out.bin"]).good();
        assert_eq!(fs::read(data.path("out.bin")).unwrap(), binary());
        data.run(&["kv", "get", "s", "absent", "-o", "none.bin"]).fails(66, &["no key \"absent\""]);
        assert!(!data.path("none.bin").exists());
    }
}

#[test]
fn large_values_stream_both_ways() {
    for data in Data::both() {
        let data = data.with_store("s");
        let large: Vec<u8> = binary().into_iter().cycle().take(5_000_000).collect();
        data.file("large.bin", &large);
        data.run(&["kv", "put", "s", "file", "--file", "large.bin"]).good();
        data.run_with(&["kv", "put", "s", "pipe", "-"], &large).good();
        assert!(data.run(&["kv", "get", "s", "file"]).good() == large);
        assert!(data.run(&["kv", "get", "s", "pipe"]).good() == large);
        let too_large = vec![7; 25 * 1024 * 1024 + 1];
        data.file("large.bin", &too_large);
        data.run(&["kv", "put", "s", "file", "--file", "large.bin"]).fails(68, &["26214400"]);
        data.run_with(&["kv", "put", "s", "pipe", "-"], &too_large).fails(68, &[]);
        // So much that a server goes before it has read it.
        data.run_with(&["kv", "put", "s", "pipe", "-"], &too_large.repeat(2)).fails(68, &["26214400"]);
        assert!(data.run(&["kv", "get", "s", "file"]).good() == large, "as it was");
    }
}

#[test]
fn modes_conditions_metadata_and_lifetimes_are_those_of_the_store() {
    for data in Data::both() {
        let data = data.with_store("s");
        let put = |arguments: &[&str]| data.run(&[&["kv", "put", "s", "k"], arguments].concat());
        let head = || data.run(&["kv", "get", "s", "k", "--head", "--json"]).json();
        let written = put(&["b", "--metadata", "meta ü", "--ttl", "5m", "--mode", "add", "--json"]).json();
        assert_eq!((&written["store"], &written["key"]), (&json!("s"), &json!("k")));
        let about = head();
        assert_eq!(about["generation"], written["generation"]);
        assert_eq!(about["metadata"], "meta ü");
        assert_eq!(about["size"], 1);
        let left = about["time_to_live_sec"].as_u64().unwrap();
        assert!(left > 100 && left <= 300, "{left}");
        put(&["x", "--mode", "add"]).fails(67, &["precondition"]);
        put(&["c", "--mode", "append", "--background-fetch"]).good();
        put(&["a", "--mode", "prepend"]).good();
        let about = head();
        assert_eq!(
            (&about["metadata"], about.get("time_to_live_sec")),
            (&json!(""), None),
            "removed by a write"
        );
        let generation = about["generation"].to_string();
        put(&["x", "--if-generation-match", "1"]).fails(67, &["precondition"]);
        put(&["x", "--if-generation-match", "0"]).fails(67, &["precondition"]);
        assert_eq!(data.run(&["kv", "get", "s", "k"]).text(), "abc");
        put(&["d", "--if-generation-match", &generation]).good();
        assert_eq!(data.run(&["kv", "get", "s", "k"]).text(), "d");
        put(&["e", "--ttl", "0"]).good();
        data.run(&["kv", "get", "s", "k"]).fails(66, &["no key"]);
    }
}

#[test]
fn metadata_of_any_text_are_kept() {
    for data in Data::both() {
        let data = data.with_store("s");
        for metadata in ["plain", " blanks ", "two\nlines", "tab\tü", "\u{1}", "-dash"] {
            data.run(&["kv", "put", "s", "k", "v", &format!("--metadata={metadata}")]).good();
            assert_eq!(data.run(&["kv", "get", "s", "k", "--head", "--json"]).json()["metadata"], metadata);
            let text = data.run(&["kv", "get", "s", "k", "--head"]).text();
            assert_eq!(text.lines().count(), 3, "a line for each: {text:?}");
        }
    }
}

#[test]
fn an_item_in_json_has_all_of_it() {
    for data in Data::both() {
        let data = data.with_store("s");
        data.run_with(&["kv", "put", "s", "a/b c%", "-", "--metadata", "m"], b"\xff\0").good();
        let mut item = data.run(&["kv", "get", "s", "a/b c%", "--json"]).json();
        let generation = item.as_object_mut().unwrap().remove("generation").unwrap();
        assert!(generation.as_u64().unwrap() > 1_600_000_000_000_000);
        let expected = json!({ "store": "s", "key": "a/b c%", "metadata": "m", "size": 2, "value": "/wA=" });
        assert_eq!(item, expected);
        let mut saved = data.run(&["kv", "get", "s", "a/b c%", "-o", "f", "--json"]).json();
        saved.as_object_mut().unwrap().remove("generation").unwrap();
        let expected = json!({ "store": "s", "key": "a/b c%", "metadata": "m", "size": 2, "file": "f" });
        assert_eq!(saved, expected);
    }
}

#[test]
fn items_are_deleted_one_by_one_and_many_at_once() {
    for data in Data::both() {
        let data = data.with_store("s");
        for key in ["a", "b/1", "b/2", "b%2F3", "c"] {
            data.run(&["kv", "put", "s", key, "v"]).good();
        }
        let delete = |arguments: &[&str]| data.run(&[&["kv", "delete", "s"], arguments].concat());
        delete(&["a", "--if-generation-match", "1"]).fails(67, &["precondition"]);
        assert_eq!(delete(&["a"]).text(), "");
        delete(&["a"]).fails(66, &["no key \"a\""]);
        assert_eq!(
            delete(&["a", "--force", "--json"]).json(),
            json!({"store": "s", "key": "a", "deleted": false})
        );
        delete(&["--prefix", "b/"]).fails(2, &["--yes"]);
        delete(&[]).fails(2, &["--help"]);
        delete(&["c", "--all", "--yes"]).fails(2, &["--all"]);
        assert_eq!(delete(&["--prefix", "b/", "--yes"]).text(), "deleted 2 items\n");
        assert_eq!(data.run(&["kv", "list", "s"]).text(), "b%2F3\nc\n");
        assert_eq!(delete(&["--all", "--yes", "--json"]).json(), json!({ "store": "s", "deleted": 2 }));
        assert_eq!(data.run(&["kv", "list", "s"]).text(), "");
    }
}

#[test]
fn keys_are_listed_over_pages_and_no_further_than_was_asked_for() {
    for data in Data::both() {
        let data = data.with_store("s");
        let items: String = (0..2500).map(|i| format!("{{\"key\":\"k/{i:04}\",\"value\":\"\"}}\n")).collect();
        data.run_with(&["kv", "import", "s", "-", "--quiet"], items.as_bytes()).good();
        data.run(&["kv", "put", "s", "other", ""]).good();
        let list = |arguments: &[&str]| data.run(&[&["kv", "list", "s"], arguments].concat());
        assert_eq!(list(&["--all"]).text().lines().count(), 2501);
        assert_eq!(list(&["--prefix", "k/", "--limit", "9999"]).text().lines().count(), 2500);
        let cut = list(&["--limit", "1001"]);
        assert_eq!((cut.status, cut.stdout.iter().filter(|byte| **byte == b'\n').count()), (Some(0), 1001));
        assert!(cut.stderr.contains("more keys") && cut.stderr.contains("--all"), "{cut:?}");
        assert_eq!(
            list(&["--limit", "2", "--json"]).json(),
            json!({ "keys": ["k/0000", "k/0001"], "more": true })
        );
        assert_eq!(list(&["--prefix", "o", "--json"]).json(), json!({ "keys": ["other"], "more": false }));
        assert_eq!(list(&["--prefix", "none", "--json"]).json(), json!({ "keys": [], "more": false }));
        let all = list(&["--all", "--json"]).json();
        assert_eq!((all["keys"].as_array().unwrap().len(), &all["more"]), (2501, &json!(false)));
        list(&["--limit", "0"]).fails(2, &["0"]);
        list(&["--limit", "5", "--all"]).fails(2, &["--all"]);
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure_to_talk_about() {
    let data = Data::engine().with_store("s");
    let items: String =
        (0..20_000).map(|i| format!("{{\"key\":\"a long key {i:040}\",\"value\":\"\"}}\n")).collect();
    data.run_with(&["kv", "import", "s", "-", "--quiet"], items.as_bytes()).good();
    data.run_with(&["kv", "put", "s", "large"], &binary()).good();
    for arguments in [
        &["kv", "list", "s", "--all"][..],
        &["kv", "list", "s", "--all", "--json"],
        &["kv", "get", "s", "large"],
        &["store", "list"],
        &["kv", "export", "s", "-"],
        &["completions", "bash"],
        &["man"],
    ] {
        // Gone before it begins: what is short would fit in the pipe.
        let (reader, stdout) = std::io::pipe().unwrap();
        drop(reader);
        let child = data.command(arguments).stdout(stdout).stderr(Stdio::piped()).spawn().unwrap();
        let ended = Ended::of(child.wait_with_output().unwrap());
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(141), ""), "{arguments:?}");
    }
}

/// Files of the system have more or fewer bytes than they are said to have.
#[cfg(target_os = "linux")]
#[test]
fn a_file_is_what_is_in_it_and_not_what_its_length_says() {
    for data in Data::both() {
        let data = data.with_store("s");
        for path in ["/proc/version", "/sys/kernel/mm/transparent_hugepage/enabled"] {
            let Ok(content) = fs::read(path) else { continue };
            assert_ne!(content.len() as u64, fs::metadata(path).unwrap().len(), "{path}");
            data.run(&["kv", "put", "s", "k", "--file", path]).good();
            assert_eq!(data.run(&["kv", "get", "s", "k"]).good(), content, "{path}");
        }
    }
}

#[test]
fn a_value_that_is_still_being_written_keeps_nobody_from_the_database() {
    use std::io::Write as _;

    let data = Data::engine().with_store("s");
    let mut put = data.command(&["kv", "put", "s", "k", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut value = put.stdin.take().unwrap();
    // More than a pipe holds: when it is written, the command is reading.
    value.write_all(&binary()).unwrap();
    value.write_all(&binary()).unwrap();
    assert_eq!(data.run(&["kv", "list", "s"]).text(), "");
    drop(value);
    assert!(put.wait().unwrap().success());
    assert_eq!(data.run(&["kv", "get", "s", "k"]).good(), [binary(), binary()].concat());
}

#[cfg(unix)]
#[test]
fn a_file_that_is_written_over_stays_whose_it_was() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let data = Data::engine().with_store("s");
    data.run(&["kv", "put", "s", "k", "new"]).good();
    data.file("secret", "old");
    fs::set_permissions(data.path("secret"), fs::Permissions::from_mode(0o600)).unwrap();
    symlink("secret", data.path("link")).unwrap();
    data.run(&["kv", "get", "s", "k", "-o", "link"]).good();
    assert!(data.path("link").is_symlink());
    symlink("later", data.path("dangling")).unwrap();
    data.run(&["kv", "get", "s", "k", "-o", "dangling"]).good();
    assert_eq!(
        (data.path("dangling").is_symlink(), fs::read(data.path("later")).unwrap()),
        (true, b"new".into())
    );
    assert_eq!(fs::read(data.path("secret")).unwrap(), b"new");
    assert_eq!(fs::metadata(data.path("secret")).unwrap().permissions().mode() & 0o777, 0o600);
}
