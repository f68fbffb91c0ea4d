//! The body of a response.

use wasip2::http::types::{Fields, HeaderError, OutgoingBody};
use wasip2::io::streams::OutputStream;

use super::super::body::PIECE_BYTES;
use super::super::failure;
use super::super::wait::Waitable;
use super::super::{HostBody, Result};
use crate::FastlyStatus;
use crate::error::Fault;

/// A body that is sent as it is written. Dropped before its end, it is cut off. The stream goes before what it belongs to.
#[derive(Debug)]
pub(in super::super) struct Leaving {
    stream: OutputStream,
    body: OutgoingBody,
    trailers: Option<Fields>,
}

impl Leaving {
    pub(super) fn new(body: OutgoingBody) -> std::result::Result<Self, ()> {
        Ok(Self { stream: body.write()?, body, trailers: None })
    }

    /// Sends these bytes. Waits while the client takes no more.
    pub(in super::super) fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let room = self.stream.check_write().map_err(gone)?;
            let room = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
            if room == 0 {
                self.stream.subscribe().block();
                continue;
            }
            let (now, later) = bytes.split_at(room);
            self.stream.write(now).map_err(gone)?;
            bytes = later;
        }
        // The client shall have it now, not when there is more.
        self.stream.flush().map_err(gone)
    }

    /// Sends what is left of another body, and its trailers with those of this one.
    pub(in super::super) fn append(&mut self, mut other: HostBody) -> Result<()> {
        loop {
            let piece = other.take(PIECE_BYTES)?;
            if piece.is_empty() {
                break;
            }
            self.write(&piece)?;
        }
        for (name, value) in other.trailers()? {
            self.append_trailer(&String::from_utf8_lossy(&name), &value)?;
        }
        Ok(())
    }

    pub(in super::super) fn append_trailer(&mut self, name: &str, value: &[u8]) -> Result<()> {
        match self.trailers.get_or_insert_with(Fields::new).append(name, value) {
            Ok(()) => Ok(()),
            Err(HeaderError::InvalidSyntax | HeaderError::Forbidden | HeaderError::Immutable) => {
                Err(failure::body(FastlyStatus::ERROR))
            }
        }
    }

    pub(in super::super) fn waitable(&self) -> Option<Waitable> {
        match self.stream.check_write() {
            Ok(0) => Some(Waitable::new(self.stream.subscribe())),
            Ok(_) | Err(_) => None,
        }
    }

    /// Ends the body: it is complete.
    pub(in super::super) fn finish(self) -> Result<()> {
        let Self { stream, body, trailers } = self;
        drop(stream);
        OutgoingBody::finish(body, trailers).map_err(gone)
    }
}

/// Nobody takes more; why does not matter to who writes.
fn gone<E>(_: E) -> Fault {
    failure::body(FastlyStatus::ERROR)
}
