//! The legacy edge KV ABI, host side: for programs that embed Wasmtime. With the feature `component`, the same for components.
//!
//! Two things give a guest its KV store: a [`KvCtx`] for each instance, and [`add_to_linker`].
//!
//! ```
//! use edgekv_host::KvCtx;
//! use edgekv_store::{MemoryEngine, StoreName, Stores};
//! use wasmtime::{Engine, Linker, Module, Store};
//!
//! struct Host {
//!     kv: KvCtx,
//! }
//!
//! let engine = Engine::default();
//! let stores = Stores::new(MemoryEngine::new());
//! stores.create(&StoreName::new("mystore")?).wait()?;
//!
//! let mut linker = Linker::new(&engine);
//! edgekv_host::add_to_linker_sync(&mut linker, |host: &mut Host| &mut host.kv)?;
//!
//! let guest = Module::new(&engine, r#"(module
//!     (import "fastly_kv_store" "open" (func $open (param i32 i32 i32) (result i32)))
//!     (memory (export "memory") 1)
//!     (data (i32.const 16) "mystore")
//!     (func (export "run") (result i32) (call $open (i32.const 16) (i32.const 7) (i32.const 0))))"#)?;
//! let mut store = Store::new(&engine, Host { kv: KvCtx::builder(stores).build() });
//! let instance = linker.instantiate(&mut store, &guest)?;
//! let run = instance.get_typed_func::<(), i32>(&mut store, "run")?;
//! assert_eq!(run.call(&mut store, ())?, 0, "the status is `ok`");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What a guest cannot do
//!
//! Every pointer, length, handle, mask and number of a guest is a claim that is checked before anything happens. Whatever a
//! guest passes, it gets a status: it cannot panic the host, name an object that it was not given, or make the host
//! keep more than [`KvCtxBuilder::max_handles`] objects and [`KvCtxBuilder::max_held_bytes`] bytes for it.
//!
//! # Where to find what
//!
//! | question | place |
//! | --- | --- |
//! | which function does what? | `hostcalls/`, a file per module of the ABI, over what is decided in `operations/` |
//! | how do components get the same? | `component/`, by the feature `component`, over the same `operations/` |
//! | which status does which mistake give? | `status.rs` |
//! | what is a handle, and when is its number used again? | `handles.rs` |
//! | what is a body? | [`Body`] |
//! | how does a request come in, and its answer out? | [`Downstream`] |
//! | who decides how the end of a response is told? | `framing.rs` |
//! | which functions may wait? | `abi.rs` |
//! | when is something ready? | `Object::poll_ready` in `handles.rs` |
//! | what of a guest's imports is not there? | [`stub_unknown_imports`]; by name, [`provision()`] |
//!
//! Nothing in here knows where data live; that is [`edgekv_store`]'s business.

#![deny(clippy::indexing_slicing, clippy::panic, clippy::unreachable)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking"))]

mod abi;
#[cfg(feature = "component")]
mod awaited;
mod body;
#[cfg(feature = "component")]
pub mod component;
mod cpu_time;
mod ctx;
mod downstream;
mod escaped;
mod framing;
mod handles;
mod headers;
mod hostcalls;
mod linker;
mod log;
mod memory;
mod message;
mod operations;
mod pending;
mod provision;
mod status;
mod stream;
mod streaming;
mod stubs;
mod trailers;

pub use body::{Body, BodyError};
pub use ctx::{KvCtx, KvCtxBuilder};
pub use downstream::{Answer, Client, Downstream, Keepalive, Responder};
pub use escaped::Escaped;
pub use linker::{add_to_linker, add_to_linker_sync};
pub use log::GuestLog;
pub use provision::{Provision, provision};
pub use streaming::BodyReceiver;
pub use stubs::{Stub, stub_unknown_imports};

/// The text of the ABI that this crate implements: a file name and its content for each witx file.
///
/// For tools that want to know signatures; the crate itself is expanded from the same files.
pub const WITX: &[(&str, &str)] = &[
    ("typenames.witx", include_str!("../witx/typenames.witx")),
    ("fastly_abi.witx", include_str!("../witx/fastly_abi.witx")),
    ("fastly_async_io.witx", include_str!("../witx/fastly_async_io.witx")),
    ("fastly_compute_runtime.witx", include_str!("../witx/fastly_compute_runtime.witx")),
    ("fastly_http_body.witx", include_str!("../witx/fastly_http_body.witx")),
    ("fastly_http_downstream.witx", include_str!("../witx/fastly_http_downstream.witx")),
    ("fastly_http_req.witx", include_str!("../witx/fastly_http_req.witx")),
    ("fastly_http_resp.witx", include_str!("../witx/fastly_http_resp.witx")),
    ("fastly_kv_store.witx", include_str!("../witx/fastly_kv_store.witx")),
    ("fastly_log.witx", include_str!("../witx/fastly_log.witx")),
    ("fastly_object_store.witx", include_str!("../witx/fastly_object_store.witx")),
];
