// @generated from witx/ by `cargo xtask codegen`; do not edit.

//! Bodies: how values and HTTP messages reach a guest and leave it.
//!
//! Out-values are explicit pointers, never `expected` results, and the write end is a
//! plain number: so a bad pointer or number is answered with a status, not with a trap.

use super::{BodyHandle, FastlyStatus};

crate::imports! {
    module "fastly_http_body";

    /// Moves the bytes and trailers of `src` behind those of `dst`; `src` is consumed.
    ///
    /// # Safety
    ///
    /// None: the call touches no memory of the guest.
    fn append(
        dst: BodyHandle,
        src: BodyHandle,
    ) -> FastlyStatus;

    /// Makes an empty body.
    ///
    /// # Safety
    ///
    /// `handle_out` must be valid for writes of one `BodyHandle`.
    fn new(
        handle_out: *mut BodyHandle,
    ) -> FastlyStatus;

    /// Takes bytes from the front. Waits until there is at least one; stores 0 at the end.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nread_out` must be valid for writes of one `usize`.
    fn read(
        body: BodyHandle,
        buf: *mut u8,
        buf_len: usize,
        nread_out: *mut usize,
    ) -> FastlyStatus;

    /// Adds bytes at one end (a `body_write_end`). Always takes the whole buffer.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for reads of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn write(
        body: BodyHandle,
        buf: *const u8,
        buf_len: usize,
        end: u32,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// Consumes the body; a streaming body ends properly.
    ///
    /// # Safety
    ///
    /// None: the call touches no memory of the guest.
    fn close(
        body: BodyHandle,
    ) -> FastlyStatus;

    /// Consumes the body; a streaming body ends as cut off.
    ///
    /// # Safety
    ///
    /// None: the call touches no memory of the guest.
    fn abandon(
        body: BodyHandle,
    ) -> FastlyStatus;

    /// Adds a trailer.
    ///
    /// # Safety
    ///
    /// - `name` must be valid for reads of `name_len` bytes.
    /// - `value` must be valid for reads of `value_len` bytes.
    fn trailer_append(
        body: BodyHandle,
        name: *const u8,
        name_len: usize,
        value: *const u8,
        value_len: usize,
    ) -> FastlyStatus;

    /// The names of the trailers, each ended by a NUL byte, from the `cursor`-th on.
    /// `ending_cursor` is -1 behind the last one, else where to go on.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `ending_cursor_out` must be valid for writes of one `i64`.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn trailer_names_get(
        body: BodyHandle,
        buf: *mut u8,
        buf_len: usize,
        cursor: u32,
        ending_cursor_out: *mut i64,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// The first value of a trailer.
    ///
    /// # Safety
    ///
    /// - `name` must be valid for reads of `name_len` bytes.
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn trailer_value_get(
        body: BodyHandle,
        name: *const u8,
        name_len: usize,
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// All values of a trailer, in the form of `trailer_names_get`.
    ///
    /// # Safety
    ///
    /// - `name` must be valid for reads of `name_len` bytes.
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `ending_cursor_out` must be valid for writes of one `i64`.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn trailer_values_get(
        body: BodyHandle,
        name: *const u8,
        name_len: usize,
        buf: *mut u8,
        buf_len: usize,
        cursor: u32,
        ending_cursor_out: *mut i64,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// How many bytes are still to be read, or `none` when that is not known.
    ///
    /// # Safety
    ///
    /// `length_out` must be valid for writes of one `u64`.
    fn known_length(
        body: BodyHandle,
        length_out: *mut u64,
    ) -> FastlyStatus;
}
