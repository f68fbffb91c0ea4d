//! Installs packages of Debian, as root, without asking anything.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::machine::Machine;
use crate::process;

/// The package lists are some 10 MB; a network that never answers must not hold anybody up for longer.
const UPDATE_LIMIT: Duration = Duration::from_secs(90);
/// Some 150 MB of packages.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(240);
/// How long another `apt-get`, such as a machine runs when it starts, may keep us from the package lists.
const LOCK_LIMIT: Duration = Duration::from_secs(60);
const LOCK_PAUSE: Duration = Duration::from_secs(2);

/// Whether packages can be installed here: there is an `apt-get`, and we are root.
pub(super) fn is_usable(machine: &Machine) -> bool {
    machine.works("apt-get", "--version")
        && process::capture(machine.command("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// Installs these packages.
pub(super) fn install(machine: &Machine, packages: &[&str]) -> Result<()> {
    println!("installing the Debian packages {} (about half a minute) ...", packages.join(", "));
    // One unreachable source must not stop us while another one has the packages.
    if let Err(error) = update(machine) {
        println!("  the package lists may be old: {error:#}");
    }
    let install = |extra: &[&str]| {
        let mut install = apt(machine, &["install", "--yes", "--no-install-recommends"]);
        install.args(extra).args(packages);
        install
    };
    process::run_within(&mut install(&["--download-only"]), DOWNLOAD_LIMIT)?;
    // Without a limit: to end this one in the middle would leave packages half unpacked, and it needs no network.
    process::run_quietly(&mut install(&[]))
}

/// Fetches the package lists. Unlike the lock of an installation, `apt-get` does not wait for theirs.
fn update(machine: &Machine) -> Result<()> {
    let start = Instant::now();
    loop {
        match process::run_within(&mut apt(machine, &["update"]), UPDATE_LIMIT) {
            Err(error) if is_lock(&error.to_string()) && start.elapsed() < LOCK_LIMIT => {
                thread::sleep(LOCK_PAUSE);
            }
            ended => return ended,
        }
    }
}

/// Whether an error of `apt-get` says that another one is at work.
pub(super) fn is_lock(message: &str) -> bool {
    message.contains("Could not get lock") || message.contains("Unable to lock")
}

/// An `apt-get` that asks nothing, waits for another one that installs, and speaks English.
fn apt(machine: &Machine, args: &[&str]) -> Command {
    let mut command = machine.command("apt-get");
    command
        .args(["-qq", "-o", "DPkg::Lock::Timeout=120"])
        .args(args)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("LC_ALL", "C");
    command
}
