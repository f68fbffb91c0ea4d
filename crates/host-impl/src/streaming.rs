//! Bodies that a guest writes while somebody else reads them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Frame;
use tokio::sync::{mpsc, oneshot};

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
        let (pieces, receiver) = mpsc::channel(PIECES_UNDER_WAY);
        let (end, ended) = oneshot::channel();
        let body = Self { pieces, end, trailers: Trailers::default(), is_discarded: false };
        (body, BodyReceiver { pieces: receiver, end: Some(ended) })
    }

    /// Bytes of host memory that the body takes up, without those that are under way.
    pub(crate) fn held_bytes(&self) -> usize {
        self.trailers.held_bytes()
    }

    /// Sends bytes; waits while too many are under way.
    pub(crate) async fn write(&self, bytes: &[u8]) -> Result<(), BodyError> {
        for piece in bytes.chunks(MAX_PIECE_BYTES) {
            self.send(Bytes::copy_from_slice(piece)).await?;
        }
        Ok(())
    }

    /// Sends all bytes of another body, as they come.
    pub(crate) async fn send_all(&self, body: &mut Body) -> Result<(), BodyError> {
        loop {
            let bytes = body.next_bytes(MAX_PIECE_BYTES).await?;
            if bytes.is_empty() {
                return Ok(());
            }
            self.send(bytes).await?;
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

    async fn send(&self, piece: Bytes) -> Result<(), BodyError> {
        if self.is_discarded {
            return Ok(());
        }
        self.pieces.send(piece).await.map_err(|_| BodyError::ReceiverGone)
    }
}

impl http_body::Body for BodyReceiver {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(bytes) = ready!(self.pieces.poll_recv(cx)) {
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
