//! A guest with all that it runs on, and calls that many tests make.

use std::sync::Arc;

use edgekv_host::component::{BodyResource, KvView};
use edgekv_host::{Body, BodyReceiver, KvCtx, KvCtxBuilder};
use edgekv_store::{
    CacheLimits, Completion, Engine, Insert, Key, Limits, ManualClock, MemoryEngine, StoreName, Stores,
    StoresBuilder, Timestamp,
};
use wasmtime::component::{Resource, Val};

use crate::guest::Guest;
use crate::scripted::{Script, ScriptedEngine};
use crate::values::{Answer, bytes};

/// 2023-11-14, where the clocks of tests stand at first.
pub const START: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

pub struct Fixture {
    pub guest: Guest,
    pub stores: Stores,
    pub clock: Arc<ManualClock>,
    pub script: Arc<Script>,
    memory: Arc<MemoryEngine>,
}

impl Fixture {
    /// With the store "store", which is empty.
    pub fn new() -> Self {
        Self::with(Limits::default(), |ctx| ctx)
    }

    pub fn with(limits: Limits, ctx: impl FnOnce(KvCtxBuilder) -> KvCtxBuilder) -> Self {
        Self::of_stores(|stores| stores.limits(limits), ctx)
    }

    /// With a cache of the host, which goes on serving what it has.
    pub fn cached() -> Self {
        let limits = CacheLimits { max_bytes: 1 << 20, freshness: None };
        Self::of_stores(|stores| stores.cache(limits), |ctx| ctx)
    }

    fn of_stores(
        stores: impl FnOnce(StoresBuilder) -> StoresBuilder,
        ctx: impl FnOnce(KvCtxBuilder) -> KvCtxBuilder,
    ) -> Self {
        let clock = Arc::new(ManualClock::at(START));
        let script = Arc::new(Script::default());
        let engine = ScriptedEngine::new(Arc::clone(&script));
        let memory = engine.memory();
        let stores = stores(Stores::builder(engine).clock(Arc::clone(&clock))).build().unwrap();
        stores.create(&StoreName::new("store").unwrap()).wait().unwrap();
        let guest = Guest::new(ctx(KvCtx::builder(stores.clone())).build());
        Self { guest, stores, clock, script, memory }
    }

    /// A write that the host's cache hears nothing of.
    pub fn write_past_the_cache(&self, key: &str, value: &'static str) {
        let store = self.memory.open(&StoreName::new("store").unwrap()).wait().unwrap().unwrap();
        let (key, insert) = (Key::new(key).unwrap(), Insert::new(value));
        store.insert(key, insert, START, &Limits::default(), Completion::NONE).wait().unwrap();
    }

    /// Calls a function of `edgekv:kv/kv-store`.
    pub fn kv(&mut self, function: &str, arguments: &[Val]) -> Val {
        self.guest.call(&format!("kv-store.{function}"), arguments)
    }

    /// Calls a method of a store.
    pub fn on_store(&mut self, method: &str, arguments: &[Val]) -> Val {
        self.kv(&format!("[method]store.{method}"), arguments)
    }

    /// Calls a function of `edgekv:kv/bodies`.
    pub fn bodies(&mut self, function: &str, arguments: &[Val]) -> Val {
        self.guest.call(&format!("bodies.{function}"), arguments)
    }

    /// Calls a method of a body.
    pub fn on_body(&mut self, method: &str, arguments: &[Val]) -> Val {
        self.bodies(&format!("[method]body.{method}"), arguments)
    }

    /// Calls a function of `edgekv:platform/origin`.
    pub fn origin(&mut self, function: &str, arguments: &[Val]) -> Val {
        self.guest.call(&format!("origin.{function}"), arguments)
    }

    /// The store "store".
    pub fn open(&mut self) -> Val {
        self.kv("open", &[bytes("store")]).ok()
    }

    pub fn body(&mut self, content: impl AsRef<[u8]>) -> Val {
        self.bodies("from-bytes", &[bytes(content)]).ok()
    }

    pub fn insert(&mut self, store: &Val, key: &str, value: &str) {
        self.on_store("insert", &[store.clone(), bytes(key), bytes(value)]).ok();
    }

    /// All that is left of a body.
    pub fn read_all(&mut self, body: &Val) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let read = self.on_body("read", &[body.clone(), Val::U32(65_536)]).ok().to_bytes();
            if read.is_empty() {
                return all;
            }
            all.extend(read);
        }
    }

    /// The value under a key, and the generation.
    pub fn value(&mut self, store: &Val, key: &str) -> (Vec<u8>, u64) {
        let entry = self.on_store("get", &[store.clone(), bytes(key)]).ok();
        let body = entry.field("body");
        let value = self.read_all(&body);
        self.guest.drop("bodies.body", body);
        (value, entry.field("generation").to_u64())
    }

    /// A body of the host, which the guest reads as it comes.
    pub fn given(&mut self, body: Body) -> Val {
        let resource = self.view().push_body(body).unwrap();
        self.resource(resource)
    }

    /// A body that is being sent, with what receives it.
    pub fn streaming(&mut self) -> (Val, BodyReceiver) {
        let (resource, receiver) = self.view().push_streaming_body().unwrap();
        (self.resource(resource), receiver)
    }

    fn view(&mut self) -> KvView<'_> {
        self.guest.store.data_mut().view()
    }

    fn resource(&mut self, resource: Resource<BodyResource>) -> Val {
        Val::Resource(resource.try_into_resource_any(&mut self.guest.store).unwrap())
    }

    /// Nothing that the guest had is left. A layer keeps the store that it has opened.
    pub fn assert_nothing_is_left(&self) {
        assert_eq!(self.guest.held(), (usize::from(crate::LAYER.is_some()), 0));
    }

    /// Waits until one of these is ready, and says which are.
    pub fn poll(&mut self, pollables: &[Val]) -> Vec<u64> {
        let ready = self.guest.call("poll.poll", &[Val::List(pollables.to_vec())]);
        ready.items().iter().map(Answer::to_u64).collect()
    }

    /// Whether this is ready now.
    pub fn is_ready(&mut self, pollable: &Val) -> bool {
        self.guest.call("poll.[method]pollable.ready", std::slice::from_ref(pollable)) == Val::Bool(true)
    }
}
