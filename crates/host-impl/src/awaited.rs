//! What is waited for from outside of the context of an instance: `wasi:io/poll` does not know it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use edgekv_store::{KvError, Later};

/// Something that is ready at some time, for all who ask. Who waits last is woken: an instance waits in one place at a time.
pub(crate) trait Awaited: Send + Sync {
    /// Ready when there is nothing to wait for.
    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()>;
}

/// The reply of an operation, of which others want to know when it is there.
pub(crate) struct SharedReply<T>(Mutex<State<T>>);

enum State<T> {
    Later(Later<T>),
    Ready(Result<T, KvError>),
    Taken,
}

impl<T> SharedReply<T> {
    pub(crate) const fn new(later: Later<T>) -> Self {
        Self(Mutex::new(State::Later(later)))
    }

    /// Takes the result out. Asked again after that, there is none, ever.
    pub(crate) fn poll_result(&self, cx: &mut Context<'_>) -> Poll<Result<T, KvError>> {
        let mut state = self.lock();
        if state.poll_done(cx).is_pending() {
            return Poll::Pending;
        }
        match std::mem::replace(&mut *state, State::Taken) {
            State::Ready(result) => Poll::Ready(result),
            State::Later(_) | State::Taken => Poll::Pending,
        }
    }

    /// Nothing here can panic half-way, so what a panic of an engine leaves behind is whole.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Self::Later(later) = self {
            let Poll::Ready(result) = later.as_mut().poll(cx) else { return Poll::Pending };
            *self = Self::Ready(result);
        }
        Poll::Ready(())
    }
}

impl<T: Send> Awaited for SharedReply<T> {
    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.lock().poll_done(cx)
    }
}
