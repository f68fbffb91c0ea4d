//! `fastly_compute_runtime`: only what hosts have had for long, as a program cannot be linked to a host that lacks a function of it.

use edgekv_sys::FastlyStatus as Status;

use crate::abi::runtime;
use crate::case::{Case, case, holds, open, same};
use crate::memory::{NO_PAGE, block, end, last_page, number, out, wide};

const TIME: &str = "fastly_compute_runtime, get_vcpu_ms";
const HEAP: &str = "fastly_compute_runtime, get_heap_mib";

const MIB: u32 = 1 << 20;

pub(super) fn cases() -> Vec<Case> {
    vec![
        open("runtime-001", TIME, "the time does not go back", |_| {
            let mut last = 0;
            for _ in 0..100 {
                let time = out();
                same("status", runtime::get_vcpu_ms(&[time]), Status::OK)?;
                holds("time", wide(time) >= last, &format!("at least {last}"), wide(time))?;
                last = wide(time);
            }
            // Longer than a year is a clock of another kind, or an answer that is 8 bytes wide in another order.
            holds("time", last < 366 * 86_400_000, "less than a year", last)
        }),
        open("runtime-002", HEAP, "the heap is the memory of the program, rounded up", |here| {
            let heap = out();
            for _ in 0..3 {
                let before = end();
                same("status", runtime::get_heap_mib(&[heap]), Status::OK)?;
                same("heap", number(heap), before.div_ceil(MIB))?;
                block(MIB);
                if last_page().is_none() {
                    return here.skip(NO_PAGE);
                }
            }
            Ok(())
        }),
        case("runtime-003", "Conventions, out-pointers", "wrong out-pointers are refused", |_| {
            for (function, align) in
                [(runtime::get_vcpu_ms as crate::abi::Function, 8), (runtime::get_heap_mib, 4)]
            {
                let good = out();
                for offset in 1..align {
                    let status = function(&[good + offset]);
                    same(format!("status at an offset of {offset}"), status, Status::BADALIGN)?;
                }
                for at in [end(), u32::MAX - 7] {
                    same(format!("status at {at:#x}"), function(&[at]), Status::INVAL)?;
                }
                same("status with the right one, afterwards", function(&[good]), Status::OK)?;
            }
            Ok(())
        }),
    ]
}
