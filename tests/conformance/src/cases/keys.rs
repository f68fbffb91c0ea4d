//! Which keys there are.

use edgekv_sys::{FastlyStatus as Status, KvError};

use crate::abi::kv;
use crate::case::{Case, Outcome, case, open, same};
use crate::here::{Here, InsertOptions, body_of, is_gone};
use crate::memory::{out, put};

const KEYS: &str = "What a store is, keys";

/// Lookup, insert and delete refuse the key when they are called.
fn is_refused(here: &Here, key: &[u8]) -> Outcome {
    let ((at, length), pending, record) = (put(key), out(), InsertOptions::default().record());
    same("status of lookup", kv::lookup(&[here.store, at, length, 0, record, pending]), Status::INVAL)?;
    same("status of delete", kv::delete(&[here.store, at, length, 0, record, pending]), Status::INVAL)?;
    let body = body_of(b"v")?;
    let insert = kv::insert(&[here.store, at, length, body, 0, record, pending]);
    same("status of insert", insert, Status::INVAL)
}

/// A value can be kept there.
fn is_fine(here: &Here, key: &[u8]) -> Outcome {
    same("outcome of insert", here.insert_raw(key, b"v", InsertOptions::default())?, KvError::OK)?;
    same("value", here.lookup_raw(key)?.map(|found| found.value), Some(b"v".to_vec()))?;
    same("outcome of delete", here.delete_raw(key)?, KvError::OK)
}

pub(super) fn cases() -> Vec<Case> {
    let refused: [(&str, &str, &'static [u8]); 15] = [
        ("kv-key-001", "a key of no length is inval", b""),
        ("kv-key-002", "a key of 1025 bytes is inval", &[b'k'; 1_025]),
        ("kv-key-003", "a key with a carriage return is inval", b"a\rb"),
        ("kv-key-004", "a key with a line feed is inval", b"a\nb"),
        ("kv-key-005", "a key with a number sign is inval", b"a#b"),
        ("kv-key-006", "a key with a semicolon is inval", b"a;b"),
        ("kv-key-007", "a key with a question mark is inval", b"a?b"),
        ("kv-key-008", "a key with a circumflex is inval", b"a^b"),
        ("kv-key-009", "a key with a vertical bar is inval", b"a|b"),
        ("kv-key-010", "the key of one dot is inval", b"."),
        ("kv-key-011", "the key of two dots is inval", b".."),
        ("kv-key-012", "a key below .well-known/acme-challenge/ is inval", b".well-known/acme-challenge/x"),
        ("kv-key-013", "a key that is not UTF-8 is inval", b"a\xffb"),
        ("kv-key-014", "a key that ends within a character is inval", b"a\xc3"),
        ("kv-key-015", "a key with half of a surrogate pair is inval", b"\xed\xa0\x80"),
    ];
    let mut cases: Vec<_> = refused
        .into_iter()
        .map(|(id, what, key)| case(id, KEYS, what, move |here| is_refused(here, key)))
        .collect();
    cases.extend([
        case("kv-key-016", KEYS, "a key of 1024 bytes is fine", |here| {
            let key = here.key("");
            is_fine(here, format!("{key:k<1024}").as_bytes())
        }),
        case("kv-key-017", KEYS, "dots are fine where they are not all of the key", |here| {
            for key in [here.key("..."), here.key("a/../b"), here.key("./a")] {
                is_fine(here, key.as_bytes())?;
            }
            Ok(())
        }),
        case("kv-key-018", KEYS, "blanks, NUL and characters beyond ASCII are fine", |here| {
            for key in [here.key(" "), here.key("a\0b"), here.key("ключ"), here.key("\u{1f511}")] {
                is_fine(here, key.as_bytes())?;
            }
            Ok(())
        }),
        case("kv-key-019", KEYS, "keys are compared byte for byte", |here| {
            here.insert("K", b"upper")?;
            here.insert("k", b"lower")?;
            same("value of K", here.value("K")?.as_deref(), Some("upper"))?;
            same("value of k", here.value("k")?.as_deref(), Some("lower"))
        }),
        open(
            "kv-key-020",
            "fastly_kv_store, insert",
            "a refused key consumes the body all the same",
            |here| {
                for key in [&b""[..], b"a?b", b"a\xffb", &[b'k'; 1_025]] {
                    let ((at, length), record) = (put(key), InsertOptions::default().record());
                    let body = body_of(b"v")?;
                    let status = kv::insert(&[here.store, at, length, body, 0, record, out()]);
                    same("status", status, Status::INVAL)?;
                    is_gone(body)?;
                }
                Ok(())
            },
        ),
    ]);
    cases
}
