//! The body of a request, as it arrives.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::EXPECT;
use http::{Version, request};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio_util::task::TaskTracker;

/// How long the rest of a body is still taken, and thrown away, after nobody wants it any more.
///
/// A connection that is closed while the client is sending is reset, and with it the response that is under way: the client
/// never learns why.
const LINGER: Duration = Duration::from_secs(2);

/// The body of a request. Where it is given up before its end, the rest is taken for a while.
#[derive(Debug)]
pub(crate) struct Upload {
    /// `None` when it is being dropped.
    incoming: Option<Incoming>,
    /// `None` where a client can be told to stop, or has not begun.
    linger: Option<TaskTracker>,
}

impl Upload {
    pub(crate) fn new(head: &request::Parts, incoming: Incoming, tasks: &TaskTracker) -> Self {
        // Streams of HTTP/2 can be reset in one direction; and who expects to be asked sends nothing before.
        let may_be_sending = head.version <= Version::HTTP_11 && !head.headers.contains_key(EXPECT);
        Self { incoming: Some(incoming), linger: may_be_sending.then(|| tasks.clone()) }
    }
}

impl HttpBody for Upload {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.incoming {
            Some(incoming) => Pin::new(incoming).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map(HttpBody::size_hint).unwrap_or_default()
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let (Some(incoming), Some(tasks)) = (self.incoming.take(), self.linger.take())
            && !incoming.is_end_stream()
        {
            tasks.spawn(tokio::time::timeout(LINGER, drain(incoming)));
        }
    }
}

async fn drain(mut incoming: Incoming) {
    while let Some(Ok(_)) = incoming.frame().await {}
}
