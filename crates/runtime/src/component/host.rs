//! What the host keeps for an instance of a component.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use edgekv_host::KvCtx;
use edgekv_host::component::KvView;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::p2::body::HostOutgoingBody;
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

use super::system::Streams;
use crate::limits::MemoryLimit;

/// Most objects of WASI that an instance may have at a time, beside those of its [`KvCtx`], which has as many: room for something to wait
/// for behind each of them.
const MAX_OBJECTS: usize = 2 * 32_768;

/// Largest piece of a response that a guest hands over at once, in bytes. Two may be under way.
const PIECE_BYTES: usize = 64 * 1024;

/// What the host keeps for an instance.
pub(crate) struct Host {
    pub(crate) wasi: WasiCtx,
    pub(crate) table: Table,
    pub(crate) kv: KvCtx,
    pub(crate) memory: MemoryLimit,
    pub(super) streams: Streams,
    http: WasiHttpCtx,
    backends: NoBackends,
}

impl Host {
    pub(super) fn new(wasi: WasiCtx, kv: KvCtx, memory: MemoryLimit) -> Self {
        let mut objects = ResourceTable::new();
        objects.set_max_capacity(MAX_OBJECTS);
        Self {
            wasi,
            table: Table { objects, is_cut: None },
            kv,
            memory,
            streams: Streams::default(),
            http: WasiHttpCtx::new(),
            backends: NoBackends,
        }
    }

    /// For the functions of edgekv.
    pub(super) fn kv(&mut self) -> KvView<'_> {
        KvView { ctx: &mut self.kv, table: &mut self.table.objects }
    }
}

/// The objects of WASI that an instance has.
pub(crate) struct Table {
    pub(super) objects: ResourceTable,
    /// To be told when the instance ends before it has ended the body of its response: for the body itself that looks like an end.
    pub(super) is_cut: Option<Arc<AtomicBool>>,
}

impl Drop for Table {
    fn drop(&mut self) {
        if let Some(is_cut) = &self.is_cut
            && self.objects.iter_mut().any(|object| object.is::<HostOutgoingBody>())
        {
            // Before the objects go, and with them the other end of the body.
            is_cut.store(true, Ordering::Release);
        }
    }
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table.objects }
    }
}

impl WasiHttpView for Host {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table.objects, hooks: &mut self.backends }
    }
}

/// Requests of guests go nowhere: there are no backends, as for core modules.
#[derive(Debug, Clone, Copy)]
struct NoBackends;

/// What comes of a request: its response, and what has to be polled for that.
type Sent = Result<(http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>), Error>;

impl WasiHttpHooks for NoBackends {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        _options: Option<RequestOptions>,
        _done: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        tracing::debug!(authority = ?request.uri().authority(), "a request of the guest is denied: there are no backends");
        Box::new(std::future::ready(Err(Error::HttpRequestDenied)))
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        PIECE_BYTES
    }
}
