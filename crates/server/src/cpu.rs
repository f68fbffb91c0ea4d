//! How long an instance has been running, without the time that it has waited.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The clock of one instance. It runs while the instance's future is being polled.
#[derive(Debug)]
pub(crate) struct CpuClock {
    zero: Instant,
    /// Microseconds of all polls that are over.
    spent: AtomicU64,
    /// When the poll that goes on has begun, in microseconds after `zero`.
    began: AtomicU64,
}

impl CpuClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { zero: Instant::now(), spent: AtomicU64::new(0), began: AtomicU64::new(0) })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.zero.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// The time on the clock. Only the instance itself asks, so a poll is going on.
    pub(crate) fn read(&self) -> Duration {
        let poll = self.now().saturating_sub(self.began.load(Ordering::Relaxed));
        Duration::from_micros(self.spent.load(Ordering::Relaxed).saturating_add(poll))
    }

    /// Lets the clock run during the polls of a future.
    pub(crate) async fn measure<F: Future>(self: Arc<Self>, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| {
            let began = self.now();
            self.began.store(began, Ordering::Relaxed);
            let poll = future.as_mut().poll(cx);
            let spent = self.now().saturating_sub(began);
            self.spent.fetch_add(spent, Ordering::Relaxed);
            poll
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll};

    use super::*;

    #[test]
    fn only_polls_count() {
        let clock = CpuClock::new();
        let busy = std::future::poll_fn(|_| {
            let start = Instant::now();
            while start.elapsed() < Duration::from_millis(2) {}
            Poll::Ready(clock.read())
        });
        let mut measured = Box::pin(Arc::clone(&clock).measure(busy));
        std::thread::sleep(Duration::from_millis(20));
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let Poll::Ready(during) = measured.as_mut().poll(&mut cx) else { panic!("it is ready at once") };
        assert!(during >= Duration::from_millis(2), "{during:?}");
        let spent = Duration::from_micros(clock.spent.load(Ordering::Relaxed));
        let lifetime = clock.zero.elapsed();
        assert!(
            spent >= during && spent + Duration::from_millis(20) <= lifetime,
            "{spent:?} of {lifetime:?}"
        );
    }
}
