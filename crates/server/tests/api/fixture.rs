//! An API for as long as a test needs it.

use std::borrow::Borrow;
use std::net::SocketAddr;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use edgekv_server::{Api, ApiBuilder, ApiLimits, run_blocking};
use edgekv_store::{CacheLimits, Engine, MemoryEngine, RedbEngine, StoreName, Stores};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::client::{Answer, Client, Request};

/// Long enough for anything that is going to happen at all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Fixture {
    pub(crate) address: SocketAddr,
    pub(crate) api: Api,
    pub(crate) stores: Stores,
    /// The identity of the store "store", which is empty.
    pub(crate) id: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    _folder: Option<TempDir>,
}

/// Stores of both engines, each as it is and behind the edge cache, as `edgekv serve` has them.
pub(crate) fn engines() -> [(Stores, Option<TempDir>); 4] {
    let redb = |is_cached| {
        let folder = tempfile::tempdir().unwrap();
        let engine = RedbEngine::open(folder.path().join("data.redb")).unwrap();
        (stores(engine, is_cached), Some(folder))
    };
    let memory = |is_cached| (stores(MemoryEngine::new(), is_cached), None);
    [memory(false), memory(true), redb(false), redb(true)]
}

fn stores(engine: impl Engine, is_cached: bool) -> Stores {
    let builder = Stores::builder(engine);
    let builder = if is_cached { builder.cache(CacheLimits::default()) } else { builder };
    builder.build().unwrap()
}

/// Runs a test with each of them.
pub(crate) fn with_both(test: impl Fn(&Fixture)) {
    for (stores, folder) in engines() {
        // Seen when the test fails.
        println!("durable: {}, cached: {}", folder.is_some(), stores.cache_stats().is_some());
        test(&Fixture::of(stores, folder, |builder| builder));
    }
}

impl Fixture {
    /// In memory.
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(change: impl FnOnce(ApiBuilder) -> ApiBuilder) -> Self {
        Self::of(Stores::new(MemoryEngine::new()), None, change)
    }

    pub(crate) fn limited(change: impl FnOnce(&mut ApiLimits)) -> Self {
        let mut limits = ApiLimits::default();
        change(&mut limits);
        Self::with(|builder| builder.limits(limits))
    }

    pub(crate) fn of(
        stores: Stores,
        folder: Option<TempDir>,
        change: impl FnOnce(ApiBuilder) -> ApiBuilder,
    ) -> Self {
        let store = stores.create(&StoreName::new("store").unwrap()).wait().unwrap();
        let id = store.info().id.to_string();
        let api = change(Api::builder(stores.clone())).build();
        let (tell, address) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn({
            let api = api.clone();
            move || {
                let serving = async {
                    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                    tell.send(listener.local_addr().unwrap()).unwrap();
                    api.serve(listener, async { stopped.await.unwrap_or_default() }).await;
                };
                run_blocking(serving).unwrap();
            }
        });
        let address = address.recv().unwrap();
        Self { address, api, stores, id, stop: Some(stop), thread: Some(thread), _folder: folder }
    }

    /// A new connection.
    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address)
    }

    /// One request on a connection of its own.
    pub(crate) fn send(&self, request: impl Borrow<Request>) -> Answer {
        self.client().send(request)
    }

    /// The paths of a key: by the name of the store, and by its identity.
    pub(crate) fn paths(&self, behind: &str) -> [String; 2] {
        [format!("/stores/kv/store/{behind}"), format!("/resources/stores/kv/{}/{behind}", self.id)]
    }

    /// Asks the API to stop, and waits until it has.
    pub(crate) fn stop(&mut self) {
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

impl Drop for Fixture {
    fn drop(&mut self) {
        self.stop();
    }
}
