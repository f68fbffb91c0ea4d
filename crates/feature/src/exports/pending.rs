//! Operations that were started.

use std::cell::RefCell;

use edgekv_store::{Entry, Generation, KvError, ListPage, Reply};

use super::entries::{LookupResponse, entry, found};
use super::error::outcome;
use super::lists::{document, page};
use crate::bindings::edgekv::kv::bodies::Body;
use crate::bindings::exports::edgekv::kv::kv_store as wit;
use crate::bindings::wasi::io::poll::Pollable;
use crate::imports::{look, wait};

/// The reply of an operation, parked until the program asks for it.
pub(crate) struct Pending<T>(RefCell<Reply<T>>);

pub(crate) type PendingLookup = Pending<Option<Entry>>;
pub(crate) type PendingInsert = Pending<Generation>;
pub(crate) type PendingDelete = Pending<bool>;
pub(crate) type PendingList = Pending<ListPage>;

impl<T> Pending<T> {
    pub(super) const fn new(reply: Reply<T>) -> Self {
        Self(RefCell::new(reply))
    }

    fn wait(self) -> Result<T, KvError> {
        wait(self.0.into_inner())
    }

    /// What the program can wait for; `None` when the answer is there.
    fn subscribe(&self) -> Option<Pollable> {
        let mut reply = self.0.borrow_mut();
        let Reply::Later(later) = &mut *reply else { return None };
        match look(later) {
            Ok(result) => {
                *reply = Reply::Ready(result);
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
        found(this.into_inner::<Self>().wait()).map(|entry| LookupResponse::new(entry).into())
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
