//! Exit statuses, and how a failure is reported.

use std::process::ExitCode;

use edgekv_runtime::{LoadError, LoadErrorKind, StartError};

/// What `--help` says about exit statuses; docs/cli.md has the same table with reasons.
pub(crate) const HELP: &str = "\
Exit status:
  the program's own, when it has ended by itself (0 when it just returns)
    2  the arguments are wrong
  125  edgekv failed: configuration, database, or a write that did not become durable
  126  the program cannot be run: not a core WebAssembly program, or it needs what edgekv does not have
  127  the program is not there
  130  interrupted (Ctrl-C, or asked to terminate)
  134  the program trapped
  141  the program wrote to standard output, which nobody reads any more";

/// Statuses that are ours and not the guest's: those that `env` and `docker run` use, so that scripts know them.
/// Nothing keeps a guest from using the same numbers; then it is what we print that tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Usage = 2,
    Failed = 125,
    CannotRun = 126,
    NotFound = 127,
    Interrupted = 130,
    Trapped = 134,
    ReaderGone = 141,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// The exit status for a guest's: the same, as far as a process can have it.
///
/// Of larger numbers systems keep the low 8 bits. A status that is not 0 but would look so is 1: a failure must not
/// become a success.
pub(crate) fn guest_status(status: i32) -> u8 {
    match status.to_le_bytes() {
        [0, ..] if status != 0 => 1,
        [low, ..] => low,
    }
}

/// Why a command ended early: an error, and the status for it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: Status,
    pub(crate) error: anyhow::Error,
}

impl Failure {
    pub(crate) fn new(status: Status, error: impl Into<anyhow::Error>) -> Self {
        Self { status, error: error.into() }
    }

    /// Prints the error with its causes, as one line (a message that has several lines keeps them), and gives the
    /// exit status.
    pub(crate) fn report(&self) -> ExitCode {
        for line in format!("{:#}", self.error).lines() {
            eprintln!("edgekv: {line}");
        }
        self.status.into()
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        let status = match error.kind() {
            LoadErrorKind::NotFound => Status::NotFound,
            _ => Status::CannotRun,
        };
        Self::new(status, error)
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::new(Status::CannotRun, error)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(Status::Failed, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_status() {
        use Status::{CannotRun, Failed, Interrupted, NotFound, ReaderGone, Trapped, Usage};
        for status in [Usage, Failed, CannotRun, NotFound, Interrupted, Trapped, ReaderGone] {
            let number = format!("{:>5}  ", status as u8);
            assert!(HELP.lines().any(|line| line.starts_with(&number)), "{status:?}");
        }
    }

    #[test]
    fn a_guest_status_passes_and_a_failure_never_becomes_a_success() {
        for (status, expected) in
            [(0, 0), (1, 1), (125, 125), (126, 126), (255, 255), (-1, 255), (300, 44), (256, 1)]
        {
            assert_eq!(guest_status(status), expected, "{status}");
        }
    }
}
