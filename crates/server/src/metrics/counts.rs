//! What is counted while it happens.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use edgekv_store::{OperationKind, OperationOutcome, Source};
use http::{Method, StatusCode};
use prometheus::proto::MetricFamily;

use super::family::{Bucket, counters, histograms};
use super::{Listener, source_name};

/// Methods that have a name in metrics; all others are one. A client can make up as many as it likes.
const METHODS: [(&str, Method); 8] = [
    ("GET", Method::GET),
    ("HEAD", Method::HEAD),
    ("PUT", Method::PUT),
    ("POST", Method::POST),
    ("PATCH", Method::PATCH),
    ("DELETE", Method::DELETE),
    ("OPTIONS", Method::OPTIONS),
    ("TRACE", Method::TRACE),
];

/// What the others are called.
const OTHER_METHOD: &str = "other";

/// Classes of statuses. Applications may send statuses that are in none, and some requests are never answered.
const CLASSES: [&str; 7] = ["1xx", "2xx", "3xx", "4xx", "5xx", "other", "none"];

const LISTENERS: usize = Listener::ALL.len();
const KINDS: usize = OperationKind::ALL.len();
const OUTCOMES: usize = OperationOutcome::ALL.len();
const SOURCES: [Source; 2] = [Source::Engine, Source::Cache];

/// Upper bounds of the times of requests, from what a small answer takes to the longest that may be.
const REQUEST_BOUNDS: &[Duration] = &[
    Duration::from_micros(100),
    Duration::from_micros(250),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2500),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
];

/// Upper bounds of the times of operations, from a hit of the cache to a disk that hangs.
const OPERATION_BOUNDS: &[Duration] = &[
    Duration::from_nanos(500),
    Duration::from_micros(1),
    Duration::from_micros(2),
    Duration::from_micros(5),
    Duration::from_micros(10),
    Duration::from_micros(50),
    Duration::from_micros(100),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(10),
];

/// Numbers by the indexes of their labels.
#[derive(Debug)]
pub(super) struct Counts {
    requests: [[[AtomicU64; CLASSES.len()]; METHODS.len() + 1]; LISTENERS],
    request_times: [Histogram; LISTENERS],
    operations: [[AtomicU64; OUTCOMES]; KINDS],
    operation_times: [[Histogram; SOURCES.len()]; KINDS],
}

impl Default for Counts {
    fn default() -> Self {
        use std::array::from_fn;
        Self {
            requests: from_fn(|_| from_fn(|_| from_fn(|_| AtomicU64::new(0)))),
            request_times: from_fn(|_| Histogram::new(REQUEST_BOUNDS)),
            operations: from_fn(|_| from_fn(|_| AtomicU64::new(0))),
            operation_times: from_fn(|_| from_fn(|_| Histogram::new(OPERATION_BOUNDS))),
        }
    }
}

impl Counts {
    pub(super) fn request(&self, listener: Listener, method: &Method, status: Option<StatusCode>) {
        let [app, api] = &self.requests;
        let of_listener = match listener {
            Listener::App => app,
            Listener::Api => api,
        };
        let method = METHODS.iter().position(|(_, known)| known == method).unwrap_or(METHODS.len());
        // Statuses begin with 100.
        let class = status.map_or(CLASSES.len(), |status| usize::from(status.as_u16() / 100).min(6));
        if let Some(count) = of_listener.get(method).and_then(|classes| classes.get(class.saturating_sub(1)))
        {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) const fn request_times(&self, listener: Listener) -> &Histogram {
        let [app, api] = &self.request_times;
        match listener {
            Listener::App => app,
            Listener::Api => api,
        }
    }

    pub(super) fn operation(&self, kind: OperationKind, outcome: OperationOutcome) {
        let outcomes = self.operations.get(kind as usize);
        if let Some(count) = outcomes.and_then(|outcomes| outcomes.get(outcome as usize)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn operation_times(&self, kind: OperationKind, source: Source) -> &Histogram {
        let [lookup, read, insert, delete, list] = &self.operation_times;
        let [engine, cache] = match kind {
            OperationKind::Lookup => lookup,
            OperationKind::Read => read,
            OperationKind::Insert => insert,
            OperationKind::Delete => delete,
            OperationKind::List => list,
        };
        match source {
            Source::Engine => engine,
            Source::Cache => cache,
        }
    }

    /// All that has been counted, without what has not happened yet.
    pub(super) fn families(&self) -> Vec<MetricFamily> {
        let mut requests = Vec::new();
        for (listener, methods) in Listener::ALL.iter().zip(&self.requests) {
            let names = METHODS.iter().map(|(name, _)| *name).chain([OTHER_METHOD]);
            for (method, classes) in names.zip(methods) {
                for (class, count) in CLASSES.iter().zip(classes) {
                    let labels =
                        vec![("listener", listener.as_str()), ("method", method), ("status", *class)];
                    requests.push((labels, count.load(Ordering::Relaxed)));
                }
            }
        }
        let mut operations = Vec::new();
        for (kind, outcomes) in OperationKind::ALL.iter().zip(&self.operations) {
            for (outcome, count) in OperationOutcome::ALL.iter().zip(outcomes) {
                let labels = vec![("kind", kind.as_str()), ("outcome", outcome.as_str())];
                operations.push((labels, count.load(Ordering::Relaxed)));
            }
        }
        let request_times = Listener::ALL.iter().zip(&self.request_times);
        let request_times =
            request_times.map(|(listener, times)| (vec![("listener", listener.as_str())], times.read()));
        let operation_times = OperationKind::ALL.iter().zip(&self.operation_times);
        let operation_times = operation_times.flat_map(|(kind, sources)| {
            SOURCES.iter().zip(sources).map(|(source, times)| {
                (vec![("kind", kind.as_str()), ("source", source_name(*source))], times.read())
            })
        });
        [
            counters("edgekv_http_requests_total", "Requests that are over.", requests),
            histograms(
                "edgekv_http_request_duration_seconds",
                "Time from the head of a request to the end of its response.",
                request_times.collect(),
            ),
            counters("edgekv_kv_operations_total", "Operations on the entries of stores.", operations),
            histograms(
                "edgekv_kv_operation_duration_seconds",
                "Time from the call of an operation to its answer.",
                operation_times.collect(),
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Times, by how long they are: two additions for each. The library has one as well, which takes more than twice as many,
/// one of them in a loop, and can fail to be made.
#[derive(Debug)]
pub(super) struct Histogram {
    bounds: &'static [Duration],
    /// As many as there are bounds, and one for what is beyond the last.
    buckets: Box<[AtomicU64]>,
    /// In nanoseconds, of which there is room for 584 years.
    sum: AtomicU64,
}

/// What a [`Histogram`] says.
#[derive(Debug)]
pub(super) struct Times {
    pub(super) buckets: Vec<Bucket>,
    pub(super) count: u64,
    pub(super) sum: Duration,
}

impl Histogram {
    fn new(bounds: &'static [Duration]) -> Self {
        let buckets = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, buckets, sum: AtomicU64::new(0) }
    }

    pub(super) fn observe(&self, time: Duration) {
        let at = self.bounds.partition_point(|bound| *bound < time);
        if let Some(bucket) = self.buckets.get(at) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn read(&self) -> Times {
        let mut count = 0;
        let mut cumulated = self.buckets.iter().map(|bucket| {
            count += bucket.load(Ordering::Relaxed);
            count
        });
        let buckets = self.bounds.iter().zip(cumulated.by_ref());
        let buckets = buckets.map(|(bound, count)| Bucket { bound: *bound, count }).collect();
        // The last bucket has no bound.
        let all = cumulated.last();
        Times {
            buckets,
            count: all.unwrap_or_default(),
            sum: Duration::from_nanos(self.sum.load(Ordering::Relaxed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_the_first_bucket_whose_bound_it_does_not_exceed() {
        const BOUNDS: &[Duration] = &[Duration::from_millis(1), Duration::from_millis(10)];
        let histogram = Histogram::new(BOUNDS);
        for micros in [0, 1000, 1001, 10_000, 10_001, 60_000_000] {
            histogram.observe(Duration::from_micros(micros));
        }
        let times = histogram.read();
        let counts: Vec<_> = times.buckets.iter().map(|bucket| bucket.count).collect();
        assert_eq!((counts.as_slice(), times.count), (&[2, 4][..], 6));
        assert_eq!(times.sum, Duration::from_micros(60_022_002));
    }

    #[test]
    fn bounds_rise() {
        for bounds in [REQUEST_BOUNDS, OPERATION_BOUNDS] {
            assert!(bounds.is_sorted_by(|a, b| a < b));
        }
    }

    #[test]
    fn indexes_are_those_of_the_lists_of_all() {
        for (index, kind) in OperationKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, index);
        }
        for (index, outcome) in OperationOutcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, index);
        }
    }

    #[test]
    fn whatever_a_client_sends_and_gets_is_counted_under_few_labels() {
        let counts = Counts::default();
        let statuses = [None, Some(100), Some(204), Some(302), Some(499), Some(500), Some(999)];
        for method in ["GET", "BREW", "\u{21}", "TRACE", "CONNECT"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            for status in statuses {
                let status = status.map(|status| StatusCode::from_u16(status).unwrap());
                counts.request(Listener::Api, &method, status);
            }
        }
        let [_, api] = &counts.requests;
        let sums = api
            .each_ref()
            .map(|classes| classes.iter().map(|count| count.load(Ordering::Relaxed)).sum::<u64>());
        assert_eq!(sums, [7, 0, 0, 0, 0, 0, 0, 7, 21]);
        let [get, ..] = api;
        assert_eq!(get.each_ref().map(|count| count.load(Ordering::Relaxed)), [1; CLASSES.len()]);
    }
}
