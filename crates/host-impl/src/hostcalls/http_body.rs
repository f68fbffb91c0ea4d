//! `fastly_http_body`.

use http::header::HeaderValue;
use wiggle::{GuestMemory, GuestPtr};

use crate::abi::fastly_http_body::FastlyHttpBody;
use crate::abi::types::BodyHandle;
use crate::body::Body;
use crate::ctx::KvCtx;
use crate::handles::{Kind, Object};
use crate::headers::OVERHEAD_BYTES;
use crate::hostcalls::headers::header_name;
use crate::memory::{OutBuffer, check_out, length, read_bytes, write_bytes, write_cursor};
use crate::status::Error;
use crate::streaming::StreamingBody;
use crate::trailers::Trailers;

impl FastlyHttpBody for KvCtx {
    async fn append(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        dst: BodyHandle,
        src: BodyHandle,
    ) -> Result<(), Error> {
        // The source is gone before the destination is looked for: a body cannot be appended to itself.
        let mut src = self.handles_mut().take::<Body>(src.into())?;
        let dst = dst.into();
        let appended = match self.handles_mut().object(dst) {
            Some(Object::Body(body)) => body.append(src).map_err(Error::from),
            Some(Object::StreamingBody(body)) => append_to_stream(body, &mut src).await,
            _ => return Err(Error::Handle { handle: dst, wanted: Body::NAME }),
        };
        self.handles_mut().recount(dst);
        appended
    }

    fn new(&mut self, memory: &mut GuestMemory<'_>, handle_out: GuestPtr<BodyHandle>) -> Result<(), Error> {
        check_out(memory, handle_out)?;
        let handle = self.handles_mut().insert(Object::Body(Body::new()))?;
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
        let body = self.handles_mut().get::<Body>(handle)?;
        let read = fill(body, memory, buffer, length).await;
        self.handles_mut().recount(handle);
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
        match self.handles_mut().object(handle) {
            Some(Object::Body(_)) => {}
            Some(Object::StreamingBody(body)) if !to_front => {
                body.write(&bytes).await?;
                memory.write(nwritten_out, length)?;
                return Ok(());
            }
            // A streaming body has sent its front already, so for that it is as good as no body.
            _ => return Err(Error::Handle { handle, wanted: Body::NAME }),
        }
        let needed = self.handles_mut().get::<Body>(handle)?.memory_for(bytes.len(), to_front);
        self.make_room(needed).await?;
        let room = self.room();
        let body = self.handles_mut().get::<Body>(handle)?;
        if to_front {
            body.write_front(&bytes);
        } else {
            body.write_back(&bytes, room);
        }
        self.handles_mut().recount(handle);
        memory.write(nwritten_out, length)?;
        Ok(())
    }

    fn close(&mut self, _memory: &mut GuestMemory<'_>, body: BodyHandle) -> Result<(), Error> {
        match self.take_body(body)? {
            AnyBody::Readable => {}
            AnyBody::Streaming(body) => body.close(),
        }
        Ok(())
    }

    fn abandon(&mut self, _memory: &mut GuestMemory<'_>, body: BodyHandle) -> Result<(), Error> {
        // Dropping a streaming body is what tells its reader that it is not complete.
        self.take_body(body).map(drop)
    }

    fn trailer_append(
        &mut self,
        memory: &mut GuestMemory<'_>,
        body: BodyHandle,
        name: GuestPtr<[u8]>,
        value: GuestPtr<[u8]>,
    ) -> Result<(), Error> {
        let name = header_name(memory, name)?;
        let value = read_bytes(memory, value)?;
        // Before the value is copied.
        self.check_bytes(name.as_str().len() + value.len() + OVERHEAD_BYTES)?;
        let value = HeaderValue::from_bytes(&value).map_err(|_| Error::HeaderValue)?;
        let handle = body.into();
        let trailers = match self.handles_mut().object(handle) {
            Some(Object::Body(body)) => body.trailers_mut(),
            Some(Object::StreamingBody(body)) => body.trailers_mut(),
            _ => return Err(Error::Handle { handle, wanted: Body::NAME }),
        };
        trailers.append(&name, value)?;
        self.handles_mut().recount(handle);
        Ok(())
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
        let trailers = self.trailers_of(body)?;
        out.write_items(memory, trailers.names(), cursor, cursor_out)
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
        let value = self.trailers_of(body)?.values(&name).next().ok_or(Error::NoSuchHeader)?;
        out.write(memory, value)
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
        let trailers = self.trailers_of(body)?;
        out.write_items(memory, trailers.values(&name), cursor, cursor_out)
    }

    fn known_length(
        &mut self,
        memory: &mut GuestMemory<'_>,
        body: BodyHandle,
        length_out: GuestPtr<u64>,
    ) -> Result<(), Error> {
        check_out(memory, length_out)?;
        let handle = body.into();
        let length = match self.handles_mut().object(handle) {
            Some(Object::Body(body)) => body.known_length(),
            Some(Object::StreamingBody(_)) => None,
            _ => return Err(Error::Handle { handle, wanted: Body::NAME }),
        };
        memory.write(length_out, length.ok_or(Error::UnknownLength)?)?;
        Ok(())
    }
}

/// Sends all of a body, and takes its trailers over. A stream that ends for its reader as if it were complete, though a part of it is
/// missing, would be a lie: where it goes wrong after a part was sent, the stream cannot be ended properly any more.
async fn append_to_stream(body: &mut StreamingBody, src: &mut Body) -> Result<(), Error> {
    // Those that are known already are refused, if they have to be, before anything is sent.
    body.trailers_mut().append_all(src.take_trailers())?;
    let mut appended = body.send_all(src).await.map_err(Error::from);
    if appended.is_ok() {
        appended = body.trailers_mut().append_all(src.take_trailers()).map_err(Error::from);
    }
    if appended.is_err() {
        body.cut_off();
    }
    appended
}

/// A body that has been taken out.
enum AnyBody {
    Readable,
    Streaming(StreamingBody),
}

impl KvCtx {
    /// The trailers of a body, if they may be read by now.
    fn trailers_of(&mut self, body: BodyHandle) -> Result<&Trailers, Error> {
        let handle = body.into();
        match self.handles_mut().object(handle) {
            Some(Object::Body(body)) => {
                if body.is_at_end() {
                    return Ok(body.trailers());
                }
                // Where a stream broke off there never will be any: "not yet" would have the guest ask for ever.
                Err(body.broken().map_or(Error::TrailersNotReady, Error::Body))
            }
            Some(Object::StreamingBody(_)) => Err(Error::StreamingBody),
            _ => Err(Error::Handle { handle, wanted: Body::NAME }),
        }
    }

    fn take_body(&mut self, body: BodyHandle) -> Result<AnyBody, Error> {
        let handle = body.into();
        match self.handles_mut().object(handle) {
            Some(Object::StreamingBody(_)) => self.handles_mut().take(handle).map(AnyBody::Streaming),
            _ => self.handles_mut().take::<Body>(handle).map(|_| AnyBody::Readable),
        }
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
