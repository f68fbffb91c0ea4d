//! A store.

use edgekv_store::{Insert, KvStore};

use super::builders::{DeleteBuilder, InsertBuilder, LookupBuilder};
use super::entries::{LookupResponse, entry};
use super::error::{key, outcome};
use super::lists::ListBuilder;
use super::pending::{PendingDelete, PendingLookup, deleted};
use crate::bindings::exports::edgekv::kv::kv_store as wit;
use crate::held::Held;
use crate::imports::wait;

/// A store that a program has opened.
pub(crate) struct Store {
    store: KvStore,
    _held: Held,
}

impl Store {
    pub(super) fn new(store: KvStore, held: Held) -> Self {
        Self { store, _held: held }
    }
}

impl wit::GuestStore for Store {
    fn lookup(&self, at: Vec<u8>) -> Result<wit::LookupResponse, wit::Error> {
        let held = Held::new()?;
        LookupResponse::found(held, wait(self.store.lookup(key(&at)?)))
    }

    fn get(&self, at: Vec<u8>) -> Result<wit::Entry, wit::Error> {
        entry(wait(self.store.lookup(key(&at)?)))
    }

    fn lookup_async(&self, at: Vec<u8>) -> Result<wit::PendingLookup, wit::Error> {
        let held = Held::new()?;
        PendingLookup::started(held, self.store.lookup(key(&at)?))
    }

    fn insert(&self, at: Vec<u8>, value: Vec<u8>) -> Result<(), wit::Error> {
        wait(self.store.insert(key(&at)?, Insert::new(value))).map(drop).map_err(outcome)
    }

    fn delete(&self, at: Vec<u8>) -> Result<(), wit::Error> {
        deleted(wait(self.store.delete(key(&at)?, None)))
    }

    fn delete_async(&self, at: Vec<u8>) -> Result<wit::PendingDelete, wit::Error> {
        let held = Held::new()?;
        PendingDelete::started(held, self.store.delete(key(&at)?, None))
    }

    fn build_lookup(&self) -> wit::LookupBuilder {
        wit::LookupBuilder::new(LookupBuilder::new(self.store.clone()))
    }

    fn build_insert(&self) -> wit::InsertBuilder {
        wit::InsertBuilder::new(InsertBuilder::new(self.store.clone()))
    }

    fn build_delete(&self) -> wit::DeleteBuilder {
        wit::DeleteBuilder::new(DeleteBuilder::new(self.store.clone()))
    }

    fn build_list(&self) -> wit::ListBuilder {
        wit::ListBuilder::new(ListBuilder::new(self.store.clone()))
    }
}
