//! The engines without a guest: what a store costs, and what durability costs.

#![allow(
    clippy::expect_used,
    missing_docs,
    reason = "a benchmark that cannot begin should stop; Criterion's macros have no docs"
)]

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use edgekv_benches::{fill, store};
use edgekv_store::{
    CacheLimits, Insert, Key, KvStore, ListRequest, MemoryEngine, RedbEngine, StoreName, Stores,
    StoresBuilder,
};

/// The engines, each with an empty store; what else has to live as long comes with it.
fn engines() -> Vec<(&'static str, Stores, KvStore, Option<tempfile::TempDir>)> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let redb = RedbEngine::open(directory.path().join("data.redb")).expect("a new database");
    let (memory_stores, memory) = store(MemoryEngine::new(), "bench");
    let (redb_stores, redb) = store(redb, "bench");
    vec![("memory", memory_stores, memory, None), ("redb", redb_stores, redb, Some(directory))]
}

fn reads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("engine/lookup");
    for (engine, _stores, store, _directory) in engines() {
        let key = Key::new("key").expect("a valid key");
        for bytes in [1 << 10, 1 << 20] {
            store.insert(key, Insert::new(vec![7; bytes])).wait().expect("written");
            group.throughput(Throughput::Bytes(bytes as u64));
            group.bench_function(BenchmarkId::new(engine, format!("{bytes} B")), |bencher| {
                bencher.iter(|| store.lookup(black_box(key)).wait().expect("an answer").expect("an entry"));
            });
        }
    }
}

fn lists(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("engine/list 1,000 keys");
    for (engine, _stores, store, _directory) in engines() {
        for keys in [1_000, 1_000_000] {
            fill(&store, keys);
            group.bench_function(BenchmarkId::new(engine, format!("store of {keys}")), |bencher| {
                bencher.iter(|| store.list(ListRequest::default()).wait().expect("a page"));
            });
        }
    }
}

/// Acknowledged writes of 1 KiB, by so many writers at once. Time for one write, over all writers.
fn writes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("engine/insert 1 KiB");
    group.sample_size(10).measurement_time(Duration::from_secs(3));
    for (engine, _stores, store, _directory) in engines() {
        for writers in [1, 64] {
            group.throughput(Throughput::Elements(1));
            group.bench_function(BenchmarkId::new(engine, format!("{writers} writers")), |bencher| {
                bencher.iter_custom(|writes| concurrent_writes(&store, writers, writes));
            });
        }
    }
}

fn concurrent_writes(store: &KvStore, writers: usize, writes: u64) -> Duration {
    let value = Bytes::from(vec![7; 1 << 10]);
    let writes = usize::try_from(writes).expect("few enough").max(writers);
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..writers {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= writes {
                        return;
                    }
                    let key = format!("key/{}", number % 10_000);
                    let insert = Insert::new(value.clone());
                    store.insert(Key::new(&key).expect("a valid key"), insert).wait().expect("acknowledged");
                }
            });
        }
    });
    start.elapsed()
}

/// The engines with a cache of `max_bytes` in front of them, and 10,000 entries of 1 KiB.
fn cached_engines(max_bytes: u64) -> Vec<(&'static str, Stores, KvStore, Option<tempfile::TempDir>)> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let redb = RedbEngine::open(directory.path().join("data.redb")).expect("a new database");
    let cached = |builder: StoresBuilder| {
        let limits = CacheLimits { max_bytes, ..CacheLimits::default() };
        let stores = builder.cache(limits).build().expect("stores without a sweeper");
        let store = stores.open_or_create(&StoreName::new("bench").expect("a valid name")).expect("a store");
        let keys = cached_keys();
        let insert = |key: &String| {
            let key = Key::new(key).expect("a valid key");
            store.insert(key, Insert::new(vec![7; 1 << 10]))
        };
        let replies: Vec<_> = keys.iter().map(insert).collect();
        for reply in replies {
            reply.wait().expect("written");
        }
        (stores, store)
    };
    let (memory_stores, memory) = cached(Stores::builder(MemoryEngine::new()));
    let (redb_stores, redb) = cached(Stores::builder(redb));
    vec![("memory", memory_stores, memory, None), ("redb", redb_stores, redb, Some(directory))]
}

fn cached_keys() -> Vec<String> {
    (0..10_000).map(|number| format!("key/{number}")).collect()
}

/// Lookups of 1 KiB through the cache: hits, in a cache with room for all, and misses, in one with room for few, so that
/// each keeps what it has read and drives something out. Time for one lookup of each thread.
fn cached_reads(criterion: &mut Criterion) {
    let keys = cached_keys();
    for (group, max_bytes) in [("hit", 64 << 20), ("miss", 256 << 10)] {
        let mut group = criterion.benchmark_group(format!("engine/cached lookup, 1 KiB, {group}"));
        for (engine, _stores, store, _directory) in cached_engines(max_bytes) {
            for key in &keys {
                store.lookup(Key::new(key).expect("a valid key")).wait().expect("an answer");
            }
            for threads in [1, 2] {
                group.bench_function(BenchmarkId::new(engine, format!("{threads} threads")), |bencher| {
                    bencher.iter_custom(|lookups| concurrent_lookups(&store, &keys, threads, lookups));
                });
            }
        }
    }
}

/// Every thread looks up all keys in turn, from another one on, until it has done so many lookups.
fn concurrent_lookups(store: &KvStore, keys: &[String], threads: usize, lookups: u64) -> Duration {
    let start = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                let keys = keys.iter().cycle().skip(thread * keys.len() / threads);
                for key in keys.take(usize::try_from(lookups).expect("few enough")) {
                    let key = Key::new(black_box(key)).expect("a valid key");
                    black_box(store.lookup(key).wait().expect("an answer").expect("an entry"));
                }
            });
        }
    });
    start.elapsed()
}

/// Acknowledged writes of 1 KiB through the cache.
fn cached_writes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("engine/cached insert 1 KiB");
    group.sample_size(10).measurement_time(Duration::from_secs(3));
    for (engine, _stores, store, _directory) in cached_engines(64 << 20) {
        for writers in [1, 2, 64] {
            group.throughput(Throughput::Elements(1));
            group.bench_function(BenchmarkId::new(engine, format!("{writers} writers")), |bencher| {
                bencher.iter_custom(|writes| concurrent_writes(&store, writers, writes));
            });
        }
    }
}

criterion_group!(benches, reads, lists, writes, cached_reads, cached_writes);
criterion_main!(benches);
