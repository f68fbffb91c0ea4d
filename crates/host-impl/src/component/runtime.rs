//! `edgekv:platform/runtime`.

use super::KvView;
use super::bindings::edgekv::platform::runtime::Host;

impl Host for KvView<'_> {
    fn vcpu_ms(&mut self) -> wasmtime::Result<u64> {
        Ok(self.ctx.vcpu_ms())
    }
}
