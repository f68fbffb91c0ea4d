//! The memory engine: for tests, and for data that may be lost.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;
use std::ops::Bound;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use super::registry::Registry;
use super::{Engine, EngineStore};
use crate::clock::Timestamp;
use crate::completion::Completion;
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
    stores: RwLock<Stores>,
    generations: Arc<GenerationSource>,
}

#[derive(Debug, Default)]
struct Stores {
    registry: Registry<MemoryStore>,
    /// Of the store that was made last. It stays when that is deleted, as an identity is given once.
    last_id: u64,
}

impl MemoryEngine {
    /// An engine without stores.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn delete_store(&self, id: StoreId, now: Timestamp) -> Result<bool, KvError> {
        let Some(store) = self.stores.read().registry.get(id).cloned() else {
            return Ok(false);
        };
        // Most of what has expired goes in steps, between which others have their turn.
        while store.data.sweep(now, SCAN_STEP) > 0 {}
        let ended = {
            let mut stores = self.stores.write();
            // It may have been renamed or deleted meanwhile.
            let Some(store) = stores.registry.get(id) else {
                return Ok(false);
            };
            let ended =
                store.data.end(now).map_err(|NotEmpty| KvError::StoreNotEmpty(store.info.name.clone()));
            // In one step for all: whoever is told that the store is gone can make another one of its name.
            ended.inspect(|_| drop(stores.registry.remove(id)))
        };
        ended.map(|_entries| true)
    }
}

impl Engine for MemoryEngine {
    fn open(&self, name: &StoreName) -> Reply<Option<Arc<dyn EngineStore>>> {
        let store = self.stores.read().registry.named(name).cloned();
        Reply::ok(store.map(|store| store as Arc<dyn EngineStore>))
    }

    fn open_id(&self, id: StoreId) -> Reply<Option<Arc<dyn EngineStore>>> {
        let store = self.stores.read().registry.get(id).cloned();
        Reply::ok(store.map(|store| store as Arc<dyn EngineStore>))
    }

    fn create(&self, name: &StoreName, now: Timestamp) -> Reply<Arc<dyn EngineStore>> {
        let mut stores = self.stores.write();
        if stores.registry.named(name).is_some() {
            return Reply::Ready(Err(KvError::StoreExists(name.clone())));
        }
        stores.last_id = stores.last_id.saturating_add(1);
        let id = StoreId::new(stores.last_id);
        let info = StoreInfo { id, name: name.clone(), created_at: now, updated_at: now };
        let store = Arc::new(MemoryStore { info, data: Arc::new(Data::new(Arc::clone(&self.generations))) });
        stores.registry.insert(Arc::clone(&store));
        Reply::ok(store)
    }

    fn rename(&self, id: StoreId, name: &StoreName, now: Timestamp) -> Reply<Option<StoreInfo>> {
        let mut stores = self.stores.write();
        let Some(store) = stores.registry.get(id) else {
            return Reply::ok(None);
        };
        if store.info.name == *name {
            return Reply::ok(Some(store.info.clone()));
        }
        if stores.registry.named(name).is_some() {
            return Reply::Ready(Err(KvError::StoreExists(name.clone())));
        }
        let info = StoreInfo { name: name.clone(), updated_at: now, ..store.info.clone() };
        let renamed = MemoryStore { info: info.clone(), data: Arc::clone(&store.data) };
        stores.registry.insert(Arc::new(renamed));
        Reply::ok(Some(info))
    }

    fn delete(&self, id: StoreId, now: Timestamp, completion: Completion) -> Reply<bool> {
        let deleted = self.delete_store(id, now);
        completion.end(&deleted);
        Reply::Ready(deleted)
    }

    fn stores(&self) -> Reply<Vec<StoreInfo>> {
        Reply::ok(self.stores.read().registry.infos())
    }

    fn sweep(&self, now: Timestamp, max: NonZeroUsize) -> Reply<usize> {
        let stores: Vec<_> =
            self.stores.read().registry.iter().map(|store| Arc::clone(&store.data)).collect();
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

/// A store by one of its names: a handle from before it was renamed has the old one, and the same data.
#[derive(Debug)]
struct MemoryStore {
    info: StoreInfo,
    data: Arc<Data>,
}

/// Two kinds of lock, so that readers never wait for a writer's work, and writers seldom for each other's: a writer
/// holds the stripe of its key while it reads, decides and joins bytes, and the map only for the moment of a look or
/// a swap. An entry that goes is dropped when neither is held: freeing 25 MiB is work as well.
#[derive(Debug)]
struct Data {
    /// `None` once the store has been deleted.
    entries: RwLock<Option<Entries>>,
    /// Entries with an expiry, soonest first. Always taken under a stripe, never together with `entries`.
    expiries: Mutex<BTreeSet<(Timestamp, KeyBuf)>>,
    stripes: [Mutex<()>; WRITER_STRIPES],
    hasher: RandomState,
    generations: Arc<GenerationSource>,
}

type Entries = BTreeMap<KeyBuf, Entry>;

/// The store has been deleted.
struct Gone;

/// The store has entries that have not expired.
struct NotEmpty;

impl Data {
    fn new(generations: Arc<GenerationSource>) -> Self {
        Self {
            entries: RwLock::new(Some(Entries::new())),
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

    fn get(&self, key: &str) -> Result<Option<Entry>, Gone> {
        self.entries.read().as_ref().map(|entries| entries.get(key).cloned()).ok_or(Gone)
    }

    /// Takes an entry out, and gives it, to be dropped when the caller is no longer alone with the key.
    fn remove(&self, key: &str) -> Option<Entry> {
        let (key, entry) = self.entries.write().as_mut()?.remove_entry(key)?;
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
                let entry = self.get(key.as_str()).ok().flatten();
                let expired = entry.filter(|entry| !entry.existing().is_live(now));
                expired.and_then(|_| self.remove(key.as_str()))
            });
            drop(removed);
        }
        due.len()
    }

    /// Ends the store, if nothing is in it that has not expired by `now`, and gives what is left of that.
    fn end(&self, now: Timestamp) -> Result<Option<Entries>, NotEmpty> {
        // Then no writer is between its decision and what it keeps: those that are acknowledged have come before this,
        // and those that come after it find the store gone.
        let _writers: Vec<_> = self.stripes.iter().map(Mutex::lock).collect();
        let ended = {
            let mut entries = self.entries.write();
            if entries.iter().flatten().any(|(_, entry)| entry.existing().is_live(now)) {
                return Err(NotEmpty);
            }
            entries.take()
        };
        self.expiries.lock().clear();
        Ok(ended)
    }

    /// Adds the keys of `scan` to `page`, from `start` on. Stops after [`SCAN_STEP`] entries, and then gives the key
    /// to go on behind.
    fn scan_step(
        &self,
        scan: &Scan<'_>,
        start: Bound<&str>,
        page: &mut KeyPage,
    ) -> Result<Option<KeyBuf>, Gone> {
        let limit = NonZeroUsize::try_from(scan.limit).map_or(usize::MAX, NonZeroUsize::get);
        let entries = self.entries.read();
        let range = entries.as_ref().ok_or(Gone)?.range::<str, _>((start, Bound::Unbounded));
        let found = range.take_while(|(key, _)| scan.covers(key.as_str()));
        for (looked_at, (key, entry)) in (1..).zip(found) {
            if entry.existing().is_live(scan.now) {
                if page.keys.len() == limit {
                    page.more = true;
                    return Ok(None);
                }
                page.keys.push(key.as_key());
            }
            if looked_at == SCAN_STEP {
                return Ok(Some(key.clone()));
            }
        }
        Ok(None)
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<KeyPage, Gone> {
        let mut page = KeyPage::default();
        let mut last = self.scan_step(scan, scan.start(), &mut page)?;
        while let Some(after) = last {
            last = self.scan_step(scan, Bound::Excluded(after.as_str()), &mut page)?;
        }
        Ok(page)
    }
}

impl MemoryStore {
    fn gone(&self) -> KvError {
        KvError::NoStore(self.info.name.clone())
    }
}

impl EngineStore for MemoryStore {
    fn info(&self) -> &StoreInfo {
        &self.info
    }

    fn lookup(&self, key: Key<'_>) -> Reply<Option<Entry>> {
        Reply::Ready(self.data.get(key.as_str()).map_err(|Gone| self.gone()))
    }

    fn insert(
        &self,
        key: Key<'_>,
        insert: Insert,
        now: Timestamp,
        limits: &Limits,
        completion: Completion,
    ) -> Reply<Generation> {
        let data = &self.data;
        let inserted = data.alone(key.as_str(), || {
            let old = data.get(key.as_str()).map_err(|Gone| self.gone())?;
            let existing = old.as_ref().map(Entry::existing);
            let decision = decide(existing, insert, now, data.generations.next(now), limits)?;
            let old_value = || old.as_ref().map(|old| old.value().clone()).unwrap_or_default();
            let entry = decision.into_entry(|| Ok::<_, KvError>(old_value()))?;
            let generation = entry.generation();

            let old_expiry = old.as_ref().and_then(Entry::expires_at);
            let new_expiry = entry.expires_at();
            let replaced = {
                let mut entries = data.entries.write();
                // Still there, as who deletes the store waits for all who are alone with a key.
                let entries = entries.as_mut().ok_or_else(|| self.gone())?;
                if old.is_none() {
                    entries.insert(key.to_buf(), entry)
                } else {
                    entries.get_mut(key.as_str()).map(|slot| std::mem::replace(slot, entry))
                }
            };
            if old_expiry != new_expiry {
                let mut expiries = data.expiries.lock();
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
        let inserted = inserted.map(|(generation, ..)| generation);
        completion.end(&inserted);
        Reply::Ready(inserted)
    }

    fn delete(
        &self,
        key: Key<'_>,
        condition: Option<GenerationMatch>,
        now: Timestamp,
        completion: Completion,
    ) -> Reply<bool> {
        let deleted = self.data.alone(key.as_str(), || {
            let old = self.data.get(key.as_str()).map_err(|Gone| self.gone())?;
            let delete = decide_delete(old.map(|entry| entry.existing()), condition, now)?;
            let removed = if delete { self.data.remove(key.as_str()) } else { None };
            Ok((delete, removed))
        });
        let deleted = deleted.map(|(delete, _removed)| delete);
        completion.end(&deleted);
        Reply::Ready(deleted)
    }

    fn scan(&self, scan: Scan<'_>) -> Reply<KeyPage> {
        Reply::Ready(self.data.scan(&scan).map_err(|Gone| self.gone()))
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
            store
                .insert(Key::new(&key).unwrap(), insert, now, &Limits::default(), Completion::NONE)
                .wait()
                .unwrap();
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
