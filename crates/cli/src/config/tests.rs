//! Every form that a manifest may have, and every mistake.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

const MAX_VALUE_BYTES: u64 = 64;

/// A project: a manifest, and files beside it.
struct Project(TempDir);

impl Project {
    fn new(manifest: impl AsRef<[u8]>) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        project.file("fastly.toml", manifest);
        project
    }

    /// A project whose store `s` has its items in a JSON file.
    fn json(json: impl AsRef<[u8]>) -> Self {
        let project = Self::new("[local_server.kv_stores]\ns = { file = \"items.json\", format = \"json\" }");
        project.file("items.json", json);
        project
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.0.path().join(name), content).unwrap();
    }

    fn load(&self) -> Result<Config, Problems> {
        Config::load(&self.0.path().join("fastly.toml"), MAX_VALUE_BYTES)
    }

    /// What is wrong, a line for each problem, without the directory of the project.
    fn problems(&self) -> Vec<String> {
        let text = self.load().expect_err("the manifest must be rejected").to_string();
        let directory = format!("{}{}", self.0.path().display(), std::path::MAIN_SEPARATOR);
        text.lines().map(|line| line.replace(&directory, "")).collect()
    }

    fn items(&self, store: &str) -> Vec<(String, Vec<u8>, String)> {
        let config = self.load().unwrap();
        let store = config.stores.iter().find(|config| config.name.as_str() == store).unwrap();
        let mut items = Vec::new();
        store
            .items
            .for_each(|item| {
                let metadata = String::from_utf8(item.metadata.as_bytes().to_vec())?;
                items.push((item.key.as_str().to_owned(), item.value()?.to_vec(), metadata));
                Ok(())
            })
            .unwrap();
        items
    }
}

fn item(key: &str, value: impl AsRef<[u8]>, metadata: &str) -> (String, Vec<u8>, String) {
    (key.to_owned(), value.as_ref().to_vec(), metadata.to_owned())
}

#[test]
fn every_form_of_a_store_is_understood() {
    let project = Project::new(
        r#"
        [local_server.kv_stores]
        empty = []
        a = [{ key = "k", data = "v", metadata = "m" }, { key = "f", file = "./f.bin" }]
        c = { file = "./store.json", format = "json" }

        [[local_server.kv_stores.b]]
        key = "k"
        path = "f.bin"

        [[local_server.kv_stores.b]]
        key = "both"
        path = "nowhere"
        file = "f.bin"
        "#,
    );
    project.file("f.bin", b"\xff\x00raw");
    project.file(
        "store.json",
        r#"{ "x": "plain", "y": { "data": "é", "metadata": "m" }, "z": { "file": "f.bin" } }"#,
    );
    assert_eq!(project.items("empty"), []);
    assert_eq!(project.items("a"), [item("k", "v", "m"), item("f", b"\xff\x00raw", "")]);
    assert_eq!(project.items("b"), [item("k", b"\xff\x00raw", ""), item("both", b"\xff\x00raw", "")]);
    assert_eq!(
        project.items("c"),
        [item("x", "plain", ""), item("y", "é", "m"), item("z", b"\xff\x00raw", "")]
    );
}

#[test]
fn older_names_of_the_table_mean_the_same_and_may_stand_together() {
    let project = Project::new(
        r#"
        [local_server]
        object_store.a = [{ key = "k", data = "1" }]
        object_stores.b = [{ key = "k", data = "2" }]
        kv_stores.c = [{ key = "k", data = "3" }]
        "#,
    );
    for (store, value) in [("a", "1"), ("b", "2"), ("c", "3")] {
        assert_eq!(project.items(store), [item("k", value, "")]);
    }
}

#[test]
fn a_manifest_without_stores_has_none() {
    for manifest in
        ["", "name = \"app\"", "[local_server]", "[local_server.kv_stores]", "[local_server.backends.x]"]
    {
        assert!(Project::new(manifest).load().unwrap().stores.is_empty(), "{manifest}");
    }
}

#[test]
fn an_empty_json_object_is_an_empty_store() {
    assert_eq!(Project::json("{}").items("s"), []);
}

#[test]
fn of_entries_with_one_key_the_last_counts() {
    let project = Project::new(
        r#"local_server.kv_stores.s = [
            { key = "a", data = "1", metadata = "m" }, { key = "b", data = "2" }, { key = "a", data = "3" },
        ]"#,
    );
    assert_eq!(project.items("s"), [item("a", "3", ""), item("b", "2", "")]);
    let project = Project::json(r#"{ "a": { "data": "1", "metadata": "m" }, "b": "2", "a": "3" }"#);
    assert_eq!(project.items("s"), [item("b", "2", ""), item("a", "3", "")]);
}

#[test]
fn limits_are_inclusive() {
    let metadata = "m".repeat(2000);
    let value = "v".repeat(64);
    let project = Project::new(format!(
        r#"local_server.kv_stores.s = [{{ key = "k", data = "{value}", metadata = "{metadata}" }}, {{ key = "f", file = "f" }}]"#
    ));
    project.file("f", &value);
    assert_eq!(project.items("s"), [item("k", &value, &metadata), item("f", &value, "")]);
}

/// The mistakes in an array of entries, one by one: what the entry is, and how the message ends.
#[test]
fn mistakes_in_entries_row_by_row() {
    let long = format!(r#"{{ key = "k", data = "{}" }}"#, "v".repeat(65));
    let metadata = format!(r#"{{ key = "k", data = "v", metadata = "{}" }}"#, "m".repeat(2001));
    let key = "k".repeat(1025);
    let too_long_key = format!(r#"{{ key = "{key}", data = "v" }}"#);
    let quoted_key = format!("entry 1 (\"{}\"…): ", "k".repeat(60));
    let rows = [
        (r#"{ data = "v" }"#, "entry 1: `key` is missing; every entry needs one"),
        (r#"{ key = 1, data = "v" }"#, "entry 1: `key` is an integer; it has to be a string"),
        (r#"{ key = "k" }"#, r#"entry 1 ("k"): neither `data` nor `file` is given; give one of them"#),
        (
            r#"{ key = "k", data = "v", file = "f" }"#,
            r#"entry 1 ("k"): both `data` and `file` are given; remove one of them"#,
        ),
        (
            r#"{ key = "k", data = "v", path = "f" }"#,
            r#"entry 1 ("k"): both `data` and `file` are given; remove one of them"#,
        ),
        (r#"{ key = "k", data = true }"#, r#"entry 1 ("k"): `data` is a boolean; it has to be a string"#),
        (r#"{ key = "k", file = 1.5 }"#, r#"entry 1 ("k"): `file` is a float; it has to be a string"#),
        (r#"{ key = "k", path = [] }"#, r#"entry 1 ("k"): `file` is an array; it has to be a string"#),
        (
            r#"{ key = "k", data = "v", metadata = 1979-05-27 }"#,
            r#"entry 1 ("k"): `metadata` is a date or time; it has to be a string"#,
        ),
        (
            r#""k""#,
            r#"entry 1: the entry is a string; it has to be a table such as { key = "k", data = "v" }"#,
        ),
        (
            r#"{ key = "", data = "v" }"#,
            r#"entry 1 (""): key is empty; it needs at least 1 byte; choose another key"#,
        ),
        (
            r#"{ key = "a?b", data = "v" }"#,
            r#"entry 1 ("a?b"): key contains '?' at byte 1; CR, LF, '#', ';', '?', '^' and '|' are not allowed; choose another key"#,
        ),
        (&metadata, r#"entry 1 ("k"): metadata is 2001 bytes; the limit is 2000; shorten it"#),
        (&long, r#"entry 1 ("k"): the value is 65 bytes; the limit is 64: shorten it"#),
        (
            r#"{ key = "k", file = "long" }"#,
            r#"entry 1 ("k"): the value is 65 bytes; the limit is 64: shorten it"#,
        ),
    ];
    for (entry, message) in rows {
        let project = Project::new(format!("local_server.kv_stores.s = [{entry}]"));
        project.file("long", "v".repeat(65));
        assert_eq!(project.problems(), [format!("fastly.toml: store \"s\", {message}")], "{entry}");
    }
    let problems = Project::new(format!("local_server.kv_stores.s = [{too_long_key}]")).problems();
    assert!(problems[0].contains(&quoted_key), "a long key is shortened: {problems:?}");
    assert!(
        problems[0].ends_with("key is 1025 bytes; the limit is 1024; choose another key"),
        "{problems:?}"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    for (file, reason) in [("nowhere", "No such file"), ("", "is a directory")] {
        let project =
            Project::new(format!("local_server.kv_stores.s = [{{ key = \"k\", file = \"{file}\" }}]"));
        let problems = project.problems();
        let start = format!("fastly.toml: store \"s\", entry 1 (\"k\"): file \"{file}\" cannot be read: ");
        assert!(problems[0].starts_with(&start) && problems[0].contains(reason), "{problems:?}");
        assert!(problems[0].ends_with("relative paths start at the manifest's directory"), "{problems:?}");
    }
}

#[test]
fn mistakes_in_stores_row_by_row() {
    let rows = [
        (
            "s = 1",
            "the store is an integer; it has to be an array of entries, or a table with `file` and `format` = \"json\"",
        ),
        (
            "s = { key = \"k\", data = \"v\" }",
            "the store is a table; it has to be an array of entries, or a table with `file` and `format` = \"json\"",
        ),
        (
            "s = { file = \"f\" }",
            "`file` is given without `format`; a table of a store needs both, `file` and `format`",
        ),
        (
            "s = { format = \"json\" }",
            "`format` is given without `file`; a table of a store needs both, `file` and `format`",
        ),
        ("s = { file = \"f\", format = \"csv\" }", "`format` is \"csv\"; the only format is \"json\""),
        ("s = { file = \"f\", format = 1 }", "`format` is an integer; the only format is \"json\""),
        ("s = { file = 1, format = \"json\" }", "`file` is an integer; it has to be a string"),
    ];
    for (store, message) in rows {
        let project = Project::new(format!("[local_server.kv_stores]\n{store}"));
        project.file("f", "{}");
        assert_eq!(project.problems(), [format!("fastly.toml: store \"s\": {message}")], "{store}");
    }
    let problems =
        Project::new("local_server.kv_stores.s = { file = \"no.json\", format = \"json\" }").problems();
    assert!(
        problems[0].starts_with("fastly.toml: store \"s\": file \"no.json\" cannot be read: No such"),
        "{problems:?}"
    );
}

#[test]
fn mistakes_in_json_row_by_row() {
    let rows = [
        (
            "[]",
            "the file is not a JSON object of keys and items: invalid type: sequence, expected an object of keys and items at line 1 column 1",
        ),
        (
            "{ \"k\": ",
            "the file is not a JSON object of keys and items: EOF while parsing a value at line 1 column 7",
        ),
        ("{} x", "the file is not a JSON object of keys and items: trailing characters at line 1 column 4"),
        ("", "the file is not a JSON object of keys and items: EOF while parsing a value at line 1 column 0"),
    ];
    for (json, message) in rows {
        assert_eq!(
            Project::json(json).problems(),
            [format!("fastly.toml: store \"s\", file \"items.json\": {message}")],
            "{json}"
        );
    }
    let rows = [
        ("1", "the item is a number; it has to be a string, or an object with `data` or `file`"),
        ("null", "the item is null; it has to be a string, or an object with `data` or `file`"),
        ("{ \"data\": 1 }", "`data` is a number; it has to be a string"),
        ("{ \"file\": [] }", "`file` is an array; it has to be a string"),
        ("{ \"data\": \"v\", \"metadata\": {} }", "`metadata` is an object; it has to be a string"),
        ("{ \"data\": \"v\", \"file\": \"f\" }", "both `data` and `file` are given; remove one of them"),
        ("{}", "neither `data` nor `file` is given; give one of them"),
    ];
    for (item, message) in rows {
        assert_eq!(
            Project::json(format!("{{ \"first\": \"v\", \"k\": {item} }}")).problems(),
            [format!("fastly.toml: store \"s\", file \"items.json\", entry 2 (\"k\"): {message}")],
            "{item}"
        );
    }
    let problems = Project::json("{ \"a\\nb\": \"v\" }").problems();
    assert!(problems[0].contains("entry 1 (\"a\\nb\"): key contains '\\n' at byte 1"), "{problems:?}");
    let not_utf8 = Project::json(b"{ \"k\": \"\xff\" }").problems();
    assert!(
        not_utf8[0].contains("the file is not a JSON object of keys and items: invalid unicode"),
        "{not_utf8:?}"
    );
}

#[test]
fn mistakes_around_stores() {
    let rows = [
        ("local_server = 1", "fastly.toml: `local_server` is an integer; it has to be a table"),
        ("local_server.kv_stores = []", "fastly.toml: `kv_stores` is an array; it has to be a table"),
        (
            "[local_server]\nkv_stores.s = []\nobject_store.s = []",
            "fastly.toml: store \"s\": the store is in [local_server.kv_stores] and in [local_server.object_store]; remove one of the two",
        ),
        (
            "local_server.kv_stores.\"\" = []",
            "fastly.toml: store \"\": store name is empty; it needs at least 1 character; choose another name",
        ),
        (
            "local_server.kv_stores.\".edgekv.seed\" = []",
            "fastly.toml: store \".edgekv.seed\": store names that begin with \".edgekv.\" are reserved; choose another name",
        ),
    ];
    for (manifest, message) in rows {
        assert_eq!(Project::new(manifest).problems(), [message], "{manifest}");
    }
}

#[test]
fn a_syntax_error_has_line_and_column() {
    let problems = Project::new("# é\n[local_server.kv_stores]\na = [ é ]\n").problems();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with("fastly.toml: line 3, column 7: "), "{problems:?}");
    assert!(problems[0].ends_with("; correct the TOML there"), "{problems:?}");
}

#[test]
fn a_manifest_that_cannot_be_read_says_so() {
    let missing =
        Config::load(&PathBuf::from("/nowhere/fastly.toml"), MAX_VALUE_BYTES).unwrap_err().to_string();
    assert!(missing.starts_with("/nowhere/fastly.toml: cannot be read: No such file"), "{missing}");
    let not_text = Project::new(b"\xff").problems();
    assert!(
        not_text[0].starts_with("fastly.toml: cannot be read: stream did not contain valid UTF-8"),
        "{not_text:?}"
    );
}

#[test]
fn all_problems_are_reported_and_many_are_counted() {
    let project = Project::new(
        "[local_server.kv_stores]\na = [{ key = 1, metadata = 2 }, { key = \"k\" }]\n\"b\\n\" = 3\nc = { file = \"f\" }",
    );
    assert_eq!(project.problems().len(), 7, "{:?}", project.problems());
    let entries = "{},".repeat(30);
    let problems = Project::new(format!("local_server.kv_stores.s = [{entries}]")).problems();
    assert_eq!(problems.len(), 21);
    assert_eq!(problems[20], "and 40 more problems like these");
}

#[test]
fn a_json_file_that_changes_after_the_check_is_an_error_and_no_panic() {
    let project = Project::json(r#"{ "a": "1" }"#);
    let config = project.load().unwrap();
    project.file("items.json", r#"{ "a": "1", "b": 2 }"#);
    let mut seen = Vec::new();
    let error = config.stores[0].items.for_each(|item| {
        seen.push(item.key.as_str().to_owned());
        Ok(())
    });
    assert_eq!(seen, ["a"]);
    let error = format!("{:#}", error.unwrap_err());
    assert!(
        error.contains("entry \"b\" has changed since the file was checked: the item is a number"),
        "{error}"
    );
}
