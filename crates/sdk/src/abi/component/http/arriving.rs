//! The body of a request.

use wasip2::http::types::{FutureTrailers, IncomingBody};
use wasip2::io::streams::{InputStream, StreamError};

use super::super::Result;
use super::super::bindings::bodies::{self, Body, End};
use super::super::body::PIECE_BYTES;
use super::super::failure;
use super::super::wait::Waitable;
use crate::FastlyStatus;
use crate::error::Fault;

/// A body that comes as it is read. The stream goes before what it belongs to.
#[derive(Debug)]
pub(in super::super) struct Arriving {
    /// What comes before all that is still to come.
    front: Vec<u8>,
    /// `None` when it has ended.
    stream: Option<InputStream>,
    /// The body has broken off. The stream tells it once, and then that it has ended.
    is_broken: bool,
    /// `None` when its trailers have been asked for.
    body: Option<IncomingBody>,
    /// How many bytes are still to come, if the client has said so.
    left: Option<u64>,
    trailers: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Arriving {
    pub(super) fn new(body: IncomingBody, length: Option<u64>) -> std::result::Result<Self, ()> {
        let stream = Some(body.stream()?);
        let (front, trailers) = (Vec::new(), Vec::new());
        Ok(Self { front, stream, is_broken: false, body: Some(body), left: length, trailers })
    }

    /// Takes up to so many bytes; waits until there are some, and gives none at the end.
    pub(in super::super) fn read(&mut self, most: usize) -> Result<Vec<u8>> {
        if !self.front.is_empty() {
            let rest = self.front.split_off(self.front.len().min(most));
            return Ok(std::mem::replace(&mut self.front, rest));
        }
        if most == 0 {
            return Ok(Vec::new());
        }
        if self.is_broken {
            return Err(incomplete());
        }
        while let Some(stream) = &self.stream {
            match stream.blocking_read(u64::try_from(most).unwrap_or(u64::MAX)) {
                Ok(mut bytes) if !bytes.is_empty() => {
                    bytes.truncate(most);
                    let read = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                    self.left = self.left.map(|left| left.saturating_sub(read));
                    return Ok(bytes);
                }
                // A stream may be ready with nothing.
                Ok(_) => {}
                Err(StreamError::Closed) => self.stream = None,
                Err(StreamError::LastOperationFailed(_)) => {
                    self.is_broken = true;
                    self.left = None;
                    return Err(incomplete());
                }
            }
        }
        Ok(Vec::new())
    }

    /// Makes these bytes the next ones to be read.
    pub(in super::super) fn put_back(&mut self, bytes: &[u8]) {
        self.front.splice(..0, bytes.iter().copied());
    }

    pub(in super::super) fn known_length(&self) -> Option<u64> {
        let to_come = if self.stream.is_some() { self.left? } else { 0 };
        to_come.checked_add(u64::try_from(self.front.len()).ok()?)
    }

    /// The trailers, when all else has been read.
    pub(in super::super) fn trailers(&mut self) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        if self.is_broken && self.front.is_empty() {
            return Err(incomplete());
        }
        if self.known_length() == Some(0) {
            // The end has not been seen where the length was known; that takes no waiting for bytes.
            let more = self.read(1)?;
            self.put_back(&more);
        }
        if self.stream.is_some() || !self.front.is_empty() {
            return Err(bodies::Error::NotYet.into());
        }
        if let Some(body) = self.body.take() {
            let trailers = wait_for(&IncomingBody::finish(body));
            self.is_broken = trailers.is_err();
            self.trailers = trailers?;
        }
        Ok(self.trailers.clone())
    }

    pub(in super::super) fn waitable(&self) -> Option<Waitable> {
        let stream = self.stream.as_ref().filter(|_| self.front.is_empty() && !self.is_broken)?;
        Some(Waitable::new(stream.subscribe()))
    }

    /// Reads all of it into a body that the host keeps.
    pub(in super::super) fn gather(&mut self) -> Result<Body> {
        let kept = bodies::new_body()?;
        loop {
            let bytes = self.read(PIECE_BYTES)?;
            if bytes.is_empty() {
                break;
            }
            kept.write(&bytes, End::Back)?;
        }
        for (name, value) in self.trailers()? {
            kept.append_trailer(&name, &value)?;
        }
        Ok(kept)
    }
}

/// Less has come than there should be.
fn incomplete() -> Fault {
    failure::body(FastlyStatus::HTTPINCOMPLETE)
}

fn wait_for(trailers: &FutureTrailers) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    loop {
        match trailers.get() {
            Some(Ok(Ok(Some(trailers)))) => {
                let all = trailers.entries().into_iter();
                return Ok(all
                    .map(|(name, value)| (name.to_ascii_lowercase().into_bytes(), value))
                    .collect());
            }
            Some(Ok(Ok(None))) => return Ok(Vec::new()),
            Some(_) => return Err(incomplete()),
            None => trailers.subscribe().block(),
        }
    }
}
