//! Bodies that a guest reads: values, messages, and what it writes itself.

use std::collections::VecDeque;
use std::error::Error as StdError;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use thiserror::Error;

/// A body in host memory: pieces of bytes and, between or behind them, streams that bring more, then trailers.
///
/// A value that comes from a store is in it as it is, without a copy; the only copy is into the buffer that the guest
/// names. The same the other way: what a guest writes in one go becomes the value that the store keeps.
#[derive(Debug, Default)]
pub struct Body {
    pieces: VecDeque<Piece>,
    /// What has been written to the back and not been read. In one buffer, so that a thousand small writes are not
    /// a thousand pieces.
    tail: BytesMut,
    trailers: HeaderMap,
    /// Bytes in `pieces`, `tail` and `trailers`.
    bytes: usize,
}

#[derive(Debug)]
enum Piece {
    Bytes(Bytes),
    Stream(UnsyncBoxBody<Bytes, BoxError>),
    /// Where a stream broke off. Nothing behind it is ever read.
    Break(BodyError),
}

type BoxError = Box<dyn StdError + Send + Sync>;

/// What the host spends on a piece beside its bytes; counted, so that many tiny pieces are not free.
const PIECE_OVERHEAD_BYTES: usize = 64;

/// Why a body cannot be read or sent any further.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The stream behind the body broke off.
    #[error("the body ended before it was complete: {0}")]
    Incomplete(#[source] Arc<dyn StdError + Send + Sync>),
    /// Nobody takes what is sent any more.
    #[error("the receiver of the body is gone")]
    ReceiverGone,
}

/// What reading all of a body came to.
#[derive(Debug)]
pub(crate) enum Collected {
    /// All of it.
    All(Bytes),
    /// It is longer than was allowed: at least this many bytes.
    TooLong(u64),
}

impl Body {
    /// An empty body.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A body that brings what `stream` brings, as it comes, trailers included. Errors of the stream end the body:
    /// the guest sees `httpincomplete`.
    pub fn from_stream<B>(stream: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let stream = stream.map_err(Into::into).boxed_unsync();
        Self { pieces: VecDeque::from([Piece::Stream(stream)]), ..Self::default() }
    }

    /// The trailers that are known by now. Those of a stream are, once it has been read to its end.
    #[must_use]
    pub const fn trailers(&self) -> &HeaderMap {
        &self.trailers
    }

    /// The trailers, taken out.
    pub(crate) fn into_trailers(self) -> HeaderMap {
        self.trailers
    }

    /// Bytes that are still to be read, or `None` while a stream does not say how many it brings.
    #[must_use]
    pub fn known_length(&self) -> Option<u64> {
        let pieces = self.pieces.iter().map(|piece| match piece {
            Piece::Bytes(bytes) => Some(bytes.len() as u64),
            Piece::Stream(stream) => stream.size_hint().exact(),
            Piece::Break(_) => None,
        });
        pieces.sum::<Option<u64>>()?.checked_add(self.tail.len() as u64)
    }

    /// Whether everything has been read.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.pieces.is_empty() && self.tail.is_empty()
    }

    /// Bytes of host memory that the body takes up.
    pub(crate) fn held_bytes(&self) -> usize {
        self.bytes + self.pieces.len() * PIECE_OVERHEAD_BYTES
    }

    /// Adds bytes behind all that is there.
    pub(crate) fn write_back(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
        self.bytes += bytes.len();
    }

    /// Adds bytes before all that is there.
    pub(crate) fn write_front(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.pieces.push_front(Piece::Bytes(Bytes::copy_from_slice(bytes)));
            self.bytes += bytes.len();
        }
    }

    /// Moves all of `other` behind what is there, without copying.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.settle_tail();
        other.settle_tail();
        self.pieces.append(&mut other.pieces);
        self.bytes += other.bytes;
        merge_trailers(&mut self.trailers, other.trailers);
    }

    /// Adds a trailer.
    pub(crate) fn append_trailer(&mut self, name: http::HeaderName, value: http::HeaderValue) -> bool {
        let bytes = name.as_str().len() + value.len() + PIECE_OVERHEAD_BYTES;
        let added = self.trailers.try_append(name, value).is_ok();
        if added {
            self.bytes += bytes;
        }
        added
    }

    fn settle_tail(&mut self) {
        if !self.tail.is_empty() {
            self.pieces.push_back(Piece::Bytes(self.tail.split().freeze()));
        }
    }

    /// Takes up to `max` bytes from the front. Waits for a stream to bring some; empty only at the end, or when
    /// `max` is 0.
    pub(crate) async fn next_bytes(&mut self, max: usize) -> Result<Bytes, BodyError> {
        loop {
            if let Some(bytes) = self.ready_bytes(max) {
                return Ok(bytes);
            }
            match self.pieces.front_mut() {
                Some(Piece::Stream(stream)) => {
                    let frame = stream.frame().await;
                    self.accept(frame);
                }
                Some(Piece::Break(error)) => return Err(error.clone()),
                Some(Piece::Bytes(_)) | None => return Ok(Bytes::new()),
            }
        }
    }

    /// Takes up to `max` bytes from the front if that needs no waiting.
    pub(crate) fn ready_bytes(&mut self, max: usize) -> Option<Bytes> {
        if max == 0 {
            return Some(Bytes::new());
        }
        let bytes = match self.pieces.front_mut() {
            Some(Piece::Bytes(bytes)) if bytes.len() > max => bytes.split_to(max),
            Some(Piece::Bytes(_)) => match self.pieces.pop_front() {
                Some(Piece::Bytes(bytes)) => bytes,
                _ => return None,
            },
            Some(Piece::Stream(_) | Piece::Break(_)) => return None,
            None if self.tail.is_empty() => return None,
            None => self.tail.split_to(max.min(self.tail.len())).freeze(),
        };
        self.bytes -= bytes.len();
        Some(bytes)
    }

    /// Takes in what the stream at the front has brought.
    fn accept(&mut self, frame: Option<Result<Frame<Bytes>, BoxError>>) {
        match frame {
            None => {
                self.pieces.pop_front();
            }
            Some(Err(error)) => {
                if let Some(front) = self.pieces.front_mut() {
                    *front = Piece::Break(BodyError::Incomplete(error.into()));
                }
            }
            Some(Ok(frame)) => match frame.into_data() {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => {
                    self.bytes += bytes.len();
                    self.pieces.push_front(Piece::Bytes(bytes));
                }
                Err(frame) => {
                    if let Ok(trailers) = frame.into_trailers() {
                        self.bytes += trailers_bytes(&trailers);
                        merge_trailers(&mut self.trailers, trailers);
                    }
                }
            },
        }
    }

    /// Reads all of it, unless that is more than `max` bytes. Bytes that are in one piece stay so.
    pub(crate) async fn collect(mut self, max: u64) -> Result<Collected, BodyError> {
        if let Some(length) = self.known_length()
            && length > max
        {
            return Ok(Collected::TooLong(length));
        }
        let first = self.next_bytes(usize::MAX).await?;
        if self.is_at_end() {
            return Ok(too_long(first.len(), max).unwrap_or(Collected::All(first)));
        }
        let capacity = self.known_length().and_then(|more| usize::try_from(more).ok()).unwrap_or(0);
        let mut whole = BytesMut::with_capacity(first.len() + capacity);
        whole.extend_from_slice(&first);
        loop {
            if let Some(too_long) = too_long(whole.len(), max) {
                return Ok(too_long);
            }
            let next = self.next_bytes(usize::MAX).await?;
            if next.is_empty() {
                return Ok(Collected::All(whole.freeze()));
            }
            whole.extend_from_slice(&next);
        }
    }
}

fn too_long(bytes: usize, max: u64) -> Option<Collected> {
    let bytes = bytes as u64;
    (bytes > max).then_some(Collected::TooLong(bytes))
}

pub(crate) fn merge_trailers(into: &mut HeaderMap, from: HeaderMap) {
    let mut last = None;
    for (name, value) in from {
        last = name.or(last);
        if let Some(name) = &last {
            // A map that is full takes no more; its limit is far beyond what a message may have.
            let _ = into.try_append(name, value);
        }
    }
}

fn trailers_bytes(trailers: &HeaderMap) -> usize {
    trailers.iter().map(|(name, value)| name.as_str().len() + value.len() + PIECE_OVERHEAD_BYTES).sum()
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        let mut body = Self::default();
        if !bytes.is_empty() {
            body.bytes = bytes.len();
            body.pieces.push_back(Piece::Bytes(bytes));
        }
        body
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http_body_util::{Full, StreamBody};

    use super::*;

    fn read(body: &mut Body, max: usize) -> Result<Vec<u8>, BodyError> {
        pollster::block_on(body.next_bytes(max)).map(|bytes| bytes.to_vec())
    }

    fn collect(body: Body, max: u64) -> Collected {
        pollster::block_on(body.collect(max)).unwrap()
    }

    #[test]
    fn bytes_come_out_in_order_whichever_end_they_were_written_to() {
        let mut body = Body::from(b"middle ".to_vec());
        body.write_back(b"back");
        body.write_front(b"front ");
        let mut other = Body::from(b" other".to_vec());
        other.write_back(b" end");
        body.append(other);
        body.write_back(b"!");
        assert_eq!(body.known_length(), Some(28));
        let Collected::All(all) = collect(body, 28) else { panic!("too long") };
        assert_eq!(all, "front middle back other end!");
    }

    #[test]
    fn reading_in_steps_gives_everything_once_and_frees_what_was_read() {
        let mut body = Body::from(b"abc".to_vec());
        body.write_back(b"defg");
        let mut all = Vec::new();
        while !body.is_at_end() {
            all.extend(read(&mut body, 2).unwrap());
        }
        assert_eq!(all, b"abcdefg");
        assert_eq!((read(&mut body, 2).unwrap(), body.held_bytes()), (vec![], 0));
    }

    #[test]
    fn a_value_is_not_copied_on_its_way_through_a_body() {
        let value = Bytes::from(vec![7; 1000]);
        let Collected::All(out) = collect(Body::from(value.clone()), 1000) else { panic!("too long") };
        assert_eq!(out.as_ptr(), value.as_ptr());
    }

    #[test]
    fn a_stream_is_read_as_it_comes_and_brings_its_trailers() {
        let mut trailers = HeaderMap::new();
        trailers.append("a", "1".parse().unwrap());
        trailers.append("a", "2".parse().unwrap());
        let frames: [Result<_, std::io::Error>; 3] = [
            Ok(Frame::data(Bytes::from("one "))),
            Ok(Frame::data(Bytes::from("two"))),
            Ok(Frame::trailers(trailers)),
        ];
        let mut body = Body::from_stream(StreamBody::new(stream::iter(frames)));
        assert_eq!(body.known_length(), None);
        assert_eq!(read(&mut body, 100).unwrap(), b"one ");
        assert_eq!(read(&mut body, 2).unwrap(), b"tw");
        assert_eq!(read(&mut body, 100).unwrap(), b"o");
        assert!(!body.is_at_end(), "the stream has not said that it is over");
        assert_eq!(read(&mut body, 100).unwrap(), b"");
        assert!(body.is_at_end());
        assert_eq!(body.trailers().get_all("a").iter().collect::<Vec<_>>(), ["1", "2"]);
    }

    #[test]
    fn a_stream_that_breaks_off_is_an_error_after_what_it_brought_and_stays_one() {
        let frames = [Ok(Frame::data(Bytes::from("one"))), Err(std::io::Error::other("cut"))];
        let mut body = Body::from_stream(StreamBody::new(stream::iter(frames)));
        body.write_back(b"never read");
        assert_eq!(read(&mut body, 100).unwrap(), b"one");
        assert!(matches!(read(&mut body, 100), Err(BodyError::Incomplete(_))));
        assert!(matches!(read(&mut body, 100), Err(BodyError::Incomplete(_))));
    }

    #[test]
    fn collecting_stops_at_the_limit_whether_the_length_is_known_or_not() {
        assert!(matches!(collect(Body::from(vec![0; 11]), 10), Collected::TooLong(11)));
        assert!(matches!(collect(Body::from_stream(Full::from("0123456789a")), 10), Collected::TooLong(11)));
        let endless = std::iter::repeat_with(|| Ok::<_, std::io::Error>(Frame::data(Bytes::from("0123"))));
        let body = Body::from_stream(StreamBody::new(stream::iter(endless)));
        assert!(matches!(collect(body, 10), Collected::TooLong(12)));
    }

    #[test]
    fn many_small_writes_do_not_cost_a_piece_each() {
        let mut body = Body::new();
        (0..10_000).for_each(|_| body.write_back(b"x"));
        assert_eq!(body.held_bytes(), 10_000);
        let mut body = Body::new();
        (0..100).for_each(|_| body.write_front(b"x"));
        assert_eq!(body.held_bytes(), 100 * (1 + PIECE_OVERHEAD_BYTES), "at the front they do, and are charged");
    }
}
