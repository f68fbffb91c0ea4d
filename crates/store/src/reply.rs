//! Answers that are there at once, or come later.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::KvError;

/// An answer that is still to come.
///
/// The operation is under way already, whether or not this is polled, and goes on when it is dropped: this only
/// reports. An engine that needs a runtime brings its own, so any executor may poll it.
pub type Later<T> = Pin<Box<dyn Future<Output = Result<T, KvError>> + Send>>;

/// The answer of a store or an engine.
///
/// An embedded engine answers at once, which costs no allocation, no task and no await; a remote one
/// starts its I/O when it is called, so that many operations overlap.
///
/// Await it, or [`wait`](Reply::wait) for it where there is no executor.
#[must_use = "an operation happens whatever becomes of its reply, but only the reply says how it went"]
pub enum Reply<T> {
    /// The answer.
    Ready(Result<T, KvError>),
    /// The answer will come.
    Later(Later<T>),
}

impl<T> Reply<T> {
    /// An answer that is there.
    pub const fn ok(value: T) -> Self {
        Self::Ready(Ok(value))
    }

    /// An answer that will come. See [`Later`] for what the future promises.
    pub fn later(future: impl Future<Output = Result<T, KvError>> + Send + 'static) -> Self {
        Self::Later(Box::pin(future))
    }

    /// Applies `f` to the answer, now or when it comes.
    pub fn map<U>(self, f: impl FnOnce(T) -> U + Send + 'static) -> Reply<U>
    where
        T: 'static,
    {
        match self {
            Self::Ready(result) => Reply::Ready(result.map(f)),
            Self::Later(later) => Reply::later(async move { later.await.map(f) }),
        }
    }

    /// Waits for the answer, blocking this thread if it is not there.
    ///
    /// # Errors
    ///
    /// What the operation reports.
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    pub fn wait(self) -> Result<T, KvError> {
        match self {
            Self::Ready(result) => result,
            Self::Later(later) => pollster::block_on(later),
        }
    }
}

impl<T> From<Result<T, KvError>> for Reply<T> {
    fn from(result: Result<T, KvError>) -> Self {
        Self::Ready(result)
    }
}

impl<T> IntoFuture for Reply<T> {
    type Output = Result<T, KvError>;
    type IntoFuture = ReplyFuture<T>;

    fn into_future(self) -> ReplyFuture<T> {
        ReplyFuture(match self {
            Self::Ready(result) => State::Ready(Some(result)),
            Self::Later(later) => State::Later(later),
        })
    }
}

impl<T: fmt::Debug> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(result) => f.debug_tuple("Ready").field(result).finish(),
            Self::Later(_) => f.write_str("Later(..)"),
        }
    }
}

/// A [`Reply`] that is being awaited.
#[must_use = "futures do nothing unless polled"]
pub struct ReplyFuture<T>(State<T>);

enum State<T> {
    Ready(Option<Result<T, KvError>>),
    Later(Later<T>),
}

// Nothing in here is ever pinned in place: `Later` is a box.
impl<T> Unpin for ReplyFuture<T> {}

impl<T> Future for ReplyFuture<T> {
    type Output = Result<T, KvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            // Asked again after its end, it has nothing to say; like other futures, it just never ends then.
            State::Ready(result) => result.take().map_or(Poll::Pending, Poll::Ready),
            State::Later(later) => later.as_mut().poll(cx),
        }
    }
}

impl<T> fmt::Debug for ReplyFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplyFuture(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_give_their_answer_awaited_and_waited_for() {
        assert_eq!(Reply::ok(7).wait().unwrap(), 7);
        assert_eq!(Reply::later(async { Ok(7) }).wait().unwrap(), 7);
        assert_eq!(pollster::block_on(Reply::ok(7).into_future()).unwrap(), 7);
        assert_eq!(pollster::block_on(Reply::later(async { Ok(7) }).into_future()).unwrap(), 7);
        assert_eq!(Reply::ok(7).map(|n| n + 1).wait().unwrap(), 8);
        assert_eq!(Reply::later(async { Ok(7) }).map(|n| n + 1).wait().unwrap(), 8);
    }

    #[test]
    fn an_error_passes_through_map() {
        let reply: Reply<u32> = Reply::Ready(Err(KvError::PreconditionFailed));
        assert!(matches!(reply.map(|n| n + 1).wait(), Err(KvError::PreconditionFailed)));
    }
}
