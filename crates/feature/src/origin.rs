//! What the feature stands on.

use std::fmt::Debug;
use std::pin::Pin;

use bytes::Bytes;
use edgekv_store::{Entry, Generation, Key, KeyPage, Metadata, Scan, StoreId, StoreName, Timestamp};
use thiserror::Error;

/// Keeps entries, in stores. The interface `edgekv:platform/origin` is one.
pub trait Origin: Debug + Send + Sync + 'static {
    /// A store of it.
    type Store: OriginStore;

    /// The store of this name, or `None`.
    ///
    /// # Errors
    ///
    /// What the origin reports.
    fn open(&self, name: &StoreName) -> Result<Option<Self::Store>, OriginError>;
}

/// A store of an [`Origin`]. Operations happen in the order in which they are called, waited for or not.
pub trait OriginStore: Debug + Send + Sync + 'static {
    /// A number that no other store of this origin has, or will have.
    fn id(&self) -> StoreId;

    /// The entry under a key, expired or not. A cache below may answer, unless it is to be `fresh`.
    fn get(&self, key: Key<'_>, fresh: bool) -> Answer<Option<Entry>>;

    /// Puts an entry under a key, if the condition holds, and gives its generation.
    fn put(&self, key: Key<'_>, entry: NewEntry<'_>, condition: Condition) -> Answer<Generation>;

    /// Removes the entry under a key, if it has this generation when one is given, and says whether there was one.
    fn delete(&self, key: Key<'_>, generation: Option<Generation>) -> Answer<bool>;

    /// Keys of a range, without those that have expired.
    fn scan(&self, scan: &Scan<'_>) -> Answer<KeyPage>;

    /// Waits for an answer of this origin, here and now.
    ///
    /// # Errors
    ///
    /// What the answer says.
    fn wait<T>(&self, coming: Coming<T>) -> Result<T, OriginError>;
}

/// The answer of an origin.
pub enum Answer<T> {
    /// There.
    Ready(Result<T, OriginError>),
    /// To come. The operation is under way, polled or not.
    Later(Coming<T>),
}

/// An answer that is still to come.
pub type Coming<T> = Pin<Box<dyn Future<Output = Result<T, OriginError>> + Send>>;

impl<T> Debug for Answer<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ready(_) => "Ready(..)",
            Self::Later(_) => "Later(..)",
        })
    }
}

/// What a write puts under a key.
#[derive(Debug, Clone, Copy)]
pub struct NewEntry<'a> {
    /// The bytes.
    pub value: &'a Bytes,
    /// What is kept with them.
    pub metadata: &'a Metadata,
    /// From when on the entry counts as missing.
    pub expires_at: Option<Timestamp>,
    /// Caches below may go on serving the old value until they have fetched the new one.
    pub background_fetch: bool,
}

/// What an entry must be like for a write to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Anything.
    Any,
    /// Not there, or expired.
    Absent,
    /// Of this generation.
    Is(Generation),
}

/// Why an origin did not do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OriginError {
    /// The entry is not in the state that the condition asks for.
    #[error("the entry is not in the state that the write asks for")]
    Conflict,
    /// The value is longer than values may be.
    #[error("the value is longer than the origin takes")]
    TooLarge,
    /// The store takes no more writes at the moment.
    #[error("the origin takes no more writes at the moment")]
    TooManyRequests,
    /// The store was deleted since it was opened.
    #[error("the store was deleted")]
    NoStore,
    /// The engine of the origin failed, or is closed.
    #[error("the origin failed; the log of the host says more")]
    Failed,
    /// A key or a name that cannot be one.
    #[error("the origin does not take this key or name")]
    InvalidArgument,
    /// The host would have to keep more for this program than it may.
    #[error("the host would have to keep more for this program than it may")]
    LimitExceeded,
    /// It answers what its interface does not allow.
    #[error("the origin answers what it must not: {0}")]
    Broken(&'static str),
}
