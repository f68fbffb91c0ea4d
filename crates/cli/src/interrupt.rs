//! Ctrl-C, and other requests to terminate: what guests have written is made durable before the process goes.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Context;
use edgekv_store::Stores;

use crate::exit::Status;

/// As long as it lives, an interrupted process flushes its stores before it exits.
#[derive(Debug)]
pub(crate) struct FlushOnInterrupt(Arc<Mutex<Option<Stores>>>);

impl FlushOnInterrupt {
    /// Prepares for an interrupt. Once per process.
    ///
    /// A guest is not asked to stop: checking for that in every loop would slow it down. It just ends with the process,
    /// which the engine's data survive, as they would a crash.
    pub(crate) fn new(stores: Stores) -> anyhow::Result<Self> {
        let slot = Arc::new(Mutex::new(Some(stores)));
        let handler_slot = Arc::clone(&slot);
        let mut interrupted = false;
        let handler = move || {
            if interrupted {
                // The second time it is urgent.
                exit();
            }
            interrupted = true;
            let stores = handler_slot.lock().unwrap_or_else(PoisonError::into_inner).take();
            // On a thread of its own, so that this one is free to see the second interrupt.
            let flush = move || {
                if let Some(Err(error)) = stores.map(|stores| stores.flush().wait()) {
                    eprintln!("edgekv: the last writes may be lost: {error}");
                }
                exit();
            };
            if thread::Builder::new().name("edgekv-interrupt".into()).spawn(flush).is_err() {
                exit();
            }
        };
        ctrlc::set_handler(handler).context("cannot prepare for Ctrl-C")?;
        Ok(Self(slot))
    }
}

impl Drop for FlushOnInterrupt {
    fn drop(&mut self) {
        // The handler stays for as long as the process; without this, the engine would never be closed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Ends the process, whatever its other threads do.
fn exit() -> ! {
    std::process::exit(Status::Interrupted as i32)
}
