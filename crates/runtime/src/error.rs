//! Why there is no run.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::escaped::Escaped;

/// Why a [`Runtime`](crate::Runtime) could not be made: the system refuses the memory or the thread for it.
#[derive(Debug, Error)]
#[error("cannot prepare to run programs: {0}")]
pub struct BuildError(pub(crate) String);

/// Why a file is no program that can be run. The text names the file, what is wrong, and what to do.
#[derive(Debug, Error)]
#[error("{}: {cause}", path.display())]
pub struct LoadError {
    path: PathBuf,
    kind: LoadErrorKind,
    cause: String,
}

/// The kinds of [`LoadError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadErrorKind {
    /// There is no such file.
    NotFound,
    /// The file cannot be read, is something else, or needs what edgekv does not have.
    CannotRun,
}

impl LoadError {
    pub(crate) fn not_found(path: &Path, cause: impl Into<String>) -> Self {
        Self { path: path.to_owned(), kind: LoadErrorKind::NotFound, cause: cause.into() }
    }

    pub(crate) fn cannot_run(path: &Path, cause: impl Into<String>) -> Self {
        Self { path: path.to_owned(), kind: LoadErrorKind::CannotRun, cause: cause.into() }
    }

    /// What kind of mistake it is.
    #[must_use]
    pub const fn kind(&self) -> LoadErrorKind {
        self.kind
    }
}

/// Why a program that was loaded did not start.
#[derive(Debug, Error)]
#[error("{}: cannot start: {cause}", path.display())]
pub struct StartError {
    pub(crate) path: PathBuf,
    pub(crate) kind: StartErrorKind,
    pub(crate) cause: String,
}

/// The kinds of [`StartError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartErrorKind {
    /// As many instances are running as the pool has room for; another time it may start.
    PoolIsFull,
    /// The program wants more memory than it may have.
    TooMuchMemory,
    /// Anything else.
    Other,
}

impl StartError {
    /// What kind of failure it is.
    #[must_use]
    pub const fn kind(&self) -> StartErrorKind {
        self.kind
    }
}

/// An error of Wasmtime with its causes, as one line.
pub(crate) fn one_line(error: &wasmtime::Error) -> String {
    let line = format!("{error:#}").lines().map(str::trim).collect::<Vec<_>>().join(" ");
    Escaped::message(&line).to_string()
}
