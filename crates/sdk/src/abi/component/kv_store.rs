//! Stores, and what is done with them: each in the call that costs least.

use super::bindings::kv_store::{self, DeleteBuilder, Entry, InsertBuilder, ListBuilder};
use super::wait::Waitable;
use super::{Found, HostBody, InsertOptions, ListOptions, Result, Value};
use crate::kv_store::InsertMode;

/// A store that has been opened.
pub(crate) type Store = kv_store::Store;

/// Opens a store; never `None`, because the interface has an error for that.
pub(crate) fn open(name: &str) -> Result<Option<Store>> {
    Ok(Some(kv_store::open(name.as_bytes())?))
}

/// Operations that were started: each has a call that ends it.
macro_rules! pending {
    ($($pending:ident -> $output:ty, $wait:ident, $read:expr;)*) => { $(
        /// An operation that was started.
        #[derive(Debug)]
        pub(crate) struct $pending(kv_store::$pending);

        impl $pending {
            /// Ends the operation; waits when it is not done.
            pub(crate) fn wait(self) -> Result<$output> {
                Ok($read(kv_store::$pending::$wait(self.0)?))
            }

            /// What says when it is done; `None` when it is.
            pub(crate) fn waitable(&self) -> Option<Waitable> {
                self.0.subscribe().map(Waitable::new)
            }
        }
    )* };
}

pending! {
    PendingLookup -> Found, wait, found;
    PendingInsert -> (), wait, |()| ();
    PendingDelete -> (), wait, |()| ();
    PendingList -> HostBody, wait_document, HostBody::kept;
}

fn found(Entry { body, metadata, generation }: Entry) -> Found {
    let metadata = metadata.filter(|metadata| !metadata.is_empty()).map(Into::into);
    Found { body: HostBody::kept(body), metadata, generation }
}

/// Looks a key up.
pub(crate) fn get(store: &Store, key: &str) -> Result<Found> {
    Ok(found(store.get(key.as_bytes())?))
}

/// Starts a lookup.
pub(crate) fn lookup(store: &Store, key: &str) -> Result<PendingLookup> {
    Ok(PendingLookup(store.lookup_async(key.as_bytes())?))
}

/// Writes a key. The value is gone, whatever the answer.
pub(crate) fn insert_now(store: &Store, key: &str, value: Value, options: &InsertOptions<'_>) -> Result<()> {
    let key = key.as_bytes();
    match value {
        Value::Guest(bytes) if is_plain(options) => store.insert(key, &bytes)?,
        Value::Guest(bytes) => insert_builder(store, options).execute(key, &bytes)?,
        Value::Host(body) => insert_builder(store, options).execute_body(key, body.into_kept()?)?,
    }
    Ok(())
}

/// Starts an insert. The value is gone, whatever the answer.
pub(crate) fn insert(
    store: &Store,
    key: &str,
    value: Value,
    options: &InsertOptions<'_>,
) -> Result<PendingInsert> {
    let (builder, key) = (insert_builder(store, options), key.as_bytes());
    Ok(PendingInsert(match value {
        Value::Guest(bytes) => builder.execute_async(key, &bytes)?,
        Value::Host(body) => builder.execute_body_async(key, body.into_kept()?)?,
    }))
}

/// Whether these are the options of a store's own `insert`.
fn is_plain(options: &InsertOptions<'_>) -> bool {
    options.mode == InsertMode::Overwrite
        && !options.background_fetch
        && options.metadata.is_empty()
        && options.time_to_live_sec.is_none()
        && options.if_generation_match.is_none()
}

fn insert_builder(store: &Store, options: &InsertOptions<'_>) -> InsertBuilder {
    let builder = store.build_insert();
    match options.mode {
        InsertMode::Overwrite => {}
        InsertMode::Add => builder.mode(kv_store::InsertMode::Add),
        InsertMode::Append => builder.mode(kv_store::InsertMode::Append),
        InsertMode::Prepend => builder.mode(kv_store::InsertMode::Prepend),
    }
    if options.background_fetch {
        builder.background_fetch();
    }
    if !options.metadata.is_empty() {
        builder.metadata(options.metadata);
    }
    if let Some(seconds) = options.time_to_live_sec {
        builder.time_to_live(u64::from(seconds) * 1000);
    }
    if let Some(generation) = options.if_generation_match {
        builder.if_generation_match(generation);
    }
    builder
}

/// Deletes a key.
pub(crate) fn delete_now(store: &Store, key: &str, if_generation: Option<u64>) -> Result<()> {
    let key = key.as_bytes();
    match if_generation {
        None => store.delete(key)?,
        Some(generation) => delete_builder(store, generation).execute(key)?,
    }
    Ok(())
}

/// Starts a delete.
pub(crate) fn delete(store: &Store, key: &str, if_generation: Option<u64>) -> Result<PendingDelete> {
    let key = key.as_bytes();
    Ok(PendingDelete(match if_generation {
        None => store.delete_async(key)?,
        Some(generation) => delete_builder(store, generation).execute_async(key)?,
    }))
}

fn delete_builder(store: &Store, if_generation: u64) -> DeleteBuilder {
    let builder = store.build_delete();
    builder.if_generation_match(if_generation);
    builder
}

/// Makes a page of a list; the body holds its document.
pub(crate) fn list_now(store: &Store, options: &ListOptions<'_>) -> Result<HostBody> {
    list(store, options)?.wait()
}

/// Starts a list.
pub(crate) fn list(store: &Store, options: &ListOptions<'_>) -> Result<PendingList> {
    Ok(PendingList(list_builder(store, options).execute_async()?))
}

fn list_builder(store: &Store, options: &ListOptions<'_>) -> ListBuilder {
    let builder = store.build_list();
    if let Some(prefix) = options.prefix.filter(|text| !text.is_empty()) {
        builder.prefix(prefix.as_bytes());
    }
    if let Some(cursor) = options.cursor.filter(|text| !text.is_empty()) {
        builder.cursor(cursor.as_bytes());
    }
    if let Some(limit) = options.limit {
        builder.limit(limit);
    }
    if options.eventual {
        builder.mode(kv_store::ListMode::Eventual);
    }
    builder
}
