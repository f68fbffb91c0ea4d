//! `edgekv componentize`: what it makes and prints, and what it refuses.

use std::fs;

use crate::program::Step::Print;
use crate::workplace::Workplace;

#[test]
fn a_program_becomes_a_component_that_does_the_same() {
    let here = Workplace::new();
    here.program("app.wasm", &[Print("it ran")]);
    let said = here.run("componentize app.wasm -o app.component.wasm").good();
    assert!(said.starts_with("app.component.wasm: ") && said.ends_with(" KiB\n"), "{said}");
    assert_eq!(here.run("run --engine memory: app.component.wasm").good(), "it ran\n");
    here.run("componentize app.wasm -o again.wasm").good();
    assert_eq!(
        fs::read(here.path("app.component.wasm")).unwrap(),
        fs::read(here.path("again.wasm")).unwrap(),
        "the same program gives the same bytes"
    );
}

#[test]
fn functions_that_are_not_there_are_listed() {
    let here = Workplace::new();
    here.wat(
        "app.wasm",
        r#"(module
            (import "fastly_http_req" "new" (func (param i32) (result i32)))
            (import "fastly_acl" "open" (func (param i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_sync" (func (param i32) (result i32)))
            (memory (export "memory") 1) (func (export "_start")))"#,
    );
    let said = here.run("componentize app.wasm -o out.wasm").good();
    let (_, rest) = said.split_once('\n').unwrap();
    assert_eq!(
        rest,
        "it imports 2 functions that only answer `unsupported` in a component:\n  fastly_http_req::new\n  fastly_acl::open\n\
         it imports a function that only answers \"not there\" (52) in a component:\n  wasi_snapshot_preview1::fd_sync\n\
         a program that answers requests is served as it is, by `edgekv serve`, or built again with the SDK\n"
    );
}

/// Calls of WASI, and what each answers: the same in both forms. Memory has two pages. Vectors are at 16: 4 bytes @64, none, 3 bytes
/// @68; those at 48 name what is outside. Subscriptions are at 256, events at 512.
const CALLS: &[(&str, &[i64], i32)] = &[
    ("fd_write", &[1, 16, 3, 8], 0),
    ("fd_write", &[2, 16, 0, 8], 0),
    ("fd_write", &[3, 16, 3, 8], 8),
    ("fd_write", &[77, 16, 3, 8], 8),
    ("fd_write", &[1, 131_068, 1, 8], 21),
    ("fd_write", &[1, 48, 1, 8], 21),
    ("fd_read", &[0, 16, 3, 8], 0),
    ("fd_read", &[0, 48, 1, 8], 21),
    ("fd_read", &[9, 16, 3, 8], 8),
    ("fd_close", &[42], 8),
    ("fd_seek", &[1, 0, 0, 8], 70),
    ("fd_seek", &[42, 0, 0, 8], 8),
    ("fd_fdstat_get", &[1, 128], 0),
    ("fd_fdstat_get", &[42, 128], 8),
    ("fd_fdstat_get", &[1, 131_064], 21),
    ("fd_prestat_get", &[3, 128], 8),
    ("args_sizes_get", &[128, 132], 0),
    ("args_sizes_get", &[131_072, 132], 21),
    ("environ_sizes_get", &[128, 132], 0),
    ("environ_sizes_get", &[128, 131_070], 21),
    ("args_get", &[1_024, 131_070], 21),
    ("args_get", &[1_024, 2_048], 0),
    ("clock_time_get", &[0, 1, 128], 0),
    ("clock_time_get", &[1, 1, 128], 0),
    ("clock_time_get", &[2, 1, 128], 8),
    ("clock_time_get", &[9, 1, 128], 28),
    ("clock_time_get", &[0, 1, 131_068], 21),
    ("clock_res_get", &[1, 128], 0),
    ("clock_res_get", &[3, 128], 8),
    ("random_get", &[4_096, 70_000], 0),
    ("random_get", &[131_000, 100], 21),
    ("poll_oneoff", &[256, 512, 0, 8], 28),
    ("poll_oneoff", &[256, 512, 1, 8], 0),
    ("poll_oneoff", &[304, 512, 1, 8], 0),
    ("poll_oneoff", &[131_000, 512, 2, 8], 21),
    ("sched_yield", &[], 0),
];

/// A program that makes all of the calls, and tells the number of the call and its answer where that is another one.
fn calls_of_wasi() -> String {
    let types = [
        ("fd_write", "i32 i32 i32 i32"),
        ("fd_read", "i32 i32 i32 i32"),
        ("fd_close", "i32"),
        ("fd_seek", "i32 i64 i32 i32"),
        ("fd_fdstat_get", "i32 i32"),
        ("fd_prestat_get", "i32 i32"),
        ("args_sizes_get", "i32 i32"),
        ("args_get", "i32 i32"),
        ("environ_sizes_get", "i32 i32"),
        ("clock_time_get", "i32 i64 i32"),
        ("clock_res_get", "i32 i32"),
        ("random_get", "i32 i32"),
        ("poll_oneoff", "i32 i32 i32 i32"),
        ("sched_yield", ""),
    ];
    let imports: String = types
        .iter()
        .map(|(name, params)| {
            format!(
                r#"(import "wasi_snapshot_preview1" "{name}" (func ${name} (param {params}) (result i32)))"#
            )
        })
        .collect();
    let calls: String = CALLS
        .iter()
        .enumerate()
        .map(|(index, (name, arguments, expected))| {
            let (_, params) = types.iter().find(|(known, _)| known == name).unwrap();
            let arguments: String = params
                .split_whitespace()
                .zip(*arguments)
                .map(|(ty, argument)| format!("({ty}.const {argument})"))
                .collect();
            format!("(call $expect (i32.const {index}) (call ${name} {arguments}) (i32.const {expected}))")
        })
        .collect();
    let vectors = r"\40\00\00\00\04\00\00\00\40\00\00\00\00\00\00\00\44\00\00\00\03\00\00\00";
    format!(
        r#"(module {imports}
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 2)
        (data (i32.const 16) "{vectors}")
        (data (i32.const 48) "\fe\ff\01\00\10\00\00\00")
        (data (i32.const 64) "one two")
        ;; For a millisecond, by the clock that never goes back; and until 1970.
        (data (i32.const 272) "\01")
        (data (i32.const 281) "\42\0f")
        (data (i32.const 344) "\01")
        (func $expect (param $index i32) (param $found i32) (param $expected i32)
            (if (i32.ne (local.get $found) (local.get $expected))
                (then (call $exit (i32.add (i32.const 150) (local.get $index))))))
        (func (export "_start") {calls}))"#
    )
}

#[test]
fn calls_of_wasi_answer_the_same_in_both_forms() {
    let here = Workplace::new();
    here.wat("app.wasm", &calls_of_wasi());
    here.run("componentize app.wasm -o app.component.wasm").good();
    for program in ["app.wasm", "app.component.wasm"] {
        assert_eq!(here.run(&format!("run --engine memory: {program}")).good(), "one two", "{program}");
    }
}

#[test]
fn a_start_function_runs_before_the_program_in_both_forms() {
    let here = Workplace::new();
    here.wat(
        "app.wasm",
        r#"(module
            (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "\20\00\00\00\06\00\00\00")
            (data (i32.const 8) "\26\00\00\00\04\00\00\00")
            (data (i32.const 32) "first\0athen")
            (func $first (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16))))
            (start $first)
            (func (export "_start") (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16)))))"#,
    );
    here.run("componentize app.wasm -o app.component.wasm").good();
    for program in ["app.wasm", "app.component.wasm"] {
        assert_eq!(here.run(&format!("run --engine memory: {program}")).good(), "first\nthen", "{program}");
    }
}

#[test]
fn what_cannot_become_a_component_is_refused_with_what_to_do() {
    let here = Workplace::new();
    here.program("app.wasm", &[Print("it ran")]);
    here.wat("component.wasm", "(component)");
    here.wat("library.wasm", r#"(module (memory (export "memory") 1))"#);
    here.file("text.wasm", "(module)");
    let refused = |file: &str| here.run(&format!("componentize {file} -o out.wasm"));
    refused("component.wasm").fails(126, &["component.wasm: it is a component already"]);
    refused("library.wasm").fails(126, &["library.wasm: it exports no function `_start`"]);
    refused("text.wasm").fails(126, &["text.wasm: it is text", "wasm-tools parse"]);
    refused("missing.wasm").fails(127, &["missing.wasm: there is no such file"]);
    assert!(!here.path("out.wasm").exists(), "nothing is left of what was refused");
    here.run("componentize app.wasm -o app.wasm").fails(2, &["app.wasm would be written over itself", "-o"]);
    here.run("componentize app.wasm -o missing/app.wasm").fails(125, &["cannot write missing/app.wasm"]);
    here.run("componentize app.wasm").fails(2, &["--output"]);
}
