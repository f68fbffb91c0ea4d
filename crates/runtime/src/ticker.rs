//! The clock by which guests that run asynchronously give their thread back.

use std::io;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use wasmtime::Engine;

/// As long as it lives, the epoch of an engine goes on.
#[derive(Debug)]
pub(crate) struct Ticker {
    /// Nothing is ever sent: that it is gone ends the thread, without waiting for the next tick.
    _alive: Sender<()>,
}

impl Ticker {
    pub(crate) fn start(engine: &Engine, period: Duration) -> io::Result<Self> {
        let (alive, ended) = channel();
        // The thread must not keep alive what it serves.
        let engine = engine.weak();
        let tick = move || {
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(period) {
                match engine.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => break,
                }
            }
        };
        thread::Builder::new().name("edgekv-ticker".into()).spawn(tick)?;
        Ok(Self { _alive: alive })
    }
}
