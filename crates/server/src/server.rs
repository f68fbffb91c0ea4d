//! A server: what it is made of, and how it ends.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::sync::{Arc, Weak};
use std::time::Duration;

use edgekv_host::KvCtxBuilder;
use edgekv_runtime::{Environment, Program};
use edgekv_store::StoreName;
use parking_lot::{Mutex, RwLock};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use crate::limits::Limits;
use crate::listen::Ending;
use crate::metrics::{self, Listener, Metrics};
use crate::stats::{Counters, Stats};
use crate::{listen, threads};

/// How long an application should compute before others get their turn, for
/// [`RuntimeBuilder::yield_every`](edgekv_runtime::RuntimeBuilder::yield_every).
pub const TURN: Duration = Duration::from_millis(2);

/// Answers each HTTP request by an instance of a program. Clones are the same server.
#[derive(Debug, Clone)]
pub struct Server {
    shared: Arc<Shared>,
}

/// Chooses what a [`Server`] is made of.
#[must_use]
pub struct ServerBuilder {
    program: Program,
    context: KvCtxBuilder,
    environment: Environment,
    limits: Limits,
    metrics: Option<Arc<Metrics>>,
    on_missing_store: Box<dyn Fn(&StoreName) + Send + Sync>,
}

/// What all connections and requests of a server share.
pub(crate) struct Shared {
    program: RwLock<Program>,
    pub(crate) context: KvCtxBuilder,
    pub(crate) environment: Environment,
    pub(crate) limits: Limits,
    pub(crate) counters: Counters,
    pub(crate) metrics: Option<Arc<Metrics>>,
    /// One for each request that may be worked on.
    pub(crate) slots: Arc<Semaphore>,
    connections: Arc<Semaphore>,
    /// Instances that outlive their exchange.
    pub(crate) tasks: TaskTracker,
    pub(crate) missing_stores: Arc<MissingStores>,
}

impl ServerBuilder {
    /// Sets what clients and requests may use.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the environment variables of instances.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Sets where requests are counted, and connections and instances shown. Default: nowhere.
    pub fn metrics(mut self, metrics: Arc<Metrics>) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// Sets what is done when an application has tried to open a store that is not there; once for each name, and for
    /// 16 names at most.
    pub fn on_missing_store(mut self, tell: impl Fn(&StoreName) + Send + Sync + 'static) -> Self {
        self.on_missing_store = Box::new(tell);
        self
    }

    /// Makes the server. It does nothing before [`Server::serve`].
    #[must_use]
    pub fn build(self) -> Server {
        let shared = Arc::new(Shared {
            program: RwLock::new(self.program),
            context: self.context,
            environment: self.environment,
            counters: Counters::default(),
            metrics: self.metrics,
            slots: listen::room(self.limits.max_requests),
            connections: listen::room(self.limits.max_connections),
            limits: self.limits,
            tasks: TaskTracker::new(),
            missing_stores: Arc::new(MissingStores { told: Mutex::default(), tell: self.on_missing_store }),
        });
        if let Some(metrics) = &shared.metrics {
            let server: Weak<Shared> = Arc::downgrade(&shared);
            metrics.watch_server(Listener::App, server);
        }
        Server { shared }
    }
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Server {
    /// Begins to choose a server for `program`. Each of its instances gets a context that is made from `context`.
    pub fn builder(program: Program, context: KvCtxBuilder) -> ServerBuilder {
        ServerBuilder {
            program,
            context,
            environment: Environment::default(),
            limits: Limits::default(),
            metrics: None,
            on_missing_store: Box::new(|_| {}),
        }
    }

    /// Has another program answer from the next request on. Requests that are being worked on are not disturbed.
    pub fn replace(&self, program: Program) {
        *self.shared.program.write() = program;
    }

    /// What the server has counted.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.counters.read()
    }

    /// Accepts connections until `stop` is ready; then no new ones, and waits until all requests are done and all
    /// instances have ended. None takes longer than the limits allow, so neither does this.
    ///
    /// Applications compute on the threads of the executor. [`run_blocking`](crate::run_blocking) makes one that keeps time
    /// all the same.
    pub async fn serve(&self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let counters = &self.shared.counters;
        let ending =
            listen::accept(&self.shared, listener, &self.shared.connections, &counters.connections, stop)
                .await;
        self.end(ending).await;
    }

    /// Does what [`Server::serve`] does, on threads that it makes for that, as [`run_blocking`](crate::run_blocking) does.
    ///
    /// # Errors
    ///
    /// The system refuses the threads, or to wait for the listener.
    pub fn serve_blocking(
        &self,
        listener: std::net::TcpListener,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        threads::run_blocking(async {
            self.serve(TcpListener::from_std(listener)?, stop).await;
            Ok(())
        })?
    }

    async fn end(&self, ending: Ending) {
        let limits = &self.shared.limits;
        // Requests end within their time, and their last bytes are taken within another.
        let grace = limits.request_time + limits.write_time;
        let tasks = &self.shared.tasks;
        tasks.close();
        if !ending.within(grace, tasks.wait()).await {
            let stats = self.stats();
            tracing::warn!(
                "{} connections and {} instances did not end in {grace:?}; they are cut off",
                stats.connections,
                stats.instances
            );
            ending.cut().await;
        }
    }
}

impl Shared {
    pub(crate) fn program(&self) -> Program {
        self.program.read().clone()
    }
}

impl metrics::Server for Shared {
    fn stats(&self) -> Stats {
        self.counters.read()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("limits", &self.limits).field("stats", &self.counters.read()).finish()
    }
}

/// Most names of stores that are told.
const MAX_MISSING_STORES: usize = 16;

/// Tells once of each store that applications look for in vain.
pub(crate) struct MissingStores {
    told: Mutex<BTreeSet<StoreName>>,
    tell: Box<dyn Fn(&StoreName) + Send + Sync>,
}

impl MissingStores {
    pub(crate) fn tell<'a>(&self, names: impl Iterator<Item = &'a StoreName>) {
        for name in names {
            let is_new = {
                let mut told = self.told.lock();
                told.len() < MAX_MISSING_STORES && told.insert(name.clone())
            };
            if is_new {
                (self.tell)(name);
            }
        }
    }
}
