//! A program that is a component, linked; and what runs it.
//!
//! | question | place |
//! | --- | --- |
//! | what does the host keep for an instance? | `host.rs` |
//! | what can a component import, and what is said of what it cannot? | `linker.rs`, `interfaces.rs` |
//! | how does a request come in, and its answer out? | `http.rs` |
//! | how long may the parts of a request be that a guest makes? | `requests.rs` |
//! | what do legacy programs get that were made components? | `system.rs` |

mod host;
mod http;
mod interfaces;
mod linker;
mod requests;
mod system;

use std::num::NonZeroU32;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use edgekv_host::KvCtx;
use edgekv_store::{MemoryEngine, Stores};
use wasmtime::Store;
use wasmtime::component::{Component, InstancePre};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::{I32Exit, WasiCtx};
use wasmtime_wasi_http::p2::bindings::ProxyPre;

pub(crate) use self::host::Host;
pub use self::interfaces::Provision;
pub(crate) use self::linker::{link, linker};
use crate::error::one_line;
use crate::limits::MemoryLimit;
use crate::program::{NEVER, NotStarted, Remains};
use crate::runtime::Runtime;

/// A component, linked: components run asynchronously wherever they run.
pub(crate) struct LinkedComponent {
    command: Option<CommandPre<Host>>,
    proxy: Option<ProxyPre<Host>>,
}

impl LinkedComponent {
    /// Looks for what it exports.
    ///
    /// # Errors
    ///
    /// It exports nothing that edgekv calls, or not with the types that the standard has.
    pub(crate) fn new(component: &Component, linked: InstancePre<Host>) -> Result<Self, String> {
        let exported = |name: &str| component.get_export_index(None, name).is_some();
        let wrong = |error: wasmtime::Error| {
            format!("its exports are not as the standard has them: {}", one_line(&error))
        };
        if exported(interfaces::RUN) {
            interfaces::check_run(component)?;
        }
        let command = exported(interfaces::RUN).then(|| CommandPre::new(linked.clone()));
        let proxy = exported(interfaces::INCOMING_HANDLER).then(|| ProxyPre::new(linked));
        if command.is_none() && proxy.is_none() {
            return Err(interfaces::nothing_to_call(component));
        }
        Ok(Self { command: command.transpose().map_err(wrong)?, proxy: proxy.transpose().map_err(wrong)? })
    }

    /// Bytes of memory that it starts with, in all of its layers: makes an instance in which nothing can run. If that is not possible,
    /// says as much as is known.
    pub(crate) fn initial_bytes(&self, runtime: &Runtime) -> usize {
        let kv = KvCtx::builder(Stores::new(MemoryEngine::new())).build();
        let memory = MemoryLimit::new(NonZeroU32::MAX);
        let mut store = Store::new(runtime.engine(), Host::new(WasiCtx::builder().build(), kv, memory));
        store.limiter(|host| &mut host.memory);
        // Functions for the start end where they begin.
        store.epoch_deadline_trap();
        store.set_epoch_deadline(0);
        let linked = match (&self.proxy, &self.command) {
            (Some(proxy), _) => proxy.instance_pre(),
            (None, Some(command)) => command.instance_pre(),
            (None, None) => return 0,
        };
        {
            let mut instantiation = pin!(linked.instantiate_async(&mut store));
            // Nothing in it waits.
            if let Poll::Ready(Err(error)) =
                instantiation.as_mut().poll(&mut Context::from_waker(Waker::noop()))
            {
                tracing::debug!("not all memories of the program are known: {error:#}");
            }
        }
        store.data().memory.most_bytes()
    }

    /// Whether it is a program that runs once.
    pub(crate) const fn can_run(&self) -> bool {
        self.command.is_some()
    }

    /// Whether it answers requests.
    pub(crate) const fn can_answer(&self) -> bool {
        self.proxy.is_some()
    }

    /// Runs it to its end, on this thread.
    ///
    /// # Errors
    ///
    /// It only answers requests; the system has nothing to wait with.
    pub(crate) fn run(&self, runtime: &Runtime, wasi: WasiCtx, kv: KvCtx) -> Result<Remains, String> {
        // Streams and clocks of WASI wait in it.
        let executor = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| format!("the system has nothing to wait with: {error}"))?;
        let mut store = store(runtime, wasi, kv);
        store.set_epoch_deadline(NEVER);
        let remains = executor.block_on(self.run_once(store));
        // A thread that reads standard input may never end.
        executor.shutdown_background();
        remains
    }

    /// Runs it to its end, as one of many: it answers the request of its context, or is run once when there is none.
    ///
    /// # Errors
    ///
    /// It does not export what it is wanted for.
    pub(crate) async fn call(
        &self,
        runtime: &Runtime,
        wasi: WasiCtx,
        mut kv: KvCtx,
    ) -> Result<Remains, String> {
        let request = kv.take_downstream();
        let mut store = store(runtime, wasi, kv);
        store.epoch_deadline_async_yield_and_update(1);
        store.set_epoch_deadline(1);
        match request {
            Some((request, responder)) => {
                let proxy = self
                    .proxy
                    .as_ref()
                    .ok_or("it does not answer requests: it exports no wasi:http/incoming-handler")?;
                let (result, unanswered) = http::answer(proxy, &mut store, request, responder).await;
                Ok(remains(store, result, unanswered))
            }
            None => self.run_once(store).await,
        }
    }

    async fn run_once(&self, mut store: Store<Host>) -> Result<Remains, String> {
        let command = self.command.as_ref().ok_or("it only answers requests: it exports no wasi:cli/run")?;
        let result = match command.instantiate_async(&mut store).await {
            Ok(command) => {
                let ended = command.wasi_cli_run().call_run(&mut store).await;
                Ok(match ended {
                    Ok(Ok(())) => Ok(()),
                    // That it has failed is all that it says so.
                    Ok(Err(())) => Err(I32Exit(1).into()),
                    Err(error) => Err(error),
                })
            }
            Err(error) => Err(NotStarted(error)),
        };
        Ok(remains(store, result, None))
    }
}

fn store(runtime: &Runtime, wasi: WasiCtx, kv: KvCtx) -> Store<Host> {
    let memory = MemoryLimit::new(runtime.max_memory_mebibytes());
    let mut store = Store::new(runtime.engine(), Host::new(wasi, kv, memory));
    store.limiter(|host| &mut host.memory);
    // Bytes that one call brings to the host: all that the guest may have, so that what fits in one memory fits in a call.
    let max_bytes = store.data().memory.max_mebibytes().saturating_mul(1024 * 1024);
    if max_bytes > store.hostcall_fuel() {
        store.set_hostcall_fuel(max_bytes);
    }
    store
}

fn remains(
    store: Store<Host>,
    result: Result<wasmtime::Result<()>, NotStarted>,
    unanswered: Option<crate::run::Unanswered>,
) -> Remains {
    let Host { wasi, table, kv, memory, .. } = store.into_data();
    // The last words of the guest come before the news of its end.
    drop((table, wasi));
    Remains { result, unanswered, kv, memory }
}
