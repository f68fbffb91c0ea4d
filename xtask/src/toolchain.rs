//! Finds or installs what compiles guests, for each [`Target`] of theirs.
//!
//! Usually that is the target's standard library, which rustup adds to a toolchain. Where rustup cannot download it
//! (a CI machine that reaches package registries only), Debian has the same in pieces ([`debian`]). The ordinary way
//! comes first, also on a machine that has those pieces: there guests are compiled by the same compiler as everywhere.
//!
//! Debian has no `wasm32-wasip2`, and a machine may have `wasm32-wasip1` alone. A component is a core module for that there, which
//! still has to be encoded.

mod apt;
mod debian;
mod machine;
pub(crate) mod node;
pub(crate) mod python;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use self::debian::{Debian, Missing};
use self::machine::Machine;
use crate::process;

/// What guests are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// Programs for the legacy ABI: core modules.
    Program,
    /// Programs that are components.
    Component,
    /// Components that are linked with programs, which have no system below them.
    Layer,
}

impl Target {
    /// Its name to the compiler.
    pub(crate) fn triple(self) -> &'static str {
        match self {
            Self::Program => "wasm32-wasip1",
            Self::Component => "wasm32-wasip2",
            Self::Layer => "wasm32-unknown-unknown",
        }
    }
}

/// A download of some 20 MB. A refusal comes at once; a network that never answers must not hold anybody up.
const RUSTUP_LIMIT: Duration = Duration::from_secs(60);

/// How guests are compiled on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GuestToolchain {
    target: Target,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// The Rust toolchain has the target's standard library.
    Ordinary,
    /// It has that of programs alone: what is to be a component is compiled as one of them.
    AsProgram,
    /// cargo builds the standard library with Debian's compiler.
    Debian(Debian),
}

impl GuestToolchain {
    /// Makes a `cargo build` compile for the target with this toolchain.
    pub(crate) fn apply(&self, cargo: &mut Command) {
        cargo.args(["--target", self.triple()]);
        // Flags meant for the host (a sanitizer, `-C target-cpu=native`) would replace the ones for guests.
        cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        if self.is_to_be_encoded() {
            // The target does not tell the SDK that this is to be a component.
            cargo.args(["--features", "edgekv/component"]);
        }
        if let Kind::Debian(debian) = &self.kind {
            debian.apply(self.target, cargo);
        }
    }

    /// Makes a `cargo test` compile for the target with this toolchain.
    pub(crate) fn apply_to_tests(&self, cargo: &mut Command) {
        self.apply(cargo);
        if let Kind::Debian(debian) = &self.kind {
            debian.apply_to_tests(self.target, cargo);
        }
    }

    /// What the compiler is told to compile for: cargo has a folder of that name for what comes out.
    pub(crate) fn triple(&self) -> &'static str {
        match &self.kind {
            Kind::Ordinary => self.target.triple(),
            Kind::AsProgram => Target::Program.triple(),
            Kind::Debian(_) => debian::triple(self.target),
        }
    }

    /// Whether the Rust toolchain in use compiles guests by itself, so that its other tools (clippy) work on them too.
    pub(crate) fn is_ordinary(&self) -> bool {
        !matches!(self.kind, Kind::Debian(_))
    }

    /// Whether a component is a core module when it is compiled: only the linker of its own target makes a component of it.
    pub(crate) fn is_to_be_encoded(&self) -> bool {
        self.target == Target::Component && self.kind != Kind::Ordinary
    }
}

impl fmt::Display for GuestToolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Ordinary | Kind::AsProgram => {
                write!(f, "the Rust toolchain with its target {}", self.triple())
            }
            Kind::Debian(debian) => f.write_str(&debian::description(debian, self.triple())),
        }
    }
}

/// What this run has found out. The next one asks again, because a machine may have got a network since.
#[derive(Debug)]
struct Findings {
    found: Vec<GuestToolchain>,
    /// Ways that did not work for one target, and would not for another.
    failed: Vec<Way>,
}

/// Returns a toolchain that compiles guests for this target; installs what is missing when that is possible.
///
/// # Errors
///
/// One line that says what to install, when nothing here may or can do it.
pub(crate) fn ensure(target: Target) -> Result<GuestToolchain> {
    static FINDINGS: Mutex<Findings> = Mutex::new(Findings { found: Vec::new(), failed: Vec::new() });
    let mut findings = FINDINGS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = findings.found.iter().find(|found| found.target == target) {
        return Ok(found.clone());
    }
    let found = ensure_on(&Machine::here(), target, &mut findings.failed)?;
    findings.found.push(found.clone());
    Ok(found)
}

fn ensure_on(machine: &Machine, target: Target, failed: &mut Vec<Way>) -> Result<GuestToolchain> {
    let mut tried = failed.clone();
    loop {
        let facts = Facts::probe(machine, target)?;
        match facts.decide(&tried) {
            Decision::Use(kind) => return Ok(GuestToolchain { target, kind }),
            Decision::Install(way) => {
                tried.push(way);
                if let Err(error) = way.install(machine, target, &facts) {
                    println!("  that did not work: {error:#}");
                    failed.push(way);
                }
            }
            Decision::GiveUp => {
                let tried = if failed.is_empty() {
                    String::new()
                } else {
                    let failed: Vec<_> = failed.iter().map(|way| way.name()).collect();
                    format!(" ({} failed)", failed.join(", "))
                };
                let remedy = facts.debian.err().unwrap_or_default().remedy();
                let target = target.triple();
                bail!(
                    "guests need the Rust target {target}{tried}: run `rustup target add {target}` where its \
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
    /// It has that of programs, of which what is wanted here can be made.
    program_suffices: bool,
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
    fn probe(machine: &Machine, target: Target) -> Result<Self> {
        let rustc = |words: &[&str]| process::capture(machine.command("rustc").args(words));
        let is_installed = |target: Target| {
            let libraries = rustc(&["--print", "target-libdir", "--target", target.triple()])?;
            anyhow::Ok(has_standard_library(Path::new(libraries.trim())))
        };
        let sysroot = PathBuf::from(rustc(&["--print", "sysroot"])?.trim());
        let version = rustc(&["-vV"])?;
        let host = version
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .context("`rustc -vV` does not name its host")?;
        let linker = sysroot.join("lib/rustlib").join(host).join("bin/rust-lld");
        Ok(Self {
            target_installed: is_installed(target)?,
            program_suffices: target == Target::Component && is_installed(Target::Program)?,
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
        if self.program_suffices {
            return Decision::Use(Kind::AsProgram);
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

    fn install(self, machine: &Machine, target: Target, facts: &Facts) -> Result<()> {
        match (self, &facts.debian) {
            (Self::Rustup, _) => {
                let target = target.triple();
                println!("adding the target {target} to the Rust toolchain (rustup target add {target}) ...");
                process::run_within(
                    // A backtrace after a failed download hides the reason.
                    machine.command("rustup").args(["target", "add", target]).env("RUST_BACKTRACE", "0"),
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
