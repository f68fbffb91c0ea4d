//! Programs that are components, as their users see them: run, called, limited, refused, compiled ahead.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use edgekv_host::{Body, Client, Downstream, KvCtx};
use edgekv_runtime::{
    Call, CodeCache, CodeOrigin, End, Ended, Environment, Launch, Offer, Pool, Program, Runtime,
    RuntimeBuilder, StartErrorKind, TraceId,
};
use edgekv_store::{MemoryEngine, Stores};
use tempfile::TempDir;

/// The interface that programs below print and end by.
const SYSTEM: &str = r#"
    (import "edgekv:platform/system@0.1.0" (instance $system
        (type $o (enum "stdout" "stderr"))
        (export "output" (type $output (eq $o)))
        (export "print" (func (param "to" $output) (param "bytes" (list u8)) (result bool)))
        (export "arguments" (func (result (list u8))))
        (export "environment" (func (result (list u8))))
        (export "exit" (func (param "status" u32)))))
    (core module $libc
        (memory (export "memory") 1)
        (global $at (mut i32) (i32.const 4096))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32)
            (global.get $at)
            (global.set $at (i32.add (global.get $at) (local.get 3)))))
    (core instance $libc (instantiate $libc))
    (alias core export $libc "memory" (core memory $memory))
    (core func $print (canon lower (func $system "print") (memory $memory)))
    (core func $exit (canon lower (func $system "exit")))
    (core func $arguments (canon lower (func $system "arguments") (memory $memory) (realloc (core func $libc "realloc"))))
    (core func $environment (canon lower (func $system "environment") (memory $memory) (realloc (core func $libc "realloc"))))"#;

/// A program that runs once, with these functions; the result of `run` is 0, or 1 for failure.
fn program(functions: &str) -> String {
    format!(
        r#"(component $app
            {SYSTEM}
            (core module $main
                (import "libc" "memory" (memory 1))
                (import "system" "print" (func $print (param i32 i32 i32) (result i32)))
                (import "system" "exit" (func $exit (param i32)))
                (import "system" "arguments" (func $arguments (param i32)))
                (import "system" "environment" (func $environment (param i32)))
                (data (i32.const 32) "one\ntwoend")
                {functions})
            (core instance $main (instantiate $main
                (with "libc" (instance $libc))
                (with "system" (instance
                    (export "print" (func $print)) (export "exit" (func $exit))
                    (export "arguments" (func $arguments)) (export "environment" (func $environment))))))
            (func $run (result (result)) (canon lift (core func $main "run")))
            (instance $cli (export "run" (func $run)))
            (export "wasi:cli/run@0.2.0" (instance $cli)))"#
    )
}

const EMPTY: &str = r#"(func (export "run") (result i32) (i32.const 0))"#;
const SPIN: &str = r#"(func (export "run") (result i32) (loop (br 0)) (i32.const 0))"#;

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

fn context() -> KvCtx {
    KvCtx::builder(Stores::new(MemoryEngine::new())).build()
}

fn pooled(instances: u32) -> RuntimeBuilder {
    let pool = Pool { instances: NonZeroU32::new(instances).unwrap() };
    Runtime::builder().pool(pool).yield_every(Duration::from_millis(10))
}

fn load(builder: RuntimeBuilder, text: &str) -> Program {
    let here = Folder::new();
    builder.build().unwrap().load(&here.wat("app.wasm", text)).unwrap()
}

fn refusal(builder: RuntimeBuilder, text: &str) -> String {
    let here = Folder::new();
    let error = builder.build().unwrap().load(&here.wat("app.wasm", text)).unwrap_err().to_string();
    error.split_once("app.wasm: ").unwrap().1.to_owned()
}

/// A call, and the lines that it prints.
fn call(kv: KvCtx, environment: &Environment) -> (Call<'_>, Arc<Mutex<Vec<String>>>) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = |name: &'static str| {
        let lines = Arc::clone(&lines);
        Box::new(move |line: &str| lines.lock().unwrap().push(format!("{name}{line}")))
    };
    let trace_id = TraceId::random();
    (Call { kv, environment, trace_id, stdout: sink("out: "), stderr: sink("err: ") }, lines)
}

async fn end_of(program: &Program) -> Ended {
    program.call(call(context(), &Environment::default()).0).await.unwrap()
}

fn run(program: &Program) -> Ended {
    program.run(Launch { kv: context(), args: &[], environment: &Environment::default() }).unwrap()
}

fn status(ended: &Ended) -> Option<i32> {
    match ended.end {
        End::Exited(status) => Some(status),
        _ => None,
    }
}

fn report(ended: &Ended) -> String {
    match &ended.end {
        End::Trapped(report) => report.to_string(),
        other => panic!("it has to trap: {other:?}"),
    }
}

#[test]
fn a_component_runs_on_a_thread_and_ends_as_it_says() {
    let exit = |status: i32| {
        program(&format!(
            r#"(func (export "run") (result i32) (call $exit (i32.const {status})) (i32.const 0))"#
        ))
    };
    let failure = program(r#"(func (export "run") (result i32) (i32.const 1))"#);
    for (text, expected) in
        [(program(EMPTY), 0), (failure, 1), (exit(0), 0), (exit(7), 7), (exit(200), 200), (exit(-1), -1)]
    {
        let program = load(Runtime::builder(), &text);
        assert!(program.is_component() && !program.can_answer());
        assert_eq!(status(&run(&program)), Some(expected));
    }
}

#[tokio::test]
async fn what_a_call_prints_comes_as_lines_also_the_last_one() {
    let text = program(
        r#"(func (export "run") (result i32)
            (i32.eqz (i32.and
                (call $print (i32.const 0) (i32.const 32) (i32.const 7))
                (call $print (i32.const 1) (i32.const 39) (i32.const 3)))))"#,
    );
    let environment = Environment::default();
    let (call, lines) = call(context(), &environment);
    let ended = load(pooled(1), &text).call(call).await.unwrap();
    assert_eq!(status(&ended), Some(0), "somebody reads it");
    assert_eq!(*lines.lock().unwrap(), ["out: one", "out: two", "err: end"]);
}

#[tokio::test]
async fn a_program_has_its_name_and_the_environment_of_its_call() {
    let text = program(
        r#"(func $say (param $to i32) (drop (call $print (local.get $to) (i32.load (i32.const 0)) (i32.load (i32.const 4)))))
        (func (export "run") (result i32)
            (call $environment (i32.const 0)) (call $say (i32.const 0))
            (call $arguments (i32.const 0)) (call $say (i32.const 1))
            (i32.const 0))"#,
    );
    let environment = Environment::new([("MINE".to_owned(), "1".to_owned())]);
    let (call, lines) = call(context(), &environment);
    let trace_id = call.trace_id;
    load(pooled(1), &text).call(call).await.unwrap();
    let lines = lines.lock().unwrap();
    for variable in [format!("FASTLY_TRACE_ID={trace_id}"), "MINE=1".into(), "FASTLY_POP=XXX".into()] {
        assert!(lines[0].split('\0').any(|one| one.ends_with(&variable)), "{variable}: {lines:?}");
    }
    assert_eq!(lines[1], "err: app.wasm\0");
}

#[tokio::test]
async fn a_trap_names_functions_and_the_modules_that_they_are_in() {
    let text = program(
        r#"(func $deep unreachable) (func $run (export "run") (result i32) (call $deep) (i32.const 0))"#,
    );
    let report = report(&end_of(&load(pooled(1), &text)).await);
    assert!(
        report.contains(
            "app.wasm trapped: wasm `unreachable` instruction executed\n  in deep (main)\n  by run (main)\n"
        ),
        "{report}"
    );
}

#[tokio::test]
async fn a_component_that_loops_for_ever_leaves_the_thread_to_others_and_ends_when_it_is_dropped() {
    let here = Folder::new();
    let runtime = pooled(1).build().unwrap();
    let spin = runtime.load(&here.wat("spin.wasm", &program(SPIN))).unwrap();
    let empty = runtime.load(&here.wat("empty.wasm", &program(EMPTY))).unwrap();
    let environment = Environment::default();
    let mut running = Box::pin(spin.call(call(context(), &environment).0));
    // Asked once it has its place, and gives the thread back at the next tick.
    assert!(tokio::time::timeout(Duration::ZERO, &mut running).await.is_err());
    let full = empty.call(call(context(), &environment).0).await.unwrap_err();
    assert_eq!(full.kind(), StartErrorKind::PoolIsFull, "{full}");
    drop(running);
    assert_eq!(status(&end_of(&empty).await), Some(0), "its place in the pool is free");
}

/// A program with another component inside, which has a memory of its own of so many pages.
fn layered(pages: u32, memories: u32) -> String {
    let layers: String = (0..memories)
        .map(|number| {
            format!(
                "(component $layer{number} (core module $m (memory {pages})) (core instance (instantiate $m)))
                (instance (instantiate $layer{number}))"
            )
        })
        .collect();
    let text = program(EMPTY);
    text.replacen("(component $app", &format!("(component $app {layers}"), 1)
}

#[tokio::test]
async fn the_limit_of_memory_is_that_of_all_layers_together() {
    let of = |mebibytes: u32| pooled(1).max_memory_mebibytes(NonZeroU32::new(mebibytes).unwrap());
    let text = layered(15, 2);
    let ended = end_of(&load(of(2), &text)).await;
    assert_eq!((status(&ended), ended.most_memory_bytes), (Some(0), 31 * 65_536));
    let refused = "it starts with 2 MiB of memory, and may have 1 MiB; allow more by --max-memory";
    assert_eq!(refusal(of(1), &text), refused, "before it is called");
    let once = load(Runtime::builder().max_memory_mebibytes(NonZeroU32::MIN), &text);
    let environment = Environment::default();
    let launch = Launch { kv: context(), args: &[], environment: &environment };
    let error = std::thread::scope(|scope| scope.spawn(|| once.run(launch).unwrap_err()).join()).unwrap();
    assert_eq!(error.kind(), StartErrorKind::TooMuchMemory);
    assert!(error.to_string().contains("allow more by --max-memory"), "{error}");
    let large = refusal(of(1), &layered(17, 1));
    assert_eq!(large, refused);
}

#[test]
fn nothing_of_a_component_runs_before_it_is_called() {
    let text = program(EMPTY).replacen(
        "(component $app",
        "(component $app (core module $m (func $f (loop (br 0))) (start $f)) (core instance (instantiate $m))",
        1,
    );
    // Or loading it would not end.
    load(pooled(1), &text);
}

#[tokio::test]
async fn as_much_as_a_memory_may_have_goes_to_the_host_in_one_call() {
    const MORE_THAN_USUAL: usize = 129 * 1024 * 1024;
    let text = program(&format!(
        r#"(func (export "run") (result i32)
            (drop (memory.grow (i32.const 2080)))
            (i32.eqz (call $print (i32.const 0) (i32.const 0) (i32.const {MORE_THAN_USUAL}))))"#
    ));
    let runtime = pooled(1).max_memory_mebibytes(NonZeroU32::new(256).unwrap());
    assert_eq!(status(&end_of(&load(runtime, &text)).await), Some(0));
}

#[tokio::test]
async fn a_pool_has_room_for_components_of_many_memories_and_says_when_it_has_not() {
    assert_eq!(status(&end_of(&load(pooled(2), &layered(1, 15))).await), Some(0));
    let error = refusal(pooled(2), &layered(1, 16));
    assert!(error.starts_with("it cannot be run here: ") && error.contains("17"), "{error}");
}

#[test]
fn compiled_components_come_from_the_cache_and_from_files() {
    let here = Folder::new();
    let app = here.wat("app.wasm", &program(EMPTY));
    let runtime = Runtime::builder().code_cache(Some(CodeCache::new(here.path("cache")))).build().unwrap();
    for origin in [CodeOrigin::Compiled, CodeOrigin::Cached] {
        let program = runtime.load(&app).unwrap();
        assert_eq!((program.code_origin(), status(&run(&program))), (origin, Some(0)));
    }
    let ahead = here.path("app.cwasm");
    let compiled = runtime.compile(&app).unwrap();
    compiled.write(&ahead).unwrap();
    for runtime in [runtime, pooled(1).build().unwrap()] {
        let program = runtime.load(&ahead).unwrap();
        assert_eq!((program.code_origin(), status(&run(&program))), (CodeOrigin::Ahead, Some(0)));
    }
    let mut wrong = compiled.as_bytes().to_vec();
    let middle = wrong.len() / 2;
    wrong[middle] ^= 1;
    fs::write(&ahead, &wrong).unwrap();
    let error = Runtime::builder().build().unwrap().load(&ahead).unwrap_err().to_string();
    assert!(error.contains("is damaged") && error.contains("compile the program again"), "{error}");
}

#[test]
fn components_that_are_no_programs_say_what_they_are() {
    let library = "(component)";
    assert!(
        refusal(Runtime::builder(), library)
            .starts_with("it exports neither wasi:cli/run nor wasi:http/incoming-handler")
    );
    let layer = r#"(component (instance $store) (export "edgekv:kv/kv-store@0.1.0" (instance $store)))"#;
    let error = refusal(Runtime::builder(), layer);
    assert!(error.contains("so it is a layer; put it under a program by `edgekv compose`"), "{error}");
    let wrong = r#"(component
        (core module $m (func (export "run") (result i32) (i32.const 0)))
        (core instance $i (instantiate $m))
        (func $run (result u32) (canon lift (core func $i "run")))
        (instance $cli (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $cli)))"#;
    assert!(
        refusal(Runtime::builder(), wrong)
            .starts_with("its export wasi:cli/run has no function `run: func() -> result`")
    );
    let missing = r#"(component (import "wasi:keyvalue/store@0.2.0" (instance)))"#;
    let error = refusal(Runtime::builder(), missing);
    assert!(
        error.starts_with(
            "it imports wasi:keyvalue/store@0.2.0, which edgekv does not have; build it without"
        ),
        "{error}"
    );
    let differently =
        r#"(component (import "edgekv:platform/system@0.1.0" (instance (export "print" (func)))))"#;
    let error = refusal(Runtime::builder(), differently);
    assert!(
        error.starts_with("it imports what edgekv has differently: ") && error.contains("print"),
        "{error}"
    );
}

#[test]
fn what_a_host_does_not_offer_is_refused_to_modules_and_to_components() {
    let of = |offer| Runtime::builder().offer(offer);
    let module = r#"(module
        (import "fastly_kv_store" "open" (func (param i32 i32 i32) (result i32)))
        (func (export "_start")))"#;
    load(of(Offer::KV_STORE), module);
    let error = refusal(of(Offer::ORIGIN), module);
    assert!(
        error.starts_with(
            "it imports the KV store of the legacy ABI, which this host does not offer (it offers origin); "
        ),
        "{error}"
    );
    let importing = |interface: &str| {
        program(EMPTY).replacen(
            "(component $app",
            &format!("(component $app (import \"{interface}\" (instance))"),
            1,
        )
    };
    for (interface, offered, other) in [
        ("edgekv:kv/kv-store@0.1.0", Offer::KV_STORE, Offer::ORIGIN),
        ("edgekv:platform/origin@0.1.0", Offer::ORIGIN, Offer::KV_STORE),
    ] {
        load(of(offered), &importing(interface));
        let error = refusal(of(other), &importing(interface));
        assert!(
            error.starts_with(&format!(
                "it imports {interface}, which this host does not offer (it offers {other})"
            )),
            "{error}"
        );
    }
}

#[tokio::test]
async fn what_a_program_exports_is_what_it_can_be_used_for() {
    let program = load(pooled(1), &program(EMPTY));
    let error = program.clone().for_serving().unwrap_err().to_string();
    assert!(error.contains("it exports wasi:cli/run") && error.contains("`edgekv run`"), "{error}");
    program.clone().for_running().unwrap();
    let request = http::Request::get("http://example.com/").body(Body::new()).unwrap();
    let (downstream, answer) = Downstream::new(request, Client::default());
    let kv = KvCtx::builder(Stores::new(MemoryEngine::new())).build_for(downstream);
    let environment = Environment::default();
    let error = program.call(call(kv, &environment).0).await.unwrap_err();
    assert!(error.to_string().contains("it does not answer requests"), "{error}");
    assert!(answer.await.is_none());
}
