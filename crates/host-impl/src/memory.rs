//! Guest memory: reading arguments, checking out-pointers before anything happens, and the two buffer protocols.

use std::borrow::Cow;

use wiggle::{GuestMemory, GuestPtr};

use crate::status::Error;

/// Says whether a value of type `T`, as the ABI lays it out, can be stored at `out`.
///
/// Hostcalls ask this of all their out-pointers first: so a bad one does nothing but fail, and what is done once
/// is never done without the guest hearing of it.
pub(crate) fn check_out<T: OutValue>(memory: &GuestMemory<'_>, out: GuestPtr<T>) -> Result<(), Error> {
    memory.read(GuestPtr::<T::Layout>::new(out.offset()))?;
    Ok(())
}

/// A type that hostcalls store, with a number type of the same size and alignment for which all bits are valid.
pub(crate) trait OutValue: wiggle::GuestType {
    type Layout: wiggle::GuestType;
}

macro_rules! out_values {
    ($($type:ty as $layout:ty),*) => {$( impl OutValue for $type { type Layout = $layout; } )*};
}

out_values!(
    u16 as u16,
    u32 as u32,
    u64 as u64,
    i64 as i64,
    crate::abi::types::BodyHandle as u32,
    crate::abi::types::EndpointHandle as u32,
    crate::abi::types::KvError as u32,
    crate::abi::types::RequestHandle as u32,
    crate::abi::types::RequestPromiseHandle as u32,
    crate::abi::types::ResponseHandle as u32,
    crate::abi::types::KvStoreHandle as u32,
    crate::abi::types::KvStoreLookupHandle as u32,
    crate::abi::types::KvStoreInsertHandle as u32,
    crate::abi::types::KvStoreDeleteHandle as u32,
    crate::abi::types::KvStoreListHandle as u32
);

/// Says whether all of a buffer is in memory. An empty buffer is, wherever it points.
pub(crate) fn check_buffer(memory: &GuestMemory<'_>, buffer: GuestPtr<[u8]>) -> Result<(), Error> {
    if buffer.len() > 0 {
        memory.as_slice(buffer)?;
    }
    Ok(())
}

/// Bytes that the guest passes; borrowed, unless other threads may change them meanwhile. No bytes are fine, wherever
/// they point.
pub(crate) fn read_bytes<'a>(
    memory: &'a GuestMemory<'_>,
    bytes: GuestPtr<[u8]>,
) -> Result<Cow<'a, [u8]>, Error> {
    if bytes.len() == 0 {
        return Ok(Cow::Borrowed(&[]));
    }
    Ok(memory.as_cow(bytes)?)
}

/// Text that the guest passes.
pub(crate) fn read_text<'a>(memory: &'a GuestMemory<'_>, text: GuestPtr<str>) -> Result<Cow<'a, str>, Error> {
    if text.len() == 0 {
        return Ok(Cow::Borrowed(""));
    }
    Ok(memory.as_cow_str(text)?)
}

/// Stores bytes at the beginning of a buffer that is known to be long enough.
pub(crate) fn write_bytes(
    memory: &mut GuestMemory<'_>,
    buffer: GuestPtr<u8>,
    bytes: &[u8],
) -> Result<(), Error> {
    memory.copy_from_slice(bytes, buffer.as_array(length(bytes)))?;
    Ok(())
}

/// The length of something that fits into guest memory.
pub(crate) fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// A buffer of the guest, and where to store how much of it was used.
#[derive(Clone, Copy)]
pub(crate) struct OutBuffer {
    pub(crate) buffer: GuestPtr<u8>,
    pub(crate) length: u32,
    pub(crate) used_out: GuestPtr<u32>,
}

impl OutBuffer {
    pub(crate) fn check(&self, memory: &GuestMemory<'_>) -> Result<(), Error> {
        check_buffer(memory, self.buffer.as_array(self.length))?;
        check_out(memory, self.used_out)
    }

    /// Stores `bytes` and their length; if they do not fit, the length that is needed.
    pub(crate) fn write(&self, memory: &mut GuestMemory<'_>, bytes: &[u8]) -> Result<(), Error> {
        self.write_parts(memory, &[bytes])
    }

    /// As [`OutBuffer::write`], for bytes that are in several places.
    pub(crate) fn write_parts(&self, memory: &mut GuestMemory<'_>, parts: &[&[u8]]) -> Result<(), Error> {
        let needed: usize = parts.iter().map(|part| part.len()).sum();
        if (self.length as usize) < needed {
            // A length that does not fit is 0: no buffer would do.
            memory.write(self.used_out, u32::try_from(needed).unwrap_or(0))?;
            return Err(Error::BufferTooSmall { needed, have: self.length as usize });
        }
        let mut used = 0;
        for part in parts {
            write_bytes(memory, self.buffer.add(used)?, part)?;
            used += length(part);
        }
        memory.write(self.used_out, used)?;
        Ok(())
    }

    /// Stores as many whole `items` as fit, each followed by a NUL byte, from the `cursor`-th on, and where to go on:
    /// -1 at the end, and after an error.
    ///
    /// If not even the first item fits, stores the length that is needed.
    pub(crate) fn write_items<'a>(
        &self,
        memory: &mut GuestMemory<'_>,
        items: impl Iterator<Item = &'a [u8]>,
        cursor: u32,
        cursor_out: GuestPtr<i64>,
    ) -> Result<(), Error> {
        let mut used: u32 = 0;
        let mut next = -1;
        for (index, item) in (0_i64..).zip(items).skip(cursor as usize) {
            let needed = item.len() + 1;
            let room = (self.length - used) as usize;
            if needed > room {
                if used == 0 {
                    memory.write(self.used_out, u32::try_from(needed).unwrap_or(0))?;
                    return Err(Error::BufferTooSmall { needed, have: room });
                }
                next = index;
                break;
            }
            let at = self.buffer.add(used)?;
            write_bytes(memory, at, item)?;
            memory.write(at.add(length(item))?, 0)?;
            used += length(item) + 1;
        }
        memory.write(self.used_out, used)?;
        write_cursor(memory, cursor_out, next)
    }
}

/// Stores a cursor, unless the guest does not want it.
pub(crate) fn write_cursor(
    memory: &mut GuestMemory<'_>,
    cursor_out: GuestPtr<i64>,
    cursor: i64,
) -> Result<(), Error> {
    if cursor_out.offset() != 0 {
        memory.write(cursor_out, cursor)?;
    }
    Ok(())
}

/// The bits of a mask, if all of them are known.
pub(crate) fn known_bits<F>(mask: u32) -> Result<F, Error>
where
    F: wiggle::bitflags::Flags<Bits = u32>,
{
    F::from_bits(mask).ok_or(Error::UnknownMaskBits { mask, known: F::all().bits() })
}
