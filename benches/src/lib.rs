//! What the benchmarks share.

pub mod load;
pub mod slow;

use std::path::{Path, PathBuf};

use edgekv_store::{Engine, Insert, Key, KvStore, StoreName, Stores};

/// A store of an engine, by this name, made if missing.
///
/// # Panics
///
/// When the engine cannot; a benchmark has no use for the error.
#[must_use]
#[expect(clippy::expect_used, reason = "a benchmark that cannot begin should stop")]
pub fn store(engine: impl Engine, name: &str) -> (Stores, KvStore) {
    let stores = Stores::new(engine);
    let store = stores.open_or_create(&StoreName::new(name).expect("a valid name")).expect("a store");
    (stores, store)
}

/// Writes `keys` entries of no bytes, in batches, so that a durable engine shares its commits.
///
/// # Panics
///
/// When the engine cannot.
#[expect(clippy::expect_used, reason = "a benchmark that cannot begin should stop")]
pub fn fill(store: &KvStore, keys: usize) {
    let numbers: Vec<_> = (0..keys).collect();
    for batch in numbers.chunks(10_000) {
        let insert = |number: &usize| {
            let key = format!("user/{number:07}");
            store.insert(Key::new(&key).expect("a valid key"), Insert::new(""))
        };
        let replies: Vec<_> = batch.iter().map(insert).collect();
        for reply in replies {
            reply.wait().expect("the write happens");
        }
    }
}

/// The module of a guest program, as `cargo xtask guests` leaves it.
///
/// # Panics
///
/// When the guest is not built, with the command that builds it.
#[must_use]
pub fn guest(name: &str) -> PathBuf {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guests").join(name).with_extension("wasm");
    assert!(path.is_file(), "the guest `{name}` is not built: run `cargo xtask guests`");
    path
}
