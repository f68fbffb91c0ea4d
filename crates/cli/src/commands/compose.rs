//! `edgekv compose`: a component and the layers that it runs on, as one component.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::Args;
use edgekv_compose::{Composed, Part, compose};
use edgekv_runtime::Escaped;

use super::compile::is_same_file;
use crate::exit::{Failure, Status};
use crate::provision::{self, Provided};
use crate::report;
use crate::wasm_file::{part_name, read, write};

const HELP: &str = "\
Examples:
  edgekv compose app.component.wasm --with edgekv-feature.wasm -o app.wasm
  edgekv compose app.component.wasm --with tenant-layer.wasm --with edgekv-feature.wasm -o app.wasm

Exit status:
    0  done
    2  the arguments are wrong
  125  the output cannot be written
  126  a file is no component, or they do not fit together
  127  a file is not there";

/// Flags and arguments of `edgekv compose`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct ComposeArgs {
    /// The component that is run in the end
    #[arg(value_name = "APP.wasm")]
    app: PathBuf,
    /// A layer that it runs on; may be given several times, the outermost last
    #[arg(long = "with", value_name = "LAYER.wasm", required = true)]
    layers: Vec<PathBuf>,
    /// The file to write
    #[arg(long, short, value_name = "OUT.wasm")]
    output: PathBuf,
}

impl ComposeArgs {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        let paths: Vec<&Path> =
            std::iter::once(&self.app).chain(&self.layers).map(PathBuf::as_path).collect();
        for path in &paths {
            if is_same_file(&self.output, path) {
                let error =
                    anyhow!("{} would be written over itself; name another file by -o", path.display());
                return Err(Failure::new(Status::Usage, error));
            }
        }
        let files = paths.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
        let names: Vec<_> = paths.iter().map(|path| part_name(path)).collect();
        let parts: Vec<_> =
            names.iter().zip(&files).map(|(name, bytes)| Part { name, bytes: bytes.as_slice() }).collect();
        let Some((app, layers)) = parts.split_first() else {
            return Err(Failure::said(Status::Usage, "there is no component to link"));
        };
        let composed = compose(*app, layers).map_err(|error| Failure::new(Status::CannotRun, error))?;
        write(&self.output, &composed.component)
            .with_context(|| format!("cannot write {}", self.output.display()))?;
        report::line(self.summary(&composed, &names))?;
        Ok(ExitCode::SUCCESS)
    }

    fn summary(&self, composed: &Composed, names: &[String]) -> String {
        let mut text = format!(
            "{}: {} KiB, {} {}\n",
            self.output.display(),
            composed.component.len().div_ceil(1024),
            composed.memories,
            if composed.memories == 1 { "memory" } else { "memories" }
        );
        let chain: Vec<_> = names.iter().map(|name| Escaped::name(name).to_string()).collect();
        // Writing to a string cannot fail.
        let _ = write!(text, "{} -> host", chain.join(" -> "));
        if !composed.imports.is_empty() {
            text.push_str("\nit imports from the host:");
        }
        for import in &composed.imports {
            let note = match provision::interface(import) {
                Provided::Yes => String::new(),
                other => format!("  ({other})"),
            };
            let _ = write!(text, "\n  {}{note}", Escaped::name(import));
        }
        text
    }
}
