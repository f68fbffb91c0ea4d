//! Runs the tests of guests, which are guests themselves.
//!
//! A package has such tests when its manifest says so:
//!
//! ```toml
//! [package.metadata.edgekv]
//! guest-tests = true
//! ```
//!
//! They are run as its users run them: in the package's folder, whose `.cargo/config.toml` names the runner, with the
//! `edgekv` that was just built as the first one on the `PATH`.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use cargo_metadata::MetadataCommand;

use crate::{guests, process, toolchain, workspace};

/// Runs the tests of all packages that have some.
///
/// # Errors
///
/// When a test fails, no package has tests, or one does not say what runs them.
pub(crate) fn run() -> Result<()> {
    let folders = folders()?;
    ensure!(!folders.is_empty(), "no package has `guest-tests = true` in its manifest");
    let toolchain = toolchain::ensure()?;
    process::run(process::cargo().args(["build", "--package", "edgekv-cli"]))?;
    let path = path_with_ours()?;
    let target = env::current_dir()?.join(guests::TARGET_DIR);
    for folder in folders {
        let config = folder.join(".cargo/config.toml");
        ensure!(config.is_file(), "{} is missing: it names the runner of the tests", config.display());
        let mut command = process::cargo();
        command.args(["test", "--target-dir"]).arg(&target).current_dir(&folder).env("PATH", &path);
        // A runner set elsewhere would hide a mistake in the file.
        command.env_remove("CARGO_TARGET_WASM32_WASIP1_RUNNER");
        toolchain.apply(&mut command);
        println!("in {}:", folder.display());
        process::run(&mut command)?;
    }
    Ok(())
}

fn folders() -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for manifest in guests::MANIFESTS {
        let metadata = MetadataCommand::new()
            .manifest_path(manifest)
            .no_deps()
            .exec()
            .with_context(|| format!("cannot read the workspace of {manifest}"))?;
        for package in metadata.workspace_packages() {
            if package.metadata["edgekv"]["guest-tests"] == true {
                let folder = package.manifest_path.parent().context("a manifest is in a folder")?;
                folders.push(folder.to_owned().into_std_path_buf());
            }
        }
    }
    Ok(folders)
}

fn path_with_ours() -> Result<OsString> {
    // Absolute, because the tests run in another folder.
    let ours = env::current_dir()?.join(workspace::target_directory()?).join("debug");
    let others = env::var_os("PATH").unwrap_or_default();
    let all = [ours].into_iter().chain(env::split_paths(&others));
    env::join_paths(all).context("the target directory cannot be on a PATH")
}
