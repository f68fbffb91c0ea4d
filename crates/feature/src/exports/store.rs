//! A store.

use edgekv_store::{Insert, KvStore};

use super::builders::{DeleteBuilder, InsertBuilder, LookupBuilder};
use super::entries::{LookupResponse, entry, found};
use super::error::{key, outcome};
use super::lists::ListBuilder;
use super::pending::{PendingDelete, PendingLookup, deleted};
use crate::bindings::exports::edgekv::kv::kv_store as wit;
use crate::imports::wait;

/// A store that a program has opened.
pub(crate) struct Store(pub(super) KvStore);

impl wit::GuestStore for Store {
    fn lookup(&self, at: Vec<u8>) -> Result<wit::LookupResponse, wit::Error> {
        found(wait(self.0.lookup(key(&at)?))).map(|entry| LookupResponse::new(entry).into())
    }

    fn get(&self, at: Vec<u8>) -> Result<wit::Entry, wit::Error> {
        entry(wait(self.0.lookup(key(&at)?)))
    }

    fn lookup_async(&self, at: Vec<u8>) -> Result<wit::PendingLookup, wit::Error> {
        Ok(PendingLookup::new(self.0.lookup(key(&at)?)).into())
    }

    fn insert(&self, at: Vec<u8>, value: Vec<u8>) -> Result<(), wit::Error> {
        wait(self.0.insert(key(&at)?, Insert::new(value))).map(drop).map_err(outcome)
    }

    fn delete(&self, at: Vec<u8>) -> Result<(), wit::Error> {
        deleted(wait(self.0.delete(key(&at)?, None)))
    }

    fn delete_async(&self, at: Vec<u8>) -> Result<wit::PendingDelete, wit::Error> {
        Ok(PendingDelete::new(self.0.delete(key(&at)?, None)).into())
    }

    fn build_lookup(&self) -> wit::LookupBuilder {
        wit::LookupBuilder::new(LookupBuilder(self.0.clone()))
    }

    fn build_insert(&self) -> wit::InsertBuilder {
        wit::InsertBuilder::new(InsertBuilder::new(self.0.clone()))
    }

    fn build_delete(&self) -> wit::DeleteBuilder {
        wit::DeleteBuilder::new(DeleteBuilder::new(self.0.clone()))
    }

    fn build_list(&self) -> wit::ListBuilder {
        wit::ListBuilder::new(ListBuilder::new(self.0.clone()))
    }
}
