//! `edgekv run`: one program, once, on this terminal.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use edgekv_host::KvCtx;
use edgekv_runtime::{End, Environment, Launch, Runtime};
use edgekv_store::StoreName;

use crate::engine::is_reserved;
use crate::exit::{self, Failure, Status};
use crate::interrupt::CloseOnInterrupt;
use crate::quoted::Quoted;
use crate::seed;
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

pub(super) fn parse_variable(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !text.contains('\0') => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err("write it as NAME=VALUE"),
    }
}

pub(super) fn parse_mebibytes(text: &str) -> Result<NonZeroU32, &'static str> {
    // What 32-bit memory can have at all.
    let mebibytes = text.parse().ok().filter(|mebibytes: &NonZeroU32| mebibytes.get() <= 4096);
    mebibytes.ok_or("write a number of MiB from 1 to 4096")
}

/// What to do about a store that the program has asked for.
pub(super) fn no_store(name: &StoreName) -> String {
    let quoted = Quoted(name.as_str());
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
    let argument = if name.as_str().chars().all(is_plain) { name.to_string() } else { quoted.to_string() };
    format!("there is no store {quoted}; create it with --store {argument}, or in fastly.toml")
}

impl RunArgs {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        // Whatever can be wrong without data is found before there are any.
        let config = self.stores.config()?;
        let runtime = Runtime::builder().max_memory_mebibytes(self.max_memory).build();
        let program = runtime.context("no program can be run")?.load(&self.program)?;
        let stores = self.stores.open(config.as_ref())?;
        drop(config);

        let interrupt = CloseOnInterrupt::new(stores.clone())?;
        let ended = program.run(Launch {
            kv: KvCtx::builder(stores.clone()).hide_store(seed::ledger_name()?).build(),
            args: &self.args,
            environment: &Environment::new(self.env.iter().cloned()),
        });
        // Whatever way it ended: what it has started to write is finished first, waited for or not, and the file is
        // closed, so that the next run need not repair it.
        let closed = stores.close().wait();
        drop(interrupt);
        drop(stores);
        let ended = ended?;
        if let End::Trapped(report) = &ended.end {
            eprintln!("edgekv: {report}");
        }
        if !matches!(ended.end, End::Exited(0) | End::ReaderGone) {
            for name in ended.missing_stores().filter(|name| !is_reserved(name)) {
                eprintln!("edgekv: {}", no_store(name));
            }
        }
        closed.context("the program has ended, but its last writes may be lost")?;
        Ok(match ended.end {
            End::Exited(status) => ExitCode::from(exit::guest_status(status)),
            End::Trapped(_) => Status::Trapped.into(),
            End::ReaderGone => Status::ReaderGone.into(),
        })
    }
}
