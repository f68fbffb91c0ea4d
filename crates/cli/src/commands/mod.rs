//! The commands, one file each.

mod compile;
mod completions;
mod componentize;
mod compose;
mod inspect;
mod kv;
mod man;
mod run;
mod serve;
mod store;

use std::process::ExitCode;

use clap::Subcommand;

use crate::exit::{Failure, Form};

/// What there is to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a program: a core module that may use the KV ABI, or a component
    ///
    /// A module is a WASI preview 1 command; a component exports `wasi:cli/run`, and may import the interfaces of `wit/`.
    /// Its arguments, standard input and output are those given here. Its environment is that of the edge service
    /// (FASTLY_HOSTNAME and the like) and what --env adds. When it has ended, its writes are durable before edgekv
    /// exits.
    Run(Box<run::RunArgs>),
    /// Answer HTTP requests: with an application, each by a run of its own, and about the stores, by an API
    ///
    /// HTTP/1.1, and HTTP/2 without TLS. What the application prints, and a line for each request, goes to stderr.
    Serve(Box<serve::ServeArgs>),
    /// Compile a program ahead of time, so that its first start is as fast as the others
    ///
    /// The result is native code for this version of edgekv and machines like this one. Run it as the program itself; like
    /// any native program, only if it comes from somebody you trust.
    Compile(compile::CompileArgs),
    /// Make a component of a program that was built for the legacy ABI
    ///
    /// Its code stays as it is; an adapter beside it turns what it calls into what components import. Functions about HTTP are
    /// not there for such components: they answer `unsupported`, and are listed.
    Componentize(componentize::ComponentizeArgs),
    /// Link a component with the layers that it runs on, into one component
    ///
    /// What the application imports and a layer exports is linked; everything else is imported from the host, as before. Each
    /// part keeps its own memory. A layer that nothing wants, or that has other types under the same name, is an error.
    Compose(compose::ComposeArgs),
    /// Say what is in a module or a component: imports and exports, memories, and what is linked to what
    ///
    /// Of imports it says which of them this edgekv does not have. Nothing is run.
    Inspect(inspect::InspectArgs),
    /// Make, list, describe and delete stores
    #[command(subcommand)]
    Store(store::StoreCommand),
    /// Read and write the items of a store, and import and export them
    #[command(subcommand)]
    Kv(Box<kv::KvCommand>),
    /// Print what a shell needs to complete commands and flags
    Completions(completions::CompletionsArgs),
    /// Make manual pages
    Man(man::ManArgs),
}

impl Command {
    /// Whether others depend on this process, and not only whoever has called it.
    pub(crate) fn is_server(&self) -> bool {
        matches!(self, Self::Serve(_))
    }

    /// How a failure of it is told.
    pub(crate) fn form(&self) -> Form {
        let is_json = match self {
            Self::Store(command) => command.report().json,
            Self::Kv(command) => command.report().json,
            Self::Inspect(args) => args.report().json,
            _ => false,
        };
        if is_json { Form::Json } else { Form::Text }
    }

    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self {
            Self::Run(args) => args.run(),
            Self::Serve(args) => args.run(),
            Self::Compile(args) => args.run(),
            Self::Componentize(args) => args.run(),
            Self::Compose(args) => args.run(),
            Self::Inspect(args) => args.run(),
            Self::Store(command) => command.run(),
            Self::Kv(command) => command.run(),
            Self::Completions(args) => args.run(),
            Self::Man(args) => args.run(),
        }
    }
}
