//! What the WIT text says, in Rust.

#![allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    missing_debug_implementations,
    clippy::all,
    clippy::pedantic,
    clippy::undocumented_unsafe_blocks,
    clippy::allow_attributes_without_reason,
    reason = "generated"
)]

wit_bindgen::generate!({
    path: ["wit/wasi/io", "wit/wasi/clocks", "wit/wasi/cli", "wit/kv", "wit/platform"],
    world: "edgekv:platform/feature",
    // What is passed to the origin is borrowed, not copied first.
    ownership: Borrowing { duplicate_if_necessary: false },
    generate_all,
});

export!(Exports with_types_in self);

use crate::exports::Exports;
