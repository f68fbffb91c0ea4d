//! Whether a store is still there: nothing that is kept of a deleted store may be answered, as its handles have to say
//! that it is gone.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::Cache;
use super::acknowledgement::{Duty, acknowledge};
use crate::error::KvError;
use crate::name::StoreId;
use crate::reply::Reply;

/// What all handles of one store share.
#[derive(Debug, Default)]
pub(super) struct Presence {
    /// Deletions that were called and not refused.
    deletions: AtomicUsize,
}

impl Presence {
    /// Whether what is kept of the store may be answered, and what is read of it be kept. While it is being deleted only
    /// the engine knows.
    pub(super) fn is_certain(&self) -> bool {
        self.deletions.load(Ordering::Acquire) == 0
    }
}

/// The presence of each store that somebody has a handle of.
#[derive(Debug, Default)]
pub(super) struct Presences(Mutex<HashMap<StoreId, Weak<Presence>>>);

impl Presences {
    pub(super) fn of(&self, store: StoreId) -> Arc<Presence> {
        let mut presences = self.0.lock();
        if let Some(presence) = presences.get(&store).and_then(Weak::upgrade) {
            return presence;
        }
        if presences.len() == presences.capacity() {
            // Instead of growing, where that makes room.
            presences.retain(|_, presence| presence.strong_count() > 0);
        }
        let presence = Arc::new(Presence::default());
        presences.insert(store, Arc::downgrade(&presence));
        presence
    }
}

/// The duty to tell the cache how the deletion of a store ends.
#[derive(Debug)]
pub(super) struct Deletion {
    /// Not kept, as the background thread may have this.
    cache: Weak<Cache>,
    presence: Arc<Presence>,
    store: StoreId,
}

impl Deletion {
    /// To be called before the engine.
    pub(super) fn begin(cache: &Arc<Cache>, store: StoreId) -> Self {
        let presence = cache.presences.of(store);
        presence.deletions.fetch_add(1, Ordering::AcqRel);
        Self { cache: Arc::downgrade(cache), presence, store }
    }

    /// Sees to it that the deletion ends in the cache before `reply`, which the engine has given, is heard.
    pub(super) fn acknowledge(self, reply: Reply<bool>) -> Reply<bool> {
        match reply {
            Reply::Ready(result) => {
                self.end(&result);
                Reply::Ready(result)
            }
            Reply::Later(later) => acknowledge(later, self),
        }
    }
}

impl Duty<bool> for Deletion {
    fn cache(&self) -> Option<Arc<Cache>> {
        self.cache.upgrade()
    }

    fn end(self, result: &Result<bool, KvError>) {
        match result {
            // The store is there.
            Err(KvError::StoreNotEmpty(_)) => drop(self.presence.deletions.fetch_sub(1, Ordering::AcqRel)),
            // It was never there, or whoever deleted it has cleared up.
            Ok(false) => {}
            // Its handles say what the engine says from now on. A handle that somebody is about to make of it shares their
            // presence, or finds nothing that was kept.
            Ok(true) | Err(_) => {
                if let Some(cache) = self.cache.upgrade() {
                    cache.forget(self.store);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_of_a_store_share_its_presence_and_those_of_forgotten_stores_take_no_room() {
        let presences = Presences::default();
        let first = presences.of(StoreId::new(1));
        assert!(Arc::ptr_eq(&first, &presences.of(StoreId::new(1))));
        for number in 2..10_000 {
            drop(presences.of(StoreId::new(number)));
        }
        assert!(presences.0.lock().len() < 100);
        assert!(Arc::ptr_eq(&first, &presences.of(StoreId::new(1))));
    }
}
