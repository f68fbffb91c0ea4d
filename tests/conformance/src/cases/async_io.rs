//! `fastly_async_io`: which of several things comes first.

use std::time::{Duration, Instant};

use edgekv_sys::{FastlyStatus as Status, KvError};

use crate::abi::{async_io, body, kv, log};
use crate::case::{Case, Failure, Outcome, case, holds, one_of, open, same};
use crate::here::{
    Here, INVALID_HANDLE, InsertOptions, ListOptions, body_of, finish_list, finish_lookup, is_untouched,
    read_all, wait,
};
use crate::memory::{end, number, out, put, put_numbers};

const SELECT: &str = "fastly_async_io, select";
const READY: &str = "fastly_async_io, is_ready";
const ITEMS: &str = "fastly_async_io, items";

/// The index that says that the time is over.
const TIMED_OUT: u32 = u32::MAX;

fn select(items: &[u32], milliseconds: u32) -> Result<u32, Failure> {
    let ((at, count), index) = (put_numbers(items), out());
    same("status of select", async_io::select(&[at, count, milliseconds, index]), Status::OK)?;
    Ok(number(index))
}

fn is_ready(item: u32) -> Result<u32, Failure> {
    let ready = out();
    same("status of is_ready", async_io::is_ready(&[item, ready]), Status::OK)?;
    Ok(number(ready))
}

/// Refused, for waiting without end and with one.
fn is_refused(items: &[u32], expected: Status) -> Outcome {
    let ((at, count), index) = (put_numbers(items), out());
    for milliseconds in [0, 1] {
        let status = async_io::select(&[at, count, milliseconds, index]);
        same(format!("status with a time-out of {milliseconds}"), status, expected)?;
    }
    is_untouched("index", index)
}

/// A pending operation of each kind: lookup, insert, delete, list.
fn operations(here: &Here) -> Result<[u32; 4], Failure> {
    let key = here.key("k");
    Ok([
        here.start_lookup(key.as_bytes())?,
        here.start_insert(key.as_bytes(), b"v", InsertOptions::default())?,
        here.start_delete(here.key("other").as_bytes())?,
        here.start_list(ListOptions::default().limit(1))?,
    ])
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("async-001", ITEMS, "a body with bytes is ready, and one at its end", |_| {
            for value in [body_of(b"x")?, body_of(b"")?] {
                same("is_ready", is_ready(value)?, 1)?;
                same("index", select(&[value], 0)?, 0)?;
            }
            Ok(())
        }),
        case("async-002", ITEMS, "each kind of operation becomes ready", |here| {
            for operation in operations(here)? {
                same("index", select(&[operation], 0)?, 0)?;
                same("is_ready", is_ready(operation)?, 1)?;
            }
            Ok(())
        }),
        case("async-003", SELECT, "of several that are ready the first is told", |_| {
            let (one, two) = (body_of(b"one")?, body_of(b"two")?);
            same("index", select(&[one, two], 0)?, 0)?;
            same("index, the other way round", select(&[two, one], 1_000)?, 0)
        }),
        case("async-004", SELECT, "nothing is consumed, and the outcome waits", |here| {
            here.insert("k", b"v")?;
            let items = operations(here)?;
            for _ in 0..3 {
                holds("index", select(&items, 0)? < 4, "below 4", ())?;
            }
            let [lookup, insert, delete, list] = items;
            same("lookup", finish_lookup(lookup)?.map(|found| found.value), Some(b"v".to_vec()))?;
            same("insert", wait("insert_wait", kv::insert_wait, insert)?, KvError::OK)?;
            same("delete", wait("delete_wait", kv::delete_wait, delete)?, KvError::NOT_FOUND)?;
            same("list", finish_list(list)?.is_ok(), true)
        }),
        case(
            "async-005",
            SELECT,
            "operations are waited for one after the other until none is left",
            |here| {
                for name in ["a", "b", "c", "d", "e"] {
                    here.insert(name, name.as_bytes())?;
                }
                let names = ["e", "a", "d", "b", "c"];
                let started: Result<Vec<_>, _> =
                    names.iter().map(|name| here.start_lookup(here.key(name).as_bytes())).collect();
                let mut waiting: Vec<_> = started?.into_iter().zip(names).collect();
                while !waiting.is_empty() {
                    let items: Vec<_> = waiting.iter().map(|(item, _)| *item).collect();
                    let index = select(&items, 0)? as usize;
                    holds("index", index < items.len(), "that of an item", index)?;
                    let (item, name) = waiting.remove(index);
                    let value = finish_lookup(item)?.map(|found| found.value);
                    same(format!("value of {name}"), value, Some(name.as_bytes().to_vec()))?;
                }
                Ok(())
            },
        ),
        case("async-006", ITEMS, "an operation that will fail becomes ready", |here| {
            here.insert("k", b"v")?;
            let key = here.key("k");
            let insert = here.start_insert(key.as_bytes(), b"w", InsertOptions::mode(crate::here::ADD))?;
            let list = here.start_list(ListOptions::default().limit(0))?;
            same("index of an insert", select(&[insert], 0)?, 0)?;
            same("index of a list", select(&[list], 0)?, 0)
        }),
        case("async-007", SELECT, "without items a time-out is a pause", |_| {
            let started = Instant::now();
            same("index", select(&[], 15)?, TIMED_OUT)?;
            let took = started.elapsed();
            holds("time", took >= Duration::from_millis(15), "at least 15 ms", took)
        }),
        case("async-008", SELECT, "without items and time-out it is inval, wherever they are", |_| {
            for at in [0, 4, end(), u32::MAX] {
                let status = async_io::select(&[at, 0, 0, out()]);
                same(format!("status at {at:#x}"), status, Status::INVAL)?;
            }
            Ok(())
        }),
        case("async-009", "Conventions, a buffer of no length", "no items may be anywhere", |_| {
            same("status", async_io::select(&[u32::MAX, 0, 1, out()]), Status::OK)
        }),
        case("async-010", SELECT, "an item that is there twice is badf", |_| {
            let value = body_of(b"x")?;
            is_refused(&[value, value], Status::BADF)?;
            same("what is read", read_all(value)?, b"x")
        }),
        case("async-011", SELECT, "an item that is there twice among many is badf", |_| {
            let bodies: Result<Vec<_>, _> = (0..40).map(|_| body_of(b"x")).collect();
            let mut items = bodies?;
            same("index without", select(&items, 0)?, 0)?;
            items.push(items[7]);
            is_refused(&items, Status::BADF)
        }),
        open("async-012", SELECT, "a handle that names nothing is badf, alone and beside others", |_| {
            let value = body_of(b"x")?;
            let closed = body_of(b"x")?;
            same("status of close", body::close(&[closed]), Status::OK)?;
            for bad in [closed, 0, INVALID_HANDLE, u32::MAX] {
                is_refused(&[bad], Status::BADF)?;
                is_refused(&[value, bad], Status::BADF)?;
            }
            Ok(())
        }),
        open("async-013", ITEMS, "a store and an endpoint are no items", |here| {
            let ((at, length), endpoint) = (put(b"conformance"), out());
            same("status", log::endpoint_get(&[at, length, endpoint]), Status::OK)?;
            for item in [here.store, number(endpoint)] {
                is_refused(&[item], Status::BADF)?;
                same("status of is_ready", async_io::is_ready(&[item, out()]), Status::BADF)?;
            }
            Ok(())
        }),
        open("async-014", READY, "a handle that names nothing is badf", |_| {
            let (closed, ready) = (body_of(b"x")?, out());
            same("status of close", body::close(&[closed]), Status::OK)?;
            for bad in [closed, 0, INVALID_HANDLE, u32::MAX] {
                same(format!("status of {bad:#x}"), async_io::is_ready(&[bad, ready]), Status::BADF)?;
            }
            is_untouched("answer", ready)
        }),
        case("async-015", "Conventions, pointers", "items that are not aligned are badalign", |_| {
            let (at, _) = put_numbers(&[body_of(b"x")?; 2]);
            for offset in [1, 2, 3] {
                let status = async_io::select(&[at + offset, 1, 0, out()]);
                same(format!("status at an offset of {offset}"), status, Status::BADALIGN)?;
            }
            Ok(())
        }),
        case("async-016", "Conventions, pointers", "items beyond memory are inval", |_| {
            for (at, count) in [(end(), 1), (end() - 4, 2), (u32::MAX - 3, 1)] {
                let status = async_io::select(&[at, count, 0, out()]);
                same(format!("status at {at:#x}"), status, Status::INVAL)?;
            }
            Ok(())
        }),
        case("async-017", "Conventions, pointers", "more items than memory has room for are refused", |_| {
            let (at, _) = put_numbers(&[body_of(b"x")?; 2]);
            for count in [u32::MAX, 1 << 30] {
                let status = async_io::select(&[at, count, 0, out()]);
                one_of(format!("status of {count} items"), &status, &[Status::BADF, Status::INVAL])?;
            }
            Ok(())
        }),
        case("async-018", ITEMS, "an operation that was waited for is no item any more", |here| {
            let lookup = here.start_lookup(here.key("k").as_bytes())?;
            finish_lookup(lookup)?;
            is_refused(&[lookup], Status::BADF)
        }),
        case("async-019", SELECT, "a hundred operations may be waited for at a time", |here| {
            let key = here.key("k");
            let items: Result<Vec<_>, _> = (0..100).map(|_| here.start_lookup(key.as_bytes())).collect();
            let items = items?;
            holds("index", select(&items, 0)? < 100, "below 100", ())?;
            items.into_iter().try_for_each(|item| finish_lookup(item).map(drop))
        }),
    ]
}
