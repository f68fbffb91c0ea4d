//! How much memory the bodies of requests, or of responses, may hold together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

use super::problem::Problem;

/// What needs no more than this does not count. As many as there are requests are 64 MiB.
pub(crate) const FREE_BYTES: usize = 64 * 1024;

/// The memory for all bodies of a kind together.
#[derive(Debug)]
pub(crate) struct Budget {
    used: AtomicUsize,
    max: usize,
    /// What the bodies are.
    what: &'static str,
    /// Tells those who wait that there may be room.
    released: Notify,
}

impl Budget {
    pub(crate) fn new(max: usize, what: &'static str) -> Arc<Self> {
        Arc::new(Self { used: AtomicUsize::new(0), max, what, released: Notify::new() })
    }

    fn release(&self, bytes: usize) {
        if bytes > 0 {
            self.used.fetch_sub(bytes, Ordering::AcqRel);
            self.released.notify_waiters();
        }
    }

    #[cfg(test)]
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

/// What one body holds of it.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Share {
    pub(crate) fn new(budget: &Arc<Budget>) -> Self {
        Self { budget: Arc::clone(budget), bytes: 0 }
    }

    /// Holds so many bytes from now on, more or fewer than before.
    pub(crate) fn hold(&mut self, bytes: usize) -> Result<(), Problem> {
        if self.holds(bytes) {
            return Ok(());
        }
        let Budget { max, what, .. } = &*self.budget;
        Err(Problem::unavailable(format!(
            "all {what} together need more than {max} bytes of memory; try again later"
        )))
    }

    /// The same, but waits until there is room. What is more than there can ever be is cut to that. Whoever holds something
    /// meanwhile may wait for somebody who waits for that.
    pub(crate) async fn wait_to_hold(&mut self, bytes: usize) {
        let bytes = bytes.min(self.budget.max.max(FREE_BYTES));
        while !self.holds(bytes) {
            let budget = Arc::clone(&self.budget);
            let released = budget.released.notified();
            // What is released from here on is heard of.
            if self.holds(bytes) {
                return;
            }
            released.await;
        }
    }

    /// Holds no more than so many bytes from now on.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        let is_held = self.holds(bytes.min(self.bytes));
        debug_assert!(is_held, "there is always room for less");
    }

    /// Whether there is room.
    fn holds(&mut self, bytes: usize) -> bool {
        let bytes = if bytes <= FREE_BYTES { 0 } else { bytes };
        if bytes <= self.bytes {
            self.budget.release(self.bytes - bytes);
            self.bytes = bytes;
            return true;
        }
        let (more, max) = (bytes - self.bytes, self.budget.max);
        let fits = |used: usize| used.checked_add(more).filter(|used| *used <= max);
        let is_held = self.budget.used.fetch_update(Ordering::AcqRel, Ordering::Relaxed, fits).is_ok();
        if is_held {
            self.bytes = bytes;
        }
        is_held
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.release(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn who_waits_goes_on_when_there_is_room() {
        let budget = Budget::new(200_000, "bodies");
        let (mut first, mut second) = (Share::new(&budget), Share::new(&budget));
        first.hold(150_000).unwrap();
        assert_eq!(second.hold(100_000).unwrap_err().status, 503);
        {
            let mut waiting = pin!(second.wait_to_hold(100_000));
            let some_time = Duration::from_millis(20);
            assert!(tokio::time::timeout(some_time, waiting.as_mut()).await.is_err(), "there is no room");
            drop(first);
            waiting.await;
        }
        assert_eq!(budget.used(), 100_000);
        second.wait_to_hold(usize::MAX).await;
        assert_eq!(budget.used(), 200_000, "more than there is was not asked for");
        second.hold(FREE_BYTES).unwrap();
        assert_eq!(budget.used(), 0);
    }
}
