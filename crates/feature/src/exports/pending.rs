//! Operations that were started.

use std::cell::RefCell;

use edgekv_store::{Entry, Generation, KvError, ListPage, Reply};

use super::entries::{LookupResponse, entry};
use super::error::{outcome, refusal};
use super::lists::{document, page};
use crate::bindings::edgekv::kv::bodies::Body;
use crate::bindings::exports::edgekv::kv::kv_store as wit;
use crate::bindings::wasi::io::poll::Pollable;
use crate::held::Held;
use crate::imports::{look, wait};

/// The reply of an operation, parked until the program asks for it.
pub(crate) struct Pending<T> {
    reply: RefCell<Reply<T>>,
    held: Held,
}

/// What an answer keeps here.
pub(crate) trait Kept {
    /// In bytes, beside what every object takes.
    fn bytes(&self) -> usize {
        0
    }
}

impl Kept for Option<Entry> {
    fn bytes(&self) -> usize {
        self.as_ref().map_or(0, |entry| entry.value().len() + entry.metadata().as_bytes().len())
    }
}

impl Kept for Generation {}

impl Kept for bool {}

impl Kept for ListPage {
    fn bytes(&self) -> usize {
        self.keys.iter().map(|key| key.len()).sum()
    }
}

pub(crate) type PendingLookup = Pending<Option<Entry>>;
pub(crate) type PendingInsert = Pending<Generation>;
pub(crate) type PendingDelete = Pending<bool>;
pub(crate) type PendingList = Pending<ListPage>;

impl<T: Kept> Pending<T> {
    /// What was started, unless it was refused. There has to be room for it before it is started, so that is asked for first.
    pub(super) fn started<R: From<Self>>(held: Held, reply: Reply<T>) -> Result<R, wit::Error> {
        if let Some(refusal) = refusal(&reply) {
            return Err(refusal);
        }
        let pending = Self { reply: RefCell::new(reply), held };
        pending.recount();
        Ok(pending.into())
    }

    fn recount(&self) {
        if let Reply::Ready(Ok(answer)) = &*self.reply.borrow() {
            self.held.keeps(answer.bytes());
        }
    }

    fn wait(self) -> Result<T, KvError> {
        wait(self.reply.into_inner())
    }

    /// What the program can wait for; `None` when the answer is there.
    fn subscribe(&self) -> Option<Pollable> {
        let mut reply = self.reply.borrow_mut();
        let Reply::Later(later) = &mut *reply else { return None };
        match look(later) {
            Ok(result) => {
                *reply = Reply::Ready(result);
                drop(reply);
                self.recount();
                None
            }
            // Without one, waiting for it says what is wrong.
            Err(pollable) => pollable,
        }
    }
}

/// Whether there was something to remove.
pub(super) fn deleted(result: Result<bool, KvError>) -> Result<(), wit::Error> {
    if result.map_err(outcome)? { Ok(()) } else { Err(wit::Error::NotFound) }
}

impl wit::GuestPendingLookup for PendingLookup {
    fn wait(this: wit::PendingLookup) -> Result<wit::Entry, wit::Error> {
        entry(this.into_inner::<Self>().wait())
    }

    fn wait_response(this: wit::PendingLookup) -> Result<wit::LookupResponse, wit::Error> {
        let Self { reply, held } = this.into_inner();
        LookupResponse::found(held, wait(reply.into_inner()))
    }

    fn subscribe(&self) -> Option<Pollable> {
        self.subscribe()
    }
}

impl wit::GuestPendingInsert for PendingInsert {
    fn wait(this: wit::PendingInsert) -> Result<(), wit::Error> {
        this.into_inner::<Self>().wait().map(drop).map_err(outcome)
    }

    fn subscribe(&self) -> Option<Pollable> {
        self.subscribe()
    }
}

impl wit::GuestPendingDelete for PendingDelete {
    fn wait(this: wit::PendingDelete) -> Result<(), wit::Error> {
        deleted(this.into_inner::<Self>().wait())
    }

    fn subscribe(&self) -> Option<Pollable> {
        self.subscribe()
    }
}

impl wit::GuestPendingList for PendingList {
    fn wait(this: wit::PendingList) -> Result<wit::ListPage, wit::Error> {
        page(this.into_inner::<Self>().wait())
    }

    fn wait_document(this: wit::PendingList) -> Result<Body, wit::Error> {
        document(this.into_inner::<Self>().wait())
    }

    fn subscribe(&self) -> Option<Pollable> {
        self.subscribe()
    }
}

impl From<PendingLookup> for wit::PendingLookup {
    fn from(pending: PendingLookup) -> Self {
        Self::new(pending)
    }
}

impl From<PendingInsert> for wit::PendingInsert {
    fn from(pending: PendingInsert) -> Self {
        Self::new(pending)
    }
}

impl From<PendingDelete> for wit::PendingDelete {
    fn from(pending: PendingDelete) -> Self {
        Self::new(pending)
    }
}

impl From<PendingList> for wit::PendingList {
    fn from(pending: PendingList) -> Self {
        Self::new(pending)
    }
}
