//! Waiting where there are no threads: the futures that are polled say what they wait for, and the host waits for that.

use std::cell::RefCell;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Collects what futures wait for while they are polled; `P` is something that the host can wait for.
///
/// There are no wakers: a future that is polled and pending has [registered](Self::register) what it waits for, anew at every
/// poll, and is polled again when one of these is ready.
///
/// ```
/// use std::cell::Cell;
/// use std::future::poll_fn;
/// use std::task::Poll;
/// use edgekv_feature::Reactor;
///
/// let reactor = Reactor::new();
/// let is_there = Cell::new(false);
/// let answer = poll_fn(|_| {
///     if is_there.get() {
///         return Poll::Ready("the answer");
///     }
///     reactor.register("pollable 7");
///     Poll::Pending
/// });
/// let wait = |pollables: &[&str]| {
///     assert_eq!(pollables, ["pollable 7"]);
///     is_there.set(true);
/// };
/// assert_eq!(reactor.block_on(std::pin::pin!(answer), wait), Some("the answer"));
/// ```
#[derive(Debug, Default)]
pub struct Reactor<P> {
    waiting: RefCell<Vec<P>>,
}

impl<P> Reactor<P> {
    /// A reactor in which nothing is waited for.
    #[must_use]
    pub const fn new() -> Self {
        Self { waiting: RefCell::new(Vec::new()) }
    }

    /// Says what the future that is being polled waits for.
    pub fn register(&self, pollable: P) {
        self.waiting.borrow_mut().push(pollable);
    }

    /// Polls a future.
    ///
    /// # Errors
    ///
    /// It is pending: what it waits for.
    pub fn poll<F: Future>(&self, future: Pin<&mut F>) -> Result<F::Output, Vec<P>> {
        // What an outer future, in whose poll this may be, waits for.
        let outer = self.waiting.take();
        let polled = future.poll(&mut Context::from_waker(Waker::noop()));
        let waiting = self.waiting.replace(outer);
        match polled {
            Poll::Ready(output) => Ok(output),
            Poll::Pending => Err(waiting),
        }
    }

    /// Polls a future to its end, and has `wait` wait for one of several in between. `None` when it is pending, and nothing would
    /// ever change that.
    pub fn block_on<F: Future>(&self, mut future: Pin<&mut F>, wait: impl Fn(&[P])) -> Option<F::Output> {
        loop {
            match self.poll(future.as_mut()) {
                Ok(output) => return Some(output),
                Err(waiting) if waiting.is_empty() => return None,
                Err(waiting) => wait(&waiting),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::poll_fn;
    use std::pin::pin;

    use super::*;

    /// Answers that come after so many rounds of waiting.
    struct Host {
        reactor: Reactor<u32>,
        round: Cell<u32>,
    }

    impl Host {
        fn new() -> Self {
            Self { reactor: Reactor::new(), round: Cell::new(0) }
        }

        fn after(&self, rounds: u32) -> impl Future<Output = u32> {
            poll_fn(move |_| {
                if self.round.get() >= rounds {
                    return Poll::Ready(rounds);
                }
                self.reactor.register(rounds);
                Poll::Pending
            })
        }

        fn wait(&self, pollables: &[u32]) {
            assert!(!pollables.is_empty(), "a host traps when there is nothing to wait for");
            self.round.set(pollables.iter().copied().min().unwrap());
        }
    }

    #[test]
    fn a_future_is_polled_again_when_what_it_waits_for_is_ready() {
        let host = Host::new();
        let steps = async { host.after(1).await + host.after(5).await + host.after(3).await };
        assert_eq!(host.reactor.block_on(pin!(steps), |pollables| host.wait(pollables)), Some(9));
        assert_eq!(host.round.get(), 5);
    }

    #[test]
    fn several_things_are_waited_for_at_once() {
        let host = Host::new();
        let mut parts = [Box::pin(host.after(4)), Box::pin(host.after(2))];
        let mut seen = Vec::new();
        let both = poll_fn(|cx| {
            let polled = parts.each_mut().map(|part| part.as_mut().poll(cx));
            let pending = polled.iter().filter(|part| part.is_pending()).count();
            seen.push(pending);
            if pending == 0 { Poll::Ready(()) } else { Poll::Pending }
        });
        assert_eq!(host.reactor.block_on(pin!(both), |pollables| host.wait(pollables)), Some(()));
        assert_eq!(seen, [2, 1, 0]);
    }

    #[test]
    fn waiting_inside_of_a_poll_leaves_what_is_waited_for_outside() {
        let host = Host::new();
        let outer = poll_fn(|_| {
            host.reactor.register(100);
            let inner = host.reactor.block_on(pin!(host.after(3)), |pollables| {
                assert_eq!(pollables, [3]);
                host.wait(pollables);
            });
            assert_eq!(inner, Some(3));
            Poll::<()>::Pending
        });
        assert_eq!(host.reactor.poll(pin!(outer)), Err(vec![100]));
    }

    #[test]
    fn what_waits_for_nothing_is_not_waited_for() {
        let host = Host::new();
        let never = std::future::pending::<()>();
        assert_eq!(host.reactor.block_on(pin!(never), |pollables| host.wait(pollables)), None);
    }
}
