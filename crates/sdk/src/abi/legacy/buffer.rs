//! Buffers that grow until what the host has fits into them.

use crate::error::Fault;

/// The first buffer for text of the host, in bytes: more than most texts ever have.
pub(crate) const FIRST_ROOM: usize = 4096;

/// The largest buffer that a host can ask for, in bytes: no header, trailer or URL is that long.
const MOST_ROOM: usize = 1024 * 1024;

/// Fills the buffer with one text. It is as long as the host needs it to be, and never shorter than it was.
pub(crate) fn text(
    buffer: &mut Vec<u8>,
    mut get: impl FnMut(&mut [u8]) -> Result<usize, Fault>,
) -> Result<&[u8], Fault> {
    let length = grown(buffer, |buffer| get(buffer))?;
    Ok(&buffer[..length])
}

/// Gives each of many items to `take`, through a buffer for as many as fit.
///
/// # Errors
///
/// The first fault of the host, or what `take` answers with.
pub(crate) fn each<E: From<Fault>>(
    buffer: &mut Vec<u8>,
    mut step: impl FnMut(&mut [u8], u32) -> Result<(usize, Option<u32>), Fault>,
    mut take: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut cursor = 0;
    loop {
        let (length, next) = grown(buffer, |buffer| step(buffer, cursor))?;
        // Every item is ended by a NUL byte, so what follows the last one is no item.
        let items = buffer[..length].split_inclusive(|byte| *byte == 0);
        for item in items.filter_map(|item| item.strip_suffix(&[0])) {
            take(item)?;
        }
        match next {
            Some(next) => cursor = next,
            None => return Ok(()),
        }
    }
}

/// Makes the call with more room until there is enough.
fn grown<T>(buffer: &mut Vec<u8>, mut call: impl FnMut(&mut [u8]) -> Result<T, Fault>) -> Result<T, Fault> {
    if buffer.len() < FIRST_ROOM {
        buffer.resize(FIRST_ROOM, 0);
    }
    loop {
        match call(buffer) {
            Err(Fault::Room { needed }) if needed > buffer.len() && needed <= MOST_ROOM => {
                buffer.resize(needed, 0);
            }
            answer => return answer,
        }
    }
}
