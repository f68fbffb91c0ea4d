//! What the conformance program says of this host, and that it would say otherwise of another one. `cargo xtask guests` builds it.

use std::fs;
use std::path::Path;

use edgekv_tests::guest;

use crate::workplace::{Ended, Workplace};

/// Runs the program on the stores that its own configuration has, after `change`.
fn run(here: &Workplace, engine: &str, change: impl FnOnce(String) -> String, ids: &[&str]) -> Ended {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance/fastly.toml");
    here.file("fastly.toml", change(fs::read_to_string(own).unwrap()));
    let mut command = here.edgekv();
    command.args(["run", "--engine", engine]).arg(guest("conformance")).args(ids);
    Ended::of(command.output().unwrap())
}

/// How many cases have run, and the ids of those that failed.
fn report(ended: &Ended) -> (usize, Vec<&str>) {
    let mut lines = ended.stdout.lines();
    assert_eq!(lines.next(), Some("TAP version 14"), "{ended:?}");
    let planned: usize = lines.next().unwrap().strip_prefix("1..").unwrap().parse().unwrap();
    let points: Vec<_> =
        lines.filter(|line| line.starts_with("ok ") || line.starts_with("not ok ")).collect();
    assert_eq!(points.len(), planned, "{ended:?}");
    let failed = points.iter().filter_map(|line| line.strip_prefix("not ok ")?.split_once(" - "));
    let failed = failed.map(|(_, rest)| rest.split_once(':').unwrap().0);
    (planned, failed.collect())
}

#[test]
fn this_host_keeps_every_rule() {
    for engine in ["memory:", "redb:data.redb"] {
        let here = Workplace::new();
        for round in 0..2 {
            let ended = run(&here, engine, |own| own, &[]);
            let (cases, failed) = report(&ended);
            assert_eq!(failed, [""; 0], "{engine}, round {round}: {}", ended.stdout);
            assert_eq!(ended.status, Some(0), "{ended:?}");
            assert!(cases >= 120, "{cases}");
        }
    }
}

#[test]
fn a_host_that_breaks_a_rule_is_told_which_and_what_it_did() {
    let ended = run(&Workplace::new(), "memory:", |own| own.replace("a fruit", "a root"), &[]);
    assert_eq!(ended.status, Some(1));
    assert_eq!(report(&ended).1, ["kv-lookup-022"]);
    for line in [
        "  rule: \"docs/abi.md, fastly_kv_store, lookup_wait_v2\"",
        "  what: \"entry apple\"",
        "  ...",
        "# 1 failed",
    ] {
        let (found, wanted) = (&ended.stdout, line.trim_start_matches("# "));
        assert!(found.lines().any(|given| given == line || given.contains(wanted)), "{line}: {ended:?}");
    }
}

#[test]
fn beginnings_of_ids_choose_cases() {
    let ended = run(&Workplace::new(), "memory:", |own| own, &["kv-open-", "log-001"]);
    let (cases, failed) = report(&ended);
    assert_eq!((cases, failed.len(), ended.status), (12, 0, Some(0)), "{}", ended.stdout);
}

#[test]
fn cases_can_be_left_out_and_ids_are_told() {
    let ended = run(&Workplace::new(), "memory:", |own| own, &["log-", "--skip=log-00", "--skip=handle"]);
    assert_eq!(report(&ended).0, 0, "{}", ended.stdout);
    let ended = run(&Workplace::new(), "memory:", |own| own, &["log-", "--skip=log-002"]);
    let (cases, failed) = report(&ended);
    assert_eq!((cases, failed.len(), ended.status), (7, 0, Some(0)), "{}", ended.stdout);
    assert!(!ended.stdout.contains("log-002"), "{}", ended.stdout);
    let listed = run(&Workplace::new(), "memory:", |own| own, &["--list"]);
    let ids: Vec<_> = listed.stdout.lines().collect();
    assert!(ids.len() > 300 && ids.contains(&"kv-lookup-001"), "{listed:?}");
    assert_eq!(ids.last(), Some(&"body-004"), "what traps elsewhere comes last");
}

#[test]
fn a_host_without_the_stores_is_no_host_to_check() {
    let ended = run(&Workplace::new(), "memory:", |_| "[local_server]\n".to_owned(), &[]);
    assert_eq!(ended.status, Some(1));
    assert!(ended.stdout.contains("Bail out! status of open of \"conformance\""), "{ended:?}");
}
