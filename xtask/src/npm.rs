//! Installs packages of npm as a lock file has them.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Result, bail};

use crate::process;

/// Some 60 MB of packages. A network that never answers must not hold anybody up.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(300);
/// What npm calls failures of the way to its registry, rather than of what it found there.
const UNREACHABLE: [&str; 9] = [
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "ENOTFOUND",
    "ERR_SOCKET_TIMEOUT",
    "ETIMEDOUT",
    "did not finish",
];

/// Installs what the lock file of this folder says, unless it is there.
///
/// # Errors
///
/// When npm fails; in a line that says so when it cannot reach its registry.
pub(crate) fn install(folder: &Path) -> Result<()> {
    // npm writes this file last, so it is not there after an installation that was interrupted.
    let installed = modified(&folder.join("node_modules/.package-lock.json"));
    let locked = modified(&folder.join("package-lock.json"));
    if installed.is_some() && installed >= locked {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    // No package needs its install script; the native ones come as packages of their own.
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]).arg(folder);
    println!("$ {}", process::shown(&npm));
    let Err(error) = process::run_within(&mut npm, DOWNLOAD_LIMIT) else { return Ok(()) };
    if UNREACHABLE.iter().any(|code| error.to_string().contains(code)) {
        bail!("npm cannot reach its registry, where the packages of {} come from: {error}", folder.display());
    }
    Err(error)
}

/// When a file was changed; nothing when it is not there.
pub(crate) fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_there_has_no_time() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(modified(&folder.path().join("nothing")), None);
    }

    #[test]
    fn what_is_installed_as_it_is_locked_asks_nobody() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("package-lock.json"), "{}").unwrap();
        fs::create_dir(folder.path().join("node_modules")).unwrap();
        fs::write(folder.path().join("node_modules/.package-lock.json"), "{}").unwrap();
        // There is no package.json: npm would fail.
        install(folder.path()).unwrap();
    }
}
