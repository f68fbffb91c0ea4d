//! What is waited for by `wasi:io/poll`.

use std::future::poll_fn;
use std::sync::Weak;
use std::task::Poll;

use wasmtime::component::Resource;
use wasmtime_wasi_io::async_trait;
use wasmtime_wasi_io::poll::{DynPollable, Pollable, subscribe};

use super::KvView;
use crate::awaited::Awaited;

/// Waits for an object. One that is gone is ready: to wait for it longer would be to wait for ever.
struct Waiting(Weak<dyn Awaited>);

#[async_trait]
impl Pollable for Waiting {
    async fn ready(&mut self) {
        poll_fn(|cx| self.0.upgrade().map_or(Poll::Ready(()), |awaited| awaited.poll_ready(cx))).await;
    }
}

impl KvView<'_> {
    /// What becomes ready with an object; `None` when it is ready now.
    pub(super) fn subscribe_to(&mut self, handle: u32) -> wasmtime::Result<Option<Resource<DynPollable>>> {
        match self.ctx.handles_mut().share(handle) {
            Some(awaited) => self.pollable(awaited).map(Some),
            None => Ok(None),
        }
    }

    fn pollable(&mut self, awaited: Weak<dyn Awaited>) -> wasmtime::Result<Resource<DynPollable>> {
        let waiting = self.table.push(Waiting(awaited))?;
        subscribe(self.table, waiting)
    }

    /// What becomes ready with an object, also when that is now.
    pub(super) fn pollable_of(&mut self, handle: u32) -> wasmtime::Result<Resource<DynPollable>> {
        match self.ctx.handles_mut().share(handle) {
            Some(awaited) => self.pollable(awaited),
            None => self.pollable(Weak::<Never>::new()),
        }
    }
}

/// Of which there is none: what is gone is ready.
enum Never {}

impl Awaited for Never {
    fn poll_ready(&self, _cx: &mut std::task::Context<'_>) -> Poll<()> {
        match *self {}
    }
}
