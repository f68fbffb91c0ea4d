//! `delete`, `delete_wait`.

use edgekv_sys::{FastlyStatus as Status, KvDeleteConfigOptions as Options, KvError};

use crate::abi::kv;
use crate::case::{Case, Failure, case, open, same};
use crate::here::{Here, InsertOptions, is_untouched, pause, wait};
use crate::memory::{end, number, out, put};

const DELETE: &str = "fastly_kv_store, delete";
const WAIT: &str = "fastly_kv_store, delete_wait";

/// Deletes the case's key if it has this generation.
fn delete_if(here: &Here, generation: u64) -> Result<KvError, Failure> {
    let mut record = [0; 16];
    record[8..].copy_from_slice(&generation.to_le_bytes());
    let ((key, length), pending) = (put(here.key("k").as_bytes()), out());
    let mask = Options::IF_GENERATION_MATCH.bits();
    let status = kv::delete(&[here.store, key, length, mask, put(&record).0, pending]);
    same("status of delete", status, Status::OK)?;
    wait("delete_wait", kv::delete_wait, number(pending))
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("kv-delete-001", WAIT, "a key that is there is removed, and only it", |here| {
            here.insert("k", b"v")?;
            here.insert("other", b"v")?;
            same("outcome", here.delete("k")?, KvError::OK)?;
            same("value", here.value("k")?, None)?;
            same("the other value", here.value("other")?.as_deref(), Some("v"))
        }),
        case("kv-delete-002", WAIT, "a missing key is not_found", |here| {
            same("outcome", here.delete("missing")?, KvError::NOT_FOUND)
        }),
        case("kv-delete-003", WAIT, "a key is removed once", |here| {
            here.insert("k", b"v")?;
            same("first outcome", here.delete("k")?, KvError::OK)?;
            same("second outcome", here.delete("k")?, KvError::NOT_FOUND)
        }),
        case("kv-delete-004", WAIT, "a key that has expired is not_found", |here| {
            here.insert_with("k", b"v", InsertOptions::time_to_live(0))?;
            same("outcome", here.delete("k")?, KvError::NOT_FOUND)
        }),
        open("kv-delete-005", DELETE, "with a generation only that one is removed", |here| {
            here.insert("k", b"v")?;
            let generation = here.lookup("k")?.map_or(0, |found| found.generation);
            same("outcome with another", delete_if(here, generation - 1)?, KvError::PRECONDITION_FAILED)?;
            same("value", here.value("k")?.as_deref(), Some("v"))?;
            same("outcome with its own", delete_if(here, generation)?, KvError::OK)?;
            same("value", here.value("k")?, None)
        }),
        open("kv-delete-006", DELETE, "generation 0 is that of no entry", |here| {
            here.insert("k", b"v")?;
            same("outcome", delete_if(here, 0)?, KvError::PRECONDITION_FAILED)
        }),
        open("kv-delete-007", DELETE, "a missing key is not_found, with a generation too", |here| {
            same("outcome", delete_if(here, 7)?, KvError::NOT_FOUND)
        }),
        case("kv-delete-008", DELETE, "without the bit the record is not read", |here| {
            let ((key, length), pending) = (put(here.key("k").as_bytes()), out());
            for record in [0, 3, end() - 4, end(), u32::MAX] {
                for mask in [0, Options::RESERVED.bits()] {
                    let status = kv::delete(&[here.store, key, length, mask, record, pending]);
                    same(format!("status with a record at {record:#x}"), status, Status::OK)?;
                }
            }
            Ok(())
        }),
        open("kv-delete-009", DELETE, "with the bit the record is 16 bytes, aligned to 8", |here| {
            let ((key, length), pending) = (put(here.key("k").as_bytes()), out());
            let mask = Options::IF_GENERATION_MATCH.bits();
            let start = |record| kv::delete(&[here.store, key, length, mask, record, pending]);
            same("status where 8 bytes are left", start(end() - 8), Status::INVAL)?;
            same("status beyond memory", start(end()), Status::INVAL)?;
            same("status at an offset of 4", start(put(&[0; 32]).0 + 4), Status::BADALIGN)
        }),
        open("kv-delete-010", "Conventions, masks", "unknown bits of a delete are inval", |here| {
            let ((key, length), pending) = (put(here.key("k").as_bytes()), out());
            for bit in 2..32 {
                let status = kv::delete(&[here.store, key, length, 1 << bit, put(&[0; 16]).0, pending]);
                same(format!("status with bit {bit}"), status, Status::INVAL)?;
            }
            is_untouched("handle", pending)
        }),
        case("kv-delete-011", WAIT, "a wait consumes its handle", |here| {
            let pending = here.start_delete(here.key("k").as_bytes())?;
            same("outcome", wait("delete_wait", kv::delete_wait, pending)?, KvError::NOT_FOUND)?;
            same("status of another wait", kv::delete_wait(&[pending, out()]), Status::BADF)
        }),
        case(
            "kv-delete-012",
            "fastly_kv_store, operations",
            "a delete that nobody waits for happens",
            |here| {
                here.insert("k", b"v")?;
                here.start_delete(here.key("k").as_bytes())?;
                let mut seen = Some(String::new());
                // When a later operation sees it is not said.
                for _ in 0..500 {
                    seen = here.value("k")?;
                    if seen.is_none() {
                        break;
                    }
                    pause(10)?;
                }
                same("value", seen, None)
            },
        ),
        case("kv-delete-013", DELETE, "a key can be written again", |here| {
            here.insert("k", b"one")?;
            same("outcome", here.delete("k")?, KvError::OK)?;
            here.insert("k", b"two")?;
            same("value", here.value("k")?.as_deref(), Some("two"))
        }),
    ]
}
