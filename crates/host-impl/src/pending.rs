//! Operations that have been started and not yet waited for.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use edgekv_store::{Entry, Generation, KvError, Later, ListPage, Reply};

/// The reply of an operation, parked until the guest asks for it.
///
/// Waiting does not take the result out: a guest whose buffer is too small can ask again.
pub(crate) struct Pending<T> {
    state: State<T>,
    /// Bytes that the operation needs until it is done, beside its result.
    held_bytes: usize,
}

enum State<T> {
    Ready(Result<T, KvError>),
    Later(Later<T>),
}

impl<T> Pending<T> {
    pub(crate) fn new(reply: Reply<T>) -> Self {
        Self::holding(reply, 0)
    }

    /// An operation that keeps `held_bytes` alive until it is done.
    pub(crate) fn holding(reply: Reply<T>, held_bytes: usize) -> Self {
        match reply {
            Reply::Ready(result) => Self { state: State::Ready(result), held_bytes: 0 },
            Reply::Later(later) => Self { state: State::Later(later), held_bytes },
        }
    }

    /// Waits until the operation is done.
    pub(crate) async fn result(&mut self) -> &Result<T, KvError> {
        std::future::poll_fn(|cx| self.poll_done(cx)).await;
        match &self.state {
            State::Ready(result) => result,
            State::Later(_) => std::future::pending().await,
        }
    }

    /// Waits until the operation is done, for its result.
    pub(crate) async fn wait(self) -> Result<T, KvError> {
        match self.state {
            State::Ready(result) => result,
            State::Later(later) => later.await,
        }
    }

    /// Whether the operation is known to be done.
    pub(crate) const fn is_done(&self) -> bool {
        matches!(self.state, State::Ready(_))
    }

    /// Ready when the operation is done; then its result is here.
    pub(crate) fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let State::Later(later) = &mut self.state {
            let Poll::Ready(result) = Pin::new(later).poll(cx) else { return Poll::Pending };
            self.state = State::Ready(result);
            self.held_bytes = 0;
        }
        Poll::Ready(())
    }

    /// The result, taken out; `None` when the operation is not done.
    pub(crate) fn into_result(self) -> Option<Result<T, KvError>> {
        match self.state {
            State::Ready(result) => Some(result),
            State::Later(_) => None,
        }
    }

    pub(crate) fn held_bytes(&self) -> usize
    where
        T: HeldBytes,
    {
        match &self.state {
            State::Ready(Ok(value)) => value.held_bytes(),
            State::Ready(Err(_)) => 0,
            State::Later(_) => self.held_bytes,
        }
    }
}

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Ready(_) => "Pending(done)",
            State::Later(_) => "Pending(..)",
        })
    }
}

/// What a result costs to keep.
pub(crate) trait HeldBytes {
    fn held_bytes(&self) -> usize;
}

impl HeldBytes for Option<Entry> {
    fn held_bytes(&self) -> usize {
        self.as_ref().map_or(0, |entry| entry.value().len() + entry.metadata().as_bytes().len())
    }
}

impl HeldBytes for ListPage {
    fn held_bytes(&self) -> usize {
        self.keys.held_bytes() + self.prefix.len()
    }
}

impl HeldBytes for Generation {
    fn held_bytes(&self) -> usize {
        0
    }
}

impl HeldBytes for bool {
    fn held_bytes(&self) -> usize {
        0
    }
}
