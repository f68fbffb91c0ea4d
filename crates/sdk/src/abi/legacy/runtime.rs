//! The calls of the module `fastly_compute_runtime`.

#[cfg(not(test))]
use edgekv_sys::fastly_compute_runtime;

#[cfg(test)]
use super::script::fastly_compute_runtime;
use super::{Result, check};
use crate::error::Call;

/// Milliseconds for which the program has been running.
pub(crate) fn vcpu_ms() -> Result<u64> {
    let mut time = 0;
    // SAFETY: `time` is a local.
    check(Call::Runtime, unsafe { fastly_compute_runtime::get_vcpu_ms(&raw mut time) })?;
    Ok(time)
}

/// Size of the memory in MiB.
pub(crate) fn heap_mib() -> Result<u32> {
    let mut size = 0;
    // SAFETY: `size` is a local.
    check(Call::Runtime, unsafe { fastly_compute_runtime::get_heap_mib(&raw mut size) })?;
    Ok(size)
}
