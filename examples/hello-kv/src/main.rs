//! The first program: writes, reads and deletes an entry, and counts its own runs to show that data survive.
//!
//! ```text
//! cargo xtask guests hello-kv
//! cargo run -p edgekv-cli -- run --store mystore target/guests/hello-kv.wasm
//! ```
//!
//! Run it again: the counter goes on. With `--engine memory:` it does not.

use std::error::Error;

use edgekv::KVStore;
use edgekv::kv_store::KVStoreError;

fn main() -> Result<(), Box<dyn Error>> {
    // A store that is not there is `Err(StoreNotFound)` on edgekv; other hosts may answer `None`.
    let store = KVStore::open("mystore")?.ok_or("the host has no store `mystore`")?;

    let key = "message1";
    let value = "this is message 1";
    store.insert(key, value)?;
    println!("inserted {key}");

    let mut found = store.lookup(key)?;
    let text = found.take_body().into_string();
    println!("found {key}: {text:?}, generation {}", found.current_generation());
    assert_eq!(text, value);

    store.delete(key)?;
    println!("deleted {key}");
    assert!(matches!(store.lookup(key), Err(KVStoreError::ItemNotFound)));

    let mut run = 1;
    store.update("runs", |runs| {
        run = runs.and_then(|runs| runs.text().ok()?.parse().ok()).unwrap_or(0) + 1;
        run.to_string()
    })?;
    println!("this was run {run} on this store");
    Ok(())
}
