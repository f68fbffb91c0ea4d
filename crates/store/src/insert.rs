//! Writes: what can be asked for, and the one function that decides each of them.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::clock::Timestamp;
use crate::entry::{Entry, Existing};
use crate::error::KvError;
use crate::generation::{Generation, GenerationMatch};
use crate::limits::Limits;
use crate::metadata::Metadata;

/// What a write does when the key is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InsertMode {
    /// Replaces the entry.
    #[default]
    Overwrite,
    /// Fails with [`KvError::PreconditionFailed`].
    Add,
    /// Puts the new bytes after the old value.
    Append,
    /// Puts the new bytes before the old value.
    Prepend,
}

/// A write. Metadata and lifetime that are not given here are removed from the entry, in every mode.
///
/// ```
/// use edgekv_store::{Insert, InsertMode, Metadata};
/// use std::time::Duration;
///
/// let insert = Insert {
///     mode: InsertMode::Append,
///     metadata: Metadata::new("version: 1")?,
///     time_to_live: Some(Duration::from_secs(300)),
///     ..Insert::new("my value")
/// };
/// assert_eq!(insert.value, "my value");
/// # Ok::<(), edgekv_store::MetadataError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insert {
    /// The bytes.
    pub value: Bytes,
    /// What to do when the key is there.
    pub mode: InsertMode,
    /// A further condition on what is there.
    pub condition: Option<GenerationMatch>,
    /// Metadata to keep with the value.
    pub metadata: Metadata,
    /// Lifetime, counted from the write; zero is "expired at once".
    pub time_to_live: Option<Duration>,
    /// Caches may go on serving the old value until they have fetched the new one.
    pub background_fetch: bool,
}

impl Insert {
    /// A write that replaces whatever is there.
    #[must_use]
    pub fn new(value: impl Into<Bytes>) -> Self {
        Self {
            value: value.into(),
            mode: InsertMode::Overwrite,
            condition: None,
            metadata: Metadata::NONE,
            time_to_live: None,
            background_fetch: false,
        }
    }
}

/// What a write makes of a key: all of the new entry, but for old bytes that only the engine has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The new value.
    pub value: NewValue,
    /// The new metadata.
    pub metadata: Metadata,
    /// The new generation.
    pub generation: Generation,
    /// From when on the entry counts as missing.
    pub expires_at: Option<Timestamp>,
}

impl Decision {
    /// The new entry; `old` is asked for the old value only when it becomes part of the new one.
    ///
    /// # Errors
    ///
    /// What `old` reports.
    pub fn into_entry<E>(self, old: impl FnOnce() -> Result<Bytes, E>) -> Result<Entry, E> {
        let value = match self.value {
            NewValue::Whole(value) => value,
            NewValue::After(new) => concat(&old()?, &new),
            NewValue::Before(new) => concat(&new, &old()?),
        };
        Ok(Entry::new(value, self.metadata, self.generation, self.expires_at))
    }
}

/// A value, as a write decides it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewValue {
    /// These bytes.
    Whole(Bytes),
    /// The old value and then these bytes.
    After(Bytes),
    /// These bytes and then the old value.
    Before(Bytes),
}

fn concat(first: &[u8], second: &[u8]) -> Bytes {
    let mut whole = BytesMut::with_capacity(first.len() + second.len());
    whole.extend_from_slice(first);
    whole.extend_from_slice(second);
    whole.freeze()
}

/// Decides a write: every rule about modes, conditions, expiry, metadata and size is in here, and nowhere else.
///
/// Pure, so that one table of tests covers every engine. What is left to an engine is to make "read what exists,
/// decide, keep the result" one atomic step per key: a lock, a transaction, or a compare-and-set loop.
///
/// `existing` is what is there, expired or not; `generation` is the one that the entry gets if the write happens.
///
/// # Errors
///
/// [`KvError::PreconditionFailed`], [`KvError::PayloadTooLarge`].
pub fn decide(
    existing: Option<Existing>,
    insert: Insert,
    now: Timestamp,
    generation: Generation,
    limits: &Limits,
) -> Result<Decision, KvError> {
    let live = existing.filter(|existing| existing.is_live(now));
    if insert.mode == InsertMode::Add && live.is_some() {
        return Err(KvError::PreconditionFailed);
    }
    if insert.condition.is_some_and(|condition| !condition.holds(live.map(|live| live.generation))) {
        return Err(KvError::PreconditionFailed);
    }
    let (value, old_bytes) = match (insert.mode, live) {
        (InsertMode::Append, Some(live)) => (NewValue::After(insert.value), live.value_bytes),
        (InsertMode::Prepend, Some(live)) => (NewValue::Before(insert.value), live.value_bytes),
        _ => (NewValue::Whole(insert.value), 0),
    };
    let (NewValue::Whole(new) | NewValue::After(new) | NewValue::Before(new)) = &value;
    let bytes = old_bytes.saturating_add(new.len() as u64);
    if bytes > limits.max_value_bytes {
        return Err(KvError::PayloadTooLarge { bytes, limit: limits.max_value_bytes });
    }
    Ok(Decision {
        value,
        metadata: insert.metadata,
        generation,
        expires_at: insert.time_to_live.map(|time_to_live| now.saturating_add(time_to_live)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000);
    const LIMITS: Limits = Limits {
        max_value_bytes: 10,
        max_list_limit: crate::limits::MAX_LIST_LIMIT,
        writes_per_second: None,
    };

    fn generation(number: u64) -> Generation {
        Generation::new(number).unwrap()
    }

    fn run(existing: Option<&Entry>, insert: Insert) -> Result<Entry, KvError> {
        let decision = decide(existing.map(Entry::existing), insert, NOW, generation(99), &LIMITS)?;
        decision.into_entry(|| Ok(existing.expect("only asked when there is one").value().clone()))
    }

    fn entry(value: &'static str, expires_at: Option<u64>) -> Entry {
        Entry::new(
            value.into(),
            Metadata::new("old").unwrap(),
            generation(7),
            expires_at.map(Timestamp::from_micros),
        )
    }

    /// Every mode, on a missing, a live and an expired entry, without and with each condition.
    #[test]
    fn the_table_of_modes_and_conditions() {
        use InsertMode::{Add, Append, Overwrite, Prepend};
        let live = entry("old", None);
        let expired = entry("old", Some(1_000_000));
        let is = |number| Some(GenerationMatch::from_number(number));
        // mode, condition, result on: missing, live, expired (None is "precondition failed")
        let table = [
            (Overwrite, None, Some("new"), Some("new"), Some("new")),
            (Add, None, Some("new"), None, Some("new")),
            (Append, None, Some("new"), Some("oldnew"), Some("new")),
            (Prepend, None, Some("new"), Some("newold"), Some("new")),
            (Overwrite, is(7), None, Some("new"), None),
            (Add, is(7), None, None, None),
            (Append, is(7), None, Some("oldnew"), None),
            (Prepend, is(7), None, Some("newold"), None),
            (Overwrite, is(8), None, None, None),
            (Append, is(8), None, None, None),
            (Overwrite, is(0), Some("new"), None, Some("new")),
            (Add, is(0), Some("new"), None, Some("new")),
            (Prepend, is(0), Some("new"), None, Some("new")),
        ];
        for (mode, condition, on_missing, on_live, on_expired) in table {
            for (existing, expected) in
                [(None, on_missing), (Some(&live), on_live), (Some(&expired), on_expired)]
            {
                let got = run(existing, Insert { mode, condition, ..Insert::new("new") });
                match (&got, expected) {
                    (Ok(entry), Some(value)) => {
                        assert_eq!(entry.value(), value, "{mode:?} {condition:?} on {existing:?}");
                        assert_eq!(entry.generation(), generation(99));
                    }
                    (Err(KvError::PreconditionFailed), None) => {}
                    _ => panic!("{mode:?} {condition:?} on {existing:?}: {got:?}, expected {expected:?}"),
                }
            }
        }
    }

    #[test]
    fn metadata_and_lifetime_that_are_not_given_are_removed_in_every_mode() {
        let live = entry("old", Some(2_000_000));
        for mode in [InsertMode::Overwrite, InsertMode::Append, InsertMode::Prepend] {
            let entry = run(Some(&live), Insert { mode, ..Insert::new("new") }).unwrap();
            assert_eq!(entry.metadata(), &Metadata::NONE, "{mode:?}");
            assert_eq!(entry.expires_at(), None, "{mode:?}");
        }
    }

    #[test]
    fn the_size_limit_is_inclusive_and_applies_to_the_result() {
        assert!(run(None, Insert::new("0123456789")).is_ok());
        let too_large = run(None, Insert::new("0123456789a"));
        assert!(matches!(too_large, Err(KvError::PayloadTooLarge { bytes: 11, limit: 10 })), "{too_large:?}");
        let live = entry("0123456", None);
        for mode in [InsertMode::Append, InsertMode::Prepend] {
            assert!(run(Some(&live), Insert { mode, ..Insert::new("789") }).is_ok());
            let too_large = run(Some(&live), Insert { mode, ..Insert::new("789a") });
            assert!(matches!(too_large, Err(KvError::PayloadTooLarge { bytes: 11, .. })), "{too_large:?}");
        }
        assert!(run(Some(&live), Insert::new("0123456789")).is_ok(), "overwrite forgets the old bytes");
    }

    #[test]
    fn a_precondition_is_checked_before_the_size() {
        let live = entry("old", None);
        let got = run(Some(&live), Insert { mode: InsertMode::Add, ..Insert::new("0123456789a") });
        assert!(matches!(got, Err(KvError::PreconditionFailed)), "{got:?}");
    }

    #[test]
    fn lifetime_counts_from_the_write_and_zero_is_expired_at_once() {
        let ttl = |secs| Insert { time_to_live: Some(Duration::from_secs(secs)), ..Insert::new("v") };
        let one = run(None, ttl(1)).unwrap();
        assert_eq!(one.expires_at(), Some(Timestamp::from_micros(2_000_000)));
        assert!(one.existing().is_live(Timestamp::from_micros(1_999_999)));
        assert!(!one.existing().is_live(Timestamp::from_micros(2_000_000)));
        assert!(!run(None, ttl(0)).unwrap().existing().is_live(NOW));
        assert!(run(None, ttl(u64::from(u32::MAX))).unwrap().existing().is_live(NOW));
    }

    #[test]
    fn the_old_value_is_read_only_where_it_is_needed() {
        let live = entry("old", None);
        let decision =
            decide(Some(live.existing()), Insert::new("new"), NOW, generation(99), &LIMITS).unwrap();
        let entry = decision.into_entry(|| Err("the old value was read")).unwrap();
        assert_eq!(entry.value(), "new");
    }
}
