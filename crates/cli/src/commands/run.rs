//! `edgekv run`: one program, once, on this terminal.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use crate::exit::{self, Failure, Status};
use crate::guest::{End, Guest, Launch};
use crate::interrupt::FlushOnInterrupt;
use crate::stores::StoresArgs;

const EXAMPLES: &str = "\
Examples:
  edgekv run app.wasm --store mystore     data are kept in .edgekv/data.redb
  edgekv run app.wasm --engine memory:    stores of ./fastly.toml, forgotten at the end
  edgekv run app.wasm --reset -- -v 3     items of ./fastly.toml anew; arguments -v 3";

/// Flags and arguments of `edgekv run`.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(crate) struct RunArgs {
    /// The program, a core WebAssembly module
    #[arg(value_name = "APP.wasm")]
    program: PathBuf,
    /// Arguments for the program
    #[arg(value_name = "ARGS", last = true)]
    args: Vec<String>,
    /// Environment variable for the program; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_variable)]
    env: Vec<(String, String)>,
    /// Most memory for the program, in MiB
    #[arg(long, value_name = "MIB", default_value = "128", value_parser = parse_mebibytes)]
    max_memory: NonZeroU32,
    #[command(flatten)]
    stores: StoresArgs,
}

fn parse_variable(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !text.contains('\0') => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err("write it as NAME=VALUE"),
    }
}

fn parse_mebibytes(text: &str) -> Result<NonZeroU32, &'static str> {
    // What 32-bit memory can have at all.
    let mebibytes = text.parse().ok().filter(|mebibytes: &NonZeroU32| mebibytes.get() <= 4096);
    mebibytes.ok_or("write a number of MiB from 1 to 4096")
}

impl RunArgs {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        // Whatever can be wrong without data is found before there are any.
        let config = self.stores.config()?;
        let guest = Guest::load(&self.program)?;
        let stores = self.stores.open(config.as_ref())?;
        drop(config);

        let interrupt = FlushOnInterrupt::new(stores.clone())?;
        let end = guest.run(Launch {
            stores: stores.clone(),
            args: &self.args,
            env: &self.env,
            max_memory_mebibytes: self.max_memory,
        });
        // Whatever way it ended: what it has started to write is finished first, waited for or not.
        let flushed = stores.flush().wait().map_err(|error| anyhow::anyhow!("{error}"));
        drop(interrupt);
        drop(stores);
        let end = end?;
        if let End::Trapped(report) = &end {
            eprintln!("edgekv: {report}");
        }
        flushed.context("the program has ended, but its last writes may be lost")?;
        Ok(match end {
            End::Exited(status) => ExitCode::from(exit::guest_status(status)),
            End::Trapped(_) => Status::Trapped.into(),
        })
    }
}
