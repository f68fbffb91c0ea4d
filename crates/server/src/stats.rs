//! What a server counts of itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of a server, read together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Requests whose head has been read, since the start.
    pub requests: u64,
    /// Requests that were refused because there was no room for them, since the start.
    pub refused: u64,
    /// Connections that are open.
    pub connections: u64,
    /// Instances that are running.
    pub instances: u64,
    /// Contexts of instances that are not freed: each with all handles, requests and responses that its instance has had.
    pub contexts: u64,
    /// Responses whose body has not been sent to its end.
    pub responses: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) requests: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) connections: Gauge,
    pub(crate) instances: Gauge,
    pub(crate) contexts: Gauge,
    pub(crate) responses: Gauge,
}

impl Counters {
    pub(crate) fn read(&self) -> Stats {
        Stats {
            requests: self.requests.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            connections: self.connections.read(),
            instances: self.instances.read(),
            contexts: self.contexts.read(),
            responses: self.responses.read(),
        }
    }
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// How many of something there are: as many as there are [`Present`]s.
#[derive(Debug, Default)]
pub(crate) struct Gauge(Arc<AtomicU64>);

impl Gauge {
    pub(crate) fn enter(&self) -> Present {
        self.0.fetch_add(1, Ordering::Relaxed);
        Present(Arc::clone(&self.0))
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts for as long as it lives.
#[derive(Debug)]
pub(crate) struct Present(Arc<AtomicU64>);

impl Drop for Present {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
