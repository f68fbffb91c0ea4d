//! `edgekv:kv/kv-store`, and its stores.

use bytes::Bytes;
use edgekv_store::{Entry, Generation, Insert, KeyList, KvError, KvStore, ListPage};
use wasmtime::component::Resource;

use super::bindings::edgekv::kv::kv_store::{self, Host, HostStore, Store};
use super::{DeleteBuilder, Found, InsertBuilder, KvView, ListBuilder, LookupBuilder, text};
use crate::body::Body;
use crate::handles::Object;
use crate::operations::Value;
use crate::status::Error;

impl Host for KvView<'_> {
    async fn open(&mut self, name: Bytes) -> Result<Resource<Store>, Error> {
        // A component drops what it does not wait for. Nothing has to be forgotten, and no handle of it is ever stale.
        self.ctx.handles_mut().keep_outcomes();
        let (_, store) = self.ctx.open_store(text(&name)?).await?;
        // One of its own each time: to drop one must not close another.
        self.own(Object::Store(store))
    }

    fn convert_error(&mut self, error: Error) -> wasmtime::Result<kv_store::Error> {
        self.kv_error(error)
    }
}

impl HostStore for KvView<'_> {
    async fn lookup(
        &mut self,
        store: Resource<Store>,
        key: Bytes,
    ) -> Result<Resource<kv_store::LookupResponse>, Error> {
        let found = self.ctx.lookup::<KvStore>(store.rep(), text(&key))?.await;
        self.response(found)
    }

    async fn get(&mut self, store: Resource<Store>, key: Bytes) -> Result<kv_store::Entry, Error> {
        let found = self.ctx.lookup::<KvStore>(store.rep(), text(&key))?.await;
        self.entry(found)
    }

    fn lookup_async(
        &mut self,
        store: Resource<Store>,
        key: Bytes,
    ) -> Result<Resource<kv_store::PendingLookup>, Error> {
        self.ctx.start_lookup::<KvStore>(store.rep(), text(&key)).map(Resource::new_own)
    }

    async fn insert(&mut self, store: Resource<Store>, key: Bytes, value: Bytes) -> Result<(), Error> {
        let insert = || Ok(Ok(Insert::new(Bytes::new())));
        let value = Ok(Value::Bytes(value));
        let pending = self.ctx.begin_insert::<KvStore>(store.rep(), text(&key), value, insert).await?;
        written(pending.wait().await)
    }

    async fn delete(&mut self, store: Resource<Store>, key: Bytes) -> Result<(), Error> {
        deleted(self.ctx.delete::<KvStore>(store.rep(), text(&key), None)?.await)
    }

    fn delete_async(
        &mut self,
        store: Resource<Store>,
        key: Bytes,
    ) -> Result<Resource<kv_store::PendingDelete>, Error> {
        self.ctx.start_delete::<KvStore>(store.rep(), text(&key), None).map(Resource::new_own)
    }

    fn build_lookup(
        &mut self,
        store: Resource<Store>,
    ) -> wasmtime::Result<Resource<kv_store::LookupBuilder>> {
        self.build(&store, |store| Object::LookupBuilder(LookupBuilder::new(store)))
    }

    fn build_insert(
        &mut self,
        store: Resource<Store>,
    ) -> wasmtime::Result<Resource<kv_store::InsertBuilder>> {
        self.build(&store, |store| Object::InsertBuilder(Box::new(InsertBuilder::new(store))))
    }

    fn build_delete(
        &mut self,
        store: Resource<Store>,
    ) -> wasmtime::Result<Resource<kv_store::DeleteBuilder>> {
        self.build(&store, |store| Object::DeleteBuilder(DeleteBuilder::new(store)))
    }

    fn build_list(&mut self, store: Resource<Store>) -> wasmtime::Result<Resource<kv_store::ListBuilder>> {
        self.build(&store, |store| Object::ListBuilder(Box::new(ListBuilder::new(store))))
    }

    fn drop(&mut self, store: Resource<Store>) -> wasmtime::Result<()> {
        self.release::<KvStore>(store.rep())
    }
}

/// The answers of operations, as the interface has them.
impl KvView<'_> {
    fn build<B: 'static>(
        &mut self,
        store: &Resource<Store>,
        builder: impl FnOnce(KvStore) -> Object,
    ) -> wasmtime::Result<Resource<B>> {
        let store = self.ctx.handles_mut().get::<KvStore>(store.rep())?.clone();
        Ok(self.own(builder(store))?)
    }

    pub(super) fn entry(&mut self, found: Result<Option<Entry>, KvError>) -> Result<kv_store::Entry, Error> {
        let entry = found?.ok_or(Error::NoSuchKey)?;
        let (metadata, generation) = (optional(entry.metadata().as_bytes()), entry.generation().get());
        let body = self.own(Object::Body(Body::from(entry.into_value())))?;
        Ok(kv_store::Entry { body, metadata, generation })
    }

    pub(super) fn response(
        &mut self,
        found: Result<Option<Entry>, KvError>,
    ) -> Result<Resource<kv_store::LookupResponse>, Error> {
        let entry = found?.ok_or(Error::NoSuchKey)?;
        self.own(Object::Found(Found::from(entry)))
    }
}

pub(super) fn written(outcome: Result<Generation, KvError>) -> Result<(), Error> {
    outcome?;
    Ok(())
}

pub(super) fn deleted(outcome: Result<bool, KvError>) -> Result<(), Error> {
    if outcome? { Ok(()) } else { Err(Error::NoSuchKey) }
}

pub(super) fn list_page(page: Result<ListPage, KvError>) -> Result<kv_store::ListPage, Error> {
    let page = page?;
    let next_cursor = page.next.map(|cursor| Bytes::from(cursor.to_string()));
    Ok(kv_store::ListPage { keys: keys(page.keys), next_cursor })
}

/// Keys, without a copy of each.
pub(super) fn keys(keys: KeyList) -> Vec<Bytes> {
    keys.into_slices().collect()
}

/// Metadata, where none is told as such.
pub(super) fn optional(metadata: &Bytes) -> Option<Bytes> {
    (!metadata.is_empty()).then(|| metadata.clone())
}
