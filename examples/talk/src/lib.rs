//! The interface `edgekv:kv/kv-store` as `wit-bindgen` has it in Rust, for the programs that call it without the SDK.

/// What `wit-bindgen` makes of the interface.
#[allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    clippy::all,
    reason = "generated code: it lowers arguments to the canonical ABI, and lifts results from it"
)]
mod bindings {
    wit_bindgen::generate!({
        path: ["../../wit/wasi/io", "../../wit/kv"],
        inline: "package talk:app; world app { import edgekv:kv/kv-store@0.1.0; }",
        world: "talk:app/app",
        generate_all,
    });
}

pub use bindings::edgekv::kv::kv_store;
