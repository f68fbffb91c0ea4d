//! Makes components of core modules that bring their interfaces along, as `wit-bindgen` has compiled them in.

use anyhow::Result;
use wit_component::ComponentEncoder;

/// Encodes a core module as a component; `preview1` when it may call what WASI was before it had components.
///
/// # Errors
///
/// When the module says nothing of its interfaces, or has imports that they do not explain.
pub(super) fn encode(module: &[u8], preview1: bool) -> Result<Vec<u8>> {
    let mut encoder = ComponentEncoder::default();
    encoder.module(module)?;
    if preview1 {
        // It leaves imports behind, also where nothing needs it.
        let adapter = wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER;
        encoder.adapter("wasi_snapshot_preview1", adapter)?;
    }
    encoder.encode()
}
