//! `edgekv compose`: what it makes and prints, and what it says of parts that do not fit.

use std::fs;

use crate::workplace::Workplace;

/// A program that asks its store for a number, and ends well.
const APP: &str = r#"(component
    (import "edgekv:kv/kv-store@0.1.0" (instance $kv (export "get" (func (result u32)))))
    (import "example:odd/thing@1.0.0" (instance))
    (core module $app
        (import "kv" "get" (func $get (result i32)))
        (memory 2 16)
        (func (export "run") (result i32) (i32.ne (call $get) (i32.const 8))))
    (core func $get (canon lower (func $kv "get")))
    (core instance $app (instantiate $app (with "kv" (instance (export "get" (func $get))))))
    (func $run (result (result)) (canon lift (core func $app "run")))
    (instance $cli (export "run" (func $run)))
    (export "wasi:cli/run@0.2.12" (instance $cli)))"#;

/// A store that has one more than the store below it.
const MIDDLE: &str = r#"(component
    (import "edgekv:kv/kv-store@0.1.0" (instance $below (export "get" (func (result u32)))))
    (core module $middle
        (import "kv" "get" (func $get (result i32)))
        (memory 1)
        (func (export "get") (result i32) (i32.add (call $get) (i32.const 1))))
    (core func $get-below (canon lower (func $below "get")))
    (core instance $m (instantiate $middle (with "kv" (instance (export "get" (func $get-below))))))
    (func $get (result u32) (canon lift (core func $m "get")))
    (instance $kv (export "get" (func $get)))
    (export "edgekv:kv/kv-store@0.1.0" (instance $kv)))"#;

/// A store that has 7.
const STORE: &str = r#"(component
    (core module $store (memory 1 1) (func (export "get") (result i32) i32.const 7))
    (core instance $s (instantiate $store))
    (func $get (result u32) (canon lift (core func $s "get")))
    (instance $kv (export "get" (func $get)))
    (export "edgekv:kv/kv-store@0.1.0" (instance $kv)))"#;

fn workplace() -> Workplace {
    let here = Workplace::new();
    here.wat("app.component.wasm", APP);
    here.wat("middle.wasm", MIDDLE);
    here.wat("store.wasm", STORE);
    here
}

#[test]
fn layers_are_linked_and_what_is_left_to_the_host_is_told() {
    let here = workplace();
    let said = here.run("compose app.component.wasm --with middle.wasm --with store.wasm -o out.wasm").good();
    let (first, rest) = said.split_once('\n').unwrap();
    assert!(first.starts_with("out.wasm: ") && first.ends_with(" KiB, 3 memories"), "{said}");
    assert_eq!(
        rest,
        "app -> middle -> store -> host\nit imports from the host:\n  example:odd/thing@1.0.0  (this host does not have it)\n"
    );
    let again = here.run("compose app.component.wasm --with middle.wasm --with store.wasm -o again.wasm");
    again.good();
    assert!(fs::read(here.path("out.wasm")).unwrap() == fs::read(here.path("again.wasm")).unwrap());
}

#[test]
fn what_is_linked_runs() {
    let here = workplace();
    here.wat("plain.wasm", &APP.replace(r#"(import "example:odd/thing@1.0.0" (instance))"#, ""));
    here.run("compose plain.wasm --with middle.wasm --with store.wasm -o out.wasm").good();
    here.run("run --engine memory: out.wasm").good();
    // Without the layer between them, the application sees another number.
    here.run("compose plain.wasm --with store.wasm -o out.wasm").good();
    assert_eq!(here.run("run --engine memory: out.wasm").status, Some(1));
}

#[test]
fn parts_that_do_not_fit_are_one_line_with_both_types() {
    let here = workplace();
    here.wat("other.wasm", &STORE.replace("(result u32)", "(result s32)"));
    here.run("compose app.component.wasm --with other.wasm -o out.wasm").fails(
        126,
        &[
            "other does not fit app: of edgekv:kv/kv-store@0.1.0, app wants `get: func() -> u32`, and other has `get: \
              func() -> s32`",
        ],
    );
    here.run("compose app.component.wasm --with store.wasm --with middle.wasm -o out.wasm").fails(
        126,
        &["middle satisfies nothing: it exports edgekv:kv/kv-store@0.1.0, and app and store import example:odd/thing@1.0.0"],
    );
    assert!(!here.path("out.wasm").exists());
}

#[test]
fn files_that_are_no_components_are_named() {
    let here = workplace();
    here.wat("core.wasm", "(module)");
    here.file("text.wat", "(component)");
    here.file("cut.wasm", &wat::parse_str(STORE).unwrap()[..100]);
    fs::create_dir(here.path("folder")).unwrap();
    let rows: [(&str, i32, &[&str]); 5] = [
        ("core.wasm", 126, &["core: is a core module", "edgekv componentize"]),
        ("text.wat", 126, &["text: is WebAssembly text"]),
        ("cut.wasm", 126, &["cut: is not valid: ", "cut off or damaged"]),
        ("folder", 126, &["folder: is a directory"]),
        ("nowhere.wasm", 127, &["nowhere.wasm: there is no such file"]),
    ];
    for (file, status, words) in rows {
        here.run(&format!("compose app.component.wasm --with {file} -o out.wasm")).fails(status, words);
        here.run(&format!("compose {file} --with store.wasm -o out.wasm")).fails(status, words);
    }
    assert!(!here.path("out.wasm").exists());
}

#[test]
fn a_part_is_not_written_over() {
    let here = workplace();
    for (part, output) in [("app.component.wasm", "app.component.wasm"), ("store.wasm", "./store.wasm")] {
        let before = fs::read(here.path(part)).unwrap();
        let ended = here.run(&format!("compose app.component.wasm --with store.wasm -o {output}"));
        ended.fails(2, &[part, "would be written over itself", "-o"]);
        assert!(fs::read(here.path(part)).unwrap() == before);
    }
    here.run("compose app.component.wasm --with store.wasm -o nowhere/out.wasm")
        .fails(125, &["cannot write nowhere/out.wasm"]);
    here.run("compose app.component.wasm --with store.wasm").fails(2, &["--output", "edgekv compose --help"]);
    here.run("compose app.component.wasm -o out.wasm").fails(2, &["--with", "edgekv compose --help"]);
}

#[test]
fn the_help_has_flags_examples_and_statuses() {
    let here = Workplace::new();
    let help = here.run("compose --help").good();
    for text in [
        "--with <LAYER.wasm>",
        "--output <OUT.wasm>",
        "the outermost last",
        "Examples:",
        "Exit status:",
        "126",
        "127",
    ] {
        assert!(help.contains(text), "{text:?} is missing:\n{help}");
    }
}
