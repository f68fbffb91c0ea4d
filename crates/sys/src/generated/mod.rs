// @generated from witx/ by `cargo xtask codegen`; do not edit.

//! The ABI, one file for each kind of type and one module for each import module.

mod enums;
pub mod fastly_abi;
pub mod fastly_async_io;
pub mod fastly_compute_runtime;
pub mod fastly_http_body;
pub mod fastly_http_downstream;
pub mod fastly_http_req;
pub mod fastly_http_resp;
pub mod fastly_kv_store;
pub mod fastly_log;
pub mod fastly_object_store;
mod flags;
mod handles;
mod records;

pub use enums::*;
pub use flags::*;
pub use handles::*;
pub use records::*;
