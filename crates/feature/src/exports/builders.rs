//! Lookups, writes and removals, described before they are executed.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use edgekv_store::{
    Generation, GenerationMatch, Insert, InsertMode, KvError, KvStore, Metadata, MetadataError, Reply,
};

use super::entries::LookupResponse;
use super::error::{key, outcome};
use super::pending::{PendingDelete, PendingInsert, PendingLookup, deleted};
use super::values::{Collected, collect, is_write_only};
use crate::bindings::edgekv::kv::bodies::Body;
use crate::bindings::exports::edgekv::kv::kv_store as wit;
use crate::held::Held;
use crate::imports::wait;

/// Describes a lookup: there is nothing to say yet.
pub(crate) struct LookupBuilder {
    store: KvStore,
    _held: Held,
}

impl LookupBuilder {
    pub(super) fn new(store: KvStore) -> Self {
        Self { store, _held: Held::or_trap() }
    }
}

impl wit::GuestLookupBuilder for LookupBuilder {
    fn execute(&self, at: Vec<u8>) -> Result<wit::LookupResponse, wit::Error> {
        let held = Held::new()?;
        LookupResponse::found(held, wait(self.store.lookup(key(&at)?)))
    }

    fn execute_async(&self, at: Vec<u8>) -> Result<wit::PendingLookup, wit::Error> {
        let held = Held::new()?;
        PendingLookup::started(held, self.store.lookup(key(&at)?))
    }
}

/// Describes a write.
pub(crate) struct InsertBuilder {
    store: KvStore,
    /// All but the value.
    insert: RefCell<Insert>,
    /// Metadata that are too long are told by the write.
    refused: Cell<Option<MetadataError>>,
    _held: Held,
}

impl InsertBuilder {
    pub(super) fn new(store: KvStore) -> Self {
        let insert = RefCell::new(Insert::new(Vec::new()));
        Self { store, insert, refused: Cell::new(None), _held: Held::or_trap() }
    }

    /// What is described, all but the value.
    fn described(&self) -> Result<Insert, KvError> {
        let refused = self.refused.take();
        self.refused.set(refused.clone());
        refused.map_or_else(|| Ok(self.insert.borrow().clone()), |error| Err(error.into()))
    }

    fn write(&self, at: &[u8], value: Vec<u8>) -> Result<Reply<Generation>, wit::Error> {
        let key = key(at)?;
        Ok(match self.described() {
            Ok(insert) => self.store.insert(key, Insert { value: value.into(), ..insert }),
            Err(error) => Reply::Ready(Err(error)),
        })
    }

    fn write_body(&self, at: &[u8], body: &Body) -> Result<Reply<Generation>, wit::Error> {
        let key = key(at)?;
        let insert = match self.described() {
            Ok(insert) => insert,
            // What is no value is told by the call, before what is wrong with the options.
            Err(_) if is_write_only(body) => return Err(wit::Error::BadRequest),
            Err(error) => return Ok(Reply::Ready(Err(error))),
        };
        let limit = self.store.limits().max_value_bytes;
        Ok(match collect(body, limit)? {
            Collected::All(value) => self.store.insert(key, Insert { value, ..insert }),
            Collected::TooLong(bytes) => Reply::Ready(Err(KvError::PayloadTooLarge { bytes, limit })),
        })
    }
}

impl wit::GuestInsertBuilder for InsertBuilder {
    fn mode(&self, mode: wit::InsertMode) {
        self.insert.borrow_mut().mode = match mode {
            wit::InsertMode::Overwrite => InsertMode::Overwrite,
            wit::InsertMode::Add => InsertMode::Add,
            wit::InsertMode::Append => InsertMode::Append,
            wit::InsertMode::Prepend => InsertMode::Prepend,
        };
    }

    fn background_fetch(&self) {
        self.insert.borrow_mut().background_fetch = true;
    }

    fn if_generation_match(&self, generation: u64) {
        self.insert.borrow_mut().condition = Some(GenerationMatch::from_number(generation));
    }

    fn metadata(&self, data: Vec<u8>) {
        let checked = Metadata::new(data);
        self.refused.set(checked.as_ref().err().cloned());
        self.insert.borrow_mut().metadata = checked.unwrap_or_default();
    }

    fn time_to_live(&self, milliseconds: u64) {
        self.insert.borrow_mut().time_to_live = Some(Duration::from_millis(milliseconds));
    }

    fn execute(&self, at: Vec<u8>, value: Vec<u8>) -> Result<(), wit::Error> {
        wait(self.write(&at, value)?).map(drop).map_err(outcome)
    }

    fn execute_async(&self, at: Vec<u8>, value: Vec<u8>) -> Result<wit::PendingInsert, wit::Error> {
        let held = Held::new()?;
        PendingInsert::started(held, self.write(&at, value)?)
    }

    fn execute_body(&self, at: Vec<u8>, value: Body) -> Result<(), wit::Error> {
        wait(self.write_body(&at, &value)?).map(drop).map_err(outcome)
    }

    fn execute_body_async(&self, at: Vec<u8>, value: Body) -> Result<wit::PendingInsert, wit::Error> {
        let held = Held::new()?;
        PendingInsert::started(held, self.write_body(&at, &value)?)
    }
}

/// Describes a removal.
pub(crate) struct DeleteBuilder {
    store: KvStore,
    condition: Cell<Option<GenerationMatch>>,
    _held: Held,
}

impl DeleteBuilder {
    pub(super) fn new(store: KvStore) -> Self {
        Self { store, condition: Cell::new(None), _held: Held::or_trap() }
    }
}

impl wit::GuestDeleteBuilder for DeleteBuilder {
    fn if_generation_match(&self, generation: u64) {
        self.condition.set(Some(GenerationMatch::from_number(generation)));
    }

    fn execute(&self, at: Vec<u8>) -> Result<(), wit::Error> {
        deleted(wait(self.store.delete(key(&at)?, self.condition.get())))
    }

    fn execute_async(&self, at: Vec<u8>) -> Result<wit::PendingDelete, wit::Error> {
        let held = Held::new()?;
        PendingDelete::started(held, self.store.delete(key(&at)?, self.condition.get()))
    }
}
