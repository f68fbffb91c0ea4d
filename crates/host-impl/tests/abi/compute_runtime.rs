//! `fastly_compute_runtime`.

use std::time::Duration;

use edgekv_host::KvCtx;

use crate::abi_test;
use crate::fixture::{Fixture, Setup};
use crate::guest::{MEMORY_END, UNTOUCHED, status};

const MODULE: &str = "fastly_compute_runtime";

fn vcpu_ms(f: &mut Fixture) -> u64 {
    let out = f.guest.out();
    assert_eq!(f.guest.call(MODULE, "get_vcpu_ms", &[out]), status::OK);
    f.guest.u64(out)
}

abi_test!(the_time_is_what_the_embedder_measures, |f| {
    for (measured, told) in
        [(Duration::from_micros(1_999), 1), (Duration::from_secs(5), 5_000), (Duration::MAX, u64::MAX)]
    {
        f.guest.store.data_mut().ctx = KvCtx::builder(f.stores.clone()).cpu_time(move || measured).build();
        assert_eq!(vcpu_ms(f), told);
    }
});

abi_test!(the_time_is_that_of_the_context_where_nobody_measures, |f| {
    let before = vcpu_ms(f);
    f.guest.select(&[], 20);
    let later = vcpu_ms(f);
    assert!((before + 20..before + 60_000).contains(&later), "{before} {later}");
});

abi_test!(the_heap_is_the_memory_of_the_guest, |f| {
    let out = f.guest.out();
    assert_eq!(f.guest.call(MODULE, "get_heap_mib", &[out]), status::OK);
    assert_eq!(f.guest.u32(out), MEMORY_END / (1024 * 1024));
});

abi_test!(products_are_not_there, |f| {
    for function in ["has_domain_inspector", "has_image_optimizer", "has_origin_inspector"] {
        let out = f.guest.out();
        assert_eq!((f.guest.call(MODULE, function, &[out]), f.guest.u32(out)), (status::OK, 0));
    }
});

abi_test!(
    pointers_are_checked_and_no_object_is_needed,
    Setup { ctx: |ctx| ctx.max_handles(1), ..Setup::default() },
    |f| {
        let out = f.guest.out();
        for function in [
            "get_vcpu_ms",
            "get_heap_mib",
            "has_domain_inspector",
            "has_image_optimizer",
            "has_origin_inspector",
        ] {
            assert_eq!(f.guest.call(MODULE, function, &[out + 2]), status::BADALIGN, "{function}");
            assert_eq!(f.guest.call(MODULE, function, &[MEMORY_END]), status::INVAL, "{function}");
            assert_eq!(f.guest.u32(out), UNTOUCHED);
            assert_eq!(f.guest.call(MODULE, function, &[out]), status::OK, "{function}");
            f.guest.write(out, &UNTOUCHED.to_le_bytes());
        }
    }
);
