//! What `wit-bindgen` makes of the world `app`.
#![allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    clippy::all,
    reason = "generated code: it lowers arguments to the canonical ABI, and lifts results from it"
)]

wit_bindgen::generate!({
    path: ["wit/wasi/io", "wit/wasi/clocks", "wit/wasi/cli", "wit/kv", "wit/platform"],
    world: "edgekv:platform/app",
    // One type for what can be waited for, whoever gives it.
    with: { "wasi:io/poll@0.2.12": ::wasip2::io::poll },
    generate_all,
});

pub(super) use edgekv::kv::{bodies, kv_store};
pub(super) use edgekv::platform::{log, runtime};
