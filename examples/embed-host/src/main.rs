//! A Wasmtime program that gives its guest a KV store: two lines do it, marked (1) and (2).
//!
//! ```text
//! cargo run -p embed-host                  in memory
//! cargo run -p embed-host -- data.redb     in a file: run it twice
//! ```

use edgekv_host::KvCtx;
use edgekv_store::{Key, MemoryEngine, RedbEngine, StoreName, Stores};
use wasmtime::{Engine, Linker, Module, Store};

/// Appends a star to the entry `stars` of `mystore`. Real guests come out of a compiler, and use an SDK.
const GUEST: &str = r#"(module
    (import "fastly_kv_store" "open" (func $open (param i32 i32 i32) (result i32)))
    (import "fastly_http_body" "new" (func $new (param i32) (result i32)))
    (import "fastly_http_body" "write" (func $write (param i32 i32 i32 i32 i32) (result i32)))
    (import "fastly_kv_store" "insert" (func $insert (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (import "fastly_kv_store" "insert_wait" (func $wait (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 100) "mystore stars *")
    (data (i32.const 32) "\02\00\00\00") ;; the mode of the insert: append
    (func (export "run") (result i32)
        (i32.or (call $open (i32.const 100) (i32.const 7) (i32.const 0))
        (i32.or (call $new (i32.const 4))
        (i32.or (call $write (i32.load (i32.const 4)) (i32.const 114) (i32.const 1) (i32.const 0) (i32.const 8))
        (i32.or (call $insert (i32.load (i32.const 0)) (i32.const 108) (i32.const 5) (i32.load (i32.const 4))
            (i32.const 0) (i32.const 32) (i32.const 12))
        (call $wait (i32.load (i32.const 12)) (i32.const 16))))))))"#;

struct Host {
    kv: KvCtx,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let stores = match std::env::args().nth(1) {
        Some(path) => Stores::new(RedbEngine::open(path)?),
        None => Stores::new(MemoryEngine::new()),
    };
    let mystore = stores.open_or_create(&StoreName::new("mystore")?)?;

    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    edgekv_host::add_to_linker_sync(&mut linker, |host: &mut Host| &mut host.kv)?; // (1)
    let guest = linker.instantiate_pre(&Module::new(&engine, GUEST)?)?;

    for _ in 0..3 {
        let mut store = Store::new(&engine, Host { kv: KvCtx::builder(stores.clone()).build() }); // (2)
        let instance = guest.instantiate(&mut store)?;
        let status = instance.get_typed_func::<(), i32>(&mut store, "run")?.call(&mut store, ())?;
        assert_eq!(status, 0, "every call of the guest was ok");
    }
    let stars = mystore.lookup(Key::new("stars")?).wait()?.ok_or("the guest has written no stars")?;
    println!("{}", String::from_utf8_lossy(stars.value()));
    Ok(())
}
