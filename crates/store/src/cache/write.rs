//! A write, from before the engine is given it until after the engine has done it.

use std::sync::{Arc, Weak};

use futures_channel::oneshot;
use parking_lot::Mutex;

use super::Cache;
use super::handles::Presence;
use super::place::Place;
use super::read::Lead;
use super::slots::SharedRead;
use crate::completion::{Completion, Ended, OnEnd};
use crate::engine::EngineStore;
use crate::reply::Reply;

/// A write that is under way. The engine tells it when it ends, whatever becomes of the reply.
///
/// It keeps neither the cache nor the store, as the engine has it for as long as it likes.
pub(super) struct Write {
    cache: Weak<Cache>,
    place: Place,
    /// For a write that allows that the old entry is read for a while: where to fetch the new one.
    fetch: Option<Fetch>,
    progress: Mutex<Progress>,
}

struct Fetch {
    store: Weak<dyn EngineStore>,
    presence: Arc<Presence>,
}

struct Progress {
    stage: Stage,
    /// A fetch for the caller to do, who is still in the call of the engine.
    due: Option<Lead>,
    /// Dropped when the engine has been asked for the new entry.
    fetched: Option<oneshot::Sender<()>>,
    /// Who has to know of the end as well.
    outer: Completion,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The caller is in the call of the engine.
    Calling,
    /// The engine answers later.
    Called,
    Ended,
}

impl Write {
    /// Begins a write, gives it to `engine`, and sees to what follows. `background_fetch` has the store to fetch the new
    /// entry from, if the write allows that.
    pub(super) fn run<T: Send + 'static>(
        cache: &Arc<Cache>,
        place: Place,
        background_fetch: Option<(&Arc<dyn EngineStore>, &Arc<Presence>)>,
        outer: Completion,
        engine: impl FnOnce(Completion) -> Reply<T>,
    ) -> Reply<T> {
        cache.slots.begin_write(&place, background_fetch.is_some(), &cache.values);
        let (fetched, wait) = background_fetch.map(|_| oneshot::channel()).unzip();
        let fetch = background_fetch
            .map(|(store, presence)| Fetch { store: Arc::downgrade(store), presence: Arc::clone(presence) });
        let progress = Mutex::new(Progress { stage: Stage::Calling, due: None, fetched, outer });
        let write = Arc::new(Self { cache: Arc::downgrade(cache), place, fetch, progress });
        match (engine(Completion::new(write.clone())), wait) {
            (ready @ Reply::Ready(_), _) => {
                let due = write.progress.lock().due.take();
                // What the engine gives later, the thread waits for.
                if let Some(read) = due.and_then(Lead::fetch) {
                    cache.background.drive(hear(read));
                }
                ready
            }
            (Reply::Later(later), wait) => {
                write.called(cache);
                let Some(wait) = wait else { return Reply::Later(later) };
                Reply::later(async move {
                    let result = later.await;
                    // Until the engine has been asked. One that answers lookups at once has answered then.
                    let _ = wait.await;
                    result
                })
            }
        }
    }

    /// The engine has been called, and answers later.
    fn called(&self, cache: &Cache) {
        let mut progress = self.progress.lock();
        if progress.stage == Stage::Ended {
            let (due, fetched) = (progress.due.take(), progress.fetched.take());
            drop(progress);
            if let Some(lead) = due {
                fetch_in_background(cache, lead, fetched);
            }
            return;
        }
        progress.stage = Stage::Called;
        // A write that lets lookups see the old entry leaves them the read that is under way as well.
        if self.fetch.is_none() {
            cache.slots.write_called(&self.place);
        }
    }
}

impl OnEnd for Write {
    fn ended(&self, ended: Ended) {
        let mut progress = self.progress.lock();
        let stage = std::mem::replace(&mut progress.stage, Stage::Ended);
        let outer = std::mem::take(&mut progress.outer);
        let cache = self.cache.upgrade();
        let lead = cache.as_ref().and_then(|cache| {
            let id = cache.slots.end_write(&self.place, self.fetch.is_some(), ended, &cache.values)?;
            let Fetch { store, presence } = self.fetch.as_ref()?;
            Some(Lead::of_fetch(cache, presence, &self.place, id, Weak::clone(store)))
        });
        if stage == Stage::Calling && lead.is_some() {
            // The caller can do it, who will be back in a moment.
            progress.due = lead;
            drop(progress);
        } else {
            let fetched = progress.fetched.take();
            drop(progress);
            if let (Some(cache), Some(lead)) = (cache, lead) {
                fetch_in_background(&cache, lead, fetched);
            }
        }
        outer.end(ended);
    }
}

/// Asks the engine, and does not wait for it: this may be the thread that writes.
fn fetch_in_background(cache: &Cache, lead: Lead, fetched: Option<oneshot::Sender<()>>) {
    cache.background.drive(async move {
        let read = lead.fetch();
        drop(fetched);
        if let Some(read) = read {
            hear(read).await;
        }
    });
}

/// Waits for the end of a fetch.
pub(super) async fn hear(read: SharedRead) {
    if let Err(error) = read.await {
        tracing::debug!(
            error = &error as &dyn std::error::Error,
            "an entry could not be fetched in the background; the next lookup reads it"
        );
    }
}
