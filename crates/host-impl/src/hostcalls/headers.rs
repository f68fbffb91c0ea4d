//! What the functions about headers do, for requests and responses alike.

use http::header::{HeaderName, HeaderValue};
use wiggle::{GuestMemory, GuestPtr};

use crate::ctx::KvCtx;
use crate::handles::Kind;
use crate::headers::OVERHEAD_BYTES;
use crate::memory::{OutBuffer, read_bytes, write_cursor};
use crate::message::Message;
use crate::operations;
use crate::status::Error;

/// A message that a handle names.
pub(super) trait MessageKind: Kind {
    type Message: Message;
    fn message(&mut self) -> &mut Self::Message;
}

impl<M: Message> MessageKind for Box<M>
where
    Self: Kind,
{
    type Message = M;

    fn message(&mut self) -> &mut M {
        self
    }
}

impl KvCtx {
    pub(super) fn header_names<M: MessageKind>(
        &mut self,
        memory: &mut GuestMemory<'_>,
        message: u32,
        out: OutBuffer,
        cursor: u32,
        cursor_out: GuestPtr<i64>,
    ) -> Result<(), Error> {
        write_cursor(memory, cursor_out, -1)?;
        out.check(memory)?;
        let headers = self.handles_mut().get::<M>(message)?.message().headers();
        let names = headers.names().map(|name| name.as_str().as_bytes());
        out.write_items(memory, names, cursor, cursor_out)
    }

    pub(super) fn header_value<M: MessageKind>(
        &mut self,
        memory: &mut GuestMemory<'_>,
        message: u32,
        name: GuestPtr<[u8]>,
        out: OutBuffer,
    ) -> Result<(), Error> {
        out.check(memory)?;
        let name = header_name(memory, name)?;
        let headers = self.handles_mut().get::<M>(message)?.message().headers();
        out.write(memory, headers.first(&name).ok_or(Error::NoSuchHeader)?.as_bytes())
    }

    pub(super) fn header_values<M: MessageKind>(
        &mut self,
        memory: &mut GuestMemory<'_>,
        message: u32,
        name: GuestPtr<[u8]>,
        out: OutBuffer,
        cursor: u32,
        cursor_out: GuestPtr<i64>,
    ) -> Result<(), Error> {
        write_cursor(memory, cursor_out, -1)?;
        out.check(memory)?;
        let name = header_name(memory, name)?;
        let headers = self.handles_mut().get::<M>(message)?.message().headers();
        out.write_items(memory, headers.values(&name), cursor, cursor_out)
    }

    pub(super) fn set_header_values<M: MessageKind>(
        &mut self,
        memory: &GuestMemory<'_>,
        message: u32,
        name: GuestPtr<[u8]>,
        values: GuestPtr<[u8]>,
    ) -> Result<(), Error> {
        let name = header_name(memory, name)?;
        let bytes = read_bytes(memory, values)?;
        self.handles_mut().get::<M>(message)?;
        // Counted before the first is copied: a value may be no more than its NUL.
        let count = bytes.iter().filter(|byte| **byte == 0).count();
        self.check_bytes(
            bytes.len().saturating_add(count.saturating_mul(OVERHEAD_BYTES + name.as_str().len())),
        )?;
        // What follows the last NUL is no value.
        let values = bytes.split_inclusive(|byte| *byte == 0).filter_map(|value| value.strip_suffix(&[0]));
        let values = values.map(HeaderValue::from_bytes).collect::<Result<Vec<_>, _>>();
        let values = values.map_err(|_| Error::HeaderValue)?;
        self.handles_mut().get::<M>(message)?.message().headers_mut().set(&name, values)?;
        self.handles_mut().recount(message);
        Ok(())
    }

    pub(super) fn insert_header<M: MessageKind>(
        &mut self,
        memory: &GuestMemory<'_>,
        message: u32,
        name: GuestPtr<[u8]>,
        value: GuestPtr<[u8]>,
    ) -> Result<(), Error> {
        let (name, value) = self.new_header::<M>(memory, message, name, value)?;
        self.handles_mut().get::<M>(message)?.message().headers_mut().set(&name, [value])?;
        self.handles_mut().recount(message);
        Ok(())
    }

    pub(super) fn append_header<M: MessageKind>(
        &mut self,
        memory: &GuestMemory<'_>,
        message: u32,
        name: GuestPtr<[u8]>,
        value: GuestPtr<[u8]>,
    ) -> Result<(), Error> {
        let (name, value) = self.new_header::<M>(memory, message, name, value)?;
        self.handles_mut().get::<M>(message)?.message().headers_mut().append(&name, value)?;
        self.handles_mut().recount(message);
        Ok(())
    }

    pub(super) fn remove_header<M: MessageKind>(
        &mut self,
        memory: &GuestMemory<'_>,
        message: u32,
        name: GuestPtr<[u8]>,
    ) -> Result<(), Error> {
        let name = header_name(memory, name)?;
        let message_object = self.handles_mut().get::<M>(message)?.message();
        // Asked first: headers that are going to be changed are kept as they were.
        message_object.headers().first(&name).ok_or(Error::NoSuchHeader)?;
        message_object.headers_mut().remove(&name);
        self.handles_mut().recount(message);
        Ok(())
    }

    /// Reads a header that is going to be a message's, if there is room for it.
    fn new_header<M: MessageKind>(
        &mut self,
        memory: &GuestMemory<'_>,
        message: u32,
        name: GuestPtr<[u8]>,
        value: GuestPtr<[u8]>,
    ) -> Result<(HeaderName, HeaderValue), Error> {
        let name = header_name(memory, name)?;
        let value = read_bytes(memory, value)?;
        self.handles_mut().get::<M>(message)?;
        // Before the value is copied.
        self.check_bytes(name.as_str().len() + value.len() + OVERHEAD_BYTES)?;
        let value = HeaderValue::from_bytes(&value).map_err(|_| Error::HeaderValue)?;
        Ok((name, value))
    }
}

/// Reads the name of a header or trailer.
pub(super) fn header_name(memory: &GuestMemory<'_>, name: GuestPtr<[u8]>) -> Result<HeaderName, Error> {
    operations::header_name(&read_bytes(memory, name)?)
}
