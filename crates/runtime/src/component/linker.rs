//! What components can import.

use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre, Linker};

use super::host::Host;
use super::{interfaces, requests, system};
use crate::error::one_line;
use crate::offer::Offer;

/// All that components can import: WASI, HTTP, and what edgekv has, as far as it is offered.
pub(crate) fn linker(engine: &Engine, offer: Offer) -> wasmtime::Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    requests::shadow(&mut linker)?;
    edgekv_host::component::add_bodies_to_linker(&mut linker, Host::kv)?;
    edgekv_host::component::add_log_to_linker(&mut linker, Host::kv)?;
    edgekv_host::component::add_runtime_to_linker(&mut linker, Host::kv)?;
    if offer.contains(Offer::KV_STORE) {
        edgekv_host::component::add_kv_store_to_linker(&mut linker, Host::kv)?;
    }
    if offer.contains(Offer::ORIGIN) {
        edgekv_host::component::add_origin_to_linker(&mut linker, Host::kv)?;
    }
    system::add_to_linker(&mut linker)?;
    Ok(linker)
}

/// Links a component. If imports are missing, says which and what to do.
pub(crate) fn link(
    linker: &Linker<Host>,
    component: &Component,
    offer: Offer,
) -> Result<InstancePre<Host>, String> {
    match interfaces::missing(component, offer) {
        Some(missing) => Err(missing),
        // Something in one of them may be missing, or of another type.
        None => linker.instantiate_pre(component).map_err(|error| {
            format!(
                "it imports what edgekv has differently: {}; build it again with today's interfaces",
                one_line(&error)
            )
        }),
    }
}
