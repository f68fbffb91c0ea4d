// @generated from witx/ by `cargo xtask codegen`; do not edit.

//! Responses, and sending one to the client.
//!
//! About headers the same holds as for requests.

use super::{BodyHandle, FastlyStatus, PendingRequestHandle, ResponseHandle};

crate::imports! {
    module "fastly_http_resp";

    /// Makes a response: 200, HTTP/1.1, no headers.
    ///
    /// # Safety
    ///
    /// `response_out` must be valid for writes of one `ResponseHandle`.
    fn new(
        response_out: *mut ResponseHandle,
    ) -> FastlyStatus;

    /// Consumes the response.
    ///
    /// # Safety
    ///
    /// None: the call touches no memory of the guest.
    fn close(
        response: ResponseHandle,
    ) -> FastlyStatus;

    /// The status.
    ///
    /// # Safety
    ///
    /// `status_out` must be valid for writes of one `u16`.
    fn status_get(
        response: ResponseHandle,
        status_out: *mut u16,
    ) -> FastlyStatus;

    /// Sets the status, 100 to 999.
    ///
    /// # Safety
    ///
    /// None: the call touches no memory of the guest.
    fn status_set(
        response: ResponseHandle,
        status: u32,
    ) -> FastlyStatus;

    /// The version (an `http_version`).
    ///
    /// # Safety
    ///
    /// `version_out` must be valid for writes of one `u32`.
    fn version_get(
        response: ResponseHandle,
        version_out: *mut u32,
    ) -> FastlyStatus;

    /// Sets the version (an `http_version`).
    ///
    /// # Safety
    ///
    /// None: the call touches no memory of the guest.
    fn version_set(
        response: ResponseHandle,
        version: u32,
    ) -> FastlyStatus;

    /// The names of the headers, in lower case, each once and ended by a NUL byte, from the `cursor`-th on.
    /// `ending_cursor` is -1 behind the last one, else where to go on.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `ending_cursor_out` must be valid for writes of one `i64`.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn header_names_get(
        response: ResponseHandle,
        buf: *mut u8,
        buf_len: usize,
        cursor: u32,
        ending_cursor_out: *mut i64,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// The first value of a header; `inval` when there is no such header.
    ///
    /// # Safety
    ///
    /// - `name` must be valid for reads of `name_len` bytes.
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn header_value_get(
        response: ResponseHandle,
        name: *const u8,
        name_len: usize,
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// All values of a header, in the form of `header_names_get`; none when there is no such header.
    ///
    /// # Safety
    ///
    /// - `name` must be valid for reads of `name_len` bytes.
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `ending_cursor_out` must be valid for writes of one `i64`.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn header_values_get(
        response: ResponseHandle,
        name: *const u8,
        name_len: usize,
        buf: *mut u8,
        buf_len: usize,
        cursor: u32,
        ending_cursor_out: *mut i64,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// Replaces all values of a header by those in `values`, each ended by a NUL byte. What follows the last
    /// NUL byte is dropped.
    ///
    /// # Safety
    ///
    /// - `name` must be valid for reads of `name_len` bytes.
    /// - `values` must be valid for reads of `values_len` bytes.
    fn header_values_set(
        response: ResponseHandle,
        name: *const u8,
        name_len: usize,
        values: *const u8,
        values_len: usize,
    ) -> FastlyStatus;

    /// Replaces all values of a header by one.
    ///
    /// # Safety
    ///
    /// - `name` must be valid for reads of `name_len` bytes.
    /// - `value` must be valid for reads of `value_len` bytes.
    fn header_insert(
        response: ResponseHandle,
        name: *const u8,
        name_len: usize,
        value: *const u8,
        value_len: usize,
    ) -> FastlyStatus;

    /// Adds a value to those that a header has.
    ///
    /// # Safety
    ///
    /// - `name` must be valid for reads of `name_len` bytes.
    /// - `value` must be valid for reads of `value_len` bytes.
    fn header_append(
        response: ResponseHandle,
        name: *const u8,
        name_len: usize,
        value: *const u8,
        value_len: usize,
    ) -> FastlyStatus;

    /// Removes a header with all its values; `inval` when there is no such header.
    ///
    /// # Safety
    ///
    /// `name` must be valid for reads of `name_len` bytes.
    fn header_remove(
        response: ResponseHandle,
        name: *const u8,
        name_len: usize,
    ) -> FastlyStatus;

    /// Says who decides about framing (a `framing_headers_mode`).
    ///
    /// # Safety
    ///
    /// None: the call touches no memory of the guest.
    fn framing_headers_mode_set(
        response: ResponseHandle,
        mode: u32,
    ) -> FastlyStatus;

    /// Says whether the connection stays open after the response (an `http_keepalive_mode`).
    ///
    /// # Safety
    ///
    /// None: the call touches no memory of the guest.
    fn http_keepalive_mode_set(
        response: ResponseHandle,
        mode: u32,
    ) -> FastlyStatus;

    /// `none`: the response does not come from a backend.
    ///
    /// # Safety
    ///
    /// - `addr_octets_out` must be valid for writes of 16 bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn get_addr_dest_ip(
        response: ResponseHandle,
        addr_octets_out: *mut u8,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// `none`: the response does not come from a backend.
    ///
    /// # Safety
    ///
    /// `port_out` must be valid for writes of one `u16`.
    fn get_addr_dest_port(
        response: ResponseHandle,
        port_out: *mut u16,
    ) -> FastlyStatus;

    /// Sends the response to the client; it is consumed. With `streaming` 0 the body is consumed as well, and all of
    /// it is sent. With 1 the same handle becomes a body that is sent as it is written: `close` ends it, `abandon`
    /// cuts it off. A second response is `error`; one of status 103 may come before the response.
    ///
    /// # Safety
    ///
    /// None: the call touches no memory of the guest.
    fn send_downstream(
        response: ResponseHandle,
        body: BodyHandle,
        streaming: u32,
    ) -> FastlyStatus;

    /// `badf`: without backends there is no pending request.
    ///
    /// # Safety
    ///
    /// None: the call touches no memory of the guest.
    fn send_downstream_pending(
        pending: PendingRequestHandle,
    ) -> FastlyStatus;
}
