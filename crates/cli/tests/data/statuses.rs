//! Every exit status has its meaning, and errors look as they were asked for.

use serde_json::Value;

use crate::place::{Data, edgekv};

#[test]
fn what_is_wrong_has_a_status_and_a_line() {
    for data in Data::both() {
        let data = data.with_store("s");
        data.run(&["kv", "put", "s", "k", "v"]).good();
        let long = "k".repeat(1025);
        let metadata = "m".repeat(2001);
        let table: &[(&[&str], i32, &[&str])] = &[
            (&["kv", "get", "s"], 2, &["<KEY>", "edgekv kv get --help"]),
            (&["kv", "get", "s", "k", "--bogus"], 2, &["--bogus"]),
            (&["kv", "get", "s", "a?b"], 2, &["'?'"]),
            (&["kv", "get", "s", &long], 2, &["1025 bytes", "1024"]),
            (&["kv", "get", "s", ""], 2, &["empty"]),
            (&["kv", "get", "s", "a\nb"], 2, &["'a\\nb'", "<KEY>"]),
            (&["kv", "get", "s", "k", "-o", "f", "--head"], 2, &["--head"]),
            (&["kv", "put", "s", "k", "v", "--file", "f"], 2, &["--file"]),
            (&["kv", "put", "s", "k", "v", "--ttl", "soon"], 2, &["--ttl", "90s"]),
            (&["kv", "put", "s", "k", "v", "--mode", "replace"], 2, &["replace"]),
            (&["kv", "put", "s", "k", "v", "--metadata", &metadata], 2, &["2001 bytes", "2000"]),
            (&["kv", "put", "s", "k", "v", "--if-generation-match", "9007199254740992"], 2, &["below"]),
            (&["kv", "put", "s", "k", "v", "--if-generation-match", "new"], 2, &["generation"]),
            (&["kv", "get", "nope", "k"], 66, &["no store \"nope\"", "store create"]),
            (&["kv", "list", "nope"], 66, &["no store"]),
            (&["kv", "import", "nope", "-"], 66, &["no store"]),
            (&["kv", "export", "nope", "-"], 66, &["no store"]),
            (&["store", "delete", "nope"], 66, &["no store"]),
            (&["kv", "get", "s", "nope"], 66, &["no key \"nope\"", "\"s\""]),
            (&["kv", "put", "s", "k", "--file", "nope"], 66, &["nope"]),
            (&["kv", "put", "s", "k", "--file", "."], 65, &["directory"]),
            (&["kv", "import", "s", "nope"], 66, &["nope"]),
            (&["kv", "put", "s", "k", "v", "--mode", "add"], 67, &["precondition"]),
            (&["kv", "delete", "s", "k", "--if-generation-match", "7"], 67, &["precondition"]),
            (&["store", "create", "s"], 71, &["exists already"]),
            (&["store", "delete", "s"], 71, &["not empty"]),
            (&["kv", "get", "s", "k", "-o", "no/such/folder"], 73, &["no/such/folder"]),
            (&["kv", "export", "s", "no/such/folder"], 73, &["no/such/folder"]),
        ];
        for (arguments, status, words) in table {
            let ended = data.run(arguments);
            ended.fails(*status, words);
            let json = data.run(&[*arguments, &["--json"]].concat());
            assert_eq!((json.status, json.stdout.len()), (Some(*status), 0), "{arguments:?}: {json:?}");
            let report: Value = serde_json::from_str(&json.stderr).unwrap();
            assert_eq!(report["error"]["status"], *status, "{arguments:?}");
            let message = report["error"]["message"].as_str().unwrap();
            assert!(words.iter().all(|word| message.contains(word)), "{arguments:?}: {report}");
            assert!(!report["error"]["kind"].as_str().unwrap().is_empty());
        }
        assert_eq!(data.run(&["kv", "get", "s", "k"]).text(), "v", "nothing has changed");
    }
}

#[test]
fn every_error_is_json_when_json_is_asked_for() {
    let here = Data::engine();
    for arguments in [
        &["kv", "--json"][..],
        &["store", "--json"],
        &["store", "lst", "--json"],
        &["store", "list", "--json", "--log", "loud"],
        &["store", "list", "--json", "--log-format", "prose"],
    ] {
        let ended = here.run(arguments);
        assert_eq!((ended.status, ended.stdout.len()), (Some(2), 0), "{arguments:?}: {ended:?}");
        let report: Value = serde_json::from_str(&ended.stderr).unwrap();
        assert_eq!(report["error"]["kind"], "usage", "{arguments:?}");
    }
    // Behind `--` it is something else.
    here.run(&["kv", "put", "s", "--", "a?b", "--json"]).fails(2, &["'?'"]);
}

#[test]
fn a_database_is_made_only_by_who_wants_one() {
    let data = Data::engine();
    for arguments in [
        &["store", "list"][..],
        &["kv", "list", "s"],
        &["kv", "put", "s", "k", "v"],
        &["kv", "import", "s", "-"],
    ] {
        data.run(arguments).fails(66, &["no database", "store create", "--api-url"]);
    }
    assert!(!data.path(".edgekv").exists());
    data.run_with(&["kv", "import", "s", "-", "--create", "--quiet"], b"{\"key\":\"k\",\"value\":\"\"}")
        .good();
    assert_eq!(data.run(&["kv", "list", "s"]).text(), "k\n");
    data.run(&["store", "list", "--engine", "redb:other.redb"]).fails(66, &["redb:other.redb"]);
}

#[test]
fn a_database_that_a_server_has_open_is_reached_through_the_server() {
    let data = Data::server().with_store("s");
    let ended = edgekv(&data.path("")).args(["kv", "list", "s"]).output().unwrap();
    let message = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(125));
    assert!(message.contains("in use") && message.contains("--api-url http://127.0.0.1:7677"), "{message}");
}

#[test]
fn the_help_says_what_the_statuses_are() {
    let data = Data::engine();
    for command in [
        &["store", "create"][..],
        &["store", "list"],
        &["store", "describe"],
        &["store", "delete"],
        &["kv", "put"],
        &["kv", "get"],
        &["kv", "delete"],
        &["kv", "list"],
        &["kv", "import"],
        &["kv", "export"],
    ] {
        let help = edgekv(&data.path("")).args(command).arg("--help").output().unwrap();
        let help = String::from_utf8(help.stdout).unwrap();
        for word in [
            "Exit status:",
            "   66  ",
            "   77  ",
            "--engine",
            "--api-url",
            "--token-file",
            "EDGEKV_API_TOKEN",
            "--json",
        ] {
            assert!(help.contains(word), "{command:?}: {word:?} is missing:\n{help}");
        }
    }
}
