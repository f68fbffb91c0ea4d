//! `edgekv man`: manual pages, made from what `--help` says.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_mangen::Man;

use crate::Edgekv;
use crate::exit::Failure;
use crate::report;

const EXAMPLES: &str = "\
Examples:
  edgekv man ~/.local/share/man/man1    then: man edgekv, man edgekv-serve
  edgekv man | man -l -                 shows the first page";

/// Arguments of `edgekv man`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ManArgs {
    /// Directory to write the pages of all commands into; it is made when it is missing. Without it, the page of `edgekv`
    /// itself is printed
    directory: Option<PathBuf>,
}

impl ManArgs {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        // Nobody looks for a page about help.
        let command = Edgekv::command().disable_help_subcommand(true);
        let Some(directory) = &self.directory else {
            let mut page = Vec::new();
            Man::new(command).render(&mut page).context("cannot make the page")?;
            report::bytes(&page)?;
            return Ok(ExitCode::SUCCESS);
        };
        fs::create_dir_all(directory)
            .and_then(|()| clap_mangen::generate_to(command, directory))
            .with_context(|| format!("cannot write the pages into {}", directory.display()))?;
        Ok(ExitCode::SUCCESS)
    }
}
