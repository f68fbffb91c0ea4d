//! What the functions are that legacy programs import.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER;
use wasmparser::{FuncType, ValType};

use crate::module::{Interface, is_status};
use crate::text;
use crate::{Import, Wasi};

/// Where programs of WASI import from.
pub(crate) const PREVIEW_1: &str = "wasi_snapshot_preview1";

/// The status that a function of the ABI answers which is not there.
const UNSUPPORTED: i32 = 5;

/// The error of a function of WASI that is not there.
const NO_SYSTEM_CALL: i32 = 52;

/// What becomes of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The adapter has it, under this name.
    Adapter(String),
    /// The adapter of WASI has it.
    Preview1,
    /// It answers with this number.
    Unsupported(i32),
    /// Nobody has it.
    Unknown,
}

/// What an import of this type is.
pub(crate) fn meaning(import: &Import, ty: &FuncType, wasi: Wasi) -> Meaning {
    let (module, name) = (import.module.as_str(), import.name.as_str());
    if module == PREVIEW_1 && wasi == Wasi::P2 && is_preview1(name, ty) {
        return Meaning::Preview1;
    }
    if is_insert_wait_of_raw_bindings(import, ty) {
        return Meaning::Adapter("fastly_kv_store.insert_wait".to_owned());
    }
    let today = name_of_today(module, name);
    let (module, name) = today.as_ref().map_or((module, name), |(module, name)| (*module, name.as_str()));
    let function = format!("{module}.{name}");
    if text::has(&function) && (module != PREVIEW_1 || wasi == Wasi::Minimal) {
        Meaning::Adapter(function)
    } else if module.starts_with("fastly_") && is_status(ty) {
        Meaning::Unsupported(UNSUPPORTED)
    } else if module == PREVIEW_1 && is_status(ty) {
        Meaning::Unsupported(NO_SYSTEM_CALL)
    } else {
        Meaning::Unknown
    }
}

/// Whether the adapter that Wasmtime provides has a function.
fn is_preview1(name: &str, ty: &FuncType) -> bool {
    static FUNCTIONS: OnceLock<BTreeMap<String, FuncType>> = OnceLock::new();
    let functions = FUNCTIONS.get_or_init(|| {
        Interface::read(WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER)
            .map(|adapter| adapter.functions)
            .unwrap_or_default()
    });
    functions.get(name) == Some(ty)
}

/// Whether this is the declaration that stores a `kv_error`. The witx text never had it.
fn is_insert_wait_of_raw_bindings(import: &Import, ty: &FuncType) -> bool {
    (import.module.as_str(), import.name.as_str()) == ("fastly_object_store", "pending_insert_wait")
        && ty.params() == [ValType::I32, ValType::I32]
        && is_status(ty)
}

/// What a function is called today that very old programs import from `env`.
fn name_of_today(module: &str, name: &str) -> Option<(&'static str, String)> {
    /// Beginnings of old names; the module; how the new name begins.
    const FAMILIES: &[(&str, &str, &str)] = &[
        ("body_", "fastly_http_body", ""),
        ("log_", "fastly_log", ""),
        ("pending_req_", "fastly_http_req", "pending_req_"),
        ("req_", "fastly_http_req", ""),
        ("resp_", "fastly_http_resp", ""),
    ];
    let old = name.strip_prefix("xqd_").filter(|_| module == "env")?;
    match old {
        "init" => Some(("fastly_abi", "init".to_owned())),
        "body_close_downstream" => Some(("fastly_http_body", "close".to_owned())),
        _ => FAMILIES.iter().find_map(|&(family, module, beginning)| {
            old.strip_prefix(family).map(|rest| (module, format!("{beginning}{rest}")))
        }),
    }
}
