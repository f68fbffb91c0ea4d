//! What the benchmarks share.

pub mod load;
pub mod slow;

pub use edgekv_tests::{guest, layer};

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
