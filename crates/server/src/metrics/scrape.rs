//! What is read from others when somebody wants to have the metrics.

use std::time::SystemTime;

use edgekv_store::{CacheStats, EngineStats};
use prometheus::proto::MetricFamily;

use super::family::{Labels, gauges, number, totals};
use super::{Listener, Metrics};
use crate::stats::Stats;

impl Metrics {
    /// Reads it. The lock is held for as long as it takes to find out whom to ask.
    pub(super) fn scraped(&self) -> Vec<MetricFamily> {
        let (stores, servers) = {
            let watched = self.watched.lock();
            let servers =
                watched.servers.iter().filter_map(|(listener, server)| Some((*listener, server.upgrade()?)));
            (watched.stores.upgrade(), servers.collect::<Vec<_>>())
        };
        let of_listeners = Listener::ALL.into_iter().filter_map(|listener| {
            let stats = servers.iter().filter(|(of, _)| *of == listener).map(|(_, server)| server.stats());
            Some((listener, stats.reduce(sum)?))
        });
        let mut families = self.process();
        families.extend(of_servers(&of_listeners.collect::<Vec<_>>()));
        if let Some(stores) = stores {
            families.extend(stores.cache_stats().iter().flat_map(of_cache));
            families.extend(of_engine(&stores.engine_stats()));
        }
        families
    }

    fn process(&self) -> Vec<MetricFamily> {
        let started = self.started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let version = vec![("version", env!("CARGO_PKG_VERSION"))];
        [
            gauges("edgekv_build_info", "Always 1; the label is what is of interest.", vec![(version, 1.0)]),
            gauges(
                "process_start_time_seconds",
                "When the process was started, in seconds since 1970.",
                vec![(Labels::new(), started.as_secs_f64())],
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// The same numbers of both, together.
fn sum(a: Stats, b: Stats) -> Stats {
    Stats {
        requests: a.requests + b.requests,
        refused: a.refused + b.refused,
        connections: a.connections + b.connections,
        instances: a.instances + b.instances,
        contexts: a.contexts + b.contexts,
        responses: a.responses + b.responses,
    }
}

fn of_servers(servers: &[(Listener, Stats)]) -> Vec<MetricFamily> {
    let all = |number: fn(&Stats) -> u64| -> Vec<(Labels<'_>, u64)> {
        servers
            .iter()
            .map(|(listener, stats)| (vec![("listener", listener.as_str())], number(stats)))
            .collect()
    };
    let gauge = |name, help, value: fn(&Stats) -> u64| {
        gauges(name, help, all(value).into_iter().map(|(labels, value)| (labels, number(value))).collect())
    };
    // The API has no instances.
    let of_apps = |name, help, value: fn(&Stats) -> u64| {
        let apps = servers.iter().filter(|(listener, _)| *listener == Listener::App);
        gauges(name, help, apps.map(|(_, stats)| (Labels::new(), number(value(stats)))).collect())
    };
    [
        totals(
            "edgekv_http_refused_total",
            "Requests that were refused because there was no room for them.",
            all(|stats| stats.refused),
        ),
        gauge("edgekv_http_connections", "Connections that are open.", |stats| stats.connections),
        gauge(
            "edgekv_http_requests_in_flight",
            "Requests whose response has not been sent to its end.",
            |stats| stats.responses,
        ),
        of_apps("edgekv_instances", "Instances of the application that are running.", |stats| {
            stats.instances
        }),
        of_apps(
            "edgekv_contexts",
            "Contexts of instances that are not freed, with all that their handles hold.",
            |stats| stats.contexts,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn of_cache(stats: &CacheStats) -> Vec<MetricFamily> {
    let total = |name, help, count| totals(name, help, vec![(Labels::new(), count)]);
    let gauge = |name, help, value| gauges(name, help, vec![(Labels::new(), number(value))]);
    [
        total("edgekv_cache_hits_total", "Lookups that were answered from the cache.", stats.hits),
        total("edgekv_cache_misses_total", "Lookups that were not answered from the cache.", stats.misses),
        total(
            "edgekv_cache_evictions_total",
            "Entries of the cache that made room for others.",
            stats.evictions,
        ),
        gauge(
            "edgekv_cache_entries",
            "Entries in the cache, with keys that are known to be absent.",
            stats.entries,
        ),
        gauge("edgekv_cache_bytes", "Bytes that the entries in the cache take.", stats.bytes),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Only what the engine tells.
fn of_engine(stats: &EngineStats) -> Vec<MetricFamily> {
    let total = |name, help, count: Option<u64>| totals(name, help, vec![(Labels::new(), count?)]);
    let gauge = |name, help, value: Option<u64>| gauges(name, help, vec![(Labels::new(), number(value?))]);
    [
        total("edgekv_engine_commits_total", "Durable commits of the engine.", stats.commits),
        total(
            "edgekv_engine_operations_total",
            "Operations that the engine has done in commits, refused ones included.",
            stats.operations,
        ),
        gauge(
            "edgekv_engine_queued_bytes",
            "Bytes of operations that wait for their commit.",
            stats.queued_bytes,
        ),
        gauge("edgekv_engine_file_bytes", "Length of the file of the engine.", stats.file_bytes),
    ]
    .into_iter()
    .flatten()
    .collect()
}
