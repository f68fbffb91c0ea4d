//! Futures that wait for a time.

use std::fmt;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::reactor::{self, Ticket};

/// Waits for as long as this, or a little longer.
///
/// ```
/// # use std::time::{Duration, Instant};
/// let start = Instant::now();
/// edgekv::future::block_on(edgekv::future::sleep(Duration::from_millis(2)));
/// assert!(start.elapsed() >= Duration::from_millis(2));
/// ```
pub fn sleep(duration: Duration) -> Sleep {
    let now = Instant::now();
    // A time that the clock cannot tell is one that nobody lives to see.
    let until = now.checked_add(duration).or_else(|| now.checked_add(AGES)).unwrap_or(now);
    Sleep { until, ticket: None }
}

/// Longer than any program runs.
const AGES: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Waits for a time, made by [`sleep`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited"]
pub struct Sleep {
    until: Instant,
    ticket: Option<Ticket>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match &self.ticket {
            // The clock is asked once for all timers, where the program has nothing else to do.
            Some(ticket) if ticket.renew(context.waker()) => Poll::Pending,
            None if self.until > Instant::now() => {
                self.ticket = Some(reactor::at(self.until, context.waker()));
                Poll::Pending
            }
            _ => Poll::Ready(()),
        }
    }
}

/// Waits for a future, but no longer than this.
///
/// On a host without the call `select` the limit does not hold while an operation or a body is waited for: the result
/// comes when that is done.
///
/// ```
/// use std::{future::pending, time::Duration};
/// use edgekv::future::{Elapsed, block_on, timeout};
///
/// assert_eq!(block_on(timeout(Duration::from_millis(1), pending::<()>())), Err(Elapsed));
/// assert_eq!(block_on(timeout(Duration::from_secs(60), async { 1 })), Ok(1));
/// ```
///
/// # Errors
///
/// [`Elapsed`] when the time is over; the future is dropped then. A write that it has started happens all the same.
pub async fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Result<F::Output, Elapsed> {
    let (mut future, mut sleep) = (pin!(future.into_future()), sleep(duration));
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Ok(output)),
        Poll::Pending => Pin::new(&mut sleep).poll(context).map(|()| Err(Elapsed)),
    })
    .await
}

/// The time of a [`timeout`] is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time that was set for this is over")
    }
}

impl std::error::Error for Elapsed {}
