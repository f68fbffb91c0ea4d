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
    #[cfg(test)]
    pub(super) faults: Arc<super::faults::Faults>,
}

impl Disk {
    /// Whether it ever failed to confirm a write.
    pub(super) fn sync_failed(&self) -> bool {
        self.sync_failed.load(Ordering::Acquire)
    }
}

/// redb's own file access, watched for what redb reports alike but is not: failed writes and failed syncs.
#[derive(Debug)]
pub(super) struct WatchedFile {
    file: FileBackend,
    disk: Disk,
}

impl WatchedFile {
    pub(super) fn new(file: File, disk: Disk) -> Result<Self, redb::DatabaseError> {
        Ok(Self { file: FileBackend::new(file)?, disk })
    }
}

impl StorageBackend for WatchedFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        #[cfg(test)]
        self.disk.faults.read()?;
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        #[cfg(test)]
        self.disk.faults.write(len)?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        #[cfg(test)]
        let synced = self.disk.faults.sync().and_then(|()| self.file.sync_data());
        #[cfg(not(test))]
        let synced = self.file.sync_data();
        synced.inspect_err(|_| self.disk.sync_failed.store(true, Ordering::Release))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        #[cfg(test)]
        self.disk.faults.write(offset + data.len() as u64)?;
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}
