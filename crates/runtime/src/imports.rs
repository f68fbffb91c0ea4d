//! What a guest can import, and the state behind it.

use edgekv_host::KvCtx;
use wasmtime::{Engine, ExternType, FuncType, InstancePre, Linker, Module};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::p1::WasiP1Ctx;

use crate::error::one_line;
use crate::escaped::Escaped;
use crate::limits::MemoryLimit;
use crate::offer::Offer;

/// Most imports that are named when they are missing.
const MAX_MISSING_SHOWN: usize = 10;

/// What the host keeps for an instance.
pub(crate) struct Host {
    pub(crate) wasi: WasiP1Ctx,
    pub(crate) kv: KvCtx,
    pub(crate) memory: MemoryLimit,
}

/// What functions of the host do when there is something to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They wait on the calling thread.
    Blocking,
    /// They give the thread back.
    Asynchronous,
}

/// For guests that run on the calling thread.
pub(crate) fn blocking(engine: &Engine) -> wasmtime::Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |host: &mut Host| &mut host.wasi)?;
    edgekv_host::add_to_linker_sync(&mut linker, |host: &mut Host| &mut host.kv)?;
    pass_every_status(&mut linker)?;
    Ok(linker)
}

/// For guests that give the thread back while they wait.
pub(crate) fn asynchronous(engine: &Engine) -> wasmtime::Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p1::add_to_linker_async(&mut linker, |host: &mut Host| &mut host.wasi)?;
    edgekv_host::add_to_linker(&mut linker, |host: &mut Host| &mut host.kv)?;
    pass_every_status(&mut linker)?;
    Ok(linker)
}

/// The `proc_exit` of WASI refuses statuses over 125, which processes do have.
fn pass_every_status(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    linker.func_wrap("wasi_snapshot_preview1", "proc_exit", |status: i32| -> wasmtime::Result<()> {
        Err(I32Exit(status).into())
    })?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Modules of the legacy ABI that are stores.
const STORE_MODULES: [&str; 2] = ["fastly_kv_store", "fastly_object_store"];

/// Says whether the module wants a store where none is offered.
pub(crate) fn check_offer(module: &Module, offer: Offer) -> Result<(), String> {
    let wants_store = module.imports().any(|import| STORE_MODULES.contains(&import.module()));
    if offer.contains(Offer::KV_STORE) || !wants_store {
        return Ok(());
    }
    Err(format!(
        "it imports the KV store of the legacy ABI, which this host does not offer (it offers {offer}); make it a component by \
         `edgekv componentize`, and compose it with a feature layer by `edgekv compose`; or offer kv-store as well, by --offer"
    ))
}

/// Links the module. If imports are missing, says which, where linking would only name the first.
pub(crate) fn link(mut linker: Linker<Host>, module: &Module) -> Result<InstancePre<Host>, String> {
    for stub in edgekv_host::stub_unknown_imports(&mut linker, module).map_err(|error| one_line(&error))? {
        tracing::debug!("{}.{} is not supported; calls of it will be told so", stub.module, stub.name);
    }
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
