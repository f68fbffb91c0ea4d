//! The same store for components: the interfaces of `wit/` that a host has to offer, over the same [`KvCtx`].
//!
//! A component gets its KV store by [`add_to_linker`], and one that brings the KV store along as a layer gets its data by
//! [`add_origin_to_linker`]. The store of Wasmtime has a [`KvCtx`] and a [`ResourceTable`], which WASI needs as well; a [`KvView`]
//! is both.
//!
//! ```
//! use edgekv_host::KvCtx;
//! use edgekv_host::component::{KvView, add_to_linker};
//! use edgekv_store::{MemoryEngine, Stores};
//! use wasmtime::component::{Linker, ResourceTable};
//!
//! struct Host {
//!     kv: KvCtx,
//!     table: ResourceTable,
//! }
//!
//! let engine = wasmtime::Engine::default();
//! let mut linker = Linker::<Host>::new(&engine);
//! wasmtime_wasi_io::bindings::wasi::io::poll::add_to_linker::<_, HasTable>(&mut linker, |host| &mut host.table)?;
//! add_to_linker(&mut linker, |host| KvView { ctx: &mut host.kv, table: &mut host.table })?;
//!
//! let kv = KvCtx::builder(Stores::new(MemoryEngine::new())).build();
//! let store = wasmtime::Store::new(&engine, Host { kv, table: ResourceTable::new() });
//! # struct HasTable;
//! # impl wasmtime::component::HasData for HasTable { type Data<'a> = &'a mut ResourceTable; }
//! # let _ = store;
//! # Ok::<(), wasmtime::Error>(())
//! ```
//!
//! Calls that may wait give the thread back to the executor, so components run asynchronously. Any executor will do.
//!
//! # What a component cannot do
//!
//! What holds for legacy guests holds here: whatever a component passes, it gets an error of the interface. Where an interface has
//! no error for it, as it is there for programs that run wild, the call is a trap that says why: an object too many, a builder that
//! is told more than the host may keep, an answer that is taken twice.
//!
//! # Where to find what
//!
//! | question | place |
//! | --- | --- |
//! | which functions may wait? | `bindings.rs` |
//! | which error does which mistake give? | `errors.rs` |
//! | what does a function do? | `bodies.rs`, `kv_store.rs`, `found.rs`, `builders.rs`, `pending.rs`, `log.rs`, `runtime.rs`, `origin.rs`; what is to be decided, in `operations/` |
//! | what is waited for by `wasi:io/poll`? | `subscribe.rs` |

mod bindings;
mod bodies;
mod builders;
mod errors;
mod found;
mod kv_store;
mod log;
mod origin;
mod pending;
mod runtime;
mod subscribe;

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};

use crate::body::Body;
use crate::ctx::KvCtx;
use crate::handles::{Kind, Object};
use crate::status::Error;
use crate::streaming::BodyReceiver;

pub(crate) use builders::{DeleteBuilder, InsertBuilder, ListBuilder, LookupBuilder};
pub(crate) use found::Found;

/// What the interfaces work on: the context of the instance, and the table that holds what can be waited for.
#[derive(Debug)]
pub struct KvView<'a> {
    /// What the host keeps for the instance. All resources but pollables are handles of it.
    pub ctx: &'a mut KvCtx,
    /// Holds the pollables; the one that `wasi:io/poll` works on. How many it may hold is
    /// [its own limit](ResourceTable::set_max_capacity).
    pub table: &'a mut ResourceTable,
}

/// The `body` of `edgekv:kv/bodies`, as the type of a [`Resource`].
#[derive(Debug)]
pub enum BodyResource {}

/// Interfaces of programs: what [`add_to_linker`] adds.
pub const INTERFACES: [&str; 4] = [
    "edgekv:kv/bodies@0.1.0",
    "edgekv:kv/kv-store@0.1.0",
    "edgekv:platform/log@0.1.0",
    "edgekv:platform/runtime@0.1.0",
];

/// The interface of layers: what [`add_origin_to_linker`] adds.
pub const ORIGIN_INTERFACE: &str = "edgekv:platform/origin@0.1.0";

/// Says to Wasmtime that the data of a store have a [`KvView`].
struct HasKv;

impl HasData for HasKv {
    type Data<'a> = KvView<'a>;
}

macro_rules! add {
    ($($(#[$docs:meta])* $name:ident: $($path:ident)::+;)*) => {$(
        $(#[$docs])*
        ///
        /// # Errors
        ///
        /// A function of the interface is in the linker already.
        pub fn $name<T: Send + 'static>(
            linker: &mut Linker<T>,
            get: fn(&mut T) -> KvView<'_>,
        ) -> wasmtime::Result<()> {
            bindings::edgekv::$($path)::+::add_to_linker::<T, HasKv>(linker, get)
        }
    )*};
}

add! {
    /// Adds `edgekv:kv/bodies`. All interfaces of stores need it.
    add_bodies_to_linker: kv::bodies;
    /// Adds `edgekv:kv/kv-store`: stores, with everything that is done with them.
    add_kv_store_to_linker: kv::kv_store;
    /// Adds `edgekv:platform/log`.
    add_log_to_linker: platform::log;
    /// Adds `edgekv:platform/runtime`.
    add_runtime_to_linker: platform::runtime;
    /// Adds `edgekv:platform/origin`: the data below a KV store that is a component itself.
    add_origin_to_linker: platform::origin;
}

/// Adds what programs import: `edgekv:kv/bodies` and `kv-store`, `edgekv:platform/log` and `runtime`.
///
/// `get` finds the context and the table in the data of the store. What `wasi:io/poll` is, others have to add.
///
/// # Errors
///
/// A function of these interfaces is in the linker already.
pub fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    get: fn(&mut T) -> KvView<'_>,
) -> wasmtime::Result<()> {
    add_bodies_to_linker(linker, get)?;
    add_kv_store_to_linker(linker, get)?;
    add_log_to_linker(linker, get)?;
    add_runtime_to_linker(linker, get)
}

impl KvView<'_> {
    /// Gives the component a body to read.
    ///
    /// `None` when the instance has [`max_handles`](crate::KvCtxBuilder::max_handles) objects already.
    pub fn push_body(&mut self, body: Body) -> Option<Resource<BodyResource>> {
        self.ctx.push_body(body).map(Resource::new_own)
    }

    /// Gives the component a body to write; what it writes comes out of the receiver.
    ///
    /// `None` when the instance has [`max_handles`](crate::KvCtxBuilder::max_handles) objects already.
    pub fn push_streaming_body(&mut self) -> Option<(Resource<BodyResource>, BodyReceiver)> {
        let (body, receiver) = self.ctx.push_streaming_body()?;
        Some((Resource::new_own(body), receiver))
    }

    /// Gives the component an object of its own.
    fn own<T: 'static>(&mut self, object: Object) -> Result<Resource<T>, Error> {
        self.ctx.handles_mut().insert(object).map(Resource::new_own)
    }

    /// Drops an object that the component has dropped.
    fn release<K: Kind>(&mut self, handle: u32) -> wasmtime::Result<()> {
        self.ctx.handles_mut().take::<K>(handle)?;
        Ok(())
    }
}

/// Text that a component passes.
fn text(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|_| Error::NotText)
}
