//! What only the redb engine promises: about its file, and how it commits.

#![allow(clippy::unwrap_used, reason = "in a test, an error is a failure")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use edgekv_store::{
    Completion, Engine, EngineStore, Insert, Key, KvError, ListMode, OpenError, RedbEngine, Scan, StoreName,
    Stores, Timestamp,
};
use redb::{Database, ReadableDatabase, ReadableTableMetadata, TableDefinition};
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
    let before = fs::read(&path).unwrap();

    let error = open_error(&path);
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    assert!(error.to_string().contains("a program that keeps \"recipes\" in it"), "{error}");
    assert!(fs::read(&path).unwrap() == before, "the file was changed");
    let database = Database::open(&path).unwrap();
    let read = database.begin_read().unwrap();
    assert_eq!(read.open_table(OTHERS).unwrap().get("soup").unwrap().unwrap().value(), "water");
    assert_eq!(read.list_tables().unwrap().count(), 1);
}

#[test]
fn a_redb_file_with_nothing_in_it_is_somebody_elses() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("other.redb");
    drop(Database::create(&path).unwrap());
    let before = fs::read(&path).unwrap();
    let error = open_error(&path);
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    assert!(fs::read(&path).unwrap() == before, "the file was changed");
}

#[test]
fn what_a_crash_has_left_of_a_new_file_is_replaced() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("data.redb");
    let left = dir.path().join("data.redb.new");
    fs::write(&left, [7; 100_000]).unwrap();
    let stores = Stores::new(RedbEngine::open(&path).unwrap());
    stores.create(&name()).wait().unwrap();
    assert!(!left.exists() && path.exists());
}

#[test]
fn a_new_file_that_somebody_is_making_is_locked() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("data.redb");
    let other = fs::File::create(dir.path().join("data.redb.new")).unwrap();
    other.lock().unwrap();
    let error = open_error(&path);
    assert!(matches!(error, OpenError::Locked { .. }), "{error}");
    assert!(!path.exists());
    drop(other);
    RedbEngine::open(&path).unwrap();
}

#[cfg(unix)]
#[test]
fn a_link_to_the_file_is_followed_and_one_to_nothing_is_refused() {
    let dir = TempDir::new().unwrap();
    let (path, link) = (dir.path().join("data.redb"), dir.path().join("link.redb"));
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(matches!(open_error(&link), OpenError::Io { .. }));
    fs::write(&path, "").unwrap();
    let stores = Stores::new(RedbEngine::open(&link).unwrap());
    stores.create(&name()).wait().unwrap();
    drop(stores);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(Stores::new(RedbEngine::open(&path).unwrap()).list().wait().unwrap().len(), 1);
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

    let before = fs::read(&path).unwrap();
    let error = open_error(&path);
    assert!(fs::read(&path).unwrap() == before, "the file was changed");
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
    let queued = store.insert(
        key("queued"),
        Insert::new("v"),
        now,
        &edgekv_store::Limits::default(),
        Completion::NONE,
    );
    drop(engine);
    assert!(queued.wait().is_ok(), "what was called before is still done");
    let scan =
        Scan { prefix: "", after: None, limit: std::num::NonZeroU32::MIN, mode: ListMode::Strong, now };
    let errors = [
        store.lookup(key("queued")).wait().map(|_| ()),
        store
            .insert(key("k"), Insert::new("v"), now, &edgekv_store::Limits::default(), Completion::NONE)
            .wait()
            .map(|_| ()),
        store.delete(key("queued"), None, now, Completion::NONE).wait().map(|_| ()),
        store.scan(scan).wait().map(|_| ()),
    ];
    for result in errors {
        let error = result.unwrap_err();
        assert!(matches!(error, KvError::Closed), "{error}");
    }
    RedbEngine::open(dir.path().join("data.redb")).unwrap();
}

/// Whether the file can be opened without reading all of it. Looks at a copy, so that it may be open.
fn opens_quickly(path: &Path) -> bool {
    let copy = path.with_extension("copy");
    fs::copy(path, &copy).unwrap();
    match redb::Builder::new().set_repair_callback(redb::RepairSession::abort).open(&copy) {
        Ok(_) => true,
        Err(redb::DatabaseError::RepairAborted) => false,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn with_quick_recovery_the_file_needs_no_repair_at_any_time() {
    for quick in [false, true] {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("data.redb");
        let stores = Stores::new(RedbEngine::builder().quick_recovery(quick).open(&path).unwrap());
        let store = stores.create(&name()).wait().unwrap();
        store.insert(key("k"), Insert::new("v")).wait().unwrap();
        // As a crash at this moment would leave it.
        assert_eq!(opens_quickly(&path), quick);
        let copy = Stores::new(RedbEngine::open(path.with_extension("copy")).unwrap());
        let store = copy.open(&name()).wait().unwrap().unwrap();
        assert_eq!(store.lookup(key("k")).wait().unwrap().unwrap().value(), "v");
    }
}

#[test]
fn closed_stores_leave_a_file_that_needs_no_repair_and_answer_nothing_more() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("data.redb");
    let stores = Stores::builder(RedbEngine::open(&path).unwrap())
        .sweep_every(std::time::Duration::from_secs(3600))
        .build()
        .unwrap();
    let store = stores.create(&name()).wait().unwrap();
    let queued: Vec<_> = (0..100).map(|n| store.insert(key(&format!("k{n}")), Insert::new("v"))).collect();
    assert!(!opens_quickly(&path), "this could not fail");
    stores.close().wait().unwrap();
    assert!(queued.into_iter().all(|reply| reply.wait().is_ok()), "what was called before is done");
    assert!(opens_quickly(&path));
    stores.close().wait().unwrap();
    let errors = [
        store.lookup(key("k1")).wait().map(|_| ()),
        store.insert(key("k1"), Insert::new("v")).wait().map(|_| ()),
        stores.open(&name()).wait().map(|_| ()),
        stores.list().wait().map(|_| ()),
        stores.flush().wait(),
    ];
    for result in errors {
        assert!(matches!(result, Err(KvError::Closed)), "{result:?}");
    }
    // The handles are all still there, but the file is free.
    let again = Stores::new(RedbEngine::open(&path).unwrap());
    let store = again.open(&name()).wait().unwrap().unwrap();
    assert_eq!(store.lookup(key("k99")).wait().unwrap().unwrap().value(), "v");
}

#[test]
fn removed_large_values_leave_no_chunks_and_no_expiries() {
    const CHUNKS: TableDefinition<'_, (u64, u32), &[u8]> = TableDefinition::new("edgekv.chunks");
    const EXPIRIES: TableDefinition<'_, &[u8], ()> = TableDefinition::new("edgekv.expiries");
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("data.redb");
    let clock = Arc::new(edgekv_store::ManualClock::at(Timestamp::from_micros(1_000_000)));
    let engine = Arc::new(RedbEngine::open(&path).unwrap());
    let stores = Stores::builder(Arc::clone(&engine)).clock(Arc::clone(&clock)).build().unwrap();
    let store = stores.create(&name()).wait().unwrap();
    let large = |seconds| Insert {
        time_to_live: Some(std::time::Duration::from_secs(seconds)),
        ..Insert::new(vec![7; 600_000])
    };
    for at in ["deleted", "swept", "overwritten", "overwritten late"] {
        store.insert(key(at), large(10)).wait().unwrap();
    }
    assert!(store.delete(key("deleted"), None).wait().unwrap());
    store.insert(key("overwritten"), Insert::new("small")).wait().unwrap();
    clock.advance(std::time::Duration::from_secs(10));
    store.insert(key("overwritten late"), Insert::new("small")).wait().unwrap();
    assert_eq!(engine.sweep(stores.now(), std::num::NonZeroUsize::MAX).wait().unwrap(), 1);
    store.insert(key("kept"), large(10)).wait().unwrap();
    stores.close().wait().unwrap();

    let database = Database::open(&path).unwrap();
    let read = database.begin_read().unwrap();
    assert_eq!(read.open_table(CHUNKS).unwrap().len().unwrap(), 3, "of the one that was kept");
    assert_eq!(read.open_table(EXPIRIES).unwrap().len().unwrap(), 1);
}

#[test]
fn what_had_expired_in_a_deleted_store_goes_by_itself_with_its_chunks_and_expiries() {
    const CHUNKS: TableDefinition<'_, (u64, u32), &[u8]> = TableDefinition::new("edgekv.chunks");
    const ENTRIES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("edgekv.entries");
    const EXPIRIES: TableDefinition<'_, &[u8], ()> = TableDefinition::new("edgekv.expiries");
    const STORES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("edgekv.stores");
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("data.redb");
    let engine = Arc::new(RedbEngine::open(&path).unwrap());
    let stores = Stores::new(Arc::clone(&engine));
    let store = stores.create(&name()).wait().unwrap();
    let expired =
        |value: Vec<u8>| Insert { time_to_live: Some(std::time::Duration::ZERO), ..Insert::new(value) };
    // More than go in one step, by their number and by their bytes.
    let mut replies: Vec<_> =
        (0..2500).map(|n| store.insert(key(&format!("small{n}")), expired(vec![7]))).collect();
    for reply in replies.drain(..) {
        reply.wait().unwrap();
    }
    for n in 0..3 {
        store.insert(key(&format!("large{n}")), expired(vec![7; 20 * 1024 * 1024])).wait().unwrap();
    }
    let operations = engine.stats().operations;
    assert!(stores.delete(store.info().id).wait().unwrap());
    // Every step queues the next one before it is answered, so behind the last one nothing is left to be done.
    let mut steps = 0;
    loop {
        let before = engine.stats().operations;
        stores.flush().wait().unwrap();
        if engine.stats().operations == before + 1 {
            break;
        }
        steps += 1;
        assert!(steps < 100, "the steps have no end");
    }
    assert!(engine.stats().operations > operations + 3, "it was done in one step");
    stores.close().wait().unwrap();

    let database = Database::open(&path).unwrap();
    let read = database.begin_read().unwrap();
    assert_eq!(read.open_table(STORES).unwrap().len().unwrap(), 0);
    assert_eq!(read.open_table(ENTRIES).unwrap().len().unwrap(), 0);
    assert_eq!(read.open_table(CHUNKS).unwrap().len().unwrap(), 0);
    assert_eq!(read.open_table(EXPIRIES).unwrap().len().unwrap(), 0);
}

#[test]
fn the_deletion_of_a_store_looks_at_a_bounded_number_of_entries_in_one_step() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("data.redb");
    let engine = Arc::new(RedbEngine::open(&path).unwrap());
    let stores = Stores::new(Arc::clone(&engine));
    let store = stores.create(&name()).wait().unwrap();
    let id = store.info().id;
    let fill = || {
        let time_to_live = Some(std::time::Duration::ZERO);
        let insert = || Insert { time_to_live, ..Insert::new("v") };
        let replies: Vec<_> = (0..2500).map(|n| store.insert(key(&format!("k{n}")), insert())).collect();
        assert!(replies.into_iter().all(|reply| reply.wait().is_ok()));
    };
    fill();
    store.insert(key("~ behind all others"), Insert::new("v")).wait().unwrap();
    let before = engine.stats().operations;
    assert!(matches!(stores.delete(id).wait(), Err(KvError::StoreNotEmpty(_))));
    assert_eq!(engine.stats().operations, before + 3, "steps of a thousand entries");
    assert!(matches!(stores.delete(id).wait(), Err(KvError::StoreNotEmpty(_))));
    assert_eq!(engine.stats().operations, before + 4, "what had expired is gone");

    // One that has begun is finished when the engine goes.
    assert!(store.delete(key("~ behind all others"), None).wait().unwrap());
    fill();
    let deletion = stores.delete(id);
    drop((store, stores, engine));
    assert!(deletion.wait().unwrap());
    let stores = Stores::new(RedbEngine::open(&path).unwrap());
    assert!(stores.open(&name()).wait().unwrap().is_none());
}

#[test]
fn a_store_record_of_version_1_is_read_and_a_new_name_makes_it_version_2() {
    const STORES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("edgekv.stores");
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("data.redb");
    let stores = Stores::new(RedbEngine::open(&path).unwrap());
    let store = stores.create(&name()).wait().unwrap();
    store.insert(key("k"), Insert::new("v")).wait().unwrap();
    let id = store.info().id;
    stores.close().wait().unwrap();
    drop((stores, store));
    let record = || {
        let database = Database::open(&path).unwrap();
        let stores = database.begin_read().unwrap().open_table(STORES).unwrap();
        let rows = redb::ReadableTable::iter(&stores).unwrap().map(Result::unwrap);
        rows.map(|(name, record)| (name.value().to_owned(), record.value().to_vec())).collect::<Vec<_>>()
    };
    let old = [&[1][..], &id.get().to_le_bytes(), &1_234_567_u64.to_le_bytes()].concat();
    {
        let database = Database::open(&path).unwrap();
        let write = database.begin_write().unwrap();
        write.open_table(STORES).unwrap().insert("store", old.as_slice()).unwrap();
        write.commit().unwrap();
    }

    let stores = Stores::new(RedbEngine::open(&path).unwrap());
    let created = Timestamp::from_micros(1_234_567);
    let [info] = <[_; 1]>::try_from(stores.list().wait().unwrap()).unwrap();
    assert_eq!((info.id, info.created_at, info.updated_at), (id, created, created));
    let store = stores.open_id(id).wait().unwrap().unwrap();
    assert_eq!(store.lookup(key("k")).wait().unwrap().unwrap().value(), "v");
    let renamed = stores.rename(id, &StoreName::new("renamed").unwrap()).wait().unwrap().unwrap();
    assert_eq!(renamed.created_at, created);
    assert!(renamed.updated_at > created);
    stores.close().wait().unwrap();
    drop((stores, store));
    let [(name, new)] = <[_; 1]>::try_from(record()).unwrap();
    assert_eq!((name.as_str(), new[0], new.len()), ("renamed", 2, 25));
    assert_eq!(Stores::new(RedbEngine::open(&path).unwrap()).list().wait().unwrap(), [renamed]);
}

#[test]
fn a_step_of_a_sweep_is_bounded_in_bytes() {
    let dir = TempDir::new().unwrap();
    let engine = Arc::new(RedbEngine::open(dir.path().join("data.redb")).unwrap());
    let stores = Stores::new(Arc::clone(&engine));
    let store = stores.create(&name()).wait().unwrap();
    for number in 0..3 {
        let insert = Insert {
            time_to_live: Some(std::time::Duration::ZERO),
            ..Insert::new(vec![7; 20 * 1024 * 1024])
        };
        store.insert(key(&format!("k{number}")), insert).wait().unwrap();
    }
    let sweep = || engine.sweep(stores.now(), std::num::NonZeroUsize::MAX).wait().unwrap();
    assert_eq!([sweep(), sweep(), sweep()], [2, 1, 0]);
}

#[test]
fn a_batch_ends_early_when_it_rewrites_more_than_it_carries() {
    let dir = TempDir::new().unwrap();
    let engine = Arc::new(RedbEngine::open(dir.path().join("data.redb")).unwrap());
    let stores = Stores::new(Arc::clone(&engine));
    let store = stores.create(&name()).wait().unwrap();
    store.insert(key("k"), Insert::new(vec![7; 20 * 1024 * 1024])).wait().unwrap();
    let before = engine.stats().commits;
    let prepend = || Insert { mode: edgekv_store::InsertMode::Prepend, ..Insert::new("p") };
    let replies: Vec<_> = (0..9).map(|_| store.insert(key("k"), prepend())).collect();
    for reply in replies {
        reply.wait().unwrap();
    }
    let commits = engine.stats().commits - before;
    assert!(commits >= 5, "9 times 20 MiB were written in {commits} commits");
    assert_eq!(store.lookup(key("k")).wait().unwrap().unwrap().value().len(), 20 * 1024 * 1024 + 9);
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
