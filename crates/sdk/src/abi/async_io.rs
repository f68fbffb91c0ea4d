//! The calls of the module `fastly_async_io`.

use edgekv_sys::AsyncItemHandle;
#[cfg(not(test))]
use edgekv_sys::fastly_async_io;

#[cfg(test)]
use super::script::fastly_async_io;
use super::{Result, check};
use crate::error::{Call, Fault};

/// What `select` stores when its time is over.
const TIMED_OUT: u32 = u32::MAX;

/// Whether the item is ready, without waiting.
pub(crate) fn is_ready(item: AsyncItemHandle) -> Result<bool> {
    let mut ready = 0;
    // SAFETY: `ready` is a local.
    check(Call::Async, unsafe { fastly_async_io::is_ready(item, &raw mut ready) })?;
    Ok(ready != 0)
}

/// Waits until one of the items is ready, and returns its index; `None` after `timeout_ms` milliseconds, where 0 is "for
/// ever".
pub(crate) fn select(items: &[AsyncItemHandle], timeout_ms: u32) -> Result<Option<usize>> {
    let mut index = TIMED_OUT;
    // SAFETY: `items` is a slice, and `index` a local.
    check(Call::Async, unsafe {
        fastly_async_io::select(items.as_ptr(), items.len(), timeout_ms, &raw mut index)
    })?;
    match usize::try_from(index) {
        Ok(index) if index < items.len() => Ok(Some(index)),
        _ if index == TIMED_OUT && timeout_ms != 0 => Ok(None),
        _ => Err(Fault::Index { index, items: items.len() }),
    }
}
