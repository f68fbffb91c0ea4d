//! What is seen in a file.

use edgekv_compose::{FileError, Inspection, Kind, Target, inspect};

use crate::worlds::{KV, app, inspected, links};

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

#[test]
fn a_module_has_imports_exports_memories_and_a_name() {
    let module = wat(r#"(module $app
        (import "fastly_kv_store" "open" (func (param i32 i32 i32) (result i32)))
        (import "env" "memory" (memory 1))
        (memory 2 16)
        (table 1 funcref)
        (global (export "g") i32 (i32.const 0))
        (func (export "_start")))"#);
    let Inspection::Module(module) = inspect(&module).unwrap() else { panic!() };
    assert_eq!(module.name.as_deref(), Some("app"));
    assert!(module.is_program);
    let imports: Vec<_> = module.imports.iter().map(|i| (&*i.module, &*i.name, i.kind)).collect();
    assert_eq!(imports, [("fastly_kv_store", "open", Kind::Function), ("env", "memory", Kind::Memory)]);
    let exports: Vec<_> = module.exports.iter().map(|e| (&*e.name, e.kind)).collect();
    assert_eq!(exports, [("g", Kind::Global), ("_start", Kind::Function)]);
    assert_eq!(module.memories.len(), 1, "the imported one is not its own");
    let memory = module.memories[0];
    assert_eq!((memory.minimum_pages, memory.maximum_pages, memory.page_bytes), (2, Some(16), 65_536));
}

#[test]
fn a_start_that_takes_or_gives_something_makes_no_program() {
    for text in [
        "(module)",
        r#"(module (func (export "_start") (param i32)))"#,
        r#"(module (func (export "_start") (result i32) i32.const 0))"#,
        r#"(module (global (export "_start") i32 (i32.const 0)))"#,
    ] {
        let Inspection::Module(module) = inspect(&wat(text)).unwrap() else { panic!() };
        assert!(!module.is_program, "{text}");
    }
}

#[test]
fn a_component_of_a_compiler_has_interfaces_with_functions_and_no_parts() {
    let component = inspected(&app());
    let kv = component.imports.iter().find(|import| import.name == KV).unwrap();
    assert_eq!(kv.kind, Kind::Instance);
    assert!(kv.functions.contains(&"open".to_owned()), "{:?}", kv.functions);
    assert!(kv.functions.contains(&"[method]store.lookup".to_owned()), "{:?}", kv.functions);
    let run = &component.exports[0];
    assert_eq!((run.name.as_str(), &*run.functions), ("wasi:cli/run@0.2.12", &["run".to_owned()][..]));
    assert!(component.parts.is_empty(), "what only gives other names is no part: {:?}", component.parts);
    assert_eq!(component.memory_count, 1);
}

#[test]
fn memories_are_those_of_instances_and_not_of_modules() {
    let component = inspected(&wat(r#"(component
        (core module $twice (memory 1) (memory 2))
        (core module $never (memory 1))
        (core instance (instantiate $twice))
        (core instance (instantiate $twice))
        (component $inner
            (alias outer 1 $twice (core module $m))
            (core instance (instantiate $m)))
        (instance (instantiate $inner))
        (instance (instantiate $inner))
        (instance (instantiate $inner)))"#));
    assert_eq!(component.memory_count, 2 * 2 + 3 * 2);
    assert_eq!(component.modules.len(), 1);
    assert_eq!((component.modules[0].name.as_str(), component.modules[0].instances), ("twice", 2));
    assert_eq!(component.parts.len(), 3);
    assert_eq!(component.parts[0].name, "inner");
}

#[test]
fn links_are_followed_through_aliases_and_exports() {
    let component = inspected(&wat(r#"(component
        (import "host" (instance $host (export "f" (func))))
        (core module $code (memory 1))
        (component $provider
            (import "f" (func $f))
            (alias outer 1 $code (core module $m))
            (core instance (instantiate $m))
            (export "f" (func $f)))
        (component $user
            (import "f" (func $f))
            (import "g" (instance (export "f" (func))))
            (import "h" (instance (export "f" (func))))
            (alias outer 1 $code (core module $m))
            (core instance (instantiate $m)))
        (alias export $host "f" (func $host-f))
        (instance $p (instantiate $provider (with "f" (func $host-f))))
        (alias export $p "f" (func $p-f))
        (export $again "again" (func $p-f))
        (instance $bundle (export "f" (func $p-f)))
        (instance (instantiate $user (with "f" (func $again)) (with "g" (instance $bundle)) (with "h" (instance $p)))))"#));
    assert_eq!(links(&component), ["p f -> host", "user f -> p", "user g -> around", "user h -> p"]);
    assert_eq!(component.parts[0].links[0].target, Target::Part(1));
}

#[test]
fn what_is_no_webassembly_says_what_it_is() {
    assert_eq!(inspect(b"").unwrap_err(), FileError::Empty);
    assert_eq!(inspect(b"(module)").unwrap_err(), FileError::WasmText);
    assert_eq!(inspect(b"\xff\xff\xff\xff\xff\xff\xff\xff").unwrap_err(), FileError::Other);
    for cut in [&b"\0asm\x01\0\0\0\x01"[..], b"\0asm\x01\0"] {
        let error = inspect(cut).unwrap_err();
        assert!(matches!(error, FileError::Invalid { .. }), "{cut:?}: {error}");
    }
}
