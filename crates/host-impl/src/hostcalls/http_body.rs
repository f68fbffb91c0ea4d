//! `fastly_http_body`.

use wiggle::{GuestMemory, GuestPtr};

use crate::abi::fastly_http_body::FastlyHttpBody;
use crate::abi::types::BodyHandle;
use crate::ctx::KvCtx;
use crate::hostcalls::headers::header_name;
use crate::memory::{self, OutBuffer, check_out, read_bytes, write_bytes, write_cursor};
use crate::operations::Written;
use crate::status::Error;

impl FastlyHttpBody for KvCtx {
    async fn append(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        dst: BodyHandle,
        src: BodyHandle,
    ) -> Result<(), Error> {
        self.append_body(dst.into(), src.into()).await
    }

    fn new(&mut self, memory: &mut GuestMemory<'_>, handle_out: GuestPtr<BodyHandle>) -> Result<(), Error> {
        check_out(memory, handle_out)?;
        let handle = self.new_body()?;
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
        let mut filled = 0;
        self.read_body(body.into(), length as usize, |bytes| {
            write_bytes(memory, buffer.add(filled)?, &bytes)?;
            filled += memory::length(&bytes);
            Ok(())
        })
        .await?;
        memory.write(nread_out, filled)?;
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
        let bytes = read_bytes(memory, buffer.as_array(length))?;
        self.write_body(body.into(), Written::Borrowed(&bytes), to_front).await?;
        memory.write(nwritten_out, length)?;
        Ok(())
    }

    fn close(&mut self, _memory: &mut GuestMemory<'_>, body: BodyHandle) -> Result<(), Error> {
        self.close_body(body.into())
    }

    fn abandon(&mut self, _memory: &mut GuestMemory<'_>, body: BodyHandle) -> Result<(), Error> {
        self.abandon_body(body.into())
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
        self.append_trailer(body.into(), &name, &value)
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
        let trailers = self.trailers_of(body.into())?;
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
        let value = self.trailers_of(body.into())?.values(&name).next().ok_or(Error::NoSuchHeader)?;
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
        let trailers = self.trailers_of(body.into())?;
        out.write_items(memory, trailers.values(&name), cursor, cursor_out)
    }

    fn known_length(
        &mut self,
        memory: &mut GuestMemory<'_>,
        body: BodyHandle,
        length_out: GuestPtr<u64>,
    ) -> Result<(), Error> {
        check_out(memory, length_out)?;
        let length = self.known_length_of(body.into())?;
        memory.write(length_out, length.ok_or(Error::UnknownLength)?)?;
        Ok(())
    }
}
