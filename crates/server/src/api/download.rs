//! The bodies of responses that are large: how much of them may be in memory.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::budget::{Budget, FREE_BYTES, Share};
use super::problem::Problem;

/// The end of a body that is copied, so that what a connection has taken and not sent yet does not keep all of it: more
/// than HTTP/1.1 and a stream of HTTP/2 take at once.
const TAIL_BYTES: usize = 128 * 1024;

/// Takes bytes apart so that the last of them do not keep the others.
pub(crate) fn with_tail(mut bytes: Bytes) -> (Bytes, Bytes) {
    if bytes.len() <= TAIL_BYTES {
        return (bytes, Bytes::new());
    }
    let tail = bytes.split_off(bytes.len() - TAIL_BYTES);
    (bytes, Bytes::copy_from_slice(&tail))
}

/// A response whose body keeps `weight` bytes in memory, which is held of the budget until it is taken. Small ones are
/// free.
pub(crate) fn held(response: Response, weight: usize, budget: &Arc<Budget>) -> Result<Response, Problem> {
    if weight <= FREE_BYTES {
        return Ok(response);
    }
    let mut share = Share::new(budget);
    share.hold(weight)?;
    Ok(response.map(|body| Body::new(Held { body, tail: Bytes::new(), _share: share })))
}

/// The response of a document, which is as heavy as it is long.
pub(crate) fn document(response: Response, budget: &Arc<Budget>) -> Result<Response, Problem> {
    let weight = response.body().size_hint().exact().and_then(|length| usize::try_from(length).ok());
    held(response, weight.unwrap_or_default(), budget)
}

/// A body of one piece, with its share.
struct Held {
    body: Body,
    tail: Bytes,
    _share: Share,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if !self.tail.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.tail)))));
        }
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else { return Poll::Pending };
        Poll::Ready(frame.map(|frame| {
            frame.map(|frame| match frame.into_data() {
                Ok(data) => {
                    let (front, tail) = with_tail(data);
                    self.tail = tail;
                    Frame::data(front)
                }
                Err(trailers) => trailers,
            })
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.tail.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let tail = self.tail.len() as u64;
        match self.body.size_hint().exact().and_then(|length| length.checked_add(tail)) {
            Some(length) => SizeHint::with_exact(length),
            None => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_large_body_holds_its_share_until_it_is_taken_and_its_end_keeps_nothing() {
        let budget = Budget::new(1_000_000, "responses");
        let value: Bytes = (0..600_000_u32).map(|number| (number % 251) as u8).collect();
        let respond = |part: &Bytes| held(Response::new(Body::from(part.clone())), value.len(), &budget);
        let mut body = respond(&value).unwrap().into_body();
        assert_eq!((budget.used(), body.size_hint().exact()), (600_000, Some(600_000)));
        assert_eq!(respond(&value).unwrap_err().status, 503);
        let mut pieces = Vec::new();
        while let Some(frame) = body.frame().await {
            pieces.push(frame.unwrap().into_data().unwrap());
        }
        assert!(body.is_end_stream());
        assert!(pieces.concat() == value, "it is the value");
        let last = pieces.last().unwrap().as_ptr_range();
        assert!(!value.as_ptr_range().contains(&last.start), "the end is a copy");
        drop(body);
        assert_eq!(budget.used(), 0);
        drop(respond(&value.slice(..10)).unwrap());
        let small = held(Response::new(Body::from("small")), 5, &budget).unwrap();
        assert_eq!((small.body().size_hint().exact(), budget.used()), (Some(5), 0));
    }
}
