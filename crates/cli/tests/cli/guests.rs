//! Programs that a compiler made, on our SDK and on the public crate. `cargo xtask guests` builds them.

use edgekv_tests::{component, guest};

use crate::workplace::{Ended, Workplace};

/// Runs a guest with these arguments.
fn run(here: &Workplace, name: &str, flags: &[&str], arguments: &[&str]) -> Ended {
    let mut command = here.edgekv();
    command.arg("run").args(flags).arg(guest(name)).args(arguments);
    Ended::of(command.output().unwrap())
}

const ENGINES: [&str; 2] = ["memory:", "redb:data.redb"];

#[test]
fn a_program_on_our_sdk_finds_everything_as_it_should_be() {
    for engine in ENGINES {
        let ended = run(&Workplace::new(), "sdk-kv", &["--engine", engine, "--store", "guest-store"], &[]);
        assert!(ended.good().starts_with("ok "), "{engine}");
    }
}

#[test]
fn a_program_on_the_public_crate_finds_everything_as_it_should_be() {
    for engine in ENGINES {
        let here = Workplace::new();
        let flags = ["--engine", engine, "--store", "guest-store"];
        assert!(run(&here, "fastly-kv", &flags, &[]).good().starts_with("ok "), "{engine}");
        assert!(
            run(&here, "fastly-kv", &flags, &[]).good().starts_with("ok "),
            "{engine}, again on what it left"
        );
    }
}

#[test]
fn what_one_process_has_written_another_reads() {
    let here = Workplace::new();
    let flags = ["--engine", "redb:data.redb", "--store", "guest-store"];
    assert!(run(&here, "persist-write", &flags, &[]).good().starts_with("ok "));
    assert!(run(&here, "persist-read", &flags, &[]).good().starts_with("ok "));
    assert!(run(&here, "persist-write", &flags, &[]).good().starts_with("ok "), "written over");
    assert!(run(&here, "persist-read", &flags, &[]).good().starts_with("ok "));
    let forgotten = run(&here, "persist-read", &["--engine", "memory:", "--store", "guest-store"], &[]);
    assert_ne!(forgotten.status, Some(0), "a new memory has nothing: {forgotten:?}");
}

#[test]
fn arguments_pass_as_they_are() {
    let arguments = ["--nocapture", "one", "two words", "", "--engine", "-h", "--help", "é", "--", "'q'"];
    let flags = ["--engine", "memory:"];
    let ended = run(&Workplace::new(), "args", &flags, &arguments);
    assert_eq!(ended.good().lines().collect::<Vec<_>>(), arguments);
    for (given, passed) in
        [(vec!["--", "-v"], vec!["-v"]), (vec!["--", "--"], vec!["--"]), (vec!["--"], vec![])]
    {
        let ended = run(&Workplace::new(), "args", &flags, &given);
        assert_eq!(ended.good().lines().collect::<Vec<_>>(), passed, "{given:?}");
    }
}

#[test]
fn the_status_passes() {
    for status in ["0", "1", "42", "255"] {
        let ended = run(&Workplace::new(), "exit-code", &["--engine", "memory:"], &[status]);
        assert_eq!(ended.status.map(|status| status.to_string()).as_deref(), Some(status));
    }
}

#[test]
fn a_panic_shows_its_message_and_the_programs_own_functions() {
    let ended = run(&Workplace::new(), "trap", &["--engine", "memory:"], &["out of cheese"]);
    assert_eq!(ended.status, Some(134));
    assert!(ended.stderr.contains("out of cheese"), "the guest's own words: {ended:?}");
    assert!(
        ended.stderr.contains("trapped: wasm `unreachable` instruction executed\n  in trap::main\n"),
        "{ended:?}"
    );
    assert!(
        !ended.stderr.contains("rust_panic") && !ended.stderr.contains("_start"),
        "no machinery: {ended:?}"
    );
}

#[test]
fn the_first_example_counts_its_runs_and_only_durable_data_go_on() {
    let here = Workplace::new();
    let hello = |engine| run(&here, "hello-kv", &["--engine", engine, "--store", "mystore"], &[]).good();
    let first = hello("redb:data.redb");
    assert!(first.contains("inserted message1\n"), "{first}");
    assert!(first.contains("found message1: \"this is message 1\""), "{first}");
    assert!(first.contains("deleted message1\n"), "{first}");
    assert!(first.ends_with("this was run 1 on this store\n"), "{first}");
    assert!(hello("redb:data.redb").ends_with("this was run 2 on this store\n"));
    for _ in 0..2 {
        assert!(hello("memory:").ends_with("this was run 1 on this store\n"));
    }
}

#[test]
fn the_counter_example_loses_no_increment() {
    for engine in ENGINES {
        let here = Workplace::new();
        let flags = ["--engine", engine, "--store", "mystore"];
        let ended = run(&here, "cas-counter", &flags, &["25"]).good();
        assert_eq!(
            ended,
            "25 writers at the same time: 24 were refused, and try again\nthe counter went from 0 to 25\n",
            "{engine}"
        );
    }
}

#[test]
fn an_example_without_its_store_says_which_one() {
    let ended = run(&Workplace::new(), "hello-kv", &["--engine", "memory:"], &[]);
    assert_eq!(ended.status, Some(1));
    assert!(
        ended.stderr.ends_with(
            "edgekv: there is no store \"mystore\"; create it with --store mystore, or in fastly.toml\n"
        ),
        "{ended:?}"
    );
}

#[test]
fn the_store_is_the_same_by_calls_by_builders_and_by_the_sdk() {
    for (program, says) in [
        ("talk-wit-calls", "its value is \"this is message 3\"\ndeleted msg3\n"),
        ("talk-builder", "the same write is refused the second time\n"),
        ("talk-chaining", "the same write is refused the second time\n"),
    ] {
        let here = Workplace::new();
        let mut command = here.edgekv();
        command.args(["run", "--engine", "memory:", "--store", "kv1"]).arg(component(program));
        let said = Ended::of(command.output().unwrap()).good();
        assert!(said.ends_with(says), "{program}: {said}");
    }
}

#[test]
fn a_component_on_our_sdk_finds_everything_as_it_should_be() {
    for engine in ENGINES {
        let here = Workplace::new();
        let mut command = here.edgekv();
        command.args(["run", "--engine", engine, "--store", "guest-store"]).arg(component("sdk-kv"));
        let said = Ended::of(command.output().unwrap()).good();
        assert!(said.starts_with("ok "), "{engine}: {said}");
    }
}
