//! `fastly_compute_runtime`.

use wiggle::{GuestMemory, GuestPtr};

use crate::abi::fastly_compute_runtime::FastlyComputeRuntime;
use crate::ctx::KvCtx;
use crate::memory::check_out;
use crate::status::Error;

const MIB: usize = 1024 * 1024;

impl FastlyComputeRuntime for KvCtx {
    fn get_vcpu_ms(&mut self, memory: &mut GuestMemory<'_>, ms_out: GuestPtr<u64>) -> Result<(), Error> {
        check_out(memory, ms_out)?;
        memory.write(ms_out, self.vcpu_ms())?;
        Ok(())
    }

    fn get_heap_mib(&mut self, memory: &mut GuestMemory<'_>, mib_out: GuestPtr<u32>) -> Result<(), Error> {
        let bytes = match memory {
            GuestMemory::Unshared(bytes) => bytes.len(),
            GuestMemory::Shared(bytes) => bytes.len(),
        };
        memory.write(mib_out, u32::try_from(bytes.div_ceil(MIB)).unwrap_or(u32::MAX))?;
        Ok(())
    }

    fn has_domain_inspector(
        &mut self,
        memory: &mut GuestMemory<'_>,
        enabled_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        not_there(memory, enabled_out)
    }

    fn has_image_optimizer(
        &mut self,
        memory: &mut GuestMemory<'_>,
        enabled_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        not_there(memory, enabled_out)
    }

    fn has_origin_inspector(
        &mut self,
        memory: &mut GuestMemory<'_>,
        enabled_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        not_there(memory, enabled_out)
    }
}

/// Stores that the service does not have a product.
fn not_there(memory: &mut GuestMemory<'_>, enabled_out: GuestPtr<u32>) -> Result<(), Error> {
    memory.write(enabled_out, 0)?;
    Ok(())
}
