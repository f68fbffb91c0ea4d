//! `edgekv:platform/system`: what legacy programs need of WASI, over the context that WASI itself has, for their adapter.

use std::time::Duration;

use bytes::Bytes;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::cli::WasiCliView as _;
use wasmtime_wasi::clocks::WasiClocksView as _;
use wasmtime_wasi::p2::bindings::cli::{environment, stderr, stdin, stdout};
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::bindings::random::random;
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, StreamError};
use wasmtime_wasi::random::WasiRandomView;

use self::bindings::edgekv::platform::system::{Clock, Host as System, Output};
use super::host::Host;

mod bindings {
    wasmtime::component::bindgen!({
        inline: "package edgekv:runtime; world system { import edgekv:platform/system@0.1.0; }",
        path: ["wit/wasi/io", "wit/wasi/clocks", "wit/wasi/cli", "wit/kv", "wit/platform"],
        world: "edgekv:runtime/system",
        imports: {
            "edgekv:platform/system.print": async | trappable,
            "edgekv:platform/system.read-stdin": async | trappable,
            "edgekv:platform/system.sleep": async | trappable,
            default: trappable,
        },
    });
}

/// Most bytes of standard input that are given at once.
const MAX_READ_BYTES: usize = 64 * 1024;

/// Most random bytes that are given at once, as the interface says.
const MAX_RANDOM_BYTES: u32 = 65_536;

/// The streams of an instance, once they are used.
#[derive(Debug, Default)]
pub(super) struct Streams {
    stdin: Option<Resource<DynInputStream>>,
    stdout: Option<Resource<DynOutputStream>>,
    stderr: Option<Resource<DynOutputStream>>,
}

struct HasSystem;

impl wasmtime::component::HasData for HasSystem {
    type Data<'a> = &'a mut Host;
}

/// Gives components the interface.
pub(super) fn add_to_linker(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    bindings::edgekv::platform::system::add_to_linker::<_, HasSystem>(linker, |host| host)
}

impl Host {
    fn output(&mut self, to: Output) -> wasmtime::Result<&mut DynOutputStream> {
        let kept = match to {
            Output::Stdout => &self.streams.stdout,
            Output::Stderr => &self.streams.stderr,
        };
        let stream = match kept {
            Some(stream) => Resource::new_borrow(stream.rep()),
            None => {
                let stream = match to {
                    Output::Stdout => stdout::Host::get_stdout(&mut self.cli())?,
                    Output::Stderr => stderr::Host::get_stderr(&mut self.cli())?,
                };
                let borrowed = Resource::new_borrow(stream.rep());
                match to {
                    Output::Stdout => self.streams.stdout = Some(stream),
                    Output::Stderr => self.streams.stderr = Some(stream),
                }
                borrowed
            }
        };
        Ok(self.table.objects.get_mut(&stream)?)
    }

    fn input(&mut self) -> wasmtime::Result<&mut DynInputStream> {
        let stream = match &self.streams.stdin {
            Some(stream) => Resource::new_borrow(stream.rep()),
            None => {
                let stream = stdin::Host::get_stdin(&mut self.cli())?;
                let borrowed = Resource::new_borrow(stream.rep());
                self.streams.stdin = Some(stream);
                borrowed
            }
        };
        Ok(self.table.objects.get_mut(&stream)?)
    }
}

/// Texts as C has them.
fn with_zeros(texts: impl IntoIterator<Item = String>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for text in texts {
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
    }
    bytes
}

impl System for Host {
    async fn print(&mut self, to: Output, bytes: Vec<u8>) -> wasmtime::Result<bool> {
        let stream = self.output(to)?;
        match stream.blocking_write_and_flush(Bytes::from(bytes)).await {
            Ok(()) => Ok(true),
            Err(StreamError::Trap(error)) => Err(error),
            Err(error @ (StreamError::Closed | StreamError::LastOperationFailed(_))) => {
                tracing::debug!("the guest's output is not taken: {error}");
                Ok(false)
            }
        }
    }

    async fn read_stdin(&mut self, max: u32) -> wasmtime::Result<Vec<u8>> {
        let max = usize::try_from(max).unwrap_or(usize::MAX).min(MAX_READ_BYTES);
        let stream = self.input()?;
        loop {
            match stream.read(max) {
                Ok(bytes) if bytes.is_empty() && max > 0 => stream.ready().await,
                Ok(bytes) => return Ok(bytes.into()),
                Err(StreamError::Closed) => return Ok(Vec::new()),
                Err(StreamError::LastOperationFailed(error)) => {
                    tracing::warn!("standard input cannot be read: {error:#}");
                    return Ok(Vec::new());
                }
                Err(StreamError::Trap(error)) => return Err(error),
            }
        }
    }

    fn arguments(&mut self) -> wasmtime::Result<Vec<u8>> {
        Ok(with_zeros(environment::Host::get_arguments(&mut self.cli())?))
    }

    fn environment(&mut self) -> wasmtime::Result<Vec<u8>> {
        let variables = environment::Host::get_environment(&mut self.cli())?;
        Ok(with_zeros(variables.into_iter().map(|(name, value)| format!("{name}={value}"))))
    }

    fn now(&mut self, by: Clock) -> wasmtime::Result<u64> {
        match by {
            Clock::Monotonic => monotonic_clock::Host::now(&mut self.clocks()),
            Clock::Realtime => {
                let now = wall_clock::Host::now(&mut self.clocks())?;
                Ok(now.seconds.saturating_mul(1_000_000_000).saturating_add(now.nanoseconds.into()))
            }
        }
    }

    async fn sleep(&mut self, nanoseconds: u64) -> wasmtime::Result<()> {
        tokio::time::sleep(Duration::from_nanos(nanoseconds)).await;
        Ok(())
    }

    fn random(&mut self, bytes: u32) -> wasmtime::Result<Vec<u8>> {
        random::Host::get_random_bytes(WasiRandomView::random(self), bytes.min(MAX_RANDOM_BYTES).into())
    }

    fn exit(&mut self, status: u32) -> wasmtime::Result<()> {
        Err(I32Exit(status.cast_signed()).into())
    }
}
