//! A server with the application of `app.wat`, for as long as a test needs it.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use edgekv_host::KvCtx;
use edgekv_runtime::{Pool, Program, Runtime};
use edgekv_server::{Limits, Metrics, Server, Stats, TURN};
use edgekv_store::{Key, MemoryEngine, StoreName, Stores};
use tokio::sync::oneshot;

/// Long enough for anything that is going to happen at all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Most instances at a time, in all servers of this process.
const INSTANCES: NonZeroU32 = NonZeroU32::new(256).unwrap();

pub(crate) struct Fixture {
    pub(crate) address: SocketAddr,
    pub(crate) server: Server,
    pub(crate) stores: Stores,
    #[allow(dead_code, reason = "not all binaries of tests look at them")]
    pub(crate) metrics: Arc<Metrics>,
    #[allow(dead_code, reason = "not all binaries of tests look for tasks that are left")]
    pub(crate) runtime: tokio::runtime::Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The program, compiled once for all tests.
pub(crate) fn program() -> Program {
    static PROGRAM: OnceLock<Program> = OnceLock::new();
    PROGRAM.get_or_init(|| compile(APP, INSTANCES)).clone()
}

pub(crate) const APP: &str = include_str!("app.wat");

/// Another program, with a pool of its own.
pub(crate) fn compile(text: &str, instances: NonZeroU32) -> Program {
    compile_bytes(&wat::parse_str(text).unwrap(), instances)
}

/// The same of a program that is there as bytes.
pub(crate) fn compile_bytes(bytes: &[u8], instances: NonZeroU32) -> Program {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.wasm");
    std::fs::write(&path, bytes).unwrap();
    let runtime = Runtime::builder()
        .pool(Pool { instances })
        .yield_every(TURN)
        .max_memory_mebibytes(NonZeroU32::new(16).unwrap());
    runtime.build().unwrap().load(&path).unwrap()
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Limits)) -> Self {
        Self::of(program(), change)
    }

    /// A server of this program.
    pub(crate) fn of(program: Program, change: impl FnOnce(&mut Limits)) -> Self {
        let metrics = Arc::new(Metrics::new());
        let stores = Stores::builder(MemoryEngine::new()).observer(metrics.clone()).build().unwrap();
        metrics.watch_stores(&stores);
        stores.create(&StoreName::new("store").unwrap()).wait().unwrap();
        let mut limits = Limits::default();
        limits.max_requests = 32;
        change(&mut limits);
        let server = Server::builder(program, KvCtx::builder(stores.clone()))
            .limits(limits)
            .metrics(Arc::clone(&metrics))
            .build();
        let (started, starts) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let thread = thread::spawn({
            let server = server.clone();
            move || {
                let stop = async move {
                    started.send(tokio::runtime::Handle::current()).unwrap();
                    stopped.await.unwrap_or_default();
                };
                server.serve_blocking(listener, stop).unwrap();
            }
        });
        let runtime = starts.recv().unwrap();
        Self { address, server, stores, metrics, runtime, stop: Some(stop), thread: Some(thread) }
    }

    /// Asks the server to stop, without waiting for it.
    pub(crate) fn begin_to_stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Waits for the server, which has been asked to stop.
    pub(crate) fn join(&mut self) {
        self.thread.take().unwrap().join().unwrap();
    }

    /// Whether the store has the key that the application writes.
    pub(crate) fn has_key(&self) -> bool {
        let store = self.stores.open(&StoreName::new("store").unwrap()).wait().unwrap().unwrap();
        store.lookup(Key::new("key").unwrap()).wait().unwrap().is_some()
    }

    /// Waits until the counters are as they should be.
    pub(crate) fn wait_until(&self, what: &str, is_so: impl Fn(Stats) -> bool) {
        wait_until(what, || is_so(self.server.stats()));
    }

    /// Waits until there is no trace of any request.
    pub(crate) fn wait_until_nothing_is_left(&self) {
        self.wait_until("nothing is left", |stats| {
            (stats.instances, stats.contexts, stats.responses) == (0, 0, 0)
        });
    }

    /// A normal request is answered.
    pub(crate) fn check(&self) {
        let answer = crate::clients::get(self.address, "/h");
        assert!(
            answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nhello\n"),
            "{answer:?}"
        );
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take()
            && !thread::panicking()
        {
            thread.join().unwrap();
        }
    }
}

/// Asks again until something is so.
pub(crate) fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "in vain: {what}");
        thread::yield_now();
    }
}
