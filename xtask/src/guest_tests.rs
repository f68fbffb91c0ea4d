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
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use cargo_metadata::Package;

use crate::toolchain::{self, Target};
use crate::{guests, process, workspace};

/// The flag by which a runner makes the store of the tests.
const STORE: &str = "--store test";
/// What a test says when it unwraps the opening of a store that is not there.
const REASON: &str = r#"StoreNotFound("test")"#;
/// A runner set here would hide a mistake in the file.
const RUNNER_VARIABLE: &str = "CARGO_TARGET_WASM32_WASIP1_RUNNER";

/// Runs the tests of all packages that have some, and makes sure that one that fails would say why.
///
/// # Errors
///
/// When a test fails, no package has tests, one does not say what runs them, or a failure is silent.
pub(crate) fn run() -> Result<()> {
    let packages = packages()?;
    ensure!(!packages.is_empty(), "no package has `guest-tests = true` in its manifest");
    let toolchain = toolchain::ensure(Target::Program)?;
    // In the words of the step before, which has made it so already: alone, the command would have other features, and
    // Wasmtime would be compiled again.
    process::run(process::cargo().args(["test", "--workspace", "--all-features", "--no-run"]))?;
    let path = path_with_ours()?;
    let target = env::current_dir()?.join(guests::TARGET_DIR);
    for package in packages {
        let folder = package.manifest_path.parent().context("a manifest is in a folder")?;
        let config = folder.join(".cargo/config.toml");
        let text = fs::read_to_string(&config)
            .with_context(|| format!("cannot read {config}, which names the runner of the tests"))?;
        let failing =
            without_store(&text).with_context(|| format!("{config} has no runner with `{STORE}`"))?;
        let test = || {
            let mut command = process::cargo();
            command.args(["test", "--target-dir"]).arg(&target).current_dir(folder).env("PATH", &path);
            toolchain.apply_to_tests(&mut command);
            command
        };
        println!("in {folder}:");
        process::run(test().env_remove(RUNNER_VARIABLE))?;
        fails_aloud(test().env(RUNNER_VARIABLE, failing))?;
    }
    Ok(())
}

/// The runner of this configuration, but with another store, so that tests that need theirs fail.
fn without_store(config: &str) -> Option<String> {
    let runner = config.lines().find_map(|line| line.strip_prefix("runner = \"")?.strip_suffix('"'))?;
    runner.contains(STORE).then(|| runner.replace(STORE, "--store other"))
}

/// The tests fail under this command, and it shows the reason. A guest cannot go on after a panic, so the test harness
/// never comes to show what it has kept back.
fn fails_aloud(command: &mut Command) -> Result<()> {
    let output = command.output().context("cannot start cargo")?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    ensure!(!output.status.success(), "tests passed without the store that they need:\n{said}");
    ensure!(said.contains(REASON), "a test that failed does not say why, `{REASON}`:\n{said}");
    println!("a test that fails says why: ok");
    Ok(())
}

/// The packages whose tests are guests.
///
/// # Errors
///
/// When cargo cannot read a workspace.
pub(crate) fn packages() -> Result<Vec<Package>> {
    let mut packages = Vec::new();
    for manifest in guests::MANIFESTS {
        let ours = guests::packages(manifest)?;
        packages.extend(ours.into_iter().filter(|package| guests::says(package, "guest-tests")));
    }
    Ok(packages)
}

fn path_with_ours() -> Result<OsString> {
    // Absolute, because the tests run in another folder.
    let ours = env::current_dir()?.join(workspace::target_directory()?).join("debug");
    let others = env::var_os("PATH").unwrap_or_default();
    let all = [ours].into_iter().chain(env::split_paths(&others));
    env::join_paths(all).context("the target directory cannot be on a PATH")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runner_is_taken_as_it_is_but_for_the_store() {
        let config = "# Why\n[target.wasm32-wasip1]\nrunner = \"edgekv run --env A=1 --store test\"\n";
        assert_eq!(without_store(config), Some("edgekv run --env A=1 --store other".to_owned()));
        assert_eq!(without_store("runner = \"edgekv run\"\n"), None);
    }
}
