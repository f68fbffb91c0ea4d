//! The handle table of an instance.

#[cfg(feature = "component")]
use std::sync::Weak;
use std::task::{Context, Poll, Waker};

use edgekv_store::{Entry, Generation, KvStore, ListPage};

#[cfg(feature = "component")]
use crate::awaited::Awaited;
use crate::body::Body;
#[cfg(feature = "component")]
use crate::component::{DeleteBuilder, Found, InsertBuilder, ListBuilder, LookupBuilder};
use crate::log::Endpoint;
use crate::message::{Request, RequestPromise, Response};
use crate::pending::Pending;
use crate::status::Error;
use crate::streaming::StreamingBody;

/// What a handle can name. All kinds share one space of numbers, so that a number of one kind is never by
/// chance also one of another.
#[derive(Debug)]
pub(crate) enum Object {
    Store(KvStore),
    Body(Body),
    StreamingBody(StreamingBody),
    Lookup(Pending<Option<Entry>>),
    Insert(Pending<Generation>),
    Delete(Pending<bool>),
    List(Pending<ListPage>),
    Endpoint(Endpoint),
    // Boxed: they are larger than all others.
    Request(Box<Request>),
    Response(Box<Response>),
    RequestPromise(RequestPromise),
    /// What a lookup has found.
    #[cfg(feature = "component")]
    Found(Found),
    #[cfg(feature = "component")]
    LookupBuilder(LookupBuilder),
    // Boxed for their size as well.
    #[cfg(feature = "component")]
    InsertBuilder(Box<InsertBuilder>),
    #[cfg(feature = "component")]
    DeleteBuilder(DeleteBuilder),
    #[cfg(feature = "component")]
    ListBuilder(Box<ListBuilder>),
}

impl Object {
    /// Bytes that the host holds for the guest because of this object.
    pub(crate) fn held_bytes(&self) -> usize {
        match self {
            Self::Store(_) | Self::RequestPromise(_) => 0,
            Self::Request(request) => request.held_bytes(),
            Self::Response(response) => response.held_bytes(),
            Self::Body(body) => body.held_bytes(),
            Self::StreamingBody(body) => body.held_bytes(),
            Self::Lookup(pending) => pending.held_bytes(),
            Self::Insert(pending) => pending.held_bytes(),
            Self::Delete(pending) => pending.held_bytes(),
            Self::List(pending) => pending.held_bytes(),
            Self::Endpoint(endpoint) => endpoint.held_bytes(),
            #[cfg(feature = "component")]
            Self::Found(found) => found.held_bytes(),
            #[cfg(feature = "component")]
            Self::LookupBuilder(_) | Self::DeleteBuilder(_) => 0,
            #[cfg(feature = "component")]
            Self::InsertBuilder(builder) => builder.held_bytes(),
            #[cfg(feature = "component")]
            Self::ListBuilder(builder) => builder.held_bytes(),
        }
    }

    /// What tells others that this object is ready; `None` when it is known to be, or is nothing that one can wait for.
    #[cfg(feature = "component")]
    fn share(&mut self) -> Option<Weak<dyn Awaited>> {
        match self {
            Self::Body(body) => body.share(),
            Self::StreamingBody(body) => Some(body.share()),
            Self::Lookup(pending) => pending.share(),
            Self::Insert(pending) => pending.share(),
            Self::Delete(pending) => pending.share(),
            Self::List(pending) => pending.share(),
            Self::RequestPromise(_)
            | Self::Store(_)
            | Self::Endpoint(_)
            | Self::Request(_)
            | Self::Response(_)
            | Self::Found(_)
            | Self::LookupBuilder(_)
            | Self::InsertBuilder(_)
            | Self::DeleteBuilder(_)
            | Self::ListBuilder(_) => None,
        }
    }

    /// Whether one can wait for this object.
    const fn is_item(&self) -> bool {
        match self {
            Self::Body(_)
            | Self::StreamingBody(_)
            | Self::Lookup(_)
            | Self::Insert(_)
            | Self::Delete(_)
            | Self::List(_)
            | Self::RequestPromise(_) => true,
            Self::Store(_) | Self::Endpoint(_) | Self::Request(_) | Self::Response(_) => false,
            #[cfg(feature = "component")]
            Self::Found(_)
            | Self::LookupBuilder(_)
            | Self::InsertBuilder(_)
            | Self::DeleteBuilder(_)
            | Self::ListBuilder(_) => false,
        }
    }

    /// Whether this describes an operation.
    const fn is_builder(&self) -> bool {
        #[cfg(feature = "component")]
        return matches!(
            self,
            Self::LookupBuilder(_) | Self::InsertBuilder(_) | Self::DeleteBuilder(_) | Self::ListBuilder(_)
        );
        #[cfg(not(feature = "component"))]
        false
    }

    /// Looks whether the call that one would make next needs no waiting: there is something to read or room to write,
    /// the operation is done, or there is an error to be told. `None` when this is nothing that one can wait for.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Option<Poll<()>> {
        match self {
            Self::Body(body) => Some(body.poll_ready(cx)),
            Self::StreamingBody(body) => Some(body.poll_ready(cx).map(drop)),
            Self::Lookup(pending) => Some(pending.poll_done(cx)),
            Self::Insert(pending) => Some(pending.poll_done(cx)),
            Self::Delete(pending) => Some(pending.poll_done(cx)),
            Self::List(pending) => Some(pending.poll_done(cx)),
            // There never is another request, and that is known at once.
            Self::RequestPromise(_) => Some(Poll::Ready(())),
            Self::Store(_) | Self::Endpoint(_) | Self::Request(_) | Self::Response(_) => None,
            #[cfg(feature = "component")]
            Self::Found(_)
            | Self::LookupBuilder(_)
            | Self::InsertBuilder(_)
            | Self::DeleteBuilder(_)
            | Self::ListBuilder(_) => None,
        }
    }

    /// Looks, without waiting, whether this is an operation that is still under way; one that is done holds its result and nothing
    /// else from then on.
    fn is_under_way(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        // Whoever waits later polls again, with a waker of its own.
        match self {
            Self::Lookup(pending) => pending.poll_done(&mut cx).is_pending(),
            Self::Insert(pending) => pending.poll_done(&mut cx).is_pending(),
            Self::Delete(pending) => pending.poll_done(&mut cx).is_pending(),
            Self::List(pending) => pending.poll_done(&mut cx).is_pending(),
            Self::Store(_)
            | Self::Body(_)
            | Self::StreamingBody(_)
            | Self::Endpoint(_)
            | Self::Request(_)
            | Self::Response(_)
            | Self::RequestPromise(_) => false,
            #[cfg(feature = "component")]
            Self::Found(_)
            | Self::LookupBuilder(_)
            | Self::InsertBuilder(_)
            | Self::DeleteBuilder(_)
            | Self::ListBuilder(_) => false,
        }
    }

    /// Of an operation, whether it is known to be done, so that only the outcome is left to be told.
    const fn is_done(&self) -> Option<bool> {
        match self {
            Self::Lookup(pending) => Some(pending.is_done()),
            Self::Insert(pending) => Some(pending.is_done()),
            Self::Delete(pending) => Some(pending.is_done()),
            Self::List(pending) => Some(pending.is_done()),
            Self::Store(_)
            | Self::Body(_)
            | Self::StreamingBody(_)
            | Self::Endpoint(_)
            | Self::Request(_)
            | Self::Response(_)
            | Self::RequestPromise(_) => None,
            #[cfg(feature = "component")]
            Self::Found(_)
            | Self::LookupBuilder(_)
            | Self::InsertBuilder(_)
            | Self::DeleteBuilder(_)
            | Self::ListBuilder(_) => None,
        }
    }
}

/// An object that a handle of one kind names.
pub(crate) trait Kind: Sized {
    /// What a message calls it.
    const NAME: &'static str;
    fn of(object: &mut Object) -> Option<&mut Self>;
    fn out_of(object: Object) -> Option<Self>;
}

macro_rules! kinds {
    ($($type:ty, $variant:ident, $name:literal;)*) => {$(
        impl Kind for $type {
            const NAME: &'static str = $name;

            fn of(object: &mut Object) -> Option<&mut Self> {
                if let Object::$variant(object) = object { Some(object) } else { None }
            }

            fn out_of(object: Object) -> Option<Self> {
                if let Object::$variant(object) = object { Some(object) } else { None }
            }
        }
    )*};
}

kinds! {
    KvStore, Store, "an open store";
    Body, Body, "a readable body";
    StreamingBody, StreamingBody, "a streaming body";
    Pending<Option<Entry>>, Lookup, "a pending lookup";
    Pending<Generation>, Insert, "a pending insert";
    Pending<bool>, Delete, "a pending delete";
    Pending<ListPage>, List, "a pending list";
    Endpoint, Endpoint, "an endpoint of the log";
    Box<Request>, Request, "a request";
    Box<Response>, Response, "a response";
    RequestPromise, RequestPromise, "a request that was asked for";
}

#[cfg(feature = "component")]
kinds! {
    Found, Found, "what a lookup has found";
    LookupBuilder, LookupBuilder, "a described lookup";
    Box<InsertBuilder>, InsertBuilder, "a described insert";
    DeleteBuilder, DeleteBuilder, "a described delete";
    Box<ListBuilder>, ListBuilder, "a described list";
}

/// Handle numbers are positive in 32 bits, as JavaScript guests keep them in a signed integer. 0 is left out: guests
/// written in C take it for "none".
const LAST_HANDLE: u32 = i32::MAX as u32;

/// The number that is "none", for every kind.
pub(crate) const INVALID_HANDLE: u32 = u32::MAX - 1;

/// Objects by handle, and how many bytes the host holds for them.
///
/// Numbers are given out in rising order, and begin again only after all 2^31 of them; so a stale number
/// names nothing, of any kind. An object lives in the slot that the low bits of its number select, and the slot
/// knows the whole number: finding it is one comparison. A new number whose slot is taken by something long-lived
/// is skipped. There are at least twice as many slots as objects, so that happens rarely, and a guest that closes
/// what it opens stays within the same few slots.
#[derive(Debug)]
pub(crate) struct HandleTable {
    /// A power of two of them.
    slots: Vec<Option<Slot>>,
    last: u32,
    live: usize,
    /// How many of them are builders.
    builders: usize,
    max: usize,
    held_bytes: usize,
    /// Operations that were under way when somebody looked last, oldest first, so that to look again costs what they cost and not
    /// what all objects cost. Some of them may be gone.
    under_way: Vec<u32>,
    /// Whether there is a way to drop what nobody waits for, so that nothing has to be forgotten.
    keeps_outcomes: bool,
}

#[derive(Debug)]
struct Slot {
    number: u32,
    /// What `object` adds to the table's `held_bytes`; true again after every [`HandleTable::recount`].
    counted_bytes: usize,
    object: Object,
}

const FIRST_SLOTS: usize = 16;

/// How many builders there may be beside all that is counted.
const UNCOUNTED_BUILDERS: usize = 16;

impl HandleTable {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            slots: Vec::new(),
            last: 0,
            live: 0,
            builders: 0,
            max,
            held_bytes: 0,
            under_way: Vec::new(),
            keeps_outcomes: false,
        }
    }

    /// Number of objects.
    pub(crate) const fn len(&self) -> usize {
        self.live
    }

    /// Bytes that the host holds for all objects.
    pub(crate) const fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Says whether there is room for another object; makes some if that is possible.
    pub(crate) fn check_room(&mut self) -> Result<(), Error> {
        self.check_room_for(false)
    }

    /// As [`HandleTable::check_room`]. A builder is there for the moment in which an operation is described, and the calls that make
    /// one have no error to tell: so a few of them are not counted, and it is the operation that is refused.
    fn check_room_for(&mut self, is_builder: bool) -> Result<(), Error> {
        let uncounted = (self.builders + usize::from(is_builder)).min(UNCOUNTED_BUILDERS);
        let max = self.max + uncounted;
        if self.live >= max {
            self.forget_old_outcomes();
        }
        if self.live >= max { Err(Error::TooManyHandles { max: self.max }) } else { Ok(()) }
    }

    /// Adds an object and gives its handle.
    pub(crate) fn insert(&mut self, object: Object) -> Result<u32, Error> {
        let is_builder = object.is_builder();
        self.check_room_for(is_builder)?;
        let is_under_way = object.is_done() == Some(false);
        if self.slots.len() < (self.live + 1) * 2 {
            self.grow();
        }
        let counted_bytes = object.held_bytes();
        loop {
            self.last = if self.last == LAST_HANDLE { 1 } else { self.last + 1 };
            let (mask, number) = (self.slots.len() - 1, self.last);
            if let Some(slot @ None) = self.slots.get_mut(number as usize & mask) {
                *slot = Some(Slot { number, counted_bytes, object });
                self.live += 1;
                self.builders += usize::from(is_builder);
                self.held_bytes += counted_bytes;
                if is_under_way {
                    self.remember_under_way(number);
                }
                return Ok(number);
            }
        }
    }

    /// Doubles the slots. Two objects that differ in the old low bits differ in the new ones.
    fn grow(&mut self) {
        let slots = (self.slots.len() * 2).max(FIRST_SLOTS);
        let mut old = std::mem::take(&mut self.slots);
        self.slots.resize_with(slots, || None);
        for full in old.drain(..).flatten() {
            if let Some(slot) = self.slots.get_mut(full.number as usize & (slots - 1)) {
                *slot = Some(full);
            }
        }
    }

    fn slot(&mut self, handle: u32) -> Option<&mut Option<Slot>> {
        let mask = self.slots.len().checked_sub(1)?;
        let slot = self.slots.get_mut(handle as usize & mask)?;
        matches!(slot, Some(Slot { number, .. }) if *number == handle).then_some(slot)
    }

    /// The object behind a handle. Whoever changes what it holds calls [`HandleTable::recount`] afterwards.
    pub(crate) fn object(&mut self, handle: u32) -> Option<&mut Object> {
        self.slot(handle)?.as_mut().map(|slot| &mut slot.object)
    }

    /// The object behind a handle, if it is of this kind; see [`HandleTable::object`].
    pub(crate) fn get<K: Kind>(&mut self, handle: u32) -> Result<&mut K, Error> {
        self.object(handle).and_then(K::of).ok_or(Error::Handle { handle, wanted: K::NAME })
    }

    /// Whether a handle names something that one can wait for.
    pub(crate) fn is_item(&mut self, handle: u32) -> bool {
        self.object(handle).is_some_and(|object| object.is_item())
    }

    /// Looks whether an object is ready, and counts anew what came in meanwhile. `None` when the handle names nothing
    /// that one can wait for.
    pub(crate) fn poll_ready(&mut self, handle: u32, cx: &mut Context<'_>) -> Option<Poll<()>> {
        let ready = self.object(handle)?.poll_ready(cx);
        self.recount(handle);
        ready
    }

    /// What tells others that an object is ready; `None` when it is now.
    #[cfg(feature = "component")]
    pub(crate) fn share(&mut self, handle: u32) -> Option<Weak<dyn Awaited>> {
        // Whoever waits polls again, with a waker of its own.
        match self.poll_ready(handle, &mut Context::from_waker(Waker::noop())) {
            Some(Poll::Pending) => self.object(handle)?.share(),
            Some(Poll::Ready(())) | None => None,
        }
    }

    /// Keeps outcomes from now on until they are waited for or dropped, also when the table is full.
    #[cfg(feature = "component")]
    pub(crate) const fn keep_outcomes(&mut self) {
        self.keeps_outcomes = true;
    }

    /// Puts another object behind a handle.
    pub(crate) fn replace(&mut self, handle: u32, object: Object) {
        if let Some(place) = self.object(handle) {
            *place = object;
        }
        self.recount(handle);
    }

    /// Counts anew what an object holds.
    pub(crate) fn recount(&mut self, handle: u32) {
        if let Some(Some(slot)) = self.slot(handle) {
            let before = std::mem::replace(&mut slot.counted_bytes, slot.object.held_bytes());
            let now = slot.counted_bytes;
            self.held_bytes = self.held_bytes - before + now;
        }
    }

    /// Takes an object out; one of another kind stays where it is.
    pub(crate) fn take<K: Kind>(&mut self, handle: u32) -> Result<K, Error> {
        let no_such_handle = || Error::Handle { handle, wanted: K::NAME };
        let slot = self.slot(handle).ok_or_else(no_such_handle)?;
        slot.as_mut().and_then(|slot| K::of(&mut slot.object)).ok_or_else(no_such_handle)?;
        let Slot { counted_bytes, object, .. } = slot.take().ok_or_else(no_such_handle)?;
        self.live -= 1;
        self.builders -= usize::from(object.is_builder());
        self.held_bytes -= counted_bytes;
        K::out_of(object).ok_or_else(no_such_handle)
    }

    fn remember_under_way(&mut self, handle: u32) {
        // So that those that are gone do not become many. Each time leaves as many as there are objects at most, so it is rare.
        if self.under_way.len() >= self.live.max(FIRST_SLOTS) * 2 {
            self.settle();
        }
        self.under_way.push(handle);
    }

    /// Counts anew what operations hold that are done by now.
    pub(crate) fn settle(&mut self) {
        let mut under_way = std::mem::take(&mut self.under_way);
        under_way.retain(|&handle| {
            let is_under_way = self.object(handle).is_some_and(Object::is_under_way);
            self.recount(handle);
            is_under_way
        });
        self.under_way = under_way;
    }

    /// The oldest write or delete that was still under way when [`HandleTable::settle`] looked last.
    pub(crate) fn write_under_way(&mut self) -> Option<u32> {
        let under_way = std::mem::take(&mut self.under_way);
        let is_write = |handle: &u32| match self.object(*handle) {
            Some(Object::Insert(pending)) => !pending.is_done(),
            Some(Object::Delete(pending)) => !pending.is_done(),
            _ => false,
        };
        let found = under_way.iter().copied().find(is_write);
        self.under_way = under_way;
        found
    }

    /// Drops the outcomes of operations that are done and that nobody has waited for, all but the newest.
    ///
    /// Not to wait is normal, and there is no call that says so; without this, a program that runs for long would
    /// fill its table. It comes to that only when the table is full, and then half of it is kept.
    fn forget_old_outcomes(&mut self) {
        self.settle();
        if self.keeps_outcomes {
            return;
        }
        let done = self.slots.iter().flatten().filter(|slot| slot.object.is_done() == Some(true));
        let mut done: Vec<_> = done.map(|slot| slot.number).collect();
        // Numbers wrap around, ages do not.
        let last = self.last;
        done.sort_unstable_by_key(|number| last.wrapping_sub(*number) & LAST_HANDLE);
        for handle in done.into_iter().skip(self.max / 2) {
            if let Some(slot) = self.slot(handle).and_then(Option::take) {
                self.live -= 1;
                self.held_bytes -= slot.counted_bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use edgekv_store::{KvError, Reply};

    use super::*;

    fn body() -> Object {
        Object::Body(Body::default())
    }

    #[test]
    fn a_closed_handle_names_nothing_however_many_come_after_it() {
        let mut table = HandleTable::new(100);
        let kept = table.insert(body()).unwrap();
        let stale = table.insert(body()).unwrap();
        table.take::<Body>(stale).unwrap();
        for _ in 0..100_000 {
            let handle = table.insert(body()).unwrap();
            assert!(handle != stale && handle != kept);
            assert!(table.get::<Body>(stale).is_err());
            table.take::<Body>(handle).unwrap();
        }
        assert!(table.get::<Body>(kept).is_ok());
        assert_eq!((table.len(), table.slots.len()), (1, FIRST_SLOTS), "it stays small");
    }

    #[test]
    fn all_objects_are_found_after_growing_in_any_order_of_closing() {
        let mut table = HandleTable::new(5_000);
        let mut handles = Vec::new();
        for round in 0..5_000_usize {
            handles.push(table.insert(body()).unwrap());
            if round % 3 == 0 {
                let closed = handles.swap_remove(round / 2 % handles.len());
                table.take::<Body>(closed).unwrap();
            }
        }
        assert_eq!(table.len(), handles.len());
        assert!(handles.iter().all(|handle| table.get::<Body>(*handle).is_ok()));
    }

    #[test]
    fn numbers_begin_again_after_the_last_and_skip_what_lives() {
        let mut table = HandleTable::new(10);
        let first = table.insert(body()).unwrap();
        assert_eq!(first, 1);
        table.last = LAST_HANDLE - 1;
        assert_eq!(table.insert(body()).unwrap(), LAST_HANDLE);
        assert_eq!(table.insert(body()).unwrap(), 2, "1 is still alive, and 0 is none");
    }

    #[test]
    fn the_table_is_full_at_its_limit_and_has_room_again_after_a_close() {
        let mut table = HandleTable::new(2);
        let first = table.insert(body()).unwrap();
        table.insert(body()).unwrap();
        assert!(matches!(table.insert(body()), Err(Error::TooManyHandles { max: 2 })));
        table.take::<Body>(first).unwrap();
        assert!(table.insert(body()).is_ok());
    }

    #[test]
    fn only_operations_that_are_under_way_are_looked_at_and_they_settle_when_they_are_done() {
        let mut table = HandleTable::new(10_000);
        for _ in 0..1_000 {
            table.insert(body()).unwrap();
        }
        table.insert(Object::Delete(Pending::new(Reply::Ready(Ok(true))))).unwrap();
        assert_eq!(table.under_way, [0; 0]);
        let (done, answer) = futures_channel::oneshot::channel();
        let reply = Reply::later(async { answer.await.map_err(KvError::engine) });
        let first = table.insert(Object::Delete(Pending::holding(reply, 700))).unwrap();
        assert_eq!((table.write_under_way(), table.held_bytes()), (Some(first), 700));
        for _ in 0..100_000 {
            let later = Pending::new(Reply::later(std::future::pending()));
            let handle = table.insert(Object::Lookup(later)).unwrap();
            table.take::<Pending<Option<Entry>>>(handle).unwrap();
        }
        assert!(table.under_way.len() < 3_000, "what is gone is forgotten: {}", table.under_way.len());
        done.send(true).unwrap();
        table.settle();
        assert_eq!((table.write_under_way(), table.held_bytes()), (None, 0));
        assert_eq!(table.under_way, [0; 0]);
    }

    #[test]
    fn the_wrong_kind_is_refused_and_stays() {
        let mut table = HandleTable::new(2);
        let handle = table.insert(body()).unwrap();
        assert!(matches!(table.take::<Pending<bool>>(handle), Err(Error::Handle { .. })));
        assert!(table.get::<Body>(handle).is_ok());
        for unknown in [0, 2, 17, u32::MAX, u32::MAX - 1, LAST_HANDLE] {
            assert!(table.get::<Body>(unknown).is_err(), "{unknown}");
        }
    }
}
