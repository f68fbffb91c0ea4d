// @generated from witx/ by `cargo xtask codegen`; do not edit.

//! Waiting for whichever of several things comes first.
//!
//! An item is a pending operation of a store, a body to read (ready when there are bytes, or its end), a
//! body that is being sent (ready when there is room to write), or a promise of a request. Nothing is
//! consumed, and an item whose outcome is an error is ready.

use super::{AsyncItemHandle, FastlyStatus};

crate::imports! {
    module "fastly_async_io";

    /// Waits until one of `items` is ready, and stores its index. After `timeout_ms` milliseconds (0 is "for ever")
    /// stores 0xffffffff. No items and no time-out is `inval`; an unknown handle, or the same one twice, is `badf`.
    ///
    /// # Safety
    ///
    /// - `items` must be valid for reads of `items_len` values of `AsyncItemHandle`.
    /// - `index_out` must be valid for writes of one `u32`.
    fn select(
        items: *const AsyncItemHandle,
        items_len: usize,
        timeout_ms: u32,
        index_out: *mut u32,
    ) -> FastlyStatus;

    /// Stores 1 when the item is ready, else 0. Never waits.
    ///
    /// # Safety
    ///
    /// `ready_out` must be valid for writes of one `u32`.
    fn is_ready(
        item: AsyncItemHandle,
        ready_out: *mut u32,
    ) -> FastlyStatus;
}
