//! Generations: the version numbers of entries.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Timestamp;
use crate::limits::GENERATION_END;

/// The version of an entry: every write gives a new one, larger than any before it in the same engine,
/// never 0, and below 2^53 ([`GENERATION_END`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(NonZeroU64);

impl Generation {
    /// The generation with this number; `None` for 0, which means "no generation" wherever one is optional.
    #[must_use]
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A condition on what is there before a write or delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GenerationMatch {
    /// There must be no entry.
    Absent,
    /// There must be an entry, and it must have this generation.
    Is(Generation),
}

impl GenerationMatch {
    /// The condition as interfaces write it, where 0 stands for "no entry".
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        match Generation::new(number) {
            Some(generation) => Self::Is(generation),
            None => Self::Absent,
        }
    }

    /// Whether the condition holds for an entry of generation `current`, `None` being no entry.
    #[must_use]
    pub fn holds(self, current: Option<Generation>) -> bool {
        match self {
            Self::Absent => current.is_none(),
            Self::Is(wanted) => current == Some(wanted),
        }
    }
}

/// Hands out generations: microseconds since 1970, or one more than the last if time has not moved on.
///
/// So they never repeat or go back, whatever the clock does, as long as the engine keeps the last one with its
/// data and starts from it.
#[derive(Debug, Default)]
pub struct GenerationSource(AtomicU64);

impl GenerationSource {
    /// A source that goes on after `last`.
    #[must_use]
    pub fn after(last: Option<Generation>) -> Self {
        Self(AtomicU64::new(last.map_or(0, Generation::get)))
    }

    /// The next generation.
    pub fn next(&self, now: Timestamp) -> Generation {
        // Half of the numbers are kept for a clock that is centuries wrong: from there it is counting by one.
        let now = now.as_micros().min(GENERATION_END / 2);
        let step = |last: u64| now.max(last.saturating_add(1));
        let last = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(step(last)));
        let (Ok(last) | Err(last)) = last;
        Generation(NonZeroU64::new(step(last)).unwrap_or(NonZeroU64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_follow_the_clock_and_never_repeat_or_go_back() {
        let source = GenerationSource::default();
        let at = |micros| source.next(Timestamp::from_micros(micros)).get();
        assert_eq!(at(0), 1, "0 is never a generation");
        assert_eq!(at(1_000), 1_000);
        assert_eq!(at(1_000), 1_001);
        assert_eq!(at(5), 1_002, "the clock was set back");
        assert_eq!(at(u64::MAX), GENERATION_END / 2, "a clock gone mad stays below the end");
        assert_eq!(at(1_000), GENERATION_END / 2 + 1);
    }

    #[test]
    fn a_source_goes_on_after_what_was_kept() {
        let source = GenerationSource::after(Generation::new(77));
        assert_eq!(source.next(Timestamp::from_micros(3)).get(), 78);
    }

    #[test]
    fn concurrent_writers_never_get_the_same_generation() {
        let source = GenerationSource::default();
        let mut all: Vec<u64> = std::thread::scope(|scope| {
            let take =
                || (0..1_000).map(|_| source.next(Timestamp::from_micros(9)).get()).collect::<Vec<_>>();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 4_000);
    }

    #[test]
    fn conditions_hold_as_written() {
        let seven = Generation::new(7);
        assert_eq!(GenerationMatch::from_number(0), GenerationMatch::Absent);
        assert!(GenerationMatch::from_number(0).holds(None));
        assert!(!GenerationMatch::from_number(0).holds(seven));
        assert!(GenerationMatch::from_number(7).holds(seven));
        assert!(!GenerationMatch::from_number(8).holds(seven));
        assert!(!GenerationMatch::from_number(7).holds(None));
    }
}
