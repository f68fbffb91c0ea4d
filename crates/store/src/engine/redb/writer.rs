//! The thread that writes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use redb::Database;

use super::builder::{DatabaseFile, Opened};
use super::error::{Damaged, closed, unsynced};
use super::operation::{Failure, Operation};
use super::snapshot::Snapshot;
use super::store::RedbStore;
use super::transaction::Transaction;
use super::{Core, Registry};
use crate::engine::EngineStore;
use crate::error::KvError;
use crate::generation::GenerationSource;

/// Owns the database, and is alone in writing to it.
pub(super) struct Writer {
    core: Arc<Core>,
    registry: Arc<Registry>,
    file: DatabaseFile,
    /// `None` while it could not be opened again after a failure.
    database: Option<Database>,
    generations: GenerationSource,
    /// Number of the last commit in the file.
    commits: u64,
    /// Stores of the transaction that is under way, for when it is durable.
    created: Vec<Arc<RedbStore>>,
}

/// Why a transaction did not go through.
struct Unsuccessful {
    error: KvError,
    /// Whether its commit was begun: then it may have happened in spite of the error.
    commit_begun: bool,
    /// Whether redb has been torn out of its work, and must not be asked any more.
    panicked: bool,
}

impl Writer {
    pub(super) fn new(core: Arc<Core>, registry: Arc<Registry>, file: DatabaseFile, opened: Opened) -> Self {
        Self {
            core,
            registry,
            file,
            database: Some(opened.database),
            generations: GenerationSource::after(opened.last_generation),
            commits: opened.commits,
            created: Vec::new(),
        }
    }

    /// Works until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let _at_end = AtEnd(Arc::clone(&self.core));
        while let Some(batch) = self.core.queue.take() {
            self.core.operations.fetch_add(batch.len() as u64, Ordering::Relaxed);
            self.process(batch);
        }
        self.core.publish(Err(closed()));
        // Here redb writes down that it was closed well, so that the next open is quick.
        drop(self.database.take());
    }

    /// Does a batch, and answers everybody in it.
    fn process(&mut self, mut batch: Vec<Box<dyn Operation>>) {
        if self.database.is_none()
            && let Err(error) = self.reopen()
        {
            return fail(batch, &error);
        }
        let Err(unsuccessful) = self.attempt(&mut batch) else {
            return self.answer(batch);
        };
        match self.recover(&unsuccessful) {
            Ok(Recovered { committed: true }) => self.answer(batch),
            // Whoever is to blame, perhaps with a value that the disk has no room for, fails alone.
            Ok(_) if batch.len() > 1 => batch.into_iter().for_each(|operation| self.process(vec![operation])),
            Ok(_) => fail(batch, &unsuccessful.error),
            Err(error) => fail(batch, &error),
        }
    }

    fn answer(&mut self, batch: Vec<Box<dyn Operation>>) {
        if !self.created.is_empty() {
            let mut registry = self.registry.write();
            for store in self.created.drain(..) {
                registry.insert(store.info().name.clone(), store);
            }
        }
        batch.into_iter().for_each(|operation| operation.done());
    }

    /// Does a batch in one transaction, and publishes the result.
    fn attempt(&mut self, batch: &mut [Box<dyn Operation>]) -> Result<(), Unsuccessful> {
        self.created.clear();
        let Some(database) = &self.database else {
            return Err(Unsuccessful { error: closed(), commit_begun: false, panicked: false });
        };
        let mut commit_begun = false;
        let transact = || -> Result<bool, Failure> {
            let mut write = database.begin_write()?;
            write.set_quick_repair(self.file.quick_recovery());
            let mut transaction = Transaction::new(&write, &self.generations)?;
            for operation in batch {
                operation.apply(&mut transaction).map_err(Failure::Storage)?;
            }
            let Some(created) = transaction.finish(self.commits.saturating_add(1))? else {
                write.abort().map_err(redb::Error::from).map_err(Failure::Storage)?;
                return Ok(false);
            };
            self.created = created;
            commit_begun = true;
            write.commit()?;
            Ok(true)
        };
        // redb may panic on a file that somebody has altered. Nothing of ours is half-done then: what a transaction
        // has touched goes with it, and the database is opened anew.
        let result = catch_unwind(AssertUnwindSafe(transact));
        let panicked = result.is_err();
        let result = result
            .unwrap_or_else(|_| Err(Damaged("a page of it could not be changed".into()).into()))
            .map_err(KvError::from);
        match result {
            Ok(false) => Ok(()),
            Ok(true) => {
                self.commits = self.commits.saturating_add(1);
                self.core.commits.fetch_add(1, Ordering::Relaxed);
                self.publish();
                Ok(())
            }
            Err(error) => Err(Unsuccessful { error, commit_begun, panicked }),
        }
    }

    /// Shows readers what has been committed; before it is acknowledged, so that everybody reads their writes.
    fn publish(&mut self) {
        let Some(database) = &self.database else { return };
        match Snapshot::new(database) {
            Ok(snapshot) => self.core.publish(Ok(Arc::new(snapshot))),
            Err(failure) => {
                // Old data must not be shown. What was committed stays so, and the next operation opens it again.
                self.core.publish(Err(failure.into()));
                self.database = None;
            }
        }
    }

    /// Makes the database usable again, and finds out whether the commit that failed has happened.
    fn recover(&mut self, unsuccessful: &Unsuccessful) -> Result<Recovered, KvError> {
        let torn = unsuccessful.panicked || unsuccessful.commit_begun;
        let usable = |database: &Database| database.begin_write().is_ok_and(|write| write.abort().is_ok());
        if !torn && self.database.as_ref().is_some_and(usable) {
            return Ok(Recovered { committed: false });
        }
        // After an I/O error redb answers nothing until the file has been opened anew.
        tracing::warn!(error = %unsuccessful.error, "the database failed; opening it again");
        self.core.publish(Err(unsuccessful.error.clone()));
        let before = self.commits;
        self.reopen()?;
        let committed = unsuccessful.commit_begun && self.commits > before;
        if committed {
            self.core.commits.fetch_add(1, Ordering::Relaxed);
        }
        Ok(Recovered { committed })
    }

    /// Opens the database anew, unless the disk is not to be trusted any more.
    fn reopen(&mut self) -> Result<(), KvError> {
        drop(self.database.take());
        let opened =
            if self.file.sync_failed() { Err(unsynced()) } else { self.file.open().map_err(KvError::engine) };
        let opened = opened.inspect_err(|error| self.core.publish(Err(error.clone())))?;
        self.commits = opened.commits;
        self.database = Some(opened.database);
        self.publish();
        Ok(())
    }
}

struct Recovered {
    /// Whether the transaction is in the file after all.
    committed: bool,
}

fn fail(batch: Vec<Box<dyn Operation>>, error: &KvError) {
    batch.into_iter().for_each(|operation| operation.failed(error.clone()));
}

/// Tells all who wait or come later that nobody writes any more, however the thread ends.
struct AtEnd(Arc<Core>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        self.0.queue.abandon();
        self.0.publish(Err(closed()));
    }
}
