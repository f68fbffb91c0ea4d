//! The functions of the import module of the same name.

use super::*;

pub(crate) unsafe fn init(abi_version: u64) -> Status {
    asked("init", &format!(" {abi_version}")).map_or(Status::OK, |answer| answer.status)
}
