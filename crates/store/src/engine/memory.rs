//! The memory engine: for tests, and for data that may be lost.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;
use std::ops::Bound;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use super::{Engine, EngineStore};
use crate::clock::Timestamp;
use crate::delete::decide_delete;
use crate::entry::Entry;
use crate::error::KvError;
use crate::generation::{Generation, GenerationMatch, GenerationSource};
use crate::insert::{Insert, decide};
use crate::key::{Key, KeyBuf};
use crate::limits::Limits;
use crate::list::{KeyPage, Scan};
use crate::name::{StoreId, StoreInfo, StoreName};
use crate::reply::Reply;

/// Keeps everything in memory, and nothing longer than the process lives.
#[derive(Debug, Default)]
pub struct MemoryEngine {
    stores: RwLock<BTreeMap<StoreName, Arc<MemoryStore>>>,
    generations: Arc<GenerationSource>,
}

impl MemoryEngine {
    /// An engine without stores.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Engine for MemoryEngine {
    fn open(&self, name: &StoreName) -> Reply<Option<Arc<dyn EngineStore>>> {
        let store = self.stores.read().get(name).cloned();
        Reply::ok(store.map(|store| store as Arc<dyn EngineStore>))
    }

    fn create(&self, name: &StoreName, now: Timestamp) -> Reply<Arc<dyn EngineStore>> {
        let mut stores = self.stores.write();
        if stores.contains_key(name) {
            return Reply::Ready(Err(KvError::StoreExists(name.clone())));
        }
        let info = StoreInfo {
            id: StoreId::new(stores.len() as u64 + 1),
            name: name.clone(),
            created_at: now,
            updated_at: now,
        };
        let store = Arc::new(MemoryStore::new(info, Arc::clone(&self.generations)));
        stores.insert(name.clone(), Arc::clone(&store));
        Reply::ok(store)
    }

    fn open_id(&self, id: StoreId) -> Reply<Option<Arc<dyn EngineStore>>> {
        let store = self.stores.read().values().find(|store| store.info.id == id).cloned();
        Reply::ok(store.map(|store| store as Arc<dyn EngineStore>))
    }

    fn rename(&self, _: StoreId, _: &StoreName, _: Timestamp) -> Reply<Option<StoreInfo>> {
        Reply::Ready(Err(KvError::engine("not yet")))
    }

    fn delete(&self, _: StoreId, _: Timestamp) -> Reply<bool> {
        Reply::Ready(Err(KvError::engine("not yet")))
    }

    fn stores(&self) -> Reply<Vec<StoreInfo>> {
        Reply::ok(self.stores.read().values().map(|store| store.info.clone()).collect())
    }

    fn sweep(&self, now: Timestamp, max: NonZeroUsize) -> Reply<usize> {
        let stores: Vec<_> = self.stores.read().values().cloned().collect();
        let swept = stores.iter().fold(0, |swept, store| swept + store.sweep(now, max.get() - swept));
        Reply::ok(swept)
    }

    fn flush(&self) -> Reply<()> {
        Reply::ok(())
    }
}

/// How many writers may be at work at once. Of two different keys, one pair in 64 shares a stripe, and its writers
/// wait for each other.
const WRITER_STRIPES: usize = 64;

/// Entries that a scan looks at before it lets writers have the map for a moment.
const SCAN_STEP: usize = 1000;

/// Two kinds of lock, so that readers never wait for a writer's work, and writers seldom for each other's: a writer
/// holds the stripe of its key while it reads, decides and joins bytes, and the map only for the moment of a look or
/// a swap. An entry that goes is dropped when neither is held: freeing 25 MiB is work as well.
#[derive(Debug)]
struct MemoryStore {
    info: StoreInfo,
    entries: RwLock<BTreeMap<KeyBuf, Entry>>,
    /// Entries with an expiry, soonest first. Always taken under a stripe, never together with `entries`.
    expiries: Mutex<BTreeSet<(Timestamp, KeyBuf)>>,
    stripes: [Mutex<()>; WRITER_STRIPES],
    hasher: RandomState,
    generations: Arc<GenerationSource>,
}

impl MemoryStore {
    fn new(info: StoreInfo, generations: Arc<GenerationSource>) -> Self {
        Self {
            info,
            entries: RwLock::default(),
            expiries: Mutex::default(),
            stripes: [const { Mutex::new(()) }; WRITER_STRIPES],
            hasher: RandomState::new(),
            generations,
        }
    }

    /// Runs `write` while no other writer of the same key runs.
    fn alone<T>(&self, key: &str, write: impl FnOnce() -> T) -> T {
        let stripe = self.hasher.hash_one(key) % WRITER_STRIPES as u64;
        // The remainder is a valid index, so there always is a stripe to hold.
        let _writer =
            usize::try_from(stripe).ok().and_then(|stripe| self.stripes.get(stripe)).map(Mutex::lock);
        write()
    }

    fn get(&self, key: &str) -> Option<Entry> {
        self.entries.read().get(key).cloned()
    }

    /// Takes an entry out, and gives it, to be dropped when the caller is no longer alone with the key.
    fn remove(&self, key: &str) -> Option<Entry> {
        let (key, entry) = self.entries.write().remove_entry(key)?;
        if let Some(expires_at) = entry.expires_at() {
            self.expiries.lock().remove(&(expires_at, key));
        }
        Some(entry)
    }

    fn sweep(&self, now: Timestamp, max: usize) -> usize {
        let due: Vec<_> =
            self.expiries.lock().iter().take_while(|(at, _)| *at <= now).take(max).cloned().collect();
        for (_, key) in &due {
            let removed = self.alone(key.as_str(), || {
                // It may have been written anew since.
                let expired = self.get(key.as_str()).filter(|entry| !entry.existing().is_live(now));
                expired.and_then(|_| self.remove(key.as_str()))
            });
            drop(removed);
        }
        due.len()
    }

    /// Adds the keys of `scan` to `page`, from `start` on. Stops after [`SCAN_STEP`] entries, and then gives the key
    /// to go on behind.
    fn scan_step(&self, scan: &Scan<'_>, start: Bound<&str>, page: &mut KeyPage) -> Option<KeyBuf> {
        let limit = NonZeroUsize::try_from(scan.limit).map_or(usize::MAX, NonZeroUsize::get);
        let entries = self.entries.read();
        let range = entries.range::<str, _>((start, Bound::Unbounded));
        let found = range.take_while(|(key, _)| scan.covers(key.as_str()));
        for (looked_at, (key, entry)) in (1..).zip(found) {
            if entry.existing().is_live(scan.now) {
                if page.keys.len() == limit {
                    page.more = true;
                    return None;
                }
                page.keys.push(key.as_key());
            }
            if looked_at == SCAN_STEP {
                return Some(key.clone());
            }
        }
        None
    }
}

impl EngineStore for MemoryStore {
    fn info(&self) -> &StoreInfo {
        &self.info
    }

    fn lookup(&self, key: Key<'_>) -> Reply<Option<Entry>> {
        Reply::ok(self.get(key.as_str()))
    }

    fn insert(&self, key: Key<'_>, insert: Insert, now: Timestamp, limits: &Limits) -> Reply<Generation> {
        let inserted = self.alone(key.as_str(), || {
            let old = self.get(key.as_str());
            let existing = old.as_ref().map(Entry::existing);
            let decision = decide(existing, insert, now, self.generations.next(now), limits)?;
            let old_value = || old.as_ref().map(|old| old.value().clone()).unwrap_or_default();
            let entry = decision.into_entry(|| Ok::<_, KvError>(old_value()))?;
            let generation = entry.generation();

            let old_expiry = old.as_ref().and_then(Entry::expires_at);
            let new_expiry = entry.expires_at();
            let replaced = if old.is_none() {
                self.entries.write().insert(key.to_buf(), entry)
            } else {
                self.entries.write().get_mut(key.as_str()).map(|slot| std::mem::replace(slot, entry))
            };
            if old_expiry != new_expiry {
                let mut expiries = self.expiries.lock();
                if let Some(at) = old_expiry {
                    expiries.remove(&(at, key.to_buf()));
                }
                if let Some(at) = new_expiry {
                    expiries.insert((at, key.to_buf()));
                }
            }
            // Both name the same bytes, which live as long as either does.
            Ok((generation, old, replaced))
        });
        Reply::Ready(inserted.map(|(generation, ..)| generation))
    }

    fn delete(&self, key: Key<'_>, condition: Option<GenerationMatch>, now: Timestamp) -> Reply<bool> {
        let deleted = self.alone(key.as_str(), || {
            let existing = self.get(key.as_str()).map(|entry| entry.existing());
            let delete = decide_delete(existing, condition, now)?;
            let removed = if delete { self.remove(key.as_str()) } else { None };
            Ok((delete, removed))
        });
        Reply::Ready(deleted.map(|(delete, _removed)| delete))
    }

    fn scan(&self, scan: Scan<'_>) -> Reply<KeyPage> {
        let mut page = KeyPage::default();
        let mut last = self.scan_step(&scan, scan.start(), &mut page);
        while let Some(after) = last {
            last = self.scan_step(&scan, Bound::Excluded(after.as_str()), &mut page);
        }
        Reply::ok(page)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use super::*;
    use crate::list::ListMode;

    /// A store with `expired` entries that have expired, and behind them in the order of keys `live` that have not.
    fn store(expired: usize, live: usize) -> (Arc<dyn EngineStore>, Timestamp) {
        let engine = MemoryEngine::new();
        let now = Timestamp::from_micros(1_000_000);
        let store = engine.create(&StoreName::new("store").unwrap(), now).wait().unwrap();
        for number in 0..expired + live {
            let key = format!("{number:06}");
            let time_to_live = (number < expired).then_some(Duration::ZERO);
            let insert = Insert { time_to_live, ..Insert::new("v") };
            store.insert(Key::new(&key).unwrap(), insert, now, &Limits::default()).wait().unwrap();
        }
        (store, now)
    }

    #[test]
    fn a_scan_goes_on_behind_every_step_of_it() {
        for (expired, live) in [(0, SCAN_STEP), (SCAN_STEP, 1), (SCAN_STEP - 1, 2), (3 * SCAN_STEP, 7)] {
            let (store, now) = store(expired, live);
            for limit in [1, live, live + 1] {
                let limit = NonZeroU32::new(u32::try_from(limit).unwrap()).unwrap();
                let scan = Scan { prefix: "", after: None, limit, mode: ListMode::Strong, now };
                let page = store.scan(scan).wait().unwrap();
                let wanted = live.min(limit.get() as usize);
                let expected: Vec<_> = (expired..expired + wanted).map(|n| format!("{n:06}")).collect();
                assert_eq!(page.keys.iter().collect::<Vec<_>>(), expected, "{expired} expired");
                assert_eq!(page.more, live > wanted, "{expired} expired, limit {limit}");
            }
        }
    }
}
