//! Writes and removals: their keys get the prefix.

use crate::bindings::edgekv::kv::bodies::Body;
use crate::bindings::edgekv::kv::kv_store as inner;
use crate::bindings::exports::edgekv::kv::kv_store::{self as outer, Error, InsertMode};
use crate::bindings::wasi::io::poll::Pollable;
use crate::inside;

pub(crate) struct InsertBuilder(pub(crate) inner::InsertBuilder);

impl outer::GuestInsertBuilder for InsertBuilder {
    fn mode(&self, mode: InsertMode) {
        self.0.mode(mode);
    }

    fn background_fetch(&self) {
        self.0.background_fetch();
    }

    fn if_generation_match(&self, generation: u64) {
        self.0.if_generation_match(generation);
    }

    fn metadata(&self, data: Vec<u8>) {
        self.0.metadata(&data);
    }

    fn time_to_live(&self, milliseconds: u64) {
        self.0.time_to_live(milliseconds);
    }

    fn execute(&self, key: Vec<u8>, value: Vec<u8>) -> Result<(), Error> {
        self.0.execute(&inside(&key)?, &value)
    }

    fn execute_async(&self, key: Vec<u8>, value: Vec<u8>) -> Result<outer::PendingInsert, Error> {
        self.0.execute_async(&inside(&key)?, &value).map(PendingInsert::export)
    }

    fn execute_body(&self, key: Vec<u8>, value: Body) -> Result<(), Error> {
        self.0.execute_body(&inside(&key)?, value)
    }

    fn execute_body_async(&self, key: Vec<u8>, value: Body) -> Result<outer::PendingInsert, Error> {
        self.0.execute_body_async(&inside(&key)?, value).map(PendingInsert::export)
    }
}

pub(crate) struct PendingInsert(inner::PendingInsert);

impl PendingInsert {
    fn export(pending: inner::PendingInsert) -> outer::PendingInsert {
        outer::PendingInsert::new(Self(pending))
    }
}

impl outer::GuestPendingInsert for PendingInsert {
    fn wait(this: outer::PendingInsert) -> Result<(), Error> {
        inner::PendingInsert::wait(this.into_inner::<Self>().0)
    }

    fn subscribe(&self) -> Option<Pollable> {
        self.0.subscribe()
    }
}

pub(crate) struct DeleteBuilder(pub(crate) inner::DeleteBuilder);

impl outer::GuestDeleteBuilder for DeleteBuilder {
    fn if_generation_match(&self, generation: u64) {
        self.0.if_generation_match(generation);
    }

    fn execute(&self, key: Vec<u8>) -> Result<(), Error> {
        self.0.execute(&inside(&key)?)
    }

    fn execute_async(&self, key: Vec<u8>) -> Result<outer::PendingDelete, Error> {
        self.0.execute_async(&inside(&key)?).map(PendingDelete::export)
    }
}

pub(crate) struct PendingDelete(inner::PendingDelete);

impl PendingDelete {
    pub(crate) fn export(pending: inner::PendingDelete) -> outer::PendingDelete {
        outer::PendingDelete::new(Self(pending))
    }
}

impl outer::GuestPendingDelete for PendingDelete {
    fn wait(this: outer::PendingDelete) -> Result<(), Error> {
        inner::PendingDelete::wait(this.into_inner::<Self>().0)
    }

    fn subscribe(&self) -> Option<Pollable> {
        self.0.subscribe()
    }
}
