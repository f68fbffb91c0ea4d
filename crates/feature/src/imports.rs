//! The origin that the host offers, or whatever is linked in its place.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use edgekv_store::{
    Clock, Entry, Generation, Key, KeyList, KeyPage, KvError, Later, ListMode, Metadata, Reply, Scan,
    StoreId, StoreName, Timestamp,
};

use crate::bindings::edgekv::platform::origin as wit;
use crate::bindings::wasi::io::poll::{Pollable, poll};
use crate::origin::{Answer, Coming, Condition, NewEntry, Origin, OriginError, OriginStore};
use crate::reactor::Reactor;

thread_local! {
    /// There is one thread.
    static REACTOR: Reactor<Pollable> = const { Reactor::new() };
}

/// Polls an answer to its end; the host waits in between.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> Option<T> {
    let wait = |pollables: &[Pollable]| match pollables {
        [one] => one.block(),
        several => drop(poll(&several.iter().collect::<Vec<_>>())),
    };
    REACTOR.with(|reactor| reactor.block_on(pin!(future), wait))
}

/// Waits for a reply.
pub(crate) fn wait<T>(reply: Reply<T>) -> Result<T, KvError> {
    match reply {
        Reply::Ready(result) => result,
        Reply::Later(later) => block_on(later).unwrap_or_else(|| Err(KvError::engine(NOTHING_TO_WAIT_FOR))),
    }
}

const NOTHING_TO_WAIT_FOR: OriginError = OriginError::Broken("an answer to come, and nothing to wait for");

/// Looks whether an answer is there, and if it is not, gives what becomes ready when it may be.
pub(crate) fn look<T>(later: &mut Later<T>) -> Result<Result<T, KvError>, Option<Pollable>> {
    let polled = REACTOR.with(|reactor| reactor.poll(pin!(later)));
    polled.map_err(|waiting| waiting.into_iter().next())
}

/// The clock that entries of the origin live by.
#[derive(Debug)]
pub(crate) struct OriginClock;

impl Clock for OriginClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(wit::now())
    }
}

/// The origin.
#[derive(Debug)]
pub(crate) struct Host;

impl Origin for Host {
    type Store = wit::Store;

    fn open(&self, name: &StoreName) -> Result<Option<wit::Store>, OriginError> {
        Ok(wit::open(name.as_str().as_bytes())?)
    }
}

impl OriginStore for wit::Store {
    fn id(&self) -> StoreId {
        StoreId::new(Self::id(self))
    }

    fn get(&self, key: Key<'_>, fresh: bool) -> Answer<Option<Entry>> {
        match Self::get(self, key.as_str().as_bytes(), fresh) {
            wit::GetReply::Ready(found) => Answer::Ready(entry(found)),
            wit::GetReply::Later(pending) => {
                later(move || pending.take().map(entry).ok_or_else(|| pending.subscribe()))
            }
        }
    }

    fn put(&self, key: Key<'_>, new: NewEntry<'_>, condition: Condition) -> Answer<Generation> {
        let entry = wit::NewEntry {
            value: new.value,
            metadata: new.metadata.as_bytes(),
            expires_at: new.expires_at.map(Timestamp::as_micros),
            background_fetch: new.background_fetch,
        };
        let condition = match condition {
            Condition::Any => wit::Condition::Any,
            Condition::Absent => wit::Condition::Absent,
            Condition::Is(generation) => wit::Condition::Generation(generation.get()),
        };
        match Self::put(self, key.as_str().as_bytes(), entry, condition) {
            wit::PutReply::Ready(written) => Answer::Ready(generation(written)),
            wit::PutReply::Later(pending) => {
                later(move || pending.take().map(generation).ok_or_else(|| pending.subscribe()))
            }
        }
    }

    fn delete(&self, key: Key<'_>, generation: Option<Generation>) -> Answer<bool> {
        match Self::delete(self, key.as_str().as_bytes(), generation.map(Generation::get)) {
            wit::DeleteReply::Ready(deleted) => Answer::Ready(deleted.map_err(OriginError::from)),
            wit::DeleteReply::Later(pending) => later(move || {
                let deleted = pending.take().map(|deleted| deleted.map_err(OriginError::from));
                deleted.ok_or_else(|| pending.subscribe())
            }),
        }
    }

    fn scan(&self, scan: &Scan<'_>) -> Answer<KeyPage> {
        let range = wit::Range {
            prefix: scan.prefix.as_bytes(),
            after: scan.after.map(|after| after.as_str().as_bytes()),
            limit: scan.limit.get(),
            eventual: scan.mode == ListMode::Eventual,
        };
        match Self::scan(self, range) {
            wit::ScanReply::Ready(keys) => Answer::Ready(page(keys)),
            wit::ScanReply::Later(pending) => {
                later(move || pending.take().map(page).ok_or_else(|| pending.subscribe()))
            }
        }
    }

    fn wait<T>(&self, coming: Coming<T>) -> Result<T, OriginError> {
        block_on(coming).unwrap_or(Err(NOTHING_TO_WAIT_FOR))
    }
}

/// An answer to come: `take` gives it, or what to wait for.
fn later<T>(
    mut take: impl FnMut() -> Result<Result<T, OriginError>, Pollable> + Send + 'static,
) -> Answer<T> {
    Answer::Later(Box::pin(poll_fn(move |_| match take() {
        Ok(result) => Poll::Ready(result),
        Err(pollable) => {
            REACTOR.with(|reactor| reactor.register(pollable));
            Poll::Pending
        }
    })))
}

fn entry(found: Result<Option<wit::Entry>, wit::Error>) -> Result<Option<Entry>, OriginError> {
    let Some(wit::Entry { value, metadata, generation, expires_at }) = found? else { return Ok(None) };
    let metadata = Metadata::new(metadata).map_err(|_| OriginError::Broken("metadata that are too long"))?;
    let generation = Generation::new(generation).ok_or(OriginError::Broken("generation 0"))?;
    Ok(Some(Entry::new(Bytes::from(value), metadata, generation, expires_at.map(Timestamp::from_micros))))
}

fn generation(written: Result<u64, wit::Error>) -> Result<Generation, OriginError> {
    Generation::new(written?).ok_or(OriginError::Broken("generation 0"))
}

fn page(page: Result<wit::KeyPage, wit::Error>) -> Result<KeyPage, OriginError> {
    let wit::KeyPage { keys, more } = page?;
    let mut list = KeyList::new();
    for key in &keys {
        let key = std::str::from_utf8(key).ok().and_then(|key| Key::new(key).ok());
        list.push(key.ok_or(OriginError::Broken("a key that cannot be one"))?);
    }
    Ok(KeyPage { keys: list, more })
}

impl From<wit::Error> for OriginError {
    fn from(error: wit::Error) -> Self {
        match error {
            wit::Error::Conflict => Self::Conflict,
            wit::Error::TooLarge => Self::TooLarge,
            wit::Error::TooManyRequests => Self::TooManyRequests,
            wit::Error::NoStore => Self::NoStore,
            wit::Error::Failed => Self::Failed,
            wit::Error::InvalidArgument => Self::InvalidArgument,
            wit::Error::LimitExceeded => Self::LimitExceeded,
        }
    }
}
