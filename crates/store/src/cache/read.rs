//! A read of the engine, by whoever leads it.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Weak};

use futures_util::future::FutureExt as _;

use super::Cache;
use super::handles::Presence;
use super::place::Place;
use super::slots::{FlightId, Outcome, SharedRead};
use super::write::hear;
use crate::engine::EngineStore;
use crate::entry::Entry;
use crate::error::KvError;
use crate::reply::{Later, Reply};

/// The duty to bring a read to its end. It is done however the read ends: when this is dropped at the latest.
///
/// It keeps neither the cache nor the store, as the background thread may have it.
#[derive(Debug)]
pub(super) struct Lead {
    cache: Weak<Cache>,
    presence: Arc<Presence>,
    place: Place,
    id: Option<FlightId>,
    /// Of a read that nobody has asked for: where to read.
    fetch_from: Option<Weak<dyn EngineStore>>,
}

impl Lead {
    /// Of a read for somebody who looks something up.
    pub(super) fn new(cache: &Arc<Cache>, presence: &Arc<Presence>, place: &Place, id: FlightId) -> Self {
        Self {
            cache: Arc::downgrade(cache),
            presence: Arc::clone(presence),
            place: place.clone(),
            id: Some(id),
            fetch_from: None,
        }
    }

    /// Of a read of what a write has made, in place of what is kept.
    pub(super) fn of_fetch(
        cache: &Arc<Cache>,
        presence: &Arc<Presence>,
        place: &Place,
        id: FlightId,
        store: Weak<dyn EngineStore>,
    ) -> Self {
        let mut lead = Self::new(cache, presence, place, id);
        lead.fetch_from = Some(store);
        lead
    }

    /// Asks the engine. Gives what has to be waited for if it answers later.
    pub(super) fn fetch(self) -> Option<SharedRead> {
        // Without the store nobody is there to read the old entry, which goes with this.
        let store = self.fetch_from.as_ref().and_then(Weak::upgrade)?;
        match store.lookup(self.place.key()) {
            Reply::Ready(outcome) => {
                self.land(&outcome);
                None
            }
            Reply::Later(later) => Some(self.share(later)),
        }
    }

    /// The engine has answered.
    pub(super) fn land(mut self, outcome: &Outcome) {
        let (Some(cache), Some(id)) = (self.cache.upgrade(), self.id.take()) else { return };
        let may_keep = || self.presence.is_certain() && !cache.is_closed();
        let next = cache.slots.land(&self.place, id, outcome, &cache.values, may_keep);
        if next.is_some() {
            // Other writes have ended meanwhile.
            self.id = next;
            cache.background.drive(async move {
                if let Some(read) = self.fetch() {
                    hear(read).await;
                }
            });
        }
    }

    /// The engine answers later. Whoever polls what this gives drives the read, so nobody hangs when another one goes.
    pub(super) fn share(self, later: Later<Option<Entry>>) -> SharedRead {
        let (cache, place, id) = (self.cache.clone(), self.place.clone(), self.id);
        let read = async move {
            // A panic is caught so that it is nobody's fault but the engine's; the panic hook has told of it.
            let outcome = AssertUnwindSafe(later).catch_unwind().await.unwrap_or_else(|_| Err(panicked()));
            self.land(&outcome);
            outcome
        };
        let read: Later<Option<Entry>> = Box::pin(read);
        let read = read.shared();
        if let (Some(cache), Some(id)) = (cache.upgrade(), id) {
            cache.slots.called(&place, id, &read);
        }
        read
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        if let (Some(id), Some(cache)) = (self.id.take(), self.cache.upgrade()) {
            cache.slots.abandon(&self.place, id, &cache.values);
        }
    }
}

/// What others are told of a read whose leader has panicked.
pub(super) fn panicked() -> KvError {
    KvError::engine("the engine panicked while it read this entry")
}
