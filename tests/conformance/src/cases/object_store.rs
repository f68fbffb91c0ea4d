//! `fastly_object_store`: the older form of the store.

use edgekv_sys::{FastlyStatus as Status, KvError, KvInsertConfigOptions as Options};

use crate::abi::{kv, object_store as old};
use crate::case::{Case, Failure, Outcome, case, open, same};
use crate::here::{
    ADD, Here, INVALID_HANDLE, InsertOptions, body_of, finish_lookup, is_gone, is_untouched, read_all, wait,
};
use crate::memory::{end, number, out, put};
use crate::seeded::{MISSING, STORE};

const TABLE: &str = "fastly_object_store, functions";
const STATUSES: &str = "fastly_object_store, statuses";
const HANDLES: &str = "fastly_object_store, handles";

/// Looks a key of the case up in one call: status and handle.
fn lookup(here: &Here, name: &str) -> (Status, u32) {
    let ((key, length), handle) = (put(here.key(name).as_bytes()), out());
    (old::lookup(&[here.store, key, length, handle]), number(handle))
}

fn insert(here: &Here, name: &str, value: &[u8]) -> Result<Status, Failure> {
    let (key, length) = put(here.key(name).as_bytes());
    Ok(old::insert(&[here.store, key, length, body_of(value)?]))
}

/// Starts a lookup or a delete of a key of the case.
fn start(here: &Here, function: crate::abi::Function, name: &str) -> Result<u32, Failure> {
    let ((key, length), pending) = (put(here.key(name).as_bytes()), out());
    same("status of the start", function(&[here.store, key, length, pending]), Status::OK)?;
    Ok(number(pending))
}

fn start_insert(here: &Here, name: &str, value: &[u8]) -> Result<u32, Failure> {
    let ((key, length), pending) = (put(here.key(name).as_bytes()), out());
    let status = old::insert_async(&[here.store, key, length, body_of(value)?, pending]);
    same("status of insert_async", status, Status::OK)?;
    Ok(number(pending))
}

/// A refused call leaves its out-variable alone.
fn is_refused(status: Status, expected: Status, at: u32) -> Outcome {
    same("status", status, expected)?;
    is_untouched("out-variable", at)
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("object-001", TABLE, "a value goes in and out in one call each", |here| {
            same("status of insert", insert(here, "k", b"value")?, Status::OK)?;
            let (status, value) = lookup(here, "k");
            same("status of lookup", status, Status::OK)?;
            same("value", read_all(value)?, b"value")
        }),
        case("object-002", TABLE, "a value goes in and out in two calls each", |here| {
            let pending = start_insert(here, "k", b"value")?;
            same("status of the insert", old::pending_insert_wait(&[pending]), Status::OK)?;
            let (pending, value) = (start(here, old::lookup_async, "k")?, out());
            same("status of the lookup", old::pending_lookup_wait(&[pending, value]), Status::OK)?;
            same("value", read_all(number(value))?, b"value")
        }),
        case("object-003", TABLE, "a key is deleted in two calls", |here| {
            here.insert("k", b"v")?;
            let pending = start(here, old::delete_async, "k")?;
            same("status", old::pending_delete_wait(&[pending]), Status::OK)?;
            same("value", here.value("k")?, None)
        }),
        open("object-004", STATUSES, "of a missing key the body is the invalid handle", |here| {
            same("in one call", lookup(here, "missing"), (Status::OK, INVALID_HANDLE))?;
            let (pending, value) = (start(here, old::lookup_async, "missing")?, out());
            same("status in two", old::pending_lookup_wait(&[pending, value]), Status::OK)?;
            same("handle in two", number(value), INVALID_HANDLE)
        }),
        open("object-005", STATUSES, "to delete a missing key is none", |here| {
            let pending = start(here, old::delete_async, "missing")?;
            same("status", old::pending_delete_wait(&[pending]), Status::NONE)
        }),
        open("object-006", HANDLES, "a store has the same handle in both modules", |here| {
            let ((at, length), store) = (put(STORE.as_bytes()), out());
            same("status", old::open(&[at, length, store]), Status::OK)?;
            same("handle", number(store), here.store)
        }),
        case("object-007", HANDLES, "a store that is opened here works there", |here| {
            let ((at, length), store) = (put(STORE.as_bytes()), out());
            same("status of open", old::open(&[at, length, store]), Status::OK)?;
            here.insert("k", b"v")?;
            let ((key, length), pending) = (put(here.key("k").as_bytes()), out());
            let status = kv::lookup(&[number(store), key, length, 0, 0, pending]);
            same("status of lookup", status, Status::OK)?;
            same("value", finish_lookup(number(pending))?.map(|found| found.value), Some(b"v".to_vec()))
        }),
        case("object-008", HANDLES, "operations that are started here are waited for there", |here| {
            let pending = start_insert(here, "k", b"v")?;
            same("insert", wait("insert_wait", kv::insert_wait, pending)?, KvError::OK)?;
            let found = finish_lookup(start(here, old::lookup_async, "k")?)?;
            same("lookup", found.map(|found| found.value), Some(b"v".to_vec()))?;
            let pending = start(here, old::delete_async, "k")?;
            same("delete", wait("delete_wait", kv::delete_wait, pending)?, KvError::OK)
        }),
        case("object-009", HANDLES, "operations that are started there are waited for here", |here| {
            let key = here.key("k");
            let pending = here.start_insert(key.as_bytes(), b"v", InsertOptions::default())?;
            same("status of the insert", old::pending_insert_wait(&[pending]), Status::OK)?;
            let (pending, value) = (here.start_lookup(key.as_bytes())?, out());
            same("status of the lookup", old::pending_lookup_wait(&[pending, value]), Status::OK)?;
            same("value", read_all(number(value))?, b"v")?;
            let pending = here.start_delete(key.as_bytes())?;
            same("status of the delete", old::pending_delete_wait(&[pending]), Status::OK)
        }),
        case("object-010", "fastly_object_store, inserts", "an insert removes metadata", |here| {
            here.insert_with("k", b"old", InsertOptions::metadata(b"m"))?;
            same("status", insert(here, "k", b"new")?, Status::OK)?;
            let found = here.lookup("k")?.map(|found| (found.value, found.metadata));
            same("value and metadata", found, Some((b"new".to_vec(), vec![])))
        }),
        case("object-011", "fastly_object_store, inserts", "an insert removes the lifetime", |here| {
            let options = InsertOptions { time_to_live_sec: 1, ..InsertOptions::metadata(b"m") };
            let mask = options.mask | Options::TIME_TO_LIVE_SEC.bits();
            here.insert_with("k", b"old", InsertOptions { mask, ..options })?;
            same("status", insert(here, "k", b"new")?, Status::OK)?;
            crate::here::pause(1_200)?;
            same("value", here.value("k")?.as_deref(), Some("new"))
        }),
        case("object-012", STATUSES, "an unknown store is inval", |_| {
            let ((at, length), store) = (put(MISSING.as_bytes()), out());
            same("status", old::open(&[at, length, store]), Status::INVAL)
        }),
        open("object-013", STATUSES, "a key that breaks a rule is inval", |here| {
            let handle = out();
            for key in [&b""[..], b"a?b", b"\xff", &[b'k'; 1_025]] {
                let (at, length) = put(key);
                for function in [old::lookup, old::lookup_async, old::delete_async] {
                    is_refused(function(&[here.store, at, length, handle]), Status::INVAL, handle)?;
                }
            }
            Ok(())
        }),
        open("object-014", STATUSES, "a body is consumed by an insert of a key that breaks a rule", |here| {
            let ((at, length), handle) = (put(b"a?b"), out());
            let value = body_of(b"v")?;
            same("status of insert", old::insert(&[here.store, at, length, value]), Status::INVAL)?;
            is_gone(value)?;
            let value = body_of(b"v")?;
            is_refused(old::insert_async(&[here.store, at, length, value, handle]), Status::INVAL, handle)?;
            is_gone(value)
        }),
        open("object-015", "Conventions, handles", "a store that is none is badf", |_| {
            let ((at, length), handle) = (put(b"k"), out());
            for store in [0, INVALID_HANDLE, u32::MAX] {
                for function in [old::lookup, old::lookup_async, old::delete_async] {
                    is_refused(function(&[store, at, length, handle]), Status::BADF, handle)?;
                }
                let value = body_of(b"v")?;
                same("status of insert", old::insert(&[store, at, length, value]), Status::BADF)?;
                is_gone(value)?;
            }
            Ok(())
        }),
        open(
            "object-016",
            "Conventions, handles",
            "a body that is none is badf, and nothing is written",
            |here| {
                let (key, length) = put(here.key("k").as_bytes());
                for value in [here.store, 0, u32::MAX] {
                    same("status", old::insert(&[here.store, key, length, value]), Status::BADF)?;
                }
                same("value", here.value("k")?, None)
            },
        ),
        case("object-017", TABLE, "waits consume their handles", |here| {
            let pending = start_insert(here, "k", b"v")?;
            same("insert", old::pending_insert_wait(&[pending]), Status::OK)?;
            same("insert again", old::pending_insert_wait(&[pending]), Status::BADF)?;
            let (pending, value) = (start(here, old::lookup_async, "k")?, out());
            same("lookup", old::pending_lookup_wait(&[pending, value]), Status::OK)?;
            same("lookup again", old::pending_lookup_wait(&[pending, value]), Status::BADF)?;
            let pending = start(here, old::delete_async, "k")?;
            same("delete", old::pending_delete_wait(&[pending]), Status::OK)?;
            same("delete again", old::pending_delete_wait(&[pending]), Status::BADF)
        }),
        open("object-018", STATUSES, "a condition that fails is inval", |here| {
            here.insert("k", b"v")?;
            let pending = here.start_insert(here.key("k").as_bytes(), b"w", InsertOptions::mode(ADD))?;
            same("status", old::pending_insert_wait(&[pending]), Status::INVAL)?;
            same("value", here.value("k")?.as_deref(), Some("v"))
        }),
        case("object-019", "Conventions, pointers", "a key beyond memory is inval", |here| {
            let handle = out();
            for (at, length) in [(end() - 1, 2), (u32::MAX, 1), (8, u32::MAX)] {
                for function in [old::lookup, old::lookup_async, old::delete_async] {
                    is_refused(function(&[here.store, at, length, handle]), Status::INVAL, handle)?;
                }
            }
            Ok(())
        }),
        case("object-020", TABLE, "an insert that nobody waits for happens", |here| {
            start_insert(here, "k", b"v")?;
            let mut seen = None;
            // When a later operation sees it is not said.
            for _ in 0..500 {
                seen = here.value("k")?;
                if seen.is_some() {
                    break;
                }
                crate::here::pause(10)?;
            }
            same("value", seen.as_deref(), Some("v"))
        }),
    ]
}
