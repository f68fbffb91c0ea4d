//! What cannot be linked, and what is said of it.

use edgekv_compose::{ComposeError, Part, compose};
use wasm_encoder::{RawSection, Section as _};

use crate::worlds::{app, component_alone, component_of, feature, layer, part};

fn said(app: Part<'_>, layers: &[Part<'_>]) -> String {
    compose(app, layers).unwrap_err().to_string()
}

#[test]
fn a_layer_that_nothing_wants_is_named_with_what_it_has_and_what_is_wanted() {
    let log = "package c:d@1.0.0; interface log { say: func(); } interface kv { get: func(); }";
    let app = component_alone(&[log, "package t:t; world w { import c:d/log@1.0.0; }"]);
    let layer = component_alone(&[log, "package t:t; world w { export c:d/kv@1.0.0; }"]);
    let said = said(part("app", &app), &[part("layer", &layer)]);
    assert_eq!(said, "layer satisfies nothing: it exports c:d/kv@1.0.0, and app imports c:d/log@1.0.0");
}

#[test]
fn layers_in_the_wrong_order_are_an_error() {
    let (app, layer, feature) = (app(), layer(), feature());
    let said = said(part("app", &app), &[part("feature", &feature), part("tenant", &layer)]);
    assert!(said.starts_with(
        "tenant satisfies nothing: it exports edgekv:kv/kv-store@0.1.0, and app and feature import "
    ));
    assert!(said.contains("edgekv:platform/origin@0.1.0"), "{said}");
    assert_eq!(said.matches("kv-store").count(), 1, "that of the app is satisfied: {said}");
}

#[test]
fn an_app_that_has_its_feature_already_is_told_so() {
    let (app, feature) = (app(), feature());
    let composed = compose(part("app", &app), &[part("feature", &feature)]).unwrap();
    let said = said(part("composed", &composed.component), &[part("feature", &feature)]);
    assert!(said.contains("feature satisfies nothing"), "{said}");
    assert!(said.ends_with("; it is composed already, so what it needed is in it"), "{said}");
}

/// Links an import of `wanted` with an export of `found`, both the inside of an interface.
fn mismatch(wanted: &str, found: &str) -> String {
    let package = |inside: &str| format!("package a:b@0.1.0; interface i {{ {inside} }}");
    let app = component_alone(&[&package(wanted), "package t:t; world w { import a:b/i@0.1.0; }"]);
    let layer = component_alone(&[&package(found), "package t:t; world w { export a:b/i@0.1.0; }"]);
    match compose(part("app", &app), &[part("layer", &layer)]) {
        Err(error @ ComposeError::Mismatch(_)) => {
            let said = error.to_string();
            let said = said.strip_prefix("layer does not fit app: of a:b/i@0.1.0, app wants ");
            said.unwrap_or_else(|| panic!("{error}")).to_owned()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn functions_that_differ_are_shown_as_they_are_written() {
    assert_eq!(
        mismatch("open: func(name: list<u8>) -> result<u32, u8>;", "open: func(name: string) -> u32;"),
        "`open: func(name: list<u8>) -> result<u32, u8>`, and layer has `open: func(name: string) -> u32`"
    );
    assert_eq!(mismatch("f: func(); g: func();", "f: func();"), "`g: func()`, and layer does not have it");
    assert_eq!(
        mismatch(
            "resource store { get: func(key: u8) -> option<store>; }",
            "resource store { get: func() -> option<store>; }"
        ),
        "`store.get: func(key: u8) -> option<store>`, and layer has `store.get: func() -> option<store>`"
    );
    assert_eq!(
        mismatch(
            "resource body { finish: static func(this: body) -> tuple<u8, result>; }",
            "resource body { finish: static func(this: borrow<body>) -> tuple<u8, result<_, u8>>; }"
        ),
        "`body.finish: static func(this: body) -> tuple<u8, result>`, and layer has `body.finish: static func(this: \
         borrow<body>) -> tuple<u8, result<_, u8>>`"
    );
}

#[test]
fn types_that_differ_are_shown_with_what_is_in_them() {
    assert_eq!(
        mismatch("enum error { bad, worse } f: func() -> error;", "enum error { bad } f: func() -> error;"),
        "`enum error { bad, worse }`, and layer has `enum error { bad }`"
    );
    assert_eq!(
        mismatch(
            "record entry { key: list<u8>, generation: u64 } f: func() -> entry;",
            "record entry { key: string } f: func() -> entry;"
        ),
        "`record entry { key: list<u8>, generation: u64 }`, and layer has `record entry { key: string }`"
    );
    assert_eq!(
        mismatch("variant v { a(u8), b } f: func() -> v;", "variant v { a(u16), b } f: func() -> v;"),
        "`variant v { a(u8), b }`, and layer has `variant v { a(u16), b }`"
    );
    assert_eq!(
        mismatch("flags f { a, b } g: func() -> f;", "type f = u8; g: func() -> f;"),
        "`flags f { a, b }`, and layer has `type f = u8`"
    );
}

#[test]
fn long_types_are_cut() {
    let cases = |last: &str| {
        let cases: Vec<_> = (0..200).map(|number| format!("a-long-name-of-case{number}")).collect();
        format!("enum e {{ {}, {last} }} f: func() -> e;", cases.join(", "))
    };
    let said = mismatch(&cases("x"), &cases("y"));
    assert!(said.contains("a-long-name-of-case9, "), "{said}");
    assert!(said.contains('…') && said.len() < 1200, "{said}");
    assert!(
        said.ends_with("(expected enum case 200 to be named `x`, found an enum case named `y`)"),
        "{said}"
    );
}

#[test]
fn what_two_parts_import_from_the_host_must_be_one_thing() {
    let package = |inside: &str| {
        format!("package a:b@0.1.0; interface i {{ {inside} }} interface kv {{ get: func(); }}")
    };
    let app = component_alone(&[
        &package("say: func(text: string);"),
        "package t:t; world w { import a:b/i@0.1.0; import a:b/kv@0.1.0; }",
    ]);
    let layer = component_alone(&[
        &package("say: func(text: list<u8>);"),
        "package t:t; world w { import a:b/i@0.1.0; export a:b/kv@0.1.0; }",
    ]);
    let said = said(part("app", &app), &[part("layer", &layer)]);
    assert!(
        said.starts_with("layer and app both import a:b/i@0.1.0 from the host, and mean different ones: "),
        "{said}"
    );
    assert!(said.contains("`say`") && said.ends_with("build both with the same WIT"), "{said}");
}

#[test]
fn a_resource_of_another_place_is_an_error_that_says_so() {
    // The layer has bodies of its own, and the application means those of the host.
    let app = component_of(
        "package test:app; world w { import edgekv:kv/kv-store@0.1.0; import edgekv:kv/bodies@0.1.0; }",
        "w",
    );
    let layer = component_of(
        "package test:l; world w { export edgekv:kv/bodies@0.1.0; export edgekv:kv/kv-store@0.1.0; }",
        "w",
    );
    // Both from the layer: that is fine.
    compose(part("app", &app), &[part("layer", &layer)]).unwrap();
    let near = component_of(
        "package test:n; world w { import edgekv:kv/bodies@0.1.0; export edgekv:kv/bodies@0.1.0; }",
        "w",
    );
    // Bodies from one, and a store with bodies of the other.
    let error = compose(part("app", &app), &[part("near", &near), part("layer", &layer)]).unwrap_err();
    assert!(matches!(error, ComposeError::Invalid { .. }), "{error:?}");
    let said = error.to_string();
    assert!(said.starts_with("app and near and layer cannot be linked: "), "{said}");
    assert!(said.contains("a resource, such as a body, must come from the same place"), "{said}");
}

#[test]
fn parts_that_are_no_components_say_what_they_are() {
    let (app, feature) = (app(), feature());
    let module = wat::parse_str("(module)").unwrap();
    let rows: [(&[u8], &str); 6] = [
        (&module, ": is a core module; make a component of it first, by `edgekv componentize`"),
        (b"", ": is empty"),
        (b"(component)", ": is WebAssembly text"),
        (b"fn main() {}", ": is a text file"),
        (b"\x7fELF\x02\x01\x01\xc8....", ": is compiled code"),
        (&feature[..feature.len() / 2], ": is not valid: "),
    ];
    for (bytes, words) in rows {
        let as_layer = said(part("app", &app), &[part("layer", bytes)]);
        assert!(as_layer.starts_with("layer") && as_layer.contains(words), "{as_layer}");
        let as_app = said(part("app", bytes), &[part("layer", &feature)]);
        assert!(as_app.starts_with("app") && as_app.contains(words), "{as_app}");
    }
}

#[test]
fn code_that_is_not_valid_is_told_of_its_part() {
    let app = app();
    // The body of the function leaves a value too many: only who looks at code sees that.
    let mut module = wat::parse_str(r#"(module (func (export "f") i32.const 7 drop))"#).unwrap();
    let drop = module.iter().rposition(|byte| *byte == 0x1a).unwrap();
    module[drop] = 0x01;
    let bad = component_with(&module);
    let said = said(part("app", &app), &[part("layer", &bad)]);
    assert!(said.starts_with("layer: is not valid: "), "{said}");
}

/// A component that exports the store, as far as names go, and has this module in it.
fn component_with(module: &[u8]) -> Vec<u8> {
    let mut bytes = feature();
    // A module behind everything else.
    RawSection { id: 1, data: module }.append_to(&mut bytes);
    bytes
}

#[test]
fn modules_and_components_are_not_linked() {
    let app = wat::parse_str(r#"(component (import "m" (core module)))"#).unwrap();
    let said = said(part("app", &app), &[part("feature", &feature())]);
    assert_eq!(said, "app: imports a module (\"m\"), and only interfaces and functions can be linked");
}

/// The interface that the layer of these tests has.
const INTERFACE: &str = r#"(import "a:b/i" (instance (export "f" (func))))"#;

/// Links a component that imports this beside it.
fn beside(imports: &str) -> Result<Vec<String>, String> {
    let layer = component_alone(&[
        "package a:b; interface i { f: func(); }",
        "package t:t; world w { export a:b/i; }",
    ]);
    let app = wat::parse_str(format!("(component {INTERFACE} {imports})")).unwrap();
    let composed = compose(part("app", &app), &[part("layer", &layer)]);
    composed.map(|composed| composed.imports).map_err(|error| error.to_string())
}

#[test]
fn what_no_wit_says_is_an_error_where_it_cannot_be_linked() {
    let shared = r#"(import "c:d/p" (instance $p (export "r" (type (sub resource))))) (alias export $p "r" (type $r))"#;
    let rows = [
        (
            r#"(import "r" (type $r (sub resource))) (import "g" (func (param "x" (borrow $r))))"#.to_owned(),
            "its import g is a function that borrows a resource; put it into an interface",
        ),
        (r#"(import "c:d/q" (instance (export "m" (core module))))"#.to_owned(), "has a module"),
        (r#"(import "c:d/q" (instance (export "c" (component))))"#.to_owned(), "has a component"),
        (format!(r#"{shared} (import "g" (func (result (own $r))))"#), "the resource r, which has no name there"),
        (
            format!(r#"{shared} (import "c:d/o" (instance (alias outer 1 $r (type $q)) (export "g" (func (result (own $q))))))"#),
            "its import c:d/o is about the resource r",
        ),
        (
            r#"(import "plain" (instance $p (export "r" (type (sub resource))))) (alias export $p "r" (type $r))
               (import "other" (instance (alias outer 1 $r (type $q)) (export "r" (type (eq $q)))))"#
                .to_owned(),
            "app cannot be linked: of other, used type `r` is from an interface without an identifier",
        ),
    ];
    for (imports, words) in rows {
        let said = beside(&imports).unwrap_err();
        assert!(said.starts_with("app cannot be linked: ") && said.contains(words), "{imports}: {said}");
    }
}

#[test]
fn what_can_be_linked_is_imported_as_it_was() {
    let shared = r#"(import "c:d/p" (instance $p (export "r" (type (sub resource))))) (alias export $p "r" (type $r))"#;
    let rows: [(String, &[&str]); 5] = [
        (
            format!(r#"{shared} (import "r" (type $s (eq $r))) (import "g" (func (result (own $s))))"#),
            &["c:d/p", "r", "g"],
        ),
        (
            r#"(import "r" (type $r (sub resource))) (import "g" (func (result (own $r))))"#.to_owned(),
            &["r", "g"],
        ),
        (
            format!(
                r#"{shared} (import "c:d/o" (instance (alias outer 1 $r (type $q)) (export "s" (type $s (eq $q))) (export "g" (func (result (own $s))))))"#
            ),
            &["c:d/p", "c:d/o"],
        ),
        (
            r#"(import "c:d/q" (instance (export "inner" (instance (export "f" (func))))))"#.to_owned(),
            &["c:d/q"],
        ),
        (r#"(import "g" (func async (param "x" (stream u8)) (result (future))))"#.to_owned(), &["g"]),
    ];
    for (imports, expected) in rows {
        assert_eq!(beside(&imports).unwrap(), expected, "{imports}");
    }
}
