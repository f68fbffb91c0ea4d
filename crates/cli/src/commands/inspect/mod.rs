//! `edgekv inspect`: what is in a module or a component.

mod json;
mod memory;
mod picture;
mod text;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use edgekv_compose::inspect;

use crate::exit::{Failure, Status};
use crate::report::{self, ReportArgs};
use crate::wasm_file::read;

const HELP: &str = "\
Examples:
  edgekv inspect app.wasm            what it imports and exports, and its memories
  edgekv inspect -v app.wasm         with every function
  edgekv inspect --json app.wasm     all of it, for programs

Exit status:
    0  done
    2  the arguments are wrong
  126  the file is neither a module nor a component, or is damaged
  127  the file is not there
  141  nobody reads standard output any more";

/// Flags and arguments of `edgekv inspect`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct InspectArgs {
    /// The file, a core module or a component
    file: PathBuf,
    /// Name every function, not only what it belongs to
    #[arg(long, short)]
    verbose: bool,
    /// Draw lines and arrows with characters that every terminal has
    #[arg(long)]
    ascii: bool,
    #[command(flatten)]
    report: ReportArgs,
}

impl InspectArgs {
    pub(crate) const fn report(&self) -> ReportArgs {
        self.report
    }

    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        let bytes = read(&self.file)?;
        let inspection = inspect(&bytes)
            .map_err(|error| Failure::said(Status::CannotRun, format!("{}: {error}", self.file.display())))?;
        let name = self.file.display().to_string();
        if self.report.json {
            report::line(json::report(&name, bytes.len(), &inspection))?;
        } else {
            let style = if self.ascii { picture::ASCII } else { picture::LINES };
            let text = text::report(&name, bytes.len(), &inspection, self.verbose, style);
            report::bytes(text.as_bytes())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
