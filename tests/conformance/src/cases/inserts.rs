//! `insert`, `insert_wait`, and what is decided by a write.

use edgekv_sys::{FastlyStatus as Status, KvError, KvInsertConfigOptions as Options};

use crate::abi::{body, kv};
use crate::case::{Case, Failure, Outcome, case, holds, open, same};
use crate::here::{
    ADD, APPEND, Here, InsertOptions, OVERWRITE, PREPEND, body_of, finish_lookup, is_gone, is_untouched,
    pause, set, wait,
};
use crate::memory::{block, end, number, out, put, put_numbers, wide};

const INSERT: &str = "fastly_kv_store, insert";
const WAIT: &str = "fastly_kv_store, insert_wait";
const MODES: &str = "What a store is, modes";
const GENERATIONS: &str = "What a store is, if_generation_match";
const LIFETIME: &str = "What a store is, lifetime";
const METADATA: &str = "What a store is, metadata";
const VALUES: &str = "What a store is, values";
const MASKS: &str = "Conventions, masks";
const POINTERS: &str = "Conventions, pointers";

/// The largest value, unless a host says otherwise: 25 MiB.
const MAX_VALUE: u32 = 25 << 20;

/// The status of an insert of a key of the case, with what is given.
fn start(here: &Here, value: u32, mask: u32, record: u32) -> (Status, u32) {
    let ((key, length), pending) = (put(here.key("k").as_bytes()), out());
    (kv::insert(&[here.store, key, length, value, mask, record, pending]), pending)
}

/// The generation of the case's key.
fn generation(here: &Here) -> Result<u64, Failure> {
    let found = here.lookup("k")?;
    found.map(|found| found.generation).ok_or_else(|| Failure {
        what: "entry".to_owned(),
        expected: "found".to_owned(),
        got: "missing".to_owned(),
    })
}

/// A write of the case's key, its outcome, and the value that is there afterwards.
fn write_and_see(
    here: &Here,
    value: &str,
    options: InsertOptions<'_>,
    outcome: KvError,
    after: Option<&str>,
) -> Outcome {
    let got = here.insert_with("k", value.as_bytes(), options)?;
    same(format!("outcome of writing \"{value}\""), got, outcome)?;
    same(format!("value after writing \"{value}\""), here.value("k")?.as_deref(), after)
}

/// A body of so many bytes.
fn large_body(bytes: u32) -> Result<u32, Failure> {
    const PIECE: u32 = 1 << 20;
    let value = body_of(b"")?;
    let (piece, written) = (block(PIECE), out());
    let mut left = bytes;
    while left > 0 {
        let length = left.min(PIECE);
        same("status of write", body::write(&[value, piece, length, 0, written]), Status::OK)?;
        left -= length;
    }
    Ok(value)
}

pub(super) fn cases() -> Vec<Case> {
    [modes(), generations(), metadata(), lifetimes(), calls(), sizes()].into_iter().flatten().collect()
}

fn modes() -> Vec<Case> {
    let mode = InsertOptions::mode;
    vec![
        case("kv-insert-001", MODES, "overwrite creates and replaces", move |here| {
            write_and_see(here, "one", mode(OVERWRITE), KvError::OK, Some("one"))?;
            write_and_see(here, "two", mode(OVERWRITE), KvError::OK, Some("two"))
        }),
        case("kv-insert-002", MODES, "add creates, and is refused when the key is there", move |here| {
            write_and_see(here, "one", mode(ADD), KvError::OK, Some("one"))?;
            write_and_see(here, "two", mode(ADD), KvError::PRECONDITION_FAILED, Some("one"))
        }),
        case("kv-insert-003", MODES, "append creates, and puts new bytes behind", move |here| {
            write_and_see(here, "one", mode(APPEND), KvError::OK, Some("one"))?;
            write_and_see(here, " two", mode(APPEND), KvError::OK, Some("one two"))
        }),
        case("kv-insert-004", MODES, "prepend creates, and puts new bytes before", move |here| {
            write_and_see(here, "one", mode(PREPEND), KvError::OK, Some("one"))?;
            write_and_see(here, "two ", mode(PREPEND), KvError::OK, Some("two one"))
        }),
        case("kv-insert-005", MODES, "nothing can be appended and prepended", move |here| {
            here.insert("k", b"v")?;
            write_and_see(here, "", mode(APPEND), KvError::OK, Some("v"))?;
            write_and_see(here, "", mode(PREPEND), KvError::OK, Some("v"))
        }),
        case("kv-insert-006", INSERT, "a mode that is none is inval, and writes nothing", move |here| {
            for number in [4, 5, u32::MAX] {
                let (status, pending) = start(here, body_of(b"v")?, 0, mode(number).record());
                same(format!("status of mode {number}"), status, Status::INVAL)?;
                is_untouched("handle", pending)?;
            }
            same("value", here.value("k")?, None)
        }),
        case(
            "kv-insert-007",
            MODES,
            "an append that adds up from many is what they were, in order",
            move |here| {
                for n in 0..20 {
                    here.insert_with("k", format!("{n},").as_bytes(), mode(APPEND))?;
                }
                let expected: String = (0..20).map(|n| format!("{n},")).collect();
                same("value", here.value("k")?, Some(expected))
            },
        ),
        case("kv-insert-008", MODES, "of adds at the same time one wins", move |here| {
            let key = here.key("k");
            let started: Result<Vec<_>, _> =
                (0..8).map(|n| here.start_insert(key.as_bytes(), &[b'0' + n], mode(ADD))).collect();
            let mut won = 0;
            for pending in started? {
                won += usize::from(wait("insert_wait", kv::insert_wait, pending)? == KvError::OK);
            }
            same("adds that went well", won, 1)
        }),
        case("kv-insert-009", MODES, "no append is lost of many at the same time", move |here| {
            let key = here.key("k");
            let started: Result<Vec<_>, _> =
                (0..16).map(|_| here.start_insert(key.as_bytes(), b"x", mode(APPEND))).collect();
            for pending in started? {
                same("outcome", wait("insert_wait", kv::insert_wait, pending)?, KvError::OK)?;
            }
            same("value", here.value("k")?, Some("x".repeat(16)))
        }),
    ]
}

fn generations() -> Vec<Case> {
    let if_generation = InsertOptions::if_generation;
    vec![
        case(
            "kv-insert-020",
            GENERATIONS,
            "the generation that is there is fine, another one is not",
            move |here| {
                here.insert("k", b"one")?;
                let first = generation(here)?;
                write_and_see(here, "two", if_generation(first), KvError::OK, Some("two"))?;
                write_and_see(here, "three", if_generation(first), KvError::PRECONDITION_FAILED, Some("two"))
            },
        ),
        case("kv-insert-021", GENERATIONS, "a missing key has no generation", move |here| {
            write_and_see(here, "v", if_generation(7), KvError::PRECONDITION_FAILED, None)
        }),
        case("kv-insert-022", GENERATIONS, "generation 0 asks that there be no entry", move |here| {
            write_and_see(here, "one", if_generation(0), KvError::OK, Some("one"))?;
            write_and_see(here, "two", if_generation(0), KvError::PRECONDITION_FAILED, Some("one"))
        }),
        case("kv-insert-023", GENERATIONS, "all 64 bits of a generation count", move |here| {
            here.insert("k", b"one")?;
            let current = generation(here)?;
            for other in [u64::MAX, current ^ 1 << 63, current ^ 1 << 32, current ^ 1] {
                let refused = KvError::PRECONDITION_FAILED;
                write_and_see(here, "two", if_generation(other), refused, Some("one"))?;
            }
            Ok(())
        }),
        case("kv-insert-024", GENERATIONS, "append and prepend can have a condition", move |here| {
            here.insert("k", b"b")?;
            for (mode, value, after) in [(APPEND, "c", "bc"), (PREPEND, "a", "abc")] {
                let options = InsertOptions { mode, ..if_generation(generation(here)?) };
                write_and_see(here, value, options, KvError::OK, Some(after))?;
                write_and_see(here, value, options, KvError::PRECONDITION_FAILED, Some(after))?;
            }
            Ok(())
        }),
        case("kv-insert-025", GENERATIONS, "each write has a new generation, larger than the last", |here| {
            let mut last = 0;
            for _ in 0..5 {
                here.insert("k", b"the same")?;
                let current = generation(here)?;
                holds("generation", current > last, &format!("more than {last}"), current)?;
                last = current;
            }
            holds("generation", last < 1 << 53, "below 2^53", last)
        }),
        case(
            "kv-insert-026",
            GENERATIONS,
            "a counter that is raised under a condition loses nothing",
            move |here| {
                here.insert("k", b"0")?;
                let mut refused = 0;
                for round in 1..=10 {
                    let current = generation(here)?;
                    let started: Result<Vec<_>, _> = (0..3)
                        .map(|_| {
                            let value = round.to_string();
                            here.start_insert(
                                here.key("k").as_bytes(),
                                value.as_bytes(),
                                if_generation(current),
                            )
                        })
                        .collect();
                    for pending in started? {
                        refused += usize::from(wait("insert_wait", kv::insert_wait, pending)? != KvError::OK);
                    }
                }
                same("writes that were refused", refused, 20)?;
                same("value", here.value("k")?.as_deref(), Some("10"))
            },
        ),
    ]
}

fn metadata() -> Vec<Case> {
    let metadata = |here: &Here| here.lookup("k").map(|found| found.map(|found| found.metadata));
    vec![
        case("kv-insert-040", INSERT, "metadata of no length are none", move |here| {
            same("outcome", here.insert_with("k", b"v", InsertOptions::metadata(b""))?, KvError::OK)?;
            same("metadata", metadata(here)?, Some(vec![]))
        }),
        case("kv-insert-041", INSERT, "metadata of no length may point anywhere", move |here| {
            for at in [0, end(), u32::MAX] {
                let record = InsertOptions::default().record();
                set(record, 8, at);
                let (status, pending) = start(here, body_of(b"v")?, Options::METADATA.bits(), record);
                same(format!("status with metadata at {at:#x}"), status, Status::OK)?;
                same("outcome", wait("insert_wait", kv::insert_wait, number(pending))?, KvError::OK)?;
            }
            same("metadata", metadata(here)?, Some(vec![]))
        }),
        case("kv-insert-042", METADATA, "metadata are any bytes", move |here| {
            let bytes = b"\xff\r\n\0\x80text";
            same("outcome", here.insert_with("k", b"v", InsertOptions::metadata(bytes))?, KvError::OK)?;
            same("metadata", metadata(here)?, Some(bytes.to_vec()))
        }),
        case("kv-insert-043", METADATA, "2000 bytes of metadata are kept", move |here| {
            let bytes = [0x5a; 2_000];
            same("outcome", here.insert_with("k", b"v", InsertOptions::metadata(&bytes))?, KvError::OK)?;
            same("metadata", metadata(here)?, Some(bytes.to_vec()))
        }),
        open(
            "kv-insert-044",
            METADATA,
            "2001 bytes of metadata are a bad_request, and write nothing",
            |here| {
                here.insert("k", b"v")?;
                let options = InsertOptions::metadata(&[1; 2_001]);
                write_and_see(here, "w", options, KvError::BAD_REQUEST, Some("v"))
            },
        ),
        case("kv-insert-045", POINTERS, "metadata beyond memory are inval", move |here| {
            for (at, length) in [(end() - 4, 8), (end(), 1), (u32::MAX, u32::MAX)] {
                let record = InsertOptions::default().record();
                set(record, 8, at);
                set(record, 12, length);
                let (status, _) = start(here, body_of(b"v")?, Options::METADATA.bits(), record);
                same(format!("status with metadata at {at:#x}"), status, Status::INVAL)?;
            }
            same("value", here.value("k")?, None)
        }),
        case("kv-insert-046", MODES, "a write without metadata removes them, in every mode", move |here| {
            for mode in [OVERWRITE, APPEND, PREPEND] {
                here.insert_with("k", b"v", InsertOptions::metadata(b"m"))?;
                same("metadata before", metadata(here)?, Some(b"m".to_vec()))?;
                here.insert_with("k", b"w", InsertOptions::mode(mode))?;
                same(format!("metadata after mode {mode}"), metadata(here)?, Some(vec![]))?;
            }
            Ok(())
        }),
    ]
}

fn lifetimes() -> Vec<Case> {
    let time_to_live = InsertOptions::time_to_live;
    vec![
        case("kv-insert-060", LIFETIME, "a lifetime of 0 is over at once", move |here| {
            write_and_see(here, "v", time_to_live(0), KvError::OK, None)
        }),
        case("kv-insert-061", LIFETIME, "the longest lifetime is not over", move |here| {
            write_and_see(here, "v", time_to_live(u32::MAX), KvError::OK, Some("v"))
        }),
        case(
            "kv-insert-062",
            LIFETIME,
            "a lifetime of 1 second is over after it, and one that was removed is not",
            move |here| {
                for name in ["short", "kept"] {
                    same("outcome", here.insert_with(name, b"v", time_to_live(1))?, KvError::OK)?;
                }
                here.insert("kept", b"w")?;
                pause(1_200)?;
                same("after its time", here.value("short")?, None)?;
                same("written over without one", here.value("kept")?.as_deref(), Some("w"))
            },
        ),
        case(
            "kv-insert-063",
            LIFETIME,
            "what has expired is missing for add and for generation 0",
            move |here| {
                for options in [InsertOptions::mode(ADD), InsertOptions::if_generation(0)] {
                    here.insert_with("k", b"old", time_to_live(0))?;
                    write_and_see(here, "new", options, KvError::OK, Some("new"))?;
                }
                Ok(())
            },
        ),
        case(
            "kv-insert-064",
            LIFETIME,
            "nothing of what has expired is in an append or prepend",
            move |here| {
                for mode in [APPEND, PREPEND] {
                    here.insert_with("k", b"old", time_to_live(0))?;
                    write_and_see(here, "new", InsertOptions::mode(mode), KvError::OK, Some("new"))?;
                }
                Ok(())
            },
        ),
        case("kv-insert-065", LIFETIME, "what has expired has no generation", move |here| {
            here.insert("k", b"old")?;
            let generation = generation(here)?;
            here.insert_with("k", b"old", time_to_live(0))?;
            let options = InsertOptions::if_generation(generation);
            write_and_see(here, "new", options, KvError::PRECONDITION_FAILED, None)
        }),
    ]
}

fn calls() -> Vec<Case> {
    vec![
        case("kv-insert-080", INSERT, "fields whose bit is not set are not looked at", |here| {
            let record = InsertOptions { if_generation_match: 7, ..InsertOptions::default() }.record();
            set(record, 8, u32::MAX);
            set(record, 12, u32::MAX);
            let (status, pending) = start(here, body_of(b"v")?, 0, record);
            same("status", status, Status::OK)?;
            same("outcome", wait("insert_wait", kv::insert_wait, number(pending))?, KvError::OK)?;
            same("value", here.value("k")?.as_deref(), Some("v"))
        }),
        case("kv-insert-081", MASKS, "the reserved bits of an insert say nothing", |here| {
            for mask in [Options::RESERVED, Options::RESERVED_2] {
                let (status, pending) =
                    start(here, body_of(b"v")?, mask.bits(), InsertOptions::default().record());
                same(format!("status with {mask:?}"), status, Status::OK)?;
                same("outcome", wait("insert_wait", kv::insert_wait, number(pending))?, KvError::OK)?;
            }
            Ok(())
        }),
        case("kv-insert-082", "What a store is, background_fetch", "background_fetch is accepted", |here| {
            let options =
                InsertOptions { mask: Options::BACKGROUND_FETCH.bits(), ..InsertOptions::default() };
            same("outcome", here.insert_with("k", b"v", options)?, KvError::OK)
        }),
        open("kv-insert-083", MASKS, "unknown bits of an insert are inval", |here| {
            let record = InsertOptions::default().record();
            for bit in 6..32 {
                let (status, _) = start(here, body_of(b"v")?, 1 << bit, record);
                same(format!("status with bit {bit}"), status, Status::INVAL)?;
            }
            same("value", here.value("k")?, None)
        }),
        case("kv-insert-084", INSERT, "the body is consumed by an insert that goes well", |here| {
            let value = body_of(b"v")?;
            same("status", start(here, value, 0, InsertOptions::default().record()).0, Status::OK)?;
            is_gone(value)
        }),
        open("kv-insert-085", INSERT, "the body is consumed when there is no such store", |_| {
            let ((key, length), pending, value) = (put(b"k"), out(), body_of(b"v")?);
            let record = InsertOptions::default().record();
            let status = kv::insert(&[u32::MAX, key, length, value, 0, record, pending]);
            same("status", status, Status::BADF)?;
            is_gone(value)
        }),
        open("kv-insert-086", INSERT, "the body is consumed when the record is bad", |here| {
            let value = body_of(b"v")?;
            same("status", start(here, value, 0, InsertOptions::mode(9).record()).0, Status::INVAL)?;
            is_gone(value)
        }),
        open("kv-insert-087", INSERT, "the body is consumed when the out-pointer is bad", |here| {
            let ((key, length), value) = (put(here.key("k").as_bytes()), body_of(b"v")?);
            let record = InsertOptions::default().record();
            let status = kv::insert(&[here.store, key, length, value, 0, record, end()]);
            same("status", status, Status::INVAL)?;
            is_gone(value)?;
            same("value", here.value("k")?, None)
        }),
        case("kv-insert-088", POINTERS, "a record that is not aligned is badalign", |here| {
            let record = InsertOptions::default().record();
            for offset in [1, 2, 4] {
                let (status, _) = start(here, body_of(b"v")?, 0, record + offset);
                same(format!("status at an offset of {offset}"), status, Status::BADALIGN)?;
            }
            Ok(())
        }),
        case("kv-insert-089", POINTERS, "a record beyond memory is inval", |here| {
            for at in [end() - 24, end(), u32::MAX - 7] {
                let (status, _) = start(here, body_of(b"v")?, 0, at);
                same(format!("status at {at:#x}"), status, Status::INVAL)?;
            }
            Ok(())
        }),
        open("kv-insert-090", INSERT, "a handle that is no body is badf, and its object stays", |here| {
            let pending = here.start_lookup(here.key("k").as_bytes())?;
            let record = InsertOptions::default().record();
            for value in [pending, here.store, 0, u32::MAX] {
                same(format!("status with {value:#x}"), start(here, value, 0, record).0, Status::BADF)?;
            }
            same("the lookup", finish_lookup(pending)?, None)
        }),
        case("kv-insert-091", INSERT, "an insert that nobody waits for happens", |here| {
            here.start_insert(here.key("k").as_bytes(), b"v", InsertOptions::default())?;
            let mut seen = None;
            // When a later operation sees it is not said.
            for _ in 0..500 {
                seen = here.value("k")?;
                if seen.is_some() {
                    break;
                }
                pause(10)?;
            }
            same("value", seen.as_deref(), Some("v"))
        }),
        case("kv-insert-092", WAIT, "a wait consumes its handle", |here| {
            let pending = here.start_insert(here.key("k").as_bytes(), b"v", InsertOptions::default())?;
            same("outcome", wait("insert_wait", kv::insert_wait, pending)?, KvError::OK)?;
            same("status of another wait", kv::insert_wait(&[pending, out()]), Status::BADF)
        }),
        case("kv-insert-093", WAIT, "a wait that tells of a refusal consumes its handle", |here| {
            here.insert("k", b"v")?;
            let pending = here.start_insert(here.key("k").as_bytes(), b"w", InsertOptions::mode(ADD))?;
            same("outcome", wait("insert_wait", kv::insert_wait, pending)?, KvError::PRECONDITION_FAILED)?;
            same("status of another wait", kv::insert_wait(&[pending, out()]), Status::BADF)
        }),
        case("kv-insert-094", INSERT, "a value is what is left of its body", |here| {
            let (value, buffer, read) = (body_of(b"read, written")?, block(8), out());
            same("status of read", body::read(&[value, buffer, 6, read]), Status::OK)?;
            let rest = b"read, written".len() - number(read) as usize;
            let (status, pending) = start(here, value, 0, InsertOptions::default().record());
            same("status", status, Status::OK)?;
            same("outcome", wait("insert_wait", kv::insert_wait, number(pending))?, KvError::OK)?;
            same("length of the value", here.value("k")?.map(|value| value.len()), Some(rest))
        }),
        case("kv-insert-095", INSERT, "a value may be put together from several bodies and ends", |here| {
            let (first, second) = (body_of(b"b")?, body_of(b"d")?);
            let ((a, _), (c, _), written) = (put(b"a"), put(b"c"), out());
            same("status of write at the front", body::write(&[first, a, 1, 1, written]), Status::OK)?;
            same("status of write at the back", body::write(&[first, c, 1, 0, written]), Status::OK)?;
            same("status of append", body::append(&[first, second]), Status::OK)?;
            let (status, pending) = start(here, first, 0, InsertOptions::default().record());
            same("status", status, Status::OK)?;
            same("outcome", wait("insert_wait", kv::insert_wait, number(pending))?, KvError::OK)?;
            same("value", here.value("k")?.as_deref(), Some("abcd"))
        }),
        case("kv-insert-096", POINTERS, "key, record and answer may share their memory", |here| {
            let key = here.key("overlap!");
            let (at, length) = put(key.as_bytes());
            let record = InsertOptions::default().record();
            let status = kv::insert(&[here.store, at, length, body_of(b"v")?, 0, record, at & !3]);
            same("status, answer over the key", status, Status::OK)?;
            same("outcome", wait("insert_wait", kv::insert_wait, number(at & !3))?, KvError::OK)?;
            let (at, length) = put(key.as_bytes());
            let status = kv::insert(&[here.store, at, length, body_of(b"w")?, 0, record, record]);
            same("status, answer over the record", status, Status::OK)?;
            same("outcome", wait("insert_wait", kv::insert_wait, number(record))?, KvError::OK)?;
            same("value", here.value("overlap!")?.as_deref(), Some("w"))
        }),
    ]
}

fn sizes() -> Vec<Case> {
    vec![
        open("kv-insert-110", VALUES, "a value of 25 MiB is kept", |here| {
            let (status, pending) = start(here, large_body(MAX_VALUE)?, 0, InsertOptions::default().record());
            same("status", status, Status::OK)?;
            same("outcome", wait("insert_wait", kv::insert_wait, number(pending))?, KvError::OK)?;
            let pending = here.start_lookup(here.key("k").as_bytes())?;
            let [handle, used, generation, error] = [(); 4].map(|()| out());
            let status = kv::lookup_wait_v2(&[pending, handle, 0, 0, used, generation, error]);
            same("status of lookup_wait_v2", status, Status::OK)?;
            let (value, length) = (number(handle), out());
            same("status of known_length", body::known_length(&[value, length]), Status::OK)?;
            same("length", wide(length), u64::from(MAX_VALUE))?;
            same("status of close", body::close(&[value]), Status::OK)?;
            same("outcome of delete", here.delete("k")?, KvError::OK)
        }),
        open(
            "kv-insert-111",
            VALUES,
            "a value of one byte more is payload_too_large, and is not there",
            |here| {
                let value = large_body(MAX_VALUE + 1)?;
                let (status, pending) = start(here, value, 0, InsertOptions::default().record());
                same("status", status, Status::OK)?;
                let outcome = wait("insert_wait", kv::insert_wait, number(pending))?;
                same("outcome", outcome, KvError::PAYLOAD_TOO_LARGE)?;
                is_gone(value)?;
                same("value", here.value("k")?, None)
            },
        ),
        open("kv-insert-112", VALUES, "too large comes before any condition", |here| {
            let value = large_body(MAX_VALUE + 1)?;
            let options = InsertOptions::if_generation(7);
            let (status, pending) = start(here, value, options.mask, options.record());
            same("status", status, Status::OK)?;
            let outcome = wait("insert_wait", kv::insert_wait, number(pending))?;
            same("outcome", outcome, KvError::PAYLOAD_TOO_LARGE)
        }),
        case("kv-insert-113", INSERT, "many writes may be under way", |here| {
            let started: Result<Vec<_>, _> = (0..200)
                .map(|n| {
                    let key = here.key(&n.to_string());
                    here.start_insert(key.as_bytes(), b"v", InsertOptions::default())
                })
                .collect();
            for pending in started? {
                same("outcome", wait("insert_wait", kv::insert_wait, pending)?, KvError::OK)?;
            }
            Ok(())
        }),
        case("kv-insert-114", POINTERS, "numbers that are beside a record do not matter", |here| {
            // A record of 32 bytes between others, with its mode and nothing else.
            let (at, _) = put_numbers(&[u32::MAX; 24]);
            for offset in 0..8 {
                set(at, 32 + 4 * offset, 0);
            }
            let (status, pending) = start(here, body_of(b"v")?, 0, at + 32);
            same("status", status, Status::OK)?;
            same("outcome", wait("insert_wait", kv::insert_wait, number(pending))?, KvError::OK)
        }),
    ]
}
