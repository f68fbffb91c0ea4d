//! Operations that have been started and not yet waited for.

use std::fmt;
use std::pin::Pin;
#[cfg(feature = "component")]
use std::sync::{Arc, Weak};
#[cfg(feature = "component")]
use std::task::Waker;
use std::task::{Context, Poll};

use edgekv_store::{Entry, Generation, KvError, Later, ListPage, Reply};

#[cfg(feature = "component")]
use crate::awaited::{Awaited, SharedReply};
#[cfg(feature = "component")]
use crate::status::Error;

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
    /// Others want to know when it is done.
    #[cfg(feature = "component")]
    Shared(Arc<SharedReply<T>>),
    /// The result was taken out already.
    #[cfg(feature = "component")]
    Taken,
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
            _ => std::future::pending().await,
        }
    }

    /// Waits until the operation is done, for its result.
    pub(crate) async fn wait(self) -> Result<T, KvError> {
        match self.state {
            State::Ready(result) => result,
            State::Later(later) => later.await,
            #[cfg(feature = "component")]
            State::Shared(shared) => std::future::poll_fn(|cx| shared.poll_result(cx)).await,
            #[cfg(feature = "component")]
            State::Taken => std::future::pending().await,
        }
    }

    /// Whether the operation is known to be done.
    pub(crate) const fn is_done(&self) -> bool {
        match self.state {
            State::Ready(_) => true,
            State::Later(_) => false,
            #[cfg(feature = "component")]
            State::Shared(_) => false,
            #[cfg(feature = "component")]
            State::Taken => true,
        }
    }

    /// Ready when the operation is done; then its result is here.
    pub(crate) fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let poll = match &mut self.state {
            State::Ready(_) => return Poll::Ready(()),
            State::Later(later) => Pin::new(later).poll(cx),
            #[cfg(feature = "component")]
            State::Shared(shared) => shared.poll_result(cx),
            #[cfg(feature = "component")]
            State::Taken => return Poll::Ready(()),
        };
        let Poll::Ready(result) = poll else { return Poll::Pending };
        self.state = State::Ready(result);
        self.held_bytes = 0;
        Poll::Ready(())
    }

    /// The result, taken out; `None` when the operation is not done.
    pub(crate) fn into_result(self) -> Option<Result<T, KvError>> {
        match self.state {
            State::Ready(result) => Some(result),
            _ => None,
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
            #[cfg(feature = "component")]
            State::Shared(_) => self.held_bytes,
            #[cfg(feature = "component")]
            State::Taken => 0,
        }
    }
}

#[cfg(feature = "component")]
impl<T> Pending<T> {
    /// The result, if it is there, taken out for good.
    pub(crate) fn take_result(&mut self) -> Result<Option<Result<T, KvError>>, Error> {
        // Whoever waits polls again, with a waker of its own.
        if self.poll_done(&mut Context::from_waker(Waker::noop())).is_pending() {
            return Ok(None);
        }
        match std::mem::replace(&mut self.state, State::Taken) {
            State::Ready(result) => Ok(Some(result)),
            _ => Err(Error::TakenAlready),
        }
    }

    /// What tells others that the operation is done: `None` when it is known to be.
    pub(crate) fn share(&mut self) -> Option<Weak<dyn Awaited>>
    where
        T: Send + 'static,
    {
        if let State::Later(_) = self.state
            && let State::Later(later) = std::mem::replace(&mut self.state, State::Taken)
        {
            self.state = State::Shared(Arc::new(SharedReply::new(later)));
        }
        let State::Shared(shared) = &self.state else { return None };
        let shared: Weak<SharedReply<T>> = Arc::downgrade(shared);
        Some(shared)
    }
}

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Ready(_) => "Pending(done)",
            _ => "Pending(..)",
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
