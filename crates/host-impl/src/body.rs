//! Bodies that a guest reads: values, messages, and what it writes itself.

use std::collections::VecDeque;
use std::error::Error as StdError;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use thiserror::Error;

use crate::headers::TooManyHeaders;
use crate::stream::Stream;
use crate::trailers::Trailers;

/// A body in host memory: pieces of bytes and, between or behind them, streams that bring more, then trailers.
///
/// A value that comes from a store is in it as it is, without a copy; the only copy is into the buffer that the guest
/// names. The same the other way: what a guest writes in one go becomes the value that the store keeps.
///
/// It is an [`http_body::Body`] as well, so that an HTTP server sends it as it is: piece by piece without a copy, then
/// the trailers. Where a stream in it broke off, that ends with [`BodyError::Incomplete`].
#[derive(Debug, Default)]
pub struct Body {
    pieces: VecDeque<Piece>,
    /// What has been written to the back since the last read. In one buffer, so that a thousand small writes are not
    /// a thousand pieces.
    tail: Vec<u8>,
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
    Stream(Stream),
    /// Where a stream broke off. Nothing behind it is ever read.
    Break(BodyError),
}

pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

/// What the host spends on a piece beside its bytes; counted, so that many tiny pieces are not free.
const PIECE_OVERHEAD_BYTES: usize = 64;

/// What is written in one go, and is a piece of its own rather than a part of a buffer that is copied as it grows: so many bytes.
#[cfg(feature = "component")]
const MIN_PIECE_BYTES: usize = 4 * 1024;

/// Most frames without bytes that are taken from a stream before others get the thread: a client can send them for ever.
const MAX_EMPTY_FRAMES_AT_ONCE: usize = 64;

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
        Self { pieces: VecDeque::from([Piece::Stream(stream.into())]), ..Self::default() }
    }

    /// The trailers that are known by now. Those of a stream are, once it has been read to its end.
    pub(crate) const fn trailers(&self) -> &Trailers {
        &self.trailers
    }

    /// The trailers that are known by now, taken out.
    pub(crate) fn take_trailers(&mut self) -> Trailers {
        std::mem::take(&mut self.trailers)
    }

    /// The bytes at the front that are one piece of memory, and that memory in bytes.
    pub(crate) fn front(&self) -> (usize, usize) {
        match self.pieces.front() {
            Some(Piece::Bytes { bytes, memory }) => (bytes.len(), *memory),
            _ => (0, 0),
        }
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

    /// Memory that writing `bytes` bytes takes at least, beside what is there already.
    pub(crate) const fn memory_for(&self, bytes: usize, to_front: bool) -> usize {
        if to_front {
            return bytes.saturating_add(PIECE_OVERHEAD_BYTES);
        }
        bytes.saturating_sub(self.tail.capacity() - self.tail.len())
    }

    /// Adds bytes behind all that is there. Takes memory for those that come later as well, if that is within `room`.
    pub(crate) fn write_back(&mut self, bytes: &[u8], room: usize) {
        let growth = self.memory_for(bytes.len(), false);
        if growth > 0 {
            // Twice the memory each time, so that many small writes copy little; but not beyond what the host may keep.
            if growth.max(self.tail.capacity()) <= room {
                self.tail.reserve(bytes.len());
            } else {
                self.tail.reserve_exact(bytes.len());
            }
        }
        self.tail.extend_from_slice(bytes);
    }

    /// Adds bytes before all that is there.
    pub(crate) fn write_front(&mut self, bytes: &[u8]) {
        self.push_front(Bytes::copy_from_slice(bytes));
    }

    /// Adds bytes behind all that is there, as they are if they are many.
    #[cfg(feature = "component")]
    pub(crate) fn push_back(&mut self, bytes: Bytes, room: usize) {
        if bytes.len() < MIN_PIECE_BYTES {
            return self.write_back(&bytes, room);
        }
        self.settle_tail();
        let memory = bytes.len();
        self.piece_bytes += memory;
        self.pieces.push_back(Piece::Bytes { bytes, memory });
    }

    /// Adds bytes before all that is there, as they are.
    pub(crate) fn push_front(&mut self, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        let memory = bytes.len();
        self.piece_bytes += memory;
        self.pieces.push_front(Piece::Bytes { bytes, memory });
    }

    /// Moves all of `other` behind what is there, without copying; or nothing.
    pub(crate) fn append(&mut self, mut other: Self) -> Result<(), TooManyHeaders> {
        self.trailers.append_all(std::mem::take(&mut other.trailers))?;
        self.settle_tail();
        other.settle_tail();
        self.pieces.append(&mut other.pieces);
        self.piece_bytes += other.piece_bytes;
        Ok(())
    }

    pub(crate) const fn trailers_mut(&mut self) -> &mut Trailers {
        &mut self.trailers
    }

    /// Makes what was written a piece, with all the memory that it has.
    fn settle_tail(&mut self) {
        if !self.tail.is_empty() {
            let memory = self.tail.capacity();
            let bytes = Bytes::from(std::mem::take(&mut self.tail));
            self.piece_bytes += memory;
            self.pieces.push_back(Piece::Bytes { bytes, memory });
        }
    }

    /// Takes up to `max` bytes from the front. Waits for a stream to bring some; empty only at the end, or when
    /// `max` is 0.
    pub(crate) async fn next_bytes(&mut self, max: usize) -> Result<Bytes, BodyError> {
        std::future::poll_fn(|cx| self.poll_bytes(max, cx)).await
    }

    fn poll_bytes(&mut self, max: usize, cx: &mut Context<'_>) -> Poll<Result<Bytes, BodyError>> {
        if max > 0 {
            ready!(self.poll_ready(cx));
        }
        Poll::Ready(match (self.ready_bytes(max), self.broken()) {
            (None, Some(error)) => Err(error),
            (bytes, _) => Ok(bytes.unwrap_or_default()),
        })
    }

    /// Ready when a read needs no waiting: there are bytes, or there is the end, or the place where a stream broke off.
    ///
    /// What a stream brings meanwhile stays in the body: whoever polls counts anew what it holds.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..=MAX_EMPTY_FRAMES_AT_ONCE {
            if self.pieces.is_empty() {
                self.settle_tail();
            }
            let Some(Piece::Stream(stream)) = self.pieces.front_mut() else { return Poll::Ready(()) };
            let frame = ready!(Pin::new(stream).poll_frame(cx));
            self.accept(frame);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// What tells others that a read needs no waiting any more: `None` unless it needs some now.
    #[cfg(feature = "component")]
    pub(crate) fn share(&mut self) -> Option<std::sync::Weak<dyn crate::awaited::Awaited>> {
        match self.pieces.front_mut() {
            Some(Piece::Stream(stream)) => Some(stream.share()),
            _ => None,
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
    fn accept(&mut self, frame: Option<Result<Frame<Bytes>, BoxError>>) {
        let ended = matches!(self.pieces.front(), Some(Piece::Stream(stream)) if stream.is_end_stream());
        if ended || !matches!(frame, Some(Ok(_))) {
            self.pieces.pop_front();
        }
        match frame {
            None => {}
            Some(Err(error)) => self.break_off(error.into()),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(bytes) => self.push_front(bytes),
                Err(frame) => {
                    if let Ok(trailers) = frame.into_trailers()
                        // Whoever sends more trailers than a map can hold does not send a message.
                        && let Err(error) = self.trailers.append_all(trailers.into())
                    {
                        self.break_off(Arc::new(error));
                    }
                }
            },
        }
    }

    fn break_off(&mut self, error: Arc<dyn StdError + Send + Sync>) {
        self.pieces.push_front(Piece::Break(BodyError::Incomplete(error)));
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
            let copied = is_wasteful(first.len(), memory).then(|| Bytes::copy_from_slice(&first));
            return Ok(Collected::All(copied.unwrap_or(first)));
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

/// Whether to keep this many bytes is to keep much memory besides.
pub(crate) const fn is_wasteful(bytes: usize, memory: usize) -> bool {
    memory > bytes + bytes / 4
}

fn too_long(bytes: u64, max: u64) -> Option<Collected> {
    (bytes > max).then_some(Collected::TooLong(bytes))
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Poll::Ready(match ready!(self.poll_bytes(usize::MAX, cx)) {
            Ok(bytes) if !bytes.is_empty() => Some(Ok(Frame::data(bytes))),
            Ok(_) => {
                let trailers = std::mem::take(&mut self.trailers).into_map();
                (!trailers.is_empty()).then(|| Ok(Frame::trailers(trailers)))
            }
            Err(error) => {
                // A message ends with its first error.
                *self = Self::default();
                Some(Err(error))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.is_at_end() && self.trailers.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.known_length().map(SizeHint::with_exact).unwrap_or_default()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        let mut body = Self::default();
        body.push_front(bytes);
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

    /// Memory that a write may take.
    const ROOM: usize = 1 << 20;

    fn read(body: &mut Body, max: usize) -> Result<Vec<u8>, BodyError> {
        pollster::block_on(body.next_bytes(max)).map(|bytes| bytes.to_vec())
    }

    fn collect(body: Body, max: u64) -> Collected {
        pollster::block_on(body.collect(max)).unwrap()
    }

    #[test]
    fn bytes_come_out_in_order_whichever_end_they_were_written_to() {
        let mut body = Body::from(b"middle ".to_vec());
        body.write_back(b"back", ROOM);
        body.write_front(b"front ");
        let mut other = Body::from(b" other".to_vec());
        other.write_back(b" end", ROOM);
        body.append(other).unwrap();
        body.write_back(b"!", ROOM);
        assert_eq!(body.known_length(), Some(28));
        let Collected::All(all) = collect(body, 28) else { panic!("too long") };
        assert_eq!(all, "front middle back other end!");
    }

    #[test]
    fn reading_in_steps_gives_everything_once_and_frees_what_was_read() {
        let mut body = Body::from(b"abc".to_vec());
        body.write_back(b"defg", ROOM);
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
        body.write_back(b"never read", ROOM);
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
                body.write_back(&[1; 1000], ROOM);
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

    /// A stream that brings what is sent into it.
    fn fed() -> (futures_channel::mpsc::UnboundedSender<Result<Frame<Bytes>, std::io::Error>>, Body) {
        let (feed, frames) = futures_channel::mpsc::unbounded();
        (feed, Body::from_stream(StreamBody::new(frames)))
    }

    fn poll_ready(body: &mut Body) -> Poll<()> {
        body.poll_ready(&mut Context::from_waker(std::task::Waker::noop()))
    }

    fn next_frame(body: &mut Body) -> Option<Result<Frame<Bytes>, BodyError>> {
        pollster::block_on(body.frame())
    }

    #[test]
    fn a_body_is_ready_when_there_are_bytes_or_the_end_or_a_break() {
        assert_eq!(poll_ready(&mut Body::new()), Poll::Ready(()), "the end is there");
        assert_eq!(poll_ready(&mut Body::from(b"bytes".to_vec())), Poll::Ready(()));
        let mut written = Body::new();
        written.write_back(b"bytes", ROOM);
        assert_eq!(poll_ready(&mut written), Poll::Ready(()));

        let (feed, mut body) = fed();
        assert_eq!(poll_ready(&mut body), Poll::Pending);
        feed.unbounded_send(Ok(Frame::data(Bytes::new()))).unwrap();
        assert_eq!(poll_ready(&mut body), Poll::Pending, "no bytes are none");
        feed.unbounded_send(Ok(Frame::data(Bytes::from("abc")))).unwrap();
        assert_eq!(poll_ready(&mut body), Poll::Ready(()));
        assert!(body.held_bytes() >= 3, "what came is in the body");
        assert_eq!(poll_ready(&mut body), Poll::Ready(()), "and stays, however often one asks");
        assert_eq!(read(&mut body, 100).unwrap(), b"abc");
        assert_eq!(poll_ready(&mut body), Poll::Pending);
        feed.unbounded_send(Err(std::io::Error::other("cut"))).unwrap();
        assert_eq!(poll_ready(&mut body), Poll::Ready(()));
        assert!(matches!(read(&mut body, 100), Err(BodyError::Incomplete(_))));

        let (feed, mut body) = fed();
        drop(feed);
        assert_eq!(poll_ready(&mut body), Poll::Ready(()));
        assert_eq!(read(&mut body, 100).unwrap(), b"");
    }

    #[test]
    fn a_stream_without_bytes_and_without_end_does_not_keep_the_thread() {
        let empty = || Ok::<_, std::io::Error>(Frame::data(Bytes::new()));
        let endless = std::iter::repeat_with(empty);
        let mut body = Body::from_stream(StreamBody::new(stream::iter(endless)));
        assert_eq!(poll_ready(&mut body), Poll::Pending);
        let bytes_at_last =
            std::iter::repeat_with(empty).take(1_000).chain([Ok(Frame::data(Bytes::from("x")))]);
        let mut body = Body::from_stream(StreamBody::new(stream::iter(bytes_at_last)));
        assert_eq!(read(&mut body, 100).unwrap(), b"x", "who waits is woken for the rest");
    }

    #[test]
    fn a_body_is_sent_piece_by_piece_without_a_copy_and_its_trailers_last() {
        let value = Bytes::from(vec![7; 1000]);
        let mut body = Body::from(value.clone());
        body.write_back(b"end", ROOM);
        body.trailers_mut()
            .append(&http::HeaderName::from_static("a"), http::HeaderValue::from_static("1"))
            .unwrap();
        assert_eq!(HttpBody::size_hint(&body).exact(), Some(1003));
        let first = next_frame(&mut body).unwrap().unwrap().into_data().unwrap();
        assert_eq!((first.as_ptr(), first.len()), (value.as_ptr(), 1000));
        assert_eq!(HttpBody::size_hint(&body).exact(), Some(3));
        assert_eq!(next_frame(&mut body).unwrap().unwrap().into_data().unwrap(), "end");
        assert!(!body.is_end_stream(), "the trailers are to come");
        let trailers = next_frame(&mut body).unwrap().unwrap().into_trailers().unwrap();
        assert_eq!(trailers["a"], "1");
        assert!(body.is_end_stream());
        assert!(next_frame(&mut body).is_none());
        assert!(Body::new().is_end_stream());
    }

    #[test]
    fn what_is_written_goes_before_a_stream_that_is_sent_and_its_break_ends_both() {
        let (feed, stream) = fed();
        let mut body = Body::from(b"head".to_vec());
        body.append(stream).unwrap();
        assert_eq!(HttpBody::size_hint(&body).exact(), None);
        feed.unbounded_send(Ok(Frame::data(Bytes::from("tail")))).unwrap();
        feed.unbounded_send(Err(std::io::Error::other("cut"))).unwrap();
        assert_eq!(next_frame(&mut body).unwrap().unwrap().into_data().unwrap(), "head");
        assert_eq!(next_frame(&mut body).unwrap().unwrap().into_data().unwrap(), "tail");
        assert!(matches!(next_frame(&mut body), Some(Err(BodyError::Incomplete(_)))));
        assert!(next_frame(&mut body).is_none(), "a message ends with its first error");
    }

    #[test]
    fn a_buffer_doubles_only_while_the_host_may_keep_as_much() {
        let mut body = Body::new();
        body.write_back(&[1; 1000], 0);
        assert_eq!((body.memory_for(10, false), body.held_bytes()), (10, 1000));
        body.write_back(&[1; 10], 989);
        assert_eq!(body.held_bytes(), 1010, "twice as much would be one too many");
        body.write_back(&[1; 10], 1010);
        assert_eq!((body.held_bytes(), body.memory_for(1000, false)), (2020, 0));
        body.write_back(&[1; 1000], 0);
        assert_eq!((body.held_bytes(), body.memory_for(1, false)), (2020, 1));
    }

    #[test]
    fn an_append_that_is_refused_moves_nothing() {
        let with_trailers = |letter: char| {
            let mut body = Body::from(vec![1; 1000]);
            for n in 0..crate::headers::MAX_NAMES {
                let name = format!("{letter}{n}").parse().unwrap();
                body.trailers_mut().append(&name, http::HeaderValue::from_static("1")).unwrap();
            }
            body
        };
        let mut body = with_trailers('a');
        let held = body.held_bytes();
        assert!(body.append(with_trailers('b')).is_err());
        assert_eq!((body.held_bytes(), body.known_length()), (held, Some(1000)));
    }

    #[test]
    fn many_small_writes_do_not_cost_a_piece_each() {
        let mut body = Body::new();
        (0..10_000).for_each(|_| body.write_back(b"x", ROOM));
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
