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
    ("fastly_http_req", "body_downstream_get", 2),
    ("fastly_http_req", "new", 1),
    ("fastly_http_req", "close", 1),
    ("fastly_http_req", "method_get", 4),
    ("fastly_http_req", "method_set", 3),
    ("fastly_http_req", "uri_get", 4),
    ("fastly_http_req", "uri_set", 3),
    ("fastly_http_req", "version_get", 2),
    ("fastly_http_req", "version_set", 2),
    ("fastly_http_req", "header_names_get", 6),
    ("fastly_http_req", "header_value_get", 6),
    ("fastly_http_req", "header_values_get", 8),
    ("fastly_http_req", "header_values_set", 5),
    ("fastly_http_req", "header_insert", 5),
    ("fastly_http_req", "header_append", 5),
    ("fastly_http_req", "header_remove", 3),
    ("fastly_http_req", "original_header_names_get", 5),
    ("fastly_http_req", "original_header_count", 1),
    ("fastly_http_req", "framing_headers_mode_set", 2),
    ("fastly_http_req", "auto_decompress_response_set", 2),
    ("fastly_http_req", "cache_override_set", 4),
    ("fastly_http_req", "cache_override_v2_set", 6),
    ("fastly_http_req", "cache_override_v3_set", 3),
    ("fastly_http_req", "fastly_key_is_valid", 1),
    ("fastly_http_req", "send", 6),
    ("fastly_http_req", "send_v2", 7),
    ("fastly_http_req", "send_v3", 7),
    ("fastly_http_req", "send_async", 5),
    ("fastly_http_req", "send_async_streaming", 5),
    ("fastly_http_req", "send_async_v2", 6),
    ("fastly_http_req", "pending_req_header_insert", 6),
    ("fastly_http_req", "pending_req_header_append", 6),
    ("fastly_http_req", "pending_req_header_remove", 4),
    ("fastly_http_req", "pending_req_poll", 4),
    ("fastly_http_req", "pending_req_poll_v2", 5),
    ("fastly_http_req", "pending_req_wait", 3),
    ("fastly_http_req", "pending_req_wait_v2", 4),
    ("fastly_http_req", "pending_req_select", 5),
    ("fastly_http_req", "pending_req_select_v2", 6),
    ("fastly_http_req", "register_dynamic_backend", 6),
    ("fastly_http_req", "inspect", 7),
    ("fastly_http_req", "on_behalf_of", 3),
    ("fastly_http_req", "upgrade_websocket", 2),
    ("fastly_http_req", "redirect_to_websocket_proxy", 2),
    ("fastly_http_req", "redirect_to_grip_proxy", 2),
    ("fastly_http_req", "redirect_to_websocket_proxy_v2", 3),
    ("fastly_http_req", "redirect_to_grip_proxy_v2", 3),
    ("fastly_http_req", "downstream_client_ip_addr", 2),
    ("fastly_http_req", "downstream_server_ip_addr", 2),
    ("fastly_http_req", "downstream_client_h2_fingerprint", 3),
    ("fastly_http_req", "downstream_client_oh_fingerprint", 3),
    ("fastly_http_req", "downstream_client_request_id", 3),
    ("fastly_http_req", "downstream_compliance_region", 3),
    ("fastly_http_req", "downstream_tls_cipher_openssl_name", 3),
    ("fastly_http_req", "downstream_tls_client_hello", 3),
    ("fastly_http_req", "downstream_tls_ja4", 3),
    ("fastly_http_req", "downstream_tls_protocol", 3),
    ("fastly_http_req", "downstream_tls_raw_client_certificate", 3),
    ("fastly_http_req", "downstream_tls_ja3_md5", 2),
    ("fastly_http_req", "downstream_client_ddos_detected", 1),
    ("fastly_http_req", "downstream_tls_client_cert_verify_result", 1),
    ("fastly_http_resp", "new", 1),
    ("fastly_http_resp", "close", 1),
    ("fastly_http_resp", "status_get", 2),
    ("fastly_http_resp", "status_set", 2),
    ("fastly_http_resp", "version_get", 2),
    ("fastly_http_resp", "version_set", 2),
    ("fastly_http_resp", "header_names_get", 6),
    ("fastly_http_resp", "header_value_get", 6),
    ("fastly_http_resp", "header_values_get", 8),
    ("fastly_http_resp", "header_values_set", 5),
    ("fastly_http_resp", "header_insert", 5),
    ("fastly_http_resp", "header_append", 5),
    ("fastly_http_resp", "header_remove", 3),
    ("fastly_http_resp", "framing_headers_mode_set", 2),
    ("fastly_http_resp", "http_keepalive_mode_set", 2),
    ("fastly_http_resp", "get_addr_dest_ip", 3),
    ("fastly_http_resp", "get_addr_dest_port", 2),
    ("fastly_http_resp", "send_downstream", 3),
    ("fastly_http_resp", "send_downstream_pending", 1),
    ("fastly_http_downstream", "next_request", 3),
    ("fastly_http_downstream", "next_request_wait", 3),
    ("fastly_http_downstream", "next_request_abandon", 1),
    ("fastly_http_downstream", "downstream_original_header_names", 6),
    ("fastly_http_downstream", "downstream_original_header_count", 2),
    ("fastly_http_downstream", "downstream_client_ip_addr", 3),
    ("fastly_http_downstream", "downstream_server_ip_addr", 3),
    ("fastly_http_downstream", "downstream_client_request_id", 4),
    ("fastly_http_downstream", "downstream_client_h2_fingerprint", 4),
    ("fastly_http_downstream", "downstream_client_oh_fingerprint", 4),
    ("fastly_http_downstream", "downstream_tls_cipher_openssl_name", 4),
    ("fastly_http_downstream", "downstream_tls_protocol", 4),
    ("fastly_http_downstream", "downstream_tls_client_hello", 4),
    ("fastly_http_downstream", "downstream_tls_raw_client_certificate", 4),
    ("fastly_http_downstream", "downstream_tls_client_servername", 4),
    ("fastly_http_downstream", "downstream_tls_ja4", 4),
    ("fastly_http_downstream", "downstream_compliance_region", 4),
    ("fastly_http_downstream", "downstream_bot_name", 4),
    ("fastly_http_downstream", "downstream_bot_category", 4),
    ("fastly_http_downstream", "downstream_resvpnproxy_vpn_service_name", 4),
    ("fastly_http_downstream", "downstream_tls_ja3_md5", 3),
    ("fastly_http_downstream", "fastly_key_is_valid", 2),
    ("fastly_http_downstream", "downstream_tls_client_cert_verify_result", 2),
    ("fastly_http_downstream", "downstream_client_ddos_detected", 2),
    ("fastly_http_downstream", "downstream_bot_analyzed", 2),
    ("fastly_http_downstream", "downstream_bot_detected", 2),
    ("fastly_http_downstream", "downstream_bot_category_kind", 2),
    ("fastly_http_downstream", "downstream_bot_verified", 2),
    ("fastly_http_downstream", "downstream_resvpnproxy_is_anonymous", 2),
    ("fastly_http_downstream", "downstream_resvpnproxy_is_anonymous_vpn", 2),
    ("fastly_http_downstream", "downstream_resvpnproxy_is_hosting_provider", 2),
    ("fastly_http_downstream", "downstream_resvpnproxy_is_proxy_over_vpn", 2),
    ("fastly_http_downstream", "downstream_resvpnproxy_is_public_proxy", 2),
    ("fastly_http_downstream", "downstream_resvpnproxy_is_relay_proxy", 2),
    ("fastly_http_downstream", "downstream_resvpnproxy_is_residential_proxy", 2),
    ("fastly_http_downstream", "downstream_resvpnproxy_is_smart_dns_proxy", 2),
    ("fastly_http_downstream", "downstream_resvpnproxy_is_tor_exit_node", 2),
    ("fastly_http_downstream", "downstream_resvpnproxy_is_vpn_datacenter", 2),
    ("fastly_http_downstream", "downstream_visits_this_service", 1),
    ("fastly_http_downstream", "downstream_visits_this_pop", 1),
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
        ("http_version", &["http_09", "http_10", "http_11", "h2", "h3"]),
        ("framing_headers_mode", &["automatic", "manually_from_headers"]),
        ("http_keepalive_mode", &["automatic", "no_keepalive"]),
        ("content_encodings", &["gzip"]),
        ("cache_override_tag", &["pass", "ttl", "stale_while_revalidate", "pci", "lookup_timeout"]),
        ("next_request_options_options", &["reserved", "timeout"]),
        ("pending_response_kind", &["any", "response", "error"]),
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
        ("next_request_options", 8, 8, &[0]),
        ("cache_override", 20, 4, &[0, 4, 8, 12, 16]),
        ("send_error_detail", 20, 4, &[0, 4, 8, 10, 12, 13, 16]),
    ];
    for &(name, size, align, offsets) in expected {
        let ty = document().typename(&name.into()).unwrap();
        let Type::Record(record) = &**ty.type_() else { panic!("{name} is not a record") };
        let got: Vec<_> = record.member_layout().iter().map(|member| member.offset).collect();
        assert_eq!((record.mem_size(), record.mem_align(), &*got), (size, align, offsets), "{name}");
    }
}
