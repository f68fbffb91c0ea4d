//! Exit statuses, and how a failure is reported.

use std::process::ExitCode;

use edgekv_runtime::{LoadError, LoadErrorKind, StartError};
use edgekv_store::KvError;

/// What `--help` says about exit statuses; docs/cli.md has the same table with reasons.
pub(crate) const HELP: &str = "\
Exit status:
  the program's own, when it has ended by itself (0 when it just returns)
    2  the arguments are wrong
  125  edgekv failed: configuration, database, or a write that did not become durable
  126  the program cannot be run: not a WebAssembly program, or it needs what edgekv does not have or offer
  127  the program is not there
  130  interrupted (Ctrl-C, or asked to terminate)
  134  the program trapped
  141  the program wrote to standard output, which nobody reads any more";

/// What `--help` says about exit statuses of commands on data. 65 and more are those that `sysexits.h` gives a similar meaning,
/// where it has one.
pub(crate) const DATA_HELP: &str = "\
Exit status:
    0  done
    2  the arguments are wrong
   65  the data are wrong: an item of an import, or what the server calls a bad request
   66  there is no such database, store, key or file
   67  a precondition failed: the key is there already, or has another generation
   68  the value is too large
   69  the server cannot be reached, or broke off
   71  the store is there already, or is not empty
   73  a file cannot be written
   75  too many requests: the same may work later
   76  the server failed, or its answer is none of this API
   77  the token is missing, or is not accepted
  125  edgekv failed: database, or a write that did not become durable
  130  interrupted (Ctrl-C, or asked to terminate)
  141  nobody reads standard output any more";

/// Statuses that are ours and not the guest's: those that `env` and `docker run` use, so that scripts know them.
/// Nothing keeps a guest from using the same numbers; then it is what we print that tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Usage = 2,
    BadData = 65,
    Missing = 66,
    Precondition = 67,
    TooLarge = 68,
    Unreachable = 69,
    Conflict = 71,
    CannotWrite = 73,
    Busy = 75,
    BadAnswer = 76,
    Denied = 77,
    Failed = 125,
    CannotRun = 126,
    NotFound = 127,
    Interrupted = 130,
    Trapped = 134,
    ReaderGone = 141,
}

impl Status {
    /// A word for it, for programs that read reports in JSON.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::BadData => "bad_data",
            Self::Missing => "not_found",
            Self::Precondition => "precondition_failed",
            Self::TooLarge => "too_large",
            Self::Unreachable => "unreachable",
            Self::Conflict => "conflict",
            Self::CannotWrite => "cannot_write",
            Self::Busy => "too_many_requests",
            Self::BadAnswer => "bad_answer",
            Self::Denied => "denied",
            Self::Failed => "failed",
            Self::CannotRun => "cannot_run",
            Self::NotFound => "no_program",
            Self::Interrupted => "interrupted",
            Self::Trapped => "trapped",
            Self::ReaderGone => "reader_gone",
        }
    }
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

    /// A failure that is known by its message alone.
    pub(crate) fn said(status: Status, message: impl Into<String>) -> Self {
        Self { status, error: anyhow::Error::msg(message.into()) }
    }

    /// Prints the error, and gives the exit status. Nothing is printed for whoever has stopped reading.
    pub(crate) fn report(&self, form: Form) -> ExitCode {
        let message = format!("{:#}", self.error);
        match form {
            _ if self.status == Status::ReaderGone => {}
            // With its causes, as one line; a message that has several lines keeps them.
            Form::Text => message.lines().for_each(|line| eprintln!("edgekv: {line}")),
            Form::Json => {
                let (status, kind) = (self.status as u8, self.status.word());
                eprintln!(
                    "{}",
                    serde_json::json!({ "error": { "status": status, "kind": kind, "message": message } })
                );
            }
        }
        self.status.into()
    }
}

/// How failures are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people.
    Text,
    /// For programs that have asked for it: an object on one line.
    Json,
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

impl From<KvError> for Failure {
    fn from(error: KvError) -> Self {
        let status = match error {
            KvError::PreconditionFailed => Status::Precondition,
            KvError::PayloadTooLarge { .. } => Status::TooLarge,
            KvError::TooManyRequests => Status::Busy,
            KvError::StoreExists(_) | KvError::StoreNotEmpty(_) => Status::Conflict,
            KvError::NoStore(_) => Status::Missing,
            KvError::ZeroLimit
            | KvError::PrefixTooLong { .. }
            | KvError::Metadata(_)
            | KvError::Cursor(_) => Status::Usage,
            _ => Status::Failed,
        };
        Self::new(status, error)
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
    fn the_help_of_commands_on_data_names_every_status_of_theirs() {
        use Status::{
            BadAnswer, BadData, Busy, CannotWrite, Conflict, Denied, Failed, Interrupted, Missing,
            Precondition, ReaderGone, TooLarge, Unreachable, Usage,
        };
        let all = [
            Usage,
            BadData,
            Missing,
            Precondition,
            TooLarge,
            Unreachable,
            Conflict,
            CannotWrite,
            Busy,
            BadAnswer,
            Denied,
            Failed,
            Interrupted,
            ReaderGone,
        ];
        for status in all {
            let number = format!("{:>5}  ", status as u8);
            assert!(DATA_HELP.lines().any(|line| line.starts_with(&number)), "{status:?}");
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
