//! What programs call: `edgekv:kv/kv-store`, with the same checks and errors as the host's own has.

mod builders;
mod entries;
mod error;
mod lists;
mod pending;
mod store;
mod values;

use edgekv_store::StoreName;

use crate::bindings::exports::edgekv::kv::kv_store as wit;
use crate::held::Held;
use crate::imports::wait;
use crate::instance;

/// The exports of this component.
#[derive(Debug)]
pub(crate) struct Exports;

impl wit::Guest for Exports {
    type Store = store::Store;
    type LookupResponse = entries::LookupResponse;
    type LookupBuilder = builders::LookupBuilder;
    type InsertBuilder = builders::InsertBuilder;
    type DeleteBuilder = builders::DeleteBuilder;
    type ListBuilder = lists::ListBuilder;
    type PendingLookup = pending::PendingLookup;
    type PendingInsert = pending::PendingInsert;
    type PendingDelete = pending::PendingDelete;
    type PendingList = pending::PendingList;

    fn open(name: Vec<u8>) -> Result<wit::Store, wit::Error> {
        let name = std::str::from_utf8(&name).ok().and_then(|name| StoreName::new(name).ok());
        let name = name.ok_or(wit::Error::InvalidArgument)?;
        let held = Held::new()?;
        let stores = instance::stores().map_err(error::outcome)?;
        let store = wait(stores.open(&name)).map_err(error::outcome)?.ok_or(wit::Error::NoSuchStore)?;
        Ok(wit::Store::new(store::Store::new(store, held)))
    }
}
