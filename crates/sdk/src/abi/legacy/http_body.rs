//! The calls of the module `fastly_http_body`.

#[cfg(not(test))]
use edgekv_sys::fastly_http_body;
use edgekv_sys::{AsyncItemHandle, BodyHandle, BodyWriteEnd, FastlyStatus as Status};

#[cfg(test)]
use super::script::fastly_http_body;
use super::{Result, Waitable, buffer, check, check_length, reserve, step, waitable};
use crate::error::{Call, Fault};

/// What a write takes and a response is sent with.
#[derive(Debug)]
pub(crate) struct Value(HostBody);

impl From<HostBody> for Value {
    fn from(body: HostBody) -> Self {
        Self(body)
    }
}

impl Value {
    /// Gives the handle to a call that consumes it.
    pub(super) fn release(self) -> BodyHandle {
        self.0.release()
    }
}

/// Hands bytes to the host.
#[allow(clippy::needless_pass_by_value, reason = "components keep them until they are needed")]
pub(crate) fn value(bytes: Vec<u8>) -> Result<Value> {
    let mut body = HostBody::new()?;
    body.write(&bytes, BodyWriteEnd::BACK)?;
    Ok(body.into())
}

/// A body at the host. Closed when dropped.
#[derive(Debug)]
pub(crate) struct HostBody(BodyHandle);

impl HostBody {
    /// Takes over a handle that the host has stored.
    pub(super) fn claim(handle: BodyHandle) -> Result<Self> {
        if handle == BodyHandle::INVALID {
            Err(Fault::Empty { missing: "no body" })
        } else {
            Ok(Self(handle))
        }
    }

    /// Gives the handle to a call that consumes it.
    pub(super) fn release(self) -> BodyHandle {
        let handle = self.0;
        std::mem::forget(self);
        handle
    }
}

impl Drop for HostBody {
    fn drop(&mut self) {
        // SAFETY: the call takes no pointer.
        // A host that does not know the handle any more has nothing left to free, so the status does not matter.
        let _ = unsafe { fastly_http_body::close(self.0) };
    }
}

/// The calls on a body.
impl HostBody {
    /// Makes an empty body.
    pub(crate) fn new() -> Result<Self> {
        let mut body = BodyHandle::INVALID;
        // SAFETY: `body` is a local.
        check(Call::Body, unsafe { fastly_http_body::new(&raw mut body) })?;
        Self::claim(body)
    }

    /// Moves the bytes and trailers of another body behind those of this one.
    pub(crate) fn append(&mut self, other: Self) -> Result<()> {
        // SAFETY: the call takes no pointer.
        check(Call::Body, unsafe { fastly_http_body::append(self.0, other.release()) })
    }

    /// Fills the buffer with as much as there is; 0 is the end.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let mut read = 0;
        // SAFETY: `buffer` is a slice, and `read` a local.
        check(Call::Body, unsafe {
            fastly_http_body::read(self.0, buffer.as_mut_ptr(), buffer.len(), &raw mut read)
        })?;
        check_length(read, buffer.len())
    }

    /// Reads behind what `bytes` holds, at most `most` bytes, for which it makes room; 0 is the end.
    pub(crate) fn read_behind(&mut self, bytes: &mut Vec<u8>, most: usize) -> Result<usize> {
        reserve(bytes, most)?;
        let spare = bytes.spare_capacity_mut();
        let room = most.min(spare.len());
        let mut read = 0;
        // SAFETY: `spare` has `room` bytes that may be written to, and `read` is a local.
        check(Call::Body, unsafe {
            fastly_http_body::read(self.0, spare.as_mut_ptr().cast(), room, &raw mut read)
        })?;
        let read = check_length(read, room)?;
        // SAFETY: the capacity has room for `read` bytes more, and the host says that it has stored them (assumed, see `abi`).
        unsafe { bytes.set_len(bytes.len() + read) };
        Ok(read)
    }

    /// Writes all bytes at one end.
    pub(crate) fn write(&mut self, mut bytes: &[u8], end: BodyWriteEnd) -> Result<()> {
        while !bytes.is_empty() {
            let mut written = 0;
            // SAFETY: `bytes` is a slice, and `written` a local.
            check(Call::Body, unsafe {
                fastly_http_body::write(self.0, bytes.as_ptr(), bytes.len(), end.0, &raw mut written)
            })?;
            let written = check_length(written, bytes.len())?;
            // The rest of a write to the front would have to go behind what was written: there is no such call.
            if written == 0 || (written < bytes.len() && end == BodyWriteEnd::FRONT) {
                return Err(Fault::Empty { missing: "no progress" });
            }
            bytes = &bytes[written..];
        }
        Ok(())
    }

    /// How many bytes are left; `None` when the host does not know.
    pub(crate) fn known_length(&mut self) -> Result<Option<u64>> {
        let mut length = 0;
        // SAFETY: `length` is a local.
        match unsafe { fastly_http_body::known_length(self.0, &raw mut length) } {
            Status::NONE => Ok(None),
            status => check(Call::Body, status).map(|()| Some(length)),
        }
    }

    /// Adds a trailer.
    pub(crate) fn trailer_append(&mut self, name: &str, value: &[u8]) -> Result<()> {
        // SAFETY: `name` and `value` are slices.
        check(Call::Body, unsafe {
            fastly_http_body::trailer_append(self.0, name.as_ptr(), name.len(), value.as_ptr(), value.len())
        })
    }

    /// The names of the trailers, each once.
    pub(crate) fn trailer_names(&mut self) -> Result<Vec<Vec<u8>>> {
        self.all_trailers(None)
    }

    /// The values of a trailer.
    pub(crate) fn trailer_values(&mut self, name: &str) -> Result<Vec<Vec<u8>>> {
        self.all_trailers(Some(name))
    }

    fn all_trailers(&mut self, name: Option<&str>) -> Result<Vec<Vec<u8>>> {
        let mut items = Vec::new();
        let step = |buffer: &mut [u8], cursor| self.trailers(name, buffer, cursor);
        buffer::each(&mut Vec::new(), step, |item| {
            items.push(item.to_vec());
            Ok::<_, Fault>(())
        })?;
        Ok(items)
    }

    /// One step through the names of the trailers, or through the values of the trailer `name`: the length of what is
    /// in the buffer, and where to go on.
    fn trailers(
        &mut self,
        name: Option<&str>,
        buffer: &mut [u8],
        cursor: u32,
    ) -> Result<(usize, Option<u32>)> {
        step(Call::Body, buffer, cursor, |at, room, cursor, next, length| match name {
            // SAFETY: `at` and `room` are a slice, `next` and `length` locals (see `step`).
            None => unsafe { fastly_http_body::trailer_names_get(self.0, at, room, cursor, next, length) },
            // SAFETY: as above, and `name` is a `str`.
            Some(name) => unsafe {
                let (text, text_len) = (name.as_ptr(), name.len());
                fastly_http_body::trailer_values_get(self.0, text, text_len, at, room, cursor, next, length)
            },
        })
    }

    /// Ends the body; one that is being sent is complete then.
    pub(crate) fn close(self) -> Result<()> {
        // SAFETY: the call takes no pointer.
        check(Call::Body, unsafe { fastly_http_body::close(self.release()) })
    }

    /// Gives the body up; one that is being sent ends as cut off.
    pub(crate) fn abandon(self) {
        // SAFETY: the call takes no pointer.
        // As for `drop`: what is not known any more cannot be given up.
        let _ = unsafe { fastly_http_body::abandon(self.release()) };
    }

    /// What says when the next call on the body does not wait; `None` when that is so now.
    pub(crate) fn waitable(&self) -> Option<Waitable> {
        waitable(AsyncItemHandle(self.0.0))
    }
}
