//! Guests: loading, limiting and running one, and telling how it ended.

mod environment;
mod limits;
mod output;
mod program;
mod trap;

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use edgekv_host::KvCtx;
use edgekv_store::{StoreName, Stores};
use wasmtime::{Config, Engine, ExternType, FuncType, InstancePre, Linker, Module, Store};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::{I32Exit, WasiCtx};

use self::limits::MemoryLimit;
use self::output::{Output, ReaderGone};
pub(crate) use self::trap::TrapReport;
use crate::engine::is_reserved;
use crate::exit::{Failure, Status};
use crate::quoted::Escaped;
use crate::seed;

/// Most imports that are named when they are missing.
const MAX_MISSING_SHOWN: usize = 10;

/// A program that is compiled and linked.
pub(crate) struct Guest {
    path: PathBuf,
    instance: InstancePre<Host>,
}

/// What one run of a guest is given.
pub(crate) struct Launch<'a> {
    pub(crate) stores: Stores,
    pub(crate) args: &'a [String],
    pub(crate) env: &'a [(String, String)],
    pub(crate) max_memory_mebibytes: NonZeroU32,
}

/// How a guest ended.
#[derive(Debug)]
pub(crate) enum End {
    /// By itself, with this status.
    Exited(i32),
    /// By a trap.
    Trapped(TrapReport),
    /// By writing to standard output when nobody reads it any more.
    ReaderGone,
}

/// What is known of a run when it is over.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) end: End,
    /// Stores that the guest has tried to open, and that are not there.
    pub(crate) missing_stores: Vec<StoreName>,
}

/// What the host keeps for an instance.
struct Host {
    wasi: WasiP1Ctx,
    kv: KvCtx,
    memory: MemoryLimit,
}

impl Guest {
    /// Reads the program at `path`, compiles it, and links it with everything that the host has.
    pub(crate) fn load(path: &Path) -> Result<Self, Failure> {
        let bytes = program::read(path)?;
        let cannot_run =
            |cause: String| Failure::new(Status::CannotRun, anyhow!("{}: {cause}", path.display()));
        let failed = |error| Failure::new(Status::Failed, anyhow!("{}", one_line(&error)));
        let engine = Engine::new(&engine_config()).map_err(failed)?;
        let module = Module::new(&engine, bytes).map_err(|error| {
            cannot_run(format!(
                "not a valid WebAssembly module ({}); the file may be cut off or damaged: build it again",
                one_line(&error)
            ))
        })?;
        program::check_start(&module).map_err(|cause| cannot_run(cause.to_owned()))?;
        let linker = linker(&engine).map_err(failed)?;
        let instance = link(linker, &module).map_err(cannot_run)?;
        Ok(Self { path: path.to_owned(), instance })
    }

    /// Runs the program to its end.
    ///
    /// An error means that it did not even start.
    pub(crate) fn run(&self, launch: Launch<'_>) -> Result<Ended, Failure> {
        // A program's own name is the name of its file, as if it were native.
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let env = environment::of_service().into_iter().chain(launch.env.iter().cloned());
        let mut wasi = WasiCtx::builder();
        wasi.inherit_stdio().stdout(Output).allow_blocking_current_thread(true).arg(name).args(launch.args);
        for (name, value) in environment::last_wins(env) {
            wasi.env(name, value);
        }
        let host = Host {
            wasi: wasi.build_p1(),
            kv: KvCtx::builder(launch.stores).hide_store(seed::ledger_name()?).build(),
            memory: MemoryLimit::new(launch.max_memory_mebibytes),
        };
        let mut store = Store::new(self.instance.module().engine(), host);
        store.limiter(|host| &mut host.memory);

        let instance = match self.instance.instantiate(&mut store) {
            Ok(instance) => instance,
            Err(error) if TrapReport::is_trap(&error) => return Ok(self.ended(Err(error), &store)),
            Err(error) => {
                let more =
                    if store.data().memory.was_reached() { "; allow more by --max-memory" } else { "" };
                let error = anyhow!("{}: cannot start: {}{more}", self.path.display(), one_line(&error));
                return Err(Failure::new(Status::CannotRun, error));
            }
        };
        let start = instance.get_typed_func::<(), ()>(&mut store, program::START);
        let result = start.and_then(|start| start.call(&mut store, ()));
        Ok(self.ended(result, &store))
    }

    fn ended(&self, result: wasmtime::Result<()>, store: &Store<Host>) -> Ended {
        let end = match result {
            Ok(()) => End::Exited(0),
            Err(error) => match error.downcast_ref::<I32Exit>() {
                Some(exit) => End::Exited(exit.0),
                None if error.is::<ReaderGone>() => End::ReaderGone,
                None => End::Trapped(TrapReport::new(&self.path, &error, &store.data().memory)),
            },
        };
        let missing = store.data().kv.missing_stores();
        let missing_stores = missing.filter(|name| !is_reserved(name)).cloned().collect();
        Ended { end, missing_stores }
    }
}

/// Everything for speed: what is not set here has the fast setting by default (optimised code, copy-on-write
/// memory, guard pages instead of bounds checks).
fn engine_config() -> Config {
    let mut config = Config::new();
    config.parallel_compilation(true).memory_init_cow(true);
    config
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |host: &mut Host| &mut host.wasi)?;
    edgekv_host::add_to_linker_sync(&mut linker, |host: &mut Host| &mut host.kv)?;
    // The one above refuses statuses over 125, which processes do have.
    linker.allow_shadowing(true);
    linker.func_wrap("wasi_snapshot_preview1", "proc_exit", |status: i32| -> wasmtime::Result<()> {
        Err(I32Exit(status).into())
    })?;
    linker.allow_shadowing(false);
    Ok(linker)
}

/// Links the module. If imports are missing, says which, where linking would only name the first.
fn link(mut linker: Linker<Host>, module: &Module) -> Result<InstancePre<Host>, String> {
    let mut missing = Vec::new();
    let mut count = 0_usize;
    for import in module.imports() {
        let ty = match import.ty() {
            ExternType::Func(ty) => ty,
            // Nothing else is provided, under any name.
            _ => FuncType::new(module.engine(), [], []),
        };
        // What can be defined was not there. That it is now keeps one that is imported twice from being counted twice.
        let placed = linker.func_new(import.module(), import.name(), ty, |_, _, _| {
            Err(wasmtime::Error::msg("this import is missing"))
        });
        if placed.is_ok() {
            count += 1;
            if missing.len() < MAX_MISSING_SHOWN {
                missing.push(format!("{}::{}", Escaped::name(import.module()), Escaped::name(import.name())));
            }
        }
    }
    match missing.as_slice() {
        [] => linker.instantiate_pre(module).map_err(|error| one_line(&error)),
        [one] => Err(format!("it imports {one}, which edgekv does not have; build it without that")),
        first => {
            let more = match count - first.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            Err(format!(
                "it imports {count} things that edgekv does not have; build it without them: {}{more}",
                first.join(", ")
            ))
        }
    }
}

/// An error of Wasmtime with its causes, as one line.
fn one_line(error: &wasmtime::Error) -> String {
    let line = format!("{error:#}").lines().map(str::trim).collect::<Vec<_>>().join(" ");
    Escaped::message(&line).to_string()
}
