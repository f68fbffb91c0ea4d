//! The bytes of a value, on their way to or from the host.
//!
//! A body begins in the guest's memory and moves to the host when it has to: when it is inserted, or when it grows
//! beyond [`SPILL_BYTES`]. So making a body cannot fail, a small value costs the host calls of its insert and no more,
//! and a large one does not fill the guest's memory.

mod prefix;
mod trailers;

use std::fmt;
use std::future::poll_fn;
use std::io::{self, BufRead, Read, Write};

use edgekv_sys::BodyWriteEnd;

use crate::abi::{self, HostBody, Value};
use crate::error::Fault;
use crate::future::Turn;

pub use self::prefix::{Prefix, PrefixString};

/// How many bytes one read ahead takes, and how many written ones wait for more, before a host call moves them.
const BUFFER_BYTES: usize = 8 * 1024;

/// The most bytes of one piece that is awaited.
const CHUNK_BYTES: usize = 64 * 1024;

/// When a body in the guest's memory has more bytes than this, they go to the host.
const SPILL_BYTES: usize = 64 * 1024;

/// How much memory a length claimed by the host is worth before its bytes have come: more than the largest value that
/// stores accept by default (25 MB), so such a value is read with one allocation.
const TRUSTED_BYTES: usize = 32 * 1024 * 1024;

/// A value: bytes that can be read, written and appended, and that a store takes or gives.
///
/// Reading takes bytes from the front, writing adds them at the end; both are buffered. A body that came from a store
/// reads from the host as it goes, so a large value need not fit into the guest's memory; the host's side is freed when
/// the body is dropped.
///
/// ```
/// use std::io::{Read, Write};
/// use edgekv::Body;
///
/// let mut body = Body::from("one, ");
/// write!(body, "two, {}", 3)?;
/// let mut start = [0; 5];
/// body.read_exact(&mut start)?;
/// assert_eq!(&start, b"one, ");
/// assert_eq!(body.into_string(), "two, 3");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Default)]
pub struct Body {
    /// What comes first: bytes that were read ahead, or that never left the guest.
    front: Vec<u8>,
    /// How many bytes of `front` have been read.
    taken: usize,
    /// What the host has.
    host: Option<HostBody>,
    /// What comes last: written, and not yet with the host.
    back: Vec<u8>,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("bytes_in_guest", &self.local_length())
            .field("at_host", &self.host.is_some())
            .finish()
    }
}

impl Body {
    /// An empty body.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the whole body.
    ///
    /// # Panics
    ///
    /// When the host fails to deliver the bytes, or there is no memory for them; [`Body::try_into_bytes`] reports that
    /// as an error.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.try_into_bytes().unwrap_or_else(|error| panic!("body cannot be read: {error}"))
    }

    /// Reads the whole body.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::UnexpectedEof`] when the host has only part of the bytes, [`io::ErrorKind::OutOfMemory`] when
    /// the guest has no memory for them, and others with the [`FastlyStatus`](crate::FastlyStatus) as their cause.
    pub fn try_into_bytes(self) -> io::Result<Vec<u8>> {
        Ok(self.collect()?)
    }

    /// Reads the whole body as text.
    ///
    /// # Panics
    ///
    /// When the bytes are not UTF-8, and in the cases of [`Body::into_bytes`]; [`Body::try_into_string`] reports both as
    /// errors.
    #[must_use]
    pub fn into_string(self) -> String {
        self.try_into_string().unwrap_or_else(|error| panic!("body cannot be read as text: {error}"))
    }

    /// Reads the whole body as text.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidData`] when the bytes are not UTF-8, and those of [`Body::try_into_bytes`].
    pub fn try_into_string(self) -> io::Result<String> {
        String::from_utf8(self.try_into_bytes()?)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// Moves the bytes and trailers of another body to the end of this one. Bytes that the host has, stay there.
    ///
    /// # Panics
    ///
    /// When the host refuses; [`Body::try_append`] reports that as an error.
    pub fn append(&mut self, other: Body) {
        self.try_append(other).unwrap_or_else(|error| panic!("body cannot be appended to: {error}"));
    }

    /// Moves the bytes and trailers of another body to the end of this one. Bytes that the host has, stay there.
    ///
    /// # Errors
    ///
    /// When the host refuses; the other body is lost then.
    pub fn try_append(&mut self, other: Body) -> io::Result<()> {
        if self.host.is_none() && self.local_length() == 0 {
            *self = other;
            return Ok(());
        }
        if other.host.is_none() {
            self.write_all(other.unread())?;
            return self.write_all(&other.back);
        }
        let other = other.into_host()?;
        Ok(self.settle()?.append(other)?)
    }

    /// Reads the body in pieces of at most `chunk_size` bytes. Ends at the end of the body, after an error, and at once
    /// when `chunk_size` is 0.
    ///
    /// ```
    /// let mut body = edgekv::Body::from("abcdefgh");
    /// let chunks: Vec<Vec<u8>> = body.read_chunks(3).collect::<Result<_, _>>()?;
    /// assert_eq!(chunks, [&b"abc"[..], b"def", b"gh"]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn read_chunks(&mut self, chunk_size: usize) -> impl Iterator<Item = io::Result<Vec<u8>>> + '_ {
        let mut ended = false;
        std::iter::from_fn(move || {
            if ended {
                return None;
            }
            let mut chunk = Vec::new();
            let read = self.read_some(&mut chunk, chunk_size);
            ended = !matches!(read, Ok(1..));
            match read {
                Ok(0) => None,
                Ok(_) => Some(Ok(chunk)),
                Err(fault) => Some(Err(fault.into())),
            }
        })
    }

    /// The next bytes, as many as are there; `None` at the end. While the host has none, the program's other futures go
    /// on ([`future`](crate::future)).
    ///
    /// ```
    /// # use edgekv::{Body, future};
    /// let mut body = Body::from("abc");
    /// let chunk = future::block_on(body.next_chunk())?;
    /// assert_eq!(chunk.as_deref(), Some(&b"abc"[..]));
    /// assert_eq!(future::block_on(body.next_chunk())?, None);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Body::try_into_bytes`].
    pub async fn next_chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        self.turn();
        if self.unread().is_empty()
            && let Some(host) = &mut self.host
        {
            give(host, &mut self.back)?;
            let mut turn = Turn::default();
            poll_fn(|context| turn.poll(|| host.waitable(), context)).await;
        }
        let mut chunk = Vec::new();
        let read = self.read_some(&mut chunk, CHUNK_BYTES)?;
        // There was room for the most that can come; a program that keeps many small chunks shall not keep that.
        if chunk.len() < chunk.capacity() / 2 {
            chunk.shrink_to_fit();
        }
        Ok((read > 0).then_some(chunk))
    }

    /// How many bytes are left to be read; `None` when the host does not know, or cannot tell.
    pub fn known_length(&mut self) -> Option<u64> {
        let at_host = match &mut self.host {
            Some(host) => host.known_length().ok().flatten()?,
            None => 0,
        };
        at_host.checked_add(u64::try_from(self.local_length()).ok()?)
    }

    /// Hands the whole body to the host.
    pub(crate) fn into_host(mut self) -> Result<HostBody, Fault> {
        let mut host = match self.host.take() {
            Some(mut host) => {
                host.write(self.unread(), BodyWriteEnd::FRONT)?;
                host
            }
            None => {
                let mut host = HostBody::new()?;
                host.write(self.unread(), BodyWriteEnd::BACK)?;
                host
            }
        };
        host.write(&self.back, BodyWriteEnd::BACK)?;
        Ok(host)
    }

    /// The whole body, as what a write or a response takes.
    pub(crate) fn into_value(self) -> Result<Value, Fault> {
        match self.host {
            Some(_) => Ok(self.into_host()?.into()),
            None => abi::value(self.collect()?),
        }
    }

    /// The host's side of a body that is being sent, with all that has been written.
    #[cfg(has_http)]
    pub(crate) fn sent(&mut self) -> Result<Option<HostBody>, Fault> {
        self.flush_back()?;
        Ok(self.host.take())
    }

    /// Waits until the host has room for more.
    #[cfg(has_http)]
    pub(crate) async fn room(&mut self) -> Result<(), Fault> {
        self.flush_back()?;
        if let Some(host) = &self.host {
            let mut turn = Turn::default();
            poll_fn(|context| turn.poll(|| host.waitable(), context)).await;
        }
        Ok(())
    }

    /// Gives up what the host has.
    #[cfg(has_http)]
    pub(crate) fn abandon(&mut self) {
        if let Some(host) = self.host.take() {
            host.abandon();
        }
    }

    /// Reads all that is left: for a value from a store, one call for its length and one for its bytes.
    pub(crate) fn collect(mut self) -> Result<Vec<u8>, Fault> {
        if self.host.is_none() && self.unread().is_empty() {
            return Ok(self.back);
        }
        let mut bytes = std::mem::take(&mut self.front);
        bytes.drain(..std::mem::take(&mut self.taken));
        self.read_rest(&mut bytes)?;
        Ok(bytes)
    }

    /// Moves all that is left to the end of `bytes`.
    fn read_rest(&mut self, bytes: &mut Vec<u8>) -> Result<(), Fault> {
        bytes.extend_from_slice(self.unread());
        self.taken = self.front.len();
        let Some(host) = &mut self.host else {
            bytes.append(&mut self.back);
            return Ok(());
        };
        give(host, &mut self.back)?;
        // A length that does not fit a `usize` cannot be read at all; running out of memory will say so.
        let mut left = host.known_length()?.map(|left| usize::try_from(left).unwrap_or(usize::MAX));
        while left != Some(0) {
            let most = match (left, bytes.capacity() - bytes.len()) {
                (Some(left), 0) => left.min(TRUSTED_BYTES),
                // As much again: the more there is, the more seldom it moves.
                (None, 0) => bytes.len().max(BUFFER_BYTES),
                (left, room) => left.unwrap_or(usize::MAX).min(room),
            };
            let read = host.read_behind(bytes, most)?;
            if read == 0 {
                break;
            }
            left = left.map(|left| left.saturating_sub(read));
        }
        Ok(())
    }

    /// Reads up to `most` bytes to the end of `bytes`, from one source; 0 is the end.
    fn read_some(&mut self, bytes: &mut Vec<u8>, most: usize) -> Result<usize, Fault> {
        self.turn();
        let unread = self.unread();
        if !unread.is_empty() {
            let read = unread.len().min(most);
            bytes.extend_from_slice(&unread[..read]);
            self.taken += read;
            return Ok(read);
        }
        let Some(host) = &mut self.host else { return Ok(0) };
        give(host, &mut self.back)?;
        host.read_behind(bytes, most)
    }

    /// Without a host, what was written last is what is read next.
    fn turn(&mut self) {
        if self.unread().is_empty() && self.host.is_none() {
            std::mem::swap(&mut self.front, &mut self.back);
            self.back.clear();
            self.taken = 0;
        }
    }

    fn unread(&self) -> &[u8] {
        &self.front[self.taken..]
    }

    fn local_length(&self) -> usize {
        self.unread().len() + self.back.len()
    }

    /// The host's side, made if need be, with all that has been written. What was read ahead stays in the guest.
    fn settle(&mut self) -> Result<&mut HostBody, Fault> {
        let host = match self.host.take() {
            Some(host) => host,
            None => self.spill()?,
        };
        let host = self.host.insert(host);
        give(host, &mut self.back)?;
        Ok(host)
    }

    /// Gives the bytes of a body that is in the guest's memory to a new one at the host. They stay when that fails.
    fn spill(&mut self) -> Result<HostBody, Fault> {
        let mut host = HostBody::new()?;
        host.write(self.unread(), BodyWriteEnd::BACK)?;
        host.write(&self.back, BodyWriteEnd::BACK)?;
        self.front = Vec::new();
        self.taken = 0;
        self.back = Vec::new();
        Ok(host)
    }

    /// Gives the host, if there is one, what waits for more.
    fn flush_back(&mut self) -> Result<(), Fault> {
        match &mut self.host {
            Some(host) => give(host, &mut self.back),
            None => Ok(()),
        }
    }

    /// Reads ahead when nothing is left to be read in the guest's memory.
    fn refill(&mut self) -> Result<(), Fault> {
        self.turn();
        if let Some(host) = &mut self.host
            && self.taken == self.front.len()
        {
            give(host, &mut self.back)?;
            self.front.clear();
            self.taken = 0;
            host.read_behind(&mut self.front, BUFFER_BYTES)?;
        }
        Ok(())
    }
}

impl Read for Body {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.turn();
        if let Some(host) = &mut self.host
            && self.taken == self.front.len()
            && buf.len() >= BUFFER_BYTES
        {
            give(host, &mut self.back)?;
            return Ok(host.read(buf)?);
        }
        if buf.is_empty() {
            return Ok(0);
        }
        self.refill()?;
        let unread = self.unread();
        let read = unread.len().min(buf.len());
        buf[..read].copy_from_slice(&unread[..read]);
        self.taken += read;
        Ok(read)
    }

    fn read_to_end(&mut self, buf: &mut Vec<u8>) -> io::Result<usize> {
        let before = buf.len();
        self.turn();
        self.read_rest(buf)?;
        Ok(buf.len() - before)
    }
}

impl BufRead for Body {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.refill()?;
        Ok(self.unread())
    }

    fn consume(&mut self, amount: usize) {
        self.taken = self.taken.saturating_add(amount).min(self.front.len());
    }
}

impl Write for Body {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match &mut self.host {
            None => {
                self.back.extend_from_slice(buf);
                if self.local_length() > SPILL_BYTES {
                    // A refusal is reported when the host's help is needed; until then the body goes on in memory.
                    self.host = self.spill().ok();
                }
            }
            Some(host) => {
                if self.back.len() + buf.len() > BUFFER_BYTES {
                    give(host, &mut self.back)?;
                }
                if buf.len() < BUFFER_BYTES {
                    self.back.extend_from_slice(buf);
                } else {
                    host.write(buf, BodyWriteEnd::BACK)?;
                }
            }
        }
        Ok(buf.len())
    }

    /// Gives the host what waits for more; a body that is in the guest's memory stays there.
    fn flush(&mut self) -> io::Result<()> {
        Ok(self.flush_back()?)
    }
}

/// An empty body.
impl From<()> for Body {
    fn from((): ()) -> Self {
        Self::new()
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self { front: bytes, ..Self::default() }
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<&[u8]> for Body {
    fn from(bytes: &[u8]) -> Self {
        if bytes.len() > SPILL_BYTES
            && let Ok(mut host) = HostBody::new()
            && host.write(bytes, BodyWriteEnd::BACK).is_ok()
        {
            return host.into();
        }
        bytes.to_vec().into()
    }
}

impl From<&str> for Body {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

impl From<HostBody> for Body {
    fn from(host: HostBody) -> Self {
        Self { host: Some(host), ..Self::default() }
    }
}

/// Writes bytes that waited for more.
fn give(host: &mut HostBody, back: &mut Vec<u8>) -> Result<(), Fault> {
    host.write(back, BodyWriteEnd::BACK)?;
    back.clear();
    Ok(())
}

#[cfg(test)]
mod tests;
