//! The rate limit on writes, on the store's own clock.

use std::fmt;
use std::num::NonZeroU32;
use std::ops::Add;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock as GovernorClock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::clock::{Clock, Timestamp};
use crate::error::KvError;

/// So many writes a second, with bursts of as many.
pub(crate) struct WriteRate(RateLimiter<NotKeyed, InMemoryState, StoreClock, NoOpMiddleware<Moment>>);

impl WriteRate {
    pub(crate) fn new(per_second: NonZeroU32, clock: Arc<dyn Clock>) -> Self {
        Self(RateLimiter::direct_with_clock(Quota::per_second(per_second), StoreClock::new(clock)))
    }

    /// Counts one write, or refuses it.
    pub(crate) fn check(&self) -> Result<(), KvError> {
        self.0.check().map_err(|_| KvError::TooManyRequests)
    }
}

impl fmt::Debug for WriteRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteRate(..)")
    }
}

/// The store's clock, as the limiter wants to see it: one that never goes back. A wall clock that is set back by an
/// hour would otherwise stop all writes for an hour.
#[derive(Debug, Clone)]
struct StoreClock {
    clock: Arc<dyn Clock>,
    seen: Arc<Mutex<Seen>>,
}

/// What was seen of a clock that may go back.
#[derive(Debug)]
struct Seen {
    last: Timestamp,
    /// `last`, had the clock only ever gone forward.
    steady: Timestamp,
}

impl StoreClock {
    fn new(clock: Arc<dyn Clock>) -> Self {
        let now = clock.now();
        Self { clock, seen: Arc::new(Mutex::new(Seen { last: now, steady: now })) }
    }
}

impl GovernorClock for StoreClock {
    type Instant = Moment;

    fn now(&self) -> Moment {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let passed = Duration::from_micros(now.as_micros().saturating_sub(seen.last.as_micros()));
        *seen = Seen { last: now, steady: seen.steady.saturating_add(passed) };
        Moment(seen.steady)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Moment(Timestamp);

impl Add<Nanos> for Moment {
    type Output = Self;

    fn add(self, nanos: Nanos) -> Self {
        Self(self.0.saturating_add(nanos.into()))
    }
}

impl Reference for Moment {
    fn duration_since(&self, earlier: Self) -> Nanos {
        let micros = self.0.as_micros().saturating_sub(earlier.0.as_micros());
        Nanos::new(micros.saturating_mul(1000))
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        Self(Timestamp::from_micros(self.0.as_micros().saturating_sub(duration.as_u64() / 1000)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn a_burst_passes_and_the_rest_waits_for_the_clock() {
        let clock = Arc::new(ManualClock::at(Timestamp::from_micros(1_700_000_000_000_000)));
        let rate = WriteRate::new(NonZeroU32::new(2).unwrap(), Arc::new(Arc::clone(&clock)));
        assert!(rate.check().is_ok());
        assert!(rate.check().is_ok());
        assert!(matches!(rate.check(), Err(KvError::TooManyRequests)));
        clock.advance(Duration::from_millis(500));
        assert!(rate.check().is_ok());
        assert!(rate.check().is_err());
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_stop_the_writes() {
        let start = 1_700_000_000_000_000;
        let clock = Arc::new(ManualClock::at(Timestamp::from_micros(start)));
        let rate = WriteRate::new(NonZeroU32::new(1).unwrap(), Arc::new(Arc::clone(&clock)));
        assert!(rate.check().is_ok());
        clock.set(Timestamp::from_micros(start - 3_600_000_000));
        assert!(rate.check().is_err(), "going back is no time that passes");
        clock.advance(Duration::from_secs(1));
        assert!(rate.check().is_ok());
    }
}
