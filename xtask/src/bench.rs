//! Runs the benchmarks, with the guest that some of them need.

use anyhow::Result;

use crate::{guests, process};

/// Runs the benchmarks of these names, or all when there are none.
///
/// # Errors
///
/// When something does not build, or a benchmark fails.
pub(crate) fn run(names: &[String]) -> Result<()> {
    guests::build(&["bench-guest".to_owned()])?;
    let mut command = process::cargo();
    command.args(["bench", "--package", "edgekv-benches"]);
    for name in names {
        command.args(["--bench", name]);
    }
    process::run(&mut command)
}
