//! `fastly_abi`.

use wiggle::GuestMemory;

use crate::abi::fastly_abi::FastlyAbi;
use crate::ctx::KvCtx;
use crate::status::Error;

impl FastlyAbi for KvCtx {
    fn init(&mut self, _memory: &mut GuestMemory<'_>, version: u64) -> Result<(), Error> {
        if version == 1 { Ok(()) } else { Err(Error::AbiVersion(version)) }
    }
}
