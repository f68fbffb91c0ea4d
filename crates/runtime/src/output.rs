//! Standard output of a guest: that of the command, and a quiet end when nobody reads it any more.

use std::fmt;
use std::pin::Pin;

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

/// The command's standard output. A write after its reader has gone ends the guest by [`ReaderGone`], as the signal of
/// a broken pipe would end a native program: `edgekv run app.wasm | head -1` is no mistake.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output;

/// Why a guest ended that writes to a pipe which nobody reads.
#[derive(Debug)]
pub(crate) struct ReaderGone;

impl fmt::Display for ReaderGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody reads standard output any more")
    }
}

impl std::error::Error for ReaderGone {}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        IsTerminal::is_terminal(&std::io::stdout())
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        std::io::stdout().async_stream()
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Stream(std::io::stdout().p2_stream()))
    }
}

struct Stream(Box<dyn OutputStream>);

/// A stream of standard output is closed by its reader only.
fn end_if_closed<T>(result: StreamResult<T>) -> StreamResult<T> {
    match result {
        Err(StreamError::Closed) => Err(StreamError::Trap(ReaderGone.into())),
        other => other,
    }
}

impl OutputStream for Stream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        end_if_closed(self.0.write(bytes))
    }

    fn flush(&mut self) -> StreamResult<()> {
        end_if_closed(self.0.flush())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        end_if_closed(self.0.check_write())
    }
}

impl Pollable for Stream {
    fn ready<'a, 'b>(&'a mut self) -> Pin<Box<dyn Future<Output = ()> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        self.0.ready()
    }
}
