//! What is left of a transfer that has stopped, and what another run makes of it: it goes on from what is there, and never
//! leaves out what is not.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::json;

use crate::place::{Data, Ended};

const MIXED: &str = "{\"key\":\"a\",\"value\":\"\"}\nx\n{\"key\":\"b\",\"value\":\"\"}\n";

fn list(data: &Data) -> String {
    data.run(&["kv", "list", "s", "--all"]).text()
}

/// What a transfer keeps beside its files.
fn checkpoints(data: &Data) -> Vec<PathBuf> {
    let entries = fs::read_dir(data.path("")).unwrap().map(|entry| entry.unwrap().path());
    let is_one = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.contains(".edgekv-import-") || name.contains(".edgekv-export-")
    };
    entries.filter(is_one).collect()
}

#[test]
fn bad_input_without_end_is_given_up() {
    for data in Data::both() {
        let data = data.with_store("s");
        for first in ["", "{\"key\":\"good\",\"value\":\"\"}\n"] {
            let mut child = data
                .command(&["kv", "import", "s", "-"])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut stdin = child.stdin.take().unwrap();
            let writer = thread::spawn(move || {
                let lines = "{}\n".repeat(100_000);
                // Far more than is read ahead.
                stdin.write_all(first.as_bytes()).is_err()
                    || (0..100).any(|_| stdin.write_all(lines.as_bytes()).is_err())
            });
            let ended = Ended::of(child.wait_with_output().unwrap());
            assert!(writer.join().unwrap(), "it has not stopped before the end");
            assert_eq!(ended.status, Some(65));
            assert!(ended.stderr.lines().last().unwrap().contains("more than 100 items"), "{ended:?}");
        }
    }
}

#[test]
fn a_file_that_was_mended_is_imported_from_its_beginning() {
    for data in Data::both() {
        let data = data.with_store("s");
        data.file("in", MIXED);
        let stopped = data.run(&["kv", "import", "s", "in", "--max-errors", "0"]);
        assert_eq!(stopped.status, Some(65));
        assert!(
            stopped.stderr.contains("mend the input, which is then imported from its beginning"),
            "{stopped:?}"
        );
        data.file("in", MIXED.replace('x', "{\"key\":\"x\",\"value\":\"\"}"));
        let ended = data.run(&["kv", "import", "s", "in", "--max-errors", "0"]);
        assert_eq!(
            (ended.status, ended.stderr.as_str()),
            (Some(0), "edgekv: begins anew, because the input has changed since\n")
        );
        assert_eq!(list(&data), "a\nb\nx\n");
        assert_eq!(checkpoints(&data), Vec::<PathBuf>::new());
    }
}

#[test]
fn an_input_that_was_not_mended_stops_at_the_same_item_until_more_errors_are_allowed() {
    for data in Data::both() {
        let data = data.with_store("s");
        data.file("in", MIXED);
        for _ in 0..3 {
            let stopped = data.run(&["kv", "import", "s", "in", "--max-errors", "0"]);
            assert_eq!(stopped.status, Some(65));
            assert!(stopped.stderr.contains("line 2: "), "{stopped:?}");
        }
        let ended = data.run(&["kv", "import", "s", "in", "--max-errors", "1"]);
        assert_eq!(ended.status, Some(65));
        assert!(ended.stderr.starts_with("edgekv: goes on after item 1\nedgekv: line 2: "), "{ended:?}");
        let said = String::from_utf8(ended.stdout).unwrap();
        assert!(
            said.starts_with("imported 2 items (1 of them before), 0 bytes of values, 1 error, "),
            "{said}"
        );
        assert_eq!(list(&data), "a\nb\n");
    }
}

#[test]
fn a_file_of_a_folder_that_was_mended_is_read_again() {
    for data in Data::both() {
        let data = data.with_store("s");
        fs::create_dir_all(data.path("in/.edgekv")).unwrap();
        for name in ["in/a", "in/b", "in/c"] {
            data.file(name, "v");
        }
        data.file("in/.edgekv/b", "{");
        let stopped = data.run(&["kv", "import", "s", "in", "--max-errors", "0"]);
        assert_eq!(stopped.status, Some(65));
        assert!(
            stopped.stderr.contains("mend them") && stopped.stderr.contains("goes on from there"),
            "{stopped:?}"
        );
        data.file("in/.edgekv/b", "{\"metadata\":\"m\"}");
        let ended = data.run(&["kv", "import", "s", "in", "--max-errors", "0", "--json"]).json();
        assert_eq!(
            (&ended["items"], &ended["items_before"], &ended["errors"]),
            (&json!(3), &json!(1), &json!(0))
        );
        assert_eq!(list(&data), "a\nb\nc\n");
    }
}

#[test]
fn an_import_does_not_go_on_in_a_store_that_has_been_emptied() {
    for data in Data::both() {
        let data = data.with_store("s");
        data.file("in", MIXED);
        assert_eq!(data.run(&["kv", "import", "s", "in", "--max-errors", "0"]).status, Some(65));
        data.run(&["kv", "delete", "s", "--all", "--yes"]).good();
        data.run(&["kv", "put", "s", "other", "v"]).good();
        let ended = data.run(&["kv", "import", "s", "in", "--json"]);
        let report: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
        assert_eq!((&report["items"], &report["items_before"]), (&json!(2), &json!(0)), "{report}");
        assert!(report["begins_anew"].as_str().unwrap().contains("\"a\", is not in the store"), "{report}");
        assert_eq!(list(&data), "a\nb\nother\n");
    }
}

#[test]
fn an_import_does_not_go_on_in_another_database_at_the_same_place() {
    let data = Data::engine().with_store("s");
    data.file("in", MIXED);
    assert_eq!(data.run(&["kv", "import", "s", "in", "--max-errors", "0"]).status, Some(65));
    fs::remove_dir_all(data.path(".edgekv")).unwrap();
    // Its store has the same identity, and even the last item of the first run.
    let data = data.with_store("s");
    data.run(&["kv", "put", "s", "a", "not imported"]).good();
    let ended = data.run(&["kv", "import", "s", "in"]);
    assert!(
        ended.stderr.starts_with("edgekv: begins anew, because the store has been made anew"),
        "{ended:?}"
    );
    assert_eq!(data.run(&["kv", "get", "s", "a"]).text(), "");
    assert_eq!(list(&data), "a\nb\n");
}

#[test]
fn an_input_with_a_long_name_has_a_place_as_well() {
    let data = Data::engine().with_store("s");
    for name in ["n".repeat(240), "n".repeat(255)] {
        data.file(&name, MIXED);
        assert_eq!(data.run(&["kv", "import", "s", &name, "--max-errors", "0"]).status, Some(65));
        assert_eq!(checkpoints(&data).len(), 1, "{name}");
        let ended = data.run(&["kv", "import", "s", &name, "--json"]);
        let report: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
        assert_eq!(report["items_before"], 1, "{report}");
        fs::remove_file(data.path(&name)).unwrap();
        data.run(&["kv", "export", "s", &name, "--quiet"]).good();
        assert_eq!(fs::read_to_string(data.path(&name)).unwrap(), MIXED.replace("x\n", ""));
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_by_any_name_and_has_no_place() {
    for data in Data::both() {
        let data = data.with_store("s");
        let stopped =
            data.run_with(&["kv", "import", "s", "/dev/stdin", "--max-errors", "0"], MIXED.as_bytes());
        assert_eq!(stopped.status, Some(65), "{stopped:?}");
        assert!(stopped.stderr.contains("begin anew"), "{stopped:?}");
        let text = MIXED.replace("x\n", "");
        let said = data.run_with(&["kv", "import", "s", "/dev/stdin"], text.as_bytes()).text();
        assert!(said.starts_with("imported 2 items, "), "{said}");
        assert_eq!(checkpoints(&data), Vec::<PathBuf>::new());
    }
}

/// A command whose files cannot grow beyond this.
#[cfg(unix)]
fn limited(data: &Data, blocks: u32, arguments: &[&str]) -> Ended {
    let command = data.command(arguments);
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script, "sh"]).arg(command.get_program()).args(command.get_args());
    shell.current_dir(data.path("")).stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    Ended::of(shell.output().unwrap())
}

#[cfg(unix)]
#[test]
fn an_export_goes_on_behind_the_last_line_that_a_full_disk_has_taken() {
    // A server, as the limit would be one for a database as well.
    let data = Data::server().with_store("s");
    // Longer than what is collected before it is written.
    let line = |key: usize| format!("{{\"key\":\"{key}\",\"value\":\"{}\"}}\n", "QUJD".repeat(5_000));
    let text: String = (0..9).map(line).collect();
    data.run_with(&["kv", "import", "s", "-", "--quiet"], text.as_bytes()).good();
    let stopped = limited(&data, 128, &["kv", "export", "s", "out"]);
    stopped.fails(73, &["too large", " exported; ", "goes on from there"]);
    let partial = fs::metadata(data.path("out.partial")).unwrap().len();
    let complete = partial / line(0).len() as u64;
    assert!(complete > 0 && !partial.is_multiple_of(line(0).len() as u64), "the last line is half of one");
    let summary = data.run(&["kv", "export", "s", "out", "--json"]).json();
    assert_eq!((&summary["items_before"], &summary["items"]), (&json!(complete), &json!(9)), "{summary}");
    assert!(fs::read_to_string(data.path("out")).unwrap() == text);
    assert!(!data.path("out.partial").exists());
    assert_eq!(checkpoints(&data), Vec::<PathBuf>::new());
}

#[cfg(unix)]
#[test]
fn an_export_to_a_folder_goes_on_only_where_its_files_are() {
    let data = Data::server().with_store("s");
    for key in ["a", "b/1", "b/2", "z"] {
        data.run(&["kv", "put", "s", key, key]).good();
    }
    data.file("large", "v".repeat(200_000));
    data.run(&["kv", "put", "s", "c", "--file", "large"]).good();
    let stop = || limited(&data, 128, &["kv", "export", "s", "out/"]).fails(73, &["3 items exported"]);
    let whole = || {
        for key in ["a", "b/1", "b/2", "z"] {
            assert_eq!(fs::read_to_string(data.path("out").join(key)).unwrap(), key);
        }
        assert_eq!(fs::metadata(data.path("out/c")).unwrap().len(), 200_000);
        assert!(!data.path("out/.edgekv").exists(), "nothing is left in it");
        assert_eq!(checkpoints(&data), Vec::<PathBuf>::new());
        fs::remove_dir_all(data.path("out")).unwrap();
    };

    stop();
    assert!(!data.path("out/c").exists(), "half of a value is none");
    let ended = data.run(&["kv", "export", "s", "out/"]);
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), "edgekv: goes on after item 3\n"));
    whole();

    stop();
    fs::remove_dir_all(data.path("out")).unwrap();
    let summary = data.run(&["kv", "export", "s", "out/", "--json"]).json();
    assert_eq!((&summary["items_before"], &summary["items"]), (&json!(0), &json!(5)), "{summary}");
    assert!(summary["begins_anew"].as_str().unwrap().contains("emptied"), "{summary}");
    whole();

    stop();
    fs::remove_file(data.path("out/b/1")).unwrap();
    data.run(&["kv", "export", "s", "out/"]).fails(73, &["files are missing", "not empty"]);
    fs::remove_dir_all(data.path("out")).unwrap();
    fs::create_dir(data.path("out")).unwrap();
    data.run(&["kv", "export", "s", "out", "--quiet"]).good();
    whole();
}

#[test]
fn the_file_of_somebody_else_is_not_taken_for_half_an_export() {
    for data in Data::both() {
        let data = data.with_store("s");
        data.run(&["kv", "put", "s", "k", "v"]).good();
        data.file("out.partial", "precious");
        for _ in 0..2 {
            data.run(&["kv", "export", "s", "out"]).fails(73, &["out.partial", "remove it"]);
        }
        assert_eq!(fs::read_to_string(data.path("out.partial")).unwrap(), "precious");
        assert_eq!(checkpoints(&data), Vec::<PathBuf>::new());
    }
}
