//! What the host keeps for one instance.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use edgekv_store::{StoreName, Stores};

use crate::body::Body;
use crate::cpu_time::{CpuTime, MeasuredTime};
use crate::downstream::{Downstream, Exchange};
use crate::handles::{HandleTable, Object};
use crate::log::{Endpoint, GuestLog, TracingLog, within_limit};
use crate::status::Error;
use crate::streaming::{BodyReceiver, StreamingBody};

/// Default of [`KvCtxBuilder::max_handles`]: room for the 16,384 operations under way that guests of this interface
/// count with, and a body for each of them.
const DEFAULT_MAX_HANDLES: usize = 2 * 16_384;

/// Default of [`KvCtxBuilder::max_held_bytes`], 256 MiB: twice the memory that guests usually get.
const DEFAULT_MAX_HELD_BYTES: usize = 256 * 1024 * 1024;

/// Most names that [`KvCtx::missing_stores`] remembers: enough for a message, and nothing that a guest could fill.
const MAX_MISSING_STORES: usize = 16;

/// What the host keeps for one instance: its handles and limits, the stores that it may open, the request that it answers, its
/// log, and its clock.
///
/// There is one for each instance, and nothing is global: two instances share a store exactly when both were given
/// the same [`Stores`].
#[derive(Debug)]
pub struct KvCtx {
    stores: Stores,
    /// Stores that are not for guests.
    hidden: Arc<Vec<StoreName>>,
    /// Handles of stores, by name. There is no call that closes a store, so opening one again has to give the
    /// same handle, or a loop in a guest would fill the table.
    opened: BTreeMap<StoreName, u32>,
    missing: BTreeSet<StoreName>,
    /// Handles of endpoints of the log; as with stores, there is no call that closes one.
    endpoints: BTreeMap<Endpoint, u32>,
    /// `None` is [`TracingLog`].
    log: Option<Arc<dyn GuestLog>>,
    cpu_time: CpuTime,
    pub(crate) handles: HandleTable,
    max_held_bytes: usize,
    /// The request that the instance answers, if there is one.
    pub(crate) exchange: Option<Exchange>,
    pub(crate) wanted_request: bool,
    /// Handle of the other request that the instance has asked for last.
    pub(crate) last_promise: Option<u32>,
    accepted_keys: Arc<Vec<Bytes>>,
}

/// Chooses what a [`KvCtx`] is made of. Cheap to clone: a server keeps one as the pattern for all of its instances.
#[derive(Debug, Clone)]
#[must_use]
pub struct KvCtxBuilder {
    stores: Stores,
    hidden: Arc<Vec<StoreName>>,
    log: Option<Arc<dyn GuestLog>>,
    cpu_time: Option<MeasuredTime>,
    max_handles: usize,
    max_held_bytes: usize,
    accepted_keys: Arc<Vec<Bytes>>,
}

impl KvCtxBuilder {
    /// Begins with the stores that the instance may open. Engine, clock and limits of keys and values are theirs.
    pub fn new(stores: Stores) -> Self {
        Self {
            stores,
            hidden: Arc::default(),
            log: None,
            cpu_time: None,
            max_handles: DEFAULT_MAX_HANDLES,
            max_held_bytes: DEFAULT_MAX_HELD_BYTES,
            accepted_keys: Arc::default(),
        }
    }

    /// Accepts a value of the header `Fastly-Key`: a guest that asks is told that such a request comes from somebody who may do
    /// more than others. May be called several times; by default none is accepted.
    pub fn accept_key(mut self, key: impl Into<Bytes>) -> Self {
        Arc::make_mut(&mut self.accepted_keys).push(key.into());
        self
    }

    /// Hides a store that is not for guests: to open it gives what a store gives that is not there.
    pub fn hide_store(mut self, name: StoreName) -> Self {
        Arc::make_mut(&mut self.hidden).push(name);
        self
    }

    /// Sends the messages of the guest to `log`. Default: events of `tracing` at level info, target
    /// `edgekv::guest_log`, with control characters escaped.
    pub fn log(mut self, log: Arc<dyn GuestLog>) -> Self {
        self.log = Some(log);
        self
    }

    /// How long the instance has been computing, for guests that ask (`get_vcpu_ms`). Default: the time since the context was
    /// built, waiting included, as nothing here knows when the guest runs.
    pub fn cpu_time(mut self, measured: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        self.cpu_time = Some(MeasuredTime::new(measured));
        self
    }

    /// Most objects that the instance may have at a time: stores, bodies, requests, responses, operations under way, promises of further
    /// requests, endpoints of the log. Default: 32,768. More are answered with `limitexceeded`.
    pub const fn max_handles(mut self, max: usize) -> Self {
        self.max_handles = max;
        self
    }

    /// Most bytes that the host keeps for the instance at a time: in bodies, requests and responses, in results that have not been
    /// fetched, and in writes under way. Default: 256 MiB. More are answered with `limitexceeded`, after waiting for
    /// writes under way where that helps.
    ///
    /// What a lookup or list brings is counted when it is there: with an embedded engine the limit can be exceeded by
    /// one value, with a remote one by as many as it answers at once.
    pub const fn max_held_bytes(mut self, max: usize) -> Self {
        self.max_held_bytes = max;
        self
    }

    /// Makes the context of an instance that answers the request of a client.
    #[must_use]
    pub fn build_for(self, downstream: Downstream) -> KvCtx {
        KvCtx { exchange: Some(Exchange::from(downstream)), ..self.build() }
    }

    /// Makes the context of an instance that no client waits for. All calls that need one are answered with `unsupported`,
    /// and [`KvCtx::wanted_request`] says that there were some.
    #[must_use]
    pub fn build(self) -> KvCtx {
        KvCtx {
            stores: self.stores,
            hidden: self.hidden,
            opened: BTreeMap::new(),
            missing: BTreeSet::new(),
            endpoints: BTreeMap::new(),
            log: self.log,
            cpu_time: CpuTime::beginning_now(self.cpu_time),
            handles: HandleTable::new(self.max_handles),
            max_held_bytes: self.max_held_bytes,
            exchange: None,
            wanted_request: false,
            last_promise: None,
            accepted_keys: self.accepted_keys,
        }
    }
}

impl KvCtx {
    /// Begins to choose a context whose instance may open `stores`.
    pub fn builder(stores: Stores) -> KvCtxBuilder {
        KvCtxBuilder::new(stores)
    }

    /// Number of objects that the instance has: stores, bodies, requests, responses, operations that it has not waited for, promises of
    /// further requests, endpoints of the log.
    #[must_use]
    pub const fn handles(&self) -> usize {
        self.handles.len()
    }

    /// Bytes that the host keeps for the instance.
    #[must_use]
    pub const fn held_bytes(&self) -> usize {
        self.handles.held_bytes()
    }

    /// Names of stores that the instance has tried to open, and that were not there or are hidden; the first 16 of them.
    ///
    /// Most guests end with an error then. A host that knows why can say how to make the store.
    pub fn missing_stores(&self) -> impl Iterator<Item = &StoreName> {
        self.missing.iter()
    }

    /// Gives the instance a body to read, and says under which handle.
    ///
    /// `None` when the instance has [`max_handles`](KvCtxBuilder::max_handles) objects already.
    pub fn push_body(&mut self, body: Body) -> Option<u32> {
        self.handles.insert(Object::Body(body)).ok()
    }

    /// Gives the instance a body to write, under the handle; what it writes comes out of the receiver.
    ///
    /// `None` when the instance has [`max_handles`](KvCtxBuilder::max_handles) objects already.
    pub fn push_streaming_body(&mut self) -> Option<(u32, BodyReceiver)> {
        let (body, receiver) = StreamingBody::new();
        let handle = self.handles.insert(Object::StreamingBody(body)).ok()?;
        Some((handle, receiver))
    }

    pub(crate) const fn stores(&self) -> &Stores {
        &self.stores
    }

    /// Whether this is a value of `Fastly-Key` that the host accepts.
    pub(crate) fn accepts_key(&self, key: &[u8]) -> bool {
        self.accepted_keys.iter().any(|accepted| accepted == key)
    }

    /// Whether the guest must not know of this store.
    pub(crate) fn is_hidden(&self, name: &StoreName) -> bool {
        self.hidden.contains(name)
    }

    /// The handle of a store that has been opened before.
    pub(crate) fn opened(&self, name: &str) -> Option<u32> {
        self.opened.get(name).copied()
    }

    pub(crate) fn remember_missing(&mut self, name: &StoreName) {
        if self.missing.len() < MAX_MISSING_STORES && !self.missing.contains(name) {
            self.missing.insert(name.clone());
        }
    }

    pub(crate) fn remember_opened(&mut self, name: StoreName, handle: u32) {
        self.opened.insert(name, handle);
    }

    /// The handle of an endpoint that the guest has asked for before.
    pub(crate) fn endpoint(&self, endpoint: &Endpoint) -> Option<u32> {
        self.endpoints.get(endpoint).copied()
    }

    pub(crate) fn remember_endpoint(&mut self, endpoint: Endpoint, handle: u32) {
        self.endpoints.insert(endpoint, handle);
    }

    /// Sends a message to the endpoint that `handle` names.
    pub(crate) fn write_log(&mut self, handle: u32, message: &[u8]) -> Result<(), Error> {
        let endpoint = self.handles.get::<Endpoint>(handle)?;
        let message = &*within_limit(message);
        match &self.log {
            Some(log) => log.write(endpoint.name(), message),
            None => TracingLog.write(endpoint.name(), message),
        }
        Ok(())
    }

    /// Milliseconds for which the instance has been computing.
    pub(crate) fn vcpu_ms(&self) -> u64 {
        u64::try_from(self.cpu_time.get().as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) const fn handles_mut(&mut self) -> &mut HandleTable {
        &mut self.handles
    }

    /// Says whether the host may keep `more` bytes for the instance.
    pub(crate) fn check_bytes(&mut self, more: usize) -> Result<(), Error> {
        if !self.fits(more) {
            // Operations that are done, and that nobody has waited for, still count what they needed.
            self.handles.settle();
        }
        if self.fits(more) {
            return Ok(());
        }
        let wanted = self.handles.held_bytes().saturating_add(more);
        Err(Error::TooManyBytes { wanted, max: self.max_held_bytes })
    }

    /// As [`KvCtx::check_bytes`], but waits for the writes of the instance before it refuses: a guest that writes
    /// faster than its engine is slowed down, not stopped.
    pub(crate) async fn make_room(&mut self, more: usize) -> Result<(), Error> {
        loop {
            let refused = match self.check_bytes(more) {
                Ok(()) => return Ok(()),
                Err(refused) => refused,
            };
            let Some(handle) = self.handles.write_under_way() else { return Err(refused) };
            match self.handles.object(handle) {
                Some(Object::Insert(pending)) => drop(pending.result().await),
                Some(Object::Delete(pending)) => drop(pending.result().await),
                _ => return Err(refused),
            }
            self.handles.recount(handle);
        }
    }

    /// Bytes that the host may keep besides what it does.
    pub(crate) const fn room(&self) -> usize {
        self.max_held_bytes.saturating_sub(self.handles.held_bytes())
    }

    const fn fits(&self, more: usize) -> bool {
        self.handles.held_bytes().saturating_add(more) <= self.max_held_bytes
    }
}
