//! What wiggle makes of the witx text: one trait per module, the types of the ABI, and functions that put them into a
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
    reason = "generated from the witx text, which is documented"
)]

use crate::status::Error;

/// One of wiggle's macros, with what all uses of them have in common.
macro_rules! expand {
    ($generator:ident, { $($more:tt)* }, $($how_to_wait:tt)+) => {
        wiggle::$generator!({
            $($more)*
            witx: [
                "witx/fastly_abi.witx",
                "witx/fastly_async_io.witx",
                "witx/fastly_compute_runtime.witx",
                "witx/fastly_http_body.witx",
                "witx/fastly_http_downstream.witx",
                "witx/fastly_http_req.witx",
                "witx/fastly_http_resp.witx",
                "witx/fastly_kv_store.witx",
                "witx/fastly_log.witx",
                "witx/fastly_object_store.witx",
            ],
            errors: { fastly_status => Error },
            $($how_to_wait)+: {
                fastly_async_io::{select},
                fastly_http_body::{append, read, write},
                fastly_kv_store::{
                    open, lookup_wait, lookup_wait_v2, insert, insert_wait, delete_wait, list_wait,
                },
                fastly_object_store::{
                    open, lookup, pending_lookup_wait, insert, insert_async, pending_insert_wait, pending_delete_wait,
                },
            },
            // A span for each call, and its arguments and result in it, at level `trace`: while nobody wants that, which
            // is one number to look at, it costs a nanosecond or two of fifty.
            tracing: true,
        });
    };
}

expand!(from_witx, { wasmtime: false, }, async);

/// Into linkers whose stores run guests asynchronously.
pub(crate) mod asynchronous {
    expand!(wasmtime_integration, { target: crate::abi, }, async);
}

/// Into linkers whose stores run guests on the calling thread, which blocks where a call has to wait.
pub(crate) mod blocking {
    expand!(wasmtime_integration, { target: crate::abi, }, block_on[crate::linker::block_on]);
}
