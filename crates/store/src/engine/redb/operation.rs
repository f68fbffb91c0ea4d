//! Operations on their way to the writer and back.

use std::fmt::{self, Debug};

use futures_channel::oneshot;

use super::error::Damaged;
use super::transaction::Transaction;
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

/// The only kind of operation: something to run, and somebody who waits for what it gives.
pub(super) struct Call<T, F> {
    run: F,
    bytes: u64,
    outcome: Option<Result<T, KvError>>,
    answer: oneshot::Sender<Result<T, KvError>>,
}

/// What the caller of an operation waits for; canceled when the writer is gone.
pub(super) type Answer<T> = oneshot::Receiver<Result<T, KvError>>;

impl<T, F> Call<T, F>
where
    T: Send + 'static,
    F: FnMut(&mut Transaction<'_>) -> Result<T, Failure> + Send + 'static,
{
    pub(super) fn boxed(bytes: u64, run: F) -> (Box<dyn Operation>, Answer<T>) {
        let (answer, receiver) = oneshot::channel();
        (Box::new(Self { run, bytes, outcome: None, answer }), receiver)
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
            answer(self.answer, outcome);
        }
    }

    fn failed(self: Box<Self>, error: KvError) {
        answer(self.answer, Err(error));
    }
}

/// Answers; when nobody listens any more, the log is the last place for what went wrong.
fn answer<T>(to: oneshot::Sender<Result<T, KvError>>, outcome: Result<T, KvError>) {
    if let Err(Err(error)) = to.send(outcome) {
        error.log_unheard();
    }
}

impl<T, F> Debug for Call<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}
