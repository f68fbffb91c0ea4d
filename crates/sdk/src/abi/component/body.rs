//! Bodies: those that the host keeps, and, in programs that answer requests, those that come from a client or go to one.

use edgekv_sys::BodyWriteEnd;

use super::bindings::bodies::{self, Body, End};
#[cfg(has_http)]
use super::http::{Arriving, Leaving};
use super::wait::Waitable;
use super::{Result, reserve};

/// The most bytes that are moved at once from one body to another, or behind others.
pub(super) const PIECE_BYTES: usize = 64 * 1024;

/// What a write takes and a response is sent with: bytes go to the host in the call that needs them.
#[derive(Debug)]
pub(crate) enum Value {
    /// Bytes in the program's memory.
    Guest(Vec<u8>),
    Host(HostBody),
}

impl From<HostBody> for Value {
    fn from(body: HostBody) -> Self {
        Self::Host(body)
    }
}

/// Bytes as a value.
#[allow(clippy::unnecessary_wraps, reason = "other hosts take bytes by a call that can fail")]
pub(crate) fn value(bytes: Vec<u8>) -> Result<Value> {
    Ok(Value::Guest(bytes))
}

/// A body at the host. Given up when dropped.
#[derive(Debug)]
pub(crate) struct HostBody(pub(super) Kind);

#[derive(Debug)]
pub(super) enum Kind {
    /// One that the host keeps.
    Kept(Body),
    /// That of a request.
    #[cfg(has_http)]
    Arriving(Arriving),
    /// That of a response, which is sent while it is written.
    #[cfg(has_http)]
    Leaving(Leaving),
}

impl HostBody {
    pub(super) fn kept(body: Body) -> Self {
        Self(Kind::Kept(body))
    }

    /// Makes an empty body.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self::kept(bodies::new_body()?))
    }

    /// Moves the bytes and trailers of another body behind those of this one.
    pub(crate) fn append(&mut self, other: Self) -> Result<()> {
        #[cfg(has_http)]
        if let Kind::Leaving(leaving) = &mut self.0 {
            return leaving.append(other);
        }
        let other = other.into_kept()?;
        Ok(self.settle()?.append(other)?)
    }

    /// Fills the buffer with as much as there is; 0 is the end.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let bytes = self.take(buffer.len())?;
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }

    /// Reads behind what `bytes` holds, at most `most` bytes; 0 is the end. They come in memory of their own: so that they are not
    /// held twice, what has something before it comes in pieces.
    pub(crate) fn read_behind(&mut self, bytes: &mut Vec<u8>, most: usize) -> Result<usize> {
        if bytes.is_empty() {
            *bytes = Vec::new();
            if most > PIECE_BYTES {
                // Without the memory for so much, the call would end the program.
                reserve(&mut Vec::new(), most)?;
            }
            *bytes = self.take(most)?;
            return Ok(bytes.len());
        }
        reserve(bytes, most)?;
        let more = self.take(most.min(PIECE_BYTES))?;
        bytes.extend_from_slice(&more);
        Ok(more.len())
    }

    /// Takes up to so many bytes from the front, in one call; none is the end.
    pub(super) fn take(&mut self, most: usize) -> Result<Vec<u8>> {
        match &mut self.0 {
            Kind::Kept(body) => {
                let mut bytes = body.read(u32::try_from(most).unwrap_or(u32::MAX))?;
                // What a host gives beyond that would have nowhere to go.
                bytes.truncate(most);
                Ok(bytes)
            }
            #[cfg(has_http)]
            Kind::Arriving(arriving) => arriving.read(most),
            #[cfg(has_http)]
            Kind::Leaving(_) => Err(bodies::Error::WriteOnly.into()),
        }
    }

    /// Writes all bytes at one end.
    pub(crate) fn write(&mut self, bytes: &[u8], end: BodyWriteEnd) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        match &mut self.0 {
            #[cfg(has_http)]
            Kind::Arriving(arriving) if end == BodyWriteEnd::FRONT => {
                arriving.put_back(bytes);
                Ok(())
            }
            #[cfg(has_http)]
            Kind::Leaving(leaving) if end == BodyWriteEnd::BACK => leaving.write(bytes),
            _ => {
                let end = if end == BodyWriteEnd::FRONT { End::Front } else { End::Back };
                Ok(self.settle()?.write(bytes, end)?)
            }
        }
    }

    /// How many bytes are left; `None` when the host does not know.
    pub(crate) fn known_length(&mut self) -> Result<Option<u64>> {
        match &self.0 {
            Kind::Kept(body) => Ok(body.known_length()),
            #[cfg(has_http)]
            Kind::Arriving(arriving) => Ok(arriving.known_length()),
            #[cfg(has_http)]
            Kind::Leaving(_) => Err(bodies::Error::WriteOnly.into()),
        }
    }

    /// Adds a trailer.
    pub(crate) fn trailer_append(&mut self, name: &str, value: &[u8]) -> Result<()> {
        #[cfg(has_http)]
        if let Kind::Leaving(leaving) = &mut self.0 {
            return leaving.append_trailer(name, value);
        }
        Ok(self.settle()?.append_trailer(name.as_bytes(), value)?)
    }

    /// The names of the trailers, each once.
    pub(crate) fn trailer_names(&mut self) -> Result<Vec<Vec<u8>>> {
        let mut names: Vec<Vec<u8>> = Vec::new();
        for (name, _) in self.trailers()? {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// The values of a trailer.
    pub(crate) fn trailer_values(&mut self, name: &str) -> Result<Vec<Vec<u8>>> {
        let mut all = self.trailers()?;
        all.retain(|(other, _)| other.eq_ignore_ascii_case(name.as_bytes()));
        Ok(all.into_iter().map(|(_, value)| value).collect())
    }

    /// All trailers, when the body has been read to its end.
    pub(super) fn trailers(&mut self) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        match &mut self.0 {
            Kind::Kept(body) => Ok(body.trailers()?),
            #[cfg(has_http)]
            Kind::Arriving(arriving) => arriving.trailers(),
            #[cfg(has_http)]
            Kind::Leaving(_) => Err(bodies::Error::WriteOnly.into()),
        }
    }

    /// Ends the body; one that is being sent is complete then.
    #[cfg(has_http)]
    pub(crate) fn close(self) -> Result<()> {
        match self.0 {
            #[cfg(has_http)]
            Kind::Leaving(leaving) => leaving.finish(),
            _ => Ok(()),
        }
    }

    /// Gives the body up; one that is being sent ends as cut off.
    #[cfg(has_http)]
    pub(crate) fn abandon(self) {
        drop(self);
    }

    /// What says when the next call on the body does not wait; `None` when that is so now.
    pub(crate) fn waitable(&self) -> Option<Waitable> {
        match &self.0 {
            Kind::Kept(body) => body.subscribe().map(Waitable::new),
            #[cfg(has_http)]
            Kind::Arriving(arriving) => arriving.waitable(),
            #[cfg(has_http)]
            Kind::Leaving(leaving) => leaving.waitable(),
        }
    }

    /// The body as one that the host keeps. That of a request is read to its end for it.
    pub(super) fn into_kept(mut self) -> Result<Body> {
        self.settle()?;
        match self.0 {
            Kind::Kept(body) => Ok(body),
            #[cfg(has_http)]
            Kind::Arriving(_) | Kind::Leaving(_) => Err(bodies::Error::WriteOnly.into()),
        }
    }

    /// Makes this a body that the host keeps.
    fn settle(&mut self) -> Result<&mut Body> {
        #[cfg(has_http)]
        if let Kind::Arriving(arriving) = &mut self.0 {
            let body = arriving.gather()?;
            self.0 = Kind::Kept(body);
        }
        match &mut self.0 {
            Kind::Kept(body) => Ok(body),
            #[cfg(has_http)]
            Kind::Arriving(_) | Kind::Leaving(_) => Err(bodies::Error::WriteOnly.into()),
        }
    }
}
