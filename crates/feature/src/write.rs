//! Writes: "read, decide, keep" as "put if it is still as I saw it".
//!
//! Most writes need no read. What such a write must find, if it may happen at all, follows from what is asked: nothing for
//! "add", that generation for "if it has this generation". So it is decided as if that were there, and the origin checks it. Only
//! what puts bytes beside the old ones has to read these, past all caches, and does it again when another writer was faster.

use bytes::Bytes;
use edgekv_store::{
    Decision, Entry, Existing, Generation, GenerationMatch, Insert, InsertMode, Key, KvError, Limits,
    StoreName, Timestamp, decide,
};

use crate::engine::failed;
use crate::origin::{Answer, Condition, NewEntry, OriginError, OriginStore};

/// So often a write may lose against others before it gives up. Every time it lost, another one has been done: with so many as a
/// host runs at a time this is reached only where nobody gets on, as on an origin that always says that there is a conflict.
const MAX_ATTEMPTS: u32 = 10_000;

/// In decisions. The real one is the origin's to give.
const NO_GENERATION: Generation = Generation::new(1).unwrap();

/// Why a write was not given to the origin, or not with success.
#[derive(Debug)]
pub(crate) enum Refused {
    /// By the rules.
    Rules(KvError),
    /// By the origin.
    Origin(OriginError),
}

impl Refused {
    /// The error, of the store of this name.
    pub(crate) fn named(self, name: &StoreName) -> KvError {
        match self {
            Self::Rules(error) => error,
            Self::Origin(error) => failed(name, error),
        }
    }
}

/// Writes. What comes later is under way, and is the last step: nobody has to poll it for the write to happen. A write that
/// needs more steps is waited for here, as it would not happen otherwise if nobody waits for it, nor in its turn.
pub(crate) fn insert(
    store: &impl OriginStore,
    key: Key<'_>,
    insert: &Insert,
    now: Timestamp,
    limits: &Limits,
) -> Result<Answer<Generation>, Refused> {
    if let Some((existing, condition)) = wanted(insert) {
        match decide(existing, insert.clone(), now, NO_GENERATION, limits) {
            Ok(decision) => {
                let entry = keep(decision, Bytes::new);
                return Ok(put(store, key, &entry, insert, condition));
            }
            Err(error) if condition == Condition::Any => return Err(Refused::Rules(error)),
            // What is there decides which error it is.
            Err(_) => {}
        }
    }
    for _ in 0..MAX_ATTEMPTS {
        let old = wait(store, store.get(key, true)).map_err(Refused::Origin)?;
        let existing = old.as_ref().map(Entry::existing);
        let decision =
            decide(existing, insert.clone(), now, NO_GENERATION, limits).map_err(Refused::Rules)?;
        let live = old.filter(|old| old.existing().is_live(now));
        let condition = live.as_ref().map_or(Condition::Absent, |live| Condition::Is(live.generation()));
        let entry = keep(decision, || live.map(Entry::into_value).unwrap_or_default());
        match wait(store, put(store, key, &entry, insert, condition)) {
            Err(OriginError::Conflict) => {}
            done => return Ok(Answer::Ready(done)),
        }
    }
    Err(Refused::Rules(KvError::TooManyRequests))
}

/// What a write must find to happen, where that is known without a look: how it is decided then, and what the origin has to
/// check. `None` for one whose value has old bytes in it.
fn wanted(insert: &Insert) -> Option<(Option<Existing>, Condition)> {
    let has_old_bytes = matches!(insert.mode, InsertMode::Append | InsertMode::Prepend);
    match insert.condition {
        Some(GenerationMatch::Absent) => Some((None, Condition::Absent)),
        _ if has_old_bytes => None,
        Some(GenerationMatch::Is(generation)) => {
            let existing = Existing { generation, expires_at: None, value_bytes: 0 };
            Some((Some(existing), Condition::Is(generation)))
        }
        None if insert.mode == InsertMode::Add => Some((None, Condition::Absent)),
        None => Some((None, Condition::Any)),
    }
}

fn keep(decision: Decision, old: impl FnOnce() -> Bytes) -> Entry {
    let kept = decision.into_entry(|| Ok::<_, std::convert::Infallible>(old()));
    let Ok(entry) = kept;
    entry
}

fn put(
    store: &impl OriginStore,
    key: Key<'_>,
    entry: &Entry,
    insert: &Insert,
    condition: Condition,
) -> Answer<Generation> {
    let entry = NewEntry {
        value: entry.value(),
        metadata: entry.metadata(),
        expires_at: entry.expires_at(),
        background_fetch: insert.background_fetch,
    };
    store.put(key, entry, condition)
}

fn wait<T>(store: &impl OriginStore, answer: Answer<T>) -> Result<T, OriginError> {
    match answer {
        Answer::Ready(result) => result,
        Answer::Later(coming) => store.wait(coming),
    }
}
