//! Putting the ABI into a Wasmtime linker.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use wasmtime::Linker;

use crate::abi::{asynchronous, blocking};
use crate::ctx::KvCtx;

/// Adds all modules of the ABI, for guests that run asynchronously: a call that has to wait gives the thread
/// back to the executor. Any executor will do.
///
/// `get` finds the [`KvCtx`] in the data of the store.
///
/// # Errors
///
/// A function of the ABI is in the linker already.
pub fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut KvCtx + Send + Sync + Copy + 'static,
) -> wasmtime::Result<()> {
    asynchronous::add_fastly_abi_to_linker(linker, get)?;
    asynchronous::add_fastly_async_io_to_linker(linker, get)?;
    asynchronous::add_fastly_compute_runtime_to_linker(linker, get)?;
    asynchronous::add_fastly_http_body_to_linker(linker, get)?;
    asynchronous::add_fastly_http_downstream_to_linker(linker, get)?;
    asynchronous::add_fastly_http_req_to_linker(linker, get)?;
    asynchronous::add_fastly_http_resp_to_linker(linker, get)?;
    asynchronous::add_fastly_kv_store_to_linker(linker, get)?;
    asynchronous::add_fastly_log_to_linker(linker, get)?;
    asynchronous::add_fastly_object_store_to_linker(linker, get)
}

/// Adds all modules of the ABI, for guests that run on the calling thread: a call that has to wait blocks it. With an
/// embedded engine only writes wait.
///
/// `get` finds the [`KvCtx`] in the data of the store.
///
/// # Errors
///
/// A function of the ABI is in the linker already.
pub fn add_to_linker_sync<T: 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut KvCtx + Send + Sync + Copy + 'static,
) -> wasmtime::Result<()> {
    blocking::add_fastly_abi_to_linker(linker, get)?;
    blocking::add_fastly_async_io_to_linker(linker, get)?;
    blocking::add_fastly_compute_runtime_to_linker(linker, get)?;
    blocking::add_fastly_http_body_to_linker(linker, get)?;
    blocking::add_fastly_http_downstream_to_linker(linker, get)?;
    blocking::add_fastly_http_req_to_linker(linker, get)?;
    blocking::add_fastly_http_resp_to_linker(linker, get)?;
    blocking::add_fastly_kv_store_to_linker(linker, get)?;
    blocking::add_fastly_log_to_linker(linker, get)?;
    blocking::add_fastly_object_store_to_linker(linker, get)
}

/// Runs a hostcall to its end on this thread. Nearly all are ready when they are asked first, and cost nothing then.
#[expect(clippy::unnecessary_wraps, reason = "the form that wiggle calls")]
pub(crate) fn block_on<F: Future>(hostcall: F) -> wasmtime::Result<F::Output> {
    let mut hostcall = pin!(hostcall);
    match hostcall.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Ok(done),
        Poll::Pending => Ok(pollster::block_on(hostcall)),
    }
}
