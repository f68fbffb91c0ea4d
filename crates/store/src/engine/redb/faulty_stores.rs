//! Disks that fail while stores are made, renamed and deleted: file and registry say the same.

use std::path::Path;
use std::sync::atomic::Ordering;

use tempfile::TempDir;

use super::backend::Disk;
use super::faults::{key, open};
use crate::error::KvError;
use crate::insert::Insert;
use crate::name::{StoreId, StoreInfo, StoreName};
use crate::stores::Stores;

fn name(text: &str) -> StoreName {
    StoreName::new(text).unwrap()
}

/// What is done to the stores while a fault happens. Says whether it was acknowledged.
type Step = fn(&Stores, StoreId) -> Result<(), KvError>;

const STEPS: [(&str, Step); 4] = [
    ("create", |stores, _| stores.create(&name("new")).wait().map(|_| ())),
    ("rename", |stores, id| stores.rename(id, &name("renamed")).wait().map(|info| assert!(info.is_some()))),
    ("delete", |stores, id| stores.delete(id).wait().map(|deleted| assert!(deleted))),
    // All in one transaction, most of the time; the answer of the last one stands for all of them, if it is good.
    ("much at once", |stores, id| {
        let renamed = stores.rename(id, &name("renamed"));
        let taken = stores.create(&name("to be changed"));
        let deleted = stores.delete(id);
        let again = stores.create(&name("renamed"));
        let results = [
            renamed.wait().map(|_| ()),
            taken.wait().map(|_| ()),
            deleted.wait().map(|_| ()),
            again.wait().map(|_| ()),
        ];
        results.into_iter().collect()
    }),
];

/// What is listed, checked against what handles and lookups by name and by identity say.
fn listed(stores: &Stores) -> Vec<StoreInfo> {
    let infos = stores.list().wait().unwrap();
    for info in &infos {
        for opened in [stores.open(&info.name), stores.open_id(info.id)] {
            let opened = opened.wait().unwrap().unwrap();
            assert_eq!(opened.info(), info);
            opened.lookup(key("k")).wait().unwrap();
        }
    }
    infos
}

fn reopened(path: &Path) -> Vec<StoreInfo> {
    let (stores, _) = open(path, &Disk::default());
    listed(&stores)
}

/// Lets every call of a step fail, one at a time; `late`, after it has had its effect. Gives how many steps failed, and how
/// many were good in spite of their fault.
fn step_with_faults(what: &str, step: Step, late: bool) -> (usize, usize) {
    let dir = TempDir::new().unwrap();
    let (mut failed, mut good) = (0, 0);
    for good_calls in 0.. {
        let at = format!("{what}, late: {late}, after {good_calls} calls");
        let path = dir.path().join(format!("{good_calls}.redb"));
        let disk = Disk::default();
        let (stores, kept) = open(&path, &disk);
        kept.insert(key("k"), Insert::new("v")).wait().unwrap();
        let store = stores.create(&name("to be changed")).wait().unwrap();
        let id = store.info().id;
        let before = listed(&stores);
        disk.faults.late.store(late, Ordering::SeqCst);
        disk.faults.good_calls.store(good_calls, Ordering::SeqCst);
        let done = step(&stores, id);
        let met = disk.faults.good_calls.swap(-1, Ordering::SeqCst) < 0;
        let mut after = None;
        if !disk.sync_failed() {
            let infos = listed(&stores);
            assert_eq!(kept.lookup(key("k")).wait().unwrap().unwrap().value(), "v", "{at}");
            // A handle from before lives exactly as long as what it is a handle of.
            let there = infos.iter().any(|info| info.id == id);
            assert_eq!(store.lookup(key("k")).wait().is_ok(), there, "{at}");
            let written = store.insert(key("k"), Insert::new("v")).wait();
            assert!(
                there && written.is_ok() || matches!(written, Err(KvError::NoStore(_))),
                "{at}: {written:?}"
            );
            if what != "much at once" {
                assert_eq!(infos == before, done.is_err(), "{at}: {done:?}");
            }
            after = Some(infos);
        }
        drop((stores, store, kept));
        let found = reopened(&path);
        if let Some(after) = after {
            assert_eq!(found, after, "{at}");
        } else if done.is_ok() {
            assert_ne!(found, before, "{at}: it was acknowledged");
        }
        match (met, done) {
            (false, done) => {
                done.unwrap();
                return (failed, good);
            }
            (true, Ok(())) => good += 1,
            (true, Err(_)) => failed += 1,
        }
    }
    (failed, good)
}

#[test]
fn what_was_done_to_stores_while_the_disk_failed_is_what_the_file_says() {
    for (what, step) in STEPS {
        let (failed, _) = step_with_faults(what, step, false);
        assert!(failed > 0, "{what}: too few faults were met: {failed}");
    }
}

#[test]
fn what_was_done_to_stores_by_a_commit_that_seemed_to_fail_is_seen_by_all() {
    for (what, step) in STEPS {
        let (_, good) = step_with_faults(what, step, true);
        assert!(good > 0, "{what}: no commit was found to have happened");
    }
}
