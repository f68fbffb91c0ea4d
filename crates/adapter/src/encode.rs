//! A module that says itself what it is as a component.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::ComponentEncoder;

use crate::ComponentizeError;
use crate::module::Interface;
use crate::names::PREVIEW_1;

/// Whether this is a core module that carries the description of its interfaces, as bindings of WIT put it there: one for [`encode`], and
/// not for [`componentize`](fn@crate::componentize). One that imports functions of the legacy ABI as well is none: there is only one adapter
/// for it, which knows nothing of other interfaces.
#[must_use]
pub fn describes_itself(module: &[u8]) -> bool {
    Interface::read(module).is_ok_and(|interface| interface.has_wit && !interface.is_legacy())
}

/// Makes a component of a core module that carries the description of its interfaces, as bindings of WIT put it there. When it imports
/// WASI preview 1, it gets that by the adapter that Wasmtime provides.
///
/// # Errors
///
/// It is none, or describes no interfaces, or is not what it describes.
pub fn encode(module: &[u8]) -> Result<Vec<u8>, ComponentizeError> {
    let interface = Interface::read(module)?;
    if !interface.has_wit {
        return Err(ComponentizeError::NoWit);
    }
    let mut encoder = ComponentEncoder::default();
    let failed = |error| ComponentizeError::Encode(format!("{error:#}"));
    encoder.module(module).map_err(failed)?;
    if interface.imports.iter().any(|imported| imported.import.module == PREVIEW_1) {
        let is_command = interface.functions.contains_key("_start");
        let adapter = if is_command {
            WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER
        } else {
            WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER
        };
        encoder.adapter(PREVIEW_1, adapter).map_err(failed)?;
    }
    encoder.encode().map_err(failed)
}
