//! `lookup`, `lookup_wait`, `lookup_wait_v2`.

use edgekv_sys::{FastlyStatus as Status, KvError};

use crate::abi::{Function, body, kv};
use crate::case::{Case, Failure, Outcome, case, holds, open, same};
use crate::here::{Found, Here, InsertOptions, finish_lookup, is_untouched, read_all};
use crate::memory::{NO_PAGE, UNTOUCHED, block, bytes, end, last_page, number, out, put, wide, write};
use crate::seeded::ENTRIES;

const LOOKUP: &str = "fastly_kv_store, lookup";
const WAIT: &str = "fastly_kv_store, lookup_wait_v2";
const WAIT_1: &str = "fastly_kv_store, lookup_wait";
const BUFFERS: &str = "Conventions, buffer too small";
const MASKS: &str = "Conventions, masks";

/// A lookup under way, of a key that is written for it.
fn pending(here: &Here, value: &[u8], options: InsertOptions<'_>) -> Result<u32, Failure> {
    same("outcome of insert", here.insert_with("k", value, options)?, KvError::OK)?;
    here.start_lookup(here.key("k").as_bytes())
}

/// Metadata that do not fit are asked for again, with a larger buffer.
fn retried(here: &Here, wait: Function) -> Outcome {
    let metadata: Vec<u8> = (0..2_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let pending = pending(here, b"value", InsertOptions::metadata(&metadata))?;
    let [handle, used, generation, error] = [(); 4].map(|()| out());
    let buffer = block(2_000);
    for too_small in [0, 1, 1_999] {
        let status = wait(&[pending, handle, buffer, too_small, used, generation, error]);
        same(format!("status with {too_small} bytes"), status, Status::BUFLEN)?;
        same("length that is needed", number(used), 2_000)?;
        is_untouched("body", handle)?;
        same("buffer", bytes(buffer, 8), [0; 8])?;
    }
    let status = wait(&[pending, handle, buffer, 2_000, used, generation, error]);
    same("status with 2000 bytes", status, Status::OK)?;
    same("outcome", KvError(number(error)), KvError::OK)?;
    same("length", number(used), 2_000)?;
    same("metadata", bytes(buffer, 2_000), metadata)?;
    same("value", read_all(number(handle))?, b"value")
}

/// A wait with no room for metadata.
fn wait_without_metadata(wait: Function, pending: u32) -> (Status, KvError, u32) {
    let [handle, used, generation, error] = [(); 4].map(|()| out());
    let status = wait(&[pending, handle, 0, 0, used, generation, error]);
    (status, KvError(number(error)), number(handle))
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("kv-lookup-001", WAIT, "a value comes with its metadata and a generation", |here| {
            same("outcome", here.insert_with("k", b"value", InsertOptions::metadata(b"meta"))?, KvError::OK)?;
            let Some(Found { value, metadata, generation }) = here.lookup("k")? else {
                return same("entry", "missing", "found");
            };
            same("value", value, b"value")?;
            same("metadata", metadata, b"meta")?;
            holds("generation", (1..1 << 53).contains(&generation), "between 1 and 2^53 - 1", generation)
        }),
        case("kv-lookup-002", WAIT, "a missing key is not_found, and there is no body", |here| {
            let pending = here.start_lookup(here.key("missing").as_bytes())?;
            let (status, error, handle) = wait_without_metadata(kv::lookup_wait_v2, pending);
            same("status", status, Status::OK)?;
            same("outcome", error, KvError::NOT_FOUND)?;
            same("handle", handle, UNTOUCHED)
        }),
        open(
            "kv-lookup-003",
            WAIT,
            "of a missing key nwritten is 0, and the generation is left alone",
            |here| {
                let pending = here.start_lookup(here.key("missing").as_bytes())?;
                let [handle, used, generation, error] = [(); 4].map(|()| out());
                let status = kv::lookup_wait_v2(&[pending, handle, block(8), 8, used, generation, error]);
                same("status", status, Status::OK)?;
                same("nwritten", number(used), 0)?;
                is_untouched("generation", generation)
            },
        ),
        case("kv-lookup-004", WAIT, "nwritten is 0 when there are no metadata", |here| {
            let pending = pending(here, b"v", InsertOptions::default())?;
            let [handle, used, generation, error] = [(); 4].map(|()| out());
            let status = kv::lookup_wait_v2(&[pending, handle, u32::MAX, 0, used, generation, error]);
            same("status", status, Status::OK)?;
            same("nwritten", number(used), 0)
        }),
        case("kv-lookup-005", WAIT_1, "version 1 tells the generation 0, in 32 bits", |here| {
            let pending = pending(here, b"v", InsertOptions::default())?;
            let [handle, used, generation, error] = [(); 4].map(|()| out());
            let status = kv::lookup_wait(&[pending, handle, 0, 0, used, generation, error]);
            same("status", status, Status::OK)?;
            same("generation", number(generation), 0)?;
            same("what is behind it", number(generation + 4), UNTOUCHED)
        }),
        case("kv-lookup-006", WAIT_1, "version 1 gives value and metadata as version 2 does", |here| {
            let pending = pending(here, b"value", InsertOptions::metadata(b"meta"))?;
            let [handle, used, generation, error] = [(); 4].map(|()| out());
            let buffer = block(8);
            let status = kv::lookup_wait(&[pending, handle, buffer, 8, used, generation, error]);
            same("status", status, Status::OK)?;
            same("metadata", bytes(buffer, number(used)), b"meta")?;
            same("value", read_all(number(handle))?, b"value")
        }),
        open("kv-lookup-007", BUFFERS, "metadata that do not fit can be asked for again", |here| {
            retried(here, kv::lookup_wait_v2)
        }),
        open(
            "kv-lookup-008",
            BUFFERS,
            "metadata that do not fit can be asked for again, in version 1",
            |here| retried(here, kv::lookup_wait),
        ),
        open("kv-lookup-009", BUFFERS, "an attempt in one version can be repeated in the other", |here| {
            let pending = pending(here, b"v", InsertOptions::metadata(b"meta"))?;
            let (status, ..) = wait_without_metadata(kv::lookup_wait, pending);
            same("status of version 1", status, Status::BUFLEN)?;
            let found = finish_lookup(pending)?.map(|found| found.metadata);
            same("metadata in version 2", found, Some(b"meta".to_vec()))
        }),
        case("kv-lookup-010", BUFFERS, "a buffer of exactly the length is large enough", |here| {
            let pending = pending(here, b"v", InsertOptions::metadata(b"12345"))?;
            let [handle, used, generation, error] = [(); 4].map(|()| out());
            let buffer = block(16);
            let status = kv::lookup_wait_v2(&[pending, handle, buffer, 5, used, generation, error]);
            same("status", status, Status::OK)?;
            same("metadata, and what is behind them", bytes(buffer, 8), *b"12345\0\0\0")
        }),
        case("kv-lookup-011", WAIT, "a wait consumes its handle, found or not", |here| {
            here.insert("k", b"v")?;
            for name in ["k", "missing"] {
                for wait in [kv::lookup_wait, kv::lookup_wait_v2] {
                    let pending = here.start_lookup(here.key(name).as_bytes())?;
                    same("first", wait_without_metadata(wait, pending).0, Status::OK)?;
                    let again = wait_without_metadata(kv::lookup_wait, pending).0;
                    same("second, version 1", again, Status::BADF)?;
                    let again = wait_without_metadata(kv::lookup_wait_v2, pending).0;
                    same("second, version 2", again, Status::BADF)?;
                }
            }
            Ok(())
        }),
        case("kv-lookup-012", LOOKUP, "the record is ignored, wherever it points", |here| {
            let ((key, length), pending) = (put(here.key("k").as_bytes()), out());
            for record in [0, 3, end(), u32::MAX] {
                let status = kv::lookup(&[here.store, key, length, 0, record, pending]);
                same(format!("status with a record at {record:#x}"), status, Status::OK)?;
            }
            Ok(())
        }),
        case("kv-lookup-013", MASKS, "the reserved bit of a lookup says nothing", |here| {
            let ((key, length), pending) = (put(here.key("k").as_bytes()), out());
            same("status", kv::lookup(&[here.store, key, length, 1, 0, pending]), Status::OK)
        }),
        open("kv-lookup-014", MASKS, "unknown bits of a lookup are inval", |here| {
            let ((key, length), pending) = (put(here.key("k").as_bytes()), out());
            for bit in 1..32 {
                let status = kv::lookup(&[here.store, key, length, 1 << bit, 0, pending]);
                same(format!("status with bit {bit}"), status, Status::INVAL)?;
            }
            is_untouched("handle", pending)
        }),
        case("kv-lookup-015", LOOKUP, "lookups overlap, and are waited for in any order", |here| {
            let mut waiting = Vec::new();
            for name in ["a", "b", "c"] {
                here.insert(name, name.as_bytes())?;
                waiting.push((here.start_lookup(here.key(name).as_bytes())?, name));
            }
            waiting.reverse();
            for (pending, name) in waiting {
                let value = finish_lookup(pending)?.map(|found| found.value);
                same(format!("value of {name}"), value, Some(name.as_bytes().to_vec()))?;
            }
            Ok(())
        }),
        case("kv-lookup-016", LOOKUP, "a hundred lookups may be under way", |here| {
            here.insert("k", b"v")?;
            let key = here.key("k");
            let waiting: Result<Vec<_>, _> = (0..100).map(|_| here.start_lookup(key.as_bytes())).collect();
            for pending in waiting? {
                same("entry", finish_lookup(pending)?.is_some(), true)?;
            }
            Ok(())
        }),
        case("kv-lookup-017", WAIT, "a value of no length is found, and its body is at its end", |here| {
            here.insert("k", b"")?;
            same("value", here.value("k")?.as_deref(), Some(""))
        }),
        case("kv-lookup-018", WAIT, "a value of 1 MiB comes back whole", |here| {
            let value: Vec<u8> = (0..1 << 20).map(|n: u32| n.to_le_bytes()[n as usize % 3]).collect();
            here.insert("k", &value)?;
            let found = here.lookup("k")?.map(|found| found.value);
            holds("value", found.as_ref() == Some(&value), "the same bytes", found.map(|found| found.len()))
        }),
        case("kv-lookup-019", WAIT, "each answer has a body of its own", |here| {
            here.insert("k", b"v")?;
            let key = here.key("k");
            let [first, second] = [here.start_lookup(key.as_bytes())?, here.start_lookup(key.as_bytes())?];
            let first = wait_without_metadata(kv::lookup_wait_v2, first).2;
            let second = wait_without_metadata(kv::lookup_wait_v2, second).2;
            holds("handles", first != second, "two", [first, second])?;
            same("first", read_all(first)?, b"v")?;
            same("second", read_all(second)?, b"v")
        }),
        case("kv-lookup-020", WAIT, "what is done to the body of a value leaves the value alone", |here| {
            let pending = pending(here, b"value", InsertOptions::default())?;
            let (_, _, value) = wait_without_metadata(kv::lookup_wait_v2, pending);
            crate::here::append(value, b" and more")?;
            same("body", read_all(value)?, b"value and more")?;
            same("value", here.value("k")?.as_deref(), Some("value"))
        }),
        case("kv-lookup-021", "fastly_http_body, known_length", "a value knows its length", |here| {
            let pending = pending(here, b"12345", InsertOptions::default())?;
            let (_, _, value) = wait_without_metadata(kv::lookup_wait_v2, pending);
            let length = out();
            same("status", body::known_length(&[value, length]), Status::OK)?;
            same("length", wide(length), 5)
        }),
        case("kv-lookup-022", WAIT, "seeded entries are there, with their metadata", |here| {
            for (key, value, metadata) in ENTRIES {
                let ((at, length), pending) = (put(key.as_bytes()), out());
                let status = kv::lookup(&[here.seeded, at, length, 0, 0, pending]);
                same(format!("status of {key}"), status, Status::OK)?;
                let found = finish_lookup(number(pending))?.map(|found| (found.value, found.metadata));
                let expected = (value.as_bytes().to_vec(), metadata.as_bytes().to_vec());
                same(format!("entry {key}"), found, Some(expected))?;
            }
            Ok(())
        }),
        case("kv-lookup-023", "Conventions, pointers", "a key may end where memory ends", |here| {
            here.insert("k", b"v")?;
            let (key, pending) = (here.key("k"), out());
            let (_, length) = put(key.as_bytes());
            // Nothing may be allocated from here to the call: memory would grow, and end elsewhere.
            let Some((_, end)) = last_page() else { return here.skip(NO_PAGE) };
            write(end - length, key.as_bytes());
            let status = kv::lookup(&[here.store, end - length, length, 0, 0, pending]);
            same("status", status, Status::OK)?;
            same("the key in memory", bytes(end - length, length), key.as_bytes())?;
            same("entry", finish_lookup(number(pending))?.is_some(), true)
        }),
        case("kv-lookup-024", "Conventions, pointers", "answers may be stored where memory ends", |here| {
            let pending = pending(here, b"v", InsertOptions::metadata(b"meta"))?;
            let Some((_, end)) = last_page() else { return here.skip(NO_PAGE) };
            write(end - 64, &[0xab; 64]);
            let [handle, used, error, generation, metadata] =
                [end - 4, end - 8, end - 12, end - 24, end - 32];
            let status = kv::lookup_wait_v2(&[pending, handle, metadata, 8, used, generation, error]);
            same("status", status, Status::OK)?;
            same("outcome", KvError(number(error)), KvError::OK)?;
            same("metadata", bytes(metadata, number(used)), b"meta")?;
            same("what is before them", bytes(end - 64, 32), [0xab; 32])?;
            same("value", read_all(number(handle))?, b"v")
        }),
    ]
}
