//! The file: how it is made, opened, and opened again.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, TableHandle};

use super::backend::{Disk, WatchedFile};
use super::error::OpenError;
use super::handle::{Handle, guarded};
use super::store::StoreRecord;
use super::tables::{CHUNKS, ENTRIES, EXPIRIES, FORMAT, META, STORES, meta};
use crate::generation::Generation;
use crate::name::StoreInfo;

/// What is chosen about a file.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) cache_bytes: usize,
    pub(super) quick_recovery: bool,
    pub(super) verify: bool,
}

/// Where the database is, and how it is opened: at first, and again after a failure.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    /// What the user calls it.
    name: PathBuf,
    /// Where that was when it was first opened: neither another working directory nor a changed link leads elsewhere.
    path: PathBuf,
    options: Options,
    disk: Disk,
}

/// An open database, and what its metadata say.
pub(super) struct Opened {
    pub(super) handle: Handle,
    pub(super) contents: Contents,
}

/// What the metadata of a database say.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) stores: Vec<StoreInfo>,
    pub(super) last_generation: Option<Generation>,
    pub(super) state: State,
}

/// Which database it is, and how far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    /// A number that was drawn when it was made. A file without one is none of ours that was opened here before.
    pub(super) id: Option<u64>,
    pub(super) commits: u64,
}

impl State {
    /// Whether a database in this state can be the one that was in the state `before`.
    const fn follows(&self, before: &Self) -> bool {
        let same = match (self.id, before.id) {
            (Some(id), Some(before)) => id == before,
            (None, None) => true,
            _ => false,
        };
        same && self.commits >= before.commits
    }
}

/// The place that `path` names, whose directories are made when they are missing.
pub(super) fn resolve(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(path).is_err() => {}
        found => return found,
    }
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let directory = directory_of(path);
    let missing: Vec<_> = directory.ancestors().take_while(|directory| !directory.exists()).collect();
    fs::create_dir_all(directory)?;
    missing.into_iter().filter(|made| made.exists()).try_for_each(|made| sync(directory_of(made)))?;
    Ok(fs::canonicalize(directory)?.join(name))
}

/// The directory that `path` is in.
fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes durable what was made in `directory`. Only Unix has a way to ask for that, and needs it.
fn sync(directory: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

impl DatabaseFile {
    pub(super) fn new(name: &Path, path: PathBuf, options: Options, disk: Disk) -> Self {
        Self { name: name.into(), path, options, disk }
    }

    pub(super) const fn quick_recovery(&self) -> bool {
        self.options.quick_recovery
    }

    pub(super) const fn disk(&self) -> &Disk {
        &self.disk
    }

    pub(super) fn damaged(&self, reason: impl Into<String>) -> OpenError {
        OpenError::Damaged { path: self.name.clone(), reason: reason.into() }
    }

    /// Opens the database, and makes it when there is none.
    pub(super) fn open(&self) -> Result<Opened, OpenError> {
        match fs::metadata(&self.path) {
            // Opening it for writing would say so as well, but not on every system.
            Ok(found) if found.is_dir() => return Err(self.io(io::ErrorKind::IsADirectory.into())),
            Ok(found) if found.len() == 0 => self.create(Some(found.permissions()))?,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.create(None)?,
            Err(error) => return Err(self.io(error)),
        }
        self.open_existing(None)
    }

    /// Opens the database again that was in the state `before` at least, and no other one: neither one that was put in
    /// its place, nor an older copy of it, nor a new one when it is missing.
    pub(super) fn reopen(&self, before: State) -> Result<Opened, OpenError> {
        self.open_existing(Some(before))
    }

    fn open_existing(&self, before: Option<State>) -> Result<Opened, OpenError> {
        let io = |error| self.io(error);
        #[cfg(test)]
        self.disk.faults.opens.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let file = OpenOptions::new().read(true).write(true).open(&self.path).map_err(io)?;
        if file.metadata().map_err(io)?.len() == 0 {
            // redb would make a new database of it.
            return Err(self.damaged("it is empty"));
        }
        self.look(file.try_clone().map_err(io)?, before)?;
        let watched = self.watched(WatchedFile::new(file, self.disk.clone()))?;
        let open = || {
            redb::Builder::new()
                .set_cache_size(self.options.cache_bytes)
                .set_check_integrity_on_open(self.options.verify)
                .create_with_backend(watched.clone())
        };
        let opened = guarded(open).inspect_err(|_| watched.give_up());
        let database = self.watched(opened.map_err(|damaged| self.damaged(damaged.reason()))?)?;
        let handle = Handle::new(database, watched);
        match handle.guarded(|database| Ok(self.contents(database, before))) {
            Ok(contents) => {
                let contents = contents.map_err(|failure| self.damaged(failure.to_string()))??;
                Ok(Opened { handle, contents })
            }
            Err(damaged) => {
                handle.leak();
                Err(self.damaged(damaged.reason()))
            }
        }
    }

    /// Looks into a file that was closed well, so that one which is not for us is refused before it is changed.
    fn look(&self, file: File, before: Option<State>) -> Result<(), OpenError> {
        let watched = self.watched(WatchedFile::new(file, self.disk.clone()))?;
        let open = || {
            let mut builder = redb::Builder::new();
            builder.set_cache_size(self.options.cache_bytes).open_read_only_with_backend(watched.clone())
        };
        let opened = guarded(open).inspect_err(|_| watched.give_up());
        let database = match opened.map_err(|damaged| self.damaged(damaged.reason()))? {
            Ok(database) => database,
            // It has to be repaired before anybody can look into it.
            Err(DatabaseError::RepairAborted) => return Ok(()),
            Err(error) => return Err(OpenError::from_redb(&self.name, error.into())),
        };
        match guarded(|| self.contents(&database, before)) {
            Ok(contents) => {
                let closed = guarded(|| database.close()).inspect_err(|_| watched.give_up());
                contents?;
                self.watched(closed.map_err(|damaged| self.damaged(damaged.reason()))?)
            }
            Err(damaged) => {
                std::mem::forget(database);
                watched.give_up();
                Err(self.damaged(damaged.reason()))
            }
        }
    }

    /// Makes a database: beside its place at first, so that there never is half of one.
    fn create(&self, permissions: Option<fs::Permissions>) -> Result<(), OpenError> {
        let io = |error| self.io(error);
        let mut new = self.path.clone().into_os_string();
        new.push(".new");
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(&new).map_err(io)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(OpenError::Locked { path: self.name.clone() }),
            Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Unsupported => {
                return Err(io(error));
            }
            _ => {}
        }
        // Somebody else may have been here until now; then this file is the database already.
        if fs::metadata(&self.path).is_ok_and(|found| found.len() > 0) {
            return Ok(());
        }
        file.set_len(0).map_err(io)?;
        if let Some(permissions) = permissions {
            file.set_permissions(permissions).map_err(io)?;
        }
        // Locked by the handle that stays here until the file is in its place.
        let unlocked = WatchedFile::unlocked(file.try_clone().map_err(io)?, self.disk.clone());
        let database = self.watched(redb::Builder::new().create_with_backend(self.watched(unlocked)?))?;
        initialize(&database).map_err(|error| OpenError::from_redb(&self.name, error))?;
        self.watched(database.close())?;
        file.sync_all().map_err(io)?;
        fs::rename(&new, &self.path).map_err(io)?;
        sync(directory_of(&self.path)).map_err(io)
    }

    /// What is in the database, if it is one for us, and the one of `before`.
    fn contents(
        &self,
        database: &impl ReadableDatabase,
        before: Option<State>,
    ) -> Result<Contents, OpenError> {
        let from_redb = |error| OpenError::from_redb(&self.name, error);
        let foreign = |reason| Err(OpenError::Foreign { path: self.name.clone(), reason });
        match table_names(database).map_err(from_redb)?.as_slice() {
            names if names.iter().any(|name| name == META.name()) => {}
            [] => return foreign("it is a redb database with nothing in it".into()),
            [other, ..] => {
                return foreign(format!("it is a redb database, of a program that keeps {other:?} in it"));
            }
        }
        let numbers = read_numbers(database).map_err(from_redb)?;
        let number = |name: &str| numbers.get(name).copied();
        match number(meta::FORMAT) {
            Some(FORMAT) => {}
            Some(newer) if newer > FORMAT => return Err(OpenError::newer(&self.name, newer)),
            other => return Err(self.damaged(format!("its format version is {other:?}"))),
        }
        let state = State { id: number(meta::ID), commits: number(meta::COMMITS).unwrap_or(0) };
        if before.is_some_and(|before| !state.follows(&before)) {
            return Err(OpenError::Replaced { path: self.name.clone() });
        }
        let stores = read_stores(database).map_err(from_redb)?;
        let stores = stores.iter().map(|(name, record)| StoreRecord::parse(name, record));
        Ok(Contents {
            stores: stores.collect::<Result<_, _>>().map_err(|damaged| self.damaged(damaged.reason()))?,
            last_generation: number(meta::LAST_GENERATION).and_then(Generation::new),
            state,
        })
    }

    fn io(&self, source: io::Error) -> OpenError {
        OpenError::Io { path: self.name.clone(), source }
    }

    fn watched<T>(&self, result: Result<T, DatabaseError>) -> Result<T, OpenError> {
        result.map_err(|error| OpenError::from_redb(&self.name, error.into()))
    }
}

/// Makes the tables, all of them in one transaction.
fn initialize(database: &Database) -> Result<(), redb::Error> {
    let write = database.begin_write()?;
    {
        let mut numbers = write.open_table(META)?;
        numbers.insert(meta::FORMAT, FORMAT)?;
        // Every such state begins at random; that the numbers differ is all that is needed.
        numbers.insert(meta::ID, RandomState::new().hash_one(std::process::id()))?;
    }
    write.open_table(STORES)?;
    write.open_table(ENTRIES)?;
    write.open_table(CHUNKS)?;
    write.open_table(EXPIRIES)?;
    Ok(write.commit()?)
}

fn table_names(database: &impl ReadableDatabase) -> Result<Vec<String>, redb::Error> {
    Ok(database.begin_read()?.list_tables()?.map(|table| table.name().to_owned()).collect())
}

fn read_numbers(database: &impl ReadableDatabase) -> Result<BTreeMap<String, u64>, redb::Error> {
    let numbers = database.begin_read()?.open_table(META)?;
    let numbers =
        numbers.iter()?.map(|row| row.map(|(name, number)| (name.value().to_owned(), number.value())));
    Ok(numbers.collect::<Result<_, _>>()?)
}

/// Names and records.
fn read_stores(database: &impl ReadableDatabase) -> Result<Vec<(String, Vec<u8>)>, redb::Error> {
    let stores = database.begin_read()?.open_table(STORES)?;
    let stores = stores
        .iter()?
        .map(|row| row.map(|(name, record)| (name.value().to_owned(), record.value().to_vec())));
    Ok(stores.collect::<Result<_, _>>()?)
}
