//! What goes back to the client: the application's response, or ours where there is none.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use edgekv_host::{Body, BodyError};
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::record::Record;
use crate::stats::Present;

/// The body of a response, which knows how much of it was taken.
#[derive(Debug)]
pub(crate) struct AnswerBody {
    body: Body,
    record: Record,
    /// Where the body broke off. Told one turn later: a connection that hears of it is closed at once, and what came before
    /// should have left by then.
    broken: Option<BodyError>,
    /// Whether it was the application that did not finish.
    is_broken: bool,
    /// Says, to whoever runs the instance, that nobody takes its response any more.
    client_gone: Arc<AtomicBool>,
    _present: Present,
}

impl AnswerBody {
    pub(crate) fn new(body: Body, record: Record, client_gone: Arc<AtomicBool>, present: Present) -> Self {
        Self { body, record, broken: None, is_broken: false, client_gone, _present: present }
    }
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(error) = self.broken.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => self.record.bytes += frame.data_ref().map_or(0, |data| data.len() as u64),
            None => self.record.is_complete = true,
            Some(Err(error)) => {
                self.broken = Some(error.clone());
                self.is_broken = true;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.broken.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        // A body of known length is not asked for its end.
        self.record.is_complete |= !self.is_broken && self.is_end_stream();
        if !self.record.is_complete && !self.is_broken {
            self.client_gone.store(true, Ordering::Relaxed);
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
