//! Legacy modules become components that are valid.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking, helpers of tests too")]

use std::fmt::Write as _;
use std::path::Path;

use edgekv_adapter::{ComponentizeError, Options, componentize};

/// Modules of the ABI that have no counterpart in a component of this kind.
const HTTP: [&str; 3] = ["fastly_http_req", "fastly_http_resp", "fastly_http_downstream"];

/// Every function of the ABI: its module, its name, and its type in the text format.
fn functions() -> Vec<(String, String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("witx");
    let mut files: Vec<_> = folder.read_dir().unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let document = witx::load(&files).unwrap();
    let mut functions = Vec::new();
    for module in document.modules() {
        for function in module.funcs() {
            let params = function.wasm_signature().0.into_iter().map(|ty| match ty {
                witx::WasmType::I32 => "i32",
                witx::WasmType::I64 => "i64",
                other => panic!("the ABI has no parameters of type {other:?}"),
            });
            let params: Vec<_> = params.collect();
            let ty = format!("(param {}) (result i32)", params.join(" "));
            functions.push((module.name.as_str().to_owned(), function.name.as_str().to_owned(), ty));
        }
    }
    assert!(functions.len() > 100, "only {} functions", functions.len());
    functions
}

/// A program that imports these functions, and does nothing.
fn program(imports: &[(String, String, String)]) -> Vec<u8> {
    let mut text = "(module".to_owned();
    for (module, name, ty) in imports {
        write!(text, r#"(import "{module}" "{name}" (func {ty}))"#).unwrap();
    }
    text.push_str(r#"(memory (export "memory") 1) (func (export "_start")))"#);
    wat::parse_str(text).unwrap()
}

fn validate(component: &[u8]) {
    wasmparser::Validator::new().validate_all(component).unwrap();
}

/// The text of a module, made binary, and what it is refused for.
fn refusal(module: &str) -> String {
    let module = wat::parse_str(module).unwrap();
    componentize(&module, &Options::default()).unwrap_err().to_string()
}

#[test]
fn every_function_of_the_abi_is_there_or_belongs_to_http() {
    let made = componentize(&program(&functions()), &Options::default()).unwrap();
    validate(&made.component);
    let missing: Vec<_> = made.unsupported.iter().filter(|import| !HTTP.contains(&&*import.module)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let of_http = functions().iter().filter(|(module, ..)| HTTP.contains(&module.as_str())).count();
    assert_eq!(made.unsupported.len(), of_http);
}

#[test]
fn every_function_is_enough_for_itself() {
    for function in functions() {
        let made = componentize(&program(std::slice::from_ref(&function)), &Options::default())
            .unwrap_or_else(|error| panic!("{function:?}: {error}"));
        validate(&made.component);
    }
}

#[test]
fn a_program_gets_only_what_it_needs() {
    let made = componentize(&program(&[]), &Options::default()).unwrap();
    validate(&made.component);
    let text = String::from_utf8_lossy(&made.component);
    assert!(text.contains("wasi:cli/run@0.2.12"));
    assert!(!text.contains("edgekv:"), "a program without imports imports nothing");
}

#[test]
fn names_of_very_old_programs_are_names_of_today() {
    let imports = [
        import("env", "xqd_init", "(param i64) (result i32)"),
        import("env", "xqd_body_read", "(param i32 i32 i32 i32) (result i32)"),
        import("env", "xqd_body_close_downstream", "(param i32) (result i32)"),
        import("env", "xqd_log_write", "(param i32 i32 i32 i32) (result i32)"),
        import("env", "xqd_req_new", "(param i32) (result i32)"),
        // As raw bindings declare it.
        import("fastly_object_store", "pending_insert_wait", "(param i32 i32) (result i32)"),
    ];
    let made = componentize(&program(&imports), &Options::default()).unwrap();
    validate(&made.component);
    let unsupported: Vec<_> = made.unsupported.iter().map(ToString::to_string).collect();
    assert_eq!(unsupported, ["env::xqd_req_new"]);
}

#[test]
fn what_is_no_program_is_refused_with_what_to_do() {
    let refused = |bytes: &[u8]| componentize(bytes, &Options::default()).unwrap_err();
    let component = wat::parse_str("(component)").unwrap();
    assert!(matches!(refused(&component), ComponentizeError::AlreadyComponent));
    assert!(matches!(refused(b"  (module)"), ComponentizeError::Text));
    assert!(matches!(refused(b"#!/bin/sh"), ComponentizeError::NotWasm));
    assert!(matches!(refused(b""), ComponentizeError::NotWasm));
    assert!(matches!(refused(b"\0asm"), ComponentizeError::Damaged { offset: 4, .. }));
    assert!(matches!(refused(b"\0asm\x02\0\0\0"), ComponentizeError::Version(2)));
    let whole = program(&functions());
    for length in [9, 20, whole.len() / 2, whole.len() - 1] {
        let error = refused(&whole[..length]);
        assert!(
            matches!(error, ComponentizeError::Damaged { .. } | ComponentizeError::NoMemory),
            "{length}: {error}"
        );
    }

    let memory = r#"(memory (export "memory") 1)"#;
    let start = r#"(func (export "_start"))"#;
    for (module, wanted) in [
        (format!("(module {start})"), "exports no memory"),
        (format!("(module {memory})"), "exports no function `_start`"),
        (
            format!(r#"(module (import "env" "memory" (memory 1)) {start})"#),
            "imports its memory from env::memory",
        ),
        (format!(r#"(module (import "env" "t" (table 1 funcref)) {memory} {start})"#), "the table env::t"),
        (format!(r#"(module (memory (export "memory") i64 1) {start})"#), "64-bit"),
        (format!(r#"(module (memory (export "memory") 1 1 shared) {start})"#), "shared between threads"),
        (format!(r#"(module {memory} (func (export "_start") (param i32)))"#), "`_start` is (i32)"),
        (
            format!(r#"(module (import "env" "f" (func)) {memory} {start})"#),
            "imports env::f, which nobody provides",
        ),
        (
            format!(
                r#"(module (import "fastly_kv_store" "open" (func (param i32) (result i32))) {memory} {start})"#
            ),
            "fastly_kv_store::open as (i32) -> i32; the ABI has it as (i32, i32, i32) -> i32",
        ),
        (
            format!(
                r#"(module (import "fastly_x" "f" (func (result i32))) (import "fastly_x" "f" (func (param i64) (result i32)))
                   {memory} {start})"#
            ),
            "fastly_x::f as () -> i32 and as (i64) -> i32",
        ),
    ] {
        let message = refusal(&module);
        assert!(message.contains(wanted), "{module}: {message}");
    }
}

#[test]
fn what_the_adapter_calls_itself_is_not_there_for_programs() {
    // Also not with the types that these have.
    for (module, name, ty) in [
        ("store", "get", "(param i32 i32 i32 i32)"),
        ("body", "read", "(param i32 i32 i32)"),
        ("body", "drop", "(param i32)"),
        ("system", "exit", "(param i32)"),
        ("runtime", "vcpu-ms", "(result i64)"),
        ("kv-store", "open", "(param i32 i32 i32)"),
    ] {
        let imports = [import(module, name, ty)];
        let error = componentize(&program(&imports), &Options::default()).unwrap_err().to_string();
        assert!(error.contains(&format!("imports {module}::{name}, which nobody provides")), "{error}");
    }
}

#[test]
fn many_imports_are_read_in_the_time_that_they_need() {
    // To compare each with all others would take many minutes.
    let mut types = wasm_encoder::TypeSection::new();
    types.ty().function([], [wasm_encoder::ValType::I32]);
    let mut imports = wasm_encoder::ImportSection::new();
    for number in 0..200_000 {
        imports.import("x", &number.to_string(), wasm_encoder::EntityType::Function(0));
    }
    let mut module = wasm_encoder::Module::new();
    module.section(&types).section(&imports);
    let module = module.finish();
    assert!(!edgekv_adapter::describes_itself(&module));
    let refused = componentize(&module, &Options::default()).unwrap_err();
    assert!(matches!(refused, ComponentizeError::NoMemory), "{refused}");
}

#[test]
fn a_list_of_what_nobody_provides_has_an_end() {
    let imports: Vec<_> = (0..100).map(|number| import("env", &format!("f{number}"), "")).collect();
    let error = componentize(&program(&imports), &Options::default()).unwrap_err().to_string();
    assert!(error.contains("env::f19 and 80 more, which nobody"), "{error}");
}

/// A function that programs import.
fn import(module: &str, name: &str, ty: &str) -> (String, String, String) {
    (module.to_owned(), name.to_owned(), ty.to_owned())
}

#[test]
fn a_start_function_is_called_when_the_adapter_is_there() {
    let module = wat::parse_str(
        r#"(module
            (import "fastly_abi" "init" (func $init (param i64) (result i32)))
            (memory (export "memory") 1)
            (global (export "edgekv-start") i32 (i32.const 0))
            (func $begin (drop (call $init (i64.const 1))))
            (func (export "_start"))
            (start $begin))"#,
    )
    .unwrap();
    for wasi in [edgekv_adapter::Wasi::Minimal, edgekv_adapter::Wasi::P2] {
        let made = componentize(&module, &Options { wasi }).unwrap();
        validate(&made.component);
        let starts = wasmparser::Parser::new(0)
            .parse_all(&made.component)
            .filter(|payload| matches!(payload, Ok(wasmparser::Payload::StartSection { .. })));
        assert_eq!(starts.count(), 0, "an instance of the program calls nothing");
        assert!(String::from_utf8_lossy(&made.component).contains("edgekv-start-"));
    }
}

#[test]
fn functions_that_components_cannot_export_are_refused() {
    let refused = |functions: &str| {
        let text = format!(r#"(module (memory (export "memory") 1) (func (export "_start")) {functions})"#);
        let module = wat::parse_str(text).unwrap();
        edgekv_adapter::componentize_with_functions(&module, &Options::default()).unwrap_err().to_string()
    };
    for (functions, wanted) in [
        (r#"(func (export "f") (param v128))"#, "f is (v128)"),
        (r#"(func (export "f") (result i32 i32) (unreachable))"#, "f is () -> (i32, i32)"),
        (r#"(func (export "a_b")) (func (export "a.b"))"#, "two functions would be exported as a-b"),
    ] {
        let message = refused(functions);
        assert!(message.contains(wanted), "{message}");
    }
}

#[test]
fn the_adapter_of_wasmtime_gives_programs_all_of_preview_1() {
    let path_open = "(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)";
    let imports = [
        import("wasi_snapshot_preview1", "path_open", path_open),
        import("wasi_snapshot_preview1", "fd_write", "(param i32 i32 i32 i32) (result i32)"),
        import("wasi_snapshot_preview1", "not_there", "(param i32) (result i32)"),
        import("fastly_kv_store", "open", "(param i32 i32 i32) (result i32)"),
    ];
    let options = Options { wasi: edgekv_adapter::Wasi::P2 };
    let made = componentize(&program(&imports), &options).unwrap();
    validate(&made.component);
    let text = String::from_utf8_lossy(&made.component);
    assert!(text.contains("wasi:filesystem/types@0.2"));
    assert!(!text.contains("edgekv:platform/system"));
    let unsupported: Vec<_> = made.unsupported.iter().map(ToString::to_string).collect();
    assert_eq!(unsupported, ["wasi_snapshot_preview1::not_there"]);

    // By itself, a program has no files.
    let made = componentize(&program(&imports), &Options::default()).unwrap();
    validate(&made.component);
    assert!(!String::from_utf8_lossy(&made.component).contains("wasi:filesystem"));
    let unsupported: Vec<_> = made.unsupported.iter().map(ToString::to_string).collect();
    assert_eq!(unsupported, ["wasi_snapshot_preview1::path_open", "wasi_snapshot_preview1::not_there"]);
}

#[test]
fn a_module_that_describes_its_interfaces_becomes_what_it_describes() {
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve
        .push_source(
            "test.wit",
            "package test:test; world test { import f: func(); export g: func() -> u32; }",
        )
        .unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let mut module = wat::parse_str(
        r#"(module (import "$root" "f" (func)) (memory (export "memory") 1) (func (export "g") (result i32) (i32.const 1)))"#,
    )
    .unwrap();
    assert!(!edgekv_adapter::describes_itself(&module));
    assert!(matches!(edgekv_adapter::encode(&module), Err(ComponentizeError::NoWit)));
    wit_component::embed_component_metadata(
        &mut module,
        &resolve,
        world,
        wit_component::StringEncoding::UTF8,
    )
    .unwrap();
    assert!(edgekv_adapter::describes_itself(&module));
    validate(&edgekv_adapter::encode(&module).unwrap());
}
