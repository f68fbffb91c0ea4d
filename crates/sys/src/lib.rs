//! Raw bindings to the legacy edge ABI, which has KV stores, HTTP, bodies and logs: imports, records, handles, statuses.
//!
//! This crate has no logic and allocates nothing. Everything but the macro below is generated from the witx texts
//! of the project, docs included; guests in C use `include/edgekv.h`, which comes from the same texts. For an API
//! that is safe to call, use the crate `edgekv`.
//!
//! # Numbers from the host
//!
//! A status or an enum is a number with named constants, not a Rust `enum`: a host may send a number that this
//! version has no name for, and that must not be undefined behaviour.
//!
//! ```
//! use edgekv_sys::KvError;
//!
//! assert_eq!(KvError::NOT_FOUND.name(), Some("not_found"));
//! assert_eq!(format!("{:?}", KvError(99)), "KvError(99)");
//! ```
//!
//! # Outside of wasm
//!
//! The imports exist on wasm only. On other targets there are functions of the same signatures that do nothing and
//! return [`FastlyStatus::UNSUPPORTED`], so that docs, unit tests and tools of guest programs build and link there.
#![no_std]
#![allow(unsafe_code, reason = "the subject of this crate: imported functions are unsafe to call")]
#![allow(clippy::too_many_arguments, reason = "the signatures are the ABI's")]

/// Declares the functions of one import module; see "Outside of wasm" above.
macro_rules! imports {
    (
        module $module:literal;
        $( $(#[$meta:meta])* fn $name:ident($($param:ident: $ty:ty),* $(,)?) -> $status:ty; )*
    ) => {
        #[cfg(target_family = "wasm")]
        #[link(wasm_import_module = $module)]
        unsafe extern "C" {
            $( $(#[$meta])* pub fn $name($($param: $ty),*) -> $status; )*
        }

        $(
            #[cfg(not(target_family = "wasm"))]
            $(#[$meta])*
            pub unsafe fn $name($($param: $ty),*) -> $status {
                $( let _ = $param; )*
                <$status>::UNSUPPORTED
            }
        )*
    };
}
pub(crate) use imports;

mod generated;

pub use generated::*;
