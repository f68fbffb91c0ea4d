//! Values, on their way between here and the bodies that the host keeps.

use bytes::{Bytes, BytesMut};

use super::error;
use crate::bindings::edgekv::kv::bodies::{self, Body};
use crate::bindings::exports::edgekv::kv::kv_store::Error;

/// What is read at a time of a body whose length is not known.
const STEP: u32 = 256 * 1024;

/// A value, taken out of a body.
pub(super) enum Collected {
    All(Bytes),
    /// It has more bytes than values may have; so many at least.
    TooLong(u64),
}

/// Reads a body to its end, unless that is more than `max` bytes.
pub(super) fn collect(body: &Body, max: u64) -> Result<Collected, Error> {
    let mut value = Bytes::new();
    let mut joined = BytesMut::new();
    loop {
        let known = body.known_length();
        let so_far = (value.len() + joined.len()) as u64;
        let bytes = so_far.saturating_add(known.unwrap_or_default());
        if bytes > max {
            return Ok(Collected::TooLong(bytes));
        }
        let step = known.map_or(STEP, |known| u32::try_from(known).unwrap_or(u32::MAX).max(1));
        let part = body.read(step).map_err(error::of_body)?;
        if part.is_empty() {
            break;
        }
        // Most bodies are in one piece, which stays so.
        if value.is_empty() && joined.is_empty() {
            value = part.into();
            continue;
        }
        if joined.is_empty() {
            // All of it at once, if it is known how much comes.
            let whole = usize::try_from(bytes).unwrap_or_default();
            joined.reserve(whole.max(value.len() + part.len()));
            joined.extend_from_slice(&std::mem::take(&mut value));
        }
        joined.extend_from_slice(&part);
    }
    Ok(Collected::All(if joined.is_empty() { value } else { joined.freeze() }))
}

/// Whether a body can only be written to, which is no value.
pub(super) fn is_write_only(body: &Body) -> bool {
    matches!(body.read(0), Err(bodies::Error::WriteOnly))
}

/// A body of a value.
pub(super) fn body(value: &[u8]) -> Result<Body, Error> {
    if value.is_empty() { bodies::new_body() } else { bodies::from_bytes(value) }.map_err(error::of_body)
}

/// A body of nothing, for calls that have no error to tell.
pub(super) fn empty_or_trap() -> Body {
    match bodies::new_body() {
        Ok(body) => body,
        Err(error) => panic!("the host gives no body: {error}"),
    }
}

/// All of a body that was made here, for calls that have no error to tell.
pub(super) fn bytes_or_trap(body: &Body) -> Vec<u8> {
    match collect(body, u64::MAX) {
        Ok(Collected::All(value)) => value.into(),
        // The call could tell it only by lying about the value.
        Ok(Collected::TooLong(bytes)) => panic!("the host says that a value has {bytes} bytes"),
        Err(error) => panic!("the host does not give a value back: {error}"),
    }
}
