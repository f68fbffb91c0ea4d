//! What the writer does when its file has failed: who makes it look, and what it takes for the same file.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::RedbEngine;
use super::backend::Disk;
use super::faults::{chain, key, open, value};
use crate::error::KvError;
use crate::insert::Insert;
use crate::reply::Reply;
use crate::stores::{KvStore, Stores};

/// A store on a disk with faults, with a value that is read from the disk each time.
struct Failing {
    dir: TempDir,
    disk: Disk,
    stores: Stores,
    store: KvStore,
}

impl Failing {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let disk = Disk::default();
        let (stores, store) = open(&dir.path().join("data.redb"), &disk);
        store.insert(key("large"), Insert::new(vec![7; 3_000_000])).wait().unwrap();
        Self { dir, disk, stores, store }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("data.redb")
    }

    /// Makes a read fail, so that redb answers nothing until the file is opened anew.
    fn fail_a_read(&self) {
        self.disk.faults.reads_fail.store(true, Ordering::SeqCst);
        assert!(self.store.lookup(key("large")).wait().is_err());
        self.disk.faults.reads_fail.store(false, Ordering::SeqCst);
    }

    /// The same, while the file is away. Then it is put back by `restore`.
    fn fail_while_it_is_away(&self, restore: impl FnOnce(PathBuf, PathBuf)) -> KvError {
        let away = self.dir.path().join("away");
        self.disk.faults.reads_fail.store(true, Ordering::SeqCst);
        assert!(self.store.lookup(key("large")).wait().is_err());
        // The writer has been woken, and fails as long as reads do; so what it finds then is up to the test.
        assert!(self.store.insert(key("meanwhile"), Insert::new("v")).wait().is_err());
        fs::rename(self.path(), &away).unwrap();
        restore(away, self.path());
        self.disk.faults.reads_fail.store(false, Ordering::SeqCst);
        let error = self.store.insert(key("meanwhile"), Insert::new("v")).wait().unwrap_err();
        assert!(self.store.lookup(key("large")).wait().is_err());
        error
    }
}

/// Waits until `condition` holds, and says whether it did.
fn soon(mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        if condition() {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

#[test]
fn readers_alone_bring_a_failed_file_back() {
    let failing = Failing::new();
    failing.disk.faults.reads_fail.store(true, Ordering::SeqCst);
    assert!(failing.store.lookup(key("large")).wait().is_err());
    // Opening it again fails as well, which a write shows.
    assert!(failing.store.insert(key("k"), Insert::new("v")).wait().is_err());
    assert!(failing.store.lookup(key("large")).wait().is_err());
    failing.disk.faults.reads_fail.store(false, Ordering::SeqCst);
    assert!(soon(|| failing.store.lookup(key("large")).wait().is_ok_and(|found| found.is_some())));
    assert_eq!(failing.stores.list().wait().unwrap().len(), 1);
    failing.store.insert(key("k"), Insert::new("v")).wait().unwrap();
}

#[test]
fn a_list_of_stores_alone_brings_a_failed_file_back() {
    let failing = Failing::new();
    failing.disk.faults.reads_fail.store(true, Ordering::SeqCst);
    assert!(failing.store.lookup(key("large")).wait().is_err());
    assert!(failing.store.insert(key("k"), Insert::new("v")).wait().is_err());
    assert!(failing.stores.list().wait().is_err());
    failing.disk.faults.reads_fail.store(false, Ordering::SeqCst);
    assert!(soon(|| failing.stores.list().wait().is_ok()));
}

#[test]
fn a_write_is_not_to_blame_for_a_read_that_failed_before_it() {
    for _ in 0..20 {
        let failing = Failing::new();
        failing.fail_a_read();
        failing.store.insert(key("k"), Insert::new("v")).wait().unwrap();
        assert_eq!(value(&failing.store, "k").as_deref(), Some(&b"v"[..]));
    }
}

#[test]
fn a_file_that_was_moved_away_is_not_made_anew() {
    let failing = Failing::new();
    let error = failing.fail_while_it_is_away(|_, _| {});
    assert!(chain(&error).contains("cannot open the database"), "{}", chain(&error));
    assert!(!failing.path().exists());
    // Put back, it is good again.
    fs::rename(failing.dir.path().join("away"), failing.path()).unwrap();
    failing.store.insert(key("k"), Insert::new("v")).wait().unwrap();
    assert_eq!(value(&failing.store, "large").map(|value| value.len()), Some(3_000_000));
}

#[test]
fn another_database_in_its_place_is_not_written_to() {
    let failing = Failing::new();
    let error = failing.fail_while_it_is_away(|_, path| drop(RedbEngine::open(path).unwrap()));
    assert!(chain(&error).contains("is no longer the database that was opened"), "{}", chain(&error));
    drop((failing.store, failing.stores));
    let other = Stores::new(RedbEngine::open(failing.dir.path().join("data.redb")).unwrap());
    assert_eq!(other.list().wait().unwrap(), [], "something was written to the other one");
}

#[test]
fn an_older_copy_of_it_in_its_place_is_not_written_to() {
    let failing = Failing::new();
    let older = failing.dir.path().join("older");
    fs::copy(failing.path(), &older).unwrap();
    failing.store.insert(key("newer"), Insert::new("v")).wait().unwrap();
    let error = failing.fail_while_it_is_away(|_, path| fs::rename(&older, path).unwrap());
    assert!(chain(&error).contains("is no longer the database that was opened"), "{}", chain(&error));
}

#[test]
fn an_empty_file_in_its_place_is_damage() {
    let failing = Failing::new();
    let error = failing.fail_while_it_is_away(|_, path| fs::write(path, "").unwrap());
    assert!(chain(&error).contains("it is empty"), "{}", chain(&error));
    assert_eq!(fs::metadata(failing.path()).unwrap().len(), 0);
}

#[test]
fn a_panic_of_a_reader_is_an_error_and_the_next_reads_are_good_again() {
    let failing = Failing::new();
    failing.disk.faults.reads_panic.store(true, Ordering::SeqCst);
    assert!(failing.store.lookup(key("large")).wait().is_err());
    failing.disk.faults.reads_panic.store(false, Ordering::SeqCst);
    assert!(soon(|| failing.store.lookup(key("large")).wait().is_ok_and(|found| found.is_some())));
    failing.store.insert(key("k"), Insert::new("v")).wait().unwrap();
}

/// A waker that tells that it was used, and panics.
struct Panicking(mpsc::Sender<()>);

impl Wake for Panicking {
    fn wake(self: Arc<Self>) {
        let _ = self.0.send(());
        panic!("a waker panics, as the test wants it to");
    }
}

#[test]
fn a_caller_whose_waker_panics_is_alone_with_it() {
    let failing = Failing::new();
    let (sender, woken) = mpsc::channel();
    let waker = Waker::from(Arc::new(Panicking(sender)));
    // A reply may be there before it is polled; then its waker is not used.
    let met = (0..1000).any(|number| {
        let Reply::Later(mut reply) = failing.store.insert(key("k"), Insert::new("v")) else {
            panic!("write {number} was answered at once")
        };
        let polled = reply.as_mut().poll(&mut Context::from_waker(&waker));
        matches!(polled, Poll::Pending) && woken.recv_timeout(Duration::from_secs(60)).is_ok()
    });
    assert!(met, "no waker was used");
    failing.store.insert(key("next"), Insert::new("v")).wait().unwrap();
    failing.stores.close().wait().unwrap();
}

#[test]
fn the_last_handle_may_be_dropped_by_an_answer() {
    /// Holds the last handle, and drops it on the thread that wakes.
    struct Last(parking_lot::Mutex<Option<Stores>>, mpsc::Sender<()>);
    impl Wake for Last {
        fn wake(self: Arc<Self>) {
            drop(self.0.lock().take());
            let _ = self.1.send(());
        }
    }
    let Failing { dir, stores, store, .. } = Failing::new();
    let (sender, dropped) = mpsc::channel();
    let reply = store.insert(key("k"), Insert::new(vec![7; 20_000_000]));
    let Reply::Later(mut reply) = reply else { panic!("a write was answered at once") };
    drop(store);
    let waker = Waker::from(Arc::new(Last(parking_lot::Mutex::new(Some(stores)), sender)));
    let polled = reply.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(matches!(polled, Poll::Pending), "20 MB were durable at once");
    drop(waker);
    dropped.recv_timeout(Duration::from_secs(60)).unwrap();
    assert!(soon(|| RedbEngine::open(dir.path().join("data.redb")).is_ok()), "the file was not closed");
}
