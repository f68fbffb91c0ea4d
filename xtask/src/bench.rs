//! Runs the benchmarks, with the guests and the program that some of them need.

use std::path::Path;

use anyhow::{Context, Result};

use crate::{guests, process, workspace};

/// Runs the benchmarks of these names, or all when there are none. `peer` is the program that `serve` compares with.
///
/// # Errors
///
/// When something does not build, or a benchmark fails.
pub(crate) fn run(names: &[String], peer: Option<&Path>) -> Result<()> {
    let wanted = |name: &str| names.is_empty() || names.iter().any(|other| other == name);
    let mut needed = Vec::new();
    if wanted("guest") {
        needed.push("bench-guest".to_owned());
    }
    if wanted("serve") {
        needed.extend(["bench-http".to_owned(), "js-http".to_owned()]);
    }
    if wanted("components") {
        needed.extend(["edgekv-feature".to_owned(), "js-http".to_owned()]);
    }
    if !needed.is_empty() {
        guests::build(&needed)?;
    }
    let mut command = process::cargo();
    command.args(["bench", "--package", "edgekv-benches"]);
    for name in names {
        command.args(["--bench", name]);
    }
    if wanted("serve") || wanted("api") {
        process::run(process::cargo().args(["build", "--release", "--package", "edgekv-cli"]))?;
        let program = workspace::target_directory()?.join("release/edgekv");
        // Benchmarks run in the folder of their package.
        command.env("EDGEKV_BIN", program.canonicalize().context("there is no release/edgekv")?);
    }
    if let Some(peer) = peer {
        let peer = peer.canonicalize().with_context(|| format!("there is no {}", peer.display()))?;
        command.env("EDGEKV_PEER", peer);
    }
    process::run(&mut command)
}
