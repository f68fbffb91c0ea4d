//! Ctrl-C, and other requests to terminate: what guests have written is made durable, and the database closed, before
//! the process goes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::Context;
use edgekv_store::Stores;
use tempfile::NamedTempFile;

use crate::exit::Status;

/// A request to stop a server. Once per process, and not together with [`CloseOnInterrupt`]; clones are the
/// same request.
#[derive(Debug, Clone)]
pub(crate) struct Stop(tokio::sync::watch::Receiver<bool>);

impl Stop {
    /// Prepares for an interrupt. The second one ends the process at once.
    pub(crate) fn on_interrupt() -> anyhow::Result<Self> {
        let (sender, receiver) = tokio::sync::watch::channel(false);
        let handler = move || {
            if sender.send_replace(true) {
                exit();
            }
        };
        ctrlc::set_handler(handler).context("cannot prepare for Ctrl-C")?;
        Ok(Self(receiver))
    }

    /// Ready when the process has been asked to stop.
    pub(crate) async fn asked(mut self) {
        if self.0.wait_for(|asked| *asked).await.is_err() {
            // There will be no interrupt any more.
            std::future::pending::<()>().await;
        }
    }
}

/// As long as it lives, an interrupted process closes its stores before it exits.
#[derive(Debug)]
pub(crate) struct CloseOnInterrupt(Arc<Mutex<Option<Stores>>>);

impl CloseOnInterrupt {
    /// Prepares for an interrupt. Once per process.
    ///
    /// A guest is not asked to stop: checking for that in every loop would slow it down. It just ends with the process;
    /// what it asks of its stores while they are being closed is refused.
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
            let close = move || {
                if let Some(Err(error)) = stores.map(|stores| stores.close().wait()) {
                    eprintln!("edgekv: the last writes may be lost: {:#}", anyhow::Error::from(error));
                }
                exit();
            };
            if thread::Builder::new().name("edgekv-interrupt".into()).spawn(close).is_err() {
                exit();
            }
        };
        ctrlc::set_handler(handler).context("cannot prepare for Ctrl-C")?;
        Ok(Self(slot))
    }
}

impl Drop for CloseOnInterrupt {
    fn drop(&mut self) {
        // The handler stays for as long as the process; without this, it would hold the stores as long.
        let stores = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if stores.is_none() {
            // The interrupt came first, and perhaps a guest ended early only because its stores were closed under it.
            // That is not how this process ends: the other thread is about to end it.
            loop {
                thread::park();
            }
        }
    }
}

/// Prepares for an interrupt of a command that has nothing to close. Once per process, and not together with the others.
pub(crate) fn exit_on_interrupt() -> anyhow::Result<()> {
    ctrlc::set_handler(|| exit()).context("cannot prepare for Ctrl-C")
}

/// Files that nobody is to find after an interrupt.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As long as it lives, an interrupted process removes the file.
#[derive(Debug)]
struct Known(PathBuf);

impl Drop for Known {
    fn drop(&mut self) {
        unfinished().retain(|path| *path != self.0);
    }
}

/// A file without a name of its own yet. It goes when this is dropped, and when the process is interrupted.
#[derive(Debug)]
pub(crate) struct Unfinished {
    file: NamedTempFile,
    /// Behind the file: it is known until it has gone.
    _known: Known,
}

impl Unfinished {
    pub(crate) fn create(builder: &tempfile::Builder<'_, '_>, folder: &Path) -> io::Result<Self> {
        // An interrupt waits until the file is known.
        let mut paths = unfinished();
        let file = builder.tempfile_in(folder)?;
        paths.push(file.path().to_owned());
        let known = Known(file.path().to_owned());
        Ok(Self { file, _known: known })
    }

    pub(crate) fn file(&mut self) -> &mut NamedTempFile {
        &mut self.file
    }

    /// Gives it its name, in place of what has it now.
    pub(crate) fn persist(self, path: &Path) -> io::Result<()> {
        self.file.persist(path).map(drop).map_err(|error| error.error)
    }
}

/// Ends the process, whatever its other threads do.
fn exit() -> ! {
    // Held until the end, so that no other file comes.
    let paths = unfinished();
    for path in &*paths {
        // One that is gone already is as good.
        let _ = std::fs::remove_file(path);
    }
    std::process::exit(Status::Interrupted as i32)
}

/// Something that ends a wait.
type Wake = Box<dyn Fn() + Send>;

/// An interrupt that a command looks for between its steps. Once per process, and not together with the others.
#[derive(Clone)]
pub(crate) struct Asked {
    asked: Arc<AtomicBool>,
    wake: Arc<Mutex<Option<Wake>>>,
}

impl Asked {
    /// Prepares for an interrupt. The second one ends the process at once.
    pub(crate) fn on_interrupt() -> anyhow::Result<Self> {
        let this = Self { asked: Arc::new(AtomicBool::new(false)), wake: Arc::new(Mutex::new(None)) };
        let Self { asked, wake } = this.clone();
        let handler = move || {
            if asked.swap(true, Ordering::SeqCst) {
                exit();
            }
            if let Some(wake) = &*wake.lock().unwrap_or_else(PoisonError::into_inner) {
                wake();
            }
        };
        ctrlc::set_handler(handler).context("cannot prepare for Ctrl-C")?;
        Ok(this)
    }

    /// Whether there was one.
    pub(crate) fn is(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Calls `wake` with the interrupt, also when that came before.
    pub(crate) fn wake_by(&self, wake: impl Fn() + Send + 'static) {
        let mut slot = self.wake.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is() {
            wake();
        }
        *slot = Some(Box::new(wake));
    }
}
