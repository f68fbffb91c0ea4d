//! What wiggle makes of the witx text: one trait per module, the types of the ABI, and functions that put them into a
//! linker.
//!
//! Which functions may wait is said here, once for each way to run them. All others are plain calls.

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

wiggle::from_witx!({
    witx: [
        "witx/fastly_abi.witx",
        "witx/fastly_http_body.witx",
        "witx/fastly_kv_store.witx",
    ],
    errors: { fastly_status => Error },
    async: {
        fastly_http_body::{append, read, write, close},
        fastly_kv_store::{open, lookup_wait, lookup_wait_v2, insert, insert_wait, delete_wait, list_wait},
    },
    // A span for each of millions of calls would cost more than the calls do.
    tracing: false,
    wasmtime: false,
});

/// Into linkers whose stores run guests asynchronously.
pub(crate) mod asynchronous {
    wiggle::wasmtime_integration!({
        target: crate::abi,
        witx: [
            "witx/fastly_abi.witx",
            "witx/fastly_http_body.witx",
            "witx/fastly_kv_store.witx",
        ],
        errors: { fastly_status => Error },
        async: {
            fastly_http_body::{append, read, write, close},
            fastly_kv_store::{open, lookup_wait, lookup_wait_v2, insert, insert_wait, delete_wait, list_wait},
        },
        tracing: false,
    });
}

/// Into linkers whose stores run guests on the calling thread, which blocks where a call has to wait.
pub(crate) mod blocking {
    wiggle::wasmtime_integration!({
        target: crate::abi,
        witx: [
            "witx/fastly_abi.witx",
            "witx/fastly_http_body.witx",
            "witx/fastly_kv_store.witx",
        ],
        errors: { fastly_status => Error },
        block_on[crate::linker::block_on]: {
            fastly_http_body::{append, read, write, close},
            fastly_kv_store::{open, lookup_wait, lookup_wait_v2, insert, insert_wait, delete_wait, list_wait},
        },
        tracing: false,
    });
}
