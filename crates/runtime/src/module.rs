//! A program that is a core module, linked; and what runs it.

use std::sync::OnceLock;

use edgekv_host::KvCtx;
use wasmtime::{Extern, Instance, InstancePre, Module, ModuleExport, Store, TypedFunc};
use wasmtime_wasi::p1::WasiP1Ctx;

use crate::file::START;
use crate::imports::{Host, Mode};
use crate::limits::MemoryLimit;
use crate::program::{NEVER, NotStarted, Remains};
use crate::runtime::Runtime;

/// A core module, linked in the ways in which it runs.
pub(crate) struct LinkedModule {
    module: Module,
    /// Where the function that runs the program is among its exports.
    start: Option<ModuleExport>,
    blocking: OnceLock<InstancePre<Host>>,
    asynchronous: OnceLock<InstancePre<Host>>,
}

impl LinkedModule {
    pub(crate) fn new(module: Module, mode: Mode, linked: InstancePre<Host>) -> Self {
        let (blocking, asynchronous) = match mode {
            Mode::Blocking => (OnceLock::from(linked), OnceLock::new()),
            Mode::Asynchronous => (OnceLock::new(), OnceLock::from(linked)),
        };
        Self { start: module.get_export_index(START), module, blocking, asynchronous }
    }

    /// The program, linked in this way; at the latest when it is first run so.
    fn linked(&self, runtime: &Runtime, mode: Mode) -> Result<&InstancePre<Host>, String> {
        let place = match mode {
            Mode::Blocking => &self.blocking,
            Mode::Asynchronous => &self.asynchronous,
        };
        if let Some(linked) = place.get() {
            return Ok(linked);
        }
        let linked = runtime.link(&self.module, mode)?;
        Ok(place.get_or_init(|| linked))
    }

    /// The function that runs the program.
    fn start(&self, store: &mut Store<Host>, instance: &Instance) -> Result<TypedFunc<(), ()>, NotStarted> {
        let start = self.start.as_ref().and_then(|start| instance.get_module_export(&mut *store, start));
        let start = start
            .and_then(Extern::into_func)
            .ok_or_else(|| NotStarted(wasmtime::Error::msg("it has no function `_start`")))?;
        start.typed(store).map_err(NotStarted)
    }

    /// Runs it to its end, on this thread.
    ///
    /// # Errors
    ///
    /// It cannot be linked in this way.
    pub(crate) fn run(&self, runtime: &Runtime, wasi: WasiP1Ctx, kv: KvCtx) -> Result<Remains, String> {
        let linked = self.linked(runtime, Mode::Blocking)?;
        let mut store = store(runtime, wasi, kv);
        store.set_epoch_deadline(NEVER);
        let result = linked.instantiate(&mut store).map_err(NotStarted).and_then(|instance| {
            let start = self.start(&mut store, &instance)?;
            Ok(start.call(&mut store, ()))
        });
        Ok(remains(store, result))
    }

    /// Runs it to its end, as one of many.
    ///
    /// # Errors
    ///
    /// It cannot be linked in this way.
    pub(crate) async fn call(
        &self,
        runtime: &Runtime,
        wasi: WasiP1Ctx,
        kv: KvCtx,
    ) -> Result<Remains, String> {
        let linked = self.linked(runtime, Mode::Asynchronous)?;
        let mut store = store(runtime, wasi, kv);
        store.epoch_deadline_async_yield_and_update(1);
        store.set_epoch_deadline(1);
        let result = match linked.instantiate_async(&mut store).await {
            Ok(instance) => match self.start(&mut store, &instance) {
                Ok(start) => Ok(start.call_async(&mut store, ()).await),
                Err(error) => Err(error),
            },
            Err(error) => Err(NotStarted(error)),
        };
        Ok(remains(store, result))
    }

    #[cfg(test)]
    pub(crate) fn is_linked(&self) -> (bool, bool) {
        (self.blocking.get().is_some(), self.asynchronous.get().is_some())
    }
}

fn store(runtime: &Runtime, wasi: WasiP1Ctx, kv: KvCtx) -> Store<Host> {
    let memory = MemoryLimit::new(runtime.max_memory_mebibytes());
    let mut store = Store::new(runtime.engine(), Host { wasi, kv, memory });
    store.limiter(|host| &mut host.memory);
    store
}

fn remains(store: Store<Host>, result: Result<wasmtime::Result<()>, NotStarted>) -> Remains {
    let Host { wasi, kv, memory } = store.into_data();
    // The last words of the guest come before the news of its end.
    drop(wasi);
    Remains { result, unanswered: None, kv, memory }
}
