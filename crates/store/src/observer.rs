//! Who is told of the operations on stores: for counters and histograms, which this crate has none of.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::{Instrument as _, Span, trace};

use crate::entry::{Found, Source};
use crate::error::KvError;
use crate::generation::Generation;
use crate::list::ListPage;
use crate::reply::{Later, Reply};

/// Is told of every operation on the entries of stores; see [`StoresBuilder::observer`](crate::StoresBuilder::observer).
///
/// It is called on the thread of whoever asked, before the answer is theirs, so it has to be quick: some atomics, no lock.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use edgekv_store::{Key, MemoryEngine, Observer, Operation, OperationOutcome, StoreName, Stores};
///
/// #[derive(Debug, Default)]
/// struct Misses(AtomicU64);
///
/// impl Observer for Misses {
///     fn observe(&self, operation: &Operation) {
///         if operation.outcome == OperationOutcome::NotFound {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
///
/// let misses = Arc::new(Misses::default());
/// let stores = Stores::builder(MemoryEngine::new()).observer(misses.clone()).build()?;
/// let store = stores.create(&StoreName::new("mystore")?).wait()?;
/// store.lookup(Key::new("nothing")?).wait()?;
/// assert_eq!(misses.0.load(Ordering::Relaxed), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// An operation is over.
    fn observe(&self, operation: &Operation);
}

/// An operation on the entries of a store, and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// What was asked.
    pub kind: OperationKind,
    /// How it ended.
    pub outcome: OperationOutcome,
    /// Where the answer comes from. Only lookups are ever answered by a cache.
    pub source: Source,
    /// From the call to the answer. Of an answer that had to be waited for, to when whoever asked has taken it.
    pub elapsed: Duration,
}

/// What can be asked of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperationKind {
    /// [`KvStore::lookup`](crate::KvStore::lookup) and [`KvStore::find`](crate::KvStore::find).
    Lookup,
    /// [`KvStore::read`](crate::KvStore::read): past the cache.
    Read,
    /// [`KvStore::insert`](crate::KvStore::insert).
    Insert,
    /// [`KvStore::delete`](crate::KvStore::delete).
    Delete,
    /// [`KvStore::list`](crate::KvStore::list).
    List,
}

impl OperationKind {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 5] = [Self::Lookup, Self::Read, Self::Insert, Self::Delete, Self::List];

    /// What it is called in metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lookup => "lookup",
            Self::Read => "read",
            Self::Insert => "insert",
            Self::Delete => "delete",
            Self::List => "list",
        }
    }
}

/// How an operation ended: as few kinds of it as metrics need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperationOutcome {
    /// It was done.
    Ok,
    /// There is no entry under the key.
    NotFound,
    /// [`KvError::PreconditionFailed`].
    PreconditionFailed,
    /// [`KvError::PayloadTooLarge`].
    TooLarge,
    /// [`KvError::TooManyRequests`].
    TooMany,
    /// What was asked makes no sense: a limit of 0, a cursor that is none, metadata that are too long.
    BadRequest,
    /// [`KvError::NoStore`].
    NoStore,
    /// The engine failed, or was closed.
    Failed,
    /// Nobody waited for the answer. The operation is done nevertheless; only how it ended is not known here.
    Unheard,
}

impl OperationOutcome {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 9] = [
        Self::Ok,
        Self::NotFound,
        Self::PreconditionFailed,
        Self::TooLarge,
        Self::TooMany,
        Self::BadRequest,
        Self::NoStore,
        Self::Failed,
        Self::Unheard,
    ];

    /// What it is called in metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotFound => "not_found",
            Self::PreconditionFailed => "precondition_failed",
            Self::TooLarge => "too_large",
            Self::TooMany => "too_many",
            Self::BadRequest => "bad_request",
            Self::NoStore => "no_store",
            Self::Failed => "failed",
            Self::Unheard => "unheard",
        }
    }
}

impl From<&KvError> for OperationOutcome {
    fn from(error: &KvError) -> Self {
        match error {
            KvError::PreconditionFailed => Self::PreconditionFailed,
            KvError::PayloadTooLarge { .. } => Self::TooLarge,
            KvError::TooManyRequests => Self::TooMany,
            KvError::ZeroLimit
            | KvError::PrefixTooLong { .. }
            | KvError::Metadata(_)
            | KvError::Cursor(_) => Self::BadRequest,
            KvError::NoStore(_) => Self::NoStore,
            // The last two are never about entries.
            KvError::Closed | KvError::Engine(_) | KvError::StoreExists(_) | KvError::StoreNotEmpty(_) => {
                Self::Failed
            }
        }
    }
}

/// What an answer says of its operation.
pub(crate) trait Telling {
    fn outcome(&self) -> OperationOutcome {
        OperationOutcome::Ok
    }

    fn source(&self) -> Source {
        Source::Engine
    }
}

impl Telling for Found {
    fn outcome(&self) -> OperationOutcome {
        if self.entry.is_some() { OperationOutcome::Ok } else { OperationOutcome::NotFound }
    }

    fn source(&self) -> Source {
        self.source
    }
}

/// Whether there was an entry to delete.
impl Telling for bool {
    fn outcome(&self) -> OperationOutcome {
        if *self { OperationOutcome::Ok } else { OperationOutcome::NotFound }
    }
}

impl Telling for Generation {}

impl Telling for ListPage {}

/// An operation under way, if anybody wants to know of it.
pub(crate) struct Watch<'o> {
    kind: OperationKind,
    /// Who is told, and when the operation began.
    told: Option<(&'o Arc<dyn Observer>, Instant)>,
    span: Span,
}

impl<'o> Watch<'o> {
    /// Begins to watch, in `span`, which is disabled unless somebody logs it.
    pub(crate) fn begin(kind: OperationKind, observer: Option<&'o Arc<dyn Observer>>, span: Span) -> Self {
        Self { kind, told: observer.map(|observer| (observer, Instant::now())), span }
    }

    /// Whether nobody wants to know.
    pub(crate) fn is_idle(&self) -> bool {
        self.told.is_none() && self.span.is_disabled()
    }

    /// Runs the operation.
    pub(crate) fn run<T>(&self, operation: impl FnOnce() -> Reply<T>) -> Reply<T> {
        self.span.in_scope(operation)
    }

    /// Tells of an operation whose answer is there.
    pub(crate) fn tell<T: Telling>(self, result: &Result<T, KvError>) {
        if self.is_idle() {
            return;
        }
        let (outcome, source) = judge(result);
        if let Some((observer, began)) = self.told {
            observer.observe(&Operation { kind: self.kind, outcome, source, elapsed: began.elapsed() });
        }
        self.span.in_scope(|| trace!(outcome = outcome.as_str(), ?source, "answered"));
    }

    /// Tells of an operation when its answer comes. `settle` makes of what the engine says what is so, `present` what
    /// whoever asked wants to have of it.
    pub(crate) fn hear<T, U>(
        self,
        later: Later<T>,
        settle: impl FnOnce(T) -> T + Send + 'static,
        present: impl FnOnce(T) -> U + Send + 'static,
    ) -> Reply<U>
    where
        T: Telling + 'static,
    {
        let Self { kind, told, span } = self;
        let mut unheard =
            told.map(|(observer, began)| Unheard { observer: Some(Arc::clone(observer)), kind, began });
        let answer = async move {
            let result = later.await.map(settle);
            let (outcome, source) = judge(&result);
            if let Some(unheard) = &mut unheard {
                unheard.tell(outcome, source);
            }
            trace!(outcome = outcome.as_str(), ?source, "answered");
            result.map(present)
        };
        Reply::later(answer.instrument(span))
    }
}

fn judge<T: Telling>(result: &Result<T, KvError>) -> (OperationOutcome, Source) {
    match result {
        Ok(answer) => (answer.outcome(), answer.source()),
        Err(error) => (error.into(), Source::Engine),
    }
}

/// An answer that nobody has heard yet. Dropped as it is, that is what is told.
struct Unheard {
    observer: Option<Arc<dyn Observer>>,
    kind: OperationKind,
    began: Instant,
}

impl Unheard {
    fn tell(&mut self, outcome: OperationOutcome, source: Source) {
        if let Some(observer) = self.observer.take() {
            observer.observe(&Operation { kind: self.kind, outcome, source, elapsed: self.began.elapsed() });
        }
    }
}

impl Drop for Unheard {
    fn drop(&mut self) {
        self.tell(OperationOutcome::Unheard, Source::Engine);
    }
}
