//! Opening the file.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use redb::{Database, ReadableDatabase, ReadableTable, TableHandle};

use super::backend::{Disk, WatchedFile};
use super::error::OpenError;
use super::snapshot::Snapshot;
use super::store::{RedbStore, StoreRecord};
use super::tables::{CHUNKS, ENTRIES, EXPIRIES, FORMAT, META, STORES, meta};
use super::writer::Writer;
use super::{Core, RedbEngine};
use crate::error::KvError;
use crate::generation::Generation;
use crate::name::StoreInfo;

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
    /// [`KvError::TooManyRequests`]. A single write is taken however large it is. Default: 256 MiB.
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
    /// taken for a new one.
    ///
    /// # Errors
    ///
    /// See [`OpenError`]. A file that is not ours is left as it is.
    pub fn open(self, path: impl AsRef<Path>) -> Result<RedbEngine, OpenError> {
        self.open_on(Disk::default(), path.as_ref())
    }

    pub(super) fn open_on(self, disk: Disk, path: &Path) -> Result<RedbEngine, OpenError> {
        let io = |source| OpenError::Io { path: path.into(), source };
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(io)?;
        }
        let file = DatabaseFile {
            path: path.into(),
            cache_bytes: self.cache_bytes,
            quick_recovery: self.quick_recovery,
            verify: self.verify,
            disk,
        };
        let mut opened = file.open()?;
        let core = Arc::new(Core::new(self.queue_bytes));
        let snapshot = Snapshot::new(&opened.database).map_err(|failure| OpenError::Damaged {
            path: path.into(),
            reason: KvError::from(failure).to_string(),
        })?;
        core.publish(Ok(Arc::new(snapshot)));
        let stores: BTreeMap<_, _> = std::mem::take(&mut opened.stores)
            .into_iter()
            .map(|info| (info.name.clone(), Arc::new(RedbStore::new(info, Arc::clone(&core)))))
            .collect();
        let stores = Arc::new(RwLock::new(stores));
        let writer = Writer::new(Arc::clone(&core), Arc::clone(&stores), file, opened);
        let writer =
            std::thread::Builder::new().name("edgekv-writer".into()).spawn(|| writer.run()).map_err(io)?;
        Ok(RedbEngine { core, stores, writer: Some(writer) })
    }
}

/// Where the database is, and how it is opened: at first, and again after a failure.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    cache_bytes: usize,
    quick_recovery: bool,
    verify: bool,
    disk: Disk,
}

/// An open database, and what its metadata say.
pub(super) struct Opened {
    pub(super) database: Database,
    pub(super) stores: Vec<StoreInfo>,
    pub(super) last_generation: Option<Generation>,
    pub(super) commits: u64,
}

impl DatabaseFile {
    pub(super) const fn quick_recovery(&self) -> bool {
        self.quick_recovery
    }

    /// Whether the disk has ever failed to confirm a write.
    pub(super) fn sync_failed(&self) -> bool {
        self.disk.sync_failed()
    }

    pub(super) fn open(&self) -> Result<Opened, OpenError> {
        // redb trusts a file that was closed well, and may panic when somebody has altered it since. What it
        // had opened by then is closed on the way out.
        catch_unwind(AssertUnwindSafe(|| self.open_trusting())).unwrap_or_else(|_| {
            Err(OpenError::Damaged {
                path: self.path.clone(),
                reason: "a page of it could not be read".into(),
            })
        })
    }

    fn open_trusting(&self) -> Result<Opened, OpenError> {
        let io = |source| OpenError::Io { path: self.path.clone(), source };
        if self.path.is_dir() {
            // Opening it for writing would say so as well, but not on every system.
            return Err(io(io::ErrorKind::IsADirectory.into()));
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&self.path)
            .map_err(io)?;
        let open = || -> Result<Database, redb::DatabaseError> {
            redb::Builder::new()
                .set_cache_size(self.cache_bytes)
                .set_check_integrity_on_open(self.verify)
                .create_with_backend(WatchedFile::new(file, self.disk.clone())?)
        };
        let database = open().map_err(|error| OpenError::from_redb(&self.path, error.into()))?;
        self.load(database)
    }

    fn load(&self, database: Database) -> Result<Opened, OpenError> {
        match self.tables(&database).map_err(|error| self.error(error))?.as_slice() {
            [] => initialize(&database).map_err(|error| self.error(error))?,
            names if names.iter().any(|name| name == META.name()) => {}
            [other, ..] => {
                let reason = format!("it is a redb database, of a program that keeps {other:?} in it");
                return Err(OpenError::Foreign { path: self.path.clone(), reason });
            }
        }
        let (stores, numbers) = read_meta(&database).map_err(|error| self.error(error))?;
        let damaged = |reason: String| OpenError::Damaged { path: self.path.clone(), reason };
        let number = |name: &str| numbers.get(name).copied();
        match number(meta::FORMAT) {
            Some(FORMAT) => {}
            Some(newer) if newer > FORMAT => return Err(OpenError::newer(&self.path, newer)),
            other => return Err(damaged(format!("its format version is {other:?}"))),
        }
        let stores = stores
            .iter()
            .map(|(name, record)| StoreRecord::parse(name, record))
            .collect::<Result<_, _>>()
            .map_err(|error| damaged(error.0))?;
        Ok(Opened {
            database,
            stores,
            last_generation: number(meta::LAST_GENERATION).and_then(Generation::new),
            commits: number(meta::COMMITS).unwrap_or(0),
        })
    }

    fn tables(&self, database: &Database) -> Result<Vec<String>, redb::Error> {
        Ok(database.begin_read()?.list_tables()?.map(|table| table.name().to_owned()).collect())
    }

    fn error(&self, error: redb::Error) -> OpenError {
        OpenError::from_redb(&self.path, error)
    }
}

/// Makes the tables, all of them in one transaction.
fn initialize(database: &Database) -> Result<(), redb::Error> {
    let write = database.begin_write()?;
    write.open_table(META)?.insert(meta::FORMAT, FORMAT)?;
    write.open_table(STORES)?;
    write.open_table(ENTRIES)?;
    write.open_table(CHUNKS)?;
    write.open_table(EXPIRIES)?;
    Ok(write.commit()?)
}

/// Names and records of stores.
type StoreRecords = Vec<(String, Vec<u8>)>;

fn read_meta(database: &Database) -> Result<(StoreRecords, BTreeMap<String, u64>), redb::Error> {
    let read = database.begin_read()?;
    let numbers = read.open_table(META)?;
    let numbers = numbers
        .iter()?
        .map(|row| row.map(|(name, number)| (name.value().to_owned(), number.value())))
        .collect::<Result<_, _>>()?;
    let stores = read.open_table(STORES)?;
    let stores = stores
        .iter()?
        .map(|row| row.map(|(name, record)| (name.value().to_owned(), record.value().to_vec())))
        .collect::<Result<_, _>>()?;
    Ok((stores, numbers))
}
