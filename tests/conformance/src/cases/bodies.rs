//! `fastly_http_body`, all but trailers.

use edgekv_sys::FastlyStatus as Status;

use crate::abi::{body, kv};
use crate::case::{Case, Failure, Outcome, case, holds, open, same};
use crate::here::{body_of, is_gone, is_untouched, read_all};
use crate::memory::{NO_PAGE, block, bytes, end, last_page, number, out, put, wide, write};

const NEW: &str = "fastly_http_body, new";
const READ: &str = "fastly_http_body, read";
const WRITE: &str = "fastly_http_body, write";
const APPEND: &str = "fastly_http_body, append";
const CLOSE: &str = "fastly_http_body, close";
const LENGTH: &str = "fastly_http_body, known_length";
const POINTERS: &str = "Conventions, pointers";

/// Writes at one end of a body.
fn write_at(value: u32, text: &str, end: u32) -> Outcome {
    let ((at, length), written) = (put(text.as_bytes()), out());
    same("status of write", body::write(&[value, at, length, end, written]), Status::OK)?;
    same("bytes that write took", number(written), length)
}

/// Reads once: what came.
fn read(value: u32, size: u32) -> Result<Vec<u8>, Failure> {
    let (buffer, read) = (block(size), out());
    same("status of read", body::read(&[value, buffer, size, read]), Status::OK)?;
    holds("length of read", number(read) <= size, "at most the length of the buffer", number(read))?;
    Ok(bytes(buffer, number(read)))
}

/// The bytes that are left.
fn length(value: u32) -> Result<u64, Failure> {
    let length = out();
    same("status of known_length", body::known_length(&[value, length]), Status::OK)?;
    Ok(wide(length))
}

pub(super) fn cases() -> Vec<Case> {
    [contents(), ends(), pointers()].into_iter().flatten().collect()
}

fn contents() -> Vec<Case> {
    vec![
        case("body-001", NEW, "a new body is empty, and stays at its end", |_| {
            let value = body_of(b"")?;
            for _ in 0..3 {
                same("what is read", read(value, 8)?, b"")?;
            }
            same("status of close", body::close(&[value]), Status::OK)
        }),
        case("body-002", NEW, "each body is another one", |_| {
            let (first, second) = (body_of(b"first")?, body_of(b"second")?);
            same("second", read_all(second)?, b"second")?;
            same("first", read_all(first)?, b"first")
        }),
        case("body-003", WRITE, "what is written at back and front comes in this order", |_| {
            let value = body_of(b"middle")?;
            write_at(value, "front ", 1)?;
            write_at(value, " back", 0)?;
            write_at(value, "most ", 1)?;
            same("what is read", read_all(value)?, b"most front middle back")
        }),
        open("body-004", WRITE, "an end that is none is inval, and writes nothing", |_| {
            let (value, (at, length), written) = (body_of(b"x")?, put(b"y"), out());
            for end in [2, 3, u32::MAX] {
                let status = body::write(&[value, at, length, end, written]);
                same(format!("status of end {end}"), status, Status::INVAL)?;
            }
            is_untouched("nwritten", written)?;
            same("what is read", read_all(value)?, b"x")
        }),
        case("body-005", WRITE, "a body that was read to its end can be written to again", |_| {
            let value = body_of(b"one")?;
            same("what is read first", read(value, 8)?, b"one")?;
            same("what is read at the end", read(value, 8)?, b"")?;
            write_at(value, "two", 0)?;
            same("what is read then", read_all(value)?, b"two")
        }),
        case("body-006", READ, "a read gives no more than fits", |_| {
            let value = body_of(b"abcde")?;
            same("2 bytes", read(value, 2)?, b"ab")?;
            same("no bytes", read(value, 0)?, b"")?;
            same("2 more", read(value, 2)?, b"cd")?;
            same("the rest", read(value, 8)?, b"e")?;
            same("the end", read(value, 8)?, b"")
        }),
        open("body-007", READ, "a read fills its buffer from several pieces", |_| {
            let (first, second) = (body_of(b"one ")?, body_of(b"two")?);
            same("status of append", body::append(&[first, second]), Status::OK)?;
            same("what is read", read(first, 16)?, b"one two")
        }),
        case("body-008", READ, "bytes behind what was read are left alone", |_| {
            let (value, buffer, read) = (body_of(b"abc")?, block(8), out());
            write(buffer, &[0xab; 8]);
            same("status", body::read(&[value, buffer, 8, read]), Status::OK)?;
            same("buffer", bytes(buffer, 8), *b"abc\xab\xab\xab\xab\xab")
        }),
        case("body-009", WRITE, "a megabyte in small and large pieces is the same bytes", |_| {
            let value = body_of(b"")?;
            let mut all = Vec::new();
            for (n, size) in [1_usize, 100, 70_000, 5, 500_000, 300_000, 131_072].into_iter().enumerate() {
                let piece = vec![n.to_le_bytes()[0]; size];
                crate::here::append(value, &piece)?;
                all.extend(piece);
            }
            same("length", length(value)?, all.len() as u64)?;
            let got = read_all(value)?;
            holds("what is read", got == all, "the same bytes", got.len())
        }),
        case("body-010", LENGTH, "the length is what is left to read", |_| {
            let value = body_of(b"abcde")?;
            same("length", length(value)?, 5)?;
            let got = read(value, 2)?.len() as u64;
            same("length after a read", length(value)?, 5 - got)?;
            write_at(value, "fg", 1)?;
            same("length after a write", length(value)?, 7 - got)
        }),
        case("body-011", LENGTH, "an empty body has length 0", |_| same("length", length(body_of(b"")?)?, 0)),
    ]
}

fn ends() -> Vec<Case> {
    vec![
        case("body-020", CLOSE, "close consumes a body", |_| {
            let value = body_of(b"x")?;
            same("status", body::close(&[value]), Status::OK)?;
            same("status of abandon, afterwards", body::abandon(&[value]), Status::BADF)?;
            is_gone(value)
        }),
        case("body-021", "fastly_http_body, abandon", "abandon consumes a body", |_| {
            let value = body_of(b"x")?;
            same("status", body::abandon(&[value]), Status::OK)?;
            same("status of abandon, afterwards", body::abandon(&[value]), Status::BADF)?;
            is_gone(value)
        }),
        case(
            "body-028",
            "fastly_http_body, abandon",
            "the body of a value can be given up, and the value stays",
            |here| {
                here.insert("k", b"value")?;
                let (pending, handle) = (here.start_lookup(here.key("k").as_bytes())?, out());
                let [used, generation, error] = [(); 3].map(|()| out());
                let status = kv::lookup_wait_v2(&[pending, handle, 0, 0, used, generation, error]);
                same("status of lookup_wait_v2", status, Status::OK)?;
                same("status", body::abandon(&[number(handle)]), Status::OK)?;
                is_gone(number(handle))?;
                same("value", here.value("k")?.as_deref(), Some("value"))
            },
        ),
        case("body-022", APPEND, "append moves everything, and consumes its source", |_| {
            let (first, second) = (body_of(b"a")?, body_of(b"b")?);
            same("status", body::append(&[first, second]), Status::OK)?;
            is_gone(second)?;
            same("what is read", read_all(first)?, b"ab")
        }),
        case("body-023", APPEND, "append moves what is left of a body", |_| {
            let (first, second) = (body_of(b"a")?, body_of(b"bc")?);
            same("what is read before", read(second, 1)?, b"b")?;
            same("status", body::append(&[first, second]), Status::OK)?;
            same("what is read", read_all(first)?, b"ac")
        }),
        case("body-024", APPEND, "a body cannot be appended to itself, and is consumed", |_| {
            let value = body_of(b"x")?;
            same("status", body::append(&[value, value]), Status::BADF)?;
            is_gone(value)
        }),
        open("body-025", APPEND, "the source is consumed also when there is nowhere to go", |_| {
            let value = body_of(b"x")?;
            same("status", body::append(&[0, value]), Status::BADF)?;
            is_gone(value)
        }),
        case("body-026", APPEND, "the destination stays when there is no source", |_| {
            let value = body_of(b"x")?;
            same("status", body::append(&[value, u32::MAX]), Status::BADF)?;
            same("what is read", read_all(value)?, b"x")
        }),
        open("body-027", CLOSE, "numbers of closed bodies are not given out again at once", |_| {
            let closed = body_of(b"x")?;
            same("status of close", body::close(&[closed]), Status::OK)?;
            for _ in 0..100 {
                let value = body_of(b"y")?;
                holds("handle", value != closed, "another number", value)?;
                same("status of close", body::close(&[value]), Status::OK)?;
            }
            is_gone(closed)
        }),
    ]
}

fn pointers() -> Vec<Case> {
    vec![
        case("body-040", POINTERS, "a buffer of no length may point anywhere", |_| {
            let (value, done) = (body_of(b"data")?, out());
            for at in [0, 1, end(), u32::MAX] {
                let what = format!("status at {at:#x}");
                same(&what, body::read(&[value, at, 0, done]), Status::OK)?;
                same("nread", number(done), 0)?;
                same(&what, body::write(&[value, at, 0, 0, done]), Status::OK)?;
                same("nwritten", number(done), 0)?;
            }
            same("what is read", read_all(value)?, b"data")
        }),
        case("body-041", POINTERS, "a read beyond memory is inval, and loses nothing", |_| {
            let (value, read) = (body_of(b"data")?, out());
            for (at, length) in [(end() - 3, 4), (end(), 1), (u32::MAX, 1), (1, u32::MAX), (8, end())] {
                same(format!("status at {at:#x}"), body::read(&[value, at, length, read]), Status::INVAL)?;
            }
            is_untouched("nread", read)?;
            same("what is read", read_all(value)?, b"data")
        }),
        case("body-042", POINTERS, "a write beyond memory is inval, and writes nothing", |_| {
            let (value, written) = (body_of(b"data")?, out());
            for (at, length) in [(end() - 3, 4), (end(), 1), (u32::MAX, 1), (1, u32::MAX), (8, end())] {
                let status = body::write(&[value, at, length, 0, written]);
                same(format!("status at {at:#x}"), status, Status::INVAL)?;
            }
            is_untouched("nwritten", written)?;
            same("what is read", read_all(value)?, b"data")
        }),
        case("body-043", POINTERS, "a buffer may be all of the last page", |here| {
            let (value, done) = (body_of(b"")?, out());
            let Some((page, end)) = last_page() else { return here.skip(NO_PAGE) };
            let all: Vec<u8> = (0..end - page).map(|n| n.to_le_bytes()[n as usize % 2]).collect();
            write(page, &all);
            same("status of write", body::write(&[value, page, end - page, 0, done]), Status::OK)?;
            write(page, &vec![0; all.len()]);
            same("status of read", body::read(&[value, page, end - page, done]), Status::OK)?;
            holds("what is read", bytes(page, number(done)) == all[..number(done) as usize], "as written", ())
        }),
        case("body-044", POINTERS, "the count of a read may be stored in its buffer", |_| {
            let (value, buffer) = (body_of(b"abcdefgh")?, block(8));
            same("status", body::read(&[value, buffer, 8, buffer + 4]), Status::OK)?;
            same("buffer", bytes(buffer, 8), *b"abcd\x08\0\0\0")
        }),
        case("body-045", POINTERS, "the count of a write may be stored over what was written", |_| {
            let (value, (at, length)) = (body_of(b"")?, put(b"bytes..."));
            same("status", body::write(&[value, at, length, 0, at]), Status::OK)?;
            same("what is read", read_all(value)?, b"bytes...")
        }),
        case(
            "body-046",
            POINTERS,
            "a buffer in the first page is used, and what is beside it left alone",
            |_| {
                // Where stacks end that grow down, or data that nobody has written there: it gets its bytes back.
                let (at, kept) = (1_024, bytes(1_024, 64));
                let (value, done) = (body_of(b"0123456789")?, out());
                let status = body::read(&[value, at + 8, 10, done]);
                let (got, beside) = (bytes(at + 8, 10), [bytes(at, 8), bytes(at + 18, 46)].concat());
                write(at, &kept);
                same("status", status, Status::OK)?;
                same("what is read", got, *b"0123456789")?;
                same("what is beside it", beside, [&kept[..8], &kept[18..]].concat())
            },
        ),
    ]
}
