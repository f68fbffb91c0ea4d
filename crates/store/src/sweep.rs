//! The sweeper: a thread that removes expired entries.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::clock::Clock;
use crate::engine::Engine;

/// Entries removed in one step: little enough that writers hardly notice, and many enough to keep up.
const STEP: NonZeroUsize = NonZeroUsize::new(1000).unwrap();

/// Sweeps until it is dropped; then it finishes its step and is gone.
#[derive(Debug)]
pub(crate) struct Sweeper {
    /// Dropped to stop the thread, before it is joined.
    alive: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sweeper {
    pub(crate) fn start(
        engine: Arc<dyn Engine>,
        clock: Arc<dyn Clock>,
        every: Duration,
    ) -> std::io::Result<Self> {
        let (alive, stopped) = channel();
        let thread = std::thread::Builder::new().name("edgekv-sweeper".into()).spawn(move || {
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                while sweep_step(&*engine, &*clock)
                    && stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty)
                {}
            }
        })?;
        Ok(Self { alive: Some(alive), thread: Some(thread) })
    }
}

/// One step; says whether another one is worth while.
fn sweep_step(engine: &dyn Engine, clock: &dyn Clock) -> bool {
    match engine.sweep(clock.now(), STEP).wait() {
        Ok(0) => false,
        Ok(swept) => {
            tracing::debug!(swept, "removed expired entries");
            swept >= STEP.get()
        }
        Err(error) => {
            tracing::warn!(%error, "expired entries could not be removed; will try again");
            false
        }
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        drop(self.alive.take());
        if let Some(thread) = self.thread.take() {
            // A sweeper that panicked has said so itself.
            let _ = thread.join();
        }
    }
}
