//! The command `edgekv`: runs programs for the edge KV ABI on durable data.
//!
//! Only flags, configuration, messages and glue are in here; what a store is and what a guest may call are the
//! business of `edgekv-store` and `edgekv-host`, and how one is loaded, limited and run that of `edgekv-runtime`.
//!
//! | question | place |
//! | --- | --- |
//! | which commands and flags are there? | `commands/`, a file per command; `stores.rs` and `program.rs`, the flags that they share |
//! | what does `--engine` understand? | `engine.rs` |
//! | how do commands on data reach an engine or a server? | `access/` |
//! | how are items imported and exported, and how does that go on after an interrupt? | `transfer/` |
//! | where is the API, and who may use it? | `api.rs` |
//! | what is a token, and where does it come from? | `token.rs` |
//! | how large is the edge cache? | `cache.rs` |
//! | what may `fastly.toml` say? | `config/` |
//! | when does an item of it reach a store? | `seed/` |
//! | which imports of a file does this host have? | `provision.rs` |
//! | which exit status means what? | `exit.rs` |
//! | what is said when the arguments are wrong? | `usage.rs` |
//! | how do messages look, and who waits for their reader? | `logging/` |
//! | when is a served application loaded again? | `watch.rs` |
#![forbid(unsafe_code)]

mod access;
mod api;
mod cache;
mod commands;
mod config;
mod engine;
mod exit;
mod interrupt;
mod logging;
mod program;
mod provision;
mod quoted;
mod report;
mod seed;
mod stores;
mod token;
mod transfer;
mod usage;
mod wasm_file;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use crate::commands::Command;
use crate::logging::{LogArgs, Writing};

/// Runs programs for the edge KV ABI, on durable data: as commands, or for HTTP requests
#[derive(Debug, Parser)]
#[command(name = "edgekv", version, arg_required_else_help = true)]
struct Edgekv {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    log: LogArgs,
}

fn main() -> ExitCode {
    let edgekv = match Edgekv::try_parse() {
        Ok(edgekv) => edgekv,
        Err(error) => return usage::report(&error),
    };
    let form = edgekv.command.form();
    let writing = if edgekv.command.is_server() { Writing::Aside } else { Writing::Direct };
    let done = match edgekv.log.start(writing) {
        Ok(logging) => {
            let done = edgekv.command.run();
            drop(logging);
            done
        }
        Err(failure) => Err(failure),
    };
    // Last: why it ended is what people look for at the end.
    done.unwrap_or_else(|failure| failure.report(form))
}
