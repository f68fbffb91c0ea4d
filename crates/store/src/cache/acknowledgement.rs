//! Replies that the cache has to hear before anybody else does, and also when nobody else wants to.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::Cache;
use crate::error::KvError;
use crate::reply::{Later, Reply};

/// What the cache has to do when an operation has ended.
pub(super) trait Duty<T>: Send + Unpin + 'static {
    /// The cache, if it is still there.
    fn cache(&self) -> Option<Arc<Cache>>;

    /// The operation has ended, and its caller has not heard of it yet.
    fn end(self, result: &Result<T, KvError>);
}

/// A reply that does `duty` when `later` comes, and before its caller hears of it.
pub(super) fn acknowledge<T: Send + 'static>(later: Later<T>, duty: impl Duty<T>) -> Reply<T> {
    Reply::Later(Box::pin(Acknowledgement(Some((later, duty)))))
}

/// The operation happens also when this is dropped, so then the background thread waits for its end.
struct Acknowledgement<T: Send + 'static, D: Duty<T>>(Option<(Later<T>, D)>);

impl<T: Send + 'static, D: Duty<T>> Future for Acknowledgement<T, D> {
    type Output = Result<T, KvError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // Asked again after its end, it has nothing to say.
        let Some((mut later, duty)) = self.0.take() else { return Poll::Pending };
        match later.as_mut().poll(context) {
            Poll::Ready(result) => {
                duty.end(&result);
                Poll::Ready(result)
            }
            Poll::Pending => {
                self.0 = Some((later, duty));
                Poll::Pending
            }
        }
    }
}

impl<T: Send + 'static, D: Duty<T>> Drop for Acknowledgement<T, D> {
    fn drop(&mut self) {
        let Some((later, duty)) = self.0.take() else { return };
        // Without a cache there is nothing to be told.
        let Some(cache) = duty.cache() else { return };
        cache.background.drive(async move {
            let result = later.await;
            duty.end(&result);
            if let Err(error) = result {
                // The engine believes that its answer was heard.
                error.log_unheard();
            }
        });
    }
}
