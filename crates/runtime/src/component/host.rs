//! What the host keeps for an instance of a component.

use std::any::Any;
use std::mem;

use edgekv_host::KvCtx;
use edgekv_host::component::KvView;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::p2::body::{HostOutgoingBody, StreamContext};
use wasmtime_wasi_http::p2::types::{HostOutgoingRequest, HostOutgoingResponse};
use wasmtime_wasi_http::{
    Error, FieldMap, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

use super::system::Streams;
use crate::limits::MemoryLimit;

/// Most objects of WASI that an instance may have at a time: room to wait for each of the 32,768 that its [`KvCtx`] may have, by two
/// objects, and besides for what every program has: streams, clocks, a request.
const MAX_OBJECTS: usize = 2 * 32_768 + 4_096;

/// Most objects of HTTP among them that hold memory of the host: headers, messages and bodies. One holds 192 KiB at most, so all
/// together stay below 100 MiB.
const MAX_MESSAGES: usize = 512;

/// How many functions of HTTP are called before those objects are counted again; none makes more than one.
const CALLS_BETWEEN_COUNTS: usize = MAX_MESSAGES / 2;

/// Most bytes of the headers of a message that a guest makes, or of its trailers.
const MAX_FIELDS_BYTES: usize = 64 * 1024;

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
    /// Functions of HTTP that have been called since objects were counted.
    calls: usize,
    /// What functions of HTTP are given when there are too many objects: nothing is in it, and nothing fits in.
    no_objects: ResourceTable,
}

impl Host {
    pub(super) fn new(wasi: WasiCtx, kv: KvCtx, memory: MemoryLimit) -> Self {
        let mut objects = ResourceTable::new();
        objects.set_max_capacity(MAX_OBJECTS);
        let mut no_objects = ResourceTable::new();
        no_objects.set_max_capacity(0);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(MAX_FIELDS_BYTES);
        Self {
            wasi,
            table: Table { objects },
            kv,
            memory,
            streams: Streams::default(),
            http,
            backends: NoBackends,
            calls: 0,
            no_objects,
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
}

impl Table {
    /// Objects of HTTP that hold memory of the host.
    fn messages(&mut self) -> usize {
        let is_message = |object: &&mut (dyn Any + Send)| {
            object.is::<FieldMap>()
                || object.is::<HostOutgoingBody>()
                || object.is::<HostOutgoingRequest>()
                || object.is::<HostOutgoingResponse>()
        };
        self.objects.iter_mut().filter(is_message).count()
    }
}

impl Drop for Table {
    /// A body that its guest has neither finished nor dropped has not ended well; to whoever takes it, that would look like an end.
    fn drop(&mut self) {
        for object in self.objects.iter_mut() {
            if let Some(body) = object.downcast_mut::<HostOutgoingBody>() {
                let (ended, _) = HostOutgoingBody::new(StreamContext::Response, None, 1, 0);
                mem::replace(body, ended).abort();
            }
        }
    }
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table.objects }
    }
}

impl WasiHttpView for Host {
    /// Asked for by each function of HTTP.
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        self.calls += 1;
        if self.calls > CALLS_BETWEEN_COUNTS {
            if self.table.messages() > MAX_MESSAGES - CALLS_BETWEEN_COUNTS {
                tracing::warn!(
                    "the guest keeps more than {} headers, messages and bodies of HTTP; it is stopped",
                    MAX_MESSAGES - CALLS_BETWEEN_COUNTS
                );
                // Whatever the function wants of it is an error that ends the guest.
                return WasiHttpCtxView {
                    ctx: &mut self.http,
                    table: &mut self.no_objects,
                    hooks: &mut self.backends,
                };
            }
            self.calls = 0;
        }
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
