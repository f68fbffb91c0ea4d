//! `edgekv:platform/origin`: the data below a KV store that is a component itself.

use std::time::Duration;

use bytes::Bytes;
use edgekv_store::{
    Cursor, Entry, Generation, GenerationMatch, Insert, InsertMode, Key, KvError, KvStore, ListMode,
    ListPage, ListRequest, Metadata, Reply, Timestamp,
};
use wasmtime::component::Resource;
use wasmtime_wasi_io::poll::DynPollable;

use super::bindings::edgekv::platform::origin::{
    self, Condition, DeleteReply, GetReply, Host, HostPendingDelete, HostPendingGet, HostPendingPut,
    HostPendingScan, HostStore, KeyPage, NewEntry, PendingDelete, PendingGet, PendingPut, PendingScan,
    PutReply, Range, ScanReply, Store,
};
use super::kv_store::keys;
use super::{KvView, text};
use crate::handles::{Kind, Object};
use crate::operations::Value;
use crate::pending::Pending;
use crate::status::Error;

impl Host for KvView<'_> {
    fn get_limits(&mut self) -> wasmtime::Result<origin::Limits> {
        let limits = self.ctx.stores().limits();
        let (max_value_bytes, max_list_limit) = (limits.max_value_bytes, limits.max_list_limit.get());
        Ok(origin::Limits { max_value_bytes, max_list_limit })
    }

    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.ctx.stores().now().as_micros())
    }

    async fn open(&mut self, name: Bytes) -> Result<Option<Resource<Store>>, Error> {
        self.ctx.handles_mut().keep_outcomes();
        match self.ctx.open_store(text(&name)?).await {
            Ok((_, store)) => self.own(Object::Store(store)).map(Some),
            Err(error @ Error::NoSuchStore(_)) => {
                self.ctx.log_refusal(&error, &"none");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn convert_error(&mut self, error: Error) -> wasmtime::Result<origin::Error> {
        self.origin_error(error)
    }
}

impl HostStore for KvView<'_> {
    fn id(&mut self, store: Resource<Store>) -> wasmtime::Result<u64> {
        Ok(self.ctx.handles_mut().get::<KvStore>(store.rep())?.info().id.get())
    }

    fn get(&mut self, store: Resource<Store>, key: Bytes, fresh: bool) -> wasmtime::Result<GetReply> {
        let reply = if fresh {
            self.ctx.read::<KvStore>(store.rep(), text(&key))
        } else {
            self.ctx.lookup::<KvStore>(store.rep(), text(&key))
        };
        self.answer(reply.map(Pending::new), Object::Lookup).map(|answer| match answer {
            Answer::Ready(found) => GetReply::Ready(found.map(present)),
            Answer::Later(pending) => GetReply::Later(pending),
        })
    }

    async fn put(
        &mut self,
        store: Resource<Store>,
        key: Bytes,
        entry: NewEntry,
        condition: Condition,
    ) -> wasmtime::Result<PutReply> {
        let now = self.ctx.stores().now();
        let NewEntry { value, metadata, expires_at, background_fetch } = entry;
        let insert = || Ok(described(metadata, expires_at, background_fetch, &condition, now));
        let value = Ok(Value::Bytes(value));
        let reply = self.ctx.begin_insert::<KvStore>(store.rep(), text(&key), value, insert).await;
        self.answer(reply, Object::Insert).map(|answer| match answer {
            Answer::Ready(written) => PutReply::Ready(written.map(Generation::get)),
            Answer::Later(pending) => PutReply::Later(pending),
        })
    }

    fn delete(
        &mut self,
        store: Resource<Store>,
        key: Bytes,
        if_generation: Option<u64>,
    ) -> wasmtime::Result<DeleteReply> {
        let condition = if_generation.map(GenerationMatch::from_number);
        let reply = self.ctx.delete::<KvStore>(store.rep(), text(&key), condition);
        self.answer(reply.map(Pending::new), Object::Delete).map(|answer| match answer {
            Answer::Ready(deleted) => DeleteReply::Ready(deleted),
            Answer::Later(pending) => DeleteReply::Later(pending),
        })
    }

    fn scan(&mut self, store: Resource<Store>, range: Range) -> wasmtime::Result<ScanReply> {
        let reply = self.start_scan(store.rep(), &range);
        self.answer(reply.map(Pending::new), Object::List).map(|answer| match answer {
            Answer::Ready(page) => ScanReply::Ready(page.map(key_page)),
            Answer::Later(pending) => ScanReply::Later(pending),
        })
    }

    fn drop(&mut self, store: Resource<Store>) -> wasmtime::Result<()> {
        self.release::<KvStore>(store.rep())
    }
}

macro_rules! pending {
    ($($host:ident for $resource:ident: $result:ty => $answer:ty, $present:expr;)*) => {$(
        impl $host for KvView<'_> {
            fn take(
                &mut self,
                pending: Resource<$resource>,
            ) -> wasmtime::Result<Option<Result<$answer, origin::Error>>> {
                Ok(self.take_answer::<$result>(pending.rep())?.map(|answer| answer.map($present)))
            }

            fn subscribe(&mut self, pending: Resource<$resource>) -> wasmtime::Result<Resource<DynPollable>> {
                self.pollable_of(pending.rep())
            }

            fn drop(&mut self, pending: Resource<$resource>) -> wasmtime::Result<()> {
                self.release::<Pending<$result>>(pending.rep())
            }
        }
    )*};
}

pending! {
    HostPendingGet for PendingGet: Option<Entry> => Option<origin::Entry>, present;
    HostPendingPut for PendingPut: Generation => u64, Generation::get;
    HostPendingDelete for PendingDelete: bool => bool, std::convert::identity;
    HostPendingScan for PendingScan: ListPage => KeyPage, key_page;
}

/// The answer to an operation.
enum Answer<T, R: 'static> {
    Ready(Result<T, origin::Error>),
    Later(Resource<R>),
}

impl KvView<'_> {
    /// The answer to an operation, if it is there; else what is under way, as an object.
    fn answer<T, R>(
        &mut self,
        started: Result<Pending<T>, Error>,
        object: fn(Pending<T>) -> Object,
    ) -> wasmtime::Result<Answer<T, R>> {
        let error = match started {
            Ok(pending) if pending.is_done() => match pending.into_result() {
                Some(Ok(result)) => return Ok(Answer::Ready(Ok(result))),
                Some(Err(error)) => error.into(),
                None => Error::TakenAlready,
            },
            Ok(pending) => match self.own(object(pending)) {
                Ok(pending) => return Ok(Answer::Later(pending)),
                Err(error) => error,
            },
            Err(error) => error,
        };
        Ok(Answer::Ready(Err(self.origin_error(error)?)))
    }

    fn take_answer<T>(&mut self, handle: u32) -> wasmtime::Result<Option<Result<T, origin::Error>>>
    where
        Pending<T>: Kind,
    {
        let answer = self.ctx.handles_mut().get::<Pending<T>>(handle)?.take_result()?;
        self.ctx.handles_mut().recount(handle);
        Ok(match answer {
            Some(Ok(result)) => Some(Ok(result)),
            Some(Err(error)) => Some(Err(self.origin_error(error.into())?)),
            None => None,
        })
    }

    fn start_scan(&mut self, store: u32, range: &Range) -> Result<Reply<ListPage>, Error> {
        let prefix = text(&range.prefix)?;
        // Lists go on by cursors everywhere else; here nobody could mistake one list for another.
        let cursor = match &range.after {
            Some(after) => {
                let after = Key::new(text(after)?)?;
                let id = self.ctx.handles_mut().get::<KvStore>(store)?.info().id;
                Some(Cursor::new(id, prefix, after).to_string())
            }
            None => None,
        };
        let mode = if range.eventual { ListMode::Eventual } else { ListMode::Strong };
        let request = ListRequest { prefix, cursor: cursor.as_deref(), limit: Some(range.limit), mode };
        self.ctx.list::<KvStore>(store, request)
    }
}

/// A write, but for its value.
fn described(
    metadata: Bytes,
    expires_at: Option<u64>,
    background_fetch: bool,
    condition: &Condition,
    now: Timestamp,
) -> Result<Insert, KvError> {
    let (mode, condition) = match condition {
        Condition::Any => (InsertMode::Overwrite, None),
        Condition::Absent => (InsertMode::Add, None),
        Condition::Generation(number) => (InsertMode::Overwrite, Some(GenerationMatch::from_number(*number))),
    };
    let micros = |expires_at: u64| expires_at.saturating_sub(now.as_micros());
    Ok(Insert {
        mode,
        condition,
        metadata: Metadata::new(metadata)?,
        time_to_live: expires_at.map(|expires_at| Duration::from_micros(micros(expires_at))),
        background_fetch,
        ..Insert::new(Bytes::new())
    })
}

fn present(entry: Option<Entry>) -> Option<origin::Entry> {
    entry.map(|entry| origin::Entry {
        metadata: entry.metadata().as_bytes().clone(),
        generation: entry.generation().get(),
        expires_at: entry.expires_at().map(Timestamp::as_micros),
        value: entry.into_value(),
    })
}

fn key_page(page: ListPage) -> KeyPage {
    KeyPage { more: page.next.is_some(), keys: keys(page.keys) }
}
