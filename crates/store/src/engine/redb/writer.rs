//! The thread that writes.

use std::collections::HashSet;
use std::error::Error as StdError;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use parking_lot::RwLock;

use super::core::{Core, Stores, View};
use super::error::unsynced;
use super::file::{DatabaseFile, Opened, State};
use super::handle::{Handle, guarded};
use super::operation::{Failure, Operation};
use super::queue::BATCH_BYTES;
use super::store::RedbStore;
use super::transaction::{Change, Transaction};
use crate::engine::EngineStore;
use crate::error::KvError;
use crate::generation::GenerationSource;
use crate::name::{StoreId, StoreInfo};

/// How long operations that are no smaller than one that found the disk full are refused without another try.
const FULL_FOR: Duration = Duration::from_secs(1);

/// Owns the database, and is alone in writing to it.
pub(super) struct Writer {
    core: Arc<Core>,
    stores: Arc<Stores>,
    file: DatabaseFile,
    /// `None` while it could not be opened again after a failure.
    handle: Option<Handle>,
    generations: GenerationSource,
    /// The file after the last commit.
    state: State,
    /// Whether commits prepare for the next failure.
    quick_repair: bool,
    full: Option<Full>,
    /// What the transaction that is under way does to the stores, for when it is durable.
    changes: Vec<Change>,
}

/// Operations in the order of their calls.
type Batch = Vec<Box<dyn Operation>>;

/// The disk has no room.
struct Full {
    until: Instant,
    /// For operations of so many bytes, and of more.
    bytes: u64,
    error: KvError,
}

/// How far a transaction has come.
#[derive(Default)]
struct Progress {
    begun: bool,
    /// Operations that were begun.
    operations: usize,
    /// Whether the commit was begun: then it may have happened, whatever redb reports.
    committing: bool,
}

/// Why a transaction did not go through.
struct Unsuccessful {
    error: KvError,
    progress: Progress,
    /// Whether the cause lies before the transaction: redb reports an earlier I/O error, perhaps of a reader.
    earlier: bool,
}

impl Writer {
    pub(super) fn new(core: Arc<Core>, file: DatabaseFile, opened: Opened) -> Self {
        let writer = Self {
            quick_repair: file.quick_recovery(),
            core,
            stores: Arc::new(RwLock::default()),
            file,
            handle: Some(opened.handle),
            generations: GenerationSource::after(opened.contents.last_generation),
            state: opened.contents.state,
            full: None,
            changes: Vec::new(),
        };
        writer.register(opened.contents.stores);
        writer
    }

    pub(super) fn stores(&self) -> Arc<Stores> {
        Arc::clone(&self.stores)
    }

    /// Works until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let at_end = AtEnd(Arc::clone(&self.core));
        while let Some(batch) = self.core.queue.take() {
            self.core.operations.fetch_add(batch.len() as u64, Ordering::Relaxed);
            if batch.is_empty() {
                // The failure is published for readers, who are the ones that asked.
                let _ = self.check();
            } else {
                self.process(batch);
            }
        }
        let closed = self.close();
        at_end.0.ended(&closed);
    }

    /// Does a batch, and answers everybody in it.
    fn process(&mut self, mut batch: Batch) {
        let mut again = true;
        loop {
            batch = self.refuse_what_has_no_room(batch);
            if batch.is_empty() {
                return;
            }
            if self.handle.is_none()
                && let Err(error) = self.reopen(false)
            {
                return fail(batch, &error);
            }
            let unsuccessful = match self.attempt(&mut batch) {
                Ok(done) => {
                    batch = self.answer(batch, done);
                    again = true;
                    continue;
                }
                Err(unsuccessful) => unsuccessful,
            };
            let tried = unsuccessful.progress.operations;
            match self.recover(&unsuccessful) {
                Err(error) => return fail(batch, &error),
                Ok(Recovered { committed: true }) => batch = self.answer(batch, tried),
                Ok(_) if unsuccessful.earlier && again => again = false,
                Ok(_) if tried == 0 => return fail(batch, &unsuccessful.error),
                Ok(_) if tried == 1 => {
                    // It is to blame, perhaps with a value that the disk has no room for, and fails alone.
                    let rest = batch.split_off(1);
                    self.note_full(&batch, &unsuccessful.error);
                    fail(batch, &unsuccessful.error);
                    batch = rest;
                }
                Ok(_) => {
                    let rest = batch.split_off(tried / 2);
                    self.process(batch);
                    batch = rest;
                }
            }
        }
    }

    /// Answers the first `done` operations, and gives the others.
    fn answer(&mut self, mut batch: Batch, done: usize) -> Batch {
        let rest = batch.split_off(done.min(batch.len()));
        self.apply_changes();
        for operation in batch {
            foreign(|| operation.done());
        }
        rest
    }

    /// Does a batch, or as much of it as may go into one transaction, and publishes the result. Gives how many it did.
    fn attempt(&mut self, batch: &mut [Box<dyn Operation>]) -> Result<usize, Unsuccessful> {
        self.changes.clear();
        let mut progress = Progress::default();
        let Some(handle) = &self.handle else {
            return Err(Unsuccessful { error: KvError::Closed, progress, earlier: true });
        };
        // Of many callers, so it is part of none of their spans.
        let span = tracing::trace_span!(parent: None, "commit", waiting = batch.len()).entered();
        let transacted = handle.guarded(|database| {
            let mut write = database.begin_write()?;
            write.set_quick_repair(self.quick_repair);
            let mut transaction = Transaction::new(&write, &self.generations, &self.stores)?;
            progress.begun = true;
            for operation in batch {
                progress.operations += 1;
                operation.apply(&mut transaction)?;
                // What an operation writes may be much more than what it carries.
                if transaction.written() >= BATCH_BYTES {
                    break;
                }
            }
            let Some(changes) = transaction.finish(self.state.commits.saturating_add(1))? else {
                write.abort()?;
                return Ok(false);
            };
            self.changes = changes;
            progress.committing = true;
            write.commit()?;
            Ok(true)
        });
        match transacted {
            Ok(Ok(committed)) => {
                if committed {
                    self.state.commits = self.state.commits.saturating_add(1);
                    self.core.commits.fetch_add(1, Ordering::Relaxed);
                    self.publish();
                    tracing::trace!(
                        parent: &span,
                        operations = progress.operations,
                        number = self.state.commits,
                        "committed"
                    );
                }
                Ok(progress.operations)
            }
            Ok(Err(failure)) => {
                let previous = matches!(failure, Failure::Storage(redb::Error::PreviousIo));
                let earlier = !progress.committing && (previous || !progress.begun);
                Err(Unsuccessful { error: failure.into(), progress, earlier })
            }
            Err(damaged) => {
                self.leak();
                Err(Unsuccessful { error: damaged.into(), progress, earlier: false })
            }
        }
    }

    /// Shows readers what has been committed; before it is acknowledged, so that everybody reads their writes.
    fn publish(&mut self) {
        let Some(handle) = &self.handle else { return };
        let error = match handle.snapshot() {
            Ok(Ok(snapshot)) => return self.core.publish(View::Snapshot(snapshot)),
            Ok(Err(failure)) => {
                drop(self.handle.take());
                failure.into()
            }
            Err(damaged) => {
                self.leak();
                damaged.into()
            }
        };
        // Old data must not be shown. What was committed stays so, and the next operation or reader has it opened again.
        self.core.publish(View::Failed(error));
    }

    /// Makes the database usable again, and finds out whether the commit that failed has happened.
    ///
    /// Meanwhile readers keep the snapshot that they have, as far as redb still answers.
    fn recover(&mut self, unsuccessful: &Unsuccessful) -> Result<Recovered, KvError> {
        let committing = unsuccessful.progress.committing;
        if !committing && self.is_usable() {
            return Ok(Recovered { committed: false });
        }
        let error = &unsuccessful.error as &dyn StdError;
        tracing::warn!(error, "the database failed; opening it again");
        self.reopen(committing)
    }

    /// Opens the database again if it has failed.
    fn check(&mut self) -> Result<(), KvError> {
        if self.is_usable() { Ok(()) } else { self.reopen(false).map(|_| ()) }
    }

    fn is_usable(&mut self) -> bool {
        let usable = self.handle.as_ref().map(Handle::is_usable);
        match usable {
            Some(Ok(usable)) => usable,
            Some(Err(_)) => {
                self.leak();
                false
            }
            None => false,
        }
    }

    /// Opens the database anew, unless the disk is not to be trusted any more. `committing` is whether a commit was under
    /// way, of which this finds out whether it has happened.
    fn reopen(&mut self, committing: bool) -> Result<Recovered, KvError> {
        drop(self.handle.take());
        // Where one failure was, there may be more, and each of them would otherwise have the whole file read.
        self.quick_repair = true;
        let opened = if self.file.disk().sync_failed() {
            Err(unsynced())
        } else {
            self.file.reopen(self.state).map_err(KvError::engine)
        };
        let opened = opened.inspect_err(|error| self.core.publish(View::Failed(error.clone())))?;
        let committed = committing && opened.contents.state.commits > self.state.commits;
        self.state = opened.contents.state;
        self.handle = Some(opened.handle);
        if committed {
            self.core.commits.fetch_add(1, Ordering::Relaxed);
            // First, as the callers get the very handles that are in there.
            self.apply_changes();
        }
        self.register(opened.contents.stores);
        self.publish();
        Ok(Recovered { committed })
    }

    /// Shows everybody what the last commit did to the stores.
    fn apply_changes(&mut self) {
        if self.changes.is_empty() {
            return;
        }
        let mut stores = self.stores.write();
        for change in self.changes.drain(..) {
            match change {
                Change::Created(store) => stores.insert(store),
                Change::Renamed(info) => {
                    let renamed = stores.get(info.id).map(|store| Arc::new(store.renamed(info)));
                    renamed.into_iter().for_each(|store| stores.insert(store));
                }
                Change::Deleted(id) => {
                    stores.remove(id).into_iter().for_each(|store| store.mark_deleted());
                }
            }
        }
    }

    /// Makes the registry say what the file says: a commit that seemed to have failed may have happened, and its callers
    /// have been told that it has not.
    fn register(&self, infos: Vec<StoreInfo>) {
        let mut stores = self.stores.write();
        let there: HashSet<StoreId> = infos.iter().map(|info| info.id).collect();
        let known: Vec<StoreId> = stores.iter().map(|store| store.info().id).collect();
        for gone in known.into_iter().filter(|id| !there.contains(id)) {
            stores.remove(gone).into_iter().for_each(|store| store.mark_deleted());
        }
        for info in infos {
            let store = match stores.get(info.id) {
                Some(store) if *store.info() == info => continue,
                Some(store) => store.renamed(info),
                None => RedbStore::new(info, Arc::clone(&self.core)),
            };
            stores.insert(Arc::new(store));
        }
    }

    /// Gives up a database that has panicked.
    fn leak(&mut self) {
        if let Some(handle) = self.handle.take() {
            handle.leak();
        }
    }

    /// Closes the file, so that the next open is quick.
    fn close(&mut self) -> Result<(), KvError> {
        let checked = self.check();
        self.core.publish(View::Closed);
        checked?;
        self.handle.take().map_or(Ok(()), Handle::close).map_err(KvError::from)
    }

    /// Remembers that the disk had no room for the one operation of `batch`.
    fn note_full(&mut self, batch: &[Box<dyn Operation>], error: &KvError) {
        if self.file.disk().take_full()
            && let [operation] = batch
        {
            let until = Instant::now() + FULL_FOR;
            self.full = Some(Full { until, bytes: operation.bytes().max(1), error: error.clone() });
        }
    }

    /// Answers those of a batch for which there is no room, and gives the others.
    fn refuse_what_has_no_room(&mut self, batch: Batch) -> Batch {
        let Some(full) = self.full.as_ref().filter(|full| Instant::now() < full.until) else {
            self.full = None;
            return batch;
        };
        let (refused, rest) = batch.into_iter().partition(|operation| operation.bytes() >= full.bytes);
        fail(refused, &full.error);
        rest
    }
}

struct Recovered {
    /// Whether the transaction is in the file after all.
    committed: bool,
}

fn fail(batch: Batch, error: &KvError) {
    for operation in batch {
        foreign(|| operation.failed(error.clone()));
    }
}

/// Runs an answer, which wakes code of others: should that panic, the other callers still get theirs.
fn foreign(answer: impl FnOnce()) {
    if guarded(answer).is_err() {
        tracing::error!("the waker of a caller panicked");
    }
}

/// Tells all who wait or come later that nobody writes any more, however the thread ends.
struct AtEnd(Arc<Core>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        self.0.ended(&Err(KvError::Closed));
    }
}
