//! The edge cache: what was read lately is kept in memory, in front of any engine.
//!
//! A [`CachedEngine`] is an engine like others, and keeps all promises of an [engine](crate::engine), but for one that a
//! write can waive. What is kept is an entry, or that there is none, by store and key.
//!
//! | | |
//! | --- | --- |
//! | read your writes | what has been acknowledged is seen by every lookup that starts later |
//! | in order | a lookup that is called after a write was called sees it where the engine lets it see it |
//! | the end of a write | is the engine's to tell, and does not depend on who has called it |
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
//! What is kept is answered as long as it is right, also when the engine could not answer any more: after a disk has
//! failed, keys that are kept still have their entries, while all else is an error. After [`close`](crate::Engine::close) all
//! is asked of the engine.
//!
//! An entry that has expired is not answered. It leaves the memory when somebody looks it up, or when room is needed.
//!
//! # How it works
//!
//! **Values** are a table, which is all that a hit looks at. **Slots** are for places, a key of a store each, where
//! something is under way, and only for these: the number of writes, and the read that may be joined. A slot's lock is
//! held for moments, and everything that is put into the values is put there under it. What is kept may go at any time, by an
//! eviction, with its store, or as it has expired: then the next lookup reads it, which is always right.
//!
//! - A write *begins* before the engine is called: it is counted, and what is kept goes. When the engine has been
//!   *called* and answers later, the read that is under way is *detached*, unless the write has ended already: nobody joins it
//!   any more, and what it finds is not kept. When the write *ends*, which the engine tells by the
//!   [`Completion`](crate::Completion) before it answers, the read is detached as well, and the write no longer counts.
//! - A lookup that finds nothing joins the read that is attached, or else begins one, which is attached then. What a read
//!   has found is kept if it is still attached when it ends, and no write is under way.
//!
//! # Why that suffices
//!
//! Of a place where no write has `background_fetch`:
//!
//! *What is kept is what the engine has, as long as it is kept.* Let a read R be kept. No write was under way when it
//! ended. One that was when R began, or later, would have ended before, and detached it. So from the beginning of R until it
//! was kept there was no write, and R has found what the engine had all that time. The next write removes it before the
//! engine is called. So a hit sees all writes that were acknowledged before it.
//!
//! *What is joined is not too old.* A lookup that starts after a write was acknowledged starts after its end, which
//! detached what was under way. So what it joins began after the acknowledgement, and sees the write. In the same way, what is
//! joined by a lookup that is called after a write was called has called the engine after it, or after the write's end.
//!
//! *What is under way ends.* The end of a write is the engine's to tell, whatever becomes of the reply, and whether or not
//! somebody polls it; an engine that loses a write drops the completion, which is an end as well. A read that is answered later
//! is driven by everybody who waits for it, and given up when nobody does. A panic of the engine is the end of the write or
//! read that it is in.
//!
//! # What `background_fetch` gives up
//!
//! Such a *background* write is counted apart. It leaves what is kept where it is, and the read that is under way attached when
//! it is called. When it has happened and something is kept, a *fetch* begins: a read that is attached in place of the one
//! under way, and replaces what is kept. There is one at a time; when another such write ends meanwhile, the fetch stays
//! attached, and is followed by another one. When nothing is kept, the end of the write detaches the read as that of any other does.
//! If the fetch fails or is given up, or nobody can say whether the write has happened, what is kept goes. A write that is
//! refused changes nothing; but where others write past the cache, which a limit of freshness says, it may have been refused for
//! what they have written, so what is kept goes as well. So what is kept is as new as the last ordinary write that was acknowledged: nothing is kept, nor
//! fetched, while one is under way, and the proof above holds for these. And every background write is seen in the end,
//! also in an endless stream of them: what is kept after it has happened is either read after it, or followed by a fetch, and
//! the fetch that is under way is never detached by such writes.
//!
//! The fetch is begun by the caller, where the engine answers the write at once. Otherwise a background thread does it, as the end of
//! a write is told by a thread that has other writes to do; the reply waits until the engine has been asked. So with an
//! engine that answers lookups at once, the new entry is kept when the write is acknowledged, unless another such write of
//! the key was under way. What is given up is given up for lookups: conditions of writes, `read`, and scans are the engine's.

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod background;
mod engine;
mod handles;
mod place;
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

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
use self::background::Background;
pub use self::engine::CachedEngine;
use self::slots::Slots;
use self::values::Values;
use crate::clock::Clock;
use crate::name::StoreId;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
use crate::without_system::Background;

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
    /// Most bytes of keys, values and metadata, with what it costs to keep them. Default: 64 MiB. What is remembered of keys
    /// that were evicted, to know them again, is up to about a twentieth on top of it. An entry that takes more
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
    /// Lookups that were not, those included that waited for somebody else's read, or went past the cache as the store is
    /// being deleted or was closed.
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
    background: Background,
    hasher: RandomState,
    is_closed: AtomicBool,
    counts: Counts,
}

/// Apart from what every hit reads: lines of memory that one processor writes are slow for the others.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Counts {
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Cache {
    fn new(limits: CacheLimits, clock: Arc<dyn Clock>) -> Self {
        Self {
            values: Values::new(limits, clock),
            slots: Slots::new(),
            background: Background::default(),
            hasher: RandomState::new(),
            is_closed: AtomicBool::new(false),
            counts: Counts::default(),
        }
    }

    fn count_hit(&self) {
        self.counts.hits.fetch_add(1, Ordering::Relaxed);
    }

    fn count_miss(&self) {
        self.counts.misses.fetch_add(1, Ordering::Relaxed);
    }

    fn stats(&self) -> CacheStats {
        CacheStats {
            hits: self.counts.hits.load(Ordering::Relaxed),
            misses: self.counts.misses.load(Ordering::Relaxed),
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
        // As in `forget`.
        self.slots.settle();
        self.values.clear();
    }
}
