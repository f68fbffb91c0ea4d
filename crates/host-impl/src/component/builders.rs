//! The builders of `edgekv:kv/kv-store`: operations that are described before they are executed.

use std::time::Duration;

use bytes::Bytes;
use edgekv_store::{
    Generation, GenerationMatch, Insert, InsertMode, KvError, KvStore, ListMode, ListRequest, Metadata,
    MetadataError,
};
use wasmtime::component::Resource;

use super::bindings::edgekv::kv::{bodies, kv_store};
use super::kv_store::{deleted, list_page, written};
use super::{KvView, text};
use crate::handles::Object;
use crate::operations::{Opened, Value};
use crate::pending::Pending;
use crate::status::Error;

/// Describes a lookup.
#[derive(Debug)]
pub(crate) struct LookupBuilder {
    store: KvStore,
}

/// Describes a write.
#[derive(Debug)]
pub(crate) struct InsertBuilder {
    store: KvStore,
    /// All but value and metadata.
    insert: Insert,
    /// Those that are too long are not kept; that they were is told by the write.
    metadata: Result<Metadata, MetadataError>,
    /// Why the host has not kept something, which the call that brought it could not be told.
    refused: Option<Error>,
}

/// Describes a removal.
#[derive(Debug)]
pub(crate) struct DeleteBuilder {
    store: KvStore,
    condition: Option<GenerationMatch>,
}

/// Describes a list.
#[derive(Debug)]
pub(crate) struct ListBuilder {
    store: KvStore,
    prefix: Bytes,
    cursor: Bytes,
    limit: Option<u32>,
    mode: ListMode,
    /// Why the host has not kept something, which the call that brought it could not be told.
    refused: Option<Error>,
}

macro_rules! opened {
    ($($builder:ty),*) => {$(
        impl Opened for $builder {
            fn store(&self) -> &KvStore {
                &self.store
            }
        }
    )*};
}

opened!(LookupBuilder, Box<InsertBuilder>, DeleteBuilder, Box<ListBuilder>);

impl LookupBuilder {
    pub(super) const fn new(store: KvStore) -> Self {
        Self { store }
    }
}

impl InsertBuilder {
    pub(super) fn new(store: KvStore) -> Self {
        Self { store, insert: Insert::new(Bytes::new()), metadata: Ok(Metadata::NONE), refused: None }
    }

    /// Bytes that the host keeps for it. What it is itself is not counted: there is one for a moment, and the operation has that room.
    pub(crate) fn held_bytes(&self) -> usize {
        self.metadata.as_ref().map_or(0, |metadata| metadata.as_bytes().len())
    }

    /// The write, but for its value. The error is one that is told as the outcome.
    fn insert(&self) -> Result<Insert, KvError> {
        Ok(Insert { metadata: self.metadata.clone()?, ..self.insert.clone() })
    }
}

impl DeleteBuilder {
    pub(super) const fn new(store: KvStore) -> Self {
        Self { store, condition: None }
    }
}

impl ListBuilder {
    pub(super) const fn new(store: KvStore) -> Self {
        Self {
            store,
            prefix: Bytes::new(),
            cursor: Bytes::new(),
            limit: None,
            mode: ListMode::Strong,
            refused: None,
        }
    }

    /// Bytes that the host keeps for it, as those of an insert.
    pub(crate) fn held_bytes(&self) -> usize {
        self.prefix.len() + self.cursor.len()
    }
}

/// What a list is asked for: pieces of text that a builder has kept.
struct Asked {
    prefix: Bytes,
    cursor: Bytes,
    limit: Option<u32>,
    mode: ListMode,
}

impl Asked {
    fn request(&self) -> Result<ListRequest<'_>, Error> {
        let cursor = Some(text(&self.cursor)?).filter(|cursor| !cursor.is_empty());
        Ok(ListRequest { prefix: text(&self.prefix)?, cursor, limit: self.limit, mode: self.mode })
    }
}

impl kv_store::HostLookupBuilder for KvView<'_> {
    async fn execute(
        &mut self,
        builder: Resource<kv_store::LookupBuilder>,
        key: Bytes,
    ) -> Result<Resource<kv_store::LookupResponse>, Error> {
        let found = self.ctx.lookup::<LookupBuilder>(builder.rep(), text(&key))?.await;
        self.response(found)
    }

    fn execute_async(
        &mut self,
        builder: Resource<kv_store::LookupBuilder>,
        key: Bytes,
    ) -> Result<Resource<kv_store::PendingLookup>, Error> {
        self.ctx.start_lookup::<LookupBuilder>(builder.rep(), text(&key)).map(Resource::new_own)
    }

    fn drop(&mut self, builder: Resource<kv_store::LookupBuilder>) -> wasmtime::Result<()> {
        self.release::<LookupBuilder>(builder.rep())
    }
}

impl kv_store::HostInsertBuilder for KvView<'_> {
    fn mode(
        &mut self,
        builder: Resource<kv_store::InsertBuilder>,
        mode: kv_store::InsertMode,
    ) -> wasmtime::Result<()> {
        self.insert_builder(&builder)?.insert.mode = match mode {
            kv_store::InsertMode::Overwrite => InsertMode::Overwrite,
            kv_store::InsertMode::Add => InsertMode::Add,
            kv_store::InsertMode::Append => InsertMode::Append,
            kv_store::InsertMode::Prepend => InsertMode::Prepend,
        };
        Ok(())
    }

    fn background_fetch(&mut self, builder: Resource<kv_store::InsertBuilder>) -> wasmtime::Result<()> {
        self.insert_builder(&builder)?.insert.background_fetch = true;
        Ok(())
    }

    fn if_generation_match(
        &mut self,
        builder: Resource<kv_store::InsertBuilder>,
        generation: u64,
    ) -> wasmtime::Result<()> {
        let condition = Some(GenerationMatch::from_number(generation));
        self.insert_builder(&builder)?.insert.condition = condition;
        Ok(())
    }

    fn metadata(&mut self, builder: Resource<kv_store::InsertBuilder>, data: Bytes) -> wasmtime::Result<()> {
        let metadata = Metadata::new(data);
        let bytes = metadata.as_ref().map_or(0, |metadata| metadata.as_bytes().len());
        let checked = self.ctx.check_bytes(bytes);
        let described = self.insert_builder(&builder)?;
        match checked {
            Ok(()) => described.metadata = metadata,
            Err(error) => described.refused = Some(error),
        }
        self.ctx.handles_mut().recount(builder.rep());
        Ok(())
    }

    fn time_to_live(
        &mut self,
        builder: Resource<kv_store::InsertBuilder>,
        milliseconds: u64,
    ) -> wasmtime::Result<()> {
        let time_to_live = Some(Duration::from_millis(milliseconds));
        self.insert_builder(&builder)?.insert.time_to_live = time_to_live;
        Ok(())
    }

    async fn execute(
        &mut self,
        builder: Resource<kv_store::InsertBuilder>,
        key: Bytes,
        value: Bytes,
    ) -> Result<(), Error> {
        let pending = self.begin(&builder, &key, Ok(Value::Bytes(value))).await?;
        written(pending.wait().await)
    }

    async fn execute_async(
        &mut self,
        builder: Resource<kv_store::InsertBuilder>,
        key: Bytes,
        value: Bytes,
    ) -> Result<Resource<kv_store::PendingInsert>, Error> {
        let pending = self.begin(&builder, &key, Ok(Value::Bytes(value))).await?;
        self.own(Object::Insert(pending))
    }

    async fn execute_body(
        &mut self,
        builder: Resource<kv_store::InsertBuilder>,
        key: Bytes,
        value: Resource<bodies::Body>,
    ) -> Result<(), Error> {
        let value = self.give_up(&value);
        let pending = self.begin(&builder, &key, value).await?;
        written(pending.wait().await)
    }

    async fn execute_body_async(
        &mut self,
        builder: Resource<kv_store::InsertBuilder>,
        key: Bytes,
        value: Resource<bodies::Body>,
    ) -> Result<Resource<kv_store::PendingInsert>, Error> {
        let value = self.give_up(&value);
        let pending = self.begin(&builder, &key, value).await?;
        self.own(Object::Insert(pending))
    }

    fn drop(&mut self, builder: Resource<kv_store::InsertBuilder>) -> wasmtime::Result<()> {
        self.release::<Box<InsertBuilder>>(builder.rep())
    }
}

impl kv_store::HostDeleteBuilder for KvView<'_> {
    fn if_generation_match(
        &mut self,
        builder: Resource<kv_store::DeleteBuilder>,
        generation: u64,
    ) -> wasmtime::Result<()> {
        let builder = self.ctx.handles_mut().get::<DeleteBuilder>(builder.rep())?;
        builder.condition = Some(GenerationMatch::from_number(generation));
        Ok(())
    }

    async fn execute(&mut self, builder: Resource<kv_store::DeleteBuilder>, key: Bytes) -> Result<(), Error> {
        let condition = self.condition(&builder)?;
        deleted(self.ctx.delete::<DeleteBuilder>(builder.rep(), text(&key), condition)?.await)
    }

    fn execute_async(
        &mut self,
        builder: Resource<kv_store::DeleteBuilder>,
        key: Bytes,
    ) -> Result<Resource<kv_store::PendingDelete>, Error> {
        let condition = self.condition(&builder)?;
        self.ctx.start_delete::<DeleteBuilder>(builder.rep(), text(&key), condition).map(Resource::new_own)
    }

    fn drop(&mut self, builder: Resource<kv_store::DeleteBuilder>) -> wasmtime::Result<()> {
        self.release::<DeleteBuilder>(builder.rep())
    }
}

impl kv_store::HostListBuilder for KvView<'_> {
    fn prefix(&mut self, builder: Resource<kv_store::ListBuilder>, prefix: Bytes) -> wasmtime::Result<()> {
        let checked = self.ctx.check_bytes(prefix.len());
        let list = self.list_builder(&builder)?;
        match checked {
            Ok(()) => list.prefix = prefix,
            Err(error) => list.refused = Some(error),
        }
        self.ctx.handles_mut().recount(builder.rep());
        Ok(())
    }

    fn cursor(&mut self, builder: Resource<kv_store::ListBuilder>, cursor: Bytes) -> wasmtime::Result<()> {
        let checked = self.ctx.check_bytes(cursor.len());
        let list = self.list_builder(&builder)?;
        match checked {
            Ok(()) => list.cursor = cursor,
            Err(error) => list.refused = Some(error),
        }
        self.ctx.handles_mut().recount(builder.rep());
        Ok(())
    }

    fn limit(&mut self, builder: Resource<kv_store::ListBuilder>, limit: u32) -> wasmtime::Result<()> {
        self.list_builder(&builder)?.limit = Some(limit);
        Ok(())
    }

    fn mode(
        &mut self,
        builder: Resource<kv_store::ListBuilder>,
        mode: kv_store::ListMode,
    ) -> wasmtime::Result<()> {
        self.list_builder(&builder)?.mode = match mode {
            kv_store::ListMode::Strong => ListMode::Strong,
            kv_store::ListMode::Eventual => ListMode::Eventual,
        };
        Ok(())
    }

    async fn execute(
        &mut self,
        builder: Resource<kv_store::ListBuilder>,
    ) -> Result<kv_store::ListPage, Error> {
        let asked = self.asked(&builder)?;
        list_page(self.ctx.list::<Box<ListBuilder>>(builder.rep(), asked.request()?)?.await)
    }

    fn execute_async(
        &mut self,
        builder: Resource<kv_store::ListBuilder>,
    ) -> Result<Resource<kv_store::PendingList>, Error> {
        let asked = self.asked(&builder)?;
        let request = asked.request()?;
        self.ctx.start_list::<Box<ListBuilder>>(builder.rep(), request).map(Resource::new_own)
    }

    fn drop(&mut self, builder: Resource<kv_store::ListBuilder>) -> wasmtime::Result<()> {
        self.release::<Box<ListBuilder>>(builder.rep())
    }
}

impl KvView<'_> {
    fn insert_builder(
        &mut self,
        builder: &Resource<kv_store::InsertBuilder>,
    ) -> Result<&mut InsertBuilder, Error> {
        Ok(self.ctx.handles_mut().get::<Box<InsertBuilder>>(builder.rep())?)
    }

    fn list_builder(&mut self, builder: &Resource<kv_store::ListBuilder>) -> Result<&mut ListBuilder, Error> {
        Ok(self.ctx.handles_mut().get::<Box<ListBuilder>>(builder.rep())?)
    }

    fn condition(
        &mut self,
        builder: &Resource<kv_store::DeleteBuilder>,
    ) -> Result<Option<GenerationMatch>, Error> {
        Ok(self.ctx.handles_mut().get::<DeleteBuilder>(builder.rep())?.condition)
    }

    fn asked(&mut self, builder: &Resource<kv_store::ListBuilder>) -> Result<Asked, Error> {
        let builder = self.list_builder(builder)?;
        if let Some(error) = builder.refused.take() {
            return Err(error);
        }
        let (prefix, cursor) = (builder.prefix.clone(), builder.cursor.clone());
        Ok(Asked { prefix, cursor, limit: builder.limit, mode: builder.mode })
    }

    /// The value of a write, which is gone whatever comes of the call.
    fn give_up(&mut self, body: &Resource<bodies::Body>) -> Result<Value, Error> {
        let readable = self.check_readable(body);
        if readable.is_err() {
            self.ctx.abandon_body(body.rep())?;
        }
        readable.and_then(|()| self.ctx.give_up_body(body.rep()))
    }

    async fn begin(
        &mut self,
        builder: &Resource<kv_store::InsertBuilder>,
        key: &[u8],
        value: Result<Value, Error>,
    ) -> Result<Pending<Generation>, Error> {
        let described = self.insert_builder(builder)?;
        let insert = match described.refused.take() {
            Some(error) => Err(error),
            None => Ok(described.insert()),
        };
        self.ctx.begin_insert::<Box<InsertBuilder>>(builder.rep(), text(key), value, || insert).await
    }
}
