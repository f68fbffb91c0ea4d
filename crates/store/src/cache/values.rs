//! What is kept: entries, and that there is none, within a bound in bytes.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use quick_cache::sync::Cache;
use quick_cache::{Lifecycle, OptionsBuilder, Weighter};

use super::CacheLimits;
use super::place::{KnownHashBuilder, Place, PlaceRef};
use crate::clock::{Clock, Timestamp};
use crate::entry::Entry;
use crate::name::StoreId;

/// What an entry takes besides its key, value and metadata: its share of the table, which has room for as many again,
/// and what the allocator and the reference counts of its three parts need.
pub(super) const OVERHEAD: u64 = 2 * (size_of::<Place>() + size_of::<Cached>() + 21) as u64 + 100;

/// A shard of the table is at least so large where the cache is, so that the largest value that a store takes by default
/// can be kept.
const SHARD_BYTES: u64 = 32 * 1024 * 1024;

/// Fewest shards; a value of more than a shard cannot be kept. Where there is one thread, several would only make that less.
const MIN_SHARDS: u64 = if cfg!(all(target_family = "wasm", target_os = "unknown")) { 1 } else { 4 };

#[derive(Debug, Clone)]
struct Cached {
    content: Content,
    /// When the read of it began; only known where there is a limit of freshness.
    fetched_at: Timestamp,
}

#[derive(Debug, Clone)]
enum Content {
    Entry(Entry),
    /// There is nothing, from this moment on. With an entry that had expired when it was read, that is its expiry: should
    /// the clock be set back, it is there again, as in the engine.
    Absent {
        from: Timestamp,
    },
}

/// The table of all values.
pub(super) struct Values {
    cache: Cache<Place, Cached, Weigh, KnownHashBuilder, Collect>,
    max_entry_bytes: u64,
    freshness: Option<Duration>,
    clock: Arc<dyn Clock>,
    evictions: AtomicU64,
}

/// What has left the table; to be dropped where no lock is held, as freeing it may be work.
#[must_use = "freeing what was evicted is work, which no lock should wait for"]
#[derive(Debug, Default)]
pub(super) struct Evicted(#[expect(dead_code, reason = "held only to be dropped")] Vec<(Place, Cached)>);

impl Values {
    pub(super) fn new(limits: CacheLimits, clock: Arc<dyn Clock>) -> Self {
        let CacheLimits { max_bytes, freshness } = limits;
        let processors = std::thread::available_parallelism().map_or(1, |processors| processors.get() as u64);
        let most = (MIN_SHARDS * processors).next_power_of_two();
        // A power of two, as the table takes no other.
        let shards = 1 << (max_bytes / SHARD_BYTES).clamp(MIN_SHARDS, most).ilog2();
        let average_bytes = OVERHEAD + 1024;
        // The table makes fewer shards when it expects less than 32 entries for each.
        let entries = (max_bytes / average_bytes).max(32 * shards);
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let options = OptionsBuilder::new()
            .shards(size(shards))
            .estimated_items_capacity(size(entries))
            .weight_capacity(max_bytes)
            .build();
        let hasher = KnownHashBuilder::default();
        let cache = match options {
            Ok(options) => Cache::with_options(options, Weigh, hasher, Collect),
            // Only options without a capacity are refused.
            Err(_) => Cache::with(size(entries), max_bytes, Weigh, hasher, Collect),
        };
        // The table itself refuses what fills more than 97 % of a shard.
        let max_entry_bytes = cache.shard_capacity().saturating_mul(9) / 10;
        Self { cache, max_entry_bytes, freshness, clock, evictions: AtomicU64::new(0) }
    }

    /// What is known of `place`: an entry, or that there is none. When nothing is known, what had to go, if anything.
    pub(super) fn get(&self, place: PlaceRef<'_>) -> Result<Option<Entry>, Evicted> {
        let unknown = || Err(Evicted::default());
        let Some(Cached { content, fetched_at }) = self.cache.get(&place) else { return unknown() };
        if !self.is_fresh(fetched_at) {
            return unknown();
        }
        match content {
            Content::Absent { from } if from == Timestamp::default() || self.clock.now() >= from => Ok(None),
            Content::Absent { .. } => unknown(),
            Content::Entry(entry) if entry.expires_at().is_none() => Ok(Some(entry)),
            Content::Entry(entry) if entry.existing().is_live(self.clock.now()) => Ok(Some(entry)),
            Content::Entry(expired) => {
                // Its bytes are of no use to anybody. What comes in its place is small.
                let is_it = |cached: &Cached| match &cached.content {
                    Content::Entry(entry) => entry.generation() == expired.generation(),
                    Content::Absent { .. } => false,
                };
                Err(Evicted(self.cache.remove_if(&place, is_it).into_iter().collect()))
            }
        }
    }

    /// Whether something is kept at `place`, of use or not.
    pub(super) fn contains(&self, place: &Place) -> bool {
        self.cache.contains_key(place)
    }

    /// Whether others write to the same data, past this cache.
    pub(super) const fn is_shared(&self) -> bool {
        self.freshness.is_some()
    }

    /// The moment to be remembered with what is read from now on.
    pub(super) fn read_begins(&self) -> Timestamp {
        self.freshness.map_or(Timestamp::default(), |_| self.clock.now())
    }

    /// Whether what was read by a read that began then may still be used. A read that began in the future tells that the
    /// clock was set back, and nothing about its age.
    pub(super) fn is_fresh(&self, fetched_at: Timestamp) -> bool {
        self.freshness.is_none_or(|freshness| {
            let now = self.clock.now();
            fetched_at <= now && now < fetched_at.saturating_add(freshness)
        })
    }

    /// Keeps what a read has found, in place of what was kept before. What is too large is not kept.
    pub(super) fn keep(&self, place: &Place, found: Option<&Entry>, fetched_at: Timestamp) -> Evicted {
        let content = match found {
            None => Content::Absent { from: Timestamp::default() },
            Some(entry) => match entry.expires_at() {
                Some(from) if !entry.existing().is_live(self.clock.now()) => Content::Absent { from },
                _ => Content::Entry(entry.clone()),
            },
        };
        let cached = Cached { content, fetched_at };
        if Weigh.weight(place, &cached) > self.max_entry_bytes {
            return self.remove(place);
        }
        let left = self.cache.insert_with_lifecycle(place.clone(), cached);
        let evicted = left.iter().filter(|(other, _)| other != place).count();
        if evicted > 0 {
            self.evictions.fetch_add(evicted as u64, Ordering::Relaxed);
        }
        Evicted(left)
    }

    /// Forgets what is kept at `place`.
    pub(super) fn remove(&self, place: &Place) -> Evicted {
        Evicted(self.cache.remove(place).into_iter().collect())
    }

    /// Forgets all of a store.
    pub(super) fn remove_store(&self, store: StoreId) {
        self.remove_all(|place| place.store() == store);
    }

    pub(super) fn clear(&self) {
        self.remove_all(|_| true);
        // And what it remembers of what was evicted.
        self.cache.clear();
    }

    /// Removes what is at such places. Their bytes are freed at the end, when nobody waits for the table.
    fn remove_all(&self, of: impl Fn(&Place) -> bool) {
        let removed = RefCell::new(Vec::new());
        self.cache.retain(|place, cached| {
            let stays = !of(place);
            if !stays {
                removed.borrow_mut().push((place.clone(), cached.clone()));
            }
            stays
        });
        drop(removed);
    }

    pub(super) fn evictions(&self) -> u64 {
        self.evictions.load(Ordering::Relaxed)
    }

    pub(super) fn entries(&self) -> u64 {
        self.cache.len() as u64
    }

    pub(super) fn bytes(&self) -> u64 {
        self.cache.weight()
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Values").field("entries", &self.entries()).field("bytes", &self.bytes()).finish()
    }
}

/// Weighs in bytes.
#[derive(Debug, Clone, Copy)]
struct Weigh;

impl Weighter<Place, Cached> for Weigh {
    fn weight(&self, place: &Place, cached: &Cached) -> u64 {
        let content = match &cached.content {
            Content::Entry(entry) => entry.value().len() + entry.metadata().as_bytes().len(),
            Content::Absent { .. } => 0,
        };
        OVERHEAD + (place.len() + content) as u64
    }
}

/// Collects what leaves the table, so that it is counted, and dropped outside of the table's locks. It costs an allocation
/// only when something leaves.
#[derive(Debug, Clone, Copy)]
struct Collect;

impl Lifecycle<Place, Cached> for Collect {
    type RequestState = Vec<(Place, Cached)>;

    fn begin_request(&self) -> Self::RequestState {
        Vec::new()
    }

    fn on_evict(&self, left: &mut Self::RequestState, place: Place, cached: Cached) {
        left.push((place, cached));
    }
}

#[cfg(test)]
mod tests {
    use std::hash::RandomState;

    use super::*;
    use crate::clock::ManualClock;
    use crate::generation::Generation;
    use crate::key::Key;
    use crate::metadata::Metadata;

    const NOW: u64 = 1_000_000_000;

    struct Table {
        clock: Arc<ManualClock>,
        values: Values,
        hasher: RandomState,
    }

    impl Table {
        fn new(max_bytes: u64, freshness: Option<Duration>) -> Self {
            let clock = Arc::new(ManualClock::at(Timestamp::from_micros(NOW)));
            let values = Values::new(CacheLimits { max_bytes, freshness }, Arc::new(Arc::clone(&clock)));
            Self { clock, values, hasher: RandomState::new() }
        }

        fn place(&self, key: &str) -> Place {
            PlaceRef::new(&self.hasher, StoreId::new(1), Key::new(key).unwrap()).to_place()
        }

        fn keep(&self, key: &str, entry: Option<&Entry>) {
            drop(self.values.keep(&self.place(key), entry, self.values.read_begins()));
        }

        fn get(&self, key: &str) -> Option<Option<Entry>> {
            self.values.get(self.place(key).borrowed()).ok()
        }
    }

    fn entry(bytes: usize, expires_at: Option<u64>) -> Entry {
        let generation = Generation::new(7).unwrap();
        Entry::new(vec![7; bytes].into(), Metadata::NONE, generation, expires_at.map(Timestamp::from_micros))
    }

    #[test]
    fn the_bound_in_bytes_holds_whatever_is_kept_and_evictions_are_counted() {
        for max_bytes in [0, 1, 1_000, 100_000, 4_000_000] {
            let table = Table::new(max_bytes, None);
            for number in 0..3_000_usize {
                let found = (number % 3 > 0).then(|| entry(number * 7 % 5_000, None));
                table.keep(&format!("key {number}"), found.as_ref());
                let bytes = table.values.bytes();
                assert!(bytes <= max_bytes.next_multiple_of(MIN_SHARDS), "{bytes} bytes of {max_bytes}");
            }
            let (entries, evictions) = (table.values.entries(), table.values.evictions());
            assert!(entries + evictions <= 3_000, "{entries} + {evictions}");
            if max_bytes >= 100_000 {
                assert!(entries > 10 && evictions > 100, "{entries} entries, {evictions} evictions");
            }
            assert!(entries * OVERHEAD <= table.values.bytes());
        }
    }

    #[test]
    fn what_is_replaced_or_removed_is_not_an_eviction_and_gives_its_bytes_back() {
        let table = Table::new(1_000_000, None);
        table.keep("k", Some(&entry(1_000, None)));
        assert_eq!(table.values.bytes(), OVERHEAD + 1 + 1_000);
        table.keep("k", Some(&entry(10, None)));
        assert_eq!(table.values.bytes(), OVERHEAD + 1 + 10);
        drop(table.values.remove(&table.place("k")));
        assert_eq!((table.values.bytes(), table.values.entries(), table.values.evictions()), (0, 0, 0));
    }

    #[test]
    fn what_is_larger_than_its_share_is_not_kept_and_neither_is_what_it_replaces() {
        let table = Table::new(1_000_000, None);
        table.keep("other", Some(&entry(100, None)));
        table.keep("k", Some(&entry(200_000, None)));
        assert!(table.get("k").is_some());
        table.keep("k", Some(&entry(250_000, None)));
        assert_eq!(table.get("k"), None);
        assert!(table.get("other").is_some(), "nothing had to go for it");
        assert_eq!(table.values.evictions(), 0);
    }

    #[test]
    fn a_large_cache_keeps_the_largest_value_of_a_store() {
        let table = Table::new(256 * 1024 * 1024, None);
        let largest = usize::try_from(crate::limits::DEFAULT_MAX_VALUE_BYTES).unwrap();
        table.keep("k", Some(&entry(largest, None)));
        assert!(table.get("k").is_some());
    }

    #[test]
    fn what_was_read_too_long_ago_is_not_known_and_neither_is_what_was_read_in_the_future() {
        let table = Table::new(1_000_000, Some(Duration::from_secs(60)));
        table.keep("k", None);
        table.clock.advance(Duration::from_micros(59_999_999));
        assert_eq!(table.get("k"), Some(None));
        table.clock.advance(Duration::from_micros(1));
        assert_eq!(table.get("k"), None);
        table.clock.set(Timestamp::from_micros(NOW - 1));
        assert_eq!(table.get("k"), None, "the clock was set back");
    }

    #[test]
    fn an_entry_that_expires_gives_its_bytes_back_and_comes_back_as_a_small_note() {
        let table = Table::new(1_000_000, None);
        let expiring = entry(1_000, Some(NOW + 10));
        table.keep("k", Some(&expiring));
        assert_eq!(table.get("k"), Some(Some(expiring.clone())));
        table.clock.advance(Duration::from_micros(10));
        assert_eq!(table.get("k"), None);
        assert_eq!(table.values.bytes(), 0);

        // As the engine may still have it.
        table.keep("k", Some(&expiring));
        assert_eq!(table.get("k"), Some(None));
        assert_eq!(table.values.bytes(), OVERHEAD + 1);
        table.clock.set(Timestamp::from_micros(NOW));
        assert_eq!(table.get("k"), None, "by this clock, it has not expired");
    }
}
