//! `--watch`: the application is loaded again when its file changes.

use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use edgekv_runtime::{Program, Runtime};
use edgekv_server::Server;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

/// How long a file has to rest before it is loaded: compilers write in steps.
const REST: Duration = Duration::from_millis(100);

/// How often a folder that is not there is looked for: what is cleaned away is mostly built again.
const SEARCH_EVERY: Duration = Duration::from_secs(1);

/// Most links on the way to a file, as systems have it.
const MAX_LINKS: usize = 40;

/// How often the way to the file may change while we begin to watch it.
const MAX_ATTEMPTS: usize = 8;

/// Changes of a file, from [`Watch::begin`] on.
#[derive(Debug)]
pub(crate) struct Watch {
    program: PathBuf,
    watcher: RecommendedWatcher,
    trail: Arc<Mutex<Trail>>,
    changes: Receiver<()>,
}

impl Watch {
    /// Begins to watch the file, and all links that lead to it.
    pub(crate) fn begin(program: &Path) -> Result<Self> {
        let cannot = || format!("cannot watch {}", program.display());
        let trail = Arc::new(Mutex::new(Trail::default()));
        let watched = Arc::clone(&trail);
        // Room for one: that there was a change is all there is to know.
        let (changed, changes) = sync_channel(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // After an error nobody knows what was missed.
            if event.map_or(true, |event| lock(&watched).is_changed_by(&event)) {
                // If there is no room, the change before is still to be seen. The other end goes when the process does.
                let _ = changed.try_send(());
            }
        });
        let watcher = watcher.with_context(cannot)?;
        let mut watch = Self { program: program.to_owned(), watcher, trail, changes };
        watch.follow().with_context(cannot)?;
        Ok(watch)
    }

    /// From now on, and as long as the process lives, a changed file that can be loaded answers from the next request on.
    pub(crate) fn reload(mut self, runtime: Runtime, server: Server) -> Result<()> {
        let message = format!("cannot watch {}", self.program.display());
        let watch = move || {
            let mut is_watched = true;
            while self.wait(is_watched) {
                while let Ok(()) = self.changes.recv_timeout(REST) {}
                // Before the load, for the same reason as at the start. What links lead to may be elsewhere now.
                let followed = self.follow();
                if let Err(error) = &followed {
                    tracing::debug!("cannot watch {}: {error:#}", self.program.display());
                }
                if is_watched || followed.is_ok() {
                    load(&runtime, &self.program, &server);
                }
                is_watched = followed.is_ok();
            }
        };
        thread::Builder::new().name("edgekv-watch".into()).spawn(watch).context(message)?;
        Ok(())
    }

    /// Waits for a change; when a folder was not there, not for ever.
    fn wait(&self, is_watched: bool) -> bool {
        if is_watched {
            return self.changes.recv().is_ok();
        }
        !matches!(self.changes.recv_timeout(SEARCH_EVERY), Err(RecvTimeoutError::Disconnected))
    }

    /// Watches what leads to the file now.
    ///
    /// It is the folders that are watched: most tools write another file, or make another link, and rename it.
    fn follow(&mut self) -> Result<()> {
        // A folder that was removed, and made again, has to be watched anew. It looks the same.
        for folder in std::mem::take(&mut *lock(&self.trail)).folders() {
            let _ = self.watcher.unwatch(folder);
        }
        let mut watched = BTreeSet::new();
        for _ in 0..MAX_ATTEMPTS {
            let trail = Trail::of(&self.program)?;
            *lock(&self.trail) = trail.clone();
            for folder in trail.folders() {
                if watched.insert(folder.to_owned()) {
                    self.watcher.watch(folder, RecursiveMode::NonRecursive)?;
                }
            }
            if Trail::of(&self.program)? == trail {
                return Ok(());
            }
        }
        anyhow::bail!("the links to it change all the time")
    }
}

fn lock(trail: &Mutex<Trail>) -> std::sync::MutexGuard<'_, Trail> {
    trail.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The links that lead to a file, and the file: each by a path whose folder has no links.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Trail(BTreeSet<PathBuf>);

impl Trail {
    /// What leads to the file of this path, whether it is there or not.
    fn of(path: &Path) -> io::Result<Self> {
        let mut entries = BTreeSet::new();
        let mut at = PathBuf::new();
        let mut rest = std::path::absolute(path)?;
        let mut links = 0;
        loop {
            let mut components = rest.components();
            let Some(component) = components.next() else { break };
            let after = components.as_path().to_owned();
            match component {
                Component::CurDir => {}
                Component::ParentDir => drop(at.pop()),
                other => at.push(other),
            }
            rest = match at.read_link() {
                Ok(target) if matches!(component, Component::Normal(_)) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(io::Error::other("links lead to each other"));
                    }
                    entries.insert(at.clone());
                    at.pop();
                    // A target that begins at the root takes the place of all before.
                    target.join(after)
                }
                _ => after,
            };
        }
        entries.insert(at);
        Ok(Self(entries))
    }

    fn folders(&self) -> impl Iterator<Item = &Path> {
        let folders: BTreeSet<_> = self.0.iter().filter_map(|entry| entry.parent()).collect();
        folders.into_iter()
    }

    /// Whether the file may be another one after this.
    fn is_changed_by(&self, event: &Event) -> bool {
        if event.need_rescan() {
            // More has happened than the system could tell.
            return true;
        }
        let is_removal = matches!(event.kind, EventKind::Remove(_));
        !matches!(event.kind, EventKind::Access(_))
            && (event.paths.is_empty()
                || event.paths.iter().any(|path| {
                    self.0.contains(path) || is_removal && self.folders().any(|folder| folder == path)
                }))
    }
}

fn load(runtime: &Runtime, program: &Path, server: &Server) {
    match runtime.load(program).and_then(Program::for_serving) {
        Ok(new) => {
            server.replace(new);
            tracing::info!(target: "edgekv::app", "{} was loaded again", program.display());
        }
        // Perhaps it is only half written: the other half is the next change.
        Err(error) => tracing::warn!("{error}; the application that was loaded before goes on"),
    }
}

#[cfg(test)]
mod tests {
    use notify::event::{AccessKind, DataChange, Flag, ModifyKind, RemoveKind};

    use super::*;

    fn event(kind: EventKind, path: &str) -> Event {
        Event::new(kind).add_path(path.into())
    }

    #[test]
    fn what_concerns_the_file_is_a_change_and_so_is_what_nobody_knows() {
        let trail = Trail([PathBuf::from("/a/link"), PathBuf::from("/b/app.wasm")].into());
        let written = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        let removed = EventKind::Remove(RemoveKind::Folder);
        for change in [
            event(written, "/a/link"),
            event(written, "/b/app.wasm"),
            event(removed, "/b"),
            Event::new(EventKind::Other).set_flag(Flag::Rescan),
            Event::new(EventKind::Any),
        ] {
            assert!(trail.is_changed_by(&change), "{change:?}");
        }
        for other in [
            event(written, "/b/other.wasm"),
            event(written, "/c/app.wasm"),
            event(written, "/b"),
            event(removed, "/c"),
            event(EventKind::Access(AccessKind::Read), "/b/app.wasm"),
        ] {
            assert!(!trail.is_changed_by(&other), "{other:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn all_links_on_the_way_are_on_the_trail() {
        use std::fs;
        use std::os::unix::fs::symlink;

        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        fs::create_dir_all(home.join("releases/1")).unwrap();
        fs::write(home.join("releases/1/app.wasm"), "").unwrap();
        symlink("releases/1", home.join("current")).unwrap();
        symlink("../releases/./../current/app.wasm", home.join("releases/link")).unwrap();
        symlink(home.join("releases/link"), home.join("absolute")).unwrap();
        symlink("loop", home.join("loop")).unwrap();
        let trail = |path: &str, expected: &[&str]| {
            let expected = expected.iter().map(|path| home.join(path)).collect();
            assert_eq!(Trail::of(&home.join(path)).unwrap(), Trail(expected), "{path}");
        };
        trail("releases/1/app.wasm", &["releases/1/app.wasm"]);
        trail("current/app.wasm", &["current", "releases/1/app.wasm"]);
        trail("absolute", &["absolute", "releases/link", "current", "releases/1/app.wasm"]);
        trail("nowhere/app.wasm", &["nowhere/app.wasm"]);
        assert!(Trail::of(&home.join("loop")).is_err());
    }
}
