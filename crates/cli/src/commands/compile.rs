//! `edgekv compile`: a program's compiled code, made ahead of time.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, anyhow};
use clap::Args;
use edgekv_runtime::Runtime;

use crate::exit::{Failure, Status};

const EXTENSION: &str = "cwasm";

/// Flags and arguments of `edgekv compile`.
#[derive(Debug, Args)]
pub(crate) struct CompileArgs {
    /// The program, a core WebAssembly module or a component
    #[arg(value_name = "APP.wasm")]
    program: PathBuf,
    /// The file to write [default: beside the program, with the ending .cwasm]
    #[arg(long, short, value_name = "APP.cwasm")]
    output: Option<PathBuf>,
}

impl CompileArgs {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        let output = self.output.clone().unwrap_or_else(|| self.program.with_extension(EXTENSION));
        let is_program = is_same_file(&output, &self.program);
        let over_itself = || {
            let error = anyhow!("{} would be written over itself; name another file by -o", output.display());
            Err(Failure::new(Status::Usage, error))
        };
        if self.output.is_some() && is_program {
            // Before anything is compiled: that takes long, and the answer would be the same.
            return over_itself();
        }
        let started = Instant::now();
        let runtime = Runtime::builder().build().context("no program can be compiled")?;
        let compiled = runtime.compile(&self.program)?;
        if is_program {
            // A module that is called .cwasm. What is compiled already, the more likely mistake, has been refused as that.
            return over_itself();
        }
        compiled.write(&output).with_context(|| format!("cannot write {}", output.display()))?;
        println!(
            "{}: {} KiB of native code, compiled in {:.1} s",
            output.display(),
            compiled.as_bytes().len().div_ceil(1024),
            started.elapsed().as_secs_f64()
        );
        Ok(ExitCode::SUCCESS)
    }
}

/// Whether both are there, and are one file by two names: a link, or another way to the same folder.
pub(super) fn is_same_file(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    let identity = |path: &Path| {
        use std::os::unix::fs::MetadataExt as _;
        path.metadata().map(|metadata| (metadata.dev(), metadata.ino()))
    };
    #[cfg(not(unix))]
    let identity = |path: &Path| path.canonicalize();
    matches!((identity(one), identity(other)), (Ok(one), Ok(other)) if one == other)
}
