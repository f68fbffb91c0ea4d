//! What is under way at a place: writes, and one read that others may join. See the [module](super) for the rules, and
//! why they suffice.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_channel::oneshot;
use futures_util::future::{Shared, WeakShared};
use parking_lot::{Mutex, MutexGuard};

use super::place::{KnownHashBuilder, Place};
use super::values::{Evicted, Values};
use crate::clock::Timestamp;
use crate::completion::Ended;
use crate::entry::Entry;
use crate::error::KvError;
use crate::reply::Later;

/// What a read has found.
pub(super) type Outcome = Result<Option<Entry>, KvError>;

/// A read whose answer comes later, driven by whoever polls it.
pub(super) type SharedRead = Shared<Later<Option<Entry>>>;

/// What somebody who has joined a read is told.
#[derive(Debug)]
pub(super) enum Joined {
    Answer(Outcome),
    /// The engine answers later.
    Later(SharedRead),
}

/// Names a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FlightId(u64);

/// A read of the engine.
#[derive(Debug)]
struct Flight {
    id: FlightId,
    begun_at: Timestamp,
    /// Whether it is to replace what is kept, as a write that allows that it is answered for a while has ended.
    is_fetch: bool,
    /// Whether another such write has ended since it began, so that what it finds is to be fetched anew.
    is_outdated: bool,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Somebody is inside of the engine's `lookup`, and these wait for how it ends.
    Calling(Vec<oneshot::Sender<Joined>>),
    /// The answer comes later. Only those who wait for it keep it alive.
    Later(WeakShared<Later<Option<Entry>>>),
}

/// What is under way at one place.
#[derive(Debug, Default)]
struct Slot {
    /// Writes that have begun and not ended, but for those that let lookups see what was there before.
    ordinary: usize,
    /// Writes of that kind.
    background: usize,
    /// What is kept is older than a write of that kind that was acknowledged.
    owed: bool,
    /// The read that may be joined.
    flight: Option<Flight>,
    /// Reads that may not be joined any more, by those who have joined them before.
    detached: Vec<Flight>,
}

impl Slot {
    /// From now on nobody joins the read, and what it finds is not kept.
    fn detach(&mut self) {
        let Some(flight) = self.flight.take() else { return };
        if matches!(&flight.state, State::Calling(waiting) if !waiting.is_empty()) {
            self.detached.push(flight);
        }
    }

    fn is_attached(&self, id: FlightId) -> bool {
        self.flight.as_ref().is_some_and(|flight| flight.id == id)
    }

    /// Takes a read out, and gives it with whether it was still attached.
    fn take(&mut self, id: FlightId) -> (bool, Option<Flight>) {
        if self.is_attached(id) {
            return (true, self.flight.take());
        }
        let at = self.detached.iter().position(|flight| flight.id == id);
        (false, at.map(|at| self.detached.swap_remove(at)))
    }

    fn is_idle(&self) -> bool {
        self.ordinary == 0 && self.background == 0 && self.flight.is_none() && self.detached.is_empty()
    }
}

/// How somebody who looks for a place gets the answer.
#[derive(Debug)]
pub(super) enum Boarding {
    /// It has just been kept.
    Kept(Option<Entry>),
    /// By reading it, for everybody.
    Lead(FlightId),
    /// By waiting for whoever reads it.
    Wait(oneshot::Receiver<Joined>),
    Join(SharedRead),
}

/// Locks; two places seldom share one.
const SHARDS: usize = 64;

type Shard = HashMap<Place, Slot, KnownHashBuilder>;

/// The slots of places where something is under way; there are no others. A shard is locked for moments: never while the
/// engine is called, somebody is woken, or bytes are freed.
pub(super) struct Slots {
    shards: [Mutex<Shard>; SHARDS],
    next_flight: AtomicU64,
}

impl Slots {
    pub(super) fn new() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()), next_flight: AtomicU64::new(0) }
    }

    fn lock(&self, place: &Place) -> MutexGuard<'_, Shard> {
        // Other bits than the tables look at.
        let shard = (place.hash_bits() >> 40) as usize % SHARDS;
        #[expect(clippy::indexing_slicing, reason = "a remainder is less than what it was divided by")]
        self.shards[shard].lock()
    }

    fn flight(&self, begun_at: Timestamp, is_fetch: bool) -> Flight {
        let id = FlightId(self.next_flight.fetch_add(1, Ordering::Relaxed));
        Flight { id, begun_at, is_fetch, is_outdated: false, state: State::Calling(Vec::new()) }
    }

    /// A look at a place that found nothing kept: joins the read that is under way, or begins one.
    pub(super) fn board(&self, place: &Place, values: &Values) -> Boarding {
        // Outlives the lock.
        let _expired;
        let mut shard = self.lock(place);
        // Perhaps a read has ended since.
        match values.get(place.borrowed()) {
            Ok(kept) => return Boarding::Kept(kept),
            Err(expired) => _expired = expired,
        }
        let begun_at = values.read_begins();
        let slot = shard.entry(place.clone()).or_default();
        if let Some(flight) = slot.flight.as_mut().filter(|flight| values.is_fresh(flight.begun_at)) {
            match &mut flight.state {
                State::Calling(waiting) => {
                    if waiting.len() == waiting.capacity() {
                        // Those who come and go while one read takes its time.
                        waiting.retain(|joined| !joined.is_canceled());
                    }
                    let (joined, wait) = oneshot::channel();
                    waiting.push(joined);
                    return Boarding::Wait(wait);
                }
                State::Later(read) => {
                    // Otherwise those who waited have just gone, and nobody drives it any more.
                    if let Some(read) = read.upgrade() {
                        return Boarding::Join(read);
                    }
                }
            }
        }
        slot.detach();
        let flight = self.flight(begun_at, false);
        let id = flight.id;
        slot.flight = Some(flight);
        Boarding::Lead(id)
    }

    /// The engine answers a read later.
    pub(super) fn called(&self, place: &Place, id: FlightId, read: &SharedRead) {
        let waiting = {
            let mut shard = self.lock(place);
            let Some(slot) = shard.get_mut(place) else { return };
            if slot.is_attached(id) {
                let Some(flight) = &mut slot.flight else { return };
                let Some(weak) = read.downgrade() else { return };
                match std::mem::replace(&mut flight.state, State::Later(weak)) {
                    State::Calling(waiting) => waiting,
                    State::Later(_) => Vec::new(),
                }
            } else {
                let (_, flight) = slot.take(id);
                if slot.is_idle() {
                    shard.remove(place);
                }
                flight.map_or_else(Vec::new, Flight::into_waiting)
            }
        };
        for joined in waiting {
            let _ = joined.send(Joined::Later(read.clone()));
        }
    }

    /// A read has ended. What it has found is kept, if `may_keep`, no write has detached the read since it began, and no
    /// ordinary one is under way. Gives another read that the caller has to lead, when this one is outdated.
    pub(super) fn land(
        &self,
        place: &Place,
        id: FlightId,
        outcome: &Outcome,
        values: &Values,
        may_keep: impl FnOnce() -> bool,
    ) -> Option<FlightId> {
        let (flight, next, evicted) = {
            let mut shard = self.lock(place);
            let slot = shard.get_mut(place)?;
            let (attached, flight) = slot.take(id);
            let (mut next, mut evicted) = (None, Evicted::default());
            if let Some(flight) = &flight
                && attached
                && slot.ordinary == 0
            {
                evicted = match outcome {
                    Ok(found) if may_keep() => values.keep(place, found.as_ref(), flight.begun_at),
                    _ => values.remove(place),
                };
                slot.owed = flight.is_outdated && values.contains(place);
                if slot.owed {
                    next = Some(self.fetch(slot, values));
                }
            }
            if slot.is_idle() {
                shard.remove(place);
            }
            (flight, next, evicted)
        };
        drop(evicted);
        for joined in flight.map_or_else(Vec::new, Flight::into_waiting) {
            let _ = joined.send(Joined::Answer(outcome.clone()));
        }
        next
    }

    /// Begins a fetch, to be led by the caller.
    fn fetch(&self, slot: &mut Slot, values: &Values) -> FlightId {
        let flight = self.flight(values.read_begins(), true);
        let id = flight.id;
        slot.flight = Some(flight);
        id
    }

    /// A read has come to no end: everybody who waited for it has gone, or the engine has panicked. Those who wait for
    /// the panicked one learn it by their channels.
    pub(super) fn abandon(&self, place: &Place, id: FlightId, values: &Values) {
        let gone = {
            let mut shard = self.lock(place);
            let Some(slot) = shard.get_mut(place) else { return };
            let (attached, flight) = slot.take(id);
            let mut evicted = Evicted::default();
            if attached && slot.ordinary == 0 && slot.owed {
                evicted = values.remove(place);
                slot.owed = false;
            }
            if slot.is_idle() {
                shard.remove(place);
            }
            (flight, evicted)
        };
        drop(gone);
    }

    /// A write is about to be given to the engine. What is kept goes, unless the write allows that it is read for a while.
    pub(super) fn begin_write(&self, place: &Place, keeps_old: bool, values: &Values) {
        let removed = {
            let mut shard = self.lock(place);
            let slot = shard.entry(place.clone()).or_default();
            if keeps_old {
                slot.background += 1;
                Evicted::default()
            } else {
                slot.ordinary += 1;
                slot.owed = false;
                values.remove(place)
            }
        };
        drop(removed);
    }

    /// An ordinary write has been given to an engine that answers later, and has not ended: reads that begin from now on
    /// come after it, so nobody may join one that began before.
    pub(super) fn write_called(&self, place: &Place) {
        if let Some(slot) = self.lock(place).get_mut(place) {
            slot.detach();
        }
    }

    /// A write has ended, and is acknowledged after this. Gives a read that the caller has to lead, when what is kept has
    /// to be fetched anew.
    pub(super) fn end_write(
        &self,
        place: &Place,
        keeps_old: bool,
        ended: Ended,
        values: &Values,
    ) -> Option<FlightId> {
        let mut removed = Evicted::default();
        let mut fetch = None;
        {
            let mut shard = self.lock(place);
            let slot = shard.get_mut(place)?;
            match ended {
                // What was kept went when the write began, and nothing was kept since.
                _ if !keeps_old => {
                    slot.ordinary = slot.ordinary.saturating_sub(1);
                    slot.detach();
                }
                Ended::Unchanged if !values.is_shared() => {
                    slot.background = slot.background.saturating_sub(1);
                }
                Ended::Written => {
                    slot.background = slot.background.saturating_sub(1);
                    // While an ordinary write is under way, nothing is.
                    slot.owed = values.contains(place);
                    match &mut slot.flight {
                        Some(flight) if flight.is_fetch && slot.owed => flight.is_outdated = true,
                        _ => {
                            slot.detach();
                            fetch = slot.owed.then(|| self.fetch(slot, values));
                        }
                    }
                }
                // Where others write as well, a refusal may mean that what is kept is not what the engine has.
                Ended::Unknown | Ended::Unchanged => {
                    slot.background = slot.background.saturating_sub(1);
                    slot.detach();
                    slot.owed = false;
                    removed = values.remove(place);
                }
            }
            if slot.is_idle() {
                shard.remove(place);
            }
        }
        drop(removed);
        fetch
    }

    /// Returns when everything that holds a lock now has let go of it.
    pub(super) fn settle(&self) {
        for shard in &self.shards {
            drop(shard.lock());
        }
    }

    /// How many places have something under way.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    /// The most that wait for one call of the engine, those included that have gone.
    #[cfg(test)]
    pub(super) fn most_waiting(&self) -> usize {
        let waiting = |slot: &Slot| match slot.flight.as_ref().map(|flight| &flight.state) {
            Some(State::Calling(waiting)) => waiting.len(),
            _ => 0,
        };
        let most = |shard: &Mutex<Shard>| shard.lock().values().map(waiting).max();
        self.shards.iter().filter_map(most).max().unwrap_or_default()
    }
}

impl Flight {
    fn into_waiting(self) -> Vec<oneshot::Sender<Joined>> {
        match self.state {
            State::Calling(waiting) => waiting,
            State::Later(_) => Vec::new(),
        }
    }
}

impl fmt::Debug for Slots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slots(..)")
    }
}
