//! What Wasmtime makes of the WIT text: one trait for each interface and resource, their types, and functions that put them into a
//! linker.
//!
//! Which functions may wait is said here. All others are plain calls.

#![allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::restriction,
    reason = "generated from the WIT text, which is documented"
)]

/// Wasmtime, as the generated code sees it: a `list<u8>` is [`Bytes`](bytes::Bytes).
///
/// So a value goes from the store to the memory of the guest, and back, with the one copy that there has to be. Generated code names
/// the type of its lists, and nothing else, by this path.
pub mod wasmtime_with_bytes {
    pub use wasmtime::*;

    pub mod component {
        pub use wasmtime::component::*;

        pub mod __internal {
            pub use wasmtime::component::__internal::*;

            /// The list of a type.
            pub type Vec<T> = <T as Item>::List;

            pub trait Item {
                type List;
            }

            impl Item for u8 {
                type List = bytes::Bytes;
            }

            impl Item for bytes::Bytes {
                type List = std::vec::Vec<Self>;
            }

            impl Item for (bytes::Bytes, bytes::Bytes) {
                type List = std::vec::Vec<Self>;
            }
        }
    }
}

wasmtime::component::bindgen!({
    path: ["wit/wasi/io", "wit/wasi/clocks", "wit/wasi/cli", "wit/kv", "wit/platform"],
    inline: "
        package edgekv:host;

        world host {
            import edgekv:kv/bodies@0.1.0;
            import edgekv:kv/kv-store@0.1.0;
            import edgekv:platform/log@0.1.0;
            import edgekv:platform/runtime@0.1.0;
            import edgekv:platform/origin@0.1.0;
        }
    ",
    world: "edgekv:host/host",
    wasmtime_crate: crate::component::bindings::wasmtime_with_bytes,
    with: {
        "wasi:io": wasmtime_wasi_io::bindings::wasi::io,
        "edgekv:kv/bodies.body": crate::component::BodyResource,
    },
    trappable_error_type: {
        "edgekv:kv/bodies.error" => crate::status::Error,
        "edgekv:kv/kv-store.error" => crate::status::Error,
        "edgekv:platform/log.error" => crate::status::Error,
        "edgekv:platform/origin.error" => crate::status::Error,
    },
    imports: {
        "edgekv:kv/bodies.from-bytes": async | trappable | tracing,
        "edgekv:kv/bodies.[method]body.read": async | trappable | tracing,
        "edgekv:kv/bodies.[method]body.write": async | trappable | tracing,
        "edgekv:kv/bodies.[method]body.append": async | trappable | tracing,
        "edgekv:kv/kv-store.open": async | trappable | tracing,
        "edgekv:kv/kv-store.[method]store.lookup": async | trappable | tracing,
        "edgekv:kv/kv-store.[method]store.get": async | trappable | tracing,
        "edgekv:kv/kv-store.[method]store.insert": async | trappable | tracing,
        "edgekv:kv/kv-store.[method]store.delete": async | trappable | tracing,
        "edgekv:kv/kv-store.[method]lookup-builder.execute": async | trappable | tracing,
        "edgekv:kv/kv-store.[method]insert-builder.execute": async | trappable | tracing,
        "edgekv:kv/kv-store.[method]insert-builder.execute-async": async | trappable | tracing,
        "edgekv:kv/kv-store.[method]insert-builder.execute-body": async | trappable | tracing,
        "edgekv:kv/kv-store.[method]insert-builder.execute-body-async": async | trappable | tracing,
        "edgekv:kv/kv-store.[method]delete-builder.execute": async | trappable | tracing,
        "edgekv:kv/kv-store.[method]list-builder.execute": async | trappable | tracing,
        "edgekv:kv/kv-store.[static]pending-lookup.wait": async | trappable | tracing,
        "edgekv:kv/kv-store.[static]pending-lookup.wait-response": async | trappable | tracing,
        "edgekv:kv/kv-store.[static]pending-insert.wait": async | trappable | tracing,
        "edgekv:kv/kv-store.[static]pending-delete.wait": async | trappable | tracing,
        "edgekv:kv/kv-store.[static]pending-list.wait": async | trappable | tracing,
        "edgekv:kv/kv-store.[static]pending-list.wait-document": async | trappable | tracing,
        "edgekv:platform/origin.open": async | trappable | tracing,
        "edgekv:platform/origin.[method]store.put": async | trappable | tracing,
        default: trappable | tracing,
    },
    require_store_data_send: true,
});
