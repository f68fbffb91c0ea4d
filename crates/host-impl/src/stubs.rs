//! What guests import and this host does not have.

use std::sync::Once;

use wasmtime::{Engine, ExternType, FuncType, ImportType, Linker, Module, Val, ValType};

use crate::abi::types::FastlyStatus;

/// A function that a guest imports, that this host does not have, and that answers `unsupported` instead.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stub {
    /// The module it is imported from.
    pub module: String,
    /// Its name there.
    pub name: String,
}

/// Makes a linker offer what `module` imports beyond what is in it, as far as that belongs to this ABI. To be called after
/// [`add_to_linker`](crate::add_to_linker) or [`add_to_linker_sync`](crate::add_to_linker_sync), on a linker for this one
/// module.
///
/// Guests import all that their toolchain *might* call, hundreds of functions. So:
///
/// - A function of an unknown `fastly_*` module, or an unknown one of a known module, is defined with the type that the guest
///   imports it with: it answers `unsupported` (5), and a warning names it when it is called first. These are the ones that are
///   returned.
/// - A name of very old guests, such as `env::xqd_body_read`, is another name for the function of today.
/// - `fastly_object_store.pending_insert_wait` with two parameters, as raw bindings declare it, takes the place of the one with
///   one parameter: it is what `fastly_kv_store.insert_wait` is.
///
/// All else stays unknown: instantiating the guest then says what is missing.
///
/// # Errors
///
/// Linker and module are of two different engines, or Wasmtime has no memory.
pub fn stub_unknown_imports<T: 'static>(
    linker: &mut Linker<T>,
    module: &Module,
) -> wasmtime::Result<Vec<Stub>> {
    if !Engine::same(linker.engine(), module.engine()) {
        wasmtime::bail!(
            "the linker and the module are of two different engines; make both with the same one"
        );
    }
    let mut known = Known::of(linker);
    let mut stubs = Vec::new();
    for import in module.imports() {
        let ExternType::Func(ty) = import.ty() else { continue };
        let (module, name) = (import.module(), import.name());
        if is_insert_wait_of_raw_bindings(&import, &ty) && known.has(INSERT_WAIT) {
            replace(linker, INSERT_WAIT, (module, name))?;
        } else if known.has((module, name)) {
            // There already; if its type is another one, instantiating the guest says so.
        } else if let Some(today) = name_of_today(module, name)
            && known.has((today.0, &today.1))
        {
            linker.alias(today.0, &today.1, module, name)?;
            known.declare((module, name))?;
        } else if module.starts_with("fastly_") && is_status(ty.results()) {
            let stub = Stub { module: module.to_owned(), name: name.to_owned() };
            define(linker, ty, stub.clone())?;
            // A module may import the same function many times.
            known.declare((module, name))?;
            stubs.push(stub);
        }
    }
    Ok(stubs)
}

/// Module and name of a function.
type Path<'a> = (&'a str, &'a str);

const INSERT_WAIT: Path<'_> = ("fastly_kv_store", "insert_wait");

/// What is in a linker. To look into one takes a store, which takes the embedder's data; a copy in which all may be
/// defined twice takes neither.
struct Known<T>(Linker<T>);

impl<T: 'static> Known<T> {
    fn of(linker: &Linker<T>) -> Self {
        let mut copy = linker.clone();
        copy.allow_shadowing(true);
        Self(copy)
    }

    fn has(&mut self, path: Path<'_>) -> bool {
        self.0.alias(path.0, path.1, path.0, path.1).is_ok()
    }

    /// Remembers that the linker has something of this name from now on.
    fn declare(&mut self, path: Path<'_>) -> wasmtime::Result<()> {
        self.0.func_wrap(path.0, path.1, || ()).map(drop)
    }
}

/// Puts what is in the linker as `from` in the place of `to` as well.
fn replace<T: 'static>(linker: &mut Linker<T>, from: Path<'_>, to: Path<'_>) -> wasmtime::Result<()> {
    // A linker does not tell whether it lets definitions be replaced; a copy of it shows.
    let allowed = linker.clone().alias(from.0, from.1, from.0, from.1).is_ok();
    let replaced = linker.allow_shadowing(true).alias(from.0, from.1, to.0, to.1).map(drop);
    linker.allow_shadowing(allowed);
    replaced
}

fn define<T: 'static>(linker: &mut Linker<T>, ty: FuncType, stub: Stub) -> wasmtime::Result<()> {
    let (module, name) = (stub.module.clone(), stub.name.clone());
    let reported = Once::new();
    let unsupported = u32::from(FastlyStatus::Unsupported).cast_signed();
    linker.func_new(&module, &name, ty, move |_, _, results| {
        reported.call_once(|| {
            let Stub { module, name } = &stub;
            tracing::warn!("the guest calls {module}::{name}, which is not there; it gets `unsupported`");
        });
        results.fill(Val::I32(unsupported));
        Ok(())
    })?;
    Ok(())
}

fn is_status(mut results: impl ExactSizeIterator<Item = ValType>) -> bool {
    results.len() == 1 && results.all(|result| result.is_i32())
}

/// Whether this is the declaration that stores a `kv_error`. The witx text and the hosts that there are never had it.
fn is_insert_wait_of_raw_bindings(import: &ImportType<'_>, ty: &FuncType) -> bool {
    (import.module(), import.name()) == ("fastly_object_store", "pending_insert_wait")
        && ty.params().len() == 2
        && ty.params().all(|param| param.is_i32())
        && is_status(ty.results())
}

/// What a function is called today that very old guests import from `env`.
pub(crate) fn name_of_today(module: &str, name: &str) -> Option<(&'static str, String)> {
    /// Beginnings of old names; the module; how the new name begins.
    const FAMILIES: &[(&str, &str, &str)] = &[
        ("body_", "fastly_http_body", ""),
        ("log_", "fastly_log", ""),
        ("pending_req_", "fastly_http_req", "pending_req_"),
        ("req_", "fastly_http_req", ""),
        ("resp_", "fastly_http_resp", ""),
    ];
    let old = name.strip_prefix("xqd_").filter(|_| module == "env")?;
    match old {
        "init" => Some(("fastly_abi", "init".to_owned())),
        "body_close_downstream" => Some(("fastly_http_body", "close".to_owned())),
        _ => FAMILIES.iter().find_map(|&(family, module, beginning)| {
            old.strip_prefix(family).map(|rest| (module, format!("{beginning}{rest}")))
        }),
    }
}
