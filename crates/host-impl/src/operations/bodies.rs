//! Bodies: reading, writing, trailers, and how they end.

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};

use crate::body::Body;
use crate::ctx::KvCtx;
use crate::handles::{Kind, Object};
use crate::headers::OVERHEAD_BYTES;
use crate::status::Error;
use crate::streaming::StreamingBody;
use crate::trailers::Trailers;

/// Longest header name in bytes, inclusive; longer ones are `inval` rather than malformed.
const MAX_HEADER_NAME_BYTES: usize = 65_535;

/// The name of a header or trailer.
pub(crate) fn header_name(name: &[u8]) -> Result<HeaderName, Error> {
    if name.len() > MAX_HEADER_NAME_BYTES {
        return Err(Error::HeaderNameTooLong(name.len()));
    }
    HeaderName::from_bytes(name).map_err(|_| Error::HeaderName)
}

/// Bytes that are written to a body.
pub(crate) enum Written<'a> {
    /// Which are copied.
    Borrowed(&'a [u8]),
    /// Which need not be.
    #[cfg(feature = "component")]
    Owned(Bytes),
}

impl AsRef<[u8]> for Written<'_> {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            #[cfg(feature = "component")]
            Self::Owned(bytes) => bytes,
        }
    }
}

/// A body that has been taken out.
enum AnyBody {
    Readable,
    Streaming(StreamingBody),
}

impl KvCtx {
    /// An empty body.
    pub(crate) fn new_body(&mut self) -> Result<u32, Error> {
        self.handles_mut().insert(Object::Body(Body::new()))
    }

    /// Takes bytes from the front of a body, `max` at most: waits for the first, and takes what is there without waiting after that.
    /// `each` gets them piece by piece.
    pub(crate) async fn read_body(
        &mut self,
        body: u32,
        max: usize,
        each: impl FnMut(Bytes) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let read = read_pieces(self.handles_mut().get(body)?, max, each).await;
        self.handles_mut().recount(body);
        read
    }

    /// Adds bytes to a body. Waits for a receiver that takes too little, or for writes of the instance, as long as there is no room.
    pub(crate) async fn write_body(
        &mut self,
        body: u32,
        bytes: Written<'_>,
        to_front: bool,
    ) -> Result<(), Error> {
        match self.handles_mut().object(body) {
            Some(Object::Body(_)) => {}
            Some(Object::StreamingBody(body)) if !to_front => return Ok(body.write(bytes.as_ref()).await?),
            // A streaming body has sent its front already, so for that it is as good as no body.
            _ => return Err(Error::Handle { handle: body, wanted: Body::NAME }),
        }
        let needed = self.handles_mut().get::<Body>(body)?.memory_for(bytes.as_ref().len(), to_front);
        self.make_room(needed).await?;
        let room = self.room();
        let written = self.handles_mut().get::<Body>(body)?;
        match (bytes, to_front) {
            (Written::Borrowed(bytes), true) => written.write_front(bytes),
            (Written::Borrowed(bytes), false) => written.write_back(bytes, room),
            #[cfg(feature = "component")]
            (Written::Owned(bytes), true) => written.push_front(bytes),
            #[cfg(feature = "component")]
            (Written::Owned(bytes), false) => written.push_back(bytes, room),
        }
        self.handles_mut().recount(body);
        Ok(())
    }

    /// Moves all of a body behind another one. `source` is gone in any case.
    pub(crate) async fn append_body(&mut self, body: u32, source: u32) -> Result<(), Error> {
        // The source is gone before the destination is looked for: a body cannot be appended to itself.
        let mut source = self.handles_mut().take::<Body>(source)?;
        let appended = match self.handles_mut().object(body) {
            Some(Object::Body(body)) => body.append(source).map_err(Error::from),
            Some(Object::StreamingBody(body)) => append_to_stream(body, &mut source).await,
            _ => return Err(Error::Handle { handle: body, wanted: Body::NAME }),
        };
        self.handles_mut().recount(body);
        appended
    }

    /// Bytes that are left in a body, if that is known.
    pub(crate) fn known_length_of(&mut self, body: u32) -> Result<Option<u64>, Error> {
        match self.handles_mut().object(body) {
            Some(Object::Body(body)) => Ok(body.known_length()),
            Some(Object::StreamingBody(_)) => Ok(None),
            _ => Err(Error::Handle { handle: body, wanted: Body::NAME }),
        }
    }

    /// Adds a trailer.
    pub(crate) fn append_trailer(&mut self, body: u32, name: &HeaderName, value: &[u8]) -> Result<(), Error> {
        // Before the value is copied.
        self.check_bytes(name.as_str().len() + value.len() + OVERHEAD_BYTES)?;
        let value = HeaderValue::from_bytes(value).map_err(|_| Error::HeaderValue)?;
        let trailers = match self.handles_mut().object(body) {
            Some(Object::Body(body)) => body.trailers_mut(),
            Some(Object::StreamingBody(body)) => body.trailers_mut(),
            _ => return Err(Error::Handle { handle: body, wanted: Body::NAME }),
        };
        trailers.append(name, value)?;
        self.handles_mut().recount(body);
        Ok(())
    }

    /// The trailers of a body, if they may be read by now.
    pub(crate) fn trailers_of(&mut self, body: u32) -> Result<&Trailers, Error> {
        match self.handles_mut().object(body) {
            Some(Object::Body(body)) => {
                if body.is_at_end() {
                    return Ok(body.trailers());
                }
                // Where a stream broke off there never will be any: "not yet" would have the guest ask for ever.
                Err(body.broken().map_or(Error::TrailersNotReady, Error::Body))
            }
            Some(Object::StreamingBody(_)) => Err(Error::StreamingBody),
            _ => Err(Error::Handle { handle: body, wanted: Body::NAME }),
        }
    }

    /// Ends a body properly, if it is on its way to a receiver; any other is given up.
    pub(crate) fn close_body(&mut self, body: u32) -> Result<(), Error> {
        match self.take_body(body)? {
            AnyBody::Readable => {}
            AnyBody::Streaming(body) => body.close(),
        }
        Ok(())
    }

    /// Gives a body up. One that is on its way to a receiver is cut off, as dropping it tells its reader that it is not complete.
    pub(crate) fn abandon_body(&mut self, body: u32) -> Result<(), Error> {
        self.take_body(body).map(drop)
    }

    fn take_body(&mut self, body: u32) -> Result<AnyBody, Error> {
        match self.handles_mut().object(body) {
            Some(Object::StreamingBody(_)) => self.handles_mut().take(body).map(AnyBody::Streaming),
            _ => self.handles_mut().take::<Body>(body).map(|_| AnyBody::Readable),
        }
    }
}

async fn read_pieces(
    body: &mut Body,
    max: usize,
    mut each: impl FnMut(Bytes) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut left = max;
    let mut bytes = body.next_bytes(left).await?;
    loop {
        left -= bytes.len();
        each(bytes)?;
        match body.ready_bytes(left) {
            Some(more) if !more.is_empty() => bytes = more,
            _ => return Ok(()),
        }
    }
}

/// Sends all of a body, and takes its trailers over. A stream that ends for its reader as if it were complete, though a part of it is
/// missing, would be a lie: where it goes wrong after a part was sent, the stream cannot be ended properly any more.
async fn append_to_stream(body: &mut StreamingBody, source: &mut Body) -> Result<(), Error> {
    // Those that are known already are refused, if they have to be, before anything is sent.
    body.trailers_mut().append_all(source.take_trailers())?;
    let mut appended = body.send_all(source).await.map_err(Error::from);
    if appended.is_ok() {
        appended = body.trailers_mut().append_all(source.take_trailers()).map_err(Error::from);
    }
    if appended.is_err() {
        body.cut_off();
    }
    appended
}
