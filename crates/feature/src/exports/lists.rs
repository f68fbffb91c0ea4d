//! Lists of keys.

use std::cell::{Cell, RefCell};

use edgekv_store::{KvError, KvStore, ListMode, ListPage, ListRequest, Reply};

use super::error::{outcome, text};
use super::pending::PendingList;
use super::values::body;
use crate::bindings::edgekv::kv::bodies::Body;
use crate::bindings::exports::edgekv::kv::kv_store as wit;
use crate::held::Held;
use crate::imports::wait;

/// Describes a list.
pub(crate) struct ListBuilder {
    store: KvStore,
    prefix: RefCell<Vec<u8>>,
    cursor: RefCell<Vec<u8>>,
    limit: Cell<Option<u32>>,
    mode: Cell<ListMode>,
    held: Held,
}

impl ListBuilder {
    pub(super) fn new(store: KvStore) -> Self {
        let (prefix, cursor) = Default::default();
        Self { store, prefix, cursor, limit: Cell::new(None), mode: Cell::default(), held: Held::or_trap() }
    }

    fn recount(&self) {
        self.held.keeps(self.prefix.borrow().len() + self.cursor.borrow().len());
    }

    fn list(&self) -> Result<Reply<ListPage>, wit::Error> {
        let (prefix, cursor) = (self.prefix.borrow(), self.cursor.borrow());
        let cursor = text(&cursor)?;
        Ok(self.store.list(ListRequest {
            prefix: text(&prefix)?,
            cursor: Some(cursor).filter(|cursor| !cursor.is_empty()),
            limit: self.limit.get(),
            mode: self.mode.get(),
        }))
    }
}

impl wit::GuestListBuilder for ListBuilder {
    fn prefix(&self, prefix: Vec<u8>) {
        self.prefix.replace(prefix);
        self.recount();
    }

    fn cursor(&self, cursor: Vec<u8>) {
        self.cursor.replace(cursor);
        self.recount();
    }

    fn limit(&self, limit: u32) {
        self.limit.set(Some(limit));
    }

    fn mode(&self, mode: wit::ListMode) {
        self.mode.set(match mode {
            wit::ListMode::Strong => ListMode::Strong,
            wit::ListMode::Eventual => ListMode::Eventual,
        });
    }

    fn execute(&self) -> Result<wit::ListPage, wit::Error> {
        page(wait(self.list()?))
    }

    fn execute_async(&self) -> Result<wit::PendingList, wit::Error> {
        let held = Held::new()?;
        PendingList::started(held, self.list()?)
    }
}

/// A page, as a record.
pub(super) fn page(result: Result<ListPage, KvError>) -> Result<wit::ListPage, wit::Error> {
    let page = result.map_err(outcome)?;
    Ok(wit::ListPage {
        keys: page.keys.iter().map(|key| key.as_bytes().to_vec()).collect(),
        next_cursor: page.next.map(|next| next.to_string().into_bytes()),
    })
}

/// A page, as the document that the HTTP API and the legacy ABI have.
pub(super) fn document(result: Result<ListPage, KvError>) -> Result<Body, wit::Error> {
    let document = serde_json::to_vec(&result.map_err(outcome)?).map_err(|_| wit::Error::InternalError)?;
    body(&document)
}
