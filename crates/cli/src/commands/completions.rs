//! `edgekv completions`: what a shell needs to complete commands and flags.

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::Edgekv;
use crate::exit::Failure;
use crate::report;

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
        report::bytes(&script)?;
        Ok(ExitCode::SUCCESS)
    }
}
