//! Imports that the host does not have, and old names of what it has.

use edgekv_host::{KvCtx, Stub, stub_unknown_imports};
use edgekv_store::{MemoryEngine, StoreName, Stores};
use tracing::Level;
use wasmtime::{Engine, Instance, Linker, Module, Store};

use crate::events;
use crate::guest::{Mode, kv, status};

/// The data of an embedder, which has more than the context.
struct Host {
    kv: KvCtx,
}

struct Linked {
    mode: Mode,
    linker: Linker<Host>,
    module: Module,
    stubs: Vec<Stub>,
}

impl Linked {
    /// A module in the text format, and a linker with the ABI and the stubs that the module needs.
    fn new(mode: Mode, text: &str) -> Self {
        let engine = Engine::default();
        let module = Module::new(&engine, text).unwrap();
        let mut linker = Linker::new(&engine);
        match mode {
            Mode::Blocking => edgekv_host::add_to_linker_sync(&mut linker, |host: &mut Host| &mut host.kv),
            _ => edgekv_host::add_to_linker(&mut linker, |host: &mut Host| &mut host.kv),
        }
        .unwrap();
        let stubs = stub_unknown_imports(&mut linker, &module).unwrap();
        Self { mode, linker, module, stubs }
    }

    fn names(&self) -> Vec<String> {
        self.stubs.iter().map(|stub| format!("{}.{}", stub.module, stub.name)).collect()
    }

    fn instantiate(&self) -> wasmtime::Result<(Store<Host>, Instance)> {
        let stores = Stores::new(MemoryEngine::new());
        stores.create(&StoreName::new("store").unwrap()).wait().unwrap();
        let mut store = Store::new(self.module.engine(), Host { kv: KvCtx::builder(stores).build() });
        let instance = match self.mode {
            Mode::Blocking => self.linker.instantiate(&mut store, &self.module),
            _ => pollster::block_on(self.linker.instantiate_async(&mut store, &self.module)),
        }?;
        Ok((store, instance))
    }

    /// Calls the export "run", in an instance of its own.
    fn run(&self) -> i32 {
        let (mut store, instance) = self.instantiate().unwrap();
        let run = instance.get_typed_func::<(), i32>(&mut store, "run").unwrap();
        match self.mode {
            Mode::Blocking => run.call(&mut store, ()),
            _ => pollster::block_on(run.call_async(&mut store, ())),
        }
        .unwrap()
    }
}

/// A test for each mode.
macro_rules! link_test {
    ($name:ident, |$mode:ident| $body:block) => {
        mod $name {
            use super::*;

            fn run($mode: Mode) {
                $body
            }

            #[test]
            fn blocking() {
                run(Mode::Blocking);
            }

            #[test]
            fn asynchronous() {
                run(Mode::Asynchronous);
            }
        }
    };
}

link_test!(what_is_not_there_links_and_answers_unsupported, |mode| {
    let linked = Linked::new(
        mode,
        r#"(module
            (import "fastly_made_up" "wide" (func $wide (param i64 f32 i32) (result i32)))
            (import "fastly_made_up" "none" (func $none (result i32)))
            (import "fastly_kv_store" "made_up" (func $known_module (param i32) (result i32)))
            (import "fastly_made_up" "none" (func $again (result i32)))
            (import "fastly_kv_store" "open" (func $open (param i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (func (export "run") (result i32)
                (call $wide (i64.const -1) (f32.const 1) (i32.const 2))
                (i32.mul (call $none) (i32.const 10)) (i32.add)
                (i32.mul (call $known_module (i32.const 0)) (i32.const 100)) (i32.add)
                (i32.mul (call $open (i32.const 0) (i32.const 0) (i32.const 0)) (i32.const 1000)) (i32.add)))"#,
    );
    assert_eq!(
        linked.names(),
        ["fastly_made_up.wide", "fastly_made_up.none", "fastly_kv_store.made_up"],
        "each once, and none that is there"
    );
    assert_eq!(linked.run(), status::UNSUPPORTED * 111 + status::INVAL * 1000);
});

link_test!(a_stub_is_reported_when_it_is_called_first, |mode| {
    let linked = Linked::new(
        mode,
        r#"(module
            (import "fastly_made_up" "called" (func $called (result i32)))
            (import "fastly_made_up" "not_called" (func $not_called (result i32)))
            (memory (export "memory") 1)
            (func (export "run") (result i32) (drop (call $called)) (call $called)))"#,
    );
    let events = events::of(|| {
        for _instance in 0..3 {
            assert_eq!(linked.run(), status::UNSUPPORTED);
        }
    });
    let warnings: Vec<_> = events.iter().filter(|event| event.level == Level::WARN).collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].fields["message"].contains("fastly_made_up::called"), "{warnings:?}");
});

link_test!(what_does_not_belong_to_the_abi_stays_unknown, |mode| {
    for import in [
        r#"(import "other" "function" (func (result i32)))"#,
        r#"(import "fastly_made_up" "no_status" (func (param i32)))"#,
        r#"(import "fastly_made_up" "two" (func (result i32 i32)))"#,
        r#"(import "fastly_made_up" "wide" (func (result i64)))"#,
        r#"(import "fastly_made_up" "memory" (memory 1))"#,
        r#"(import "env" "xqd_made_up" (func (result i32)))"#,
        r#"(import "env" "xqd_body_made_up" (func (result i32)))"#,
        r#"(import "env" "xqd_" (func (result i32)))"#,
        r#"(import "env" "body_new" (func (result i32)))"#,
    ] {
        let linked = Linked::new(mode, &format!("(module {import})"));
        assert_eq!(linked.stubs, [], "{import}");
        let error = linked.instantiate().err().unwrap_or_else(|| panic!("{import} was linked"));
        assert!(format!("{error:#}").contains("unknown import"), "{error:#}");
    }
});

link_test!(a_function_that_is_there_keeps_its_type, |mode| {
    let linked = Linked::new(mode, r#"(module (import "fastly_http_body" "new" (func (result i32))))"#);
    assert_eq!(linked.stubs, []);
    let error = linked.instantiate().err().unwrap();
    assert!(format!("{error:#}").contains("incompatible import type"), "{error:#}");
});

link_test!(names_of_very_old_guests_are_names_of_what_is_there, |mode| {
    let linked = Linked::new(
        mode,
        r#"(module
            (import "env" "xqd_init" (func $init (param i64) (result i32)))
            (import "env" "xqd_body_new" (func $new (param i32) (result i32)))
            (import "env" "xqd_body_close" (func $close (param i32) (result i32)))
            (import "env" "xqd_body_close_downstream" (func $close_downstream (param i32) (result i32)))
            (import "env" "xqd_log_endpoint_get" (func $log (param i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (func (export "run") (result i32)
                (call $init (i64.const 1))
                (i32.or (call $new (i32.const 8)))
                (i32.or (call $close_downstream (i32.load (i32.const 8))))
                (i32.or (call $log (i32.const 8) (i32.const 1) (i32.const 16)))
                (i32.mul (call $close (i32.load (i32.const 8))) (i32.const 10)) (i32.add)))"#,
    );
    assert_eq!(linked.stubs, []);
    assert_eq!(linked.run(), status::BADF * 10, "all but the last, of what is closed already, succeed");
});

/// All names that hosts offer to very old guests in the module `env`, without `xqd_`: module, beginning of the old names, beginning of the
/// names of today, and how both go on.
const OLD_NAMES: &[(&str, &str, &str, &[&str])] = &[
    ("fastly_abi", "", "", &["init"]),
    ("fastly_http_body", "body_", "", &["append", "new", "read", "write", "close"]),
    ("fastly_log", "log_", "", &["endpoint_get", "write"]),
    (
        "fastly_http_req",
        "req_",
        "",
        &[
            "body_downstream_get",
            "cache_override_set",
            "downstream_client_ip_addr",
            "downstream_client_request_id",
            "downstream_tls_cipher_openssl_name",
            "downstream_tls_protocol",
            "downstream_tls_client_hello",
            "new",
            "header_names_get",
            "original_header_names_get",
            "original_header_count",
            "header_value_get",
            "header_values_get",
            "header_values_set",
            "header_insert",
            "header_append",
            "header_remove",
            "method_get",
            "method_set",
            "uri_get",
            "uri_set",
            "version_get",
            "version_set",
            "send",
            "send_async",
            "send_async_streaming",
        ],
    ),
    ("fastly_http_req", "pending_req_", "pending_req_", &["poll", "wait", "select"]),
    (
        "fastly_http_resp",
        "resp_",
        "",
        &[
            "new",
            "header_names_get",
            "header_value_get",
            "header_values_get",
            "header_values_set",
            "header_insert",
            "header_append",
            "header_remove",
            "version_get",
            "version_set",
            "status_get",
            "status_set",
            "send_downstream",
        ],
    ),
];

link_test!(every_name_of_very_old_guests_links_with_the_type_of_today, |mode| {
    let document = crate::guest::document();
    let mut imports = String::new();
    for &(module, old, new, names) in OLD_NAMES {
        for name in names {
            let today =
                document.module(&module.into()).unwrap().func(&format!("{new}{name}").as_str().into());
            let params =
                crate::guest::params(&today.unwrap_or_else(|| panic!("{module} has no {new}{name}")));
            let ty = format!("(param {}) (result i32)", params.join(" "));
            imports += &format!(r#"(import "env" "xqd_{old}{name}" (func {ty}))"#);
        }
    }
    imports += r#"(import "env" "xqd_body_close_downstream" (func (param i32) (result i32)))"#;
    let linked = Linked::new(mode, &format!("(module {imports})"));
    assert_eq!(linked.stubs, [], "none of them is only a stub");
    linked.instantiate().unwrap();
});

const INSERT_OF_RAW_BINDINGS: &str = r#"(module
    (import "fastly_kv_store" "open" (func $open (param i32 i32 i32) (result i32)))
    (import "fastly_http_body" "new" (func $new (param i32) (result i32)))
    (import "fastly_object_store" "insert_async" (func $insert (param i32 i32 i32 i32 i32) (result i32)))
    (import "fastly_object_store" "pending_insert_wait" (func $wait (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 16) "store")
    (func (export "run") (result i32)
        (call $open (i32.const 16) (i32.const 5) (i32.const 32))
        (i32.or (call $new (i32.const 36)))
        (i32.or (call $insert (i32.load (i32.const 32)) (i32.const 16) (i32.const 5)
            (i32.load (i32.const 36)) (i32.const 40)))
        (i32.or (call $wait (i32.load (i32.const 40)) (i32.const 44)))
        (i32.mul (i32.const 100))
        (i32.add (i32.load (i32.const 44)))))"#;

link_test!(the_insert_wait_of_raw_bindings_stores_a_kv_error, |mode| {
    let linked = Linked::new(mode, INSERT_OF_RAW_BINDINGS);
    assert_eq!(linked.stubs, []);
    assert_eq!(linked.run().cast_unsigned(), kv::OK, "and all statuses are 0");
});

link_test!(whether_a_linker_lets_definitions_be_replaced_stays_as_it_was, |mode| {
    for allowed in [false, true] {
        let mut linked = Linked::new(mode, "(module)");
        linked.linker.allow_shadowing(allowed);
        let module = Module::new(linked.module.engine(), INSERT_OF_RAW_BINDINGS).unwrap();
        stub_unknown_imports(&mut linked.linker, &module).unwrap();
        let again = linked.linker.func_wrap("fastly_abi", "init", |_: i64| 0_i32);
        assert_eq!(again.is_ok(), allowed);
    }
});

#[test]
fn a_module_of_another_engine_is_an_error() {
    let module = Module::new(&Engine::default(), "(module)").unwrap();
    let mut linker = Linker::<()>::new(&Engine::default());
    let error = stub_unknown_imports(&mut linker, &module).unwrap_err();
    assert!(error.to_string().contains("two different engines"), "{error}");
}
