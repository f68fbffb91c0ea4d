//! How far a transfer has come, in a file, so that another run goes on from there.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use edgekv_runtime::regular_file;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::Tally;
use crate::exit::{Failure, Status};

const VERSION: u32 = 1;

/// How often what is done is noted.
const EVERY: Duration = Duration::from_millis(500);

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
    /// Behind this file of a folder, or this key of a store.
    After(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checkpoint {
    version: u32,
    pub(crate) job: Job,
    pub(crate) position: Position,
    /// Hash of the start of what was read until then.
    pub(crate) head: Option<String>,
    pub(crate) done: Tally,
}

impl Checkpoint {
    pub(crate) const fn new(job: Job, position: Position, head: Option<String>, done: Tally) -> Self {
        Self { version: VERSION, job, position, head, done }
    }
}

/// A hash as text.
pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where the checkpoints of a job are kept.
#[derive(Debug)]
pub(crate) struct Keeper {
    path: PathBuf,
    /// Whether the user has named the file: then it has to work.
    is_asked_for: bool,
    job: Job,
    /// When something was noted last.
    noted: Option<Instant>,
    /// Whether it has been said that it does not work.
    is_broken: bool,
}

impl Keeper {
    /// Keeps them in `file`, or else beside `beside`, under a name that no other job has.
    pub(crate) fn new(file: Option<&Path>, beside: &Path, job: Job) -> Self {
        let path = file.map_or_else(
            || {
                let all = [&job.what, &job.data, &job.store, &job.prefix, &job.path].map(String::as_str);
                let mut name = beside.file_name().unwrap_or_default().to_owned();
                let digest = digest(all.join("\0").as_bytes());
                name.push(format!(".edgekv-{}-{}", job.what, digest.get(..8).unwrap_or_default()));
                beside.with_file_name(name)
            },
            Path::to_owned,
        );
        Self { path, is_asked_for: file.is_some(), job, noted: None, is_broken: false }
    }

    /// What an earlier run of the same job has noted.
    pub(crate) fn load(&self) -> Result<Option<Checkpoint>, Failure> {
        let cannot = |why: &dyn std::fmt::Display| {
            let path = self.path.display();
            Failure::said(
                Status::BadData,
                format!("cannot go on from {path}: {why}; remove it to begin anew"),
            )
        };
        let text = match regular_file::read(&self.path, MAX_BYTES) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(cannot(&error)),
        };
        let checkpoint: Checkpoint = serde_json::from_slice(&text)
            .map_err(|error| cannot(&format!("it is no checkpoint ({error})")))?;
        if checkpoint.version != VERSION {
            return Err(cannot(&format!("it has version {}; known here is {VERSION}", checkpoint.version)));
        }
        if checkpoint.job != self.job {
            return Err(cannot(&"it belongs to another transfer, or the input has changed since"));
        }
        Ok(Some(checkpoint))
    }

    /// Whether it is time to note something: at once, and then now and again.
    pub(crate) fn is_due(&self) -> bool {
        self.noted.is_none_or(|noted| noted.elapsed() >= EVERY)
    }

    /// Notes how far it has come, in one step: whatever happens, what is there is whole.
    pub(crate) fn note(
        &mut self,
        position: Position,
        head: Option<String>,
        done: Tally,
    ) -> Result<(), Failure> {
        self.noted = Some(Instant::now());
        if self.is_broken {
            return Ok(());
        }
        let checkpoint = Checkpoint::new(self.job.clone(), position, head, done);
        let written = serde_json::to_vec(&checkpoint).map_err(io::Error::from).and_then(|text| {
            let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let mut file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
            file.write_all(&text)?;
            file.persist(&self.path).map_err(io::Error::from)?;
            Ok(())
        });
        match written {
            Ok(()) => Ok(()),
            Err(error) if self.is_asked_for => {
                let message = format!("cannot write the checkpoint {}: {error}", self.path.display());
                Err(Failure::said(Status::CannotWrite, message))
            }
            Err(error) => {
                self.is_broken = true;
                tracing::warn!(
                    "cannot write {}: {error}; an interrupted transfer begins anew, unless --resume names another file",
                    self.path.display()
                );
                Ok(())
            }
        }
    }

    /// How to go on after an interrupt or a failure.
    pub(crate) fn advice(&self) -> String {
        if self.is_broken {
            "running the same command again begins anew".to_owned()
        } else {
            format!("the same command again goes on from there, by {}", self.path.display())
        }
    }

    /// The job is done.
    pub(crate) fn remove(&self) -> Result<(), Failure> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                let message = format!("all is done, but {} cannot be removed: {error}", self.path.display());
                Err(Failure::said(Status::CannotWrite, message))
            }
            _ => Ok(()),
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
            prefix: String::new(),
            path: "/i".into(),
            input: Some((7, 8)),
        }
    }

    const DONE: Tally = Tally { items: 3, bytes: 4, errors: 5 };

    fn position() -> Position {
        Position::Offset { bytes: 9, line: 2 }
    }

    #[test]
    fn what_is_noted_is_there_for_the_same_job_only() {
        let folder = tempfile::tempdir().unwrap();
        let beside = folder.path().join("input");
        let mut keeper = Keeper::new(None, &beside, job());
        assert_eq!(keeper.load().unwrap(), None);
        keeper.note(position(), Some("h".into()), DONE).unwrap();
        let again = Keeper::new(None, &beside, job());
        let expected = Checkpoint::new(job(), position(), Some("h".into()), DONE);
        assert_eq!(again.load().unwrap(), Some(expected));

        let changed = Keeper::new(None, &beside, Job { input: Some((7, 9)), ..job() });
        assert_eq!(changed.path, keeper.path);
        let failure = changed.load().unwrap_err();
        assert!(failure.error.to_string().contains("the input has changed"), "{failure:?}");
        let other = Keeper::new(None, &beside, Job { store: "2".into(), ..job() });
        assert_eq!(other.load().unwrap(), None, "another target has a file of its own");
        let named = Keeper::new(Some(&keeper.path), &beside, Job { store: "2".into(), ..job() });
        assert!(named.load().is_err(), "unless one is named");

        keeper.remove().unwrap();
        assert_eq!(again.load().unwrap(), None);
        keeper.remove().unwrap();
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn what_is_no_checkpoint_is_an_answer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c");
        let keeper = Keeper::new(Some(&path), Path::new("input"), job());
        for text in ["", "{}", "[]", "{\"version\":1}", "\u{0}"] {
            fs::write(&path, text).unwrap();
            assert_eq!(keeper.load().unwrap_err().status, Status::BadData, "{text:?}");
        }
        let text = serde_json::to_string(&Checkpoint::new(job(), position(), None, DONE)).unwrap();
        fs::write(&path, text.replace("\"version\":1", "\"version\":2")).unwrap();
        assert!(keeper.load().unwrap_err().error.to_string().contains("version 2"));
    }

    #[test]
    fn a_file_that_was_asked_for_has_to_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("c");
        let mut asked = Keeper::new(Some(&path), Path::new("input"), job());
        assert_eq!(asked.note(position(), None, DONE).unwrap_err().status, Status::CannotWrite);
        let mut own = Keeper::new(None, &path, job());
        own.note(position(), None, DONE).unwrap();
        assert!(own.advice().contains("anew"));
    }
}
