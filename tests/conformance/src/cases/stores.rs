//! `fastly_abi.init` and `fastly_kv_store.open`.

use edgekv_sys::FastlyStatus as Status;

use crate::abi::{abi, kv};
use crate::case::{Case, case, holds, one_of, open as open_case, same};
use crate::here::{INVALID_HANDLE, open};
use crate::memory::{UNTOUCHED, end, number, out, put};
use crate::seeded::{MISSING, SEEDED, STORE};

const INIT: &str = "fastly_abi, init";
const OPEN: &str = "fastly_kv_store, open";

/// The status of an open, and what it has stored.
fn open_raw(name: &[u8]) -> (Status, u32) {
    let ((at, length), store) = (put(name), out());
    (kv::open(&[at, length, store]), number(store))
}

/// A name that opens nothing. Some hosts store the invalid handle then, some nothing.
fn opens_nothing(name: &[u8]) -> crate::case::Outcome {
    let (status, stored) = open_raw(name);
    same("status", status, Status::INVAL)?;
    one_of("what is stored as the handle", &stored, &[UNTOUCHED, INVALID_HANDLE])
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("abi-init-001", INIT, "version 1 is accepted", |_| same("status", abi::init(&[1]), Status::OK)),
        case("abi-init-002", INIT, "other versions are an error", |_| {
            for version in [0, 2, u32::MAX] {
                same(format!("status of version {version}"), abi::init(&[version]), Status::ERROR)?;
            }
            Ok(())
        }),
        case("kv-open-001", OPEN, "a store that is there opens, and its handle fits 31 bits", |_| {
            let store = open(STORE)?;
            holds("handle", store < 1 << 31, "below 2^31", store)
        }),
        open_case("kv-open-002", OPEN, "opening a store again gives the same handle", |_| {
            same("second handle", open(STORE)?, open(STORE)?)
        }),
        case(
            "kv-open-003",
            OPEN,
            "a store can be opened many times, and the first handle stays good",
            |here| {
                here.insert("k", b"v")?;
                for _ in 0..500 {
                    open(STORE)?;
                }
                same("value", here.value("k")?.as_deref(), Some("v"))
            },
        ),
        case("kv-open-004", OPEN, "an unknown name is inval", |_| opens_nothing(MISSING.as_bytes())),
        case("kv-open-005", OPEN, "names are compared byte for byte", |_| opens_nothing(b"Conformance")),
        case("kv-open-006", OPEN, "a name of no length is inval", |_| opens_nothing(b"")),
        case("kv-open-007", OPEN, "a name over 255 characters is inval", |_| opens_nothing(&[b's'; 256])),
        case("kv-open-008", OPEN, "a name with a control character is inval", |_| {
            opens_nothing(b"conformance\n")?;
            opens_nothing(b"conformance\0")
        }),
        case("kv-open-009", OPEN, "a name that is not UTF-8 is inval", |_| opens_nothing(b"conformance\xff")),
        case("kv-open-010", OPEN, "a name beyond memory is inval", |_| {
            let store = out();
            for (at, length) in [(end(), 1), (end() - 4, 11), (u32::MAX, 2), (8, u32::MAX)] {
                same(format!("status at {at:#x}"), kv::open(&[at, length, store]), Status::INVAL)?;
            }
            Ok(())
        }),
        case("kv-open-011", OPEN, "stores do not share keys", |here| {
            here.insert("k", b"v")?;
            let other = open(SEEDED)?;
            let ((key, length), pending) = (put(here.key("k").as_bytes()), out());
            same("status", kv::lookup(&[other, key, length, 0, 0, pending]), Status::OK)?;
            same("in the other store", crate::here::finish_lookup(number(pending))?, None)
        }),
    ]
}
