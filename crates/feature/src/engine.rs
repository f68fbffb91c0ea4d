//! An origin as the engine of stores.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use edgekv_store::{
    Completion, Engine, EngineStore, Entry, Found, Generation, GenerationMatch, Insert, Key, KeyPage,
    KvError, Limits, Reply, Scan, Source, StoreId, StoreInfo, StoreName, Timestamp, decide_delete,
};

use crate::origin::{Answer, Origin, OriginError, OriginStore};
use crate::write;

/// An [`Origin`] as an engine, and its stores as those of an engine.
///
/// Stores are found by name, and their entries read and written. Everything that is done with stores themselves, and with all
/// of them, is the business of whoever runs the origin: it is answered with [`KvError::Engine`] here.
#[derive(Debug)]
pub struct OriginEngine<O: Origin> {
    origin: O,
    /// The stores that somebody has, so that who opens one again gets the same: who keeps one by its identity, as a cache does, need
    /// not keep another.
    opened: Mutex<HashMap<StoreId, Weak<Store<O::Store>>>>,
}

impl<O: Origin> OriginEngine<O> {
    /// The engine on top of `origin`.
    #[must_use]
    pub fn new(origin: O) -> Self {
        Self { origin, opened: Mutex::default() }
    }

    fn opened(&self, name: &StoreName, origin: O::Store) -> Arc<Store<O::Store>> {
        let id = origin.id();
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let known = opened.get(&id).and_then(Weak::upgrade);
        // A store can be opened by its old name and by its new one while it is renamed.
        if let Some(known) = known.filter(|known| known.info.name == *name) {
            return known;
        }
        let (created_at, updated_at) = Default::default();
        let info = StoreInfo { id, name: name.clone(), created_at, updated_at };
        let store = Arc::new(Store { info, origin });
        opened.retain(|_, known| known.strong_count() > 0);
        opened.insert(id, Arc::downgrade(&store));
        store
    }
}

/// What an origin does not do.
fn refused<T>(what: &str) -> Reply<T> {
    Reply::Ready(Err(KvError::engine(format!("an origin does not {what}; whoever runs it does"))))
}

impl<O: Origin> Engine for OriginEngine<O> {
    fn open(&self, name: &StoreName) -> Reply<Option<Arc<dyn EngineStore>>> {
        let opened = self.origin.open(name).map_err(|error| failed(name, error));
        Reply::Ready(opened.map(|store| Some(self.opened(name, store?) as Arc<dyn EngineStore>)))
    }

    fn open_id(&self, _: StoreId) -> Reply<Option<Arc<dyn EngineStore>>> {
        refused("open stores by identity")
    }

    fn create(&self, _: &StoreName, _: Timestamp) -> Reply<Arc<dyn EngineStore>> {
        refused("create stores")
    }

    fn rename(&self, _: StoreId, _: &StoreName, _: Timestamp) -> Reply<Option<StoreInfo>> {
        refused("rename stores")
    }

    fn delete(&self, _: StoreId, _: Timestamp, completion: Completion) -> Reply<bool> {
        completion.end(edgekv_store::Ended::Unchanged);
        refused("delete stores")
    }

    fn stores(&self) -> Reply<Vec<StoreInfo>> {
        refused("list stores")
    }

    fn sweep(&self, _: Timestamp, _: NonZeroUsize) -> Reply<usize> {
        refused("sweep")
    }

    /// What was called has been given to the origin.
    fn flush(&self) -> Reply<()> {
        Reply::ok(())
    }
}

/// A store of an origin.
#[derive(Debug)]
struct Store<S> {
    info: StoreInfo,
    origin: S,
}

impl<S: OriginStore> Store<S> {
    fn reply<T: Send + 'static>(&self, answer: Answer<T>) -> Reply<T> {
        match answer {
            Answer::Ready(result) => Reply::Ready(result.map_err(|error| failed(&self.info.name, error))),
            Answer::Later(coming) => {
                let name = self.info.name.clone();
                Reply::later(async move { coming.await.map_err(|error| failed(&name, error)) })
            }
        }
    }

    /// The reply to a write, which tells its end before it answers.
    fn reply_to_write<T: Send + 'static>(
        &self,
        answer: Answer<T>,
        completion: Completion,
        tell: fn(Completion, &Result<T, KvError>),
        limits: Option<(u64, u64)>,
    ) -> Reply<T> {
        let settle = move |name: &StoreName, result: Result<T, OriginError>| {
            let result = result.map_err(|error| match (error, limits) {
                (OriginError::TooLarge, Some((bytes, limit))) => KvError::PayloadTooLarge { bytes, limit },
                (error, _) => failed(name, error),
            });
            tell(completion, &result);
            result
        };
        match answer {
            Answer::Ready(result) => Reply::Ready(settle(&self.info.name, result)),
            Answer::Later(coming) => {
                let name = self.info.name.clone();
                Reply::later(async move { settle(&name, coming.await) })
            }
        }
    }
}

impl<S: OriginStore> EngineStore for Store<S> {
    fn info(&self) -> &StoreInfo {
        &self.info
    }

    fn lookup(&self, key: Key<'_>) -> Reply<Option<Entry>> {
        self.reply(self.origin.get(key, false))
    }

    fn find(&self, key: Key<'_>) -> Reply<Found> {
        self.lookup(key).map(|entry| Found { entry, source: Source::Engine })
    }

    fn read(&self, key: Key<'_>) -> Reply<Option<Entry>> {
        self.reply(self.origin.get(key, true))
    }

    fn insert(
        &self,
        key: Key<'_>,
        insert: Insert,
        now: Timestamp,
        limits: &Limits,
        completion: Completion,
    ) -> Reply<Generation> {
        let bytes = insert.value.len() as u64;
        match write::insert(&self.origin, key, &insert, now, limits) {
            Ok(answer) => {
                let limits = Some((bytes, limits.max_value_bytes));
                self.reply_to_write(answer, completion, |completion, result| completion.end(result), limits)
            }
            Err(refused) => {
                let refused = Err(refused.named(&self.info.name));
                completion.end(&refused);
                Reply::Ready(refused)
            }
        }
    }

    fn delete(
        &self,
        key: Key<'_>,
        condition: Option<GenerationMatch>,
        now: Timestamp,
        completion: Completion,
    ) -> Reply<bool> {
        let generation = match condition {
            None => None,
            Some(GenerationMatch::Is(generation)) => Some(generation),
            Some(GenerationMatch::Absent) => {
                // Nothing is removed either way: what is there decides how that is told.
                completion.end(edgekv_store::Ended::Unchanged);
                let found = self.reply(self.origin.get(key, true));
                let decided = move |entry: Option<Entry>| {
                    decide_delete(entry.as_ref().map(Entry::existing), condition, now)
                };
                return match found {
                    Reply::Ready(found) => Reply::Ready(found.and_then(decided)),
                    Reply::Later(later) => Reply::later(async move { later.await.and_then(decided) }),
                };
            }
        };
        let answer = self.origin.delete(key, generation);
        self.reply_to_write(answer, completion, |completion, result| completion.end(result), None)
    }

    fn scan(&self, scan: Scan<'_>) -> Reply<KeyPage> {
        self.reply(self.origin.scan(&scan))
    }
}

/// What an error of the origin is to the stores, when it is about the store of this name.
pub(crate) fn failed(name: &StoreName, error: OriginError) -> KvError {
    match error {
        OriginError::Conflict => KvError::PreconditionFailed,
        OriginError::TooManyRequests => KvError::TooManyRequests,
        OriginError::NoStore => KvError::NoStore(name.clone()),
        OriginError::TooLarge
        | OriginError::Failed
        | OriginError::InvalidArgument
        | OriginError::LimitExceeded
        | OriginError::Broken(_) => KvError::engine(error),
    }
}
