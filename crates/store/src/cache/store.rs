//! A store behind the cache.

use std::sync::Arc;

use super::Cache;
use super::handles::Presence;
use super::place::PlaceRef;
use super::read::{Lead, panicked};
use super::slots::{Boarding, Joined, Outcome};
use super::write::Write;
use crate::clock::Timestamp;
use crate::completion::Completion;
use crate::engine::EngineStore;
use crate::entry::{Entry, Found, Source};
use crate::generation::{Generation, GenerationMatch};
use crate::insert::Insert;
use crate::key::Key;
use crate::limits::Limits;
use crate::list::{KeyPage, Scan};
use crate::name::StoreInfo;
use crate::reply::Reply;

/// A store of a [`CachedEngine`](super::CachedEngine).
#[derive(Debug)]
pub(super) struct CachedStore {
    store: Arc<dyn EngineStore>,
    presence: Arc<Presence>,
    cache: Arc<Cache>,
}

impl CachedStore {
    pub(super) fn new(store: Arc<dyn EngineStore>, cache: &Arc<Cache>, presence: Arc<Presence>) -> Self {
        Self { store, presence, cache: Arc::clone(cache) }
    }

    /// Whether this is what is to be had of a store that the engine gives.
    pub(super) fn is_of(&self, store: &Arc<dyn EngineStore>) -> bool {
        Arc::ptr_eq(&self.store, store)
    }

    fn place<'k>(&self, key: Key<'k>) -> PlaceRef<'k> {
        PlaceRef::new(&self.cache.hasher, self.store.info().id, key)
    }

    /// Looks for what is kept, and reads it where that is nothing. `present` makes the answer.
    fn get<T: 'static>(&self, key: Key<'_>, present: fn(Option<Entry>, Source) -> T) -> Reply<T> {
        if !self.presence.is_certain() || self.cache.is_closed() {
            self.cache.count_miss();
            return self.store.lookup(key).map(move |entry| present(entry, Source::Engine));
        }
        let place = self.place(key);
        if let Ok(kept) = self.cache.values.get(place) {
            self.cache.count_hit();
            return Reply::ok(present(kept, Source::Cache));
        }
        self.miss(place, key, present)
    }

    fn miss<T: 'static>(
        &self,
        place: PlaceRef<'_>,
        key: Key<'_>,
        present: fn(Option<Entry>, Source) -> T,
    ) -> Reply<T> {
        let place = place.to_place();
        let boarding = self.cache.slots.board(&place, &self.cache.values);
        match boarding {
            Boarding::Kept(_) => self.cache.count_hit(),
            _ => self.cache.count_miss(),
        }
        let present_outcome = move |outcome: Outcome| outcome.map(|entry| present(entry, Source::Engine));
        match boarding {
            Boarding::Kept(kept) => Reply::ok(present(kept, Source::Cache)),
            Boarding::Wait(wait) => Reply::later(async move {
                present_outcome(match wait.await {
                    Ok(Joined::Answer(outcome)) => outcome,
                    Ok(Joined::Later(read)) => read.await,
                    Err(_) => Err(panicked()),
                })
            }),
            Boarding::Join(read) => Reply::later(async move { present_outcome(read.await) }),
            Boarding::Lead(id) => {
                let lead = Lead::new(&self.cache, &self.presence, &place, id);
                match self.store.lookup(key) {
                    Reply::Ready(outcome) => {
                        lead.land(&outcome);
                        Reply::Ready(present_outcome(outcome))
                    }
                    Reply::Later(later) => {
                        let read = lead.share(later);
                        Reply::later(async move { present_outcome(read.await) })
                    }
                }
            }
        }
    }
}

impl EngineStore for CachedStore {
    fn info(&self) -> &StoreInfo {
        self.store.info()
    }

    fn lookup(&self, key: Key<'_>) -> Reply<Option<Entry>> {
        self.get(key, |entry, _| entry)
    }

    fn find(&self, key: Key<'_>) -> Reply<Found> {
        self.get(key, |entry, source| Found { entry, source })
    }

    fn read(&self, key: Key<'_>) -> Reply<Option<Entry>> {
        self.store.read(key)
    }

    fn insert(
        &self,
        key: Key<'_>,
        insert: Insert,
        now: Timestamp,
        limits: &Limits,
        completion: Completion,
    ) -> Reply<Generation> {
        let background_fetch = insert.background_fetch.then_some((&self.store, &self.presence));
        let place = self.place(key).to_place();
        Write::run(&self.cache, place, background_fetch, completion, |completion| {
            self.store.insert(key, insert, now, limits, completion)
        })
    }

    fn delete(
        &self,
        key: Key<'_>,
        condition: Option<GenerationMatch>,
        now: Timestamp,
        completion: Completion,
    ) -> Reply<bool> {
        let place = self.place(key).to_place();
        Write::run(&self.cache, place, None, completion, |completion| {
            self.store.delete(key, condition, now, completion)
        })
    }

    fn scan(&self, scan: Scan<'_>) -> Reply<KeyPage> {
        self.store.scan(scan)
    }
}
