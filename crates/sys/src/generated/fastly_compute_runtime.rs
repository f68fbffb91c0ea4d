// @generated from witx/ by `cargo xtask codegen`; do not edit.

//! What the instance uses, and what the service has.

use super::FastlyStatus;

crate::imports! {
    module "fastly_compute_runtime";

    /// Milliseconds for which the instance has been running. A host that measures it leaves out the time that the instance has
    /// waited; others tell how long it has been there.
    ///
    /// # Safety
    ///
    /// `ms_out` must be valid for writes of one `u64`.
    fn get_vcpu_ms(
        ms_out: *mut u64,
    ) -> FastlyStatus;

    /// Size of the memory of the instance in MiB, rounded up.
    ///
    /// # Safety
    ///
    /// `mib_out` must be valid for writes of one `u32`.
    fn get_heap_mib(
        mib_out: *mut u32,
    ) -> FastlyStatus;

    /// Stores 0: there is no such product.
    ///
    /// # Safety
    ///
    /// `enabled_out` must be valid for writes of one `u32`.
    fn has_domain_inspector(
        enabled_out: *mut u32,
    ) -> FastlyStatus;

    /// Stores 0: there is no such product.
    ///
    /// # Safety
    ///
    /// `enabled_out` must be valid for writes of one `u32`.
    fn has_image_optimizer(
        enabled_out: *mut u32,
    ) -> FastlyStatus;

    /// Stores 0: there is no such product.
    ///
    /// # Safety
    ///
    /// `enabled_out` must be valid for writes of one `u32`.
    fn has_origin_inspector(
        enabled_out: *mut u32,
    ) -> FastlyStatus;
}
