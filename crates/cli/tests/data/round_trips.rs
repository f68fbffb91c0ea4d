//! What is exported and imported elsewhere is the same.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use edgekv_store::batch::{self, Item, write_item};
use edgekv_store::{Insert, Key, Metadata};

use crate::place::Data;

/// A store in which everything is that may be.
fn items() -> Vec<Item> {
    let long = "long/é".repeat(146);
    let keys = [
        "a",
        "a!",
        "a/b",
        "a/b/c",
        "a//",
        "/",
        "//x",
        "x/",
        "b c",
        "100%",
        "a%2Fb",
        "+plus",
        "..a",
        "../up",
        "a/../b",
        ".hidden",
        ".edgekv/own",
        "con",
        "Upper",
        "upper",
        "键/é😀",
        "tab\there",
        "\u{1}",
        "q\"uote\\",
        "*:<>",
        &long,
    ];
    let mut items: Vec<Item> = keys
        .iter()
        .enumerate()
        .map(|(number, key)| {
            let value: Vec<u8> = (0..=255).cycle().take(number * 37).collect();
            let metadata: &[u8] = match number % 4 {
                0 => b"",
                1 => "text ü".as_bytes(),
                2 => b"\r\n\0",
                _ => b"\xff\xfe",
            };
            let time_to_live = (number % 3 == 0).then(|| Duration::from_secs(1_000_000));
            let metadata = Metadata::copy_from(metadata).unwrap();
            let insert = Insert { metadata, time_to_live, ..Insert::new(value) };
            Item { key: Key::new(key).unwrap().to_buf(), insert }
        })
        .collect();
    let large = Insert::new(vec![0xa5; 3_000_000]);
    items.push(Item { key: Key::new("large").unwrap().to_buf(), insert: large });
    items
}

/// Everything in a batch, by key. Some of a lifetime may have passed.
fn read(text: &[u8]) -> BTreeMap<String, Insert> {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let items = lines.map(|line| batch::parse(line).unwrap());
    items
        .map(|Item { key, mut insert }| {
            if let Some(ttl) = &mut insert.time_to_live {
                assert!(
                    *ttl > Duration::from_secs(990_000) && *ttl <= Duration::from_secs(1_000_000),
                    "{ttl:?}"
                );
                *ttl = Duration::from_secs(1_000_000);
            }
            (key.to_string(), insert)
        })
        .collect()
}

fn filled(data: Data) -> Data {
    let data = data.with_store("from");
    let mut text = Vec::new();
    items().iter().for_each(|item| write_item(&mut text, item.key.as_key(), &item.insert));
    data.run_with(&["kv", "import", "from", "-", "--quiet"], &text).good();
    data
}

#[test]
fn a_store_survives_every_way_from_one_place_and_engine_to_another() {
    let sources = Data::all().map(filled);
    let targets = Data::all();
    let expected: BTreeMap<String, Insert> =
        items().into_iter().map(|item| (item.key.to_string(), item.insert)).collect();
    for (from, source) in sources.iter().enumerate() {
        for (form, path) in [("file", "out.ndjson"), ("folder", "out/")] {
            let path = source.path(path);
            let path = path.to_str().unwrap();
            let said = source.run(&["kv", "export", "from", path]).text();
            assert!(said.starts_with(&format!("exported {} items, ", expected.len())), "{said}");
            for (to, target) in targets.iter().enumerate() {
                let name = format!("{form}-{from}-{to}");
                let said = target.run(&["kv", "import", &name, path, "--create"]).text();
                assert!(said.starts_with(&format!("imported {} items, ", expected.len())), "{said}");
                let ended = target.run(&["kv", "export", &name, "-", "--quiet"]).good();
                assert!(read(&ended) == expected, "{name} is another");
                let keys: Vec<&String> = expected.keys().collect();
                let listed = target.run(&["kv", "list", &name, "--json"]).json();
                assert_eq!(
                    listed["keys"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|key| key.as_str().unwrap())
                        .collect::<Vec<_>>(),
                    keys
                );
            }
        }
        // Nothing is left beside what was asked for (and the database), and a folder of items has no way out.
        let mut names: Vec<_> =
            fs::read_dir(source.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.retain(|name| name != ".edgekv");
        names.sort();
        assert_eq!(names, ["out", "out.ndjson"]);
    }
}

#[test]
fn a_prefix_takes_part_of_a_store() {
    for data in Data::both() {
        let data = filled(data);
        let part = data.run(&["kv", "export", "from", "-", "--prefix", "a/", "--quiet"]).good();
        assert_eq!(read(&part).keys().collect::<Vec<_>>(), ["a/../b", "a//", "a/b", "a/b/c"]);
    }
}

#[test]
fn an_export_takes_the_place_of_an_older_one() {
    for data in Data::both() {
        let data = data.with_store("s");
        data.run(&["kv", "put", "s", "k", "1"]).good();
        data.run(&["kv", "export", "s", "f", "--quiet"]).good();
        data.run(&["kv", "delete", "s", "k"]).good();
        data.run(&["kv", "export", "s", "f", "--quiet"]).good();
        assert_eq!(fs::read(data.path("f")).unwrap(), b"");
    }
}

#[test]
fn the_last_of_several_items_with_one_key_counts() {
    for data in Data::both() {
        let data = data.with_store("s");
        let text: String =
            (0..3000).map(|i| format!("{{\"key\":\"k{}\",\"value\":\"{i:04}\"}}\n", i % 7)).collect();
        data.run_with(&["kv", "import", "s", "-", "--quiet"], text.as_bytes()).good();
        let text = data.run(&["kv", "export", "s", "-", "--quiet"]).text();
        let values: Vec<&str> = text.lines().map(|line| &line[21..25]).collect();
        let last = |rest: usize| (0..3000).rev().find(|i| i % 7 == rest).unwrap();
        assert_eq!(values, (0..7).map(|rest| format!("{:04}", last(rest))).collect::<Vec<_>>());
    }
}

#[test]
fn nothing_but_answers_is_printed_where_nobody_watches() {
    for data in Data::both() {
        let data = data.with_store("s");
        data.file("f", "{\"key\":\"k\",\"value\":\"\"}\n".repeat(5000));
        let said = data.run(&["kv", "import", "s", "f"]).text();
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(!said.contains('\r') && !said.contains('\u{1b}'), "{said:?}");
        let summary = data.run(&["kv", "import", "s", "f", "--json"]).json();
        let members: Vec<&String> = summary.as_object().unwrap().keys().collect();
        let expected = [
            "bytes",
            "complete",
            "errors",
            "items",
            "items_before",
            "items_per_second",
            "problems",
            "seconds",
            "store",
        ];
        assert_eq!(members, expected);
        assert_eq!(data.run(&["kv", "import", "s", "f", "--quiet"]).text(), "");
        let exported = data.run(&["kv", "export", "s", "-"]);
        assert_eq!(exported.stdout, b"{\"key\":\"k\",\"value\":\"\"}\n");
        assert!(exported.stderr.starts_with("exported 1 item, "), "{exported:?}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_written_to_and_not_replaced() {
    let data = Data::engine().with_store("s");
    data.run(&["kv", "put", "s", "k", "v"]).good();
    let line = "{\"key\":\"k\",\"value\":\"dg==\"}\n";
    std::os::unix::fs::symlink("/dev/stderr", data.path("device")).unwrap();
    let ended = data.run(&["kv", "export", "s", "device", "--quiet"]);
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), line));
    data.file("real", "old");
    std::os::unix::fs::symlink("real", data.path("link")).unwrap();
    data.run(&["kv", "export", "s", "link", "--quiet"]).good();
    assert_eq!(fs::read_to_string(data.path("real")).unwrap(), line);
    data.run(&["kv", "get", "s", "k", "-o", "link"]).good();
    assert_eq!(fs::read_to_string(data.path("real")).unwrap(), "v");
    assert!(fs::symlink_metadata(data.path("link")).unwrap().is_symlink());
}
