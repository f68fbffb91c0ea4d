//! What can go wrong with a file.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::tables::FORMAT;
use crate::error::KvError;

/// Why a file could not be opened as a [`RedbEngine`](super::RedbEngine).
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Somebody has it open.
    #[error(
        "{path:?} is in use by another edgekv process, or open already in this one; stop that one, or choose \
         another path"
    )]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// It is a file of something else.
    #[error(
        "{path:?} is not an edgekv database ({reason}); it was left as it is: choose another path, or move it away"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// How that shows.
        reason: String,
    },
    /// It is an edgekv database, and parts of it are not what was written.
    #[error(
        "the database {path:?} is damaged ({reason}); restore it from a backup, or move it away to begin anew"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A later edgekv has written it.
    #[error(
        "the database {path:?} has format version {found}; this program knows versions up to {supported}: use a \
         newer edgekv"
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The last version known here.
        supported: u64,
    },
    /// The system refused it.
    #[error("cannot open the database {path:?}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl OpenError {
    /// Sorts what redb reports, for the file at `path`.
    pub(super) fn from_redb(path: impl Into<PathBuf>, error: redb::Error) -> Self {
        let path = path.into();
        match error {
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => Self::Locked { path },
            // How redb reports a file without its signature.
            redb::Error::Io(source) if source.kind() == io::ErrorKind::InvalidData => {
                Self::Foreign { path, reason: "it has no redb signature".into() }
            }
            // Cut off: there is less in it than its own header says.
            redb::Error::Io(source) if source.kind() == io::ErrorKind::UnexpectedEof => {
                Self::Damaged { path, reason: "it ends too early".into() }
            }
            redb::Error::Io(source) => Self::Io { path, source },
            error @ (redb::Error::UpgradeRequired(_)
            | redb::Error::TableTypeMismatch { .. }
            | redb::Error::TypeDefinitionChanged { .. }
            | redb::Error::TableIsMultimap(_)) => Self::Foreign { path, reason: error.to_string() },
            error => Self::Damaged { path, reason: error.to_string() },
        }
    }

    pub(super) fn newer(path: impl Into<PathBuf>, found: u64) -> Self {
        Self::NewerFormat { path: path.into(), found, supported: FORMAT }
    }
}

/// What is read back is not what was written.
#[derive(Debug, Error)]
#[error("the database is damaged: {0}; restore it from a backup")]
pub(super) struct Damaged(pub(super) String);

impl From<Damaged> for KvError {
    fn from(damaged: Damaged) -> Self {
        Self::engine(damaged)
    }
}

/// There is no file to work on.
#[derive(Debug, Error)]
enum Stopped {
    #[error("the database is closed")]
    Closed,
    #[error(
        "the disk did not confirm a write, so nothing more is written; check the disk and open the database again"
    )]
    Unsynced,
}

/// The answer to operations that come after the end.
pub(super) fn closed() -> KvError {
    KvError::engine(Stopped::Closed)
}

/// The answer after a failed `fsync`.
pub(super) fn unsynced() -> KvError {
    KvError::engine(Stopped::Unsynced)
}
