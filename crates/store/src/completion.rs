//! How the end of a write is told, whether or not somebody waits for its reply.

use std::fmt;
use std::sync::Arc;

use crate::error::KvError;
use crate::generation::Generation;

/// How a write ended, as far as what others keep of its data depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It has happened, and every read that starts from now on sees it.
    Written,
    /// Nothing has changed: it was refused, or there was nothing to do.
    Unchanged,
    /// Nobody knows.
    Unknown,
}

impl Ended {
    fn failed(error: &KvError) -> Self {
        match error {
            KvError::PreconditionFailed
            | KvError::PayloadTooLarge { .. }
            | KvError::TooManyRequests
            | KvError::StoreNotEmpty(_)
            | KvError::Metadata(_) => Self::Unchanged,
            _ => Self::Unknown,
        }
    }
}

impl From<&Result<Generation, KvError>> for Ended {
    fn from(inserted: &Result<Generation, KvError>) -> Self {
        inserted.as_ref().map_or_else(Self::failed, |_| Self::Written)
    }
}

/// Whether something was there to be deleted.
impl From<&Result<bool, KvError>> for Ended {
    fn from(deleted: &Result<bool, KvError>) -> Self {
        let ended = |deleted: &bool| if *deleted { Self::Written } else { Self::Unchanged };
        deleted.as_ref().map_or_else(Self::failed, ended)
    }
}

/// Who has to know when a write ends, also when nobody waits for its reply.
pub trait OnEnd: Send + Sync + 'static {
    /// The write has ended. Said once, on whatever thread the engine writes with: this has to be quick, and must not wait
    /// for the engine.
    fn ended(&self, ended: Ended);
}

/// What an engine is given with a write, and has to [end](Self::end) when the write is decided and every read that starts
/// later sees it, before it answers, whatever becomes of the reply.
///
/// An engine that panics, or loses the write in another way, drops this, which says that nobody knows how it ended.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use edgekv_store::{Completion, Ended, OnEnd};
///
/// #[derive(Default)]
/// struct Seen(AtomicBool);
///
/// impl OnEnd for Seen {
///     fn ended(&self, ended: Ended) {
///         self.0.store(ended == Ended::Written, Ordering::Release);
///     }
/// }
///
/// let seen = Arc::new(Seen::default());
/// Completion::new(seen.clone()).end(Ended::Written);
/// assert!(seen.0.load(Ordering::Acquire));
/// ```
#[must_use = "the end of the write has to be told when it is there; dropped, this says that it is not known"]
#[derive(Default)]
pub struct Completion(Option<Arc<dyn OnEnd>>);

impl Completion {
    /// Tells nobody, which costs nothing.
    pub const NONE: Self = Self(None);

    /// Tells `who`.
    pub fn new(who: Arc<dyn OnEnd>) -> Self {
        Self(Some(who))
    }

    /// The write has ended.
    pub fn end(mut self, ended: impl Into<Ended>) {
        if let Some(who) = self.0.take() {
            who.ended(ended.into());
        }
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        if let Some(who) = self.0.take() {
            who.ended(Ended::Unknown);
        }
    }
}

impl fmt::Debug for Completion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Completion(..)" } else { "Completion(NONE)" })
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;

    #[derive(Default)]
    struct Told(Mutex<Vec<Ended>>);

    impl OnEnd for Told {
        fn ended(&self, ended: Ended) {
            self.0.lock().push(ended);
        }
    }

    #[test]
    fn the_end_is_told_once_and_as_unknown_when_it_was_lost() {
        let told = Arc::new(Told::default());
        Completion::new(told.clone()).end(Ended::Written);
        Completion::new(told.clone()).end(&Ok(false));
        drop(Completion::new(told.clone()));
        assert_eq!(*told.0.lock(), [Ended::Written, Ended::Unchanged, Ended::Unknown]);
    }

    #[test]
    fn what_an_error_says_of_the_data() {
        let ended = |error| Ended::from(&Err::<bool, _>(error));
        assert_eq!(ended(KvError::PreconditionFailed), Ended::Unchanged);
        assert_eq!(ended(KvError::TooManyRequests), Ended::Unchanged);
        assert_eq!(ended(KvError::PayloadTooLarge { bytes: 2, limit: 1 }), Ended::Unchanged);
        assert_eq!(ended(KvError::Closed), Ended::Unknown);
        assert_eq!(ended(KvError::engine("failed")), Ended::Unknown);
        assert_eq!(Ended::from(&Ok(true)), Ended::Written);
    }
}
