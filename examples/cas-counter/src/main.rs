//! A counter that many writers share without losing an increment, by compare-and-set.
//!
//! ```text
//! cargo xtask guests cas-counter
//! cargo run -p edgekv-cli -- run --store mystore target/guests/cas-counter.wasm 10
//! ```
//!
//! An increment reads the value and its generation, and writes under the condition that the generation is still the
//! same. Of several writers that have read the same value one wins; the others are refused, and try again on what won.

use std::error::Error;

use edgekv::KVStore;
use edgekv::kv_store::{Entry, KVStoreError};

const KEY: &str = "counter";

fn count(entry: Option<&Entry>) -> u64 {
    entry.and_then(|entry| entry.text().ok()?.parse().ok()).unwrap_or(0)
}

fn main() -> Result<(), Box<dyn Error>> {
    let increments: u64 = std::env::args().nth(1).map_or(Ok(10), |argument| argument.parse())?;
    // A store that is not there is `Err(StoreNotFound)` on edgekv; other hosts may answer `None`.
    let store = KVStore::open("mystore")?.ok_or("the host has no store `mystore`")?;
    // So that there is a generation to compare with.
    store.update(KEY, |entry| entry.is_none().then_some("0"))?;

    // By hand: all of these writers have read the same entry, and write at the same time.
    let mut found = store.lookup(KEY)?;
    let seen = found.current_generation();
    let value: u64 = found.take_body().into_string().parse()?;
    let started: Vec<_> = (0..increments)
        .map(|_| store.build_insert().if_generation_match(seen).execute_async(KEY, (value + 1).to_string()))
        .collect::<Result<_, _>>()?;
    let mut refused = 0;
    for insert in started {
        match store.pending_insert_wait(insert) {
            Ok(()) => {}
            Err(KVStoreError::ItemPreconditionFailed) => refused += 1,
            Err(error) => return Err(error.into()),
        }
    }
    println!("{increments} writers at the same time: {refused} were refused, and try again");

    // The way to do it: `update` looks up, writes under the condition, and tries again when it is refused.
    for _ in 0..refused {
        store.update(KEY, |entry| (count(entry) + 1).to_string())?;
    }
    println!("the counter went from {value} to {}", store.lookup(KEY)?.take_body().into_string());
    Ok(())
}
