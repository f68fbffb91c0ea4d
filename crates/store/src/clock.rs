//! Time as the store sees it: microseconds since 1970, from a clock that tests can set.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
use std::time::SystemTime;

/// A moment: microseconds since 1970-01-01 00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The moment that is `micros` microseconds after 1970.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The moment `duration` later, or the last one that can be written.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)))
    }
}

/// Where "now" comes from.
pub trait Clock: Debug + Send + Sync + 'static {
    /// This moment. May be called for every operation, so it must be cheap.
    fn now(&self) -> Timestamp;
}

/// The wall clock of this machine, read anew for every answer.
///
/// Times of expiry are kept on disk, so they have to be those that every other process, and this one after a restart,
/// means by them. A clock that was read once and then advanced by the monotonic one would not be: it misses the time
/// that a machine sleeps, and the correction of a clock that was wrong at boot. The price is that setting the wall
/// clock back or forth moves expiry with it; generations do not care, they never go back.
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
impl SystemClock {
    /// The clock of this machine.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
impl Clock for SystemClock {
    /// A machine whose clock says a time before 1970 is at 1970.
    fn now(&self) -> Timestamp {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::default().saturating_add(since_1970)
    }
}

/// A clock that stands still until it is told otherwise, so that expiry is tested without waiting.
///
/// ```
/// use edgekv_store::{Clock, ManualClock, Timestamp};
/// use std::time::Duration;
///
/// let clock = ManualClock::at(Timestamp::from_micros(1_000_000));
/// clock.advance(Duration::from_secs(2));
/// assert_eq!(clock.now().as_micros(), 3_000_000);
/// ```
#[derive(Debug, Default)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self(AtomicU64::new(now.0))
    }

    /// Sets the clock, back or forth.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.0, Ordering::SeqCst);
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        self.set(self.now().saturating_add(by));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

impl<C: Clock> Clock for std::sync::Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_says_what_the_wall_clock_says() {
        let wall = || {
            let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
            u64::try_from(since_1970.as_micros()).unwrap()
        };
        let before = wall();
        let now = SystemClock::new().now().as_micros();
        let after = wall();
        assert!(before <= now && now <= after, "{now} is not from {before} to {after}");
    }

    #[test]
    fn adding_more_than_fits_gives_the_last_moment() {
        assert_eq!(Timestamp::from_micros(7).saturating_add(Duration::MAX).as_micros(), u64::MAX);
    }
}
