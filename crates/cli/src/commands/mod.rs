//! The commands, one file each.

mod run;

use std::process::ExitCode;

use clap::Subcommand;

use crate::exit::Failure;

/// What there is to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a program: a WASI preview 1 command that may use the KV ABI
    ///
    /// Its arguments, standard input and output are those given here. Its environment is that of the edge service
    /// (FASTLY_HOSTNAME and the like) and what --env adds. When it has ended, its writes are durable before edgekv
    /// exits.
    Run(Box<run::RunArgs>),
}

impl Command {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self {
            Self::Run(args) => args.run(),
        }
    }
}
