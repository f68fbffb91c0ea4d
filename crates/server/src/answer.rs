//! What goes back to the client: the application's response, or ours where there is none.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

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
    /// Says, to whoever runs the instance, that nobody takes its response any more.
    client_gone: Arc<AtomicBool>,
    _present: Present,
}

impl AnswerBody {
    pub(crate) fn new(body: Body, record: Record, client_gone: Arc<AtomicBool>, present: Present) -> Self {
        Self { body, record, client_gone, _present: present }
    }
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let poll = Pin::new(&mut self.body).poll_frame(cx);
        match &poll {
            Poll::Ready(Some(Ok(frame))) => {
                self.record.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
            Poll::Ready(None) => self.record.is_complete = true,
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        poll
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        // A body of known length is not asked for its end.
        self.record.is_complete |= self.body.is_end_stream();
        if !self.record.is_complete {
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
