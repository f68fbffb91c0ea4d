//! `--watch`: the application is loaded again when its file changes.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use edgekv_runtime::Runtime;
use edgekv_server::Server;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

/// How long a file has to rest before it is loaded: compilers write in steps.
const REST: Duration = Duration::from_millis(100);

/// Watches for as long as it lives.
#[derive(Debug)]
pub(crate) struct Watch {
    _watcher: RecommendedWatcher,
}

/// Begins to watch `program`. A changed file that can be loaded answers from the next request on.
pub(crate) fn reload(runtime: Runtime, program: PathBuf, server: Server) -> Result<Watch> {
    let message = format!("cannot watch {}", program.display());
    let cannot = || message.clone();
    // A link is followed now: what it points to may be replaced, and is what has to be watched then.
    let file = program.canonicalize().with_context(cannot)?;
    let folder = file.parent().map(Path::to_owned).with_context(cannot)?;
    let (changed, changes) = mpsc::channel();
    let name = file.file_name().map(ToOwned::to_owned);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        let concerns = event.is_ok_and(|event| {
            !matches!(event.kind, EventKind::Access(_))
                && event.paths.iter().any(|path| path.file_name().map(ToOwned::to_owned) == name)
        });
        if concerns {
            // The other end goes when the process does.
            let _ = changed.send(());
        }
    })
    .with_context(cannot)?;
    // The folder, not the file: most tools write another file and rename it.
    watcher.watch(&folder, RecursiveMode::NonRecursive).with_context(cannot)?;
    thread::Builder::new()
        .name("edgekv-watch".into())
        .spawn(move || {
            while changes.recv().is_ok() {
                while let Ok(()) = changes.recv_timeout(REST) {}
                load(&runtime, &program, &server);
            }
        })
        .with_context(cannot)?;
    Ok(Watch { _watcher: watcher })
}

fn load(runtime: &Runtime, program: &Path, server: &Server) {
    match runtime.load(program) {
        Ok(new) => {
            server.replace(new);
            tracing::info!(target: "edgekv::app", "{} was loaded again", program.display());
        }
        Err(error) => tracing::warn!("{error}; the application that was loaded before goes on"),
    }
}
