//! The stores of an engine, as everything outside this crate uses them.

use std::collections::HashMap;
use std::convert::identity;
use std::num::NonZeroU32;
use std::str::EscapeDebug;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tracing::{Span, trace_span};

use crate::cache::{CacheLimits, CacheStats, CachedEngine};
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
use crate::clock::SystemClock;
use crate::clock::{Clock, Timestamp};
use crate::completion::Completion;
use crate::cursor::Cursor;
use crate::engine::{Engine, EngineStats, EngineStore};
use crate::entry::{Entry, Found, Source};
use crate::error::KvError;
use crate::generation::{Generation, GenerationMatch};
use crate::insert::Insert;
use crate::key::Key;
use crate::limits::{Limits, MAX_KEY_BYTES};
use crate::list::{KeyPage, ListMode, ListPage, ListRequest, Scan};
use crate::name::{StoreId, StoreInfo, StoreName};
use crate::observer::{Observer, OperationKind, Telling, Watch};
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
use crate::rate::WriteRate;
use crate::reply::Reply;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
use crate::sweep::Sweeper;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
use crate::without_system::{Sweeper, WriteRate};

/// An engine with its clock and limits. Cloning it gives another handle to the same.
#[derive(Debug, Clone)]
pub struct Stores(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Before the engine, so that it has stopped when the engine goes.
    sweeper: Option<Sweeper>,
    closed: AtomicBool,
    /// The cached one, if there is a cache.
    engine: Arc<dyn Engine>,
    cache: Option<Arc<CachedEngine>>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    rates: Mutex<HashMap<StoreId, Arc<WriteRate>>>,
    observer: Option<Arc<dyn Observer>>,
}

/// Stores that somebody else keeps open: for who only wants to tell of them while they are there.
#[derive(Debug, Clone, Default)]
pub struct WeakStores(Weak<Shared>);

impl WeakStores {
    /// The stores, if a handle of them is left.
    #[must_use]
    pub fn upgrade(&self) -> Option<Stores> {
        self.0.upgrade().map(Stores)
    }
}

/// Chooses what [`Stores`] are made of.
#[derive(Debug)]
#[must_use]
pub struct StoresBuilder {
    engine: Arc<dyn Engine>,
    clock: Option<Arc<dyn Clock>>,
    limits: Limits,
    cache: Option<CacheLimits>,
    sweep_every: Option<Duration>,
    observer: Option<Arc<dyn Observer>>,
}

impl StoresBuilder {
    /// Where "now" comes from. Default: [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// The limits. Default: [`Limits::default`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Keeps what was looked up in memory, within these limits. Default: no cache. See [`cache`](crate::cache) for what it
    /// promises.
    pub fn cache(mut self, limits: CacheLimits) -> Self {
        self.cache = Some(limits);
        self
    }

    /// How often a thread of its own looks for expired entries, and removes them. Default: never; an expired
    /// entry is not visible to anybody either way, it only takes up space. The first look is at once; an interval
    /// below 10 ms is taken as 10 ms.
    pub fn sweep_every(mut self, interval: Duration) -> Self {
        self.sweep_every = Some(interval);
        self
    }

    /// Who is told of every operation on entries. Default: nobody, which costs nothing.
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Makes the stores.
    ///
    /// # Errors
    ///
    /// [`KvError::Engine`] when the system gives no thread for the sweeper; [without a system](crate#without-a-system) also
    /// when no clock was given, or a limit of the rate of writes.
    pub fn build(self) -> Result<Stores, KvError> {
        #[cfg(all(target_family = "wasm", target_os = "unknown"))]
        if self.limits.writes_per_second.is_some() {
            return Err(KvError::engine("the rate of writes cannot be limited here"));
        }
        let clock = self.clock.map_or_else(system_clock, Ok)?;
        let start = |every| Sweeper::start(Arc::clone(&self.engine), Arc::clone(&clock), every);
        let sweeper = self.sweep_every.map(start).transpose().map_err(KvError::engine)?;
        let cached =
            |limits| Arc::new(CachedEngine::new(Arc::clone(&self.engine), limits, Arc::clone(&clock)));
        let cache = self.cache.map(cached);
        let engine = match &cache {
            Some(cached) => Arc::clone(cached) as Arc<dyn Engine>,
            None => self.engine,
        };
        Ok(Stores(Arc::new(Shared {
            sweeper,
            closed: AtomicBool::new(false),
            engine,
            cache,
            clock,
            limits: self.limits,
            rates: Mutex::default(),
            observer: self.observer,
        })))
    }
}

impl Stores {
    /// The stores of `engine`, with the system's clock and default limits. There is no sweeper: what has expired is
    /// invisible, but takes up space until it is overwritten; [`StoresBuilder::sweep_every`] gives one.
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    pub fn new(engine: impl Engine) -> Self {
        let StoresBuilder { engine, limits, .. } = Self::builder(engine);
        let clock = Arc::new(SystemClock::new());
        let closed = AtomicBool::new(false);
        let (rates, observer) = (Mutex::default(), None);
        Self(Arc::new(Shared { sweeper: None, closed, engine, cache: None, clock, limits, rates, observer }))
    }

    /// Begins to choose how the stores of `engine` behave.
    pub fn builder(engine: impl Engine) -> StoresBuilder {
        StoresBuilder {
            engine: Arc::new(engine),
            clock: None,
            limits: Limits::default(),
            cache: None,
            sweep_every: None,
            observer: None,
        }
    }

    /// The store of this name, or `None`.
    pub fn open(&self, name: &StoreName) -> Reply<Option<KvStore>> {
        if let Err(error) = self.0.check_open() {
            return Reply::Ready(Err(error));
        }
        self.stores_of(self.0.engine.open(name))
    }

    /// The store of this identity, or `None`.
    pub fn open_id(&self, id: StoreId) -> Reply<Option<KvStore>> {
        if let Err(error) = self.0.check_open() {
            return Reply::Ready(Err(error));
        }
        self.stores_of(self.0.engine.open_id(id))
    }

    fn stores_of(&self, opened: Reply<Option<Arc<dyn EngineStore>>>) -> Reply<Option<KvStore>> {
        match opened {
            Reply::Ready(store) => Reply::Ready(store.map(|store| store.map(|store| self.store(store)))),
            later @ Reply::Later(_) => {
                let stores = self.clone();
                later.map(move |store| store.map(|store| stores.store(store)))
            }
        }
    }

    /// Gives a store another name, and answers what is known of it then; `None` when there is no such store.
    ///
    /// Answers [`KvError::StoreExists`] when another store has the name.
    pub fn rename(&self, id: StoreId, name: &StoreName) -> Reply<Option<StoreInfo>> {
        match self.0.check_open() {
            Ok(()) => self.0.engine.rename(id, name, self.0.clock.now()),
            Err(error) => Reply::Ready(Err(error)),
        }
    }

    /// Removes a store that is empty, and answers whether there was one. What others still do with a handle of it is
    /// answered with [`KvError::NoStore`].
    ///
    /// Answers [`KvError::StoreNotEmpty`] when it has entries that have not expired.
    pub fn delete(&self, id: StoreId) -> Reply<bool> {
        if let Err(error) = self.0.check_open() {
            return Reply::Ready(Err(error));
        }
        let deleted = self.0.engine.delete(id, self.0.clock.now(), Completion::NONE);
        if self.0.limits.writes_per_second.is_none() {
            return deleted;
        }
        let shared = Arc::clone(&self.0);
        deleted.map(move |deleted| {
            if deleted {
                shared.rates.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
            }
            deleted
        })
    }

    /// Makes a store.
    ///
    /// Answers [`KvError::StoreExists`] when there is one of this name.
    pub fn create(&self, name: &StoreName) -> Reply<KvStore> {
        if let Err(error) = self.0.check_open() {
            return Reply::Ready(Err(error));
        }
        let stores = self.clone();
        self.0.engine.create(name, self.0.clock.now()).map(move |store| stores.store(store))
    }

    /// The store of this name; makes it when it is missing. Blocks until that is done.
    ///
    /// # Errors
    ///
    /// What the engine reports; also when it says in turn that the store is missing and that it is there.
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    pub fn open_or_create(&self, name: &StoreName) -> Result<KvStore, KvError> {
        if let Some(store) = self.open(name).wait()? {
            return Ok(store);
        }
        match self.create(name).wait() {
            // Somebody else was faster, so now it is there. More than once is an engine that contradicts itself.
            Err(error @ KvError::StoreExists(_)) => self.open(name).wait()?.ok_or(error),
            created => created,
        }
    }

    /// All stores, by name.
    pub fn list(&self) -> Reply<Vec<StoreInfo>> {
        match self.0.check_open() {
            Ok(()) => self.0.engine.stores(),
            Err(error) => Reply::Ready(Err(error)),
        }
    }

    /// Answers when everything that was called before is done, and durable where the engine is.
    pub fn flush(&self) -> Reply<()> {
        match self.0.check_open() {
            Ok(()) => self.0.engine.flush(),
            Err(error) => Reply::Ready(Err(error)),
        }
    }

    /// Ends the work with these stores: stops the sweeper, finishes what was called before, makes it durable, and
    /// closes the engine; for redb that is the file, which then opens again without a repair.
    ///
    /// Answers when that is done, and says when it could not be: the last chance to hear of it, as dropping the stores
    /// does the same without a word. Operations that are called later, by any handle, answer [`KvError::Closed`].
    /// Closing again answers as the first time has ended.
    ///
    /// ```
    /// use edgekv_store::{KvError, MemoryEngine, StoreName, Stores};
    ///
    /// let stores = Stores::new(MemoryEngine::new());
    /// stores.close().wait()?;
    /// let opened = stores.open(&StoreName::new("mystore").unwrap()).wait();
    /// assert!(matches!(opened, Err(KvError::Closed)));
    /// # Ok::<(), KvError>(())
    /// ```
    pub fn close(&self) -> Reply<()> {
        self.0.closed.store(true, Ordering::Release);
        if let Some(sweeper) = &self.0.sweeper {
            sweeper.stop();
        }
        self.0.engine.close()
    }

    /// What the cache has done, and what is in it; `None` without one.
    #[must_use]
    pub fn cache_stats(&self) -> Option<CacheStats> {
        self.0.cache.as_ref().map(|cache| cache.stats())
    }

    /// What the engine tells of itself.
    #[must_use]
    pub fn engine_stats(&self) -> EngineStats {
        self.0.engine.engine_stats()
    }

    /// A handle that does not keep the stores.
    #[must_use]
    pub fn downgrade(&self) -> WeakStores {
        WeakStores(Arc::downgrade(&self.0))
    }

    /// The limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// This moment, by the clock of these stores.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    fn store(&self, store: Arc<dyn EngineStore>) -> KvStore {
        let rate = self.0.rate_of(store.info().id);
        KvStore { store, rate, shared: Arc::clone(&self.0) }
    }
}

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
#[expect(clippy::unnecessary_wraps, reason = "there is a system, which not all targets have")]
fn system_clock() -> Result<Arc<dyn Clock>, KvError> {
    Ok(Arc::new(SystemClock::new()))
}

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
fn system_clock() -> Result<Arc<dyn Clock>, KvError> {
    Err(KvError::engine("there is no clock here; give one to the builder of the stores"))
}

/// A store: what guests, the HTTP API and the command line all use. Cloning it gives another handle to the same.
///
/// It adds to the engine's promises what does not depend on the engine: expired entries are missing, limits and
/// cursors are checked.
#[derive(Debug, Clone)]
pub struct KvStore {
    store: Arc<dyn EngineStore>,
    rate: Option<Arc<WriteRate>>,
    shared: Arc<Shared>,
}

impl KvStore {
    /// Identity and name. A handle keeps the name by which it was opened, also when the store is renamed.
    #[must_use]
    pub fn info(&self) -> &StoreInfo {
        self.store.info()
    }

    /// The limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// The entry under `key`, or `None` when there is none or it has expired.
    pub fn lookup(&self, key: Key<'_>) -> Reply<Option<Entry>> {
        let span = trace_span!("lookup", store = %self.shown_name(), key = %key.as_str().escape_debug());
        self.found(OperationKind::Lookup, span, || self.store.find(key), |found| found.entry)
    }

    /// The entry under `key`, and whether it comes from the cache.
    pub fn find(&self, key: Key<'_>) -> Reply<Found> {
        let span = trace_span!("lookup", store = %self.shown_name(), key = %key.as_str().escape_debug());
        self.found(OperationKind::Lookup, span, || self.store.find(key), |found| found)
    }

    /// The entry under `key` as the engine has it, past the cache and without a trace in it: for those who read
    /// everything once, whom the cache would serve nothing, and who would drive everything else out of it.
    pub fn read(&self, key: Key<'_>) -> Reply<Option<Entry>> {
        let span = trace_span!("read", store = %self.shown_name(), key = %key.as_str().escape_debug());
        let read = || self.store.read(key).map(|entry| Found { entry, source: Source::Engine });
        self.found(OperationKind::Read, span, read, |found| found.entry)
    }

    fn found<T: 'static>(
        &self,
        kind: OperationKind,
        span: Span,
        find: impl FnOnce() -> Reply<Found>,
        present: fn(Found) -> T,
    ) -> Reply<T> {
        let live = |shared: &Shared, found: Found| Found { entry: shared.live(found.entry), ..found };
        let watch = Watch::begin(kind, self.shared.observer.as_ref(), span);
        let found = watch.run(|| match self.shared.check_open() {
            Ok(()) => find(),
            Err(error) => Reply::Ready(Err(error)),
        });
        match found {
            Reply::Ready(found) => {
                let found = found.map(|found| live(&self.shared, found));
                watch.tell(&found);
                Reply::Ready(found.map(present))
            }
            Reply::Later(later) => {
                let shared = Arc::clone(&self.shared);
                watch.hear(later, move |found| live(&shared, found), present)
            }
        }
    }

    fn watched<T: Telling + 'static>(
        &self,
        kind: OperationKind,
        span: Span,
        operation: impl FnOnce() -> Reply<T>,
    ) -> Reply<T> {
        let watch = Watch::begin(kind, self.shared.observer.as_ref(), span);
        match watch.run(operation) {
            Reply::Ready(result) => {
                watch.tell(&result);
                Reply::Ready(result)
            }
            later if watch.is_idle() => later,
            Reply::Later(later) => watch.hear(later, identity, identity),
        }
    }

    /// The name as logs show it: a name may have characters that would steer a terminal.
    fn shown_name(&self) -> EscapeDebug<'_> {
        self.info().name.as_str().escape_debug()
    }

    /// Writes, and answers with the new generation; see [`decide`](crate::decide) for the rules.
    ///
    /// Answers [`KvError::PreconditionFailed`], [`KvError::PayloadTooLarge`], [`KvError::TooManyRequests`],
    /// [`KvError::Closed`], or [`KvError::Engine`].
    ///
    /// The write is under way when this returns, and happens even when the reply is dropped; then the log says
    /// should it fail. Only what is not taken at all has nothing under way: `TooManyRequests`, because of the rate
    /// limit or because too much waits for the disk, and `Closed` are answers that are there at once.
    pub fn insert(&self, key: Key<'_>, insert: Insert) -> Reply<Generation> {
        let span = trace_span!("insert", store = %self.shown_name(), key = %key.as_str().escape_debug());
        self.watched(OperationKind::Insert, span, || match self.check_write() {
            Ok(()) => {
                let (now, limits) = (self.shared.clock.now(), &self.shared.limits);
                self.store.insert(key, insert, now, limits, Completion::NONE)
            }
            Err(error) => Reply::Ready(Err(error)),
        })
    }

    /// Deletes, and answers whether there was an entry; see [`decide_delete`](crate::decide_delete) for the rules.
    ///
    /// Answers [`KvError::PreconditionFailed`], [`KvError::TooManyRequests`], [`KvError::Closed`], or
    /// [`KvError::Engine`]. As with [`insert`](Self::insert), it happens even when the reply is dropped.
    pub fn delete(&self, key: Key<'_>, condition: Option<GenerationMatch>) -> Reply<bool> {
        let span = trace_span!("delete", store = %self.shown_name(), key = %key.as_str().escape_debug());
        self.watched(OperationKind::Delete, span, || match self.check_write() {
            Ok(()) => self.store.delete(key, condition, self.shared.clock.now(), Completion::NONE),
            Err(error) => Reply::Ready(Err(error)),
        })
    }

    /// A page of the list of keys. It costs what the page holds, and a look at each expired entry on its way that has
    /// not been swept yet.
    ///
    /// Answers [`KvError::ZeroLimit`], [`KvError::PrefixTooLong`], [`KvError::Cursor`], [`KvError::Closed`], or
    /// [`KvError::Engine`].
    pub fn list(&self, request: ListRequest<'_>) -> Reply<ListPage> {
        let prefix = request.prefix.escape_debug();
        let span = trace_span!("list", store = %self.shown_name(), %prefix);
        self.watched(OperationKind::List, span, || self.page(request))
    }

    fn page(&self, request: ListRequest<'_>) -> Reply<ListPage> {
        let id = self.info().id;
        let ListRequest { prefix, cursor, limit, mode } = request;
        let cursor = match cursor.map(Cursor::parse).transpose() {
            Ok(cursor) => cursor,
            Err(error) => return Reply::Ready(Err(error.into())),
        };
        let scan = || {
            self.shared.check_open()?;
            if prefix.len() > MAX_KEY_BYTES {
                return Err(KvError::PrefixTooLong { bytes: prefix.len() });
            }
            let max = self.shared.limits.max_list_limit;
            let limit = limit.map_or(Ok(max), |limit| NonZeroU32::new(limit).ok_or(KvError::ZeroLimit))?;
            let after = cursor.as_ref().map(|cursor| cursor.after(id, prefix)).transpose()?;
            Ok(Scan { prefix, after, limit: limit.min(max), mode, now: self.shared.clock.now() })
        };
        match scan() {
            Ok(scan) => {
                let (prefix, limit) = (prefix.to_owned(), scan.limit);
                self.store.scan(scan).map(move |page| finish_page(id, page, limit, prefix, mode))
            }
            Err(error) => Reply::Ready(Err(error)),
        }
    }

    fn check_write(&self) -> Result<(), KvError> {
        self.shared.check_open()?;
        self.rate.as_ref().map_or(Ok(()), |rate| rate.check())
    }
}

impl Shared {
    /// Shared by all handles of a store, so that opening it again does not double the rate.
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    fn rate_of(&self, store: StoreId) -> Option<Arc<WriteRate>> {
        self.limits.writes_per_second.map(|per_second| {
            let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
            let rate = rates.entry(store);
            Arc::clone(rate.or_insert_with(|| Arc::new(WriteRate::new(per_second, Arc::clone(&self.clock)))))
        })
    }

    /// Stores with such a limit are not made.
    #[cfg(all(target_family = "wasm", target_os = "unknown"))]
    const fn rate_of(&self, _: StoreId) -> Option<Arc<WriteRate>> {
        None
    }

    fn check_open(&self) -> Result<(), KvError> {
        if self.closed.load(Ordering::Acquire) { Err(KvError::Closed) } else { Ok(()) }
    }

    /// Asks the clock only about entries that expire at all.
    fn live(&self, entry: Option<Entry>) -> Option<Entry> {
        entry.filter(|entry| entry.expires_at().is_none() || entry.existing().is_live(self.clock.now()))
    }
}

fn finish_page(store: StoreId, page: KeyPage, limit: NonZeroU32, prefix: String, mode: ListMode) -> ListPage {
    let last = if page.more { page.keys.last() } else { None };
    let next = last.map(|last| Cursor::new(store, &prefix, last.as_key()));
    ListPage { keys: page.keys, limit, prefix, next, mode }
}
