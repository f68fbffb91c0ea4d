//! What this instance of the program uses.

use super::Result;
use super::bindings::runtime;

/// Pages of a wasm memory in a MiB.
const PAGES_PER_MIB: usize = 16;

/// Milliseconds for which the program has been running.
pub(crate) fn vcpu_ms() -> Result<u64> {
    Ok(runtime::vcpu_ms())
}

/// Size of the memory in MiB, rounded up. That needs no host.
pub(crate) fn heap_mib() -> Result<u32> {
    let size = core::arch::wasm32::memory_size::<0>().div_ceil(PAGES_PER_MIB);
    Ok(u32::try_from(size).unwrap_or(u32::MAX))
}
