//! Bodies that a guest writes while somebody else reads them.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::Frame;

use crate::body::{Body, BodyError, is_wasteful};
use crate::trailers::Trailers;

/// Bytes that may be under way before a writer has to wait for the reader.
const MAX_BYTES_UNDER_WAY: usize = 512 * 1024;

/// Largest piece that is sent at once, in bytes. So there are never more under way than [`MAX_BYTES_UNDER_WAY`] and one such piece.
const MAX_PIECE_BYTES: usize = 64 * 1024;

/// Largest piece that is copied to join it with others, in bytes: below it, what a piece costs beside its bytes would count.
const MAX_JOINED_BYTES: usize = 4 * 1024;

/// The end of a streaming body that the guest holds: it can be written to, closed, or abandoned.
#[derive(Debug)]
pub(crate) struct StreamingBody {
    pipe: Pipe,
    trailers: Trailers,
    /// Whether what is written goes nowhere, and that is right.
    is_discarded: bool,
    /// Whether a part of it is missing, so that there is no proper end.
    is_cut_off: bool,
}

/// The end of a streaming body that is read: an [`http_body::Body`], so an HTTP server can send it as it is.
///
/// What was written in small pieces while nobody read comes in one. It ends with [`BodyError::Incomplete`] when the guest
/// abandons the body, or ends without closing it.
#[derive(Debug)]
pub struct BodyReceiver {
    /// `None` when the end has been told.
    pipe: Option<Pipe>,
}

/// The guest did not finish the body.
#[derive(Debug, thiserror::Error)]
#[error("the guest did not finish the body")]
struct Abandoned;

/// What is under way between both ends.
type Pipe = Arc<Mutex<UnderWay>>;

#[derive(Debug)]
struct UnderWay {
    /// Older pieces, in order.
    pieces: VecDeque<Bytes>,
    /// The newest bytes, to which small writes are added until the reader takes them.
    tail: Vec<u8>,
    /// Bytes in both.
    bytes: usize,
    writer: Writer,
    reader_is_gone: bool,
    /// Of the end that waits for the other.
    waker: Option<Waker>,
}

/// What is known of the end that is written to.
#[derive(Debug)]
enum Writer {
    Writes,
    Closed(Trailers),
    Gone,
}

impl UnderWay {
    /// Whether a writer may send another piece.
    const fn has_room(&self) -> bool {
        self.bytes < MAX_BYTES_UNDER_WAY
    }

    /// Ready when there is room for another piece, or when nobody takes any more.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        if self.reader_is_gone {
            Poll::Ready(Err(BodyError::ReceiverGone))
        } else if self.has_room() {
            Poll::Ready(Ok(()))
        } else {
            // The reader does not wait: there is something to read.
            self.waker = Some(cx.waker().clone());
            Poll::Pending
        }
    }

    /// Adds a piece that is small enough, copied.
    fn copy(&mut self, piece: &[u8]) {
        if self.tail.len() + piece.len() > MAX_PIECE_BYTES {
            self.settle_tail();
        }
        self.bytes += piece.len();
        self.tail.extend_from_slice(piece);
    }

    /// Adds a piece as it is.
    fn push(&mut self, piece: Bytes) {
        self.settle_tail();
        self.bytes += piece.len();
        self.pieces.push_back(piece);
    }

    fn settle_tail(&mut self) {
        if !self.tail.is_empty() {
            self.pieces.push_back(std::mem::take(&mut self.tail).into());
        }
    }

    /// Takes the oldest piece.
    fn pop(&mut self) -> Option<Bytes> {
        if self.pieces.is_empty() {
            self.settle_tail();
        }
        let piece = self.pieces.pop_front()?;
        self.bytes -= piece.len();
        Some(piece)
    }

    /// Wakes the other end, if it waits. It may want the lock, so that is given back first.
    fn wake(mut this: MutexGuard<'_, Self>) {
        let waker = this.waker.take();
        drop(this);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

#[cfg(feature = "component")]
impl crate::awaited::Awaited for Mutex<UnderWay> {
    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        lock(self).poll_room(cx).map(drop)
    }
}

/// Nothing here can panic half-way, so what a panic elsewhere leaves behind is whole.
fn lock(pipe: &Mutex<UnderWay>) -> MutexGuard<'_, UnderWay> {
    pipe.lock().unwrap_or_else(PoisonError::into_inner)
}

impl StreamingBody {
    /// Both ends of a new streaming body.
    pub(crate) fn new() -> (Self, BodyReceiver) {
        let pipe = Arc::new(Mutex::new(UnderWay {
            pieces: VecDeque::new(),
            tail: Vec::new(),
            bytes: 0,
            writer: Writer::Writes,
            reader_is_gone: false,
            waker: None,
        }));
        let receiver = BodyReceiver { pipe: Some(Arc::clone(&pipe)) };
        (Self { pipe, trailers: Trailers::default(), is_discarded: false, is_cut_off: false }, receiver)
    }

    /// Bytes of host memory that the body takes up, without those that are under way.
    pub(crate) fn held_bytes(&self) -> usize {
        self.trailers.held_bytes()
    }

    /// Ready when there is room for another piece, or when nobody takes any more.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        if self.is_discarded {
            return Poll::Ready(Ok(()));
        }
        lock(&self.pipe).poll_room(cx)
    }

    /// What tells others that there is room for another piece, or that nobody takes any more.
    #[cfg(feature = "component")]
    pub(crate) fn share(&self) -> std::sync::Weak<dyn crate::awaited::Awaited> {
        let pipe: std::sync::Weak<Mutex<UnderWay>> = Arc::downgrade(&self.pipe);
        pipe
    }

    /// Sends bytes; waits while too many are under way.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), BodyError> {
        for piece in bytes.chunks(MAX_PIECE_BYTES) {
            self.ready().await?;
            // Copied only when there is room for it.
            self.send(|under_way| under_way.copy(piece))?;
        }
        Ok(())
    }

    /// Sends all bytes of another body, as they come.
    pub(crate) async fn send_all(&mut self, body: &mut Body) -> Result<(), BodyError> {
        loop {
            std::future::poll_fn(|cx| body.poll_ready(cx)).await;
            let (left, memory) = body.front();
            let bytes = body.next_bytes(MAX_PIECE_BYTES).await?;
            if bytes.is_empty() {
                return Ok(());
            }
            self.ready().await?;
            // What has more of the same behind it is taken before this is over. The last parts of something large may be
            // under way for long, and are not counted then: they must not keep all of it in memory.
            let may_stay = left <= MAX_BYTES_UNDER_WAY + MAX_PIECE_BYTES;
            if bytes.len() <= MAX_JOINED_BYTES || (may_stay && is_wasteful(bytes.len(), memory)) {
                self.send(|under_way| under_way.copy(&bytes))?;
            } else {
                self.send(|under_way| under_way.push(bytes))?;
            }
        }
    }

    /// Discards from now on what is written, for a message that has no body. The guest need not know.
    pub(crate) const fn discard(&mut self) {
        self.is_discarded = true;
    }

    /// Remembers that a part of the body is missing: for its reader, it ends as if it were abandoned.
    pub(crate) const fn cut_off(&mut self) {
        self.is_cut_off = true;
    }

    /// The trailers, which are sent at the end.
    pub(crate) const fn trailers_mut(&mut self) -> &mut Trailers {
        &mut self.trailers
    }

    /// Ends the body properly, unless a part of it is missing. Dropping it instead cuts it off. Whether there is still somebody who
    /// reads makes no difference.
    pub(crate) fn close(mut self) {
        if !self.is_cut_off {
            let trailers = std::mem::take(&mut self.trailers);
            lock(&self.pipe).writer = Writer::Closed(trailers);
        }
    }

    async fn ready(&mut self) -> Result<(), BodyError> {
        std::future::poll_fn(|cx| self.poll_ready(cx)).await
    }

    /// Sends one piece, for which there is room.
    fn send(&self, add: impl FnOnce(&mut UnderWay)) -> Result<(), BodyError> {
        if self.is_discarded {
            return Ok(());
        }
        let mut under_way = lock(&self.pipe);
        if under_way.reader_is_gone {
            return Err(BodyError::ReceiverGone);
        }
        add(&mut under_way);
        UnderWay::wake(under_way);
        Ok(())
    }
}

impl Drop for StreamingBody {
    fn drop(&mut self) {
        let mut under_way = lock(&self.pipe);
        if matches!(under_way.writer, Writer::Writes) {
            under_way.writer = Writer::Gone;
        }
        UnderWay::wake(under_way);
    }
}

impl http_body::Body for BodyReceiver {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(pipe) = &self.pipe else { return Poll::Ready(None) };
        let mut under_way = lock(pipe);
        let had_room = under_way.has_room();
        if let Some(piece) = under_way.pop() {
            // A writer waits only while there is no room.
            if !had_room && under_way.has_room() {
                UnderWay::wake(under_way);
            }
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        let end = match std::mem::replace(&mut under_way.writer, Writer::Gone) {
            Writer::Writes => {
                under_way.writer = Writer::Writes;
                // The writer does not wait: there is room.
                under_way.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            Writer::Closed(trailers) => {
                let trailers = trailers.into_map();
                (!trailers.is_empty()).then(|| Ok(Frame::trailers(trailers)))
            }
            Writer::Gone => Some(Err(BodyError::Incomplete(Arc::new(Abandoned)))),
        };
        drop(under_way);
        self.pipe = None;
        Poll::Ready(end)
    }

    fn is_end_stream(&self) -> bool {
        self.pipe.is_none()
    }
}

impl Drop for BodyReceiver {
    fn drop(&mut self) {
        let Some(pipe) = &self.pipe else { return };
        let mut under_way = lock(pipe);
        under_way.reader_is_gone = true;
        // Nobody will read it.
        let unread = (std::mem::take(&mut under_way.pieces), std::mem::take(&mut under_way.tail));
        UnderWay::wake(under_way);
        drop(unread);
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    fn poll_ready(body: &mut StreamingBody) -> Poll<Result<(), BodyError>> {
        body.poll_ready(&mut Context::from_waker(Waker::noop()))
    }

    fn write(body: &mut StreamingBody, bytes: &[u8]) {
        pollster::block_on(body.write(bytes)).unwrap();
    }

    fn fill(body: &mut StreamingBody) {
        while poll_ready(body).is_ready() {
            write(body, &[1; MAX_PIECE_BYTES]);
        }
    }

    fn next(receiver: &mut BodyReceiver) -> Bytes {
        pollster::block_on(receiver.frame()).unwrap().unwrap().into_data().unwrap()
    }

    fn rest(mut receiver: BodyReceiver) -> Vec<Bytes> {
        let frames = std::iter::from_fn(|| pollster::block_on(receiver.frame()));
        frames.map(|frame| frame.unwrap().into_data().unwrap()).collect()
    }

    #[test]
    fn a_writer_has_room_for_half_a_mebibyte_and_for_more_when_some_was_taken() {
        let (mut body, mut receiver) = StreamingBody::new();
        let mut written = 0;
        while poll_ready(&mut body).is_ready() {
            write(&mut body, &[1; 1000]);
            written += 1000;
        }
        assert!((MAX_BYTES_UNDER_WAY..MAX_BYTES_UNDER_WAY + 1000).contains(&written), "{written}");
        assert!(next(&mut receiver).len() > MAX_PIECE_BYTES - 1000, "small writes are joined");
        assert!(matches!(poll_ready(&mut body), Poll::Ready(Ok(()))));
    }

    #[test]
    fn small_writes_are_there_at_once_for_who_reads_and_in_order_for_who_does_not() {
        let (mut body, mut receiver) = StreamingBody::new();
        for piece in ["one", "two"] {
            write(&mut body, piece.as_bytes());
            assert_eq!(next(&mut receiver), piece);
        }
        for piece in ["three ", "four ", "five "] {
            write(&mut body, piece.as_bytes());
        }
        let mut appended = Body::from(b"six ".to_vec());
        pollster::block_on(body.send_all(&mut appended)).unwrap();
        write(&mut body, b"seven");
        body.close();
        assert_eq!(rest(receiver).concat(), b"three four five six seven");
    }

    #[test]
    fn a_reader_that_waits_is_woken_by_the_first_byte_and_by_the_end() {
        let (mut body, mut receiver) = StreamingBody::new();
        let reading = std::thread::spawn(move || (next(&mut receiver), rest(receiver)));
        write(&mut body, b"x");
        while lock(&body.pipe).bytes > 0 {
            std::thread::yield_now();
        }
        body.close();
        assert_eq!(reading.join().unwrap(), (Bytes::from("x"), vec![]));
    }

    #[test]
    fn a_writer_that_asked_for_room_is_told_when_there_is_some_and_when_the_reader_goes() {
        for reader_goes in [false, true] {
            let (mut body, mut receiver) = StreamingBody::new();
            fill(&mut body);
            let waiting = std::thread::spawn(move || pollster::block_on(body.ready()));
            if reader_goes {
                drop(receiver);
                assert!(matches!(waiting.join().unwrap(), Err(BodyError::ReceiverGone)));
            } else {
                next(&mut receiver);
                assert!(waiting.join().unwrap().is_ok());
            }
        }
    }

    #[test]
    fn a_write_is_sent_in_pieces_of_bounded_size() {
        let (mut body, receiver) = StreamingBody::new();
        write(&mut body, &vec![1; 3 * MAX_PIECE_BYTES + 1]);
        body.close();
        let pieces: Vec<_> = rest(receiver).iter().map(Bytes::len).collect();
        assert_eq!(pieces, [MAX_PIECE_BYTES, MAX_PIECE_BYTES, MAX_PIECE_BYTES, 1]);
    }

    #[test]
    fn what_is_left_under_way_keeps_nothing_large_alive() {
        for length in [10, MAX_PIECE_BYTES, MAX_BYTES_UNDER_WAY] {
            let (mut body, receiver) = StreamingBody::new();
            let value = Bytes::from(vec![1; 10 * MAX_BYTES_UNDER_WAY]);
            let mut large = Body::from(value.clone());
            pollster::block_on(large.next_bytes(value.len() - length)).unwrap();
            pollster::block_on(body.send_all(&mut large)).unwrap();
            drop(large);
            assert!(value.is_unique(), "{length}");
            body.close();
            assert_eq!(rest(receiver).concat().len(), length);
        }
        let (mut body, mut receiver) = StreamingBody::new();
        let whole = Bytes::from(vec![1; MAX_PIECE_BYTES]);
        pollster::block_on(body.send_all(&mut Body::from(whole.clone()))).unwrap();
        assert_eq!(next(&mut receiver).as_ptr(), whole.as_ptr(), "what is sent whole is not copied");
    }

    #[test]
    fn a_body_of_which_a_part_is_missing_has_no_proper_end() {
        let (mut body, mut receiver) = StreamingBody::new();
        write(&mut body, b"part");
        body.cut_off();
        body.close();
        assert_eq!(next(&mut receiver), "part");
        assert!(matches!(pollster::block_on(receiver.frame()), Some(Err(BodyError::Incomplete(_)))));
        assert!(pollster::block_on(receiver.frame()).is_none());
    }
}
