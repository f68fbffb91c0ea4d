//! `edgekv serve`: an application, once for each HTTP request.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::Args;
use edgekv_host::KvCtx;
use edgekv_runtime::{Pool, Program, Runtime};
use edgekv_server::{Limits, Server, TURN};
use edgekv_store::Stores;

use crate::exit::{Failure, Status};
use crate::interrupt::Stop;
use crate::program::ProgramArgs;
use crate::seed;
use crate::stores::{StoresArgs, no_store};
use crate::watch::Watch;

const EXAMPLES: &str = "\
Examples:
  edgekv serve app.wasm --store mystore    answers on http://127.0.0.1:7676; data are kept in .edgekv/data.redb
  edgekv serve app.wasm --listen [::]:80   all addresses of this machine
  edgekv serve app.wasm --watch            and again what the compiler has made anew

SIGTERM or Ctrl-C stops it: running requests finish, and writes are durable. A second one stops it at once.";

/// Flags and arguments of `edgekv serve`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    /// The application: a core WebAssembly module, or what `edgekv compile` has made of one
    #[arg(value_name = "APP.wasm")]
    path: PathBuf,
    /// Address and port to listen on; with port 0 the system chooses one. The address is printed on stdout when the
    /// application can be asked
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7676", env = "EDGEKV_LISTEN", value_parser = parse_address)]
    listen: SocketAddr,
    /// Load the application again when its file changes. No request is dropped; if the new file cannot be loaded, the old
    /// application goes on
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    limits: LimitsArgs,
    #[command(flatten)]
    stores: StoresArgs,
}

/// What clients and requests may use.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
struct LimitsArgs {
    /// Most seconds for a request, from its head to the end of the application's run; then 504
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = clap::value_parser!(u32).range(1..))]
    max_time: u32,
    /// Most requests at a time; one more is answered with 503
    #[arg(long, value_name = "NUMBER", default_value = "256", value_parser = parse_requests)]
    max_requests: NonZeroU32,
    /// Most open connections, up to 1000000; further clients wait
    #[arg(long, value_name = "NUMBER", default_value = "4096", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_connections: u32,
    /// Most KiB of the head of a request (URL and headers), at least 8; then 431
    #[arg(long, value_name = "KIB", default_value = "64", value_parser = clap::value_parser!(u16).range(8..=1024))]
    max_head: u16,
    /// Most MiB of the body of a request; then 413
    #[arg(long, value_name = "MIB", default_value = "128")]
    max_body: u32,
}

fn parse_address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse()
        .map_err(|_| "write it as ADDRESS:PORT with a numeric address, such as 127.0.0.1:7676 or [::]:80")
}

/// Each has address space for its memory reserved, of which there are 128 TiB.
fn parse_requests(text: &str) -> Result<NonZeroU32, &'static str> {
    let requests = text.parse().ok().filter(|requests: &NonZeroU32| requests.get() <= 10_000);
    requests.ok_or("write a number from 1 to 10000")
}

impl LimitsArgs {
    fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        limits.max_requests = self.max_requests.get() as usize;
        limits.max_connections = self.max_connections as usize;
        limits.request_time = Duration::from_secs(u64::from(self.max_time));
        limits.max_head_bytes = usize::from(self.max_head) * 1024;
        limits.max_body_bytes = u64::from(self.max_body) * 1024 * 1024;
        limits
    }

    fn pool(&self) -> Pool {
        Pool { instances: self.max_requests }
    }
}

impl ServeArgs {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        // Whatever can be wrong without data is found before there are any.
        let config = self.stores.config()?;
        let runtime = self
            .program
            .runtime()
            .pool(self.limits.pool())
            .yield_every(TURN)
            .build()
            .context("no application can be run")?;
        // Before the load, so that no change comes unseen between the two.
        let watch = self.watch.then(|| Watch::begin(&self.path));
        let program = runtime.load(&self.path)?;
        let watch = watch.transpose()?;
        let listener = listen(self.listen)?;
        let stores = self.stores.open(config.as_ref())?;
        drop(config);

        let served = self.serve(runtime, program, watch, listener, &stores);
        // However it ended: what was started is finished, and the file closed.
        let closed = stores.close().wait();
        served?;
        closed.context("the server has ended, but the last writes may be lost")?;
        Ok(ExitCode::SUCCESS)
    }

    fn serve(
        &self,
        runtime: Runtime,
        program: Program,
        watch: Option<Watch>,
        listener: TcpListener,
        stores: &Stores,
    ) -> Result<(), Failure> {
        let stop = Stop::on_interrupt()?;
        let context = KvCtx::builder(stores.clone()).hide_store(seed::ledger_name()?);
        let server = Server::builder(program, context)
            .limits(self.limits.limits())
            .environment(self.program.environment())
            .on_missing_store(|name| tracing::warn!("{}", no_store(name)))
            .build();
        if let Some(watch) = watch {
            watch.reload(runtime, server.clone())?;
        }
        announce(listener.local_addr().context("the listener has no address")?);
        server.serve_blocking(listener, stop.asked()).context("cannot serve")?;
        Ok(())
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).map_err(|error| {
        let error = anyhow!("cannot listen on {address}: {error}; choose another address by --listen");
        Failure::new(Status::Failed, error)
    })
}

/// Says that clients may come. Whoever has started this process and reads its output learns the port so.
fn announce(address: SocketAddr) {
    let mut stdout = std::io::stdout().lock();
    // Nobody has to read it.
    let _ = writeln!(stdout, "listening on http://{address}").and_then(|()| stdout.flush());
}
