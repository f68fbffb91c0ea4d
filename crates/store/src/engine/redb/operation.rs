//! Operations on their way to the writer and back.

use std::fmt::{self, Debug};

use futures_channel::oneshot;

use super::error::Damaged;
use super::handle::guarded;
use super::transaction::Transaction;
use crate::completion::{Completion, Ended};
use crate::error::KvError;

/// Why an operation did not happen.
#[derive(Debug)]
pub(super) enum Failure {
    /// It may not, or its data cannot be read. It has changed nothing, so the rest of its transaction is good.
    Refused(KvError),
    /// The file failed. What the transaction holds is unknown, so it must not be committed.
    Storage(redb::Error),
}

impl From<KvError> for Failure {
    fn from(error: KvError) -> Self {
        Self::Refused(error)
    }
}

impl From<Damaged> for Failure {
    fn from(damaged: Damaged) -> Self {
        Self::Refused(damaged.into())
    }
}

impl From<redb::StorageError> for Failure {
    fn from(error: redb::StorageError) -> Self {
        Self::Storage(error.into())
    }
}

impl From<redb::TableError> for Failure {
    fn from(error: redb::TableError) -> Self {
        Self::Storage(error.into())
    }
}

impl From<redb::TransactionError> for Failure {
    fn from(error: redb::TransactionError) -> Self {
        Self::Storage(error.into())
    }
}

impl From<redb::CommitError> for Failure {
    fn from(error: redb::CommitError) -> Self {
        Self::Storage(error.into())
    }
}

impl From<redb::Error> for Failure {
    fn from(error: redb::Error) -> Self {
        Self::Storage(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => write!(f, "{error}"),
            Self::Storage(error) => write!(f, "{error}"),
        }
    }
}

impl From<Failure> for KvError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => error,
            Failure::Storage(error) => Self::engine(error),
        }
    }
}

/// An operation in the queue, whatever it answers.
pub(super) trait Operation: Debug + Send {
    /// What it holds in memory.
    fn bytes(&self) -> u64;

    /// Does it, and remembers the outcome. May be called again in another transaction when this one has failed.
    fn apply(&mut self, transaction: &mut Transaction<'_>) -> Result<(), redb::Error>;

    /// Answers with the outcome, which is durable now.
    fn done(self: Box<Self>);

    /// Answers that it did not happen.
    fn failed(self: Box<Self>, error: KvError);
}

/// Who has to know how an operation ended, before it is answered.
pub(super) struct End<T> {
    completion: Completion,
    ended: fn(&Result<T, KvError>) -> Ended,
}

impl<T> End<T> {
    /// Nobody.
    pub(super) fn untold() -> Self {
        Self { completion: Completion::NONE, ended: |_| Ended::Unknown }
    }

    pub(super) fn told(completion: Completion) -> Self
    where
        for<'r> Ended: From<&'r Result<T, KvError>>,
    {
        Self { completion, ended: |outcome| outcome.into() }
    }

    /// Runs before the answer.
    pub(super) fn tell(self, outcome: &Result<T, KvError>) {
        let Self { completion, ended } = self;
        let ended = ended(outcome);
        // It is code of others. Should it panic, the caller still gets the answer.
        if guarded(|| completion.end(ended)).is_err() {
            tracing::error!("who had to be told of the end of a write panicked");
        }
    }
}

/// The only kind of operation: something to run, and somebody who waits for what it gives.
pub(super) struct Call<T, F> {
    run: F,
    bytes: u64,
    outcome: Option<Result<T, KvError>>,
    /// Before the answer, in this order when both are just dropped as well.
    end: End<T>,
    answer: oneshot::Sender<Result<T, KvError>>,
}

/// What the caller of an operation waits for; canceled when the writer is gone.
pub(super) type Answer<T> = oneshot::Receiver<Result<T, KvError>>;

impl<T, F> Call<T, F>
where
    T: Send + 'static,
    F: FnMut(&mut Transaction<'_>) -> Result<T, Failure> + Send + 'static,
{
    pub(super) fn boxed(bytes: u64, end: End<T>, run: F) -> (Box<dyn Operation>, Answer<T>) {
        let (answer, receiver) = oneshot::channel();
        (Box::new(Self { run, bytes, outcome: None, end, answer }), receiver)
    }
}

impl<T, F> Operation for Call<T, F>
where
    T: Send,
    F: FnMut(&mut Transaction<'_>) -> Result<T, Failure> + Send,
{
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn apply(&mut self, transaction: &mut Transaction<'_>) -> Result<(), redb::Error> {
        self.outcome = Some(match (self.run)(transaction) {
            Ok(value) => Ok(value),
            Err(Failure::Refused(error)) => Err(error),
            Err(Failure::Storage(error)) => return Err(error),
        });
        Ok(())
    }

    fn done(self: Box<Self>) {
        // Without an outcome the sender is just dropped.
        if let Some(outcome) = self.outcome {
            self.end.tell(&outcome);
            answer(self.answer, outcome);
        }
    }

    fn failed(self: Box<Self>, error: KvError) {
        let outcome = Err(error);
        self.end.tell(&outcome);
        answer(self.answer, outcome);
    }
}

/// Answers; when nobody listens any more, the log is the last place for what went wrong.
pub(super) fn answer<T>(to: oneshot::Sender<Result<T, KvError>>, outcome: Result<T, KvError>) {
    if let Err(Err(error)) = to.send(outcome) {
        error.log_unheard();
    }
}

impl<T, F> Debug for Call<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}
