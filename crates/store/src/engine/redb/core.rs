//! What the engine, its stores and its writer share.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use futures_channel::oneshot;
use parking_lot::{Mutex, RwLock};

use super::deletion::Deletion;
use super::error::Damaged;
use super::handle::guarded;
use super::operation::{Answer, Call, End as CallEnd, Failure, Operation};
use super::queue::Queue;
use super::snapshot::Snapshot;
use super::store::RedbStore;
use super::transaction::Transaction;
use crate::clock::Timestamp;
use crate::completion::{Completion, Ended};
use crate::engine::registry::Registry;
use crate::error::KvError;
use crate::name::StoreId;
use crate::reply::Reply;

/// All stores of the file. The writer changes it when what it did to them is durable.
pub(super) type Stores = RwLock<Registry<RedbStore>>;

#[derive(Debug)]
pub(super) struct Core {
    pub(super) queue: Queue,
    view: RwLock<View>,
    end: Mutex<End>,
    pub(super) commits: AtomicU64,
    pub(super) operations: AtomicU64,
}

/// What readers read.
#[derive(Debug, Clone)]
pub(super) enum View {
    /// The state of the last commit.
    Snapshot(Arc<Snapshot>),
    /// Nothing, as the file has failed; perhaps it can be opened again.
    Failed(KvError),
    /// Nothing, for good.
    Closed,
}

/// How the work ends.
#[derive(Debug, Default)]
struct End {
    /// Those who want to know.
    waiting: Vec<oneshot::Sender<Result<(), KvError>>>,
    result: Option<Result<(), KvError>>,
}

impl Core {
    pub(super) fn new(queue_bytes: u64, snapshot: Arc<Snapshot>) -> Self {
        Self {
            queue: Queue::new(queue_bytes),
            view: RwLock::new(View::Snapshot(snapshot)),
            end: Mutex::default(),
            commits: AtomicU64::new(0),
            operations: AtomicU64::new(0),
        }
    }

    /// What readers read from now on. Their old snapshot goes when the last of them is done with it.
    pub(super) fn publish(&self, view: View) {
        let old = std::mem::replace(&mut *self.view.write(), view);
        // Outside of the lock: the end of a read transaction is work for redb.
        drop(old);
    }

    /// The newest snapshot. When the file has failed, the writer is woken, which opens it again.
    pub(super) fn snapshot(&self) -> Result<Arc<Snapshot>, KvError> {
        // Cloned, so that a writer need not wait for slow readers to replace it, and readers not for that writer.
        let view = self.view.read().clone();
        match view {
            View::Snapshot(snapshot) => Ok(snapshot),
            View::Closed => Err(KvError::Closed),
            View::Failed(error) => {
                self.queue.wake();
                Err(error)
            }
        }
    }

    /// Runs `read` on the newest snapshot.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Snapshot) -> Result<T, Failure>) -> Result<T, KvError> {
        let snapshot = self.snapshot()?;
        let failure = match guarded(|| read(&snapshot)) {
            Ok(Ok(value)) => return Ok(value),
            // A record is damaged, and nothing more.
            Ok(Err(Failure::Refused(error))) => return Err(error),
            Ok(Err(failure)) => failure,
            Err(damaged @ Damaged(_)) => damaged.into(),
        };
        // After a failed read redb answers nothing any more, until the file has been opened anew; and what a panic
        // has left behind nobody knows. The writer finds out.
        self.queue.wake();
        Err(failure.into())
    }

    /// Queues `run` for the writer, which does it whatever becomes of the reply. `bytes` is what it holds in memory.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        bytes: u64,
        run: impl FnMut(&mut Transaction<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Reply<T> {
        self.push(bytes, CallEnd::untold(), run)
    }

    /// The same for what somebody may have to know the end of.
    pub(super) fn write<T: Send + 'static>(
        &self,
        bytes: u64,
        completion: Completion,
        run: impl FnMut(&mut Transaction<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Reply<T>
    where
        for<'r> Ended: From<&'r Result<T, KvError>>,
    {
        self.push(bytes, CallEnd::told(completion), run)
    }

    fn push<T: Send + 'static>(
        &self,
        bytes: u64,
        end: CallEnd<T>,
        run: impl FnMut(&mut Transaction<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Reply<T> {
        self.queue_up(Call::boxed(bytes, end, run))
    }

    /// Queues the deletion of a store.
    pub(super) fn delete_store(
        self: &Arc<Self>,
        id: StoreId,
        now: Timestamp,
        completion: Completion,
    ) -> Reply<bool> {
        self.queue_up(Deletion::boxed(self, id, now, completion))
    }

    fn queue_up<T: Send + 'static>(&self, (call, answer): (Box<dyn Operation>, Answer<T>)) -> Reply<T> {
        match self.queue.push(call) {
            Ok(()) => Reply::later(async move { answer.await.unwrap_or(Err(KvError::Closed)) }),
            Err(error) => Reply::Ready(Err(error)),
        }
    }

    /// Lets the writer finish what is queued and close the file, and answers when it has.
    pub(super) fn close(&self) -> Reply<()> {
        let (sender, answer) = oneshot::channel();
        {
            let mut end = self.end.lock();
            if let Some(result) = &end.result {
                return Reply::Ready(result.clone());
            }
            end.waiting.push(sender);
        }
        self.queue.close();
        Reply::later(async move { answer.await.unwrap_or(Err(KvError::Closed)) })
    }

    /// Tells all who wait or come later that nobody writes any more. Only the first result counts.
    pub(super) fn ended(&self, result: &Result<(), KvError>) {
        self.queue.abandon();
        self.publish(View::Closed);
        let waiting = {
            let mut end = self.end.lock();
            if end.result.is_some() {
                return;
            }
            end.result = Some(result.clone());
            std::mem::take(&mut end.waiting)
        };
        for waiting in waiting {
            // Wakers are code of others, and not our worry.
            let _ = guarded(|| waiting.send(result.clone()));
        }
    }
}
