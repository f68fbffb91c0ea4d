//! The functions of the import module of the same name.

use super::*;

pub(crate) unsafe fn get_vcpu_ms(ms_out: *mut u64) -> Status {
    let answer = scripted("get_vcpu_ms", "");
    // SAFETY: the pointer is that of the wrapper under test; the same holds below.
    unsafe { ms_out.write(answer.number) };
    answer.status
}

pub(crate) unsafe fn get_heap_mib(mib_out: *mut u32) -> Status {
    let answer = scripted("get_heap_mib", "");
    // SAFETY: see above.
    unsafe { mib_out.write(answer.number.try_into().unwrap()) };
    answer.status
}
