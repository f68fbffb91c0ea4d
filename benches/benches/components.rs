//! What a component costs, beside a core module that does the same: host calls, and instances; and what it costs to make one.

#![allow(
    clippy::expect_used,
    missing_docs,
    reason = "a benchmark that cannot begin should stop; Criterion's macros have no docs"
)]

use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use edgekv_adapter::{Options, componentize, componentize_with_functions};
use edgekv_compose::{Part, compose};
use edgekv_host::KvCtx;
use edgekv_host::component::{KvView, add_origin_to_linker, add_to_linker};
use edgekv_store::{Insert, Key, MemoryEngine, StoreName, Stores};
use wasmtime::component::{Component, HasData, ResourceTable};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, Module, PoolingAllocationConfig, Store};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The loop of a core module, over `n` rounds. Addresses: 16 name, 32 key, 64 out-variables, 1024 buffer.
const CORE: &str = r#"(module
  (import "fastly_http_body" "close" (func $close (param i32) (result i32)))
  (import "fastly_http_body" "read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "fastly_kv_store" "open" (func $open (param i32 i32 i32) (result i32)))
  (import "fastly_kv_store" "lookup" (func $lookup (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_kv_store" "lookup_wait_v2" (func $wait (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 4)
  (data (i32.const 16) "bench") (data (i32.const 32) "key")
  (func (export "_start"))
  (func (export "lookups") (param $n i32)
    (if (call $open (i32.const 16) (i32.const 5) (i32.const 64)) (then unreachable))
    (loop $again
      (if (call $lookup (i32.load (i32.const 64)) (i32.const 32) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 68)) (then unreachable))
      (if (call $wait (i32.load (i32.const 68)) (i32.const 72) (i32.const 1024) (i32.const 2000) (i32.const 76) (i32.const 80) (i32.const 88)) (then unreachable))
      (if (call $read (i32.load (i32.const 72)) (i32.const 4096) (i32.const 8192) (i32.const 76)) (then unreachable))
      (if (call $close (i32.load (i32.const 72))) (then unreachable))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;

/// The same of a component. Addresses: 16 name, 32 key, 64 results, 4096 what is read.
const IN_COMPONENT: &str = r#"(module
  (import "edgekv:kv/kv-store@0.1.0" "open" (func $open (param i32 i32 i32)))
  (import "edgekv:kv/kv-store@0.1.0" "[method]store.get" (func $get (param i32 i32 i32 i32)))
  (import "edgekv:kv/bodies@0.1.0" "[method]body.read" (func $read (param i32 i32 i32)))
  (import "edgekv:kv/bodies@0.1.0" "[resource-drop]body" (func $drop (param i32)))
  (memory (export "memory") 4)
  (data (i32.const 16) "bench") (data (i32.const 32) "key")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
  (func (export "lookups") (param $n i32) (local $store i32)
    (call $open (i32.const 16) (i32.const 5) (i32.const 64))
    (if (i32.load8_u (i32.const 64)) (then unreachable))
    (local.set $store (i32.load (i32.const 68)))
    (loop $again
      (call $get (local.get $store) (i32.const 32) (i32.const 3) (i32.const 64))
      (if (i32.load8_u (i32.const 64)) (then unreachable))
      (call $read (i32.load (i32.const 72)) (i32.const 8192) (i32.const 128))
      (if (i32.ne (i32.load (i32.const 136)) (i32.const 1024)) (then unreachable))
      (call $drop (i32.load (i32.const 72)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;

const WORLD: &str = "
    package edgekv:benches;

    world lookups {
        import edgekv:kv/bodies@0.1.0;
        import edgekv:kv/kv-store@0.1.0;
        export lookups: func(rounds: u32);
    }
";

/// What a store of Wasmtime has.
struct Host {
    kv: KvCtx,
    table: ResourceTable,
}

impl Host {
    fn view(&mut self) -> KvView<'_> {
        KvView { ctx: &mut self.kv, table: &mut self.table }
    }
}

struct HasTable;

impl HasData for HasTable {
    type Data<'a> = &'a mut ResourceTable;
}

/// A program, linked: what an instance is made of.
enum Linked {
    Core(wasmtime::InstancePre<Host>),
    Component(wasmtime::component::InstancePre<Host>),
}

impl Linked {
    fn core(engine: &Engine) -> Self {
        let module = Module::new(engine, CORE).expect("the guest is valid");
        let mut linker = wasmtime::Linker::new(engine);
        edgekv_host::add_to_linker(&mut linker, |host: &mut Host| &mut host.kv)
            .expect("nothing is there twice");
        Self::Core(linker.instantiate_pre(&module).expect("every import is there"))
    }

    /// A component with the export `lookups`, on a host that offers everything.
    fn component(engine: &Engine, component: &[u8]) -> Self {
        let component = Component::new(engine, component).expect("the component is valid");
        let mut linker = wasmtime::component::Linker::new(engine);
        let poll = wasmtime_wasi_io::bindings::wasi::io::poll::add_to_linker::<Host, HasTable>;
        poll(&mut linker, |host| &mut host.table).expect("nothing is there twice");
        add_to_linker(&mut linker, Host::view).expect("nothing is there twice");
        add_origin_to_linker(&mut linker, Host::view).expect("nothing is there twice");
        Self::Component(linker.instantiate_pre(&component).expect("every import is there"))
    }

    /// Makes an instance, runs so many rounds in it, and says how long those took.
    async fn run(&self, store: &mut Store<Host>, rounds: u32) -> Duration {
        match self {
            Self::Core(linked) => {
                let instance = linked.instantiate_async(&mut *store).await.expect("an instance");
                let lookups =
                    instance.get_typed_func::<u32, ()>(&mut *store, "lookups").expect("the export is there");
                let start = Instant::now();
                lookups.call_async(&mut *store, rounds).await.expect("every call succeeds");
                start.elapsed()
            }
            Self::Component(linked) => {
                let instance = linked.instantiate_async(&mut *store).await.expect("an instance");
                let lookups = instance
                    .get_typed_func::<(u32,), ()>(&mut *store, "lookups")
                    .expect("the export is there");
                let start = Instant::now();
                lookups.call_async(&mut *store, (rounds,)).await.expect("every call succeeds");
                start.elapsed()
            }
        }
    }

    /// Makes an instance.
    async fn instantiate(&self, store: &mut Store<Host>) {
        match self {
            Self::Core(linked) => drop(linked.instantiate_async(store).await.expect("an instance")),
            Self::Component(linked) => drop(linked.instantiate_async(store).await.expect("an instance")),
        }
    }
}

/// The programs, by the name of their row.
fn programs(engine: &Engine) -> [(&'static str, Linked); 4] {
    let component = component();
    let composed = composed(&component);
    let core = wat::parse_str(CORE).expect("the guest is valid");
    let componentized = componentize_with_functions(&core, &Options::default()).expect("it is a program");
    [
        ("core", Linked::core(engine)),
        ("component", Linked::component(engine, &component)),
        ("composed", Linked::component(engine, &composed)),
        ("componentized", Linked::component(engine, &componentized.component)),
    ]
}

/// A component with the KV store as another one below it.
fn composed(app: &[u8]) -> Vec<u8> {
    let feature = std::fs::read(edgekv_benches::layer("edgekv-feature")).expect("the layer can be read");
    let (app, feature) = (Part { name: "app", bytes: app }, Part { name: "feature", bytes: &feature });
    compose(app, &[feature]).expect("the layer is what the component imports").component
}

/// The component around [`IN_COMPONENT`].
fn component() -> Vec<u8> {
    let mut resolve = Resolve::default();
    for package in ["wasi/io", "kv"] {
        let path = format!("{}/../wit/{package}", env!("CARGO_MANIFEST_DIR"));
        resolve.push_path(path).expect("the WIT text is valid");
    }
    let package = resolve.push_str("world.wit", WORLD).expect("the world is valid");
    let world = resolve.select_world(&[package], None).expect("there is one world");
    let mut module = wat::parse_str(IN_COMPONENT).expect("the guest is valid");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("they fit");
    let mut encoder = ComponentEncoder::default();
    encoder.module(&module).expect("it has its metadata").encode().expect("all imports are in the world")
}

/// Instances come from a pool, as those of a server do.
fn pooling() -> Engine {
    let mut pool = PoolingAllocationConfig::new();
    pool.max_memory_size(16 << 20);
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config).expect("the host has room for a pool")
}

/// Stores with an entry of 1 KiB.
fn stores() -> Stores {
    let stores = Stores::new(MemoryEngine::new());
    let bench = stores.create(&StoreName::new("bench").expect("a valid name")).wait().expect("a store");
    let key = Key::new("key").expect("a valid key");
    bench.insert(key, Insert::new(vec![7; 1024])).wait().expect("written");
    stores
}

fn host(stores: &Stores) -> Host {
    Host { kv: KvCtx::builder(stores.clone()).build(), table: ResourceTable::new() }
}

fn components(criterion: &mut Criterion) {
    let (engine, stores) = (pooling(), stores());
    let programs = programs(&engine);
    let mut group = criterion.benchmark_group("components/lookup + read 1 KiB");
    group.throughput(Throughput::Elements(1));
    for (name, program) in &programs {
        lookups(&mut group, name, program, &engine, &stores);
    }
    group.finish();
    let mut group = criterion.benchmark_group("components/instantiate + drop");
    for (name, program) in &programs {
        group.bench_function(*name, |bencher| {
            bencher.iter(|| {
                let mut store = Store::new(&engine, host(&stores));
                pollster::block_on(program.instantiate(&mut store));
            });
        });
    }
}

fn lookups(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    program: &Linked,
    engine: &Engine,
    stores: &Stores,
) {
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|rounds| {
            let mut store = Store::new(engine, host(stores));
            pollster::block_on(program.run(&mut store, u32::try_from(rounds).expect("few enough")))
        });
    });
}

/// What `edgekv componentize` and `edgekv compose` do between reading and writing their files, for a program of 11.6 MB.
fn tools(criterion: &mut Criterion) {
    let program = std::fs::read(edgekv_benches::guest("js-http")).expect("the guest can be read");
    let make = || componentize(&program, &Options::default()).expect("it is a program").component;
    let feature = std::fs::read(edgekv_benches::layer("edgekv-feature")).expect("the layer can be read");
    let mut group = criterion.benchmark_group("components/tools");
    group.sample_size(10).throughput(Throughput::Bytes(program.len() as u64));
    group.bench_function("componentize", |bencher| bencher.iter(make));
    let app = make();
    group.bench_function("compose", |bencher| {
        bencher.iter(|| {
            let feature = Part { name: "feature", bytes: &feature };
            compose(Part { name: "app", bytes: &app }, &[feature]).expect("they fit").component
        });
    });
}

criterion_group!(benches, components, tools);
criterion_main!(benches);
