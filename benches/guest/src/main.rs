//! Measures the KV store as a guest sees it: from the SDK's call to its return, with everything in between.
//!
//! Prints a line for each operation: its name, and nanoseconds for one. It needs a host clock and the stores "bench",
//! "list-1k" and "list-1m"; `cargo bench --bench guest` gives it those.

#![allow(clippy::expect_used, reason = "a measurement that fails should stop")]

use std::hint::black_box;
use std::io::Read;
use std::time::{Duration, Instant};

use edgekv::kv_store::{KVStore, KVStoreError};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

fn main() -> Result<(), KVStoreError> {
    let store = open("bench")?;

    let value = vec![7_u8; KIB];
    store.insert("key", value.clone())?;
    measure("lookup + read, 1 KiB", || {
        let mut found = store.lookup("key").expect("it is there");
        assert_eq!(found.take_body_bytes().len(), KIB);
    });
    measure("lookup, missing key", || {
        assert!(matches!(store.lookup("missing"), Err(KVStoreError::ItemNotFound)));
    });
    measure("insert, 1 KiB", || {
        store.insert("other", value.as_slice()).expect("there is room");
    });

    let large = vec![7_u8; 8 * MIB];
    store.insert("large", large.clone())?;
    let mut buffer = vec![0_u8; 8 * MIB];
    measure("copy in guest memory, 8 MiB", || {
        black_box(&mut buffer).copy_from_slice(black_box(&large));
    });
    measure("lookup + read into a buffer, 8 MiB", || {
        let mut body = store.lookup("large").expect("it is there").take_body();
        body.read_exact(&mut buffer).expect("the value is 8 MiB");
    });
    measure("lookup + read into a new Vec, 8 MiB", || {
        let mut found = store.lookup("large").expect("it is there");
        assert_eq!(found.take_body_bytes().len(), 8 * MIB);
    });

    for (name, keys) in [("list-1k", 1_000), ("list-1m", 1_000_000)] {
        let store = open(name)?;
        for number in 0..keys {
            store.insert(&format!("user/{number:07}"), "")?;
        }
        let middle = store.build_list().prefix("user/").limit(500).execute()?.next_cursor();
        measure(&format!("list page of 1,000 keys, store of {keys}"), || {
            let page = store.build_list().limit(1_000).execute().expect("the store is there");
            assert_eq!(page.keys().len(), 1_000);
        });
        measure(&format!("list page of 500 keys after a cursor, store of {keys}"), || {
            let list = store.build_list().prefix("user/").limit(500);
            let list = list.cursor(middle.as_deref().expect("the store has more than a page"));
            assert_eq!(list.execute().expect("the cursor is good").keys().len(), 500);
        });
    }
    Ok(())
}

fn open(name: &str) -> Result<KVStore, KVStoreError> {
    KVStore::open(name)?.ok_or_else(|| KVStoreError::StoreNotFound(name.into()))
}

/// The median of 21 batches, each as long as the first that took 10 ms.
fn measure(name: &str, mut operation: impl FnMut()) {
    const BATCHES: usize = 21;
    let mut batch = |size: u32| {
        let start = Instant::now();
        (0..size).for_each(|_| operation());
        start.elapsed()
    };
    let mut size = 1;
    while batch(size) < Duration::from_millis(10) {
        size *= 2;
    }
    let mut times: Vec<_> = (0..BATCHES).map(|_| batch(size) / size).collect();
    times.sort_unstable();
    println!("{name}\t{}", times[BATCHES / 2].as_nanos());
}
