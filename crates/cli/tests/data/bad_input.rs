//! Imports of what is no batch: every mistake is told with its place, and costs nothing else.

use std::fs;

use serde_json::json;

use crate::place::Data;

const MIXED: &str = "\
{\"key\":\"a\",\"value\":\"YQ==\"}
{\"key\":\"b?\",\"value\":\"\"}
{\"key\":\"c\",\"value\":\"?\"}
{\"key\":\"d\",\"value\":\"\",\"ttl\":7}
not an object
{\"key\":\"e\",\"value\":\"
{\"key\":
  \"f\",
  \"value\":\"Zg==\"} {\"key\":\"g\",\"value\":\"Zw==\"}
{\"key\":\"h\"";

#[test]
fn mistakes_are_told_with_line_and_key_and_the_rest_is_imported() {
    for data in Data::both() {
        let data = data.with_store("s");
        data.file("mixed", MIXED);
        let ended = data.run(&["kv", "import", "s", "mixed"]);
        assert_eq!(ended.status, Some(65), "{ended:?}");
        let lines: Vec<&str> = ended.stderr.lines().collect();
        let expected = [
            ("edgekv: line 2, key \"b?\": ", "'?'"),
            ("edgekv: line 3, key \"c\": ", "base64"),
            ("edgekv: line 4, key \"d\": ", "unknown field \"ttl\""),
            ("edgekv: line 5: ", "expected `{`"),
            ("edgekv: line 6: ", "not complete"),
            ("edgekv: line 10: ", "not complete"),
        ];
        assert_eq!(lines.len(), expected.len(), "{ended:?}");
        for (line, (start, word)) in lines.iter().zip(expected) {
            assert!(line.starts_with(start) && line.contains(word), "{line}");
        }
        let summary = String::from_utf8(ended.stdout).unwrap();
        assert!(summary.starts_with("imported 3 items, 3 bytes of values, 6 errors, in "), "{summary}");
        assert_eq!(data.run(&["kv", "list", "s"]).text(), "a\nf\ng\n");
        assert_eq!(data.run(&["kv", "get", "s", "f"]).text(), "f");

        let ended = data.run(&["kv", "import", "s", "mixed", "--json"]);
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(65), ""));
        let report: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
        assert_eq!((&report["items"], &report["errors"]), (&json!(3), &json!(6)));
        let first = &report["problems"][0];
        assert_eq!((&first["line"], &first["key"]), (&json!(2), &json!("b?")), "{report}");
        assert_eq!(
            fs::read_dir(data.path(""))
                .unwrap()
                .filter(|entry| { entry.as_ref().unwrap().file_name().to_string_lossy().contains("import") })
                .count(),
            0,
            "no checkpoint is left"
        );
    }
}

#[test]
fn too_many_mistakes_stop_an_import_which_goes_on_when_more_are_allowed() {
    for data in Data::both() {
        let data = data.with_store("s");
        data.file("mixed", MIXED);
        let ended = data.run(&["kv", "import", "s", "mixed", "--max-errors", "2"]);
        assert_eq!(ended.status, Some(65), "{ended:?}");
        let last = ended.stderr.lines().last().unwrap();
        assert!(last.contains("more than 2") && last.contains("--max-errors"), "{ended:?}");
        let json =
            data.run(&["kv", "import", "s", "mixed", "--json", "--max-errors", "2", "--resume", "third"]);
        let report: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
        assert_eq!((json.status, &report["complete"]), (Some(65), &json!(false)), "{json:?}");
        assert!(
            report["problems"].as_array().unwrap().len() > 2 && json.stderr.contains("bad_data"),
            "{json:?}"
        );
        let zero = data.run(&["kv", "import", "s", "mixed", "--resume", "other", "--max-errors", "0"]);
        assert_eq!(zero.status, Some(65));
        let ended = data.run(&["kv", "import", "s", "mixed"]);
        assert!(String::from_utf8(ended.stdout).unwrap().contains("6 errors"), "over all runs");
        assert_eq!(data.run(&["kv", "list", "s"]).text(), "a\nf\ng\n");
    }
}

#[test]
fn items_that_the_store_refuses_are_told_as_well() {
    for data in Data::both() {
        let data = data.with_store("s");
        // Just above the limit of a value, and below that of an item.
        let large = "AAAA".repeat((25 * 1024 * 1024) / 3 + 1);
        data.file(
            "f",
            format!("{{\"key\":\"large\",\"value\":\"{large}\"}}\n{{\"key\":\"small\",\"value\":\"\"}}\n"),
        );
        let ended = data.run(&["kv", "import", "s", "f"]);
        assert_eq!(ended.status, Some(65), "{}", ended.stderr);
        assert!(
            ended.stderr.contains("line 1, key \"large\"") && ended.stderr.contains("26214400"),
            "{}",
            ended.stderr
        );
        assert_eq!(data.run(&["kv", "list", "s"]).text(), "small\n");
    }
}

#[test]
fn nothing_and_blanks_are_batches() {
    for data in Data::both() {
        let data = data.with_store("s");
        for input in ["", "\n\n  \r\n", "\u{feff}"] {
            let said = data.run_with(&["kv", "import", "s", "-"], input.as_bytes()).text();
            assert!(said.starts_with("imported 0 items, "), "{said}");
        }
        let said = data.run(&["kv", "export", "s", "empty.ndjson"]).text();
        assert!(said.starts_with("exported 0 items, "), "{said}");
        assert_eq!(fs::read(data.path("empty.ndjson")).unwrap(), b"");
    }
}

#[test]
fn files_that_are_no_items_are_told_with_their_names() {
    for data in Data::both() {
        let data = data.with_store("s");
        fs::create_dir_all(data.path("in/sub")).unwrap();
        data.file("in/good", "g");
        data.file("in/sub/bad;name", "");
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc/hostname", data.path("in/link")).unwrap();
        let ended = data.run(&["kv", "import", "s", "in", "--log", "error"]);
        assert_eq!(ended.status, Some(65), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
        assert!(ended.stderr.contains("sub/bad;name") && ended.stderr.contains("';'"), "{ended:?}");
        assert_eq!(data.run(&["kv", "list", "s"]).text(), "good\n");
    }
}

#[test]
fn an_export_writes_over_nothing_that_is_something_else() {
    for data in Data::both() {
        let data = data.with_store("s");
        data.run(&["kv", "put", "s", "k", "v"]).good();
        fs::create_dir(data.path("mine")).unwrap();
        data.file("mine/precious", "p");
        data.run(&["kv", "export", "s", "mine"]).fails(73, &["not empty", "new folder"]);
        assert_eq!(fs::read_dir(data.path("mine")).unwrap().count(), 1);
    }
}
