//! Finds or installs what compiles guests for `wasm32-wasip1`.
//!
//! Usually that is the target's standard library, which rustup adds to a toolchain. Where rustup cannot download it
//! (a CI machine that reaches package registries only), Debian has the same in pieces ([`debian`]). The ordinary way
//! comes first, also on a machine that has those pieces: there guests are compiled by the same compiler as everywhere.

mod apt;
mod debian;
mod machine;
pub(crate) mod node;
pub(crate) mod python;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use self::debian::{Debian, Missing};
use self::machine::Machine;
use crate::process;

/// What guests are compiled for.
pub(crate) const TARGET: &str = "wasm32-wasip1";

/// A download of some 20 MB. A refusal comes at once; a network that never answers must not hold anybody up.
const RUSTUP_LIMIT: Duration = Duration::from_secs(60);

/// How guests are compiled on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GuestToolchain(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// The Rust toolchain has the target's standard library.
    Ordinary,
    /// cargo builds the standard library with Debian's compiler.
    Debian(Debian),
}

impl GuestToolchain {
    /// Makes a `cargo build` compile for [`TARGET`] with this toolchain.
    pub(crate) fn apply(&self, cargo: &mut Command) {
        cargo.args(["--target", TARGET]);
        // Flags meant for the host (a sanitizer, `-C target-cpu=native`) would replace the ones for guests.
        cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        if let Kind::Debian(debian) = &self.0 {
            debian.apply(cargo);
        }
    }

    /// Makes a `cargo test` compile for [`TARGET`] with this toolchain.
    pub(crate) fn apply_to_tests(&self, cargo: &mut Command) {
        self.apply(cargo);
        if let Kind::Debian(debian) = &self.0 {
            debian.apply_to_tests(cargo);
        }
    }

    /// Whether the Rust toolchain in use compiles guests by itself, so that its other tools (clippy) work on them too.
    pub(crate) fn is_ordinary(&self) -> bool {
        self.0 == Kind::Ordinary
    }
}

impl fmt::Display for GuestToolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Ordinary => write!(f, "the Rust toolchain with its target {TARGET}"),
            Kind::Debian(debian) => f.write_str(&debian::description(debian)),
        }
    }
}

/// Returns a toolchain that compiles guests; installs what is missing when that is possible.
///
/// # Errors
///
/// One line that says what to install, when nothing here may or can do it.
pub(crate) fn ensure() -> Result<GuestToolchain> {
    // For this run only: the next one asks again, because a machine may have got a network since.
    static FOUND: OnceLock<GuestToolchain> = OnceLock::new();
    if let Some(found) = FOUND.get() {
        return Ok(found.clone());
    }
    let found = ensure_on(&Machine::here())?;
    Ok(FOUND.get_or_init(|| found).clone())
}

fn ensure_on(machine: &Machine) -> Result<GuestToolchain> {
    let mut tried = Vec::new();
    let mut failures = Vec::new();
    loop {
        let facts = Facts::probe(machine)?;
        match facts.decide(&tried) {
            Decision::Use(kind) => return Ok(GuestToolchain(kind)),
            Decision::Install(way) => {
                tried.push(way);
                if let Err(error) = way.install(machine, &facts) {
                    println!("  that did not work: {error:#}");
                    failures.push(way.name());
                }
            }
            Decision::GiveUp => {
                let tried = if failures.is_empty() {
                    String::new()
                } else {
                    format!(" ({} failed)", failures.join(", "))
                };
                let remedy = facts.debian.err().unwrap_or_default().remedy();
                bail!(
                    "guests need the Rust target {TARGET}{tried}: run `rustup target add {TARGET}` where its \
                     downloads are reachable or, on Debian as root, {remedy}"
                );
            }
        }
    }
}

/// What this machine has and may do.
#[derive(Debug, Clone)]
struct Facts {
    /// The Rust toolchain in use has the target's standard library.
    target_installed: bool,
    /// The pieces of Debian's way.
    debian: Result<Debian, Missing>,
    /// The Rust toolchain in use is rustup's.
    rustup: bool,
    /// We are root, and there is an `apt-get`.
    apt: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Use(Kind),
    Install(Way),
    GiveUp,
}

/// A way to get a toolchain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Rustup,
    Apt,
}

impl Facts {
    fn probe(machine: &Machine) -> Result<Self> {
        let rustc = |words: &[&str]| process::capture(machine.command("rustc").args(words));
        let libraries = rustc(&["--print", "target-libdir", "--target", TARGET])?;
        let sysroot = PathBuf::from(rustc(&["--print", "sysroot"])?.trim());
        let version = rustc(&["-vV"])?;
        let host = version
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .context("`rustc -vV` does not name its host")?;
        let linker = sysroot.join("lib/rustlib").join(host).join("bin/rust-lld");
        Ok(Self {
            target_installed: has_standard_library(Path::new(libraries.trim())),
            debian: Debian::probe(machine, &linker),
            rustup: sysroot.join("lib/rustlib/multirust-channel-manifest.toml").exists()
                && machine.works("rustup", "--version"),
            apt: apt::is_usable(machine),
        })
    }

    /// What to do next, given the ways that were tried already.
    fn decide(&self, tried: &[Way]) -> Decision {
        let untried = |way| !tried.contains(&way);
        if self.target_installed {
            return Decision::Use(Kind::Ordinary);
        }
        if self.rustup && untried(Way::Rustup) {
            return Decision::Install(Way::Rustup);
        }
        match &self.debian {
            Ok(debian) => Decision::Use(Kind::Debian(debian.clone())),
            Err(missing) if self.apt && untried(Way::Apt) && missing.can_be_installed() => {
                Decision::Install(Way::Apt)
            }
            Err(_) => Decision::GiveUp,
        }
    }
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Rustup => "rustup",
            Self::Apt => "apt-get",
        }
    }

    fn install(self, machine: &Machine, facts: &Facts) -> Result<()> {
        match (self, &facts.debian) {
            (Self::Rustup, _) => {
                println!("adding the target {TARGET} to the Rust toolchain (rustup target add {TARGET}) ...");
                process::run_within(
                    // A backtrace after a failed download hides the reason.
                    machine.command("rustup").args(["target", "add", TARGET]).env("RUST_BACKTRACE", "0"),
                    RUSTUP_LIMIT,
                )
            }
            (Self::Apt, Err(missing)) => missing.install(machine),
            (Self::Apt, Ok(_)) => Ok(()),
        }
    }
}

fn has_standard_library(folder: &Path) -> bool {
    let Ok(entries) = folder.read_dir() else { return false };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    })
}

#[cfg(test)]
mod tests;
