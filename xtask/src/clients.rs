//! Installs the official clients of the platform's API, as their registries have them, and runs the scenarios with them.
//!
//! What is installed is decided by `tests/clients`: a lock file of npm and a list of requirements for pip, both with hashes. It
//! comes into `target/clients`, where the tests look for it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::toolchain::{node, python};
use crate::{npm, process};

/// What to install.
const SOURCES: &str = "tests/clients";
/// Where to, for npm.
const COMMAND_LINE: &str = "target/clients/npm";
/// Where to, for pip; the name says which way it was.
const ENVIRONMENT: &str = "target/clients/python";
const PACKAGES: &str = "target/clients/python-packages";
const REQUIREMENTS: &str = "requirements.txt";

/// Whether the lock files have what this machine needs.
const IS_LOCKED_FOR: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));
const ELSEWHERE: &str = "the official clients are locked for Linux on x86-64 only";

/// Some 5 MB of packages.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(180);

/// Installs what is missing or was installed from other sources.
///
/// # Errors
///
/// One line that says what is missing or cannot be reached.
pub(crate) fn install() -> Result<()> {
    command_line()?;
    in_python()?;
    println!("the official clients are in target/clients");
    Ok(())
}

/// Installs the clients, and runs the tests that use them.
///
/// # Errors
///
/// When a client cannot be installed, or a test fails.
pub(crate) fn test() -> Result<()> {
    if !IS_LOCKED_FOR {
        // What can be tested here is, and the rest where it can.
        println!("{ELSEWHERE}; they are not tested here");
        return Ok(());
    }
    install()?;
    // In the words of the step of all tests, so that nothing is compiled twice.
    process::run(process::cargo().args([
        "test",
        "--workspace",
        "--all-features",
        "--test",
        "clients",
        "--",
        "--ignored",
    ]))
}

fn command_line() -> Result<()> {
    ensure!(IS_LOCKED_FOR, "{ELSEWHERE}: run this there");
    fs::create_dir_all(COMMAND_LINE).with_context(|| format!("cannot create {COMMAND_LINE}"))?;
    for file in ["package.json", "package-lock.json"] {
        copy_if_changed(&Path::new(SOURCES).join(file), &Path::new(COMMAND_LINE).join(file))?;
    }
    node::ensure()?;
    npm::install(Path::new(COMMAND_LINE))
}

fn in_python() -> Result<()> {
    let requirements = Path::new(SOURCES).join(REQUIREMENTS);
    let python = python::ensure()?;
    let (folder, other) = match python.way {
        python::Way::Environment => (ENVIRONMENT, PACKAGES),
        python::Way::Folder => (PACKAGES, ENVIRONMENT),
    };
    // The copy is written last, so it is not there after an installation that was interrupted.
    let installed = Path::new(folder).join(REQUIREMENTS);
    let wanted =
        fs::read(&requirements).with_context(|| format!("cannot read {}", requirements.display()))?;
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) && is_usable(python.way) {
        return Ok(());
    }
    for old in [folder, other] {
        if Path::new(old).exists() {
            fs::remove_dir_all(old).with_context(|| format!("cannot remove {old}"))?;
        }
    }
    let mut pip = match python.way {
        python::Way::Environment => {
            process::run(Command::new("python3").args(["-m", "venv", folder]))?;
            let mut pip = Command::new(Path::new(folder).join("bin/python3"));
            pip.args(["-m", "pip", "install"]);
            pip
        }
        python::Way::Folder => {
            let mut pip = Command::new("python3");
            pip.args(["-m", "pip", "install", "--target", folder]);
            pip
        }
    };
    pip.args(["--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--only-binary", ":all:"]);
    pip.args(["--require-hashes", "--requirement"]).arg(&requirements);
    println!("$ {}", process::shown(&pip));
    process::run_within(&mut pip, DOWNLOAD_LIMIT)
        .context("the official client in Python cannot be installed")?;
    fs::write(&installed, wanted).with_context(|| format!("cannot write {}", installed.display()))
}

/// Whether what is installed can be used still: an upgrade of the system can take away the Python that it was installed for.
fn is_usable(way: python::Way) -> bool {
    let mut python = match way {
        python::Way::Environment => Command::new(Path::new(ENVIRONMENT).join("bin/python3")),
        python::Way::Folder => {
            let mut python = Command::new("python3");
            python.env("PYTHONPATH", PACKAGES);
            python
        }
    };
    process::capture(python.args(["-c", "import fastly"])).is_ok()
}

/// Copies a file and leaves the time of one that is the same, by which npm's work is told to be done.
fn copy_if_changed(from: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    if fs::read(to).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    fs::write(to, bytes).with_context(|| format!("cannot write {}", to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_the_same_keeps_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::write(&from, "1").unwrap();
        copy_if_changed(&from, &to).unwrap();
        let time = npm::modified(&to).unwrap() - Duration::from_secs(60);
        fs::File::options().append(true).open(&to).unwrap().set_modified(time).unwrap();
        copy_if_changed(&from, &to).unwrap();
        assert_eq!(npm::modified(&to), Some(time));
        fs::write(&from, "2").unwrap();
        copy_if_changed(&from, &to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"2");
        assert!(npm::modified(&to) > Some(time));
    }
}
