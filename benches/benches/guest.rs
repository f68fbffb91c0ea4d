//! The guest that measures itself, on the memory engine, in both forms of the host calls.
//!
//! Not a Criterion group: the guest has the clock, and prints what it saw. Beside each figure stands the
//! target, where there is one.

use edgekv_host::KvCtx;
use edgekv_store::{MemoryEngine, StoreName, Stores};
use wasmtime::{Engine, Linker, Memory, MemoryType, Module, Store};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p1::{self, WasiP1Ctx};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

struct Host {
    wasi: WasiP1Ctx,
    kv: KvCtx,
}

/// Beginning of an operation's name, and the most nanoseconds that it should need.
const TARGETS: &[(&str, f64)] = &[
    ("lookup + read, 1 KiB", 800.0),
    ("lookup, missing key", 500.0),
    ("insert, 1 KiB", 2_000.0),
    ("list page of 1,000 keys", 200_000.0),
];

fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::from_file(&engine, edgekv_benches::guest("bench-guest"))?;
    let copy = host_copy_8_mib(&engine)?;
    println!("{:<55} {:>12} {:>12}", "copy from host into wasm memory, 8 MiB", format_ns(copy), "");
    for asynchronous in [false, true] {
        let form = if asynchronous { "asynchronous" } else { "blocking" };
        println!("\nas the guest sees it, host calls {form}:");
        println!("{:<55} {:>12} {:>12}", "operation", "time", "target");
        for line in run(&engine, &module, asynchronous)?.lines() {
            let (name, nanos) = line.split_once('\t').ok_or("a line without a figure")?;
            let target = TARGETS.iter().find(|(start, _)| name.starts_with(start)).map(|(_, target)| *target);
            let target = if name.starts_with("lookup + read into a ") { Some(2.0 * copy) } else { target };
            println!(
                "{name:<55} {:>12} {:>12}",
                format_ns(nanos.parse()?),
                target.map(format_ns).unwrap_or_default()
            );
        }
    }
    Ok(())
}

fn run(engine: &Engine, module: &Module, asynchronous: bool) -> Result<String> {
    let stores = Stores::new(MemoryEngine::new());
    for name in ["bench", "list-1k", "list-1m"] {
        stores.create(&StoreName::new(name)?).wait()?;
    }
    let output = MemoryOutputPipe::new(1 << 16);
    let wasi = WasiCtxBuilder::new().stdout(output.clone()).inherit_stderr().build_p1();
    let mut store = Store::new(engine, Host { wasi, kv: KvCtx::builder(stores).build() });
    let mut linker = Linker::new(engine);
    if asynchronous {
        p1::add_to_linker_async(&mut linker, |host: &mut Host| &mut host.wasi)?;
        edgekv_host::add_to_linker(&mut linker, |host: &mut Host| &mut host.kv)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let instance = linker.instantiate_async(&mut store, module).await?;
            instance.get_typed_func::<(), ()>(&mut store, "_start")?.call_async(&mut store, ()).await
        })?;
    } else {
        p1::add_to_linker_sync(&mut linker, |host: &mut Host| &mut host.wasi)?;
        edgekv_host::add_to_linker_sync(&mut linker, |host: &mut Host| &mut host.kv)?;
        let instance = linker.instantiate(&mut store, module)?;
        instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ())?;
    }
    Ok(String::from_utf8(output.contents().to_vec())?)
}

/// Nanoseconds to copy 8 MiB into memory of a guest that has been touched before: the least a read can cost.
fn host_copy_8_mib(engine: &Engine) -> Result<f64> {
    const BYTES: usize = 8 << 20;
    let mut store = Store::new(engine, ());
    let memory = Memory::new(&mut store, MemoryType::new(256, None))?;
    let value = vec![7_u8; BYTES];
    let mut times = Vec::new();
    for _ in 0..41 {
        let start = std::time::Instant::now();
        memory.write(&mut store, 4096, std::hint::black_box(&value))?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2].as_secs_f64() * 1e9)
}

fn format_ns(nanos: f64) -> String {
    match nanos {
        ..1e4 => format!("{nanos:.0} ns"),
        1e4..1e6 => format!("{:.1} µs", nanos / 1e3),
        _ => format!("{:.2} ms", nanos / 1e6),
    }
}
