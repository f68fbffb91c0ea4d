//! Accepting connections, and ending them.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use edgekv_host::KvCtxBuilder;
use edgekv_runtime::{Environment, Program};
use edgekv_store::StoreName;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use parking_lot::{Mutex, RwLock};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;
use tokio_util::task::TaskTracker;

use crate::exchange::Ends;
use crate::limits::{Limits, MAX_HEADERS, MIN_HEAD_BYTES};
use crate::output::AppLog;
use crate::stats::{Counters, Stats};

/// Streams that a client may have open on one HTTP/2 connection.
const MAX_STREAMS: u32 = 128;

/// How long to wait after a connection could not be accepted, because the process has no file descriptors left for example.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

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
    on_missing_store: Box<dyn Fn(&StoreName) + Send + Sync>,
}

/// What all connections and requests of a server share.
pub(crate) struct Shared {
    program: RwLock<Program>,
    pub(crate) context: KvCtxBuilder,
    pub(crate) environment: Environment,
    pub(crate) limits: Limits,
    pub(crate) counters: Counters,
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

    /// Sets what is done when an application has tried to open a store that is not there; once for each name, and for
    /// 16 names at most.
    pub fn on_missing_store(mut self, tell: impl Fn(&StoreName) + Send + Sync + 'static) -> Self {
        self.on_missing_store = Box::new(tell);
        self
    }

    /// Makes the server. It does nothing before [`Server::serve`].
    #[must_use]
    pub fn build(self) -> Server {
        Server {
            shared: Arc::new(Shared {
                program: RwLock::new(self.program),
                context: self.context.log(Arc::new(AppLog)),
                environment: self.environment,
                counters: Counters::default(),
                slots: Arc::new(Semaphore::new(self.limits.max_requests)),
                connections: Arc::new(Semaphore::new(self.limits.max_connections)),
                limits: self.limits,
                tasks: TaskTracker::new(),
                missing_stores: Arc::new(MissingStores {
                    told: Mutex::default(),
                    tell: self.on_missing_store,
                }),
            }),
        }
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
    pub async fn serve(&self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let graceful = GracefulShutdown::new();
        let mut stop = pin!(stop);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stop => break,
                accepted = self.accept(&listener) => accepted,
            };
            match accepted {
                Ok((stream, permit)) => self.connect(stream, permit, graceful.watcher()),
                Err(error) => {
                    tracing::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        self.end(graceful).await;
    }

    /// The next client, when there is room for one.
    async fn accept(&self, listener: &TcpListener) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
        let permit = Arc::clone(&self.shared.connections).acquire_owned().await.map_err(io::Error::other)?;
        let (stream, _) = listener.accept().await?;
        Ok((stream, permit))
    }

    /// Serves a connection, in a task of its own.
    fn connect(&self, stream: TcpStream, permit: OwnedSemaphorePermit, watcher: Watcher) {
        let shared = Arc::clone(&self.shared);
        let (Ok(client), Ok(server)) = (stream.peer_addr(), stream.local_addr()) else {
            // It is gone already.
            return;
        };
        let ends = Ends { client, server };
        // Responses are written in few pieces, which need not wait for more.
        let _ = stream.set_nodelay(true);
        let present = shared.counters.connections.enter();
        let limits = &shared.limits;
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(limits.write_time));
        // For connections that have not said which protocol they speak, and for silent ones of HTTP/2. Nothing has to be
        // read while a request is worked on, so that is allowed on top.
        stream.set_read_timeout(Some(limits.head_time + limits.request_time));
        let builder = protocol(limits);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let exchange = Arc::clone(&shared).exchange(request, ends);
                async move { Ok::<_, std::convert::Infallible>(exchange.await) }
            });
            let connection = builder.serve_connection(TokioIo::new(Box::pin(stream)), service).into_owned();
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(client = %ends.client, "connection ended: {error:#}");
            }
            drop((permit, present));
        });
    }

    async fn end(&self, graceful: GracefulShutdown) {
        let limits = &self.shared.limits;
        // Requests end within their time, and their last bytes are taken within another.
        let grace = limits.request_time + limits.write_time;
        let ended = tokio::time::timeout(grace, async {
            graceful.shutdown().await;
            self.shared.tasks.close();
            self.shared.tasks.wait().await;
        });
        if ended.await.is_err() {
            let stats = self.stats();
            tracing::warn!(
                "{} connections and {} instances did not end in {grace:?}; they are cut off",
                stats.connections,
                stats.instances
            );
        }
    }
}

impl Shared {
    pub(crate) fn program(&self) -> Program {
        self.program.read().clone()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("limits", &self.limits).field("stats", &self.counters.read()).finish()
    }
}

/// HTTP/1.1 and HTTP/2 without TLS, told apart by the first bytes of a connection.
fn protocol(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    let max_head_bytes = limits.max_head_bytes.max(MIN_HEAD_BYTES);
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_buf_size(max_head_bytes)
        .max_headers(MAX_HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(u32::try_from(max_head_bytes).unwrap_or(u32::MAX))
        .keep_alive_interval(limits.head_time)
        .keep_alive_timeout(limits.head_time);
    builder
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
