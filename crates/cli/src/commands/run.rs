//! `edgekv run`: one program, once, on this terminal.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::Args;
use edgekv_host::KvCtx;
use edgekv_runtime::{End, Launch};

use crate::exit::{self, Failure, Status};
use crate::interrupt::CloseOnInterrupt;
use crate::program::ProgramArgs;
use crate::seed;
use crate::stores::{StoresArgs, no_store};
use crate::usage;

const EXAMPLES: &str = "\
Examples:
  edgekv run --store mystore app.wasm     data are kept in .edgekv/data.redb
  edgekv run --engine memory: app.wasm    stores of ./fastly.toml, forgotten at the end
  edgekv run --reset app.wasm -v 3        items of ./fastly.toml anew; arguments -v 3";

/// Flags and arguments of `edgekv run`.
#[derive(Debug, Args)]
#[command(
    override_usage = "edgekv run [FLAGS] APP.wasm [ARGS]...",
    after_help = format!("{EXAMPLES}\n\n{}", exit::HELP)
)]
pub(crate) struct RunArgs {
    /// The program, a core WebAssembly module, a component or what `edgekv compile` has made of one, and then its arguments.
    /// Flags of edgekv go before it; everything after it is the program's
    // One list, so that the first that is no flag ends ours.
    #[arg(value_name = "APP.wasm", required = true, num_args = 1.., trailing_var_arg = true)]
    command: Vec<OsString>,
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    stores: StoresArgs,
}

/// The program's own arguments, which WASI wants to be text. A `--` that separates them from the program is not one.
fn program_arguments(command: &[OsString]) -> Result<Vec<String>, Failure> {
    let mut arguments = command.iter().skip(1).peekable();
    arguments.next_if(|argument| *argument == "--");
    arguments
        .map(|argument| {
            let text = argument.to_str().map(str::to_owned);
            text.ok_or_else(|| {
                let error = anyhow!("the argument {argument:?} is not valid UTF-8; see `edgekv run --help`");
                Failure::new(Status::Usage, error)
            })
        })
        .collect()
}

impl RunArgs {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        // Whatever can be wrong without data is found before there are any.
        let config = self.stores.config()?;
        let args = program_arguments(&self.command)?;
        let path = self.command.first().map(Path::new).unwrap_or(Path::new(""));
        let program =
            self.program.runtime().build().context("no program can be run")?.load(path)?.for_running()?;
        let stores = self.stores.open(config.as_ref(), None)?;
        drop(config);

        let interrupt = CloseOnInterrupt::new(stores.clone())?;
        let ended = program.run(Launch {
            kv: KvCtx::builder(stores.clone()).hide_store(seed::ledger_name()?).build(),
            args: &args,
            environment: &self.program.environment(),
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
        if ended.kv.wanted_request() || (program.can_answer() && says_it_failed(&ended.end)) {
            eprintln!("edgekv: hint: the program answers HTTP requests; have it do that by `edgekv serve`");
        }
        if !matches!(ended.end, End::Exited(0) | End::ReaderGone) {
            for name in ended.missing_stores().filter(|name| !name.is_reserved()) {
                eprintln!("edgekv: {}", no_store(name));
            }
            match usage::flag_of_ours(&args) {
                Some((flag, command)) if command == "run" => eprintln!(
                    "edgekv: hint: the program was given {flag}, because it came after its name; flags of edgekv go before \
                     the program: edgekv run [FLAGS] APP.wasm [ARGS]..."
                ),
                Some((flag, command)) => {
                    eprintln!(
                        "edgekv: hint: the program was given {flag}, which is a flag of `edgekv {command}`"
                    );
                }
                None => {}
            }
        }
        closed.context("the program has ended, but its last writes may be lost")?;
        Ok(match ended.end {
            End::Exited(status) => ExitCode::from(exit::guest_status(status)),
            End::Trapped(_) => Status::Trapped.into(),
            // Nothing was asked.
            End::Unanswered(_) => Status::Failed.into(),
            End::ReaderGone => Status::ReaderGone.into(),
        })
    }
}

/// Whether a program has ended by itself, and not well. A trap has another reason than that there was no request, and so has a reader
/// that has gone.
const fn says_it_failed(end: &End) -> bool {
    matches!(end, End::Exited(status) if *status != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_program_that_says_so_has_failed() {
        assert!(says_it_failed(&End::Exited(1)));
        assert!(!says_it_failed(&End::Exited(0)));
        assert!(!says_it_failed(&End::ReaderGone), "`edgekv run app.wasm | head -1`");
    }
}
