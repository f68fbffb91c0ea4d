//! Streams that bring the bytes of a body.

use std::fmt;
use std::pin::Pin;
#[cfg(feature = "component")]
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;

#[cfg(feature = "component")]
use crate::awaited::Awaited;
use crate::body::BoxError;

/// What a stream has brought.
type Brought = Option<Result<Frame<Bytes>, BoxError>>;

/// A stream of a body.
pub(crate) enum Stream {
    /// One that only the body knows.
    Own(UnsyncBoxBody<Bytes, BoxError>),
    /// One of which others want to know when it brings something.
    #[cfg(feature = "component")]
    Shared(Arc<Mutex<Ahead>>),
}

/// A stream, and what was taken from it ahead of time.
#[cfg(feature = "component")]
pub(crate) struct Ahead {
    stream: UnsyncBoxBody<Bytes, BoxError>,
    next: Option<Brought>,
}

impl From<UnsyncBoxBody<Bytes, BoxError>> for Stream {
    fn from(stream: UnsyncBoxBody<Bytes, BoxError>) -> Self {
        Self::Own(stream)
    }
}

#[cfg(feature = "component")]
impl Stream {
    /// What tells others that the stream has brought something.
    pub(crate) fn share(&mut self) -> Weak<dyn Awaited> {
        if let Self::Own(stream) = self {
            let stream = std::mem::take(stream);
            *self = Self::Shared(Arc::new(Mutex::new(Ahead { stream, next: None })));
        }
        match self {
            Self::Shared(shared) => {
                let shared: Weak<Mutex<Ahead>> = Arc::downgrade(shared);
                shared
            }
            Self::Own(_) => Weak::<Mutex<Ahead>>::new(),
        }
    }
}

/// Nothing here can panic half-way, so what a panic of a stream leaves behind is whole.
#[cfg(feature = "component")]
fn lock(shared: &Mutex<Ahead>) -> MutexGuard<'_, Ahead> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(feature = "component")]
impl Ahead {
    /// Ready when there is something for the body. Frames without bytes are nothing: to read on may have to wait.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.next.is_some() {
            return Poll::Ready(());
        }
        let Poll::Ready(brought) = Pin::new(&mut self.stream).poll_frame(cx) else { return Poll::Pending };
        let is_empty = matches!(&brought, Some(Ok(frame)) if frame.data_ref().is_some_and(Bytes::is_empty));
        if is_empty && !self.stream.is_end_stream() {
            // Others get the thread in between, as a client can send these for ever.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.next = Some(brought);
        Poll::Ready(())
    }
}

#[cfg(feature = "component")]
impl Awaited for Mutex<Ahead> {
    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        lock(self).poll_next(cx)
    }
}

impl HttpBody for Stream {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Brought> {
        match &mut *self {
            Self::Own(stream) => Pin::new(stream).poll_frame(cx),
            #[cfg(feature = "component")]
            Self::Shared(shared) => {
                let mut ahead = lock(shared);
                match ahead.next.take() {
                    Some(next) => Poll::Ready(next),
                    None => Pin::new(&mut ahead.stream).poll_frame(cx),
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(stream) => stream.is_end_stream(),
            #[cfg(feature = "component")]
            Self::Shared(shared) => {
                let ahead = lock(shared);
                ahead.next.is_none() && ahead.stream.is_end_stream()
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own(stream) => stream.size_hint(),
            #[cfg(feature = "component")]
            Self::Shared(shared) => {
                let ahead = lock(shared);
                let rest = ahead.stream.size_hint().exact();
                let next = match &ahead.next {
                    Some(Some(Ok(frame))) => frame.data_ref().map_or(0, |bytes| bytes.len() as u64),
                    Some(Some(Err(_))) => return SizeHint::default(),
                    Some(None) | None => 0,
                };
                rest.and_then(|rest| rest.checked_add(next)).map(SizeHint::with_exact).unwrap_or_default()
            }
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream(..)")
    }
}
