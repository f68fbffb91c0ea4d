//! Bodies that a guest writes while somebody else reads them.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use tokio::sync::mpsc;

use crate::body::{Body, BodyError};

/// Pieces that may be under way before a writer has to wait for the reader.
const PIECES_UNDER_WAY: usize = 8;

/// Largest piece that is sent at once, in bytes: what a write can make the host hold is bounded by it, and by
/// [`PIECES_UNDER_WAY`].
const MAX_PIECE_BYTES: usize = 64 * 1024;

enum Message {
    Data(Bytes),
    /// The proper end. A channel that closes without it was cut off.
    End(HeaderMap),
}

/// The end of a streaming body that the guest holds: it can be written to, closed, or abandoned.
#[derive(Debug)]
pub(crate) struct StreamingBody {
    sender: mpsc::Sender<Message>,
    trailers: HeaderMap,
}

/// The end of a streaming body that is read: an [`http_body::Body`], so an HTTP server can send it as it is.
///
/// It ends with [`BodyError::Incomplete`] when the guest abandons the body, or ends without closing it.
#[derive(Debug)]
pub struct BodyReceiver {
    receiver: mpsc::Receiver<Message>,
    state: ReceiverState,
}

#[derive(Debug)]
enum ReceiverState {
    Open,
    Ended,
}

/// The guest did not finish the body.
#[derive(Debug, thiserror::Error)]
#[error("the guest did not finish the body")]
struct Abandoned;

impl StreamingBody {
    /// Both ends of a new streaming body.
    pub(crate) fn new() -> (Self, BodyReceiver) {
        let (sender, receiver) = mpsc::channel(PIECES_UNDER_WAY);
        let body = Self { sender, trailers: HeaderMap::new() };
        (body, BodyReceiver { receiver, state: ReceiverState::Open })
    }

    /// Sends bytes; waits while too many are under way.
    pub(crate) async fn write(&self, bytes: &[u8]) -> Result<(), BodyError> {
        for piece in bytes.chunks(MAX_PIECE_BYTES) {
            self.send(Message::Data(Bytes::copy_from_slice(piece))).await?;
        }
        Ok(())
    }

    /// Sends all of another body, as it comes, and keeps its trailers for the end.
    pub(crate) async fn append(&mut self, mut body: Body) -> Result<(), BodyError> {
        loop {
            let bytes = body.next_bytes(MAX_PIECE_BYTES).await?;
            if bytes.is_empty() {
                crate::body::merge_trailers(&mut self.trailers, body.into_trailers());
                return Ok(());
            }
            self.send(Message::Data(bytes)).await?;
        }
    }

    /// Adds a trailer, to be sent at the end; says whether there was room for it.
    pub(crate) fn append_trailer(&mut self, name: http::HeaderName, value: http::HeaderValue) -> bool {
        self.trailers.try_append(name, value).is_ok()
    }

    /// Ends the body properly. Dropping it instead cuts it off.
    pub(crate) async fn close(self) -> Result<(), BodyError> {
        let Self { sender, trailers } = self;
        sender.send(Message::End(trailers)).await.map_err(|_| BodyError::ReceiverGone)
    }

    async fn send(&self, message: Message) -> Result<(), BodyError> {
        self.sender.send(message).await.map_err(|_| BodyError::ReceiverGone)
    }
}

impl http_body::Body for BodyReceiver {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if matches!(self.state, ReceiverState::Ended) {
            return Poll::Ready(None);
        }
        let message = ready!(self.receiver.poll_recv(cx));
        if !matches!(message, Some(Message::Data(_))) {
            self.state = ReceiverState::Ended;
        }
        Poll::Ready(match message {
            Some(Message::Data(bytes)) => Some(Ok(Frame::data(bytes))),
            Some(Message::End(trailers)) if trailers.is_empty() => None,
            Some(Message::End(trailers)) => Some(Ok(Frame::trailers(trailers))),
            None => Some(Err(BodyError::Incomplete(std::sync::Arc::new(Abandoned)))),
        })
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.state, ReceiverState::Ended)
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Data(_) => "Data(..)",
            Self::End(_) => "End(..)",
        })
    }
}
