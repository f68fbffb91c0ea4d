//! How far a transfer has come, in a file, so that another run goes on from there.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use edgekv_runtime::regular_file;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Tally, sync_folder};
use crate::exit::{Failure, Status};
use crate::interrupt::Unfinished;

const VERSION: u32 = 1;

/// How often what is done is noted.
const EVERY: Duration = Duration::from_millis(500);

/// Most of the time that notes may take, as a divisor: a disk that is slow is not to do nothing else.
const SHARE: u32 = 10;

/// Most bytes of a name, where file systems have such a limit.
const MAX_NAME_BYTES: usize = 255;

const MAX_BYTES: u64 = 64 * 1024;

/// What is transferred from where to where. Only the same transfer goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Job {
    /// `import` or `export`.
    pub(crate) what: String,
    /// The engine or the server.
    pub(crate) data: String,
    /// The identity of the store.
    pub(crate) store: String,
    /// When the store was made: another database may have one of the same identity.
    pub(crate) created: String,
    /// Which keys of it.
    pub(crate) prefix: String,
    /// The file or folder.
    pub(crate) path: String,
    /// Of a file that is read: its length, and when it was written, in microseconds since 1970.
    pub(crate) input: Option<(u64, u64)>,
}

/// Where to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Position {
    /// Behind so many bytes of a file, on this line.
    Offset { bytes: u64, line: u64 },
    /// Behind this key of a store, or this file of a folder, as [`encoded`](super::folder::encoded) names it.
    After(String),
}

/// How far a transfer has come, and what shows later that this is still so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    pub(crate) position: Position,
    pub(crate) done: Tally,
    /// Hash of the start of what was read until then.
    pub(crate) head: Option<String>,
    /// The last key that was written to the store.
    pub(crate) last: Option<String>,
    /// What the folder that is written to has for a mark.
    pub(crate) mark: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Checkpoint {
    version: u32,
    job: Job,
    place: Place,
}

/// What an earlier run has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Before {
    Nothing,
    /// Something that is of no use any more, and why.
    Stale(String),
    There(Place),
}

impl Before {
    /// The place to go on from, if it still is one: `stale` may say why it is not.
    pub(crate) fn unless(
        self,
        stale: impl FnOnce(&Place) -> Result<Option<String>, Failure>,
    ) -> Result<Self, Failure> {
        Ok(match self {
            Self::There(place) => match stale(&place)? {
                Some(why) => Self::Stale(why),
                None => Self::There(place),
            },
            other => other,
        })
    }

    pub(crate) fn place(&self) -> Option<&Place> {
        match self {
            Self::There(place) => Some(place),
            Self::Nothing | Self::Stale(_) => None,
        }
    }

    /// What to tell about it.
    pub(crate) fn notice(&self) -> Option<String> {
        match self {
            Self::There(place) if place.done.items + place.done.errors > 0 => {
                Some(format!("goes on after item {}", place.done.items + place.done.errors))
            }
            Self::Stale(why) => Some(format!("begins anew, because {why}")),
            Self::Nothing | Self::There(_) => None,
        }
    }
}

/// A hash as text.
pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file beside another one, with its name and more. The name is cut where it would be too long for one.
pub(crate) fn beside(path: &Path, more: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default();
    let room = MAX_NAME_BYTES.saturating_sub(more.len());
    if name.len() <= room {
        let mut name = name.to_owned();
        name.push(more);
        return path.with_file_name(name);
    }
    let mut name = name.to_string_lossy().into_owned();
    name.truncate(name.floor_char_boundary(room));
    path.with_file_name(name + more)
}

/// Where the checkpoints of a job are kept.
#[derive(Debug)]
pub(crate) struct Keeper {
    path: PathBuf,
    /// Whether the user has named the file: then it has to work.
    is_asked_for: bool,
    job: Job,
    /// When the next one is due.
    due: Option<Instant>,
    /// Whether there is one to go on from.
    is_there: bool,
    /// Whether it has been said that it does not work.
    has_warned: bool,
}

impl Keeper {
    /// Keeps them in `file`, or else beside `neighbour`, under a name that no other job has.
    pub(crate) fn new(file: Option<&Path>, neighbour: &Path, job: Job) -> Self {
        let path = file.map_or_else(
            || {
                let all = [&job.what, &job.data, &job.store, &job.prefix, &job.path].map(String::as_str);
                let digest = digest(all.join("\0").as_bytes());
                beside(neighbour, &format!(".edgekv-{}-{}", job.what, digest.get(..8).unwrap_or_default()))
            },
            Path::to_owned,
        );
        Self { path, is_asked_for: file.is_some(), job, due: None, is_there: false, has_warned: false }
    }

    /// What an earlier run of the same job has noted.
    pub(crate) fn load(&mut self) -> Result<Before, Failure> {
        let cannot = |why: &dyn std::fmt::Display| {
            let path = self.path.display();
            Failure::said(
                Status::BadData,
                format!("cannot go on from {path}: {why}; remove it to begin anew"),
            )
        };
        let text = match regular_file::read(&self.path, MAX_BYTES) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Before::Nothing),
            // Where there can be none, there is none.
            Err(error) if error.kind() == io::ErrorKind::InvalidFilename && !self.is_asked_for => {
                return Ok(Before::Nothing);
            }
            Err(error) => return Err(cannot(&error)),
        };
        let checkpoint: Checkpoint = serde_json::from_slice(&text)
            .map_err(|error| cannot(&format!("it is no checkpoint ({error})")))?;
        if checkpoint.version != VERSION {
            return Err(cannot(&format!("it has version {}; known here is {VERSION}", checkpoint.version)));
        }
        let Checkpoint { job, place, .. } = checkpoint;
        let same = Job { created: job.created.clone(), input: job.input, ..self.job.clone() };
        if job != same {
            return Err(cannot(&"it belongs to another transfer"));
        }
        if job.created != self.job.created {
            return Ok(Before::Stale("the store has been made anew since".to_owned()));
        }
        if job.input != self.job.input {
            return Ok(Before::Stale("the input has changed since".to_owned()));
        }
        self.is_there = true;
        Ok(Before::There(place))
    }

    /// Whether it is time to note something: at once, and then now and again.
    pub(crate) fn is_due(&self) -> bool {
        self.due.is_none_or(|due| Instant::now() >= due)
    }

    /// Notes how far it has come, in one step: whatever happens, what is there is whole. `sync` is called before, and makes
    /// durable what is said to be done.
    pub(crate) fn note(
        &mut self,
        place: Place,
        sync: impl FnOnce() -> io::Result<()>,
    ) -> Result<(), Failure> {
        let started = Instant::now();
        let written = sync().and_then(|()| self.write(place));
        let took = started.elapsed();
        self.due = Some(Instant::now() + EVERY.max(took.saturating_mul(SHARE)));
        match written {
            Ok(()) => {
                self.is_there = true;
                Ok(())
            }
            Err(error) if self.is_asked_for => {
                let message = format!("cannot write the checkpoint {}: {error}", self.path.display());
                Err(Failure::said(Status::CannotWrite, message))
            }
            Err(error) => {
                if !self.has_warned {
                    self.has_warned = true;
                    tracing::warn!(
                        "cannot write {}: {error}; an interrupted transfer {}, unless --resume names another file",
                        self.path.display(),
                        if self.is_there { "goes on from further back" } else { "begins anew" }
                    );
                }
                Ok(())
            }
        }
    }

    fn write(&self, place: Place) -> io::Result<()> {
        let checkpoint = Checkpoint { version: VERSION, job: self.job.clone(), place };
        let text = serde_json::to_vec(&checkpoint)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let mut unfinished = Unfinished::create(&tempfile::Builder::new(), folder)?;
        let file = unfinished.file();
        file.write_all(&text)?;
        // Without this, a power failure could leave the name with nothing behind it.
        file.as_file().sync_all()?;
        unfinished.persist(&self.path)?;
        sync_folder(folder)
    }

    /// How to go on after an interrupt or a failure.
    pub(crate) fn advice(&self) -> String {
        if self.is_there {
            format!("the same command again goes on from there, by {}", self.path.display())
        } else {
            "running the same command again begins anew".to_owned()
        }
    }

    /// Forgets the place: the next run begins anew.
    pub(crate) fn forget(&mut self) -> Result<(), Failure> {
        self.is_there = false;
        self.remove_file().map_err(|error| {
            let message = format!("cannot remove the checkpoint {}: {error}", self.path.display());
            Failure::said(Status::CannotWrite, message)
        })
    }

    /// The job is done.
    pub(crate) fn remove(&self) -> Result<(), Failure> {
        self.remove_file().map_err(|error| {
            let message = format!("all is done, but {} cannot be removed: {error}", self.path.display());
            Failure::said(Status::CannotWrite, message)
        })
    }

    fn remove_file(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error)
                if error.kind() == io::ErrorKind::NotFound
                    || (error.kind() == io::ErrorKind::InvalidFilename && !self.is_asked_for) =>
            {
                Ok(())
            }
            removed => removed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> Job {
        Job {
            what: "import".into(),
            data: "redb:/d".into(),
            store: "1".into(),
            created: "2".into(),
            prefix: String::new(),
            path: "/i".into(),
            input: Some((7, 8)),
        }
    }

    fn place() -> Place {
        Place {
            position: Position::Offset { bytes: 9, line: 2 },
            done: Tally { items: 3, bytes: 4, errors: 5 },
            head: Some("h".into()),
            last: Some("k".into()),
            mark: None,
        }
    }

    fn note(keeper: &mut Keeper) -> Result<(), Failure> {
        keeper.note(place(), || Ok(()))
    }

    #[test]
    fn what_is_noted_is_there_for_the_same_job_only() {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("input");
        let mut keeper = Keeper::new(None, &input, job());
        assert_eq!(keeper.load().unwrap(), Before::Nothing);
        note(&mut keeper).unwrap();
        let mut again = Keeper::new(None, &input, job());
        assert_eq!(again.load().unwrap(), Before::There(place()));
        let other = Job { store: "2".into(), ..job() };
        assert_eq!(
            Keeper::new(None, &input, other.clone()).load().unwrap(),
            Before::Nothing,
            "another target has a file of its own"
        );
        let named = Keeper::new(Some(&keeper.path), &input, other).load().unwrap_err();
        assert!(named.error.to_string().contains("another transfer"), "unless one is named: {named:?}");

        keeper.remove().unwrap();
        assert_eq!(again.load().unwrap(), Before::Nothing);
        keeper.remove().unwrap();
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn what_may_not_be_so_any_more_is_no_place_to_go_on_from() {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("input");
        let mut keeper = Keeper::new(None, &input, job());
        note(&mut keeper).unwrap();
        for (job, word) in [
            (Job { input: Some((7, 9)), ..job() }, "the input has changed"),
            (Job { created: "3".into(), ..job() }, "made anew"),
        ] {
            let mut later = Keeper::new(None, &input, job);
            assert_eq!(later.path, keeper.path);
            let before = later.load().unwrap();
            assert!(matches!(&before, Before::Stale(why) if why.contains(word)), "{before:?}");
            assert!(before.notice().unwrap().starts_with("begins anew, because "), "{before:?}");
            assert!(later.advice().contains("anew"));
        }
    }

    #[test]
    fn what_is_no_checkpoint_is_an_answer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c");
        let mut keeper = Keeper::new(Some(&path), Path::new("input"), job());
        for text in ["", "{}", "[]", "{\"version\":1}", "\u{0}"] {
            fs::write(&path, text).unwrap();
            assert_eq!(keeper.load().unwrap_err().status, Status::BadData, "{text:?}");
        }
        let checkpoint = Checkpoint { version: 2, job: job(), place: place() };
        fs::write(&path, serde_json::to_string(&checkpoint).unwrap()).unwrap();
        assert!(keeper.load().unwrap_err().error.to_string().contains("version 2"));
    }

    #[test]
    fn a_file_that_was_asked_for_has_to_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("c");
        let mut asked = Keeper::new(Some(&path), Path::new("input"), job());
        assert_eq!(note(&mut asked).unwrap_err().status, Status::CannotWrite);
        let mut own = Keeper::new(None, &path, job());
        note(&mut own).unwrap();
        assert!(own.advice().contains("anew"));
    }

    #[test]
    fn an_older_place_is_as_good_as_it_was_when_a_newer_one_cannot_be_noted() {
        let folder = tempfile::tempdir().unwrap();
        let mut keeper = Keeper::new(None, &folder.path().join("input"), job());
        note(&mut keeper).unwrap();
        let later = Place { last: Some("later".into()), ..place() };
        keeper.note(later, || Err(io::ErrorKind::StorageFull.into())).unwrap();
        assert!(keeper.advice().contains("goes on from there"), "{}", keeper.advice());
        assert_eq!(keeper.load().unwrap(), Before::There(place()));
    }

    #[test]
    fn long_names_are_cut_to_fit() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["i".repeat(255), "é".repeat(127), "i".repeat(240), "short".into()] {
            let input = folder.path().join(&name);
            fs::write(&input, "").unwrap();
            let mut keeper = Keeper::new(None, &input, job());
            assert_eq!(keeper.load().unwrap(), Before::Nothing, "{name}");
            note(&mut keeper).unwrap();
            assert_eq!(keeper.load().unwrap(), Before::There(place()), "{name}");
            keeper.remove().unwrap();
        }
    }
}
