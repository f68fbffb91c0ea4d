//! How long the parts of a request may be that a guest makes. It goes nowhere, as there are no backends; but until then the host keeps
//! what it was told.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::WasiHttpView as _;
use wasmtime_wasi_http::p2::bindings::http::types::{HostOutgoingRequest as _, Method, Scheme};
use wasmtime_wasi_http::p2::types::HostOutgoingRequest;

use super::host::Host;

/// Most bytes of each part: as much as the head of a request that comes in may have.
const MAX_PART_BYTES: usize = 16 * 1024;

type Request = Resource<HostOutgoingRequest>;
type Set = wasmtime::Result<(Result<(), ()>,)>;

/// Puts functions that look at the length in the place of those that keep texts of any length.
pub(super) fn shadow(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut types = linker.instance("wasi:http/types@0.2.12")?;
    types.func_wrap(
        "[method]outgoing-request.set-method",
        |mut store: StoreContextMut<'_, Host>, (request, method): (Request, Method)| -> Set {
            if let Method::Other(name) = &method
                && is_long(name)
            {
                return Ok((Err(()),));
            }
            Ok((store.data_mut().http().set_method(request, method)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-scheme",
        |mut store: StoreContextMut<'_, Host>, (request, scheme): (Request, Option<Scheme>)| -> Set {
            if let Some(Scheme::Other(name)) = &scheme
                && is_long(name)
            {
                return Ok((Err(()),));
            }
            Ok((store.data_mut().http().set_scheme(request, scheme)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-authority",
        |mut store: StoreContextMut<'_, Host>, (request, authority): (Request, Option<String>)| -> Set {
            if authority.as_deref().is_some_and(is_long) {
                return Ok((Err(()),));
            }
            Ok((store.data_mut().http().set_authority(request, authority)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-path-with-query",
        |mut store: StoreContextMut<'_, Host>, (request, path): (Request, Option<String>)| -> Set {
            if path.as_deref().is_some_and(is_long) {
                return Ok((Err(()),));
            }
            Ok((store.data_mut().http().set_path_with_query(request, path)?,))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

const fn is_long(text: &str) -> bool {
    text.len() > MAX_PART_BYTES
}
