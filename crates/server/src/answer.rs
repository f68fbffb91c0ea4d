//! What goes back to the client: the response of an application or of the API, or ours where there is none.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use edgekv_host::Body;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep};

use crate::connection::UnderWay;
use crate::exchange::Ticket;
use crate::pace::Pace;
use crate::record::Record;
use crate::stats::Present;

/// What the client is told when there is no room for its request.
pub(crate) const TOO_MANY: &str = "too many requests are being worked on";

/// Most bytes that a connection of HTTP/1.1 is given at once. What it has been given it keeps until it is sent.
const MAX_PIECE_BYTES: usize = 64 * 1024;

/// The same for a stream of HTTP/2: as much as one frame has. A client has to take one within the time.
const MAX_STREAM_PIECE_BYTES: usize = 16 * 1024;

/// How long a stream of HTTP/2 has to send what it was given, before it hears that no more will come.
const BREAK_PAUSE: Duration = Duration::from_millis(20);

/// The body of a response, which knows how much of it was taken.
#[derive(Debug)]
pub(crate) struct AnswerBody<B: HttpBody<Data = Bytes> + Unpin> {
    body: B,
    /// What came out of the body, and is too much for one piece.
    rest: Bytes,
    record: Record,
    /// Where the body broke off, and on HTTP/2 when that is told.
    broken: Option<Broken<B::Error>>,
    /// Whether it was not the client, but whoever makes the body, that did not finish.
    is_broken: bool,
    place: Place,
    /// Of a stream of HTTP/2.
    pace: Option<Arc<Pace>>,
    _present: Present,
    _under_way: UnderWay,
}

impl<B: HttpBody<Data = Bytes> + Unpin> AnswerBody<B> {
    pub(crate) fn new(body: B, record: Record, place: Place, present: Present, under_way: UnderWay) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            record,
            broken: None,
            is_broken: false,
            place,
            pace: Pace::current(),
            _present: present,
            _under_way: under_way,
        }
    }

    /// Gives the next piece of what is there.
    fn piece(&mut self) -> Frame<Bytes> {
        let max = if self.pace.is_some() { MAX_STREAM_PIECE_BYTES } else { MAX_PIECE_BYTES };
        let length = self.rest.len().min(max);
        self.record.bytes += length as u64;
        Frame::data(self.rest.split_to(length))
    }
}

/// What a request takes up until its response is sent.
#[derive(Debug)]
pub(crate) enum Place {
    /// It was refused, or is one that there is always room for.
    Nothing,
    /// One of those that are worked on.
    Slot { _permit: OwnedSemaphorePermit },
    /// The same, and an instance: whoever runs that is told when nobody takes its response any more.
    Instance(Arc<Ticket>),
}

/// Why a body broke off, and when a stream of HTTP/2 is told.
type Broken<E> = (E, Option<Pin<Box<Sleep>>>);

// Nothing but the body would have to stay where it is, and that need not either.
impl<B: HttpBody<Data = Bytes> + Unpin> Unpin for AnswerBody<B> {}

impl<B: HttpBody<Data = Bytes> + Unpin> HttpBody for AnswerBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if let Some((error, pause)) = self.broken.take() {
            if let Some(mut pause) = pause
                && pause.as_mut().poll(cx).is_pending()
            {
                self.broken = Some((error, Some(pause)));
                return Poll::Pending;
            }
            return Poll::Ready(Some(Err(error)));
        }
        let frame = if self.rest.is_empty() {
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
                if let Some(pace) = &self.pace {
                    pace.wait_for_application();
                }
                return Poll::Pending;
            };
            match frame.transpose() {
                Ok(Some(frame)) => match frame.into_data() {
                    Ok(data) => {
                        self.rest = data;
                        self.piece()
                    }
                    Err(trailers) => trailers,
                },
                Ok(None) => {
                    self.record.is_complete = true;
                    return Poll::Ready(None);
                }
                Err(error) => {
                    // What came before should have left by then: a connection that hears of it is closed at once, and a
                    // stream drops what is not sent, the head of the response too. A connection of HTTP/1.1 sends in the
                    // turn that ends here; streams of HTTP/2 are sent by another task.
                    let pause = self.pace.as_ref().map(|pace| {
                        pace.wait_for_application();
                        Box::pin(sleep(BREAK_PAUSE))
                    });
                    self.broken = Some((error, pause));
                    self.is_broken = true;
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
        } else {
            self.piece()
        };
        if let Some(pace) = &self.pace {
            pace.taken();
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.broken.is_none() && !self.is_broken && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.len() as u64;
        match self.body.size_hint().exact().and_then(|length| length.checked_add(rest)) {
            Some(length) => SizeHint::with_exact(length),
            None => SizeHint::default(),
        }
    }
}

impl<B: HttpBody<Data = Bytes> + Unpin> Drop for AnswerBody<B> {
    fn drop(&mut self) {
        // A body of known length is not asked for its end.
        self.record.is_complete |= self.is_end_stream();
        if self.pace.as_ref().is_some_and(|pace| pace.is_cut()) {
            self.record.is_complete = false;
            tracing::debug!("a client took nothing of its response; the stream is cut off");
        }
        if let Place::Instance(ticket) = &self.place
            && !self.record.is_complete
            && !self.is_broken
        {
            ticket.leave();
        }
    }
}

/// A response of the server itself.
pub(crate) fn plain(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("{text}\n").into_bytes()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        // A second is long for requests that take milliseconds, and short for a client.
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
