//! `edgekv componentize`: a legacy program as a component.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::{Args, ValueEnum};
use edgekv_adapter::{Componentized, Import, Options, Wasi, componentize, encode};
use edgekv_runtime::Escaped;

use super::compile::is_same_file;
use crate::exit::{Failure, Status};
use crate::report;
use crate::wasm_file::{read, write};

const HELP: &str = "\
Examples:
  edgekv componentize app.wasm -o app.component.wasm
  edgekv componentize --wasi p2 app.wasm -o app.component.wasm

Exit status:
    0  done, also if functions are unsupported
    2  the arguments are wrong
  125  the output cannot be written
  126  the file is no program that can become a component
  127  the file is not there";

/// Flags and arguments of `edgekv componentize`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct ComponentizeArgs {
    /// The program, a core WebAssembly module
    #[arg(value_name = "APP.wasm")]
    program: PathBuf,
    /// The file to write
    #[arg(long, short, value_name = "APP.component.wasm")]
    output: PathBuf,
    /// What the program gets of WASI [default: minimal]
    #[arg(long, value_enum, value_name = "KIND")]
    wasi: Option<WasiKind>,
}

/// What a program gets of WASI, by the names that the flag has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WasiKind {
    /// Standard streams, arguments, environment, clocks, random numbers; takes no memory of the program's
    Minimal,
    /// All of preview 1, files too, by the adapter of Wasmtime; takes pages of the program's memory
    P2,
}

impl From<WasiKind> for Wasi {
    fn from(kind: WasiKind) -> Self {
        match kind {
            WasiKind::Minimal => Self::Minimal,
            WasiKind::P2 => Self::P2,
        }
    }
}

impl ComponentizeArgs {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        if is_same_file(&self.output, &self.program) {
            let error =
                anyhow!("{} would be written over itself; name another file by -o", self.program.display());
            return Err(Failure::new(Status::Usage, error));
        }
        let module = read(&self.program)?;
        let cannot = |error: edgekv_adapter::ComponentizeError| {
            Failure::said(Status::CannotRun, format!("{}: {error}", self.program.display()))
        };
        let (component, unsupported) = if edgekv_adapter::describes_itself(&module) {
            if self.wasi.is_some() {
                let error = anyhow!(
                    "{} describes its interfaces itself, and gets what it describes: --wasi is for programs that do not, so leave it out",
                    self.program.display()
                );
                return Err(Failure::new(Status::Usage, error));
            }
            (encode(&module).map_err(cannot)?, Vec::new())
        } else {
            let options = Options { wasi: self.wasi.unwrap_or(WasiKind::Minimal).into() };
            let Componentized { component, unsupported, .. } =
                componentize(&module, &options).map_err(cannot)?;
            (component, unsupported)
        };
        write(&self.output, &component).with_context(|| format!("cannot write {}", self.output.display()))?;
        report::line(self.summary(component.len(), &unsupported))?;
        Ok(ExitCode::SUCCESS)
    }

    fn summary(&self, bytes: usize, unsupported: &[Import]) -> String {
        let mut text = format!("{}: {} KiB", self.output.display(), bytes.div_ceil(1024));
        let (of_wasi, of_abi): (Vec<_>, Vec<_>) =
            unsupported.iter().partition(|import| import.module.starts_with("wasi_"));
        for (imports, answer) in [(of_abi, "`unsupported`"), (of_wasi, "\"not there\" (52)")] {
            // Writing to a string cannot fail.
            let _ = match imports.len() {
                0 => Ok(()),
                1 => write!(text, "\nit imports a function that only answers {answer} in a component:"),
                count => {
                    write!(text, "\nit imports {count} functions that only answer {answer} in a component:")
                }
            };
            for import in imports {
                let (module, name) = (Escaped::name(&import.module), Escaped::name(&import.name));
                let _ = write!(text, "\n  {module}::{name}");
            }
        }
        if unsupported.iter().any(|import| import.module.starts_with("fastly_http_")) {
            text.push_str(
                "\na program that answers requests is served as it is, by `edgekv serve`, or built again with the SDK",
            );
        }
        text
    }
}
