// @generated from witx/ by `cargo xtask codegen`; do not edit.

//! Messages to the host's log, by named endpoints.

use super::{EndpointHandle, FastlyStatus};

crate::imports! {
    module "fastly_log";

    /// The endpoint of a name: any UTF-8 text of 1 to 256 bytes. The same name gives the same handle.
    ///
    /// # Safety
    ///
    /// - `name` must be valid for reads of `name_len` bytes.
    /// - `endpoint_out` must be valid for writes of one `EndpointHandle`.
    fn endpoint_get(
        name: *const u8,
        name_len: usize,
        endpoint_out: *mut EndpointHandle,
    ) -> FastlyStatus;

    /// Sends one message, and stores how many of its bytes were taken, which is all of them.
    ///
    /// # Safety
    ///
    /// - `message` must be valid for reads of `message_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn write(
        endpoint: EndpointHandle,
        message: *const u8,
        message_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;
}
