//! How long to wait between tries that lost a race.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

/// So many lost races in a row are chance, and are run again at once.
const FREE_LOSSES: u32 = 3;

/// The bound of the first pause; every further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(1);

/// No pause is longer: some 64 writers, each with a pause of half of that on average, leave a write to a disk enough room.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Counts lost races, and spreads those who lose them over time.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    losses: u32,
}

impl Backoff {
    /// Another race is lost: how long to wait before the next.
    pub(super) fn lost(&mut self) -> Duration {
        self.losses = self.losses.saturating_add(1);
        // A hasher's random key is a random number that costs no dependency. Anything from nothing to the bound, because
        // those who lost the same race and wait for the same time meet again.
        let share = RandomState::new().hash_one(self.losses);
        let bound = u64::try_from(self.bound().as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(share % (bound + 1))
    }

    /// The longest that the next pause may be.
    fn bound(&self) -> Duration {
        match self.losses.checked_sub(FREE_LOSSES + 1) {
            None => Duration::ZERO,
            Some(doublings) => FIRST_PAUSE.saturating_mul(1 << doublings.min(16)).min(LONGEST_PAUSE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_grows_to_its_limit_and_stays_there() {
        let bounds = [0, 3, 4, 5, 10, 11, 12, u32::MAX].map(|losses| Backoff { losses }.bound().as_millis());
        assert_eq!(bounds, [0, 0, 1, 2, 64, 100, 100, 100]);
    }

    #[test]
    fn pauses_differ_and_keep_their_bound() {
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = (0..200).map(|_| backoff.lost()).collect();
        assert_eq!(pauses[..3], [Duration::ZERO; 3]);
        assert!(pauses.iter().all(|pause| *pause <= LONGEST_PAUSE), "{pauses:?}");
        let spread: std::collections::BTreeSet<_> = pauses[20..].iter().collect();
        assert!(spread.len() > 150, "{pauses:?}");
    }
}
