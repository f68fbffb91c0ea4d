//! What a process counts, for Prometheus.
//!
//! | question | place |
//! | --- | --- |
//! | what is counted while requests and operations are under way? | [`Metrics`], in `counts.rs` |
//! | what is read from others when somebody asks? | `scrape.rs` |
//! | how does a metric look? | `family.rs` |
//!
//! Counting is some additions to atomic numbers, which are found by index: no lock, and no search by labels. A series is shown
//! from its first event on, so what cannot happen takes no room.

mod counts;
mod family;
mod scrape;

use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use edgekv_store::{Observer, Operation, OperationOutcome, Source, Stores, WeakStores};
use http::{Method, StatusCode};
use parking_lot::Mutex;
use prometheus::TextEncoder;

use self::counts::Counts;
use crate::stats::Stats;

/// Whose requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Listener {
    /// Those that an application answers.
    App,
    /// Those that the API answers.
    Api,
}

impl Listener {
    const ALL: [Self; 2] = [Self::App, Self::Api];

    const fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Api => "api",
        }
    }
}

/// Everything that is counted, and can be asked for as text.
///
/// One for a process: it is the [`Observer`] of the stores, and servers are given it when they are built.
///
/// ```
/// use std::sync::Arc;
/// use edgekv_server::Metrics;
/// use edgekv_store::{Key, MemoryEngine, StoreName, Stores};
///
/// let metrics = Arc::new(Metrics::new());
/// let stores = Stores::builder(MemoryEngine::new()).observer(metrics.clone()).build()?;
/// metrics.watch_stores(&stores);
/// let store = stores.create(&StoreName::new("mystore")?).wait()?;
/// store.lookup(Key::new("nothing")?).wait()?;
/// let line = "edgekv_kv_operations_total{kind=\"lookup\",outcome=\"not_found\"} 1\n";
/// assert!(metrics.render().contains(line));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Metrics {
    started: SystemTime,
    counts: Counts,
    watched: Mutex<Watched>,
}

/// Who is asked when somebody wants to have the metrics. None of them is kept alive for that.
#[derive(Debug, Default)]
struct Watched {
    stores: WeakStores,
    servers: Vec<(Listener, Weak<dyn Server>)>,
}

/// What has connections and requests.
pub(crate) trait Server: std::fmt::Debug + Send + Sync + 'static {
    fn stats(&self) -> Stats;
}

impl Metrics {
    /// Metrics of a process that starts now. Nothing has been counted.
    #[must_use]
    pub fn new() -> Self {
        Self { started: SystemTime::now(), counts: Counts::default(), watched: Mutex::default() }
    }

    /// Shows the cache and the engine of `stores` from now on, in place of others.
    pub fn watch_stores(&self, stores: &Stores) {
        self.watched.lock().stores = stores.downgrade();
    }

    /// Shows the connections, requests and instances of `server` from now on, beside others.
    pub(crate) fn watch_server(&self, listener: Listener, server: Weak<dyn Server>) {
        let servers = &mut self.watched.lock().servers;
        servers.retain(|(_, server)| server.strong_count() > 0);
        servers.push((listener, server));
    }

    /// Counts a request that is over: its response has been taken, or will never be. `status` is `None` when there was none.
    pub fn request(
        &self,
        listener: Listener,
        method: &Method,
        status: Option<StatusCode>,
        elapsed: Duration,
    ) {
        self.counts.request(listener, method, status);
        self.counts.request_times(listener).observe(elapsed);
    }

    /// All metrics in the text format of Prometheus, whose media type is [`Metrics::MEDIA_TYPE`].
    #[must_use]
    pub fn render(&self) -> String {
        let mut families = self.counts.families();
        families.extend(self.scraped());
        // Most scrapers do not care; people do.
        families.sort_by(|a, b| a.name().cmp(b.name()));
        let mut text = String::new();
        if let Err(error) = TextEncoder::new().encode_utf8(&families, &mut text) {
            tracing::error!("metrics cannot be written: {error}");
        }
        text
    }

    /// The media type of what [`Metrics::render`] gives.
    pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer for Metrics {
    fn observe(&self, operation: &Operation) {
        self.counts.operation(operation.kind, operation.outcome);
        // How long nobody has listened says nothing about the operation.
        if operation.outcome != OperationOutcome::Unheard {
            self.counts.operation_times(operation.kind, operation.source).observe(operation.elapsed);
        }
    }
}

/// A request that is counted when this is dropped, if anybody counts.
#[derive(Debug)]
pub(crate) struct Counted {
    metrics: Arc<Metrics>,
    listener: Listener,
    method: Method,
    began: std::time::Instant,
}

impl Counted {
    pub(crate) fn begin(metrics: &Arc<Metrics>, listener: Listener, method: &Method) -> Self {
        let (metrics, method) = (Arc::clone(metrics), method.clone());
        Self { metrics, listener, method, began: std::time::Instant::now() }
    }

    pub(crate) fn end(self, status: Option<StatusCode>) {
        self.metrics.request(self.listener, &self.method, status, self.began.elapsed());
    }
}

const fn source_name(source: Source) -> &'static str {
    match source {
        Source::Cache => "cache",
        Source::Engine => "engine",
    }
}
