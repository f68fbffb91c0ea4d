//! `fastly_log`.

use wiggle::{GuestMemory, GuestPtr};

use crate::abi::fastly_log::FastlyLog;
use crate::abi::types::EndpointHandle;
use crate::ctx::KvCtx;
use crate::memory::{check_out, read_bytes};
use crate::status::Error;

impl FastlyLog for KvCtx {
    fn endpoint_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        name: GuestPtr<[u8]>,
        endpoint_out: GuestPtr<EndpointHandle>,
    ) -> Result<(), Error> {
        check_out(memory, endpoint_out)?;
        let name = read_bytes(memory, name)?;
        let handle = self.endpoint_handle(&name)?;
        memory.write(endpoint_out, handle.into())?;
        Ok(())
    }

    fn write(
        &mut self,
        memory: &mut GuestMemory<'_>,
        endpoint: EndpointHandle,
        message: GuestPtr<[u8]>,
        nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        check_out(memory, nwritten_out)?;
        let bytes = read_bytes(memory, message)?;
        self.write_log(endpoint.into(), &bytes)?;
        memory.write(nwritten_out, message.len())?;
        Ok(())
    }
}
