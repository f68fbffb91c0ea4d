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
    #[error("{path:?} is not an edgekv database ({reason}); choose another path, or move it away")]
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
    /// While it was open, another database, or an older copy of this one, was put in its place.
    #[error(
        "{path:?} is no longer the database that was opened; put that one back, or restart to use the one that is there"
    )]
    Replaced {
        /// The file.
        path: PathBuf,
    },
    /// The system refused it. What it says is the source, and not in the message.
    #[error("cannot open the database {path:?}")]
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

impl Damaged {
    /// What is wrong, without what to do about it.
    pub(super) fn reason(&self) -> &str {
        &self.0
    }
}

impl From<Damaged> for KvError {
    fn from(damaged: Damaged) -> Self {
        Self::engine(damaged)
    }
}

/// The disk is not to be trusted any more.
#[derive(Debug, Error)]
#[error(
    "the disk did not confirm a write, so nothing more is written; check the disk and open the database again"
)]
struct Unsynced;

/// The answer after a failed `fsync`.
pub(super) fn unsynced() -> KvError {
    KvError::engine(Unsynced)
}
