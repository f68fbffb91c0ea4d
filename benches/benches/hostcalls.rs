//! Single host calls, from a guest of a few lines that loops over them: what crossing the boundary costs.

#![allow(
    clippy::expect_used,
    missing_docs,
    reason = "a benchmark that cannot begin should stop; Criterion's macros have no docs"
)]

use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use edgekv_benches::slow::SlowEngine;
use edgekv_host::KvCtx;
use edgekv_store::{Engine as StoreEngine, Insert, Key, MemoryEngine, StoreName, Stores};
use wasmtime::{Engine, Linker, Module, Store, TypedFunc};

/// Loops in the guest, each over `n` rounds. Addresses: 16 name, 32 key, 64 out-variables, 1024 buffer.
const GUEST: &str = r#"(module
  (import "fastly_abi" "init" (func $init (param i64) (result i32)))
  (import "fastly_http_body" "new" (func $new (param i32) (result i32)))
  (import "fastly_http_body" "close" (func $close (param i32) (result i32)))
  (import "fastly_http_body" "read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "fastly_http_body" "write" (func $write (param i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_kv_store" "open" (func $open (param i32 i32 i32) (result i32)))
  (import "fastly_kv_store" "lookup" (func $lookup (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_kv_store" "lookup_wait_v2" (func $wait (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 4)
  (data (i32.const 16) "bench") (data (i32.const 32) "key")

  ;; A call that does nothing: the price of the boundary.
  (func (export "init") (param $n i32)
    (loop $again
      (if (call $init (i64.const 1)) (then unreachable))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  (func (export "new + write 16 B + close") (param $n i32)
    (loop $again
      (if (call $new (i32.const 64)) (then unreachable))
      (if (call $write (i32.load (i32.const 64)) (i32.const 1024) (i32.const 16) (i32.const 0) (i32.const 68)) (then unreachable))
      (if (call $close (i32.load (i32.const 64))) (then unreachable))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  (func (export "lookup + wait + read 1 KiB + close") (param $n i32)
    (if (call $open (i32.const 16) (i32.const 5) (i32.const 64)) (then unreachable))
    (loop $again
      (if (call $lookup (i32.load (i32.const 64)) (i32.const 32) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 68)) (then unreachable))
      (if (call $wait (i32.load (i32.const 68)) (i32.const 72) (i32.const 1024) (i32.const 2000) (i32.const 76) (i32.const 80) (i32.const 88)) (then unreachable))
      (if (call $read (i32.load (i32.const 72)) (i32.const 4096) (i32.const 8192) (i32.const 76)) (then unreachable))
      (if (call $close (i32.load (i32.const 72))) (then unreachable))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  ;; Starts ten lookups, and then waits for each; their handles are from 128 on.
  (func (export "10 lookups at once") (param $n i32) (local $at i32)
    (if (call $open (i32.const 16) (i32.const 5) (i32.const 64)) (then unreachable))
    (loop $again
      (local.set $at (i32.const 128))
      (loop $start
        (if (call $lookup (i32.load (i32.const 64)) (i32.const 32) (i32.const 3) (i32.const 0) (i32.const 0) (local.get $at)) (then unreachable))
        (br_if $start (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 168))))
      (local.set $at (i32.const 128))
      (loop $end
        (if (call $wait (i32.load (local.get $at)) (i32.const 72) (i32.const 1024) (i32.const 2000) (i32.const 76) (i32.const 80) (i32.const 88)) (then unreachable))
        (if (call $close (i32.load (i32.const 72))) (then unreachable))
        (br_if $end (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 168))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;

/// How late an engine far away answers.
const LATENCY: Duration = Duration::from_millis(20);

fn hostcalls(criterion: &mut Criterion) {
    for asynchronous in [false, true] {
        let form = if asynchronous { "asynchronous" } else { "blocking" };
        let mut group = criterion.benchmark_group(format!("hostcalls/{form}"));
        group.throughput(Throughput::Elements(1));
        for name in ["init", "new + write 16 B + close", "lookup + wait + read 1 KiB + close"] {
            measure(&mut group, name, asynchronous, MemoryEngine::new());
        }
        group.sample_size(10);
        measure(&mut group, "10 lookups at once", asynchronous, SlowEngine::new(LATENCY));
    }
}

fn measure(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    asynchronous: bool,
    engine: impl StoreEngine,
) {
    let (mut store, function) = instantiate(name, asynchronous, engine);
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|rounds| {
            let rounds = i32::try_from(rounds).expect("few enough");
            let start = Instant::now();
            if asynchronous {
                pollster::block_on(function.call_async(&mut store, rounds))
            } else {
                function.call(&mut store, rounds)
            }
            .expect("every call succeeds");
            start.elapsed()
        });
    });
}

fn instantiate(
    name: &str,
    asynchronous: bool,
    engine: impl StoreEngine,
) -> (Store<KvCtx>, TypedFunc<i32, ()>) {
    let stores = Stores::new(engine);
    let bench = stores.create(&StoreName::new("bench").expect("a valid name")).wait().expect("a store");
    let key = Key::new("key").expect("a valid key");
    bench.insert(key, Insert::new(vec![7; 1024])).wait().expect("written");

    let engine = Engine::default();
    let module = Module::new(&engine, GUEST).expect("the guest is valid");
    let mut linker = Linker::new(&engine);
    let mut store = Store::new(&engine, KvCtx::builder(stores).build());
    let instance = if asynchronous {
        edgekv_host::add_to_linker(&mut linker, |ctx| ctx).expect("nothing is there twice");
        pollster::block_on(linker.instantiate_async(&mut store, &module))
    } else {
        edgekv_host::add_to_linker_sync(&mut linker, |ctx| ctx).expect("nothing is there twice");
        linker.instantiate(&mut store, &module)
    }
    .expect("every import is there");
    let function = instance.get_typed_func(&mut store, name).expect("the guest exports it");
    (store, function)
}

criterion_group!(benches, hostcalls);
criterion_main!(benches);
