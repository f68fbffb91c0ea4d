//! Bodies that a guest writes while somebody else reads them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_channel::{mpsc, oneshot};
use http_body::Frame;

use crate::body::{Body, BodyError};
use crate::trailers::Trailers;

/// Pieces that may be under way before a writer has to wait for the reader.
const PIECES_UNDER_WAY: usize = 8;

/// Largest piece that is sent at once, in bytes: what a write can make the host hold is bounded by it, and by
/// [`PIECES_UNDER_WAY`].
const MAX_PIECE_BYTES: usize = 64 * 1024;

/// The end of a streaming body that the guest holds: it can be written to, closed, or abandoned.
#[derive(Debug)]
pub(crate) struct StreamingBody {
    pieces: mpsc::Sender<Bytes>,
    /// The proper end. A body whose pieces stop without it was cut off.
    end: oneshot::Sender<Trailers>,
    trailers: Trailers,
    /// Whether what is written goes nowhere, and that is right.
    is_discarded: bool,
}

/// The end of a streaming body that is read: an [`http_body::Body`], so an HTTP server can send it as it is.
///
/// It ends with [`BodyError::Incomplete`] when the guest abandons the body, or ends without closing it.
#[derive(Debug)]
pub struct BodyReceiver {
    pieces: mpsc::Receiver<Bytes>,
    /// `None` when the end has been told.
    end: Option<oneshot::Receiver<Trailers>>,
}

/// The guest did not finish the body.
#[derive(Debug, thiserror::Error)]
#[error("the guest did not finish the body")]
struct Abandoned;

impl StreamingBody {
    /// Both ends of a new streaming body.
    pub(crate) fn new() -> (Self, BodyReceiver) {
        // Of what the channel is told, it holds one more for each sender.
        let (pieces, receiver) = mpsc::channel(PIECES_UNDER_WAY - 1);
        let (end, ended) = oneshot::channel();
        let body = Self { pieces, end, trailers: Trailers::default(), is_discarded: false };
        (body, BodyReceiver { pieces: receiver, end: Some(ended) })
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
        self.pieces.poll_ready(cx).map_err(|_| BodyError::ReceiverGone)
    }

    /// Sends bytes; waits while too many are under way.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), BodyError> {
        for piece in bytes.chunks(MAX_PIECE_BYTES) {
            self.ready().await?;
            // Copied only when there is room for it.
            self.send(Bytes::copy_from_slice(piece))?;
        }
        Ok(())
    }

    /// Sends all bytes of another body, as they come.
    pub(crate) async fn send_all(&mut self, body: &mut Body) -> Result<(), BodyError> {
        loop {
            let bytes = body.next_bytes(MAX_PIECE_BYTES).await?;
            if bytes.is_empty() {
                return Ok(());
            }
            self.ready().await?;
            self.send(bytes)?;
        }
    }

    /// Discards from now on what is written, for a message that has no body. The guest need not know.
    pub(crate) const fn discard(&mut self) {
        self.is_discarded = true;
    }

    /// The trailers, which are sent at the end.
    pub(crate) const fn trailers_mut(&mut self) -> &mut Trailers {
        &mut self.trailers
    }

    /// Ends the body properly. Dropping it instead cuts it off.
    pub(crate) fn close(self) -> Result<(), BodyError> {
        match self.end.send(self.trailers) {
            Err(_) if !self.is_discarded => Err(BodyError::ReceiverGone),
            _ => Ok(()),
        }
    }

    async fn ready(&mut self) -> Result<(), BodyError> {
        std::future::poll_fn(|cx| self.poll_ready(cx)).await
    }

    /// Sends one piece, for which there is room.
    fn send(&mut self, piece: Bytes) -> Result<(), BodyError> {
        if self.is_discarded {
            return Ok(());
        }
        self.pieces.start_send(piece).map_err(|_| BodyError::ReceiverGone)
    }
}

impl http_body::Body for BodyReceiver {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Ok(bytes) = ready!(Pin::new(&mut self.pieces.recv()).poll(cx)) {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        let Some(end) = &mut self.end else { return Poll::Ready(None) };
        // The writer is gone, so what it had to say about the end is there, or never will be.
        let end = ready!(Pin::new(end).poll(cx));
        self.end = None;
        Poll::Ready(match end {
            Ok(trailers) => {
                let trailers = trailers.into_map();
                (!trailers.is_empty()).then(|| Ok(Frame::trailers(trailers)))
            }
            Err(_) => Some(Err(BodyError::Incomplete(Arc::new(Abandoned)))),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.end.is_none()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    fn poll_ready(body: &mut StreamingBody) -> Poll<Result<(), BodyError>> {
        body.poll_ready(&mut Context::from_waker(std::task::Waker::noop()))
    }

    #[test]
    fn a_writer_has_room_for_eight_pieces_and_for_another_when_one_was_taken() {
        let (mut body, mut receiver) = StreamingBody::new();
        for _ in 0..PIECES_UNDER_WAY {
            assert!(poll_ready(&mut body).is_ready());
            body.send(Bytes::from("piece")).unwrap();
        }
        assert!(poll_ready(&mut body).is_pending());
        assert_eq!(pollster::block_on(receiver.frame()).unwrap().unwrap().into_data().unwrap(), "piece");
        assert!(matches!(poll_ready(&mut body), Poll::Ready(Ok(()))));
        body.send(Bytes::from("piece")).unwrap();
        assert!(poll_ready(&mut body).is_pending());
    }

    #[test]
    fn a_writer_that_asked_for_room_is_told_when_there_is_some_and_when_the_reader_goes() {
        for reader_goes in [false, true] {
            let (mut body, mut receiver) = StreamingBody::new();
            while poll_ready(&mut body).is_ready() {
                body.send(Bytes::from("piece")).unwrap();
            }
            let waiting = std::thread::spawn(move || pollster::block_on(body.ready()));
            if reader_goes {
                drop(receiver);
                assert!(matches!(waiting.join().unwrap(), Err(BodyError::ReceiverGone)));
            } else {
                pollster::block_on(receiver.frame()).unwrap().unwrap();
                assert!(waiting.join().unwrap().is_ok());
            }
        }
    }

    #[test]
    fn a_write_is_sent_in_pieces_of_bounded_size() {
        let (mut body, receiver) = StreamingBody::new();
        pollster::block_on(body.write(&vec![1; 3 * MAX_PIECE_BYTES + 1])).unwrap();
        body.close().unwrap();
        let mut body = Body::from_stream(receiver);
        let mut pieces = Vec::new();
        while let Some(frame) = pollster::block_on(body.frame()) {
            pieces.push(frame.unwrap().into_data().unwrap().len());
        }
        assert_eq!(pieces, [MAX_PIECE_BYTES, MAX_PIECE_BYTES, MAX_PIECE_BYTES, 1]);
    }
}
