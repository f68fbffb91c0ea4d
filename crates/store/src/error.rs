//! What can go wrong with an operation on a store.

use std::error::Error as StdError;
use std::sync::Arc;

use thiserror::Error;

use crate::cursor::CursorError;
use crate::limits::MAX_KEY_BYTES;
use crate::metadata::MetadataError;
use crate::name::StoreName;

/// Why an operation did not happen. Absence is not among them: a lookup answers `None`, a delete `false`.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum KvError {
    /// A condition of the write did not hold: the key is there already, or its generation is another.
    #[error("precondition failed: the entry is not in the state that the write asks for")]
    PreconditionFailed,
    /// The value, or what append or prepend would make of it, is too large.
    #[error("value is {bytes} bytes; the limit is {limit}")]
    PayloadTooLarge {
        /// Its length.
        bytes: u64,
        /// What is allowed, in bytes.
        limit: u64,
    },
    /// The rate limit of the store was reached, or more writes wait for the disk than may; the same operation may go
    /// through later.
    #[error("too many requests: the store takes no more writes at the moment; try again later")]
    TooManyRequests,
    /// A list was asked for no keys at all.
    #[error("list limit is 0; ask for at least 1 key")]
    ZeroLimit,
    /// A list was asked for a prefix that no key can have.
    #[error("list prefix is {bytes} bytes; keys are at most {MAX_KEY_BYTES}")]
    PrefixTooLong {
        /// Its length.
        bytes: usize,
    },
    /// The metadata of a write are too long.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// The cursor of a list is not one, or belongs to another list.
    #[error(transparent)]
    Cursor(#[from] CursorError),
    /// A store of this name is there already.
    #[error("store \"{0}\" exists already")]
    StoreExists(StoreName),
    /// The store has been deleted since it was opened.
    #[error("there is no store \"{0}\" any more: it was deleted")]
    NoStore(StoreName),
    /// A store that is to be deleted has entries.
    #[error("store \"{0}\" is not empty; delete its entries first")]
    StoreNotEmpty(StoreName),
    /// The stores, or their engine, have been closed.
    #[error("the stores are closed; open them again")]
    Closed,
    /// The engine could not do it: a disk is full, a connection broke, data are damaged. Which of them it was is the
    /// [source](StdError::source); whoever prints the error has to print that as well.
    #[error("the engine failed")]
    Engine(#[source] Arc<dyn StdError + Send + Sync>),
}

impl KvError {
    /// Wraps what an engine reports. It is the only way for an engine to fail that is not a rule of the store.
    pub fn engine(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Engine(source.into().into())
    }

    /// Tells the log, the last place where an error can go whose caller has not waited for the answer.
    #[cfg(feature = "redb")]
    pub(crate) fn log_unheard(&self) {
        // A broken thing, and not just a rule that the operation did not keep.
        let fault = matches!(self, Self::Engine(_) | Self::TooManyRequests | Self::Closed);
        let error = self as &dyn StdError;
        if fault {
            tracing::warn!(error, "an operation failed whose caller has not waited for the answer");
        } else {
            tracing::debug!(error, "an operation was refused whose caller has not waited for the answer");
        }
    }
}
