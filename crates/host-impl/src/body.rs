//! Bodies that a guest reads: values, messages, and what it writes itself.

use std::collections::VecDeque;
use std::error::Error as StdError;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use thiserror::Error;

use crate::headers::TooManyHeaders;
use crate::trailers::Trailers;

/// A body in host memory: pieces of bytes and, between or behind them, streams that bring more, then trailers.
///
/// A value that comes from a store is in it as it is, without a copy; the only copy is into the buffer that the guest
/// names. The same the other way: what a guest writes in one go becomes the value that the store keeps.
#[derive(Debug, Default)]
pub struct Body {
    pieces: VecDeque<Piece>,
    /// What has been written to the back since the last read. In one buffer, so that a thousand small writes are not
    /// a thousand pieces.
    tail: BytesMut,
    trailers: Trailers,
    /// Memory behind `pieces`.
    piece_bytes: usize,
}

#[derive(Debug)]
enum Piece {
    Bytes {
        /// What is left of it.
        bytes: Bytes,
        /// The memory that it keeps alive: all that it was once a part of, until the last byte is read.
        memory: usize,
    },
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
    pub(crate) const fn trailers(&self) -> &Trailers {
        &self.trailers
    }

    /// The trailers, taken out.
    pub(crate) fn into_trailers(self) -> Trailers {
        self.trailers
    }

    /// Bytes that are still to be read, or `None` while a stream does not say how many it brings.
    #[must_use]
    pub fn known_length(&self) -> Option<u64> {
        let lengths = self.pieces.iter().map(|piece| match piece {
            Piece::Bytes { bytes, .. } => Some(bytes.len() as u64),
            // What a stream says of itself is a claim: it may be anything up to the largest number.
            Piece::Stream(stream) => stream.size_hint().exact(),
            Piece::Break(_) => None,
        });
        let mut known = self.tail.len() as u64;
        for length in lengths {
            known = known.checked_add(length?)?;
        }
        Some(known)
    }

    /// Whether everything has been read.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.pieces.is_empty() && self.tail.is_empty()
    }

    /// The error that ends the body here, if that is where it is.
    pub(crate) fn broken(&self) -> Option<BodyError> {
        match self.pieces.front() {
            Some(Piece::Break(error)) => Some(error.clone()),
            _ => None,
        }
    }

    /// Bytes of host memory that the body takes up.
    pub(crate) fn held_bytes(&self) -> usize {
        let overhead = self.pieces.len() * PIECE_OVERHEAD_BYTES;
        self.piece_bytes + self.tail.capacity() + self.trailers.held_bytes() + overhead
    }

    /// Adds bytes behind all that is there.
    pub(crate) fn write_back(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
    }

    /// Adds bytes before all that is there.
    pub(crate) fn write_front(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.push_front(Bytes::copy_from_slice(bytes));
        }
    }

    fn push_front(&mut self, bytes: Bytes) {
        let memory = bytes.len();
        self.piece_bytes += memory;
        self.pieces.push_front(Piece::Bytes { bytes, memory });
    }

    /// Moves all of `other` behind what is there, without copying.
    pub(crate) fn append(&mut self, mut other: Self) -> Result<(), TooManyHeaders> {
        self.settle_tail();
        other.settle_tail();
        self.pieces.append(&mut other.pieces);
        self.piece_bytes += other.piece_bytes;
        self.trailers.append_all(other.trailers)
    }

    pub(crate) const fn trailers_mut(&mut self) -> &mut Trailers {
        &mut self.trailers
    }

    /// Makes what was written a piece, with all the memory that it has.
    fn settle_tail(&mut self) {
        if !self.tail.is_empty() {
            let memory = self.tail.capacity();
            let bytes = std::mem::take(&mut self.tail).freeze();
            self.piece_bytes += memory;
            self.pieces.push_back(Piece::Bytes { bytes, memory });
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
                    self.accept(frame)?;
                }
                Some(Piece::Break(error)) => return Err(error.clone()),
                Some(Piece::Bytes { .. }) | None => return Ok(Bytes::new()),
            }
        }
    }

    /// Takes up to `max` bytes from the front if that needs no waiting.
    pub(crate) fn ready_bytes(&mut self, max: usize) -> Option<Bytes> {
        if max == 0 {
            return Some(Bytes::new());
        }
        if self.pieces.is_empty() {
            self.settle_tail();
        }
        match self.pieces.front_mut()? {
            Piece::Bytes { bytes, .. } if bytes.len() > max => Some(bytes.split_to(max)),
            Piece::Bytes { .. } => self.pop_bytes().map(|(bytes, _)| bytes),
            Piece::Stream(_) | Piece::Break(_) => None,
        }
    }

    /// Takes the piece at the front, if it is bytes, with the memory that it keeps alive.
    fn pop_bytes(&mut self) -> Option<(Bytes, usize)> {
        match self.pieces.pop_front()? {
            Piece::Bytes { bytes, memory } => {
                self.piece_bytes -= memory;
                Some((bytes, memory))
            }
            other => {
                self.pieces.push_front(other);
                None
            }
        }
    }

    /// Takes in what the stream at the front has brought.
    fn accept(&mut self, frame: Option<Result<Frame<Bytes>, BoxError>>) -> Result<(), BodyError> {
        let ended = matches!(self.pieces.front(), Some(Piece::Stream(stream)) if stream.is_end_stream());
        if ended || frame.is_none() {
            self.pieces.pop_front();
        }
        match frame {
            None => {}
            Some(Err(error)) => {
                if !ended {
                    self.pieces.pop_front();
                }
                self.pieces.push_front(Piece::Break(BodyError::Incomplete(error.into())));
            }
            Some(Ok(frame)) => match frame.into_data() {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => self.push_front(bytes),
                Err(frame) => {
                    if let Ok(trailers) = frame.into_trailers() {
                        // Whoever sends more trailers than a map can hold does not send a message.
                        let added = self.trailers.append_all(trailers.into());
                        added.map_err(|error| BodyError::Incomplete(Arc::new(error)))?;
                    }
                }
            },
        }
        Ok(())
    }

    /// Reads all of it, unless that is more than `max` bytes. Bytes that are in one piece stay so, if they are most of
    /// the memory that they keep alive: what is collected here may live for long.
    pub(crate) async fn collect(mut self, max: u64) -> Result<Collected, BodyError> {
        if let Some(too_long) = self.known_length().and_then(|length| too_long(length, max)) {
            return Ok(too_long);
        }
        let (first, memory) = self.first_piece().await?;
        if let Some(too_long) = too_long(first.len() as u64, max) {
            return Ok(too_long);
        }
        if self.is_at_end() {
            let wasteful = memory > first.len() + first.len() / 4;
            return Ok(Collected::All(if wasteful { Bytes::copy_from_slice(&first) } else { first }));
        }
        // More than is allowed is never reserved, whatever a stream says of itself.
        let room = max - first.len() as u64;
        let more = usize::try_from(self.known_length().unwrap_or(0).min(room)).unwrap_or(0);
        let mut whole = Vec::with_capacity(first.len() + more);
        whole.extend_from_slice(&first);
        loop {
            let next = self.next_bytes(usize::MAX).await?;
            if next.is_empty() {
                whole.shrink_to_fit();
                return Ok(Collected::All(whole.into()));
            }
            whole.extend_from_slice(&next);
            if let Some(too_long) = too_long(whole.len() as u64, max) {
                return Ok(too_long);
            }
        }
    }

    /// All of the first bytes that there are, with the memory that they keep alive.
    async fn first_piece(&mut self) -> Result<(Bytes, usize), BodyError> {
        if self.pieces.is_empty() {
            self.settle_tail();
        }
        if let Some(first) = self.pop_bytes() {
            return Ok(first);
        }
        let bytes = self.next_bytes(usize::MAX).await?;
        let memory = bytes.len();
        Ok((bytes, memory))
    }
}

fn too_long(bytes: u64, max: u64) -> Option<Collected> {
    (bytes > max).then_some(Collected::TooLong(bytes))
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        let mut body = Self::default();
        if !bytes.is_empty() {
            body.push_front(bytes);
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
        body.append(other).unwrap();
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
        let mut trailers = http::HeaderMap::new();
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
        let name = http::HeaderName::from_static("a");
        assert_eq!(body.trailers().values(&name).collect::<Vec<_>>(), [b"1", b"2"]);
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
    fn what_a_part_keeps_alive_is_counted_until_its_last_byte_is_read() {
        for mut body in [Body::from(vec![1; 1000]), Body::default()] {
            if body.is_at_end() {
                body.write_back(&[1; 1000]);
            }
            read(&mut body, 999).unwrap();
            assert!(body.held_bytes() >= 1000, "{}", body.held_bytes());
            read(&mut body, 999).unwrap();
            assert_eq!(body.held_bytes(), 0);
        }
    }

    #[test]
    fn the_rest_of_something_large_is_copied_out_of_it() {
        let large = Bytes::from(vec![1; 1000]);
        let start = large.as_ptr() as usize;
        let mut body = Body::from(large);
        read(&mut body, 999).unwrap();
        let Collected::All(rest) = collect(body, 1000) else { panic!("too long") };
        assert_eq!(rest, [1_u8][..]);
        assert!(!(start..start + 1000).contains(&(rest.as_ptr() as usize)));
    }

    #[test]
    fn what_streams_claim_of_their_length_reserves_nothing_and_overflows_nothing() {
        struct Claims(u64);
        impl HttpBody for Claims {
            type Data = Bytes;
            type Error = std::io::Error;
            fn poll_frame(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
                std::task::Poll::Ready(None)
            }
            fn size_hint(&self) -> http_body::SizeHint {
                http_body::SizeHint::with_exact(self.0)
            }
        }
        let unknown = || Body::from_stream(StreamBody::new(stream::empty::<Result<_, std::io::Error>>()));
        for claim in [1 << 40, u64::MAX] {
            let mut body = unknown();
            body.append(Body::from_stream(Claims(claim))).unwrap();
            assert!(matches!(collect(body, 10), Collected::All(nothing) if nothing.is_empty()));
        }
        let mut body = Body::from_stream(Claims(u64::MAX));
        body.append(Body::from_stream(Claims(1))).unwrap();
        assert_eq!(body.known_length(), None);
    }

    #[test]
    fn a_stream_that_says_that_it_is_over_needs_no_further_read() {
        let mut body = Body::from_stream(Full::from("data"));
        assert_eq!(read(&mut body, 100).unwrap(), b"data");
        assert!(body.is_at_end());
    }

    #[test]
    fn many_small_writes_do_not_cost_a_piece_each() {
        let mut body = Body::new();
        (0..10_000).for_each(|_| body.write_back(b"x"));
        assert!((10_000..20_000).contains(&body.held_bytes()), "{}", body.held_bytes());
        let mut body = Body::new();
        (0..100).for_each(|_| body.write_front(b"x"));
        assert_eq!(
            body.held_bytes(),
            100 * (1 + PIECE_OVERHEAD_BYTES),
            "at the front they do, and are charged"
        );
    }
}
