//! A write, from before the engine is given it until after the engine has done it.

use std::sync::{Arc, Weak};

use super::Cache;
use super::acknowledgement::{Duty, acknowledge};
use super::place::Place;
use super::presence::Presence;
use super::read::Lead;
use super::slots::Ended;
use crate::engine::EngineStore;
use crate::error::KvError;
use crate::reply::Reply;

/// The duty to tell the cache how a write ends. It is done however that is: when this is dropped at the latest.
///
/// It keeps neither the cache nor the store, as the background thread may have it.
#[derive(Debug)]
pub(super) struct Write {
    cache: Weak<Cache>,
    place: Place,
    /// For a write that allows that the old entry is read for a while: where to fetch the new one.
    fetch: Option<Fetch>,
    has_ended: bool,
}

#[derive(Debug)]
struct Fetch {
    store: Weak<dyn EngineStore>,
    presence: Arc<Presence>,
}

impl Write {
    /// To be called before the engine. `background_fetch` has the store to fetch the new entry from, if the write
    /// allows that.
    pub(super) fn begin(
        cache: &Arc<Cache>,
        place: Place,
        background_fetch: Option<(&Arc<dyn EngineStore>, &Arc<Presence>)>,
    ) -> Self {
        let fetch = background_fetch
            .map(|(store, presence)| Fetch { store: Arc::downgrade(store), presence: Arc::clone(presence) });
        cache.slots.begin_write(&place, fetch.is_some(), &cache.values);
        Self { cache: Arc::downgrade(cache), place, fetch, has_ended: false }
    }

    /// Sees to it that the write ends in the cache before `reply`, which the engine has given, is heard.
    pub(super) fn acknowledge<T: Send + 'static>(self, reply: Reply<T>) -> Reply<T> {
        match reply {
            Reply::Ready(result) => {
                self.end(&result);
                Reply::Ready(result)
            }
            Reply::Later(later) => {
                if let Some(cache) = self.cache.upgrade() {
                    cache.slots.write_called(&self.place);
                }
                acknowledge(later, self)
            }
        }
    }

    fn end_once(&mut self, ended: Ended) {
        if std::mem::replace(&mut self.has_ended, true) {
            return;
        }
        let Some(cache) = self.cache.upgrade() else { return };
        let owed = cache.slots.end_write(&self.place, self.fetch.is_some(), ended, &cache.values);
        let (Some(id), Some(Fetch { store, presence })) = (owed, &self.fetch) else { return };
        let lead = Lead::new(&cache, presence, &self.place, id);
        // Without any handle of the store, nobody is there to read the old entry, which goes with the lead.
        let Some(store) = store.upgrade() else { return };
        match store.lookup(self.place.key()) {
            Reply::Ready(outcome) => lead.land(&outcome),
            Reply::Later(later) => {
                let read = lead.share(later);
                cache.background.drive(async move {
                    if let Err(error) = read.await {
                        tracing::debug!(
                            error = &error as &dyn std::error::Error,
                            "an entry could not be fetched in the background; the next lookup reads it"
                        );
                    }
                });
            }
        }
    }
}

impl<T> Duty<T> for Write {
    fn cache(&self) -> Option<Arc<Cache>> {
        self.cache.upgrade()
    }

    fn end(mut self, result: &Result<T, KvError>) {
        self.end_once(result.into());
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        // Only after a panic of the engine is there anything left to do.
        self.end_once(Ended::Unknown);
    }
}
