//! An engine that does what a test tells it, when it tells it.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender};

use futures_channel::oneshot;
use parking_lot::Mutex;

use crate::clock::Timestamp;
use crate::completion::{Completion, Ended};
use crate::engine::memory::MemoryEngine;
use crate::engine::{Engine, EngineStore};
use crate::entry::Entry;
use crate::error::KvError;
use crate::generation::{Generation, GenerationMatch};
use crate::insert::Insert;
use crate::key::Key;
use crate::limits::Limits;
use crate::list::{KeyPage, Scan};
use crate::name::{StoreId, StoreInfo, StoreName};
use crate::reply::Reply;

/// What to do with a call. Without a plan, it is answered at once.
pub(super) enum Plan {
    Now,
    /// Reads at once, and answers when the test [finishes](Script::finish_read) it. Writes, and answers, then.
    Later,
    /// Writes at once, and answers later.
    LateAnswer,
    /// Writes at once and has told of the end before the call is over, as another thread may, and answers in the reply.
    EarlyEnd,
    /// The same, and holds up its thread in between.
    EarlyEndAndBlock(Sender<()>, Receiver<()>),
    /// Tells that the call has come, and then holds up its thread: a read with what it has read, a write before it writes.
    Block(Sender<()>, Receiver<()>),
    Fail,
    /// Is refused, as there is too much to do.
    TooMany,
    /// Deletes nothing.
    Nothing,
    Panic,
    /// Answers later, by a panic.
    LatePanic,
}

/// What the test tells the engine, and hears of it.
#[derive(Default)]
pub(super) struct Script {
    pub(super) reads: Mutex<VecDeque<Plan>>,
    pub(super) writes: Mutex<VecDeque<Plan>>,
    pub(super) deletions: Mutex<VecDeque<Plan>>,
    pending_reads: Mutex<VecDeque<oneshot::Sender<Result<(), KvError>>>>,
    pending_writes: Mutex<VecDeque<Box<dyn FnOnce() + Send>>>,
    read_count: AtomicUsize,
    is_deleted: AtomicBool,
    is_full: AtomicBool,
}

impl Script {
    pub(super) fn read_count(&self) -> usize {
        self.read_count.load(Ordering::SeqCst)
    }

    pub(super) fn next_read(&self, plan: Plan) {
        self.reads.lock().push_back(plan);
    }

    pub(super) fn next_write(&self, plan: Plan) {
        self.writes.lock().push_back(plan);
    }

    /// Says that the store has entries, or that it has none.
    pub(super) fn set_full(&self, is_full: bool) {
        self.is_full.store(is_full, Ordering::SeqCst);
    }

    /// Answers the first read that was not answered.
    pub(super) fn finish_read(&self) {
        self.end_read(Ok(()));
    }

    pub(super) fn fail_read(&self) {
        self.end_read(Err(KvError::engine("the line is dead")));
    }

    fn end_read(&self, result: Result<(), KvError>) {
        let read = self.pending_reads.lock().pop_front().expect("a read that is under way");
        let _ = read.send(result);
    }

    /// Does the first write that was not done, and answers it.
    pub(super) fn finish_write(&self) {
        let write = self.pending_writes.lock().pop_front().expect("a write that is under way");
        write();
    }
}

#[derive(Clone)]
pub(super) struct Scripted {
    memory: Arc<MemoryEngine>,
    pub(super) script: Arc<Script>,
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scripted(..)")
    }
}

impl Scripted {
    pub(super) fn new() -> Self {
        Self { memory: Arc::default(), script: Arc::default() }
    }

    fn wrap(&self, store: Arc<dyn EngineStore>) -> Arc<dyn EngineStore> {
        Arc::new(ScriptedStore { store, script: Arc::clone(&self.script) })
    }
}

impl Engine for Scripted {
    fn open(&self, name: &StoreName) -> Reply<Option<Arc<dyn EngineStore>>> {
        Reply::Ready(self.memory.open(name).wait().map(|store| store.map(|store| self.wrap(store))))
    }

    fn open_id(&self, id: StoreId) -> Reply<Option<Arc<dyn EngineStore>>> {
        Reply::Ready(self.memory.open_id(id).wait().map(|store| store.map(|store| self.wrap(store))))
    }

    fn create(&self, name: &StoreName, now: Timestamp) -> Reply<Arc<dyn EngineStore>> {
        Reply::Ready(self.memory.create(name, now).wait().map(|store| self.wrap(store)))
    }

    fn rename(&self, id: StoreId, name: &StoreName, now: Timestamp) -> Reply<Option<StoreInfo>> {
        self.memory.rename(id, name, now)
    }

    fn delete(&self, _: StoreId, _: Timestamp, completion: Completion) -> Reply<bool> {
        let script = Arc::clone(&self.script);
        let delete = move || {
            if script.is_full.load(Ordering::SeqCst) {
                return Err(KvError::StoreNotEmpty(StoreName::new("store").unwrap()));
            }
            Ok(!script.is_deleted.swap(true, Ordering::SeqCst))
        };
        let mut plan = self.script.deletions.lock().pop_front();
        if plan.take_if(|plan| matches!(plan, Plan::Nothing)).is_some() {
            let none = Ok(false);
            completion.end(&none);
            return Reply::Ready(none);
        }
        self.script.write(plan, completion, delete)
    }

    fn stores(&self) -> Reply<Vec<StoreInfo>> {
        self.memory.stores()
    }

    fn sweep(&self, now: Timestamp, max: NonZeroUsize) -> Reply<usize> {
        self.memory.sweep(now, max)
    }

    fn flush(&self) -> Reply<()> {
        self.memory.flush()
    }
}

#[derive(Clone)]
struct ScriptedStore {
    store: Arc<dyn EngineStore>,
    script: Arc<Script>,
}

impl std::fmt::Debug for ScriptedStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ScriptedStore(..)")
    }
}

fn failed<T>() -> Result<T, KvError> {
    Err(KvError::engine("planned"))
}

impl Script {
    fn write<T: Send + 'static>(
        &self,
        plan: Option<Plan>,
        completion: Completion,
        write: impl FnOnce() -> Result<T, KvError> + Send + 'static,
    ) -> Reply<T>
    where
        for<'r> Ended: From<&'r Result<T, KvError>>,
    {
        let (answer, wait) = oneshot::channel();
        let later = Reply::later(async move { wait.await.unwrap() });
        let end = move |result: Result<T, KvError>| {
            completion.end(&result);
            result
        };
        match plan.unwrap_or(Plan::Now) {
            Plan::Now => return Reply::Ready(end(write())),
            Plan::Later => {
                let finish = move || drop(answer.send(end(write())));
                self.pending_writes.lock().push_back(Box::new(finish));
            }
            Plan::LateAnswer => {
                let result = write();
                self.pending_writes.lock().push_back(Box::new(move || drop(answer.send(end(result)))));
            }
            Plan::EarlyEndAndBlock(entered, go) => {
                let result = end(write());
                entered.send(()).unwrap();
                go.recv().unwrap();
                return Reply::later(async move { result });
            }
            Plan::EarlyEnd => {
                let result = end(write());
                return Reply::later(async move { result });
            }
            Plan::Block(entered, go) => {
                entered.send(()).unwrap();
                go.recv().unwrap();
                return Reply::Ready(end(write()));
            }
            Plan::Fail => return Reply::Ready(end(failed())),
            Plan::TooMany => return Reply::Ready(end(Err(KvError::TooManyRequests))),
            Plan::Nothing => panic!("this is for deletions"),
            Plan::Panic => panic!("a panic that a test wants"),
            Plan::LatePanic => {
                return Reply::later(async {
                    let _lost = end;
                    panic!("a panic that a test wants")
                });
            }
        }
        later
    }
}

impl EngineStore for ScriptedStore {
    fn info(&self) -> &StoreInfo {
        self.store.info()
    }

    fn lookup(&self, key: Key<'_>) -> Reply<Option<Entry>> {
        self.script.read_count.fetch_add(1, Ordering::SeqCst);
        if self.script.is_deleted.load(Ordering::SeqCst) {
            return Reply::Ready(Err(KvError::NoStore(self.info().name.clone())));
        }
        let found = self.store.lookup(key).wait();
        let plan = self.script.reads.lock().pop_front();
        match plan.unwrap_or(Plan::Now) {
            Plan::Now => Reply::Ready(found),
            Plan::Later | Plan::LateAnswer | Plan::EarlyEnd => {
                let (finish, finished) = oneshot::channel();
                self.script.pending_reads.lock().push_back(finish);
                Reply::later(async move {
                    finished.await.unwrap()?;
                    found
                })
            }
            Plan::Block(entered, go) | Plan::EarlyEndAndBlock(entered, go) => {
                entered.send(()).unwrap();
                go.recv().unwrap();
                Reply::Ready(found)
            }
            Plan::Fail | Plan::TooMany | Plan::Nothing => Reply::Ready(failed()),
            Plan::Panic => panic!("a panic that a test wants"),
            Plan::LatePanic => Reply::later(async { panic!("a panic that a test wants") }),
        }
    }

    fn insert(
        &self,
        key: Key<'_>,
        insert: Insert,
        now: Timestamp,
        limits: &Limits,
        completion: Completion,
    ) -> Reply<Generation> {
        let (store, key, limits) = (Arc::clone(&self.store), key.to_buf(), *limits);
        let plan = self.script.writes.lock().pop_front();
        self.script.write(plan, completion, move || {
            store.insert(key.as_key(), insert, now, &limits, Completion::NONE).wait()
        })
    }

    fn delete(
        &self,
        key: Key<'_>,
        condition: Option<GenerationMatch>,
        now: Timestamp,
        completion: Completion,
    ) -> Reply<bool> {
        let (store, key) = (Arc::clone(&self.store), key.to_buf());
        let plan = self.script.writes.lock().pop_front();
        self.script.write(plan, completion, move || {
            store.delete(key.as_key(), condition, now, Completion::NONE).wait()
        })
    }

    fn scan(&self, scan: Scan<'_>) -> Reply<KeyPage> {
        self.store.scan(scan)
    }
}
