//! Finds or installs Python with a way to install packages, for the official client in Python.

use std::fmt;

use anyhow::{Result, bail};

use super::apt;
use super::machine::Machine;
use crate::process;

/// The oldest version that the packages of the client are for.
const OLDEST: (u32, u32) = (3, 9);
const PACKAGES: [&str; 2] = ["python3", "python3-venv"];

/// Python, as `python3`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Python {
    version: String,
    pub(crate) way: Way,
}

/// How packages are installed without touching those of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Into an environment of their own, by the pip in it.
    Environment,
    /// Into a folder, by the pip of the system.
    Folder,
}

impl fmt::Display for Python {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Python {}", self.version)
    }
}

/// Returns a Python that packages can be installed for; installs it when it is missing and that is possible.
///
/// # Errors
///
/// One line that says what to install, when nothing here may or can do it.
pub(crate) fn ensure() -> Result<Python> {
    ensure_on(&Machine::here())
}

fn ensure_on(machine: &Machine) -> Result<Python> {
    let first = probe(machine);
    if matches!(first, Err(Missing::Python | Missing::Pip)) && apt::is_usable(machine) {
        if let Err(error) = apt::install(machine, &PACKAGES) {
            println!("  that did not work: {error:#}");
        }
        return probe(machine).or_else(give_up);
    }
    first.or_else(give_up)
}

/// Why the client cannot be installed.
#[derive(Debug, PartialEq, Eq)]
enum Missing {
    Python,
    Pip,
    Version(String),
}

fn probe(machine: &Machine) -> Result<Python, Missing> {
    let python = |words: &[&str]| process::capture(machine.command("python3").args(words));
    let version = python(&["--version"]).map_err(|_| Missing::Python)?;
    let version = version.trim().trim_start_matches("Python ").to_owned();
    let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
    if numbers.next().zip(numbers.next()).is_none_or(|version| version < OLDEST) {
        return Err(Missing::Version(version));
    }
    // Debian has the first without the second.
    if python(&["-c", "import venv, ensurepip"]).is_ok() {
        return Ok(Python { version, way: Way::Environment });
    }
    match python(&["-m", "pip", "--version"]) {
        Ok(_) => Ok(Python { version, way: Way::Folder }),
        Err(_) => Err(Missing::Pip),
    }
}

fn give_up(missing: Missing) -> Result<Python> {
    let found = match missing {
        Missing::Python => "python3 is missing".to_owned(),
        Missing::Pip => "it has neither venv nor pip".to_owned(),
        Missing::Version(version) => format!("this is {version}"),
    };
    let (major, minor) = OLDEST;
    bail!(
        "the official client in Python needs Python {major}.{minor} or newer with venv or pip ({found}): install them, on \
         Debian as root by `apt-get install {}`",
        PACKAGES.join(" ")
    );
}

#[cfg(test)]
mod tests {
    use super::super::tests::Fake;
    use super::*;

    /// A `python3` whose version is always there, and what else it answers.
    fn python(fake: &Fake, rest: &str) {
        fake.script(
            "python3",
            &format!("case \"$*\" in --version) echo Python 3.11.2 ;; {rest} *) exit 1 ;; esac"),
        );
    }

    #[test]
    fn what_is_there_is_used() {
        let fake = Fake::new();
        python(&fake, "*ensurepip*) exit 0 ;;");
        let found = ensure_on(&fake.machine).unwrap();
        assert_eq!((found.to_string().as_str(), found.way), ("Python 3.11.2", Way::Environment));
        python(&fake, "*pip*--version) exit 0 ;;");
        assert_eq!(ensure_on(&fake.machine).unwrap().way, Way::Folder);
        assert_eq!(fake.log(), [""; 0]);
    }

    #[test]
    fn what_is_missing_is_installed_where_that_is_possible() {
        let fake = Fake::new();
        fake.debian();
        fake.file("system/usr/lib/wasm32-wasi/keep");
        python(&fake, r#"*ensurepip*) [ -e "$HERE/packages/python3-venv" ] ;;"#);
        assert_eq!(ensure_on(&fake.machine).unwrap().way, Way::Environment);
        assert_eq!(fake.log().last().map(String::as_str), Some("apt-get install python3"));
    }

    #[test]
    fn what_cannot_be_installed_is_told_in_one_line() {
        let fake = Fake::new();
        let told = || ensure_on(&fake.machine).unwrap_err().to_string();
        assert!(told().contains("(python3 is missing)"), "{}", told());
        python(&fake, "");
        assert!(told().contains("(it has neither venv nor pip)"), "{}", told());
        assert!(told().ends_with("`apt-get install python3 python3-venv`"), "{}", told());
    }

    #[test]
    fn a_version_that_is_too_old_is_not_replaced() {
        let fake = Fake::new();
        fake.debian();
        for old in ["3.8.10", "2.7.18", "three"] {
            fake.script("python3", &format!("echo Python {old}"));
            let error = ensure_on(&fake.machine).unwrap_err().to_string();
            assert!(error.contains(&format!("(this is {old})")), "{error}");
        }
        assert_eq!(fake.log(), [""; 0]);
    }
}
