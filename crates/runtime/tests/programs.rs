//! Programs as their users see them: loaded, cached, compiled ahead, run, called many at a time, and stopped.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use edgekv_host::KvCtx;
use edgekv_runtime::{
    Call, CodeCache, CodeOrigin, End, Ended, Environment, Launch, Pool, Program, Runtime, StartErrorKind,
    TraceId,
};
use edgekv_store::{MemoryEngine, StoreName, Stores};
use tempfile::TempDir;

const EMPTY: &str = r#"(module (memory (export "memory") 1) (func (export "_start")))"#;
const SPIN: &str = r#"(module (memory (export "memory") 1) (func (export "_start") (loop (br 0))))"#;

/// A directory with programs.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn wat(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, wat::parse_str(text).unwrap()).unwrap();
        path
    }
}

fn stores() -> Stores {
    Stores::new(MemoryEngine::new())
}

fn server(instances: u32) -> Runtime {
    let pool = Pool { instances: NonZeroU32::new(instances).unwrap() };
    Runtime::builder().pool(pool).yield_every(Duration::from_millis(10)).build().unwrap()
}

/// A call, and the lines that it prints.
fn call(environment: &Environment) -> (Call<'_>, Arc<Mutex<Vec<String>>>) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = |name: &'static str| {
        let lines = Arc::clone(&lines);
        Box::new(move |line: &str| lines.lock().unwrap().push(format!("{name}{line}")))
    };
    let call = Call {
        kv: KvCtx::builder(stores()).build(),
        environment,
        trace_id: TraceId::random(),
        stdout: sink("out: "),
        stderr: sink("err: "),
    };
    (call, lines)
}

async fn end_of(program: &Program) -> Ended {
    program.call(call(&Environment::default()).0).await.unwrap()
}

fn status(ended: &Ended) -> Option<i32> {
    match ended.end {
        End::Exited(status) => Some(status),
        _ => None,
    }
}

fn run(program: &Program) -> Ended {
    let kv = KvCtx::builder(stores()).build();
    program.run(Launch { kv, args: &[], environment: &Environment::default() }).unwrap()
}

#[test]
fn code_is_compiled_once_and_then_comes_from_the_cache_with_a_pool_and_without() {
    let here = Folder::new();
    let app = here.wat("app.wasm", EMPTY);
    let cache = || Some(CodeCache::new(here.path("cache")));
    let runtime = Runtime::builder().code_cache(cache()).build().unwrap();
    assert_eq!(runtime.load(&app).unwrap().code_origin(), CodeOrigin::Compiled);
    let again = runtime.load(&app).unwrap();
    assert_eq!((again.code_origin(), status(&run(&again))), (CodeOrigin::Cached, Some(0)));
    let pool = Pool { instances: NonZeroU32::MIN };
    let server = Runtime::builder().code_cache(cache()).pool(pool).build().unwrap();
    assert_eq!(server.load(&app).unwrap().code_origin(), CodeOrigin::Cached);
    here.wat("app.wasm", SPIN);
    assert_eq!(runtime.load(&app).unwrap().code_origin(), CodeOrigin::Compiled, "another program");
    assert_eq!(fs::read_dir(here.path("cache")).unwrap().count(), 2);
}

#[test]
fn a_damaged_file_of_the_cache_is_made_anew() {
    let here = Folder::new();
    let app = here.wat("app.wasm", EMPTY);
    let runtime = Runtime::builder().code_cache(Some(CodeCache::new(here.path("cache")))).build().unwrap();
    runtime.load(&app).unwrap();
    let kept = fs::read_dir(here.path("cache")).unwrap().next().unwrap().unwrap().path();
    let good = fs::read(&kept).unwrap();
    let mut wrong = good.clone();
    wrong[good.len() / 2] ^= 1;
    for content in [&wrong[..], &good[..good.len() - 1], &good[..100], b""] {
        fs::write(&kept, content).unwrap();
        assert_eq!(runtime.load(&app).unwrap().code_origin(), CodeOrigin::Compiled);
        assert_eq!(fs::read(&kept).unwrap(), good);
        assert_eq!(runtime.load(&app).unwrap().code_origin(), CodeOrigin::Cached);
    }
}

#[test]
fn a_program_that_is_compiled_ahead_runs_and_one_that_is_damaged_says_so() {
    let here = Folder::new();
    let app = here.wat("app.wasm", EMPTY);
    let ahead = here.path("app.cwasm");
    let runtime = Runtime::builder().build().unwrap();
    let compiled = runtime.compile(&app).unwrap();
    compiled.write(&ahead).unwrap();
    for runtime in [&runtime, &server(1)] {
        let program = runtime.load(&ahead).unwrap();
        assert_eq!((program.code_origin(), status(&run(&program))), (CodeOrigin::Ahead, Some(0)));
    }
    let good = compiled.as_bytes();
    let mut wrong = good.to_vec();
    wrong[good.len() / 2] ^= 1;
    for (content, words) in [(&wrong[..], "is damaged"), (&good[..good.len() / 2], "is cut off")] {
        fs::write(&ahead, content).unwrap();
        let error = runtime.load(&ahead).unwrap_err().to_string();
        assert!(error.contains(words) && error.contains("compile the program again"), "{error}");
    }
    compiled.write(&ahead).unwrap();
    let error = runtime.compile(&ahead).unwrap_err().to_string();
    assert!(error.ends_with("is compiled already; name the .wasm file that it was made from"), "{error}");
}

#[test]
fn a_file_of_compiled_code_may_be_overwritten_while_its_program_runs() {
    let folder = Folder::new();
    let runtime = Runtime::builder().build().unwrap();
    let path = folder.path("app.cwasm");
    runtime.compile(&folder.wat("app.wasm", EMPTY)).unwrap().write(&path).unwrap();
    let program = runtime.load(&path).unwrap();
    // As `cp` does it: in place. Of a file that is mapped, nothing could be used after this.
    fs::write(&path, "").unwrap();
    assert_eq!(status(&run(&program)), Some(0));
}

#[test]
fn code_that_somebody_else_has_compiled_is_refused() {
    let here = Folder::new();
    let app = here.wat("app.wasm", EMPTY);
    let ahead = here.path("app.cwasm");
    let runtime = Runtime::builder().build().unwrap();
    // As `wasmtime compile` would make it: without our trailer.
    let foreign = wasmtime::Engine::default().precompile_module(&fs::read(&app).unwrap()).unwrap();
    fs::write(&ahead, &foreign).unwrap();
    let error = runtime.load(&ahead).unwrap_err().to_string();
    assert!(error.contains("was not made by `edgekv compile`"), "{error}");
}

#[test]
fn a_program_that_does_not_fit_says_which_limit_it_meets() {
    let here = Folder::new();
    let app = here.wat("app.wasm", r#"(module (memory (export "memory") 2049) (func (export "_start")))"#);
    for runtime in [Runtime::builder().build().unwrap(), server(1)] {
        let error = runtime.load(&app).unwrap_err().to_string();
        assert!(
            error.ends_with(
                "it starts with 129 MiB of memory, and may have 128 MiB; allow more by --max-memory"
            ),
            "{error}"
        );
    }
    let app = here.wat("table.wasm", r#"(module (table 50001 funcref) (func (export "_start")))"#);
    let error = server(1).load(&app).unwrap_err().to_string();
    assert!(error.contains("it cannot be run here") && error.contains("50001"), "{error}");
}

#[tokio::test]
async fn calls_end_as_the_guest_says() {
    let here = Folder::new();
    let runtime = server(4);
    let exit = |status: i32| {
        format!(
            r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
                (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const {status}))))"#
        )
    };
    for (text, expected) in [(EMPTY.to_owned(), 0), (exit(7), 7), (exit(200), 200)] {
        let program = runtime.load(&here.wat("app.wasm", &text)).unwrap();
        let ended = end_of(&program).await;
        assert_eq!((status(&ended), ended.most_memory_bytes), (Some(expected), 65_536));
    }
    let trap = r#"(module (func $deep unreachable) (func (export "_start") (call $deep)))"#;
    let program = runtime.load(&here.wat("app.wasm", trap)).unwrap();
    let End::Trapped(report) = end_of(&program).await.end else { panic!("it has to trap") };
    assert!(report.to_string().contains("in deep"), "{report}");
    let recursion = r#"(module (func $again (export "_start") (call $again)))"#;
    let program = runtime.load(&here.wat("app.wasm", recursion)).unwrap();
    let End::Trapped(report) = end_of(&program).await.end else { panic!("it has to trap") };
    assert!(report.to_string().contains("call stack exhausted"), "{report}");
}

#[tokio::test]
async fn what_a_call_prints_comes_as_lines_also_the_last_one() {
    let here = Folder::new();
    let text = r#"(module
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "\20\00\00\00\07\00\00\00\27\00\00\00\03\00\00\00")
        (data (i32.const 32) "one\ntwoend")
        (func (export "_start")
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
            (drop (call $write (i32.const 2) (i32.const 8) (i32.const 1) (i32.const 16)))))"#;
    let program = server(1).load(&here.wat("app.wasm", text)).unwrap();
    let environment = Environment::default();
    let (call, lines) = call(&environment);
    program.call(call).await.unwrap();
    assert_eq!(*lines.lock().unwrap(), ["out: one", "out: two", "err: end"]);
}

#[tokio::test]
async fn the_environment_of_a_call_has_its_trace_id_and_no_arguments_but_the_name() {
    let here = Folder::new();
    // Prints its environment as it lies in memory, then its arguments.
    let text = r#"(module
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "environ_get" (func $get (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "args_sizes_get" (func $arg_sizes (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "\00\10\00\00")
        (func (export "_start")
            (drop (call $sizes (i32.const 16) (i32.const 4)))
            (drop (call $get (i32.const 2048) (i32.const 4096)))
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))
            (drop (call $arg_sizes (i32.const 16) (i32.const 4)))
            (drop (call $args (i32.const 2048) (i32.const 4096)))
            (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 32)))))"#;
    let program = server(1).load(&here.wat("app.wasm", text)).unwrap();
    let environment = Environment::new([("MINE".to_owned(), "1".to_owned())]);
    let (call, lines) = call(&environment);
    let trace_id = call.trace_id;
    program.call(call).await.unwrap();
    let lines = lines.lock().unwrap();
    for variable in [format!("FASTLY_TRACE_ID={trace_id}"), "MINE=1".into(), "FASTLY_POP=XXX".into()] {
        assert!(lines[0].split('\0').any(|one| one.ends_with(&variable)), "{variable}: {lines:?}");
    }
    assert_eq!(lines[1], "err: app.wasm\0");
}

#[tokio::test]
async fn a_guest_that_loops_for_ever_leaves_the_thread_to_others_and_ends_when_it_is_dropped() {
    let here = Folder::new();
    let runtime = server(1);
    let spin = runtime.load(&here.wat("spin.wasm", SPIN)).unwrap();
    let empty = runtime.load(&here.wat("empty.wasm", EMPTY)).unwrap();
    let environment = Environment::default();
    let stopped = tokio::time::timeout(Duration::from_millis(50), spin.call(call(&environment).0)).await;
    assert!(stopped.is_err());
    assert_eq!(status(&end_of(&empty).await), Some(0), "its place in the pool is free");
}

#[tokio::test]
async fn a_pool_that_is_full_says_so_and_has_room_again() {
    let here = Folder::new();
    let runtime = server(2);
    let spin = runtime.load(&here.wat("spin.wasm", SPIN)).unwrap();
    let environment = Environment::default();
    let mut running: Vec<_> = (0..2).map(|_| Box::pin(spin.call(call(&environment).0))).collect();
    for guest in &mut running {
        // Asked once it has its place, and gives the thread back at the next tick.
        assert!(tokio::time::timeout(Duration::ZERO, guest).await.is_err());
    }
    let full = spin.call(call(&environment).0).await.unwrap_err();
    assert_eq!(full.kind(), StartErrorKind::PoolIsFull);
    drop(running);
    let empty = runtime.load(&here.wat("empty.wasm", EMPTY)).unwrap();
    assert_eq!(status(&end_of(&empty).await), Some(0));
}

#[tokio::test]
async fn memory_of_a_call_is_limited_and_clean() {
    let here = Folder::new();
    // Exits with 1 if it finds what another call has left, with 2 if it gets more than it may have.
    let text = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func (export "_start")
            (if (i32.load (i32.const 60000)) (then (call $exit (i32.const 1))))
            (i32.store (i32.const 60000) (i32.const 7))
            (if (i32.ne (memory.grow (i32.const 2048)) (i32.const -1)) (then (call $exit (i32.const 2))))
            (if (i32.ne (memory.grow (i32.const 2047)) (i32.const 1)) (then (call $exit (i32.const 3))))
            (if (i32.load (i32.const 100000000)) (then (call $exit (i32.const 1))))
            (i32.store (i32.const 100000000) (i32.const 7))))"#;
    let program = server(1).load(&here.wat("app.wasm", text)).unwrap();
    for _ in 0..3 {
        let ended = end_of(&program).await;
        assert_eq!((status(&ended), ended.most_memory_bytes), (Some(0), 128 * 1024 * 1024));
    }
}

#[tokio::test]
async fn a_store_that_is_missing_is_named() {
    let here = Folder::new();
    let text = r#"(module
        (import "fastly_kv_store" "open" (func $open (param i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 16) "mystore")
        (func (export "_start") (drop (call $open (i32.const 16) (i32.const 7) (i32.const 0)))))"#;
    let program = server(1).load(&here.wat("app.wasm", text)).unwrap();
    let ended = end_of(&program).await;
    assert_eq!(ended.missing_stores().map(StoreName::as_str).collect::<Vec<_>>(), ["mystore"]);
    assert_eq!(program.path(), Path::new(&here.path("app.wasm")));
}
