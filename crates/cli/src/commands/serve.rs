//! `edgekv serve`: an application, once for each HTTP request, and the stores themselves.

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::Args;
use edgekv_host::KvCtx;
use edgekv_runtime::{Pool, Program, Runtime};
use edgekv_server::{Limits, Metrics, Server, TURN, run_blocking};
use edgekv_store::{Observer, Stores};

use crate::api::{ApiArgs, Offer};
use crate::exit::{Failure, Status};
use crate::interrupt::Stop;
use crate::program::ProgramArgs;
use crate::seed;
use crate::stores::{StoresArgs, no_store};
use crate::usage;
use crate::watch::Watch;

const EXAMPLES: &str = "\
Examples:
  edgekv serve app.wasm --store mystore    answers on http://127.0.0.1:7676; data are kept in .edgekv/data.redb
  edgekv serve app.wasm --listen [::]:80   all addresses of this machine
  edgekv serve app.wasm --watch            and again what the compiler has made anew
  edgekv serve --store mystore             the API alone: curl http://127.0.0.1:7677/stores/kv/mystore/keys
  edgekv serve --api [::]:7677 --api-token-file token
                                           the API for other machines as well, for those who have the token

SIGTERM or Ctrl-C stops it: running requests finish, and writes are durable. A second one stops it at once.";

/// The flags that mean nothing without an application.
const APP_FLAGS: [&str; 11] = [
    "--listen",
    "--watch",
    "--env",
    "--offer",
    "--max-memory",
    "--code-cache",
    "--max-time",
    "--max-requests",
    "--max-connections",
    "--max-head",
    "--max-body",
];

/// Flags and arguments of `edgekv serve`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    /// The application: a core WebAssembly module, a component, or what `edgekv compile` has made of one. Without one, there
    /// is only the API
    #[arg(value_name = "APP.wasm")]
    path: Option<PathBuf>,
    /// Address and port of the application; with port 0 the system chooses one. The address is printed on stdout when the
    /// application can be asked
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7676", env = "EDGEKV_LISTEN", value_parser = parse_address)]
    listen: SocketAddr,
    /// Load the application again when its file changes. No request is dropped; if the new file cannot be loaded, the old
    /// application goes on
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    api: ApiArgs,
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

/// Each has address space for its memories reserved, of which there are 128 TiB.
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

/// An application, ready to be served.
struct App {
    runtime: Runtime,
    program: Program,
    watch: Option<Watch>,
    listener: TcpListener,
}

/// The API, ready to be served.
struct Outside {
    offer: Offer,
    listener: TcpListener,
}

impl ServeArgs {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        // Whatever can be wrong without data is found before there are any.
        let config = self.stores.config()?;
        let offer = self.api.offer()?;
        let app = match &self.path {
            Some(path) => Some(self.app(path)?),
            None if offer.is_none() => {
                let nothing = match usage::origin("--api") {
                    flag if flag == "--api" => "leave out --api none".to_owned(),
                    variable => format!("give {variable} an address, which is none now"),
                };
                let error = anyhow!("there is nothing to serve; name an application, or {nothing}");
                return Err(Failure::new(Status::Usage, error));
            }
            None => {
                check_no_app()?;
                None
            }
        };
        let outside = offer.map(Outside::new).transpose()?;
        // Only there can anybody ask for what is counted.
        let metrics = outside.as_ref().map(|_| Arc::new(Metrics::new()));
        let observer = metrics.clone().map(|metrics| metrics as Arc<dyn Observer>);
        let stores = self.stores.open(config.as_ref(), observer)?;
        if let Some(metrics) = &metrics {
            metrics.watch_stores(&stores);
        }
        drop(config);

        let served = self.serve(app, outside, &stores, metrics.as_ref());
        // However it ended: what was started is finished, and the file closed.
        let closed = stores.close().wait();
        served?;
        closed.context("the server has ended, but the last writes may be lost")?;
        Ok(ExitCode::SUCCESS)
    }

    fn app(&self, path: &Path) -> Result<App, Failure> {
        let runtime = self
            .program
            .runtime()
            .pool(self.limits.pool())
            .yield_every(TURN)
            .build()
            .context("no application can be run")?;
        // Before the load, so that no change comes unseen between the two.
        let watch = self.watch.then(|| Watch::begin(path));
        let program = runtime.load(path)?.for_serving()?;
        let watch = watch.transpose()?;
        let listener = listen(self.listen, "choose another address by --listen")?;
        Ok(App { runtime, program, watch, listener })
    }

    fn serve(
        &self,
        app: Option<App>,
        outside: Option<Outside>,
        stores: &Stores,
        metrics: Option<&Arc<Metrics>>,
    ) -> Result<(), Failure> {
        let stop = Stop::on_interrupt()?;
        let app = app.map(|app| self.server(app, stores, metrics)).transpose()?;
        let outside = outside.map(|outside| {
            let mut api = outside.offer.api(stores.clone());
            if let Some(metrics) = metrics {
                api = api.metrics(Arc::clone(metrics));
            }
            (api.build(), outside.listener)
        });
        // Both can be asked before either is announced. The application's line is the first, for those who read no more.
        if let Some((_, listener)) = &app {
            announce("listening on", listener)?;
        }
        if let Some((_, listener)) = &outside {
            announce("api on", listener)?;
        }
        let serving = async {
            let app = async {
                let Some((server, listener)) = app else { return Ok(()) };
                server.serve(tokio::net::TcpListener::from_std(listener)?, stop.clone().asked()).await;
                Ok(())
            };
            let outside = async {
                let Some((api, listener)) = outside else { return Ok(()) };
                api.serve(tokio::net::TcpListener::from_std(listener)?, stop.clone().asked()).await;
                Ok(())
            };
            tokio::try_join!(app, outside)
        };
        run_blocking(serving).and_then(|served: io::Result<_>| served).context("cannot serve")?;
        Ok(())
    }

    fn server(
        &self,
        app: App,
        stores: &Stores,
        metrics: Option<&Arc<Metrics>>,
    ) -> Result<(Server, TcpListener), Failure> {
        let App { runtime, program, watch, listener } = app;
        let context = KvCtx::builder(stores.clone()).hide_store(seed::ledger_name()?);
        let mut server = Server::builder(program, context)
            .limits(self.limits.limits())
            .environment(self.program.environment())
            .on_missing_store(|name| tracing::warn!("{}", no_store(name)));
        if let Some(metrics) = metrics {
            server = server.metrics(Arc::clone(metrics));
        }
        let server = server.build();
        if let Some(watch) = watch {
            watch.reload(runtime, server.clone())?;
        }
        Ok((server, listener))
    }
}

impl Outside {
    fn new(offer: Offer) -> Result<Self, Failure> {
        let listener =
            listen(offer.address, "choose another address for the API by --api, or --api none for no API")?;
        Ok(Self { offer, listener })
    }
}

/// Flags of an application without one are a mistake, and the application was forgotten. Their variables may be set for all
/// commands of a machine, and are not.
fn check_no_app() -> Result<(), Failure> {
    let Some(flag) = APP_FLAGS.into_iter().find(|flag| usage::is_given(flag)) else { return Ok(()) };
    let error = anyhow!("{flag} is for an application, and there is none; name one, or leave out {flag}");
    Err(Failure::new(Status::Usage, error))
}

fn listen(address: SocketAddr, remedy: &str) -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    listener.map_err(|error| {
        Failure::new(Status::Failed, anyhow!("cannot listen on {address}: {error}; {remedy}"))
    })
}

/// Says that clients may come. Whoever has started this process and reads its output learns the port so.
fn announce(what: &str, listener: &TcpListener) -> Result<(), Failure> {
    let address = listener.local_addr().context("the listener has no address")?;
    let mut stdout = io::stdout().lock();
    // Nobody has to read it.
    let _ = writeln!(stdout, "{what} http://{address}").and_then(|()| stdout.flush());
    Ok(())
}
