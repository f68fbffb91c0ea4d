//! The wasm signatures, enum numbers and record layouts that existing guests were compiled against.
//!
//! The numbers here are typed in from the contract, not derived from the witx text: that is what is tested.

use witx::{Layout, Type, WasmType};

use crate::guest::document;

/// Module, function, number of parameters.
const FUNCTIONS: &[(&str, &str, usize)] = &[
    ("fastly_abi", "init", 1),
    ("fastly_kv_store", "open", 3),
    ("fastly_kv_store", "lookup", 6),
    ("fastly_kv_store", "lookup_wait", 7),
    ("fastly_kv_store", "lookup_wait_v2", 7),
    ("fastly_kv_store", "insert", 7),
    ("fastly_kv_store", "insert_wait", 2),
    ("fastly_kv_store", "delete", 6),
    ("fastly_kv_store", "delete_wait", 2),
    ("fastly_kv_store", "list", 4),
    ("fastly_kv_store", "list_wait", 3),
    ("fastly_http_body", "append", 2),
    ("fastly_http_body", "new", 1),
    ("fastly_http_body", "read", 4),
    ("fastly_http_body", "write", 5),
    ("fastly_http_body", "close", 1),
    ("fastly_http_body", "abandon", 1),
    ("fastly_http_body", "trailer_append", 5),
    ("fastly_http_body", "trailer_names_get", 6),
    ("fastly_http_body", "trailer_value_get", 6),
    ("fastly_http_body", "trailer_values_get", 8),
    ("fastly_http_body", "known_length", 2),
    ("fastly_async_io", "select", 4),
    ("fastly_async_io", "is_ready", 2),
    ("fastly_object_store", "open", 3),
    ("fastly_object_store", "lookup", 4),
    ("fastly_object_store", "lookup_async", 4),
    ("fastly_object_store", "pending_lookup_wait", 2),
    ("fastly_object_store", "insert", 4),
    ("fastly_object_store", "insert_async", 5),
    ("fastly_object_store", "pending_insert_wait", 1),
    ("fastly_object_store", "delete_async", 4),
    ("fastly_object_store", "pending_delete_wait", 1),
    ("fastly_log", "endpoint_get", 3),
    ("fastly_log", "write", 4),
    ("fastly_compute_runtime", "get_vcpu_ms", 1),
    ("fastly_compute_runtime", "get_heap_mib", 1),
    ("fastly_compute_runtime", "has_domain_inspector", 1),
    ("fastly_compute_runtime", "has_image_optimizer", 1),
    ("fastly_compute_runtime", "has_origin_inspector", 1),
];

#[test]
fn every_function_has_the_wasm_signature_that_guests_import() {
    let document = document();
    for &(module, function, params) in FUNCTIONS {
        let signature = document
            .module(&module.into())
            .and_then(|module| module.func(&function.into()))
            .unwrap_or_else(|| panic!("{module}.{function} is missing"))
            .wasm_signature();
        let param = if function == "init" { WasmType::I64 } else { WasmType::I32 };
        assert_eq!(signature, (vec![param; params], vec![WasmType::I32]), "{module}.{function}");
    }
    let all: usize = document.modules().map(|module| module.funcs().count()).sum();
    assert_eq!(all, FUNCTIONS.len(), "a function is in the witx text and not in this table");
}

/// What the linker offers is what the witx text says: a module that imports exactly that links, and one that imports a
/// function with another type does not.
#[test]
fn the_host_offers_the_signatures_of_the_witx_text() {
    let engine = wasmtime::Engine::default();
    for linked in [
        |linker: &mut wasmtime::Linker<edgekv_host::KvCtx>| edgekv_host::add_to_linker(linker, |ctx| ctx),
        |linker: &mut wasmtime::Linker<edgekv_host::KvCtx>| {
            edgekv_host::add_to_linker_sync(linker, |ctx| ctx)
        },
    ] {
        let mut linker = wasmtime::Linker::new(&engine);
        linked(&mut linker).unwrap();
        let stores = edgekv_store::Stores::new(edgekv_store::MemoryEngine::new());
        let mut store = wasmtime::Store::new(&engine, edgekv_host::KvCtx::builder(stores).build());
        for &(module, function, params) in FUNCTIONS {
            let ty = linker.get(&mut store, module, function).unwrap().ty(&store);
            let ty = ty.unwrap_func().clone();
            let param = if function == "init" { "i64" } else { "i32" };
            let got: Vec<_> = ty.params().map(|param| param.to_string()).collect();
            assert_eq!(got, vec![param; params], "{module}.{function}");
            assert_eq!(ty.results().map(|result| result.to_string()).collect::<Vec<_>>(), ["i32"]);
        }
    }
}

#[test]
fn every_enum_and_mask_has_the_numbers_that_guests_know() {
    let expected: &[(&str, &[&str])] = &[
        (
            "fastly_status",
            &[
                "ok",
                "error",
                "inval",
                "badf",
                "buflen",
                "unsupported",
                "badalign",
                "httpinvalid",
                "httpuser",
                "httpincomplete",
                "none",
                "httpheadtoolarge",
                "httpinvalidstatus",
                "limitexceeded",
                "again",
            ],
        ),
        (
            "kv_error",
            &[
                "uninitialized",
                "ok",
                "bad_request",
                "not_found",
                "precondition_failed",
                "payload_too_large",
                "internal_error",
                "too_many_requests",
            ],
        ),
        ("kv_insert_mode", &["overwrite", "add", "append", "prepend"]),
        ("kv_list_mode", &["strong", "eventual"]),
        ("body_write_end", &["back", "front"]),
        ("kv_lookup_config_options", &["reserved"]),
        ("kv_delete_config_options", &["reserved", "if_generation_match"]),
        (
            "kv_insert_config_options",
            &[
                "reserved",
                "background_fetch",
                "reserved_2",
                "metadata",
                "time_to_live_sec",
                "if_generation_match",
            ],
        ),
        ("kv_list_config_options", &["reserved", "cursor", "limit", "prefix"]),
    ];
    let document = document();
    for &(name, members) in expected {
        let ty = document.typename(&name.into()).unwrap_or_else(|| panic!("{name} is missing"));
        let (got, repr): (Vec<String>, _) = match &**ty.type_() {
            Type::Variant(ty) => {
                (ty.cases.iter().map(|case| case.name.as_str().to_owned()).collect(), ty.tag_repr)
            }
            Type::Record(ty) => (
                ty.members.iter().map(|member| member.name.as_str().to_owned()).collect(),
                ty.bitflags_repr().unwrap(),
            ),
            other => panic!("{name} is {other:?}"),
        };
        // The n-th name is the number n, or the bit n.
        assert_eq!(
            (got, repr),
            (members.iter().map(|&m| m.to_owned()).collect(), witx::IntRepr::U32),
            "{name}"
        );
    }
}

#[test]
fn every_record_has_the_layout_that_guests_lay_out() {
    // Record, size, alignment, offsets of its fields.
    let expected: &[(&str, usize, usize, &[usize])] = &[
        ("kv_lookup_config", 4, 4, &[0]),
        ("kv_delete_config", 4, 4, &[0]),
        ("kv_delete_config_v2", 16, 8, &[0, 8]),
        ("kv_insert_config", 32, 8, &[0, 4, 8, 12, 16, 24]),
        ("kv_list_config", 24, 4, &[0, 4, 8, 12, 16, 20]),
    ];
    for &(name, size, align, offsets) in expected {
        let ty = document().typename(&name.into()).unwrap();
        let Type::Record(record) = &**ty.type_() else { panic!("{name} is not a record") };
        let got: Vec<_> = record.member_layout().iter().map(|member| member.offset).collect();
        assert_eq!((record.mem_size(), record.mem_align(), &*got), (size, align, offsets), "{name}");
    }
}
