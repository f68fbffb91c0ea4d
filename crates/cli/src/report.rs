//! What commands on data print: text for people, or JSON for programs.

use std::io::{self, ErrorKind, Write};

use clap::Args;

use crate::exit::{Failure, Status};

/// How a command answers.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct ReportArgs {
    /// Answer in JSON, errors on stderr as well. Warnings are messages: `--log-format json` is for those
    #[arg(long)]
    pub(crate) json: bool,
}

/// Prints a line on standard output.
pub(crate) fn line(text: impl std::fmt::Display) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(|error| cannot_print(&error))
}

/// Prints bytes on standard output as they are.
pub(crate) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| cannot_print(&error))
}

/// The failure that standard output cannot be written to.
pub(crate) fn cannot_print(error: &io::Error) -> Failure {
    if error.kind() == ErrorKind::BrokenPipe {
        // As `head` does it: whoever reads has seen enough.
        return Failure::said(Status::ReaderGone, "nobody reads standard output any more");
    }
    Failure::said(Status::CannotWrite, format!("cannot write to standard output: {error}"))
}
