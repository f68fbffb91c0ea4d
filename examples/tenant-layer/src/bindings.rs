//! What the WIT text says, in Rust: the same interface as import and as export.

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
    world: "edgekv:platform/layer",
    generate_all,
    // Errors, entries and pages are passed on as they are.
    merge_structurally_equal_types: true,
});

export!(Layer with_types_in self);

use crate::Layer;
