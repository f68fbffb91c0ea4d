//! Trailers: name and value pairs that follow the bytes of a body.

use std::io;

use super::Body;
use crate::abi::HostBody;
use crate::error::Fault;

impl Body {
    /// Adds a trailer; values that the trailer has already stay.
    ///
    /// # Errors
    ///
    /// When the name or the value is not valid in HTTP, or the host has no trailers.
    pub fn append_trailer(&mut self, name: &str, value: impl AsRef<[u8]>) -> io::Result<()> {
        Ok(self.settle()?.trailer_append(name, value.as_ref())?)
    }

    /// The names of the trailers, each once.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] before the bytes of the body have been read to the end, and
    /// [`io::ErrorKind::InvalidData`] when a name is not UTF-8.
    pub fn trailer_names(&mut self) -> io::Result<Vec<String>> {
        let Some(host) = self.at_end()? else { return Ok(Vec::new()) };
        host.trailer_names()?
            .into_iter()
            .map(|name| {
                String::from_utf8(name).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
            })
            .collect()
    }

    /// The values of a trailer, in the order in which they were added; none when there is no such trailer.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] before the bytes of the body have been read to the end.
    pub fn trailer_values(&mut self, name: &str) -> io::Result<Vec<Vec<u8>>> {
        let Some(host) = self.at_end()? else { return Ok(Vec::new()) };
        Ok(host.trailer_values(name)?)
    }

    /// The host's side, if there is one, when the guest has no bytes left that come before its trailers. Whether the host
    /// has any, it says itself.
    fn at_end(&mut self) -> Result<Option<&mut HostBody>, Fault> {
        if self.host.is_some() {
            self.flush_back()?;
        }
        match self.local_length() {
            0 => Ok(self.host.as_mut()),
            bytes => Err(Fault::Unread { bytes }),
        }
    }
}
