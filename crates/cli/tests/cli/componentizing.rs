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
            (memory (export "memory") 1) (func (export "_start")))"#,
    );
    let said = here.run("componentize app.wasm -o out.wasm").good();
    let (_, rest) = said.split_once('\n').unwrap();
    assert_eq!(
        rest,
        "it imports 2 functions that only answer `unsupported` in a component:\n  fastly_http_req::new\n  fastly_acl::open\n\
         a program that answers requests is served as it is, by `edgekv serve`, or built again with the SDK\n"
    );
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
