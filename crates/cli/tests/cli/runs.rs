//! Running a guest: statuses, arguments, environment, limits, traps, and what becomes of its data.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use crate::program::Step::{CannotOpen, Exit, Insert, Print, Read as ReadInput, Show, StartInsert, Trap};
use crate::workplace::{Ended, Workplace};

#[test]
fn a_guest_that_returns_is_a_success() {
    let here = Workplace::new();
    here.program("app.wasm", &[Print("hello")]);
    assert_eq!(here.run("run --engine memory: app.wasm").good(), "hello\n");
}

#[test]
fn the_status_of_the_guest_is_ours_even_above_what_wasi_allows() {
    let here = Workplace::new();
    for (status, expected) in
        [(0, 0), (1, 1), (7, 7), (125, 125), (126, 126), (255, 255), (-1, 255), (256, 1)]
    {
        here.program("app.wasm", &[Exit(status), Print("never")]);
        let ended = here.run("run --engine memory: app.wasm");
        assert_eq!(ended.status, Some(expected), "proc_exit({status}): {ended:?}");
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", ""));
    }
}

#[test]
fn data_survive_in_a_file_and_do_not_in_memory() {
    let here = Workplace::new();
    here.program("write.wasm", &[Insert("s", "k", "value")]);
    here.program("read.wasm", &[Show("s", "k")]);
    assert_eq!(here.run("run --store s write.wasm").good(), "");
    assert!(here.path(".edgekv/data.redb").is_file(), "the default engine keeps data here");
    assert_eq!(here.run("run read.wasm").good(), "value\n", "the store is still there without --store");

    here.run("run --store s --engine redb:other/deep.redb write.wasm").good();
    assert_eq!(here.run("run --engine redb:other/deep.redb read.wasm").good(), "value\n");

    here.run("run --store s --engine memory: write.wasm").good();
    assert_eq!(here.run("run --store s --engine memory: read.wasm").good(), "-\n");
}

#[test]
fn the_engine_can_come_from_the_environment() {
    let here = Workplace::new();
    here.program("app.wasm", &[Insert("s", "k", "value")]);
    let output =
        here.edgekv().args(["run", "--store", "s", "app.wasm"]).env("EDGEKV_ENGINE", "memory:").output();
    Ended::of(output.unwrap()).good();
    assert!(!here.path(".edgekv").exists());
}

#[test]
fn a_write_that_nobody_waits_for_is_durable_however_the_guest_ends() {
    for (end, status) in [(Exit(3), 3), (Trap, 134), (Print("done"), 0)] {
        let here = Workplace::new();
        let value = "v".repeat(10_000);
        here.program("write.wasm", &[StartInsert("s", "a", "first"), StartInsert("s", "k", &value), end]);
        here.program("read.wasm", &[Show("s", "a"), Show("s", "k")]);
        assert_eq!(here.run("run --store s write.wasm").status, Some(status));
        let shown = here.run("run read.wasm").good();
        // The guest that reads shows the first 4,096 bytes.
        assert_eq!(shown, format!("first\n{}\n", &value[..4096]));
    }
}

#[test]
fn a_trap_says_what_where_and_what_to_do() {
    let here = Workplace::new();
    here.wat(
        "app.wasm",
        r#"(module
            (func $deep (unreachable))
            (func $middle (call $deep))
            (func (export "_start") (call $middle)))"#,
    );
    let ended = here.run("run --engine memory: app.wasm");
    assert_eq!(ended.status, Some(134));
    assert_eq!(
        ended.stderr,
        "edgekv: app.wasm trapped: wasm `unreachable` instruction executed\n  in deep\n  by middle\n  by function 2\n  \
         hint: the program panicked or aborted; what it printed before says why, if it printed anything\n"
    );
}

#[test]
fn endless_recursion_is_a_trap_with_a_short_backtrace() {
    let here = Workplace::new();
    here.wat("app.wasm", r#"(module (func $again (export "_start") (call $again)))"#);
    let ended = here.run("run --engine memory: app.wasm");
    assert_eq!(ended.status, Some(134));
    assert!(
        ended.stderr.starts_with("edgekv: app.wasm trapped: call stack exhausted\n  in again\n"),
        "{ended:?}"
    );
    assert!(
        ended.stderr.ends_with("hint: the program called itself without end, or too deeply\n"),
        "{ended:?}"
    );
    assert!(ended.stderr.lines().count() < 20, "{ended:?}");
}

#[test]
fn memory_has_a_limit_that_can_be_moved() {
    let here = Workplace::new();
    // Exits with 1 when it does not get 100 MiB more than its first page.
    here.wat(
        "grow.wasm",
        r#"(module
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1)
            (func (export "_start") (call $exit (i32.lt_s (memory.grow (i32.const 1600)) (i32.const 0)))))"#,
    );
    for (limit, status) in [("", 0), ("--max-memory 101", 0), ("--max-memory 100", 1)] {
        assert_eq!(
            here.run(&format!("run --engine memory: {limit} grow.wasm")).status,
            Some(status),
            "{limit}"
        );
    }
    // Exits with 1 when a growth beyond its own maximum has cost it the pages of the one after.
    here.wat(
        "refused.wasm",
        r#"(module
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1 20)
            (func (export "_start")
                (drop (memory.grow (i32.const 25)))
                (call $exit (i32.lt_s (memory.grow (i32.const 10)) (i32.const 0)))))"#,
    );
    here.run("run --engine memory: --max-memory 2 refused.wasm").good();
    // Traps when it does not get it, as a program does that runs out of memory.
    here.wat(
        "trap.wasm",
        r#"(module (memory (export "memory") 1)
            (func (export "_start") (if (i32.lt_s (memory.grow (i32.const 1600)) (i32.const 0)) (then unreachable))))"#,
    );
    let ended = here.run("run --engine memory: --max-memory 2 trap.wasm");
    assert_eq!(ended.status, Some(134));
    assert!(
        ended
            .stderr
            .ends_with("hint: the program wanted more memory than 2 MiB; allow more by --max-memory\n"),
        "{ended:?}"
    );
    here.wat("large.wasm", r#"(module (memory (export "memory") 1600) (func (export "_start")))"#);
    here.run("run --engine memory: --max-memory 2 large.wasm").fails(
        126,
        &["large.wasm: it starts with 100 MiB of memory, and may have 2 MiB; allow more by --max-memory"],
    );
}

#[test]
fn a_trap_while_starting_is_a_trap() {
    let here = Workplace::new();
    here.wat("app.wasm", r#"(module (func $init unreachable) (start $init) (func (export "_start")))"#);
    let ended = here.run("run --engine memory: app.wasm");
    assert_eq!(ended.status, Some(134));
    assert!(ended.stderr.contains("\n  in init\n"), "{ended:?}");
}

#[test]
fn stores_are_created_as_asked_and_the_ledger_is_not_for_guests() {
    let here = Workplace::new();
    here.file("fastly.toml", "local_server.kv_stores.c = [{ key = \"k\", data = \"from the manifest\" }]");
    here.program(
        "app.wasm",
        &[Show("a", "k"), Show("b", "k"), Show("c", "k"), CannotOpen("d"), CannotOpen(".edgekv.seed")],
    );
    let ended = here.run("run --store a --store b --store a --engine memory: app.wasm");
    assert_eq!(ended.good(), "-\n-\nfrom the manifest\n");
}

#[test]
fn a_store_that_is_not_there_is_explained_when_the_guest_failed() {
    let here = Workplace::new();
    let opens = [CannotOpen("mystore"), CannotOpen("my store"), CannotOpen("mystore")];
    for (end, status) in [(Exit(1), 1), (Trap, 134)] {
        here.program("app.wasm", &[&opens[..], &[end]].concat());
        let ended = here.run("run --engine memory: app.wasm");
        assert_eq!(ended.status, Some(status));
        assert!(
            ended.stderr.ends_with(
                "edgekv: there is no store \"my store\"; create it with --store \"my store\", or in fastly.toml\n\
                 edgekv: there is no store \"mystore\"; create it with --store mystore, or in fastly.toml\n"
            ),
            "{ended:?}"
        );
    }
    here.program("app.wasm", &[&opens[..], &[Exit(0)]].concat());
    here.run("run --engine memory: app.wasm").good();
}

#[test]
fn a_guest_whose_output_nobody_reads_ends_quietly_and_its_data_are_kept() {
    let here = Workplace::new();
    // Between the two lines the reader goes, and then the input ends.
    here.program(
        "app.wasm",
        &[Insert("s", "k", "kept"), Print("first"), ReadInput, Print("second"), Exit(7)],
    );
    let mut child = here
        .edgekv()
        .args(["run", "--store", "s", "app.wasm"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut String::new()).unwrap();
    drop(stdout);
    drop(child.stdin.take());
    let ended = Ended::of(child.wait_with_output().unwrap());
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(141), ""));
    here.program("read.wasm", &[Show("s", "k")]);
    assert_eq!(here.run("run read.wasm").good(), "kept\n");
}

#[test]
fn standard_input_reaches_the_guest_and_a_second_process_is_told_that_the_database_is_in_use() {
    let here = Workplace::new();
    here.program("wait.wasm", &[Insert("s", "k", "v"), Print("ready"), ReadInput, Print("bye")]);
    let mut first = here
        .edgekv()
        .args(["run", "--store", "s", "wait.wasm"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(first.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");

    // Now the first one surely has it open, until its input ends.
    here.run("run wait.wasm")
        .fails(125, &[".edgekv/data.redb", "in use by another edgekv process", "stop that one"]);
    here.run("run --store s --engine memory: wait.wasm").good();

    drop(first.stdin.take());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "bye\n");
    assert_eq!(first.wait().unwrap().code(), Some(0));
    assert_eq!(here.run("run wait.wasm").good(), "ready\nbye\n", "it is free again");
}

#[test]
fn a_flag_after_the_program_is_the_programs_and_a_hint_says_so_when_it_fails() {
    let here = Workplace::new();
    for (arguments, flag) in [
        ("--store mystore", Some("--store")),
        ("-v --max-memory=3", Some("--max-memory=3")),
        ("--help", None),
    ] {
        here.program("app.wasm", &[Exit(1)]);
        let ended = here.run(&format!("run --engine memory: app.wasm {arguments}"));
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""));
        match flag {
            Some(flag) => assert!(
                ended.stderr.starts_with(&format!("edgekv: hint: the program was given {flag}, because")),
                "{ended:?}"
            ),
            None => assert_eq!(ended.stderr, ""),
        }
        here.program("app.wasm", &[Exit(0)]);
        here.run(&format!("run --engine memory: app.wasm {arguments}")).good();
    }
}
