//! A program that is compiled and linked, and the running of it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use edgekv_host::KvCtx;
use wasmtime::PoolConcurrencyLimitError;
use wasmtime_wasi::{I32Exit, WasiCtx, WasiCtxBuilder};

use crate::component::LinkedComponent;
use crate::environment::TraceId;
use crate::error::{LoadError, StartError, StartErrorKind, one_line};
use crate::limits::MemoryLimit;
use crate::lines::Lines;
use crate::module::LinkedModule;
use crate::output::{Output, ReaderGone};
use crate::run::{Call, End, Ended, Launch, Unanswered};
use crate::runtime::Runtime;
use crate::trap::TrapReport;

/// An epoch that no clock reaches.
pub(crate) const NEVER: u64 = u64::MAX / 2;

/// A program that is compiled and linked. Cheap to clone; clones are the same program.
#[derive(Clone)]
pub struct Program(Arc<Shared>);

struct Shared {
    runtime: Runtime,
    path: PathBuf,
    origin: CodeOrigin,
    /// A program's own name is the name of its file, as if it were native.
    name: String,
    linked: Linked,
}

/// A program, in the form that it has.
pub(crate) enum Linked {
    Module(LinkedModule),
    Component(LinkedComponent),
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
    pub(crate) fn new(runtime: Runtime, path: &Path, origin: CodeOrigin, linked: Linked) -> Self {
        Self(Arc::new(Shared {
            runtime,
            path: path.to_owned(),
            origin,
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            linked,
        }))
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

    /// Whether it is a component.
    #[must_use]
    pub fn is_component(&self) -> bool {
        matches!(self.0.linked, Linked::Component(_))
    }

    /// Whether it is a component that exports `wasi:http/incoming-handler`. What a core module does shows only when it runs.
    #[must_use]
    pub fn can_answer(&self) -> bool {
        matches!(&self.0.linked, Linked::Component(component) if component.can_answer())
    }

    /// The program, if [`Program::run`] can run it: every core module, and a component that exports `wasi:cli/run`.
    ///
    /// # Errors
    ///
    /// It is a component that only answers requests.
    pub fn for_running(self) -> Result<Self, LoadError> {
        match &self.0.linked {
            Linked::Component(component) if !component.can_run() => Err(LoadError::cannot_run(
                &self.0.path,
                "it exports wasi:http/incoming-handler, so it answers requests, and no wasi:cli/run; have it answer \
                 them by `edgekv serve`",
            )),
            _ => Ok(self),
        }
    }

    /// The program, if it can answer requests: every core module, as what one does shows only when it runs, and a component that
    /// exports `wasi:http/incoming-handler`.
    ///
    /// # Errors
    ///
    /// It is a component that runs once.
    pub fn for_serving(self) -> Result<Self, LoadError> {
        match &self.0.linked {
            Linked::Component(component) if !component.can_answer() => Err(LoadError::cannot_run(
                &self.0.path,
                "it exports wasi:cli/run, so it is a program that runs once, and no wasi:http/incoming-handler; run it by \
                 `edgekv run`, or, if it was made by `edgekv componentize`, serve the core module that it was made from",
            )),
            _ => Ok(self),
        }
    }

    /// Runs the program to its end, on this thread, which must not be one of an asynchronous executor.
    ///
    /// # Errors
    ///
    /// The program did not even start: there is not enough memory; it is a component that only answers requests.
    pub fn run(&self, launch: Launch<'_>) -> Result<Ended, StartError> {
        let mut wasi = self.wasi();
        wasi.inherit_stdio().stdout(Output).allow_blocking_current_thread(true).args(launch.args);
        launch.environment.set(&mut wasi, TraceId::random());
        let remains = match &self.0.linked {
            Linked::Module(module) => module.run(&self.0.runtime, wasi.build_p1(), launch.kv),
            Linked::Component(component) => component.run(&self.0.runtime, wasi.build(), launch.kv),
        };
        self.ended(remains)
    }

    /// Runs the program to its end, as one of many on an executor, which has to be one of tokio. If its context has the request of a
    /// client, a component answers that; otherwise it is run as by [`Program::run`].
    ///
    /// To drop the future stops the guest at once, and frees what it has; what it has started to write goes on.
    ///
    /// # Errors
    ///
    /// The program did not even start: the pool is full, or there is not enough memory; it is a component that does not
    /// export what is asked of it.
    pub async fn call(&self, call: Call<'_>) -> Result<Ended, StartError> {
        let mut wasi = self.wasi();
        wasi.stdout(Lines::new(call.stdout)).stderr(Lines::new(call.stderr));
        call.environment.set(&mut wasi, call.trace_id);
        let remains = match &self.0.linked {
            Linked::Module(module) => module.call(&self.0.runtime, wasi.build_p1(), call.kv).await,
            Linked::Component(component) => component.call(&self.0.runtime, wasi.build(), call.kv).await,
        };
        self.ended(remains)
    }

    fn wasi(&self) -> WasiCtxBuilder {
        let mut wasi = WasiCtx::builder();
        // Nobody may be connected to; so there are not even sockets, of which a process has few.
        wasi.arg(&self.0.name).allow_tcp(false).allow_udp(false);
        wasi
    }

    fn ended(&self, remains: Result<Remains, String>) -> Result<Ended, StartError> {
        let Remains { result, unanswered, kv, memory } = remains.map_err(|cause| StartError {
            path: self.0.path.clone(),
            kind: StartErrorKind::Other,
            cause,
        })?;
        let result = match result {
            // An instance found its place, and its call none: nothing of it has run.
            Ok(Err(error)) if error.is::<PoolConcurrencyLimitError>() => {
                return Err(self.not_started(&error, &memory));
            }
            Ok(result) => result,
            // The function that a module names for its start has run.
            Err(NotStarted(error)) if TrapReport::is_trap(&error) => Err(error),
            Err(NotStarted(error)) => return Err(self.not_started(&error, &memory)),
        };
        let end = match (result, unanswered) {
            (Ok(()), None) => End::Exited(0),
            (Ok(()), Some(unanswered)) => End::Unanswered(unanswered),
            (Err(error), unanswered) => match (error.downcast_ref::<I32Exit>(), unanswered) {
                // It says that all is well, and has left as much as one that returns.
                (Some(I32Exit(0)), Some(unanswered)) => End::Unanswered(unanswered),
                (Some(exit), _) => End::Exited(exit.0),
                (None, _) if error.is::<ReaderGone>() => End::ReaderGone,
                (None, _) => {
                    End::Trapped(TrapReport::new(&self.0.path, self.is_component(), &error, &memory))
                }
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
pub(crate) struct NotStarted(pub(crate) wasmtime::Error);

/// What an instance leaves behind.
pub(crate) struct Remains {
    pub(crate) result: Result<wasmtime::Result<()>, NotStarted>,
    /// Of a component that was to answer a request, and returned without.
    pub(crate) unanswered: Option<Unanswered>,
    pub(crate) kv: KvCtx,
    pub(crate) memory: MemoryLimit,
}

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
    use crate::pool::Pool;

    #[test]
    fn a_program_is_linked_only_for_the_way_in_which_it_runs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.wasm");
        std::fs::write(&path, wat::parse_str(r#"(module (func (export "_start")))"#).unwrap()).unwrap();
        let is_linked = |program: &Program| match &program.0.linked {
            Linked::Module(module) => module.is_linked(),
            Linked::Component(_) => panic!("it is a module"),
        };

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
