//! The pieces of a guest toolchain that Debian has as packages: a compiler, the source of the standard library, and a C
//! library for WASI. cargo then builds the standard library itself.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::Target;
use super::apt;
use super::machine::Machine;
use crate::process;

/// The compiler, the target's libraries as source, its C library.
const PACKAGES: [&str; 4] = ["rustc-web", "rust-web-src", "libstd-rust-web-dev", "wasi-libc"];
/// Brings a linker, for Rust toolchains that have none.
const LINKER_PACKAGE: &str = "lld";
const RUSTC: &str = "/usr/bin/rustc";
/// Where Debian releases keep WASI's C library, newest first.
const LIBRARIES: [&str; 2] = ["/usr/lib/wasm32-wasip1", "/usr/lib/wasm32-wasi"];

/// What a build with Debian's compiler needs to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Debian {
    pub(super) rustc: PathBuf,
    /// Debian's compiler looks for a linker that its packages do not bring.
    pub(super) linker: PathBuf,
    /// The folder of `libc.a` and `crt1-command.o`.
    pub(super) libraries: PathBuf,
}

/// What is not there yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Missing {
    /// Packages that bring it.
    pub(super) packages: Vec<&'static str>,
    /// Files that should have come with an installed package.
    pub(super) files: Vec<String>,
}

impl Debian {
    /// Looks for all pieces; `sysroot_linker` is where the Rust toolchain in use keeps its linker.
    pub(super) fn probe(machine: &Machine, sysroot_linker: &Path) -> Result<Self, Missing> {
        let mut missing = Missing::default();
        for package in PACKAGES {
            if !installed(machine, package) {
                missing.packages.push(package);
            }
        }
        let linker = linker(machine, sysroot_linker);
        if linker.is_none() {
            missing.packages.push(LINKER_PACKAGE);
        }
        let libraries = LIBRARIES.iter().map(|path| machine.place(path)).find(|path| path.is_dir());
        if libraries.is_none() && !missing.packages.contains(&"wasi-libc") {
            missing.files.push(format!("the folder {} of wasi-libc", LIBRARIES.join(" or ")));
        }
        let rustc = machine.place(RUSTC);
        if !rustc.exists() && !missing.packages.contains(&"rustc-web") {
            missing.files.push(format!("{RUSTC} of rustc-web"));
        }
        match (linker, libraries) {
            (Some(linker), Some(libraries)) if missing == Missing::default() => {
                Ok(Self { rustc, linker, libraries })
            }
            _ => Err(missing),
        }
    }

    /// Makes a `cargo test` link, after [`Self::apply`]. The framework for tests mentions threads, which it never starts on these
    /// targets, and Debian's libc has none at all: what is missing becomes a trap.
    pub(super) fn apply_to_tests(&self, target: Target, cargo: &mut Command) {
        let flags = format!("{} -Clink-arg=--unresolved-symbols=ignore-all", self.rustflags(target));
        cargo.env(variable(target, "RUSTFLAGS"), flags);
    }

    fn rustflags(&self, target: Target) -> String {
        let libraries = self.libraries.display();
        match target {
            Target::Program | Target::Component => format!(
                "-Clink-self-contained=no -Clink-arg=-L{libraries} -Clink-arg={libraries}/crt1-command.o"
            ),
            // Nothing but the standard library: no C library, and no start.
            Target::Layer => String::new(),
        }
    }

    /// Makes a `cargo build` compile with these pieces.
    pub(super) fn apply(&self, target: Target, cargo: &mut Command) {
        cargo
            .arg("-Zbuild-std=std,panic_abort")
            .env("RUSTC", &self.rustc)
            // Building the standard library is an unstable feature of cargo and the compiler.
            .env("RUSTC_BOOTSTRAP", "1")
            .env(variable(target, "LINKER"), &self.linker)
            .env(variable(target, "RUSTFLAGS"), self.rustflags(target))
            // Wrappers and library paths of our toolchain do not fit the other compiler.
            .env_remove("RUSTC_WRAPPER")
            .env_remove("RUSTC_WORKSPACE_WRAPPER")
            .env_remove("LD_LIBRARY_PATH");
    }
}

/// What the compiler is told to compile for. There is no C library for `wasm32-wasip2`.
pub(super) fn triple(target: Target) -> &'static str {
    match target {
        Target::Component => Target::Program.triple(),
        Target::Program | Target::Layer => target.triple(),
    }
}

/// Where cargo takes a setting for a target from.
fn variable(target: Target, setting: &str) -> String {
    format!("CARGO_TARGET_{}_{setting}", triple(target).to_uppercase().replace('-', "_"))
}

impl Missing {
    /// Whether packages would bring all of it.
    pub(super) fn can_be_installed(&self) -> bool {
        self.files.is_empty() && !self.packages.is_empty()
    }

    /// What to do about it, as the end of a sentence.
    pub(super) fn remedy(&self) -> String {
        let mut parts = Vec::new();
        if !self.packages.is_empty() {
            parts.push(format!("`apt-get install {}`", self.packages.join(" ")));
        }
        if !self.files.is_empty() {
            parts.push(format!("reinstall what should have brought {}", self.files.join(" and ")));
        }
        parts.join(", and ")
    }

    /// Installs the packages.
    pub(super) fn install(&self, machine: &Machine) -> Result<()> {
        apt::install(machine, &self.packages)
    }
}

fn installed(machine: &Machine, package: &str) -> bool {
    let mut query = machine.command("dpkg-query");
    query.args(["--show", "--showformat=${db:Status-Status}", package]);
    process::capture(&mut query).is_ok_and(|status| status.trim() == "installed")
}

/// The linker of the Rust toolchain in use, or one on the `PATH`: the compiler knows by its name how to call it.
fn linker(machine: &Machine, of_sysroot: &Path) -> Option<PathBuf> {
    if of_sysroot.exists() {
        return Some(of_sysroot.to_owned());
    }
    let numbered = |name: &str| {
        name.strip_prefix("wasm-ld-")
            .is_some_and(|version| !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit()))
    };
    machine
        .find(|name| name == "rust-lld")
        .or_else(|| machine.find(|name| name == "wasm-ld"))
        .or_else(|| machine.find(numbered))
        .or_else(|| machine.find(|name| name == "lld"))
}

/// How this toolchain is told to a user.
pub(super) fn description(debian: &Debian, triple: &str) -> String {
    format!("Debian's {}, which also builds the standard library for {triple}", debian.rustc.display())
}
