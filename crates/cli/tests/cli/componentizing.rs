//! `edgekv componentize`: what it makes and prints, and what it refuses.

use std::fmt::Write;
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

/// Calls of WASI, and what each answers: the same in both forms, but that a module is ended for what is outside of its memory,
/// and for a clock that nobody knows. Memory has two pages. Vectors are at 16: 4 bytes @64, none, 3 bytes
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
fn calls_of_wasi(calls: impl Fn(&str, i32) -> bool) -> String {
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
        .filter(|(_, (name, _, expected))| calls(name, *expected))
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
    // A call may write less than it is given, and the host does for modules: the first piece.
    here.wat(
        "app.wasm",
        &calls_of_wasi(|name, expected| expected != 21 && (name, expected) != ("clock_time_get", 28)),
    );
    assert_eq!(here.run("run --engine memory: app.wasm").good(), "one ");
    here.wat("all.wasm", &calls_of_wasi(|_, _| true));
    here.run("componentize all.wasm -o all.component.wasm").good();
    assert_eq!(here.run("run --engine memory: all.component.wasm").good(), "one two");
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

/// What a program does that has no byte of its memory to spare: a call, what is looked at after it, and the out-variables and
/// buffers that are the call's to write. Names are globals.
const OWNERS_STEPS: &[(&str, &str, &[(&str, u32)])] = &[
    ("open $texts 1 $out", "(global.set $store (i32.load (global.get $out)))", &[("$out", 4)]),
    ("body_new $out", "(global.set $body (i32.load (global.get $out)))", &[("$out", 4)]),
    // From the very beginning of memory.
    ("body_write $body 0 24 0 $count", "(call $holds (global.get $count) (i32.const 24))", &[("$count", 4)]),
    ("insert $store $key 3 $body 8 $insert_options $out", PENDING, &[("$out", 4)]),
    ("insert_wait $pending $error", DONE, &[("$error", 4)]),
    ("lookup $store $key 3 0 $options $out", PENDING, &[("$out", 4)]),
    ("select $items 1 0 $count", "(call $holds (global.get $count) (i32.const 0))", &[("$count", 4)]),
    (
        "lookup_wait_v2 $pending $out $metadata 2000 $count $number $error",
        "(call $holds (global.get $error) (i32.const 1)) (call $holds (global.get $count) (i32.const 8))
         (call $is_as (global.get $metadata) (i32.const 64)) (global.set $body (i32.load (global.get $out)))",
        &[("$out", 4), ("$metadata", 8), ("$count", 4), ("$number", 8), ("$error", 4)],
    ),
    // Into the middle of memory, its beginning and its end.
    (
        "body_read $body $buffer 8 $count",
        "(call $is_as (global.get $buffer) (i32.const 0))",
        &[("$buffer", 8), ("$count", 4)],
    ),
    ("body_read $body 0 8 $count", "(call $is_as (i32.const 0) (i32.const 8))", &[("0", 8), ("$count", 4)]),
    (
        "body_read $body $end 8 $count",
        "(call $is_as (global.get $end) (i32.const 16))",
        &[("$end", 8), ("$count", 4)],
    ),
    (
        "body_read $body $buffer 4096 $count",
        "(call $holds (global.get $count) (i32.const 0))",
        &[("$count", 4)],
    ),
    ("list $store 0 $options $out", PENDING, &[("$out", 4)]),
    (
        "list_wait $pending $out $error",
        "(call $holds (global.get $error) (i32.const 1)) (global.set $body (i32.load (global.get $out)))",
        &[("$out", 4), ("$error", 4)],
    ),
    (
        "body_read $body $buffer 4 $count",
        "(call $holds (global.get $count) (i32.const 4))",
        &[("$buffer", 4), ("$count", 4)],
    ),
    ("delete $store $key 3 0 $options $out", PENDING, &[("$out", 4)]),
    ("delete_wait $pending $error", DONE, &[("$error", 4)]),
    ("fd_write 1 $vectors 1 $count", "(call $holds (global.get $count) (i32.const 4))", &[("$count", 4)]),
    ("clock_time_get 0 1 $number", "", &[("$number", 8)]),
    ("args_sizes_get $out $count", "", &[("$out", 4), ("$count", 4)]),
    ("environ_sizes_get $out $count", "", &[("$out", 4), ("$count", 4)]),
    ("random_get $buffer 32", "", &[("$buffer", 32)]),
];

/// An operation has started: its handle is kept, and is what can be waited for.
const PENDING: &str =
    "(global.set $pending (i32.load (global.get $out))) (call $items_are (global.get $pending))";

/// An operation went well.
const DONE: &str = "(call $holds (global.get $error) (i32.const 1))";

/// A program that takes these steps, with a memory of these limits, which it grows by so many pages first. It fills all of it; after each call
/// it makes good what the call was to write, and looks whether all is as it was. It ends with 50 and the number of the step where a call does
/// not do what it should, with 100 and that where another byte has changed, and with 150 and that where memory has grown.
fn owner_of_all_of_its_memory(limits: &str, grows_by: u32) -> String {
    let types = [
        ("fastly_kv_store", "open", "i32 i32 i32"),
        ("fastly_kv_store", "insert", "i32 i32 i32 i32 i32 i32 i32"),
        ("fastly_kv_store", "insert_wait", "i32 i32"),
        ("fastly_kv_store", "lookup", "i32 i32 i32 i32 i32 i32"),
        ("fastly_kv_store", "lookup_wait_v2", "i32 i32 i32 i32 i32 i32 i32"),
        ("fastly_kv_store", "list", "i32 i32 i32 i32"),
        ("fastly_kv_store", "list_wait", "i32 i32 i32"),
        ("fastly_kv_store", "delete", "i32 i32 i32 i32 i32 i32"),
        ("fastly_kv_store", "delete_wait", "i32 i32"),
        ("fastly_http_body", "body_new", "i32"),
        ("fastly_http_body", "body_read", "i32 i32 i32 i32"),
        ("fastly_http_body", "body_write", "i32 i32 i32 i32 i32"),
        ("fastly_async_io", "select", "i32 i32 i32 i32"),
        ("wasi_snapshot_preview1", "fd_write", "i32 i32 i32 i32"),
        ("wasi_snapshot_preview1", "clock_time_get", "i32 i64 i32"),
        ("wasi_snapshot_preview1", "args_sizes_get", "i32 i32"),
        ("wasi_snapshot_preview1", "environ_sizes_get", "i32 i32"),
        ("wasi_snapshot_preview1", "random_get", "i32 i32"),
    ];
    let imports: String = types
        .iter()
        .map(|(module, name, params)| {
            let public = name.trim_start_matches("body_");
            format!(r#"(import "{module}" "{public}" (func ${name} (param {params}) (result i32)))"#)
        })
        .collect();
    let argument = |ty: &str, argument: &str| match argument.strip_prefix('$') {
        Some(name) => format!("(global.get ${name})"),
        None => format!("({ty}.const {argument})"),
    };
    let mut steps = String::new();
    for (index, (call, after, written)) in OWNERS_STEPS.iter().enumerate() {
        let (name, arguments) = call.split_once(' ').unwrap();
        let (.., params) = types.iter().find(|(_, known, _)| *known == name).unwrap();
        let arguments: String =
            params.split(' ').zip(arguments.split(' ')).map(|(ty, text)| argument(ty, text)).collect();
        let made_good: String = written
            .iter()
            .map(|(at, bytes)| format!("(call $fill {} (i32.const {bytes}))", argument("i32", at)))
            .collect();
        writeln!(
            steps,
            "(global.set $step (i32.const {index})) (call $must (i32.eqz (call ${name} {arguments})) (i32.const 50))
             {after} {made_good} (call $unchanged)"
        )
        .unwrap();
    }
    format!(
        r#"(module {imports}
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") {limits})
        (data $inputs "skeyfull")
        (global $texts i32 (i32.const 40000))
        (global $key i32 (i32.const 40001))
        (global $options i32 (i32.const 40064))
        (global $insert_options i32 (i32.const 40128))
        (global $vectors i32 (i32.const 40200))
        (global $items i32 (i32.const 40208))
        (global $out i32 (i32.const 20000))
        (global $error i32 (i32.const 20008))
        (global $count i32 (i32.const 20016))
        (global $number i32 (i32.const 20024))
        (global $metadata i32 (i32.const 20036))
        (global $buffer i32 (i32.const 30001))
        (global $end (mut i32) (i32.const 0))
        (global $store (mut i32) (i32.const 0))
        (global $body (mut i32) (i32.const 0))
        (global $pending (mut i32) (i32.const 0))
        (global $step (mut i32) (i32.const 0))
        (global $pages (mut i32) (i32.const 0))
        (global $sum (mut i64) (i64.const 0))
        (func $must (param $holds i32) (param $else i32)
            (if (i32.eqz (local.get $holds)) (then (call $exit (i32.add (global.get $step) (local.get $else))))))
        (func $holds (param $at i32) (param $value i32)
            (call $must (i32.eq (i32.load (local.get $at)) (local.get $value)) (i32.const 50)))
        (func $is_as (param $at i32) (param $other i32)
            (call $must (i64.eq (i64.load (local.get $at)) (i64.load (local.get $other))) (i32.const 50)))
        (func $fill (param $at i32) (param $bytes i32)
            (loop $next
                (i32.store8 (local.get $at)
                    (i32.add (i32.mul (local.get $at) (i32.const 167)) (i32.shr_u (local.get $at) (i32.const 8))))
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (br_if $next (local.tee $bytes (i32.sub (local.get $bytes) (i32.const 1))))))
        ;; Another one whenever one byte is another one.
        (func $sum_of_all (result i64) (local $at i32) (local $sum i64)
            (loop $next
                (local.set $sum (i64.mul
                    (i64.xor (local.get $sum) (i64.load8_u (local.get $at)))
                    (i64.const 0x100000001b3)))
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (br_if $next (i32.lt_u (local.get $at) (i32.shl (memory.size) (i32.const 16)))))
            (local.get $sum))
        (func $items_are (param $handle i32)
            ;; A change of the program's own: what has been changed before it must not be lost.
            (call $fill (global.get $out) (i32.const 4))
            (call $unchanged)
            (i32.store (global.get $items) (local.get $handle))
            (global.set $sum (call $sum_of_all)))
        (func $unchanged
            (call $must (i32.eq (memory.size) (global.get $pages)) (i32.const 150))
            (call $must (i64.eq (call $sum_of_all) (global.get $sum)) (i32.const 100)))
        (func (export "_start")
            (drop (memory.grow (i32.const {grows_by})))
            (global.set $pages (memory.size))
            (global.set $end (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 8)))
            (call $fill (i32.const 0) (i32.shl (memory.size) (i32.const 16)))
            (memory.init $inputs (global.get $texts) (i32.const 0) (i32.const 8))
            (memory.fill (global.get $options) (i32.const 0) (i32.const 136))
            ;; Metadata: 8 bytes @64. And the text that is printed.
            (i32.store offset=8 (global.get $insert_options) (i32.const 64))
            (i32.store offset=12 (global.get $insert_options) (i32.const 8))
            (i32.store (global.get $vectors) (i32.add (global.get $texts) (i32.const 4)))
            (i32.store offset=4 (global.get $vectors) (i32.const 4))
            (global.set $sum (call $sum_of_all))
            {steps}))"#
    )
}

#[test]
fn a_program_that_owns_all_of_its_memory_keeps_every_byte() {
    let here = Workplace::new();
    for (limits, grows_by) in [("1", 0), ("1 1", 0), ("1 3", 2)] {
        here.wat("app.wasm", &owner_of_all_of_its_memory(limits, grows_by));
        here.run("componentize app.wasm --wasi=minimal -o app.component.wasm").good();
        for program in ["app.wasm", "app.component.wasm"] {
            let ended = here.run(&format!("run --store s --engine memory: {program}"));
            assert_eq!(ended.status, Some(0), "{program}, memory {limits}: {ended:?}");
            assert_eq!(ended.good(), "full", "{program}, memory {limits}");
        }
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
