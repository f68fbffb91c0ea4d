//! The edge cache: what was read lately is kept in memory, in front of any engine.
//!
//! A [`CachedEngine`] is an engine like others, and keeps all promises of an [engine](crate::engine), but for one that a
//! write can waive. What is kept is an entry, or that there is none, by store and key.
//!
//! | | |
//! | --- | --- |
//! | read your writes | what has been acknowledged is seen by every lookup that starts later |
//! | in order | a lookup that is called after a write was called sees it where the engine lets it see it |
//! | a hit | is what the engine has at that moment |
//! | concurrent misses of a key | are one read of the engine |
//! | an error of the engine | is told to all who wait for the same read, and not kept |
//! | [`background_fetch`](crate::Insert::background_fetch) | lookups may see the old entry until the new one is fetched |
//! | scans, and [`EngineStore::read`](crate::EngineStore::read) | go to the engine |
//! | bounds | bytes, and the age of what is kept |
//!
//! All writes have to come through the cache. Where others write to the same data, what they have written is seen when
//! what is kept is older than [`CacheLimits::freshness`].
//!
//! # How it works
//!
//! **Values** are a table, which is all that a hit looks at. **Slots** are for places, a key of a store each, where
//! something is under way, and only for these: the number of writes, and the read that may be joined. A slot's lock is
//! held for moments, and everything that changes what is kept at a place is done under it.
//!
//! - A write *begins* before the engine is called: it is counted, and what is kept goes. When the engine has been
//!   *called* and answers later, the read that is under way is *detached*: nobody joins it any more, and what it finds is not
//!   kept. When the write *ends*, that is when its answer has come and before anybody hears it, the read is detached as well,
//!   and the write no longer counts.
//! - A lookup that finds nothing joins the read that is attached, or else begins one, which is attached then. What a read
//!   has found is kept if it is still attached when it ends, and no write is under way.
//!
//! # Why that suffices
//!
//! *What is kept is what the engine has, as long as it is kept.* Let a read R be kept. No write was under way when it
//! ended. One that was when R began, or later, would have ended before, and detached it. So from the beginning of R until it
//! was kept there was no write, and R has found what the engine had all that time. The next write removes it before the
//! engine is called. So a hit sees all writes that were acknowledged before it.
//!
//! *What is joined is not too old.* A lookup that starts after a write was acknowledged starts after its end, which
//! detached what was under way. So what it joins began after the acknowledgement, and sees the write. In the same way, what is
//! joined by a lookup that is called after a write was called has called the engine after it.
//!
//! *What is under way ends.* A write whose reply is dropped is driven on by a background thread, as it may
//! still happen. A read that is answered later is driven by everybody who waits for it, and given up when nobody does. A
//! panic of the engine is the end of the write or read that it is in.
//!
//! # What `background_fetch` gives up
//!
//! Such a write leaves what is kept where it is. When the write has happened, and there is something kept, the new
//! entry is read from the engine at once, in its place: an engine that answers at once has done so before the write is
//! acknowledged; with another one, lookups may see the old entry after the acknowledgement until that answer is there.
//! While further such writes of the key are under way, it is read once, after the last of them. If the read fails, or
//! nobody can say whether the write has happened, the old entry goes. A write that is refused changes nothing. A
//! write without `background_fetch` promises what it always does, also beside one that has it. What is given up is given up
//! for lookups: conditions of writes, `read`, and scans are the engine's.

mod acknowledgement;
mod background;
mod engine;
mod place;
mod presence;
mod read;
mod slots;
mod store;
// They have the memory engine behind what they script.
#[cfg(test)]
#[cfg(feature = "memory")]
mod tests;
mod values;
mod write;

use std::hash::RandomState;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use self::background::Background;
pub use self::engine::CachedEngine;
use self::presence::Presences;
use self::slots::Slots;
use self::values::Values;
use crate::clock::Clock;
use crate::name::StoreId;

/// How much a cache keeps, and for how long.
///
/// ```
/// use edgekv_store::CacheLimits;
///
/// let limits = CacheLimits { max_bytes: 256 * 1024 * 1024, ..CacheLimits::default() };
/// assert_eq!(limits.freshness, None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheLimits {
    /// Most bytes of keys, values and metadata, with what it costs to keep them. Default: 64 MiB. An entry that takes more
    /// than about a quarter of it, or, in caches above 128 MiB, more than 28 MiB, may not be kept.
    pub max_bytes: u64,
    /// From which age on what is kept is read again, counted from when its read began. Default: `None`, for an engine that
    /// nobody else writes to.
    pub freshness: Option<Duration>,
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self { max_bytes: 64 * 1024 * 1024, freshness: None }
    }
}

/// What a cache has done since it was made, and what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CacheStats {
    /// Lookups that were answered from the cache.
    pub hits: u64,
    /// Lookups that were not, those included that waited for somebody else's read.
    pub misses: u64,
    /// Entries that went to make room for others.
    pub evictions: u64,
    /// Entries in it, with keys of which it is known that there is none.
    pub entries: u64,
    /// What they take, in bytes.
    pub bytes: u64,
}

/// What a cached engine and its stores share. It has nothing of the engine.
#[derive(Debug)]
struct Cache {
    values: Values,
    slots: Slots,
    presences: Presences,
    background: Background,
    hasher: RandomState,
    is_closed: AtomicBool,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Cache {
    fn new(limits: CacheLimits, clock: Arc<dyn Clock>) -> Self {
        Self {
            values: Values::new(limits, clock),
            slots: Slots::new(),
            presences: Presences::default(),
            background: Background::default(),
            hasher: RandomState::new(),
            is_closed: AtomicBool::new(false),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    fn count_hit(&self) {
        self.hits.fetch_add(1, Ordering::Relaxed);
    }

    fn count_miss(&self) {
        self.misses.fetch_add(1, Ordering::Relaxed);
    }

    fn stats(&self) -> CacheStats {
        CacheStats {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            evictions: self.values.evictions(),
            entries: self.values.entries(),
            bytes: self.values.bytes(),
        }
    }

    /// Forgets a store whose presence is not certain any more.
    fn forget(&self, store: StoreId) {
        // A read that has seen the presence certain, and is about to be kept, is kept before this returns.
        self.slots.settle();
        self.values.remove_store(store);
    }

    /// Whether the engine is to be asked whatever is kept, as it has been closed and has to say so.
    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.values.clear();
    }
}
