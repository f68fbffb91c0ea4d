//! A read of the engine, by whoever leads it.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Weak};

use futures_util::future::FutureExt as _;

use super::Cache;
use super::place::Place;
use super::presence::Presence;
use super::slots::{FlightId, Outcome, SharedRead};
use crate::entry::Entry;
use crate::error::KvError;
use crate::reply::Later;

/// The duty to bring a read to its end. It is done however the read ends: when this is dropped at the latest.
///
/// It does not keep the cache, as the background thread may have it.
#[derive(Debug)]
pub(super) struct Lead {
    cache: Weak<Cache>,
    presence: Arc<Presence>,
    place: Place,
    id: Option<FlightId>,
}

impl Lead {
    pub(super) fn new(cache: &Arc<Cache>, presence: &Arc<Presence>, place: &Place, id: FlightId) -> Self {
        Self {
            cache: Arc::downgrade(cache),
            presence: Arc::clone(presence),
            place: place.clone(),
            id: Some(id),
        }
    }

    /// The engine has answered.
    pub(super) fn land(mut self, outcome: &Outcome) {
        if let (Some(cache), Some(id)) = (self.cache.upgrade(), self.id.take()) {
            let may_keep = || self.presence.is_certain();
            cache.slots.land(&self.place, id, outcome, &cache.values, may_keep);
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
