//! How a file is opened, as its user chooses it.

use std::path::Path;
use std::sync::Arc;

use super::RedbEngine;
use super::backend::Disk;
use super::core::Core;
use super::error::OpenError;
use super::file::{DatabaseFile, Options, resolve};
use super::writer::Writer;

/// Default of [`RedbBuilder::cache_bytes`]: 256 MiB.
const CACHE_BYTES: usize = 256 * 1024 * 1024;

/// Default of [`RedbBuilder::queue_bytes`]: 256 MiB, ten of the largest values.
const QUEUE_BYTES: u64 = 256 * 1024 * 1024;

/// Chooses how a file is opened.
///
/// ```
/// use edgekv_store::RedbEngine;
///
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("data.redb");
/// let engine = RedbEngine::builder().cache_bytes(64 * 1024 * 1024).open(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct RedbBuilder {
    cache_bytes: usize,
    queue_bytes: u64,
    quick_recovery: bool,
    verify: bool,
}

impl RedbBuilder {
    pub(super) const fn new() -> Self {
        Self { cache_bytes: CACHE_BYTES, queue_bytes: QUEUE_BYTES, quick_recovery: false, verify: false }
    }

    /// Most memory for pages of the file, in bytes. Default: 256 MiB.
    pub const fn cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// Most memory for writes that wait for the disk, in bytes; more are answered with
    /// [`KvError::TooManyRequests`](crate::KvError::TooManyRequests). A single write is taken however large it is. Default: 256 MiB.
    pub const fn queue_bytes(mut self, bytes: u64) -> Self {
        self.queue_bytes = bytes;
        self
    }

    /// Makes opening after a crash quick however large the file is, for a second `fsync` in every commit. Without it,
    /// such an open reads the whole file. Data are safe either way. Default: no.
    pub const fn quick_recovery(mut self, quick: bool) -> Self {
        self.quick_recovery = quick;
        self
    }

    /// Reads the whole file when it is opened, and compares every page with its checksum. Default: no; damage to
    /// an entry is then found when that entry is read.
    pub const fn verify(mut self, verify: bool) -> Self {
        self.verify = verify;
        self
    }

    /// Opens the file at `path`; makes it, and the directories above it, when they are missing. An empty file is
    /// taken for a missing one.
    ///
    /// A new database is made beside its place, as `path` with `.new` put after it, and moved there when it is whole
    /// and durable. What a crash has left of an earlier attempt is replaced.
    ///
    /// # Errors
    ///
    /// See [`OpenError`]. A file that is refused is not changed. There is one exception: redb can only look into a
    /// file that was closed well, and repairs another one first, whoever it belongs to.
    ///
    /// # Aborts
    ///
    /// redb trusts the pages of a file, and may panic on one that somebody else has altered. Such a panic is
    /// caught, and becomes an error. But redb may panic once more while it cleans up after the first panic, and then
    /// Rust ends the process. [`verify`](Self::verify) finds such a file before it is used.
    pub fn open(self, path: impl AsRef<Path>) -> Result<RedbEngine, OpenError> {
        self.open_on(Disk::default(), path.as_ref())
    }

    pub(super) fn open_on(self, disk: Disk, path: &Path) -> Result<RedbEngine, OpenError> {
        let io = |source| OpenError::Io { path: path.into(), source };
        let options = Options {
            cache_bytes: self.cache_bytes,
            quick_recovery: self.quick_recovery,
            verify: self.verify,
        };
        let resolved = resolve(path).map_err(io)?;
        let file = DatabaseFile::new(path, resolved.clone(), options, disk);
        let opened = file.open()?;
        let snapshot = match opened.handle.snapshot() {
            Ok(snapshot) => snapshot.map_err(|failure| file.damaged(failure.to_string()))?,
            Err(damaged) => {
                opened.handle.leak();
                return Err(file.damaged(damaged.reason()));
            }
        };
        let core = Arc::new(Core::new(self.queue_bytes, snapshot));
        let writer = Writer::new(Arc::clone(&core), file, opened);
        let stores = writer.stores();
        let writer =
            std::thread::Builder::new().name("edgekv-writer".into()).spawn(|| writer.run()).map_err(io)?;
        Ok(RedbEngine { core, stores, path: resolved, writer: Some(writer) })
    }
}
