//! A guest with all that it runs on.

use std::sync::Arc;

use edgekv_host::{Answer, Body, Client, Downstream, KvCtx, KvCtxBuilder};
use edgekv_store::{Limits, ManualClock, StoreName, Stores, Timestamp};
use futures_util::FutureExt;

use crate::guest::{Guest, Mode};
use crate::scripted::{Script, ScriptedEngine};

/// 2023-11-14, where the clocks of tests stand at first.
pub const START: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

/// A guest with what it runs on.
pub struct Fixture {
    pub guest: Guest,
    pub stores: Stores,
    pub clock: Arc<ManualClock>,
    pub script: Arc<Script>,
    /// The handle of the store "store", which is there, and empty.
    pub store: u32,
    /// What the guest answers, if there is a client.
    pub answer: Option<Answer>,
}

/// Makes a client and its request.
pub type ClientRequest = fn() -> (http::Request<Body>, Client);

/// What a test may want to be different.
pub struct Setup {
    pub limits: Limits,
    pub ctx: fn(KvCtxBuilder) -> KvCtxBuilder,
    pub downstream: Option<ClientRequest>,
}

impl Default for Setup {
    fn default() -> Self {
        Self { limits: Limits::default(), ctx: |ctx| ctx, downstream: None }
    }
}

impl Setup {
    /// With the request of a client.
    pub fn serving(downstream: ClientRequest) -> Self {
        Self { downstream: Some(downstream), ..Self::default() }
    }
}

impl Fixture {
    pub fn new(mode: Mode, setup: &Setup) -> Self {
        let clock = Arc::new(ManualClock::at(START));
        let script = Arc::new(Script::default());
        let engine = ScriptedEngine::new(Arc::clone(&script));
        let stores = Stores::builder(engine).clock(Arc::clone(&clock)).limits(setup.limits).build().unwrap();
        stores.create(&StoreName::new("store").unwrap()).wait().unwrap();
        let ctx = (setup.ctx)(KvCtx::builder(stores.clone()));
        let (ctx, answer) = match setup.downstream {
            Some(request) => {
                let (request, client) = request();
                let (downstream, answer) = Downstream::new(request, client);
                (ctx.build_for(downstream), Some(answer))
            }
            None => (ctx.build(), None),
        };
        let mut guest = Guest::new(mode, ctx);
        let store = guest.open("store");
        Self { guest, stores, clock, script, store, answer }
    }

    /// What the guest has answered by now. Ready answers only: nobody waits in a test.
    pub fn answered(&mut self) -> Option<http::Response<Body>> {
        self.answer.take().unwrap().now_or_never().flatten()
    }

    /// All of a body that the host has got from the guest.
    pub fn read(&mut self, body: Body) -> Vec<u8> {
        let handle = self.guest.store.data_mut().push_body(body).unwrap();
        self.guest.read_all(handle)
    }
}
