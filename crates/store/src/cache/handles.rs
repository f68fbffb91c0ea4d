//! The stores that were opened through the cache, and whether each is still there: nothing that is kept of a deleted store
//! may be answered, as its handles have to say that it is gone.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, RwLock};

use super::Cache;
use super::store::CachedStore;
use crate::completion::{Completion, Ended, OnEnd};
use crate::engine::EngineStore;
use crate::name::StoreId;

/// Deleted stores that are remembered, for those who have asked for one just before, and make a handle of it just after.
const REMEMBERED: usize = 256;

/// What all handles of one store share.
#[derive(Debug, Default)]
pub(super) struct Presence {
    /// Deletions that were called and have not turned out to have changed nothing.
    deletions: AtomicUsize,
}

impl Presence {
    /// Whether what is kept of the store may be answered, and what is read of it be kept. While it is being deleted only
    /// the engine knows.
    pub(super) fn is_certain(&self) -> bool {
        self.deletions.load(Ordering::Acquire) == 0
    }

    fn begin_deletion(&self) {
        self.deletions.fetch_add(1, Ordering::AcqRel);
    }

    fn take_back(&self, deletions: usize) {
        self.deletions.fetch_sub(deletions, Ordering::AcqRel);
    }
}

/// The one handle of each store, so that opening it again is a look into a table. Those of whom it is told that they are
/// deleted go; others stay as long as the engine.
#[derive(Default)]
pub(super) struct Handles {
    table: RwLock<Table>,
    /// Deletions of which nobody can say whether they have happened.
    doubts: AtomicU64,
}

#[derive(Default)]
struct Table {
    stores: HashMap<StoreId, Known>,
    /// The last that were deleted. An identity is given once, so they stay so.
    deleted: VecDeque<StoreId>,
}

#[derive(Default)]
struct Known {
    presence: Arc<Presence>,
    handle: Option<Arc<CachedStore>>,
    /// How many of the deletions in `presence` are over, and nobody can say whether they have happened.
    doubtful: usize,
    /// The number of the last of them.
    last_doubt: u64,
}

impl Handles {
    /// To be asked before the engine is asked for a store, and given to [`of`](Self::of) with its answer.
    pub(super) fn asking(&self) -> u64 {
        self.doubts.load(Ordering::Acquire)
    }

    /// What makes a store of the engine one of ours.
    pub(super) fn of(
        &self,
        store: Arc<dyn EngineStore>,
        cache: &Arc<Cache>,
        asked: u64,
    ) -> Arc<dyn EngineStore> {
        let id = store.info().id;
        if let Some(known) = self.table.read().stores.get(&id)
            && known.doubtful == 0
            && let Some(handle) = known.handle.as_ref().filter(|handle| handle.is_of(&store))
        {
            return Arc::clone(handle) as Arc<dyn EngineStore>;
        }
        let mut table = self.table.write();
        if table.deleted.contains(&id) {
            let gone = Arc::<Presence>::default();
            gone.begin_deletion();
            return Arc::new(CachedStore::new(store, cache, gone));
        }
        let known = table.stores.entry(id).or_default();
        if known.last_doubt <= asked {
            // It is there, says an engine that was asked after them.
            known.presence.take_back(std::mem::take(&mut known.doubtful));
        }
        if let Some(handle) = known.handle.as_ref().filter(|handle| handle.is_of(&store)) {
            return Arc::clone(handle) as Arc<dyn EngineStore>;
        }
        // The first one, or one by another name.
        let handle = Arc::new(CachedStore::new(store, cache, Arc::clone(&known.presence)));
        let replaced = known.handle.replace(Arc::clone(&handle));
        drop(table);
        drop(replaced);
        handle
    }

    fn begin_deletion(&self, store: StoreId) -> Arc<Presence> {
        let mut table = self.table.write();
        let presence = &table.stores.entry(store).or_default().presence;
        presence.begin_deletion();
        Arc::clone(presence)
    }

    fn end_deletion(&self, store: StoreId, presence: &Arc<Presence>, ended: Ended) {
        let mut table = self.table.write();
        let known = table.stores.get_mut(&store).filter(|known| Arc::ptr_eq(&known.presence, presence));
        let gone = match (ended, known) {
            (Ended::Written, _) => {
                if table.deleted.len() >= REMEMBERED {
                    table.deleted.pop_front();
                }
                table.deleted.push_back(store);
                table.stores.remove(&store)
            }
            (Ended::Unchanged, known) => {
                presence.take_back(1);
                // Of a store that is not there, nothing is to stay.
                let of_none =
                    known.is_some_and(|known| known.handle.is_none() && known.presence.is_certain());
                if of_none { table.stores.remove(&store) } else { None }
            }
            (Ended::Unknown, Some(known)) if known.handle.is_some() => {
                known.doubtful += 1;
                known.last_doubt = self.doubts.fetch_add(1, Ordering::AcqRel) + 1;
                None
            }
            (Ended::Unknown, Some(_)) => table.stores.remove(&store),
            (Ended::Unknown, None) => None,
        };
        drop(table);
        drop(gone);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.table.read().stores.len()
    }
}

impl fmt::Debug for Handles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handles(..)")
    }
}

/// The deletion of a store, from before the engine is given it until after the engine has done it.
pub(super) struct Deletion {
    /// Not kept, as the engine may have this for as long as it likes.
    handles: Weak<Handles>,
    cache: Weak<Cache>,
    presence: Arc<Presence>,
    store: StoreId,
    /// Who has to know as well.
    outer: Mutex<Completion>,
}

impl Deletion {
    /// To be called before the engine, and given to it.
    pub(super) fn begin(
        handles: &Arc<Handles>,
        cache: &Arc<Cache>,
        store: StoreId,
        outer: Completion,
    ) -> Completion {
        let presence = handles.begin_deletion(store);
        let (handles, cache) = (Arc::downgrade(handles), Arc::downgrade(cache));
        Completion::new(Arc::new(Self { handles, cache, presence, store, outer: Mutex::new(outer) }))
    }
}

impl OnEnd for Deletion {
    fn ended(&self, ended: Ended) {
        if let Some(handles) = self.handles.upgrade() {
            handles.end_deletion(self.store, &self.presence, ended);
        }
        // Its handles say what the engine says from now on. A handle that somebody is about to make of it does so, too.
        if ended != Ended::Unchanged
            && let Some(cache) = self.cache.upgrade()
        {
            cache.forget(self.store);
        }
        let outer = std::mem::take(&mut *self.outer.lock());
        outer.end(ended);
    }
}
