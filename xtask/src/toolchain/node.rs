//! Finds or installs Node.js and npm, with which guests in JavaScript are built and a client is installed.

use std::fmt;

use anyhow::{Result, bail};

use super::apt;
use super::machine::Machine;
use crate::process;

/// The oldest version that the JavaScript runtime is said to be built with.
const OLDEST: u32 = 18;
const PACKAGES: [&str; 2] = ["nodejs", "npm"];

/// Node.js, with npm beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    version: String,
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node.js {}", self.version)
    }
}

/// Returns what builds guests in JavaScript; installs it when it is missing and that is possible.
///
/// # Errors
///
/// One line that says what to install, when nothing here may or can do it.
pub(crate) fn ensure() -> Result<Node> {
    ensure_on(&Machine::here())
}

fn ensure_on(machine: &Machine) -> Result<Node> {
    let first = probe(machine);
    let Err(Missing::Program(_)) = first else { return first.or_else(give_up) };
    if !apt::is_usable(machine) {
        return first.or_else(give_up);
    }
    if let Err(error) = apt::install(machine, &PACKAGES) {
        println!("  that did not work: {error:#}");
    }
    probe(machine).or_else(give_up)
}

/// Why guests in JavaScript cannot be built.
#[derive(Debug, PartialEq, Eq)]
enum Missing {
    Program(&'static str),
    Version(String),
}

fn probe(machine: &Machine) -> Result<Node, Missing> {
    let version = process::capture(machine.command("node").arg("--version"));
    let Ok(version) = version else { return Err(Missing::Program("Node.js")) };
    let version = version.trim().trim_start_matches('v').to_owned();
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < OLDEST) {
        return Err(Missing::Version(version));
    }
    if !machine.works("npm", "--version") {
        return Err(Missing::Program("npm"));
    }
    Ok(Node { version })
}

fn give_up(missing: Missing) -> Result<Node> {
    let found = match missing {
        Missing::Program(name) => format!("{name} is missing"),
        Missing::Version(version) => format!("this is {version}"),
    };
    bail!(
        "guests in JavaScript and the official command line need Node.js {OLDEST} or newer, and npm ({found}): install \
         them, on Debian as root by `apt-get install {}`",
        PACKAGES.join(" ")
    );
}

#[cfg(test)]
mod tests {
    use super::super::tests::Fake;
    use super::*;

    #[test]
    fn what_is_there_is_used() {
        let fake = Fake::new();
        fake.script("node", "echo v20.1.0");
        fake.script("npm", "echo 9.2.0");
        assert_eq!(ensure_on(&fake.machine).unwrap().to_string(), "Node.js 20.1.0");
        assert_eq!(fake.log(), [""; 0]);
    }

    #[test]
    fn what_is_missing_is_installed_where_that_is_possible() {
        let fake = Fake::new();
        fake.debian();
        fake.file("system/usr/lib/wasm32-wasi/keep");
        fake.script("node", r#"[ -e "$HERE/packages/nodejs" ] && echo v18.2.0"#);
        fake.script("npm", r#"[ -e "$HERE/packages/npm" ] && echo 9.2.0"#);
        assert_eq!(ensure_on(&fake.machine).unwrap().to_string(), "Node.js 18.2.0");
        assert_eq!(fake.log().last().map(String::as_str), Some("apt-get install nodejs"));
    }

    #[test]
    fn what_cannot_be_installed_is_told_in_one_line() {
        let fake = Fake::new();
        let error = ensure_on(&fake.machine).unwrap_err().to_string();
        assert!(
            error.contains("(Node.js is missing)") && error.ends_with("`apt-get install nodejs npm`"),
            "{error}"
        );
        fake.script("node", "echo v20.1.0");
        let error = ensure_on(&fake.machine).unwrap_err().to_string();
        assert!(error.contains("(npm is missing)"), "{error}");
    }

    #[test]
    fn a_version_that_is_too_old_is_not_replaced() {
        let fake = Fake::new();
        fake.debian();
        fake.script("node", "echo v12.22.1");
        fake.script("npm", "echo 6.0.0");
        let error = ensure_on(&fake.machine).unwrap_err().to_string();
        assert!(error.contains("(this is 12.22.1)"), "{error}");
        assert_eq!(fake.log(), [""; 0]);
    }
}
