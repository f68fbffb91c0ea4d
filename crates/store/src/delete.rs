//! Deletes: the function that decides them.

use crate::clock::Timestamp;
use crate::entry::Existing;
use crate::error::KvError;
use crate::generation::GenerationMatch;

/// Decides a delete: `Ok(true)` removes the entry, `Ok(false)` says that there is none. An expired entry counts as
/// missing.
///
/// # Errors
///
/// [`KvError::PreconditionFailed`] when the entry is there and `condition` does not hold.
pub fn decide_delete(
    existing: Option<Existing>,
    condition: Option<GenerationMatch>,
    now: Timestamp,
) -> Result<bool, KvError> {
    let Some(live) = existing.filter(|existing| existing.is_live(now)) else {
        // Missing is the more telling answer, also for a condition that asks for a generation.
        return Ok(false);
    };
    if condition.is_some_and(|condition| !condition.holds(Some(live.generation))) {
        return Err(KvError::PreconditionFailed);
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generation::Generation;

    #[test]
    fn the_table_of_deletes() {
        let now = Timestamp::from_micros(10);
        let existing = |expires_at: Option<u64>| Existing {
            generation: Generation::new(7).unwrap(),
            expires_at: expires_at.map(Timestamp::from_micros),
            value_bytes: 1,
        };
        let is = |number| Some(GenerationMatch::from_number(number));
        let run = |existing, condition| decide_delete(existing, condition, now).ok();
        assert_eq!(run(None, None), Some(false));
        assert_eq!(run(None, is(7)), Some(false));
        assert_eq!(run(Some(existing(Some(10))), None), Some(false));
        assert_eq!(run(Some(existing(Some(10))), is(7)), Some(false));
        assert_eq!(run(Some(existing(None)), None), Some(true));
        assert_eq!(run(Some(existing(Some(11))), is(7)), Some(true));
        assert_eq!(run(Some(existing(None)), is(8)), None);
        assert_eq!(run(Some(existing(None)), is(0)), None);
    }
}
