//! Damaged files: whatever is wrong with them, it is an error, and never a panic or a wrong value.

#![allow(clippy::unwrap_used, reason = "in a test, an error is a failure")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use edgekv_store::{
    GenerationMatch, Insert, InsertMode, Key, ListRequest, OpenError, RedbEngine, StoreName, Stores,
};
use redb::{Database, ReadableTable, TableDefinition};
use tempfile::TempDir;

/// Keys and values of the file that is damaged: in records, and in chunks.
fn content() -> Vec<(String, Vec<u8>)> {
    let small =
        (0..30_u8).map(|number| (format!("small{number:02}"), vec![number; 100 + usize::from(number)]));
    let large = (0..2_u8).map(|number| (format!("large{number}"), vec![number + 100; 9000]));
    small.chain(large).collect()
}

/// A small database, closed well, as bytes.
fn database(dir: &Path) -> Vec<u8> {
    let path = dir.join("good.redb");
    let stores = Stores::new(RedbEngine::open(&path).unwrap());
    let store = stores.create(&StoreName::new("store").unwrap()).wait().unwrap();
    for (key, value) in content() {
        let insert = Insert { time_to_live: Some(Duration::from_secs(1_000_000)), ..Insert::new(value) };
        store.insert(Key::new(&key).unwrap(), insert).wait().unwrap();
    }
    drop((stores, store));
    fs::read(path).unwrap()
}

/// How a damaged file shows.
#[derive(Debug, Default)]
struct Seen {
    opened: usize,
    refused: usize,
    read_errors: usize,
}

/// Opens the file, and reads and writes all that is in it. Nothing may panic, and what is read must be right.
fn use_all(path: &Path, seen: &mut Seen) {
    let stores = match RedbEngine::open(path) {
        Ok(engine) => Stores::builder(engine).build().unwrap(),
        Err(
            OpenError::Damaged { .. }
            | OpenError::Foreign { .. }
            | OpenError::NewerFormat { .. }
            | OpenError::Io { .. },
        ) => {
            seen.refused += 1;
            return;
        }
        Err(error) => panic!("{error}"),
    };
    seen.opened += 1;
    let Ok(Some(store)) = stores.open(&StoreName::new("store").unwrap()).wait() else { return };
    for (key, value) in content() {
        match store.lookup(Key::new(&key).unwrap()).wait() {
            Ok(Some(entry)) => assert!(entry.value() == &value[..], "a wrong value of {key}"),
            Ok(None) => {}
            Err(_) => seen.read_errors += 1,
        }
    }
    let _ = store.list(ListRequest::default()).wait();
    let replies = [
        store.insert(Key::new("small05").unwrap(), Insert::new("new")).map(|_| ()),
        store.delete(Key::new("large1").unwrap(), None).map(|_| ()),
        store.insert(Key::new("new").unwrap(), Insert::new(vec![9; 20_000])).map(|_| ()),
        stores.flush(),
    ];
    // Each of them is answered, one way or the other.
    for reply in replies {
        let _ = reply.wait();
    }
}

/// redb's panics are expected here, and caught; without this they would fill the output.
fn silence_redb() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !panic.location().is_some_and(|location| location.file().contains("/redb-")) {
            usual(panic);
        }
    }));
}

#[test]
fn flipped_bits_and_cut_files_give_errors_and_never_panics_or_wrong_values() {
    silence_redb();
    let dir = TempDir::new().unwrap();
    let good = database(dir.path());
    let path = dir.path().join("bad.redb");
    let mut seen = Seen::default();
    // A sample, closer where redb keeps its own state.
    let flips = (0..400).step_by(3).chain((400..good.len()).step_by(good.len() / 150));
    for (round, at) in flips.enumerate() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (round % 8);
        fs::write(&path, bad).unwrap();
        use_all(&path, &mut seen);
    }
    for length in (0..good.len()).step_by(good.len() / 40).skip(1) {
        fs::write(&path, &good[..length]).unwrap();
        use_all(&path, &mut seen);
    }
    // Whole pages of zeros, as file systems leave them.
    for page in (4096..good.len()).step_by(4096) {
        let mut bad = good.clone();
        let end = bad.len().min(page + 4096);
        bad[page..end].fill(0);
        fs::write(&path, bad).unwrap();
        use_all(&path, &mut seen);
    }
    assert!(
        seen.opened > 50 && seen.refused > 10 && seen.read_errors > 10,
        "too few kinds of damage: {seen:?}"
    );
}

/// Changes a byte of the record under `key`, in a way that redb does not notice.
fn damage_record(path: &Path, key: &str) {
    const ENTRIES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("edgekv.entries");
    let database = Database::open(path).unwrap();
    let write = database.begin_write().unwrap();
    {
        let mut entries = write.open_table(ENTRIES).unwrap();
        let entry_key = [&1_u64.to_be_bytes()[..], key.as_bytes()].concat();
        let mut record = entries.get(entry_key.as_slice()).unwrap().unwrap().value().to_vec();
        record[8] ^= 1;
        entries.insert(entry_key.as_slice(), record.as_slice()).unwrap();
    }
    write.commit().unwrap();
}

#[test]
fn a_damaged_entry_is_listed_and_can_be_replaced_and_deleted() {
    let dir = TempDir::new().unwrap();
    database(dir.path());
    let path = dir.path().join("good.redb");
    for key in ["small01", "small02", "large0"] {
        damage_record(&path, key);
    }
    let stores = Stores::new(RedbEngine::open(&path).unwrap());
    let store = stores.open(&StoreName::new("store").unwrap()).wait().unwrap().unwrap();
    let key = |text| Key::new(text).unwrap();
    let listed = store.list(ListRequest::default()).wait().unwrap();
    assert_eq!(listed.keys.len(), content().len(), "{:?}", listed.keys);

    // Whatever depends on what is there cannot be decided.
    let add = Insert { mode: InsertMode::Add, ..Insert::new("new") };
    let append = Insert { mode: InsertMode::Append, ..Insert::new("new") };
    let conditional = Some(GenerationMatch::from_number(7));
    for result in [
        store.lookup(key("small01")).wait().map(|_| ()),
        store.insert(key("small01"), add).wait().map(|_| ()),
        store.insert(key("small01"), append).wait().map(|_| ()),
        store
            .insert(key("small01"), Insert { condition: conditional, ..Insert::new("new") })
            .wait()
            .map(|_| ()),
        store.delete(key("small01"), conditional).wait().map(|_| ()),
    ] {
        let error = result.unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("does not match its checksum"), "{cause}");
    }

    store.insert(key("small01"), Insert::new("new")).wait().unwrap();
    assert_eq!(store.lookup(key("small01")).wait().unwrap().unwrap().value(), "new");
    store.insert(key("large0"), Insert::new(vec![1; 10_000])).wait().unwrap();
    assert!(store.lookup(key("large0")).wait().unwrap().unwrap().value() == &vec![1; 10_000][..]);
    assert!(store.delete(key("small02"), None).wait().unwrap());
    assert!(store.lookup(key("small02")).wait().unwrap().is_none());
    assert_eq!(store.list(ListRequest::default()).wait().unwrap().keys.len(), content().len() - 1);
}

#[test]
fn a_verifying_open_finds_a_flipped_bit_of_a_value() {
    silence_redb();
    let dir = TempDir::new().unwrap();
    let good = database(dir.path());
    let path = dir.path().join("bad.redb");
    let value = vec![20_u8; 120];
    let places: Vec<_> =
        good.windows(value.len()).enumerate().filter(|(_, window)| *window == value).collect();
    assert!(!places.is_empty(), "the value is not in the file as it was written");
    // The value may lie on several pages, of which only one is in use; what is left on the others is no damage.
    let found = places.iter().filter(|(at, _)| {
        let mut bad = good.clone();
        bad[at + 60] ^= 1;
        fs::write(&path, bad).unwrap();
        matches!(RedbEngine::builder().verify(true).open(&path), Err(OpenError::Damaged { .. }))
    });
    assert_eq!(found.count(), 1, "of {} places", places.len());
    fs::write(&path, good).unwrap();
    assert!(RedbEngine::builder().verify(true).open(&path).is_ok());
}
