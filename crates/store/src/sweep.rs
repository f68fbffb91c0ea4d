//! The sweeper: a thread that removes expired entries.

use std::error::Error as StdError;
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::clock::Clock;
use crate::engine::Engine;
use crate::error::KvError;

/// Entries removed in one step: little enough that writers hardly notice, and many enough to keep up.
const STEP: NonZeroUsize = NonZeroUsize::new(1000).unwrap();

/// Shortest pause between two sweeps: looking without a pause would keep a core and the engine's writer busy.
const MIN_PAUSE: Duration = Duration::from_millis(10);

/// Sweeps until it is stopped or dropped; then it finishes its step and is gone.
#[derive(Debug)]
pub(crate) struct Sweeper {
    /// Dropped to stop the thread.
    alive: Mutex<Option<Sender<()>>>,
    thread: Option<JoinHandle<()>>,
}

impl Sweeper {
    /// Sweeps at once, and then after every pause of `every`.
    pub(crate) fn start(
        engine: Arc<dyn Engine>,
        clock: Arc<dyn Clock>,
        every: Duration,
    ) -> std::io::Result<Self> {
        let (alive, stopped) = channel();
        let sweep = move || sweep_until(&stopped, &*engine, &*clock, every.max(MIN_PAUSE));
        let thread = std::thread::Builder::new().name("edgekv-sweeper".into()).spawn(sweep)?;
        Ok(Self { alive: Mutex::new(Some(alive)), thread: Some(thread) })
    }

    /// Tells it to end, and does not wait until it has.
    pub(crate) fn stop(&self) {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

fn sweep_until(stopped: &Receiver<()>, engine: &dyn Engine, clock: &dyn Clock, pause: Duration) {
    loop {
        // What has expired while nobody swept is taken first, in as many steps as it needs.
        while stopped.try_recv() == Err(TryRecvError::Empty) && sweep_step(engine, clock) {}
        if stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

/// One step; says whether another one is worth while. An engine may take less than a whole step, when entries are
/// large, so only nothing at all is the end.
fn sweep_step(engine: &dyn Engine, clock: &dyn Clock) -> bool {
    match engine.sweep(clock.now(), STEP).wait() {
        Ok(0) => false,
        Ok(swept) => {
            tracing::debug!(swept, "removed expired entries");
            true
        }
        // Somebody has closed the engine, and is about to stop this thread as well.
        Err(KvError::Closed) => false,
        Err(error) => {
            let error = &error as &dyn StdError;
            tracing::warn!(error, "expired entries could not be removed; will try again");
            false
        }
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            // A sweeper that panicked has said so itself.
            let _ = thread.join();
        }
    }
}
