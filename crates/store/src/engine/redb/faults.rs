//! Disks that fail, and what becomes of the data on them.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use tempfile::TempDir;

use super::RedbEngine;
use super::backend::Disk;
use crate::error::KvError;
use crate::insert::{Insert, InsertMode};
use crate::key::Key;
use crate::name::StoreName;
use crate::stores::{KvStore, Stores};

/// What a disk is to do wrong.
#[derive(Debug)]
pub(super) struct Faults {
    /// Where it is full, in bytes from the start of the file.
    capacity: AtomicU64,
    /// How often a file was opened.
    pub(super) opens: AtomicU64,
    /// Whether syncs fail.
    syncs_fail: AtomicBool,
    /// Whether reads fail.
    pub(super) reads_fail: AtomicBool,
    /// Whether reads panic, as redb may when it reads what was not written.
    pub(super) reads_panic: AtomicBool,
    /// Whether what fails has its effect nevertheless.
    pub(super) late: AtomicBool,
    /// How many more writes and syncs are good before a single one fails; below 0, none fails.
    pub(super) good_calls: AtomicI64,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            capacity: AtomicU64::new(u64::MAX),
            opens: AtomicU64::new(0),
            syncs_fail: AtomicBool::new(false),
            reads_fail: AtomicBool::new(false),
            reads_panic: AtomicBool::new(false),
            late: AtomicBool::new(false),
            good_calls: AtomicI64::new(-1),
        }
    }
}

impl Faults {
    /// Does `work`, if `check` lets it.
    pub(super) fn around(
        &self,
        check: impl FnOnce(&Self) -> io::Result<()>,
        work: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        if self.late.load(Ordering::SeqCst) {
            work().and_then(|()| check(self))
        } else {
            check(self).and_then(|()| work())
        }
    }

    pub(super) fn read(&self) -> io::Result<()> {
        assert!(!self.reads_panic.load(Ordering::SeqCst), "a read panics, as the test wants it to");
        if self.reads_fail.load(Ordering::SeqCst) { Err(io::Error::other("read fault")) } else { Ok(()) }
    }

    pub(super) fn write(&self, end: u64) -> io::Result<()> {
        self.count()?;
        if end > self.capacity.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.count()?;
        if self.syncs_fail.load(Ordering::SeqCst) { Err(io::Error::other("sync fault")) } else { Ok(()) }
    }

    fn count(&self) -> io::Result<()> {
        match self.good_calls.fetch_sub(1, Ordering::SeqCst) {
            0 => Err(io::Error::other("single fault")),
            _ => Ok(()),
        }
    }
}

pub(super) fn key(text: &str) -> Key<'_> {
    Key::new(text).unwrap()
}

/// An error with its causes.
pub(super) fn chain(error: &KvError) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.fold(error.to_string(), |chain, cause| format!("{chain}: {cause}"))
}

/// A store on a disk with faults.
pub(super) fn open(path: &Path, disk: &Disk) -> (Stores, KvStore) {
    let engine = RedbEngine::builder().cache_bytes(0).open_on(disk.clone(), path).unwrap();
    let stores = Stores::new(engine);
    let store = stores.open_or_create(&StoreName::new("store").unwrap()).unwrap();
    (stores, store)
}

pub(super) fn value(store: &KvStore, at: &str) -> Option<bytes::Bytes> {
    store.lookup(key(at)).wait().unwrap().map(|entry| entry.into_value())
}

#[test]
fn on_a_full_disk_only_the_write_that_does_not_fit_fails() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("data.redb");
    let disk = Disk::default();
    let (stores, store) = open(&path, &disk);
    store.insert(key("before"), Insert::new("v")).wait().unwrap();
    let room = std::fs::metadata(&path).unwrap().len() + 1_000_000;
    disk.faults.capacity.store(room, Ordering::SeqCst);

    // One after the other in the queue, so that they share a transaction or follow each other closely.
    let mut replies = Vec::new();
    for number in 0..10 {
        replies.push((true, store.insert(key(&format!("small{number}")), Insert::new("v"))));
        if number == 5 {
            replies.push((false, store.insert(key("huge"), Insert::new(vec![7; 8_000_000]))));
        }
    }
    for (fits, reply) in replies {
        let result = reply.wait();
        assert_eq!(result.is_ok(), fits, "{result:?}");
        if let Err(error) = result {
            assert!(matches!(error, KvError::Engine(_)), "{error}");
        }
    }
    let all = |store: &KvStore| {
        assert_eq!(value(store, "before").as_deref(), Some(&b"v"[..]));
        assert_eq!(value(store, "huge"), None);
        for number in 0..10 {
            assert_eq!(value(store, &format!("small{number}")).as_deref(), Some(&b"v"[..]), "{number}");
        }
    };
    all(&store);
    disk.faults.capacity.store(u64::MAX, Ordering::SeqCst);
    // One byte less than what is refused for a moment.
    store.insert(key("after"), Insert::new(vec![7; 7_999_000])).wait().unwrap();
    drop((stores, store));
    let (_stores, store) = open(&path, &Disk::default());
    all(&store);
    assert_eq!(value(&store, "after").map(|value| value.len()), Some(7_999_000));
}

#[test]
fn while_the_disk_is_full_writes_of_the_same_size_fail_without_a_repair_each() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("data.redb");
    let disk = Disk::default();
    let (_stores, store) = open(&path, &disk);
    store.insert(key("before"), Insert::new("v")).wait().unwrap();
    let room = std::fs::metadata(&path).unwrap().len() + 1_000_000;
    disk.faults.capacity.store(room, Ordering::SeqCst);
    assert!(store.insert(key("huge"), Insert::new(vec![7; 8_000_000])).wait().is_err());
    let opens = disk.faults.opens.load(Ordering::SeqCst);
    // How many of them come within that moment is a matter of the machine; that all of them do so is not likely.
    let mut repairs = 0;
    for _ in 0..100 {
        assert!(store.insert(key("huge"), Insert::new(vec![7; 8_000_000])).wait().is_err());
        repairs = disk.faults.opens.load(Ordering::SeqCst) - opens;
    }
    assert!(repairs < 50, "the file was opened {repairs} times for 100 writes");
    assert_eq!(value(&store, "before").as_deref(), Some(&b"v"[..]));
}

#[test]
fn the_search_for_the_one_to_blame_opens_the_file_a_few_times_and_not_for_everybody() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("data.redb");
    let disk = Disk::default();
    let (_stores, store) = open(&path, &disk);
    let room = std::fs::metadata(&path).unwrap().len() + 1_000_000;
    disk.faults.capacity.store(room, Ordering::SeqCst);
    let opens = disk.faults.opens.load(Ordering::SeqCst);
    // The first ones keep the writer busy while the others gather behind them.
    let small = |number| store.insert(key(&format!("small{number:03}")), Insert::new("v"));
    let mut replies: Vec<_> = (0..200).map(small).collect();
    let huge = store.insert(key("huge"), Insert::new(vec![7; 8_000_000]));
    replies.extend((200..400).map(small));
    assert!(huge.wait().is_err());
    for (number, reply) in replies.into_iter().enumerate() {
        assert!(reply.wait().is_ok(), "small{number}");
    }
    let repairs = disk.faults.opens.load(Ordering::SeqCst) - opens;
    assert!(repairs <= 12, "the file was opened {repairs} times");
}

#[test]
fn a_write_that_met_a_single_fault_has_happened_once_or_not_at_all() {
    let outcomes = append_with_faults(false);
    assert!(outcomes.failed > 3, "too few faults were met: {outcomes:?}");
}

#[test]
fn a_commit_that_is_reported_as_failed_and_is_in_the_file_is_acknowledged() {
    let outcomes = append_with_faults(true);
    assert!(outcomes.good_in_spite > 0, "no commit was found to have happened: {outcomes:?}");
}

/// How appends ended that met a fault.
#[derive(Debug, Default)]
struct Outcomes {
    failed: usize,
    good_in_spite: usize,
}

/// Lets every call of an append fail, one at a time; `late`, after it has had its effect.
fn append_with_faults(late: bool) -> Outcomes {
    let dir = TempDir::new().unwrap();
    let mut outcomes = Outcomes::default();
    for good_calls in 0.. {
        let path = dir.path().join(format!("{good_calls}.redb"));
        let disk = Disk::default();
        let (stores, store) = open(&path, &disk);
        store.insert(key("k"), Insert::new("a")).wait().unwrap();
        disk.faults.late.store(late, Ordering::SeqCst);
        disk.faults.good_calls.store(good_calls, Ordering::SeqCst);
        let appended = store.insert(key("k"), Insert { mode: InsertMode::Append, ..Insert::new("b") }).wait();
        let met = disk.faults.good_calls.swap(-1, Ordering::SeqCst) < 0;
        if !disk.sync_failed() {
            // What was answered is so, also for readers, and the store goes on.
            let expected = if appended.is_ok() { &b"ab"[..] } else { b"a" };
            assert_eq!(value(&store, "k").as_deref(), Some(expected), "after {good_calls} calls");
            store.insert(key("next"), Insert::new("v")).wait().unwrap();
        }
        drop((stores, store));
        let (_stores, store) = open(&path, &Disk::default());
        let found = value(&store, "k").unwrap();
        if appended.is_ok() {
            assert_eq!(found, "ab", "after {good_calls} calls");
        } else {
            assert!(
                found == "a" || (disk.sync_failed() && found == "ab"),
                "{found:?} after {good_calls} calls"
            );
        }
        if !met {
            assert!(appended.is_ok());
            return outcomes;
        }
        if appended.is_ok() {
            outcomes.good_in_spite += 1;
        } else {
            outcomes.failed += 1;
        }
    }
    outcomes
}

#[test]
fn after_a_failed_sync_nothing_more_is_written_or_promised() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("data.redb");
    let disk = Disk::default();
    let (stores, store) = open(&path, &disk);
    store.insert(key("before"), Insert::new("v")).wait().unwrap();
    disk.faults.syncs_fail.store(true, Ordering::SeqCst);
    assert!(store.insert(key("k"), Insert::new("v")).wait().is_err());
    disk.faults.syncs_fail.store(false, Ordering::SeqCst);
    for _ in 0..3 {
        let error = store.insert(key("k"), Insert::new("v")).wait().unwrap_err();
        assert!(chain(&error).contains("the disk did not confirm a write"), "{error}");
        assert!(store.lookup(key("before")).wait().is_err(), "nobody knows what is there");
    }
    drop((stores, store));
    let (_stores, store) = open(&path, &Disk::default());
    assert_eq!(value(&store, "before").as_deref(), Some(&b"v"[..]));
}

#[test]
fn a_failed_read_is_an_error_and_the_next_ones_are_good_again() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("data.redb");
    let disk = Disk::default();
    let (stores, store) = open(&path, &disk);
    let large: Arc<[u8]> = vec![7; 3_000_000].into();
    store.insert(key("k"), Insert::new(large.to_vec())).wait().unwrap();
    disk.faults.reads_fail.store(true, Ordering::SeqCst);
    assert!(store.lookup(key("k")).wait().is_err());
    disk.faults.reads_fail.store(false, Ordering::SeqCst);
    // The failed read has told the writer, which opens the file again before it comes to this.
    stores.flush().wait().unwrap();
    assert!(value(&store, "k").is_some_and(|value| value == large[..]));
}
