//! `fastly_http_body`.

use http::header::{HeaderName, HeaderValue};
use wiggle::{GuestMemory, GuestPtr};

use crate::abi::fastly_http_body::FastlyHttpBody;
use crate::abi::types::BodyHandle;
use crate::body::Body;
use crate::ctx::KvCtx;
use crate::handles::Object;
use crate::memory::{OutBuffer, check_out, length, read_bytes, write_bytes, write_cursor};
use crate::status::Error;
use crate::streaming::StreamingBody;

/// Longest header name in bytes, inclusive; longer ones are `inval` rather than malformed.
const MAX_HEADER_NAME_BYTES: usize = 65_535;

impl FastlyHttpBody for KvCtx {
    async fn append(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        dst: BodyHandle,
        src: BodyHandle,
    ) -> Result<(), Error> {
        // The source is gone before the destination is looked for: a body cannot be appended to itself.
        let src = self.take::<Body>(src.into())?;
        let dst = dst.into();
        if let Ok(streaming) = self.handles_mut().get::<StreamingBody>(dst) {
            return Ok(streaming.append(src).await?);
        }
        let before = self.held_by(dst);
        self.handles_mut().get::<Body>(dst)?.append(src);
        self.recount(dst, before);
        Ok(())
    }

    fn new(
        &mut self,
        memory: &mut GuestMemory<'_>,
        handle_out: GuestPtr<BodyHandle>,
    ) -> Result<(), Error> {
        check_out(memory, handle_out)?;
        let handle = self.add(Object::Body(Body::new()))?;
        memory.write(handle_out, handle.into())?;
        Ok(())
    }

    async fn read(
        &mut self,
        memory: &mut GuestMemory<'_>,
        body: BodyHandle,
        buffer: GuestPtr<u8>,
        length: u32,
        nread_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        OutBuffer { buffer, length, used_out: nread_out }.check(memory)?;
        let handle = body.into();
        let before = self.held_by(handle);
        let body = self.handles_mut().get::<Body>(handle)?;
        let read = fill(body, memory, buffer, length).await;
        self.recount(handle, before);
        memory.write(nread_out, read?)?;
        Ok(())
    }

    async fn write(
        &mut self,
        memory: &mut GuestMemory<'_>,
        body: BodyHandle,
        buffer: GuestPtr<u8>,
        length: u32,
        end: u32,
        nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        check_out(memory, nwritten_out)?;
        let to_front = match end {
            0 => false,
            1 => true,
            end => return Err(Error::UnknownWriteEnd(end)),
        };
        let handle = body.into();
        let bytes = read_bytes(memory, buffer.as_array(length))?;
        if let (Ok(streaming), false) = (self.handles_mut().get::<StreamingBody>(handle), to_front) {
            streaming.write(&bytes).await?;
        } else {
            // A streaming body has sent its front already, so that is as good as no body.
            self.handles_mut().get::<Body>(handle)?;
            self.check_bytes(bytes.len())?;
            let before = self.held_by(handle);
            let body = self.handles_mut().get::<Body>(handle)?;
            if to_front {
                body.write_front(&bytes);
            } else {
                body.write_back(&bytes);
            }
            self.recount(handle, before);
        }
        memory.write(nwritten_out, length)?;
        Ok(())
    }

    async fn close(&mut self, _memory: &mut GuestMemory<'_>, body: BodyHandle) -> Result<(), Error> {
        if let Ok(streaming) = self.take::<StreamingBody>(body.into()) {
            return Ok(streaming.close().await?);
        }
        self.take::<Body>(body.into())?;
        Ok(())
    }

    fn abandon(&mut self, _memory: &mut GuestMemory<'_>, body: BodyHandle) -> Result<(), Error> {
        // Dropping a streaming body is what tells its reader that it is not complete.
        if self.take::<StreamingBody>(body.into()).is_err() {
            self.take::<Body>(body.into())?;
        }
        Ok(())
    }

    fn trailer_append(
        &mut self,
        memory: &mut GuestMemory<'_>,
        body: BodyHandle,
        name: GuestPtr<[u8]>,
        value: GuestPtr<[u8]>,
    ) -> Result<(), Error> {
        let name = header_name(memory, name)?;
        let value =
            HeaderValue::from_bytes(&read_bytes(memory, value)?).map_err(|_| Error::HeaderValue)?;
        self.check_bytes(name.as_str().len() + value.len())?;
        let handle = body.into();
        let before = self.held_by(handle);
        let added = match self.handles_mut().get::<StreamingBody>(handle) {
            Ok(streaming) => streaming.append_trailer(name, value),
            Err(_) => self.handles_mut().get::<Body>(handle)?.append_trailer(name, value),
        };
        self.recount(handle, before);
        if added { Ok(()) } else { Err(Error::HeaderValue) }
    }

    fn trailer_names_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        body: BodyHandle,
        buffer: GuestPtr<u8>,
        length: u32,
        cursor: u32,
        cursor_out: GuestPtr<i64>,
        nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        let out = OutBuffer { buffer, length, used_out: nwritten_out };
        write_cursor(memory, cursor_out, -1)?;
        out.check(memory)?;
        let trailers = self.trailers_of(body)?.trailers();
        let names = trailers.keys().map(|name| name.as_str().as_bytes());
        out.write_items(memory, names, cursor, cursor_out)
    }

    fn trailer_value_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        body: BodyHandle,
        name: GuestPtr<[u8]>,
        buffer: GuestPtr<u8>,
        length: u32,
        nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        let out = OutBuffer { buffer, length, used_out: nwritten_out };
        out.check(memory)?;
        let name = header_name(memory, name)?;
        let value = self.trailers_of(body)?.trailers().get(name).ok_or(Error::NoSuchTrailer)?;
        out.write(memory, value.as_bytes())
    }

    fn trailer_values_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        body: BodyHandle,
        name: GuestPtr<[u8]>,
        buffer: GuestPtr<u8>,
        length: u32,
        cursor: u32,
        cursor_out: GuestPtr<i64>,
        nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        let out = OutBuffer { buffer, length, used_out: nwritten_out };
        write_cursor(memory, cursor_out, -1)?;
        out.check(memory)?;
        let name = header_name(memory, name)?;
        let values = self.trailers_of(body)?.trailers().get_all(name);
        out.write_items(memory, values.iter().map(HeaderValue::as_bytes), cursor, cursor_out)
    }

    fn known_length(
        &mut self,
        memory: &mut GuestMemory<'_>,
        body: BodyHandle,
        length_out: GuestPtr<u64>,
    ) -> Result<(), Error> {
        check_out(memory, length_out)?;
        if self.handles_mut().get::<StreamingBody>(body.into()).is_ok() {
            return Err(Error::UnknownLength);
        }
        let body = self.handles_mut().get::<Body>(body.into())?;
        memory.write(length_out, body.known_length().ok_or(Error::UnknownLength)?)?;
        Ok(())
    }
}

impl KvCtx {
    /// A body whose trailers may be read by now.
    fn trailers_of(&mut self, body: BodyHandle) -> Result<&mut Body, Error> {
        let handle = body.into();
        if self.handles_mut().get::<StreamingBody>(handle).is_ok() {
            return Err(Error::StreamingBody);
        }
        let body = self.handles_mut().get::<Body>(handle)?;
        if body.is_at_end() { Ok(body) } else { Err(Error::TrailersNotReady) }
    }
}

/// Copies from the body into a buffer that has been checked: waits for the first byte, and takes what is there
/// without waiting after that.
async fn fill(
    body: &mut Body,
    memory: &mut GuestMemory<'_>,
    buffer: GuestPtr<u8>,
    size: u32,
) -> Result<u32, Error> {
    let mut bytes = body.next_bytes(size as usize).await?;
    let mut filled = 0;
    loop {
        write_bytes(memory, buffer.add(filled)?, &bytes)?;
        filled += length(&bytes);
        match body.ready_bytes((size - filled) as usize) {
            Some(more) if !more.is_empty() => bytes = more,
            _ => return Ok(filled),
        }
    }
}

fn header_name(memory: &GuestMemory<'_>, name: GuestPtr<[u8]>) -> Result<HeaderName, Error> {
    let name = read_bytes(memory, name)?;
    if name.len() > MAX_HEADER_NAME_BYTES {
        return Err(Error::HeaderNameTooLong(name.len()));
    }
    HeaderName::from_bytes(&name).map_err(|_| Error::HeaderName)
}
