//! What commands on data print: text for people, or JSON for programs.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use clap::Args;

use crate::exit::{Failure, Status};

/// How a command answers.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct ReportArgs {
    /// Answer in JSON, errors on stderr as well
    #[arg(long)]
    pub(crate) json: bool,
}

impl ReportArgs {
    /// Ends a command whose errors are to look as its answers.
    pub(crate) fn end(self, done: Result<ExitCode, Failure>) -> Result<ExitCode, Failure> {
        match done {
            // Whoever would read why has gone.
            Err(failure) if failure.status == Status::ReaderGone => Ok(failure.status.into()),
            Err(failure) if self.json => Ok(failure.report_json()),
            done => done,
        }
    }
}

/// Prints a line on standard output.
pub(crate) fn line(text: impl std::fmt::Display) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(|error| cannot_print(&error))
}

/// The failure that standard output cannot be written to.
pub(crate) fn cannot_print(error: &io::Error) -> Failure {
    if error.kind() == ErrorKind::BrokenPipe {
        // As `head` does it: whoever reads has seen enough.
        return Failure::said(Status::ReaderGone, "nobody reads standard output any more");
    }
    Failure::said(Status::CannotWrite, format!("cannot write to standard output: {error}"))
}
