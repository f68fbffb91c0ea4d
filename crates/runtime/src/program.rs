//! A program that is compiled and linked, and the running of it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use edgekv_host::KvCtx;
use wasmtime::{
    Extern, Instance, InstancePre, Module, ModuleExport, PoolConcurrencyLimitError, Store, TypedFunc,
};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::{I32Exit, WasiCtx};

use crate::environment::TraceId;
use crate::error::{StartError, StartErrorKind, one_line};
use crate::file::START;
use crate::imports::{Host, Mode};
use crate::limits::MemoryLimit;
use crate::lines::Lines;
use crate::output::{Output, ReaderGone};
use crate::run::{Call, End, Ended, Launch};
use crate::runtime::Runtime;
use crate::trap::TrapReport;

/// An epoch that no clock reaches.
const NEVER: u64 = u64::MAX / 2;

/// A program that is compiled and linked. Cheap to clone; clones are the same program.
#[derive(Clone)]
pub struct Program(Arc<Shared>);

struct Shared {
    runtime: Runtime,
    path: PathBuf,
    origin: CodeOrigin,
    /// A program's own name is the name of its file, as if it were native.
    name: String,
    module: Module,
    /// Where the function that runs the program is among its exports.
    start: Option<ModuleExport>,
    blocking: OnceLock<InstancePre<Host>>,
    asynchronous: OnceLock<InstancePre<Host>>,
}

/// Where the compiled code of a program came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeOrigin {
    /// It was compiled when the program was loaded.
    Compiled,
    /// From the code cache.
    Cached,
    /// From the file itself, which was compiled ahead of time.
    Ahead,
}

impl Program {
    pub(crate) fn new(
        runtime: Runtime,
        path: &Path,
        origin: CodeOrigin,
        module: Module,
        mode: Mode,
        linked: InstancePre<Host>,
    ) -> Self {
        let (blocking, asynchronous) = match mode {
            Mode::Blocking => (OnceLock::from(linked), OnceLock::new()),
            Mode::Asynchronous => (OnceLock::new(), OnceLock::from(linked)),
        };
        Self(Arc::new(Shared {
            runtime,
            path: path.to_owned(),
            origin,
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            start: module.get_export_index(START),
            module,
            blocking,
            asynchronous,
        }))
    }

    /// The program, linked in this way; at the latest when it is first run so.
    fn linked(&self, mode: Mode) -> Result<&InstancePre<Host>, StartError> {
        let place = match mode {
            Mode::Blocking => &self.0.blocking,
            Mode::Asynchronous => &self.0.asynchronous,
        };
        if let Some(linked) = place.get() {
            return Ok(linked);
        }
        let linked = self.0.runtime.link(&self.0.module, mode).map_err(|cause| StartError {
            path: self.0.path.clone(),
            kind: StartErrorKind::Other,
            cause,
        })?;
        Ok(place.get_or_init(|| linked))
    }

    /// The function that runs the program.
    fn start(&self, store: &mut Store<Host>, instance: &Instance) -> Result<TypedFunc<(), ()>, NotStarted> {
        let start = self.0.start.as_ref().and_then(|start| instance.get_module_export(&mut *store, start));
        let start = start
            .and_then(Extern::into_func)
            .ok_or_else(|| NotStarted(wasmtime::Error::msg("it has no function `_start`")))?;
        start.typed(store).map_err(NotStarted)
    }

    /// The file that it came from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Where its compiled code came from.
    #[must_use]
    pub fn code_origin(&self) -> CodeOrigin {
        self.0.origin
    }

    /// Runs the program to its end, on this thread, which must not be one of an asynchronous executor.
    ///
    /// # Errors
    ///
    /// The program did not even start: there is not enough memory.
    pub fn run(&self, launch: Launch<'_>) -> Result<Ended, StartError> {
        let linked = self.linked(Mode::Blocking)?;
        let mut wasi = WasiCtx::builder();
        wasi.inherit_stdio().stdout(Output).allow_blocking_current_thread(true);
        wasi.arg(&self.0.name).args(launch.args);
        launch.environment.set(&mut wasi, TraceId::random());
        let mut store = self.store(wasi.build_p1(), launch.kv);
        store.set_epoch_deadline(NEVER);

        let result = linked.instantiate(&mut store).map_err(NotStarted).and_then(|instance| {
            let start = self.start(&mut store, &instance)?;
            Ok(start.call(&mut store, ()))
        });
        self.ended(result, store)
    }

    /// Runs the program to its end, as one of many on an executor, which has to be one of tokio.
    ///
    /// To drop the future stops the guest at once, and frees what it has; what it has started to write goes on.
    ///
    /// # Errors
    ///
    /// The program did not even start: the pool is full, or there is not enough memory.
    pub async fn call(&self, call: Call<'_>) -> Result<Ended, StartError> {
        let linked = self.linked(Mode::Asynchronous)?;
        let mut wasi = WasiCtx::builder();
        wasi.arg(&self.0.name).stdout(Lines::new(call.stdout)).stderr(Lines::new(call.stderr));
        call.environment.set(&mut wasi, call.trace_id);
        let mut store = self.store(wasi.build_p1(), call.kv);
        store.epoch_deadline_async_yield_and_update(1);
        store.set_epoch_deadline(1);

        let result = match linked.instantiate_async(&mut store).await {
            Ok(instance) => match self.start(&mut store, &instance) {
                Ok(start) => Ok(start.call_async(&mut store, ()).await),
                Err(error) => Err(error),
            },
            Err(error) => Err(NotStarted(error)),
        };
        self.ended(result, store)
    }

    fn store(&self, wasi: WasiP1Ctx, kv: KvCtx) -> Store<Host> {
        let memory = MemoryLimit::new(self.0.runtime.max_memory_mebibytes());
        let mut store = Store::new(self.0.runtime.engine(), Host { wasi, kv, memory });
        store.limiter(|host| &mut host.memory);
        store
    }

    fn ended(
        &self,
        result: Result<wasmtime::Result<()>, NotStarted>,
        store: Store<Host>,
    ) -> Result<Ended, StartError> {
        let Host { wasi, kv, memory } = store.into_data();
        // The last words of the guest come before the news of its end.
        drop(wasi);
        let result = match result {
            Ok(result) => result,
            // The function that a module names for its start has run.
            Err(NotStarted(error)) if TrapReport::is_trap(&error) => Err(error),
            Err(NotStarted(error)) => return Err(self.not_started(&error, &memory)),
        };
        let end = match result {
            Ok(()) => End::Exited(0),
            Err(error) => match error.downcast_ref::<I32Exit>() {
                Some(exit) => End::Exited(exit.0),
                None if error.is::<ReaderGone>() => End::ReaderGone,
                None => End::Trapped(TrapReport::new(&self.0.path, &error, &memory)),
            },
        };
        Ok(Ended { end, most_memory_bytes: memory.most_bytes(), kv })
    }

    fn not_started(&self, error: &wasmtime::Error, memory: &MemoryLimit) -> StartError {
        let mut cause = one_line(error);
        let kind = if error.is::<PoolConcurrencyLimitError>() {
            StartErrorKind::PoolIsFull
        } else if memory.was_reached() {
            cause.push_str("; allow more by --max-memory");
            StartErrorKind::TooMuchMemory
        } else {
            StartErrorKind::Other
        };
        StartError { path: self.0.path.clone(), kind, cause }
    }
}

/// What kept a guest from being called.
struct NotStarted(wasmtime::Error);

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("path", &self.0.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use edgekv_store::{MemoryEngine, Stores};

    use super::*;
    use crate::environment::Environment;
    use crate::runtime::Pool;

    #[test]
    fn a_program_is_linked_only_for_the_way_in_which_it_runs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.wasm");
        std::fs::write(&path, wat::parse_str(r#"(module (func (export "_start")))"#).unwrap()).unwrap();
        let is_linked =
            |program: &Program| (program.0.blocking.get().is_some(), program.0.asynchronous.get().is_some());

        let pool = Pool { instances: NonZeroU32::MIN };
        let served = Runtime::builder().pool(pool).build().unwrap().load(&path).unwrap();
        assert_eq!(is_linked(&served), (false, true));

        let program = Runtime::builder().build().unwrap().load(&path).unwrap();
        assert_eq!(is_linked(&program), (true, false));
        let environment = Environment::default();
        let call = program.call(Call {
            kv: KvCtx::builder(Stores::new(MemoryEngine::new())).build(),
            environment: &environment,
            trace_id: TraceId::random(),
            stdout: Box::new(|_: &str| {}),
            stderr: Box::new(|_: &str| {}),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert!(matches!(runtime.block_on(call).unwrap().end, End::Exited(0)), "it runs the other way too");
        assert_eq!(is_linked(&program), (true, true));
    }
}
