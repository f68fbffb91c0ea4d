//! Guests made of steps, as WebAssembly text: what a test needs, and no compiler for the guest side.

use std::fmt::Write;

/// What a guest does next.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step<'a> {
    /// Writes an entry: store, key, value.
    Insert(&'a str, &'a str, &'a str),
    /// Starts to write an entry, and does not wait for it.
    StartInsert(&'a str, &'a str, &'a str),
    /// Starts to write this many entries of this many bytes each, `k0` and so on, and does not wait for them: store,
    /// count, bytes.
    StartLargeInserts(&'a str, usize, usize),
    /// Traps unless these entries are there, with all of their bytes.
    CheckLargeInserts(&'a str, usize, usize),
    /// Deletes an entry.
    Delete(&'a str, &'a str),
    /// Prints a value and a line feed, or a line with `-` when there is none.
    Show(&'a str, &'a str),
    /// Traps unless opening the store answers that there is none.
    CannotOpen(&'a str),
    /// Prints a text and a line feed.
    Print(&'a str),
    /// Waits for something on standard input, or for its end.
    Read,
    /// Does nothing for ever.
    Spin,
    /// Ends the program with this status.
    Exit(i32),
    /// Ends the program by a trap.
    Trap,
}

/// Where texts begin in memory; below are handles and other results, above what is read.
const TEXTS: usize = 1024;

/// Where large values begin, in memory that is added for them.
const LARGE: usize = 2 * 65536;

const PRELUDE: &str = r#"
    (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
    (import "fastly_http_body" "new" (func $body_new (param i32) (result i32)))
    (import "fastly_http_body" "write" (func $body_write (param i32 i32 i32 i32 i32) (result i32)))
    (import "fastly_http_body" "read" (func $body_read (param i32 i32 i32 i32) (result i32)))
    (import "fastly_http_body" "known_length" (func $body_length (param i32 i32) (result i32)))
    (import "fastly_kv_store" "open" (func $open (param i32 i32 i32) (result i32)))
    (import "fastly_kv_store" "insert" (func $insert (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (import "fastly_kv_store" "insert_wait" (func $insert_wait (param i32 i32) (result i32)))
    (import "fastly_kv_store" "delete" (func $delete (param i32 i32 i32 i32 i32 i32) (result i32)))
    (import "fastly_kv_store" "delete_wait" (func $delete_wait (param i32 i32) (result i32)))
    (import "fastly_kv_store" "lookup" (func $lookup (param i32 i32 i32 i32 i32 i32) (result i32)))
    (import "fastly_kv_store" "lookup_wait_v2" (func $lookup_wait (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 2)

    ;; 0 store, 4 body, 8 count, 12 pending operation, 16 kv error, 24 generation, 32 buffer of WASI, 48 its count;
    ;; 64 a record of options, all zero; 65536 what is read
    (func $check (param $status i32) (if (local.get $status) (then unreachable)))
    (func $done (if (i32.ne (i32.load (i32.const 16)) (i32.const 1)) (then unreachable)))
    (func $find (param $name i32) (param $length i32)
        (call $check (call $open (local.get $name) (local.get $length) (i32.const 0))))
    (func $start_insert (param $key i32) (param $key_length i32) (param $value i32) (param $value_length i32)
        (call $check (call $body_new (i32.const 4)))
        (call $check (call $body_write (i32.load (i32.const 4)) (local.get $value) (local.get $value_length)
            (i32.const 0) (i32.const 8)))
        (call $check (call $insert (i32.load (i32.const 0)) (local.get $key) (local.get $key_length)
            (i32.load (i32.const 4)) (i32.const 0) (i32.const 64) (i32.const 12))))
    (func $finish_insert
        (call $check (call $insert_wait (i32.load (i32.const 12)) (i32.const 16)))
        (call $done))
    (func $has_length (param $key i32) (param $key_length i32) (param $bytes i64)
        (call $find_entry (local.get $key) (local.get $key_length))
        (call $done)
        (call $check (call $body_length (i32.load (i32.const 4)) (i32.const 24)))
        (if (i64.ne (i64.load (i32.const 24)) (local.get $bytes)) (then unreachable)))
    (func $remove (param $key i32) (param $key_length i32)
        (call $check (call $delete (i32.load (i32.const 0)) (local.get $key) (local.get $key_length)
            (i32.const 0) (i32.const 64) (i32.const 12)))
        (call $check (call $delete_wait (i32.load (i32.const 12)) (i32.const 16)))
        (call $done))
    (func $print (param $text i32) (param $length i32)
        (i32.store (i32.const 32) (local.get $text))
        (i32.store (i32.const 36) (local.get $length))
        (call $check (call $fd_write (i32.const 1) (i32.const 32) (i32.const 1) (i32.const 48)))
        (i32.store8 (i32.const 56) (i32.const 10))
        (i32.store (i32.const 32) (i32.const 56))
        (i32.store (i32.const 36) (i32.const 1))
        (call $check (call $fd_write (i32.const 1) (i32.const 32) (i32.const 1) (i32.const 48))))
    (func $find_entry (param $key i32) (param $key_length i32)
        (call $check (call $lookup (i32.load (i32.const 0)) (local.get $key) (local.get $key_length)
            (i32.const 0) (i32.const 64) (i32.const 12)))
        (call $check (call $lookup_wait (i32.load (i32.const 12)) (i32.const 4) (i32.const 65536) (i32.const 2000)
            (i32.const 8) (i32.const 24) (i32.const 16))))
    (func $show (param $key i32) (param $key_length i32)
        (call $find_entry (local.get $key) (local.get $key_length))
        (if (i32.eq (i32.load (i32.const 16)) (i32.const 3))
            (then
                (i32.store8 (i32.const 60) (i32.const 45))
                (call $print (i32.const 60) (i32.const 1)))
            (else
                (call $done)
                (call $check
                    (call $body_read (i32.load (i32.const 4)) (i32.const 65536) (i32.const 4096) (i32.const 8)))
                (call $print (i32.const 65536) (i32.load (i32.const 8))))))
    (func $read
        (i32.store (i32.const 32) (i32.const 65536))
        (i32.store (i32.const 36) (i32.const 16))
        (call $check (call $fd_read (i32.const 0) (i32.const 32) (i32.const 1) (i32.const 48))))
"#;

/// The text of a guest that takes these steps, and then returns.
pub(crate) fn program(steps: &[Step<'_>]) -> String {
    let mut texts = String::new();
    let mut code = String::new();
    let mut text = |text: &str| {
        let at = TEXTS + texts.len();
        texts.push_str(text);
        format!("(i32.const {at}) (i32.const {})", text.len())
    };
    for step in steps {
        let line = match *step {
            Step::Insert(store, key, value) => {
                let start = format!(
                    "(call $find {}) (call $start_insert {} {})",
                    text(store),
                    text(key),
                    text(value)
                );
                start + " (call $finish_insert)"
            }
            Step::StartInsert(store, key, value) => {
                format!("(call $find {}) (call $start_insert {} {})", text(store), text(key), text(value))
            }
            Step::StartLargeInserts(store, count, bytes) => {
                let mut code = format!(
                    "(drop (memory.grow (i32.const {}))) (call $find {})",
                    bytes.div_ceil(65536),
                    text(store)
                );
                for number in 0..count {
                    let key = text(&format!("k{number}"));
                    write!(code, " (call $start_insert {key} (i32.const {LARGE}) (i32.const {bytes}))")
                        .unwrap();
                }
                code
            }
            Step::CheckLargeInserts(store, count, bytes) => {
                let mut code = format!("(call $find {})", text(store));
                for number in 0..count {
                    let key = text(&format!("k{number}"));
                    write!(code, " (call $has_length {key} (i64.const {bytes}))").unwrap();
                }
                code
            }
            Step::Delete(store, key) => format!("(call $find {}) (call $remove {})", text(store), text(key)),
            Step::Show(store, key) => format!("(call $find {}) (call $show {})", text(store), text(key)),
            Step::CannotOpen(store) => {
                format!("(call $check (i32.ne (call $open {} (i32.const 0)) (i32.const 2)))", text(store))
            }
            Step::Print(line) => format!("(call $print {})", text(line)),
            Step::Read => "(call $read)".to_owned(),
            Step::Spin => "(loop $forever (br $forever))".to_owned(),
            Step::Exit(status) => format!("(call $proc_exit (i32.const {status}))"),
            Step::Trap => "unreachable".to_owned(),
        };
        writeln!(code, "        {line}").unwrap();
    }
    assert!(
        TEXTS + texts.len() < 65536 && texts.chars().all(|c| c != '"' && c != '\\'),
        "texts are written as they are"
    );
    format!(
        "(module{PRELUDE}\n    (data (i32.const {TEXTS}) \"{texts}\")\n    (func $main (export \"_start\")\n{code}    ))"
    )
}
