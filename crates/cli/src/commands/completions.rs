//! `edgekv completions`: what a shell needs to complete commands and flags.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::Edgekv;
use crate::exit::Failure;

const EXAMPLES: &str = "\
Examples:
  edgekv completions bash > ~/.local/share/bash-completion/completions/edgekv
  edgekv completions zsh > ~/.zfunc/_edgekv         with ~/.zfunc in fpath
  edgekv completions fish > ~/.config/fish/completions/edgekv.fish";

/// Arguments of `edgekv completions`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompletionsArgs {
    /// The shell that the script is for
    shell: Shell,
}

impl CompletionsArgs {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        let mut command = Edgekv::command();
        let name = command.get_name().to_owned();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, name, &mut script);
        print(&script)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Prints all of it, or as much as somebody reads.
pub(crate) fn print(text: &[u8]) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to standard output"),
    }
}
