//! The calls of the module `fastly_async_io`.

use std::time::Duration;

use edgekv_sys::AsyncItemHandle;
#[cfg(not(test))]
use edgekv_sys::fastly_async_io;

#[cfg(test)]
use super::script::fastly_async_io;
use super::{Result, check};
use crate::error::{Call, Fault};

/// Something that was not ready when it was asked.
pub(crate) type Waitable = AsyncItemHandle;

/// What `select` stores when its time is over.
const TIMED_OUT: u32 = u32::MAX;

/// How many items may turn out not to be ready before no further ones are asked after one wait. Each that is ready allows
/// one more, so the calls are never many more than what they find.
const MISSES: usize = 8;

/// The item, unless it is ready. A host that cannot tell is asked by the next call on it.
pub(super) fn waitable(item: AsyncItemHandle) -> Option<Waitable> {
    (!is_ready(&item)).then_some(item)
}

/// Whether the item is ready, without waiting. A host that cannot tell is asked by the next call on it.
pub(crate) fn is_ready(item: &Waitable) -> bool {
    let mut ready = 0;
    // SAFETY: `ready` is a local.
    let status = unsafe { fastly_async_io::is_ready(*item, &raw mut ready) };
    check(Call::Async, status).is_err() || ready != 0
}

/// Waits until one of the items is ready, and returns the places of those that are; none after the limit.
pub(crate) fn select(items: &[Waitable], limit: Option<Duration>) -> Result<Vec<usize>> {
    Ok(match first(items, limit.map_or(0, whole_millis))? {
        Some(index) => ready_from(items, index),
        None => Vec::new(),
    })
}

/// Waits until one of the items is ready, and returns its index; `None` after `timeout_ms` milliseconds, where 0 is "for
/// ever".
fn first(items: &[Waitable], timeout_ms: u32) -> Result<Option<usize>> {
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

/// The item at this place, which is ready, and those behind it that are ready too: what comes before it is not, or the host
/// would have said so. Without this, each of many answers that come together would cost a wait for all that are left.
fn ready_from(items: &[Waitable], first: usize) -> Vec<usize> {
    let mut ready = vec![first];
    let mut misses_left = MISSES + 1;
    for (place, item) in items.iter().enumerate().skip(first + 1) {
        if is_ready(item) {
            ready.push(place);
            misses_left += 1;
        } else if misses_left == 0 {
            break;
        } else {
            misses_left -= 1;
        }
    }
    ready
}

/// A limit as hosts take it: not too short, and never 0, which is none.
fn whole_millis(limit: Duration) -> u32 {
    u32::try_from(limit.as_nanos().div_ceil(1_000_000)).unwrap_or(u32::MAX).max(1)
}
