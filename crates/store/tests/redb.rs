//! What only the redb engine promises: about its file, and how it commits.

#![allow(clippy::unwrap_used, reason = "in a test, an error is a failure")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use edgekv_store::{
    Engine, EngineStore, Insert, Key, KvError, ListMode, OpenError, RedbEngine, Scan, StoreName, Stores,
    Timestamp,
};
use redb::{Database, ReadableDatabase, TableDefinition};
use tempfile::TempDir;

fn name() -> StoreName {
    StoreName::new("store").unwrap()
}

fn key(text: &str) -> Key<'_> {
    Key::new(text).unwrap()
}

#[track_caller]
fn open_error(path: &Path) -> OpenError {
    match RedbEngine::open(path) {
        Ok(_) => panic!("{path:?} was opened"),
        Err(error) => error,
    }
}

#[test]
fn a_file_that_is_open_is_locked_and_free_again_after_that() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("data.redb");
    let engine = RedbEngine::open(&path).unwrap();
    let error = open_error(&path);
    assert!(matches!(error, OpenError::Locked { .. }), "{error}");
    assert!(error.to_string().contains("data.redb\" is in use by another edgekv process"), "{error}");
    drop(engine);
    RedbEngine::open(&path).unwrap();
}

/// Names the file that this test, run as a process of its own, is to open.
const OPEN_IN_CHILD: &str = "EDGEKV_TEST_OPEN_IN_CHILD";

#[test]
fn a_file_that_another_process_has_open_is_locked() {
    if let Some(path) = std::env::var_os(OPEN_IN_CHILD) {
        println!("child: {}", open_error(Path::new(&path)));
        return;
    }
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("data.redb");
    let _engine = RedbEngine::open(&path).unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_file_that_another_process_has_open_is_locked", "--nocapture"])
        .env(OPEN_IN_CHILD, &path)
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{output}");
    assert!(output.contains("is in use by another edgekv process"), "{output}");
}

#[test]
fn missing_directories_are_made_and_an_empty_file_is_a_new_one() {
    let dir = TempDir::new().unwrap();
    let deep = dir.path().join("a/b/c/data.redb");
    drop(RedbEngine::open(&deep).unwrap());
    assert!(deep.is_file());

    let empty = dir.path().join("empty.redb");
    fs::write(&empty, "").unwrap();
    let stores = Stores::new(RedbEngine::open(&empty).unwrap());
    assert_eq!(stores.list().wait().unwrap(), []);
}

#[test]
fn a_file_of_something_else_is_refused_and_left_alone() {
    let dir = TempDir::new().unwrap();
    for (name, content) in [("short", &b"x"[..]), ("text", &[b'x'; 10_000]), ("zeros", &[0; 100_000])] {
        let path = dir.path().join(name);
        fs::write(&path, content).unwrap();
        let error = open_error(&path);
        assert!(matches!(error, OpenError::Foreign { .. }), "{name}: {error}");
        assert!(error.to_string().contains(&format!("{name}\" is not an edgekv database")), "{error}");
        assert_eq!(fs::read(&path).unwrap(), content, "{name}");
    }
}

#[test]
fn a_redb_file_of_another_program_is_refused_and_its_data_left_alone() {
    const OTHERS: TableDefinition<'_, &str, &str> = TableDefinition::new("recipes");
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("other.redb");
    let database = Database::create(&path).unwrap();
    let write = database.begin_write().unwrap();
    write.open_table(OTHERS).unwrap().insert("soup", "water").unwrap();
    write.commit().unwrap();
    drop(database);

    let error = open_error(&path);
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    assert!(error.to_string().contains("a program that keeps \"recipes\" in it"), "{error}");
    let database = Database::open(&path).unwrap();
    let read = database.begin_read().unwrap();
    assert_eq!(read.open_table(OTHERS).unwrap().get("soup").unwrap().unwrap().value(), "water");
    assert_eq!(read.list_tables().unwrap().count(), 1);
}

#[test]
fn a_file_in_a_later_format_is_refused() {
    const META: TableDefinition<'_, &str, u64> = TableDefinition::new("edgekv.meta");
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("data.redb");
    drop(RedbEngine::open(&path).unwrap());
    let database = Database::open(&path).unwrap();
    let write = database.begin_write().unwrap();
    write.open_table(META).unwrap().insert("format", 2).unwrap();
    write.commit().unwrap();
    drop(database);

    let error = open_error(&path);
    assert!(matches!(error, OpenError::NewerFormat { found: 2, supported: 1, .. }), "{error}");
    assert!(error.to_string().contains("use a newer edgekv"), "{error}");
}

#[test]
fn what_the_system_refuses_names_the_path() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [dir.path().to_owned(), file.join("data.redb")] {
        let error = open_error(&path);
        assert!(matches!(error, OpenError::Io { .. }), "{error}");
        assert!(error.to_string().contains(&format!("{path:?}")), "{error}");
    }
}

#[test]
fn many_writers_share_their_commits() {
    const WRITERS: usize = 64;
    const WRITES: usize = 10;
    let dir = TempDir::new().unwrap();
    let engine = Arc::new(RedbEngine::open(dir.path().join("data.redb")).unwrap());
    let stores = Stores::new(Arc::clone(&engine));
    let store = stores.create(&name()).wait().unwrap();
    let before = engine.stats();
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let store = &store;
            scope.spawn(move || {
                for _ in 0..WRITES {
                    store.insert(key(&format!("k{writer}")), Insert::new("v")).wait().unwrap();
                }
            });
        }
    });
    let after = engine.stats();
    assert_eq!(after.operations - before.operations, (WRITERS * WRITES) as u64);
    let commits = after.commits - before.commits;
    assert!(commits >= WRITES as u64, "{commits}: a writer waits for each of its writes to be durable");
    assert!(
        commits * 4 <= (WRITERS * WRITES) as u64,
        "{commits} commits for {WRITERS} times {WRITES} writes"
    );
}

#[test]
fn what_changes_nothing_is_not_committed() {
    let dir = TempDir::new().unwrap();
    let engine = Arc::new(RedbEngine::open(dir.path().join("data.redb")).unwrap());
    let stores = Stores::new(Arc::clone(&engine));
    let store = stores.create(&name()).wait().unwrap();
    let before = engine.stats();
    assert!(!store.delete(key("none"), None).wait().unwrap());
    let refused =
        Insert { condition: Some(edgekv_store::GenerationMatch::from_number(7)), ..Insert::new("v") };
    assert!(store.insert(key("none"), refused).wait().is_err());
    stores.flush().wait().unwrap();
    assert_eq!(engine.sweep(stores.now(), std::num::NonZeroUsize::MIN).wait().unwrap(), 0);
    assert_eq!(engine.stats().commits, before.commits);
    assert_eq!(engine.stats().operations, before.operations + 4);
}

#[test]
fn operations_on_a_closed_engine_are_errors() {
    let dir = TempDir::new().unwrap();
    let engine = RedbEngine::open(dir.path().join("data.redb")).unwrap();
    let store: Arc<dyn EngineStore> = engine.create(&name(), Timestamp::from_micros(1)).wait().unwrap();
    let now = Timestamp::from_micros(1);
    let queued = store.insert(key("queued"), Insert::new("v"), now, &edgekv_store::Limits::default());
    drop(engine);
    assert!(queued.wait().is_ok(), "what was called before is still done");
    let scan =
        Scan { prefix: "", after: None, limit: std::num::NonZeroU32::MIN, mode: ListMode::Strong, now };
    let errors = [
        store.lookup(key("queued")).wait().map(|_| ()),
        store.insert(key("k"), Insert::new("v"), now, &edgekv_store::Limits::default()).wait().map(|_| ()),
        store.delete(key("queued"), None, now).wait().map(|_| ()),
        store.scan(scan).wait().map(|_| ()),
    ];
    for result in errors {
        let error = result.unwrap_err();
        assert!(matches!(error, KvError::Engine(_)), "{error}");
        assert!(error.to_string().contains("the database is closed"), "{error}");
    }
    RedbEngine::open(dir.path().join("data.redb")).unwrap();
}

#[test]
fn space_of_replaced_and_swept_values_is_used_again() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("data.redb");
    let stores = Stores::new(RedbEngine::open(&path).unwrap());
    let store = stores.create(&name()).wait().unwrap();
    let mut sizes = Vec::new();
    for _ in 0..20 {
        store.insert(key("k"), Insert::new(vec![7; 2_000_000])).wait().unwrap();
        sizes.push(fs::metadata(&path).unwrap().len());
    }
    // The old one is kept until the next commit, and not for ever.
    assert!(*sizes.last().unwrap() < 16_000_000, "{sizes:?}");
    // Reading does not hold on to it either, even when the value is kept.
    let held: Vec<_> = (0..20)
        .map(|_| {
            store.insert(key("k"), Insert::new(vec![8; 2_000_000])).wait().unwrap();
            store.lookup(key("k")).wait().unwrap()
        })
        .collect();
    assert!(
        fs::metadata(&path).unwrap().len() < 16_000_000,
        "values held by {} readers pin the file",
        held.len()
    );
}
