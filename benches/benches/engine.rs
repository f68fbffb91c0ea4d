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
use edgekv_store::{Insert, Key, KvStore, ListRequest, MemoryEngine, RedbEngine, Stores};

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

criterion_group!(benches, reads, lists, writes);
criterion_main!(benches);
