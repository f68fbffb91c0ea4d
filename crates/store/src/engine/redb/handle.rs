//! An open database, and how it ends, whatever redb makes of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use redb::Database;

use super::backend::WatchedFile;
use super::error::Damaged;
use super::operation::Failure;
use super::snapshot::Snapshot;

/// Runs `work`, and makes an error of a panic: redb does not verify the pages that it reads, and may panic on one that
/// somebody else has altered. What `work` has touched must not be used after that, unless it is only for reading.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Damaged> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| Damaged("redb could not make sense of a page of it".into()))
}

/// An open database.
///
/// Its end is work for redb, which writes down that the file was closed well, and may panic as all of its work may.
/// So it is guarded; and a database that has panicked is not dropped at all, as its locks and pages may be in any
/// state. It leaks, which costs memory, and the file is taken from it, so that it can be opened anew.
pub(super) struct Handle {
    /// `None` only after its end.
    database: Option<Database>,
    file: WatchedFile,
}

impl Handle {
    pub(super) const fn new(database: Database, file: WatchedFile) -> Self {
        Self { database: Some(database), file }
    }

    /// Runs `work` on the database. When that panics, the caller has to [`leak`](Self::leak) this.
    pub(super) fn guarded<T>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, Failure>,
    ) -> Result<Result<T, Failure>, Damaged> {
        let Some(database) = &self.database else {
            return Ok(Err(redb::StorageError::DatabaseClosed.into()));
        };
        guarded(|| work(database))
    }

    /// What readers are to see.
    pub(super) fn snapshot(&self) -> Result<Result<Arc<Snapshot>, Failure>, Damaged> {
        self.guarded(|database| Ok(Arc::new(Snapshot::new(database)?)))
    }

    /// Whether the database takes transactions: after an I/O error it does not, until it is opened anew.
    pub(super) fn is_usable(&self) -> Result<bool, Damaged> {
        let begin = |database: &Database| Ok(database.begin_write().is_ok_and(|write| write.abort().is_ok()));
        self.guarded(begin).map(|usable| usable.unwrap_or(false))
    }

    /// Closes the file; it is then known to need no repair.
    pub(super) fn close(mut self) -> Result<(), Failure> {
        let Some(database) = self.database.take() else { return Ok(()) };
        let closed = guarded(|| database.close()).inspect_err(|_| self.file.give_up())?;
        closed.map_err(|error| Failure::Storage(error.into()))
    }

    /// Forgets the database after a panic.
    pub(super) fn leak(mut self) {
        std::mem::forget(self.database.take());
        self.file.give_up();
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(database) = self.database.take()
            && guarded(|| drop(database)).is_err()
        {
            self.file.give_up();
        }
    }
}
