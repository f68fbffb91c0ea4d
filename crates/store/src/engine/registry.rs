//! The stores that an engine has, by name and by identity.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::EngineStore;
use crate::name::{StoreId, StoreInfo, StoreName};

/// Both maps hold the same stores.
#[derive(Debug)]
pub(super) struct Registry<S> {
    by_name: BTreeMap<StoreName, Arc<S>>,
    by_id: HashMap<StoreId, Arc<S>>,
}

impl<S> Default for Registry<S> {
    fn default() -> Self {
        Self { by_name: BTreeMap::new(), by_id: HashMap::new() }
    }
}

impl<S: EngineStore> Registry<S> {
    pub(super) fn named(&self, name: &StoreName) -> Option<&Arc<S>> {
        self.by_name.get(name)
    }

    pub(super) fn get(&self, id: StoreId) -> Option<&Arc<S>> {
        self.by_id.get(&id)
    }

    /// All of them, by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<S>> {
        self.by_name.values()
    }

    pub(super) fn infos(&self) -> Vec<StoreInfo> {
        self.iter().map(|store| store.info().clone()).collect()
    }

    /// Adds a store, in place of the one that had its identity, perhaps under another name.
    pub(super) fn insert(&mut self, store: Arc<S>) {
        let StoreInfo { id, name, .. } = store.info();
        if let Some(old) = self.by_id.insert(*id, Arc::clone(&store)) {
            self.forget_name(&old);
        }
        self.by_name.insert(name.clone(), store);
    }

    pub(super) fn remove(&mut self, id: StoreId) -> Option<Arc<S>> {
        let store = self.by_id.remove(&id)?;
        self.forget_name(&store);
        Some(store)
    }

    /// Another store may have the name by now, when many are renamed.
    fn forget_name(&mut self, store: &Arc<S>) {
        let StoreInfo { id, name, .. } = store.info();
        if self.by_name.get(name).is_some_and(|named| named.info().id == *id) {
            self.by_name.remove(name);
        }
    }
}
