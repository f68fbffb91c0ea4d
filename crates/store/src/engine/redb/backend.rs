//! The file beneath redb.

use std::fs::File;
use std::io;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

/// What is known of the disk, over all times that the file is opened.
///
/// After a failed write the file can be opened again, and is as good as before. After a failed `fsync` nobody can
/// say what is on the disk: the system may have dropped the data and call them clean. So that one is remembered.
#[derive(Debug, Clone, Default)]
pub(super) struct Disk {
    sync_failed: Arc<AtomicBool>,
    full: Arc<AtomicBool>,
    #[cfg(test)]
    pub(super) faults: Arc<super::faults::Faults>,
}

impl Disk {
    /// Whether it ever failed to confirm a write.
    pub(super) fn sync_failed(&self) -> bool {
        self.sync_failed.load(Ordering::Acquire)
    }

    /// Whether it had no room for a write since this was asked the last time.
    pub(super) fn take_full(&self) -> bool {
        self.full.swap(false, Ordering::AcqRel)
    }

    fn note_full(&self, error: &io::Error) {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        if matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge) {
            self.full.store(true, Ordering::Release);
        }
    }
}

/// redb's own file access, watched for what redb reports alike but is not: failed writes and failed syncs. Cloning it
/// gives another handle to the same.
#[derive(Debug, Clone)]
pub(super) struct WatchedFile(Arc<Watched>);

#[derive(Debug)]
struct Watched {
    file: FileBackend,
    /// Whether redb locks the file; if not, the caller has.
    locks: bool,
    given_up: AtomicBool,
    disk: Disk,
}

impl WatchedFile {
    pub(super) fn new(file: File, disk: Disk) -> Result<Self, redb::DatabaseError> {
        Self::with_locks(file, disk, true)
    }

    /// A file that the caller keeps others from.
    pub(super) fn unlocked(file: File, disk: Disk) -> Result<Self, redb::DatabaseError> {
        Self::with_locks(file, disk, false)
    }

    fn with_locks(file: File, disk: Disk, locks: bool) -> Result<Self, redb::DatabaseError> {
        let file = FileBackend::new(file)?;
        Ok(Self(Arc::new(Watched { file, locks, given_up: AtomicBool::new(false), disk })))
    }

    /// Takes the file from a database that is not to be used any more and cannot be dropped either: nothing of
    /// it reaches the file from now on, and its locks are free.
    pub(super) fn give_up(&self) {
        self.0.given_up.store(true, Ordering::Release);
        if let Err(error) = self.0.file.close() {
            tracing::warn!(%error, "the database could not be unlocked");
        }
    }

    fn file(&self) -> io::Result<&FileBackend> {
        if self.0.given_up.load(Ordering::Acquire) {
            return Err(io::Error::other("the database was given up after a panic"));
        }
        Ok(&self.0.file)
    }

    fn lockable(&self) -> Result<&FileBackend, BackendError> {
        if self.0.locks { Ok(self.file()?) } else { Err(BackendError::Unsupported) }
    }
}

impl StorageBackend for WatchedFile {
    fn len(&self) -> io::Result<u64> {
        self.file()?.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        #[cfg(test)]
        self.0.disk.faults.read()?;
        self.file()?.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let file = self.file()?;
        #[cfg(test)]
        let resized = self.0.disk.faults.around(|faults| faults.write(len), || file.set_len(len));
        #[cfg(not(test))]
        let resized = file.set_len(len);
        resized.inspect_err(|error| self.0.disk.note_full(error))
    }

    fn sync_data(&self) -> io::Result<()> {
        let file = self.file()?;
        #[cfg(test)]
        let synced = self.0.disk.faults.sync().and_then(|()| file.sync_data());
        #[cfg(not(test))]
        let synced = file.sync_data();
        synced.inspect_err(|_| self.0.disk.sync_failed.store(true, Ordering::Release))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let file = self.file()?;
        #[cfg(test)]
        let written = {
            let end = offset + data.len() as u64;
            self.0.disk.faults.around(|faults| faults.write(end), || file.write(offset, data))
        };
        #[cfg(not(test))]
        let written = file.write(offset, data);
        written.inspect_err(|error| self.0.disk.note_full(error))
    }

    fn close(&self) -> io::Result<()> {
        self.0.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.lockable()?.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.lockable()?.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.lockable()?.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.lockable()?.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.lockable()?.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.lockable()?.query_lock_range(start, end)
    }
}
