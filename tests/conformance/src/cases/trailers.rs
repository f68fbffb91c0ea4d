//! The trailers of `fastly_http_body`, and with them the two protocols of buffers.

use edgekv_sys::FastlyStatus as Status;

use crate::abi::{body, kv};
use crate::case::{Case, Failure, Outcome, case, holds, open, same};
use crate::here::{body_of, read_all};
use crate::memory::{UNTOUCHED, block, bytes, end, number, out, put, wide};

const APPEND: &str = "fastly_http_body, trailer_append";
const GET: &str = "fastly_http_body, trailer_names_get";
const LISTS: &str = "Conventions, lists of names and values";
const BUFFERS: &str = "Conventions, buffer too small";

/// There is no next page.
const END: u64 = u64::MAX;

fn append(value: u32, name: &[u8], text: &[u8]) -> Status {
    let ((name, name_length), (text, length)) = (put(name), put(text));
    body::trailer_append(&[value, name, name_length, text, length])
}

/// An empty body with these trailers.
fn body_with(trailers: &[(&str, &str)]) -> Result<u32, Failure> {
    let value = body_of(b"")?;
    for (name, text) in trailers {
        same(
            format!("status of appending {name}"),
            append(value, name.as_bytes(), text.as_bytes()),
            Status::OK,
        )?;
    }
    Ok(value)
}

/// A page of names, or of the values of a name: status, bytes, length, where to go on.
fn page(value: u32, name: Option<&str>, size: u32, cursor: u32) -> (Status, Vec<u8>, u32, u64) {
    let (buffer, ending, used) = (block(size), out(), out());
    let status = match name {
        None => body::trailer_names_get(&[value, buffer, size, cursor, ending, used]),
        Some(name) => {
            let (name, length) = put(name.as_bytes());
            body::trailer_values_get(&[value, name, length, buffer, size, cursor, ending, used])
        }
    };
    (status, bytes(buffer, number(used).min(size)), number(used), wide(ending))
}

fn is_page(got: (Status, Vec<u8>, u32, u64), text: &str, ending: u64) -> Outcome {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    same("status, bytes, length, ending cursor", got, (Status::OK, text.as_bytes().to_vec(), length, ending))
}

/// The first value of a name: status, bytes, length.
fn value_of(value: u32, name: &str, size: u32) -> (Status, Vec<u8>, u32) {
    let ((name, length), buffer, used) = (put(name.as_bytes()), block(size.max(16)), out());
    let status = body::trailer_value_get(&[value, name, length, buffer, size, used]);
    (status, bytes(buffer, size.min(16)), number(used))
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("trailer-001", GET, "names are in lower case, in order, each once", |_| {
            let value = body_with(&[("X-One", "1"), ("x-two", "2a"), ("X-TWO", "2b")])?;
            is_page(page(value, None, 64, 0), "x-one\0x-two\0", END)
        }),
        case("trailer-002", GET, "values of a name are in order, however it is written", |_| {
            let value = body_with(&[("x-two", "2a"), ("x-one", "1"), ("X-TWO", "2b")])?;
            is_page(page(value, Some("X-Two"), 64, 0), "2a\x002b\0", END)
        }),
        case("trailer-003", GET, "the value of a name is its first, without NUL", |_| {
            let value = body_with(&[("a", "first"), ("a", "second")])?;
            same("value", value_of(value, "A", 5), (Status::OK, b"first".to_vec(), 5))
        }),
        case(
            "trailer-004",
            BUFFERS,
            "a value that does not fit tells its length, and copies nothing",
            |_| {
                let value = body_with(&[("a", "12345")])?;
                for size in [0, 4] {
                    let expected = (Status::BUFLEN, vec![0; size as usize], 5);
                    same(format!("with {size} bytes"), value_of(value, "a", size), expected)?;
                }
                same("with 5 bytes", value_of(value, "a", 5), (Status::OK, b"12345".to_vec(), 5))
            },
        ),
        case(
            "trailer-005",
            LISTS,
            "a page has as many as fit whole, and the cursor goes on behind them",
            |_| {
                let value = body_with(&[("aaa", "v"), ("bb", "v"), ("c", "v")])?;
                is_page(page(value, None, 4, 0), "aaa\0", 1)?;
                is_page(page(value, None, 6, 0), "aaa\0", 1)?;
                is_page(page(value, None, 7, 0), "aaa\0bb\0", 2)?;
                is_page(page(value, None, 5, 1), "bb\0c\0", END)?;
                is_page(page(value, None, 2, 2), "c\0", END)
            },
        ),
        case("trailer-006", LISTS, "behind the last one is an empty page", |_| {
            let value = body_with(&[("a", "v")])?;
            is_page(page(value, None, 9, 1), "", END)?;
            is_page(page(value, None, 9, u32::MAX), "", END)
        }),
        case("trailer-007", LISTS, "if not even the first fits, its length with NUL is told", |_| {
            let value = body_with(&[("aaa", "v"), ("bb", "v")])?;
            let (status, _, needed, ending) = page(value, None, 3, 0);
            same("status, length, ending cursor", (status, needed, ending), (Status::BUFLEN, 4, END))?;
            let (status, _, needed, ending) = page(value, None, 0, 1);
            same("of the second", (status, needed, ending), (Status::BUFLEN, 3, END))
        }),
        case("trailer-008", GET, "without trailers the lists are empty", |_| {
            let value = body_of(b"")?;
            is_page(page(value, None, 8, 0), "", END)?;
            is_page(page(value, Some("absent"), 8, 0), "", END)
        }),
        case("trailer-009", GET, "the one value of an absent name is inval", |_| {
            same("status", value_of(body_with(&[("a", "v")])?, "absent", 8).0, Status::INVAL)
        }),
        case("trailer-010", GET, "an ending cursor of 0 is not wanted", |_| {
            let (value, (name, length), buffer, used) =
                (body_with(&[("a", "v")])?, put(b"a"), block(8), out());
            let status = body::trailer_names_get(&[value, buffer, 8, 0, 0, used]);
            same("status of names", status, Status::OK)?;
            let status = body::trailer_values_get(&[value, name, length, buffer, 8, 0, 0, used]);
            same("status of values", status, Status::OK)
        }),
        case("trailer-011", GET, "trailers come after the body", |_| {
            let value = body_with(&[("a", "v")])?;
            crate::here::append(value, b"data")?;
            same("status of names", page(value, None, 8, 0).0, Status::AGAIN)?;
            same("status of values", page(value, Some("a"), 8, 0).0, Status::AGAIN)?;
            same("status of a value", value_of(value, "a", 8).0, Status::AGAIN)?;
            let (buffer, read) = (block(8), out());
            while number(read) != 0 {
                same("status of read", body::read(&[value, buffer, 8, read]), Status::OK)?;
            }
            same("value", value_of(value, "a", 1), (Status::OK, b"v".to_vec(), 1))
        }),
        case("trailer-012", "fastly_http_body, append", "trailers are appended with their body", |_| {
            let (first, second) = (body_with(&[("a", "1")])?, body_with(&[("b", "2"), ("a", "3")])?);
            same("status of append", body::append(&[first, second]), Status::OK)?;
            is_page(page(first, None, 64, 0), "a\0b\0", END)?;
            is_page(page(first, Some("a"), 64, 0), "1\x003\0", END)
        }),
        case("trailer-013", APPEND, "a name over 65535 bytes is inval", |_| {
            let value = body_of(b"")?;
            same("status of 65535", append(value, &[b'a'; 65_535], b"v"), Status::OK)?;
            same("status of 65536", append(value, &[b'a'; 65_536], b"v"), Status::INVAL)
        }),
        case("trailer-014", APPEND, "text that is no header name or value is an error", |_| {
            let value = body_of(b"")?;
            for name in [&b""[..], b"a b", b"a\n", b"\xff", b"a:"] {
                same(format!("status of the name {name:?}"), append(value, name, b"v"), Status::ERROR)?;
            }
            for text in [&b"a\nb"[..], b"a\0b", b"a\rb"] {
                same(format!("status of the value {text:?}"), append(value, b"a", text), Status::ERROR)?;
            }
            is_page(page(value, None, 8, 0), "", END)
        }),
        open("trailer-015", APPEND, "the 4097th name is limitexceeded", |_| {
            let value = body_of(b"")?;
            for number in 0..4_096 {
                let status = append(value, format!("n{number}").as_bytes(), b"v");
                same(format!("status of number {number}"), status, Status::OK)?;
            }
            same("status of the next", append(value, b"one-more", b"v"), Status::LIMITEXCEEDED)
        }),
        case("trailer-016", LISTS, "after an error the ending cursor is -1", |_| {
            let unread = body_with(&[("a", "v")])?;
            crate::here::append(unread, b"data")?;
            same("ending cursor, not yet", page(unread, None, 8, 0).3, END)?;
            same("ending cursor, values", page(unread, Some("a"), 8, 0).3, END)?;
            same("ending cursor, no body", page(u32::MAX, None, 8, 0).3, END)
        }),
        case("trailer-017", "Conventions, pointers", "names and values beyond memory are inval", |_| {
            let (value, (name, length), used) = (body_with(&[("a", "v")])?, put(b"a"), out());
            for (at, size) in [(end() - 3, 4), (u32::MAX, 1), (8, u32::MAX)] {
                let what = format!("status at {at:#x}");
                same(&what, body::trailer_append(&[value, at, size, name, length]), Status::INVAL)?;
                same(&what, body::trailer_append(&[value, name, length, at, size]), Status::INVAL)?;
                same(&what, body::trailer_names_get(&[value, at, size, 0, 0, used]), Status::INVAL)?;
                same(&what, body::trailer_value_get(&[value, at, size, 8, 8, used]), Status::INVAL)?;
                let get = body::trailer_value_get(&[value, name, length, at, size, used]);
                same(&what, get, Status::INVAL)?;
                let get = body::trailer_values_get(&[value, name, length, at, size, 0, 0, used]);
                same(&what, get, Status::INVAL)?;
            }
            same("nwritten", number(used), UNTOUCHED)
        }),
        case("trailer-018", APPEND, "a value may be empty, and any visible text", |_| {
            let value = body_with(&[("empty", ""), ("text", "a; b=\"c\" d")])?;
            is_page(page(value, Some("empty"), 8, 0), "\0", END)?;
            is_page(page(value, Some("text"), 64, 0), "a; b=\"c\" d\0", END)
        }),
        case("trailer-019", APPEND, "a body with trailers is read as one without", |_| {
            let value = body_with(&[("a", "v")])?;
            crate::here::append(value, b"data")?;
            let got = read_all(value)?;
            holds("what is read", got == b"data", "data", got)
        }),
        open(
            "trailer-020",
            APPEND,
            "the body of a value takes trailers, which the value does not keep",
            |here| {
                here.insert("k", b"value")?;
                let answer = || -> Result<u32, Failure> {
                    let (pending, handle) = (here.start_lookup(here.key("k").as_bytes())?, out());
                    let [used, generation, error] = [(); 3].map(|()| out());
                    let status = kv::lookup_wait_v2(&[pending, handle, 0, 0, used, generation, error]);
                    same("status of lookup_wait_v2", status, Status::OK)?;
                    Ok(number(handle))
                };
                let read = |value: u32| {
                    let (buffer, done) = (block(8), out());
                    while number(done) != 0 {
                        same("status of read", body::read(&[value, buffer, 8, done]), Status::OK)?;
                    }
                    Ok(())
                };
                let value = answer()?;
                same("status of trailer_append", append(value, b"x-a", b"1"), Status::OK)?;
                read(value)?;
                is_page(page(value, None, 8, 0), "x-a\0", END)?;
                let value = answer()?;
                read(value)?;
                is_page(page(value, None, 8, 0), "", END)
            },
        ),
    ]
}
