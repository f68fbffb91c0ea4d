//! What an interface cannot express, and the SDK puts on top: method chaining, and types such as `Duration`.
//!
//! ```text
//! cargo xtask guests talk-chaining
//! cargo run -p edgekv-cli -- run --store kv1 target/guests/talk-chaining.component.wasm
//! ```

use std::error::Error;
use std::time::Duration;

use edgekv::KVStore;
use edgekv::kv_store::InsertMode::Append;
use edgekv::kv_store::KVStoreError;

fn main() -> Result<(), Box<dyn Error>> {
    let store: KVStore = KVStore::open("kv1")?.ok_or("the host has no store `kv1`")?;
    store.insert("my_key", "first, ")?;
    let generation = store.lookup("my_key")?.current_generation();

    let write = || {
        store
            .build_insert()
            .mode(Append)
            .background_fetch()
            .metadata("version: 1")
            .time_to_live(Duration::from_secs(300))
            .if_generation_match(generation)
    };
    write().execute("my_key", "my_value")?;
    println!("appended to my_key of generation {generation}");

    let mut found = store.lookup("my_key")?;
    assert_eq!(found.metadata().as_deref(), Some(&b"version: 1"[..]));
    assert_ne!(found.current_generation(), generation);
    assert_eq!(found.take_body().into_string(), "first, my_value");

    let refused = write().execute("my_key", "once more");
    assert_eq!(refused, Err(KVStoreError::ItemPreconditionFailed));
    println!("the same write is refused the second time");
    Ok(())
}
