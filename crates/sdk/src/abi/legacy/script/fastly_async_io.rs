//! The functions of the import module of the same name.

use std::thread;
use std::time::Duration;

use edgekv_sys::AsyncItemHandle;

use super::*;

pub(crate) unsafe fn select(
    items: *const AsyncItemHandle,
    items_len: usize,
    timeout_ms: u32,
    index_out: *mut u32,
) -> Status {
    // SAFETY: the pointers are those of the wrapper under test; the same holds below.
    let items = unsafe { std::slice::from_raw_parts(items, items_len) };
    let items: Vec<_> = items.iter().map(|item| item.0).collect();
    // A time is not the same in every run.
    let limit = if timeout_ms == 0 { "" } else { " limited" };
    let answer = asked("select", &format!(" {items:?}{limit}")).unwrap_or_else(|| {
        assert_ne!(timeout_ms, 0, "nobody says what of {items:?} is ready, and there is no limit");
        // Without an answer nothing becomes ready.
        thread::sleep(Duration::from_millis(timeout_ms.into()));
        answer("select").number(u32::MAX.into())
    });
    // SAFETY: see above.
    unsafe { index_out.write(answer.number.try_into().unwrap()) };
    answer.status
}

/// Nothing is ready when nobody says so.
pub(crate) unsafe fn is_ready(item: AsyncItemHandle, ready_out: *mut u32) -> Status {
    let answer = asked("is_ready", &format!(" {}", item.0)).unwrap_or_else(|| answer("is_ready"));
    // SAFETY: see `select`.
    unsafe { ready_out.write(answer.number.try_into().unwrap()) };
    answer.status
}
