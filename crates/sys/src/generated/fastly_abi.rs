// @generated from witx/ by `cargo xtask codegen`; do not edit.

//! Agreement on the version of the ABI.

use super::FastlyStatus;

crate::imports! {
    module "fastly_abi";

    /// Says which version of the ABI the guest was built for. Version 1 is
    /// answered with `ok`, any other with `error`. Calling it is optional.
    ///
    /// # Safety
    ///
    /// None: the call touches no memory of the guest.
    fn init(
        abi_version: u64,
    ) -> FastlyStatus;
}
