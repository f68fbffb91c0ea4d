//! The deletion of a store, which may take several steps.

use std::fmt;
use std::sync::Arc;

use futures_channel::oneshot;

use super::core::Core;
use super::operation::{Answer, End, Failure, Operation, answer};
use super::transaction::{DeletedStore, EXPIRED_PER_STEP, Transaction};
use crate::clock::Timestamp;
use crate::completion::Completion;
use crate::error::KvError;
use crate::name::StoreId;

/// In each step, a bounded number of entries is looked at. While they have all expired and more are behind them, they go, and
/// another step is queued, so that others have their turn in between.
pub(super) struct Deletion {
    core: Arc<Core>,
    id: StoreId,
    now: Timestamp,
    outcome: Option<Result<DeletedStore, KvError>>,
    /// Before the answer, in this order when both are just dropped as well.
    end: End<bool>,
    answer: oneshot::Sender<Result<bool, KvError>>,
}

impl Deletion {
    pub(super) fn boxed(
        core: &Arc<Core>,
        id: StoreId,
        now: Timestamp,
        completion: Completion,
    ) -> (Box<dyn Operation>, Answer<bool>) {
        let (answer, receiver) = oneshot::channel();
        let end = End::told(completion);
        (Box::new(Self { core: Arc::clone(core), id, now, outcome: None, end, answer }), receiver)
    }

    fn answer(self, outcome: Result<bool, KvError>) {
        self.end.tell(&outcome);
        answer(self.answer, outcome);
    }
}

impl Operation for Deletion {
    fn bytes(&self) -> u64 {
        0
    }

    fn apply(&mut self, transaction: &mut Transaction<'_>) -> Result<(), redb::Error> {
        self.outcome = Some(match transaction.delete_store(self.id, self.now) {
            Ok(deleted) => Ok(deleted),
            Err(Failure::Refused(error)) => Err(error),
            Err(Failure::Storage(error)) => return Err(error),
        });
        Ok(())
    }

    fn done(mut self: Box<Self>) {
        match self.outcome.take() {
            Some(Ok(DeletedStore::Missing)) => self.answer(Ok(false)),
            Some(Ok(DeletedStore::Whole)) => self.answer(Ok(true)),
            Some(Ok(DeletedStore::ButForExpired)) => {
                collect(&self.core, self.now);
                self.answer(Ok(true));
            }
            Some(Ok(DeletedStore::NotYet)) => {
                let core = Arc::clone(&self.core);
                core.queue.push_again(self);
            }
            Some(Err(error)) => self.answer(Err(error)),
            // Without an outcome the sender is just dropped.
            None => {}
        }
    }

    fn failed(self: Box<Self>, error: KvError) {
        self.answer(Err(error));
    }
}

impl fmt::Debug for Deletion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deletion").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Removes what has expired by `now`, in steps between which others have their turn: each queues the next one.
/// Should it not come to its end, because the engine is closed for example, the next sweep goes on with it.
fn collect(core: &Arc<Core>, now: Timestamp) {
    let again = Arc::clone(core);
    // Nobody waits for it. A step that fails is in the log.
    drop(core.submit(0, move |transaction| {
        let swept = transaction.sweep(now, EXPIRED_PER_STEP)?;
        if swept > 0 {
            collect(&again, now);
        }
        Ok(())
    }));
}
