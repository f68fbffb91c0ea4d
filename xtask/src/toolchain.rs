//! Finds or installs what compiles guests for `wasm32-wasip1`.
//!
//! Usually that is the target's standard library, which rustup adds to a toolchain. Where rustup cannot download it
//! (a CI machine that reaches package registries only), Debian has the same in pieces: a compiler, the source of the
//! standard library, and a C library for WASI. cargo then builds the standard library itself.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process;

/// What guests are compiled for.
pub(crate) const TARGET: &str = "wasm32-wasip1";

/// Debian's compiler, the target's libraries as source, its C library.
const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "rust-web-src", "libstd-rust-web-dev", "wasi-libc"];
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
/// Where Debian releases keep WASI's C library, newest first.
const DEBIAN_WASI_LIBRARIES: [&str; 2] = ["/usr/lib/wasm32-wasip1", "/usr/lib/wasm32-wasi"];

/// A download of some 20 MB; a network that never answers must not hold anybody up for longer.
const RUSTUP_LIMIT: Duration = Duration::from_secs(180);
/// Fetching the package lists and some 150 MB of packages.
const APT_LIMIT: Duration = Duration::from_secs(600);

/// How guests are compiled on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GuestToolchain {
    /// The Rust toolchain has the target's standard library.
    Ordinary,
    /// cargo builds the standard library with Debian's compiler.
    Debian(Debian),
}

/// The pieces a build with Debian's compiler needs to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Debian {
    /// Debian's compiler looks for a linker that its packages do not bring; ours has one.
    linker: PathBuf,
    /// The folder of `libc.a` and `crt1-command.o`.
    libraries: PathBuf,
}

impl GuestToolchain {
    /// Makes a `cargo build` compile for [`TARGET`] with this toolchain.
    pub(crate) fn apply(&self, cargo: &mut Command) {
        cargo.args(["--target", TARGET]);
        // Flags meant for the host (a sanitizer, `-C target-cpu=native`) would replace the ones below.
        cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        let Self::Debian(Debian { linker, libraries }) = self else { return };
        let libraries = libraries.display();
        cargo
            .arg("-Zbuild-std=std,panic_abort")
            .env("RUSTC", DEBIAN_RUSTC)
            // Building the standard library is an unstable feature of cargo and the compiler.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_WASM32_WASIP1_LINKER", linker)
            .env(
                "CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS",
                format!(
                    "-Clink-self-contained=no -Clink-arg=-L{libraries} -Clink-arg={libraries}/crt1-command.o"
                ),
            )
            // Wrappers and library paths of our toolchain do not fit the other compiler.
            .env_remove("RUSTC_WRAPPER")
            .env_remove("RUSTC_WORKSPACE_WRAPPER")
            .env_remove("LD_LIBRARY_PATH");
    }
}

impl fmt::Display for GuestToolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ordinary => write!(f, "the Rust toolchain with its target {TARGET}"),
            Self::Debian(_) => {
                write!(f, "Debian's {DEBIAN_RUSTC}, which also builds the standard library for {TARGET}")
            }
        }
    }
}

/// Returns a toolchain that compiles guests; installs what is missing when that is possible.
///
/// # Errors
///
/// One line that says what to install, when nothing here may or can do it.
pub(crate) fn ensure() -> Result<GuestToolchain> {
    let mut tried = Vec::new();
    let mut failures = Vec::new();
    loop {
        match Facts::probe()?.decide(&tried) {
            Decision::Use(toolchain) => return Ok(toolchain),
            Decision::Install(way) => {
                tried.push(way);
                if let Err(error) = way.install() {
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
                bail!(
                    "guests need the Rust target {TARGET}{tried}: run `rustup target add {TARGET}` where its \
                     downloads are reachable or, on Debian as root, `apt-get install {}`",
                    DEBIAN_PACKAGES.join(" ")
                );
            }
        }
    }
}

/// What this machine has and may do.
#[derive(Debug, Clone, Default)]
struct Facts {
    /// The Rust toolchain in use has the target's standard library.
    target_installed: bool,
    /// All Debian packages are there, and a linker for them.
    debian: Option<Debian>,
    /// The Rust toolchain in use is rustup's.
    rustup: bool,
    /// We are root, there is an `apt-get`, and a linker for what it would install.
    apt: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Use(GuestToolchain),
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
    fn probe() -> Result<Self> {
        let rustc = || Command::new("rustc");
        let libraries = process::capture(rustc().args(["--print", "target-libdir", "--target", TARGET]))?;
        let sysroot = PathBuf::from(process::capture(rustc().args(["--print", "sysroot"]))?.trim());
        let version = process::capture(rustc().arg("-vV"))?;
        let host = version
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .context("`rustc -vV` does not name its host")?;
        let linker = sysroot.join("lib/rustlib").join(host).join("bin/rust-lld");
        Ok(Self {
            target_installed: has_standard_library(Path::new(libraries.trim())),
            rustup: sysroot.join("lib/rustlib/multirust-channel-manifest.toml").exists()
                && works("rustup", "--version"),
            apt: linker.exists()
                && works("apt-get", "--version")
                && process::capture(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0"),
            debian: Debian::probe(linker),
        })
    }

    /// What to do next, given the ways that were tried already.
    fn decide(&self, tried: &[Way]) -> Decision {
        let untried = |way| !tried.contains(&way);
        if self.target_installed {
            Decision::Use(GuestToolchain::Ordinary)
        } else if let Some(debian) = &self.debian {
            Decision::Use(GuestToolchain::Debian(debian.clone()))
        } else if self.rustup && untried(Way::Rustup) {
            Decision::Install(Way::Rustup)
        } else if self.apt && untried(Way::Apt) {
            Decision::Install(Way::Apt)
        } else {
            Decision::GiveUp
        }
    }
}

impl Debian {
    fn probe(linker: PathBuf) -> Option<Self> {
        let status = process::capture(
            Command::new("dpkg-query")
                .args(["--show", "--showformat=${db:Status-Status}\\n"])
                .args(DEBIAN_PACKAGES),
        )
        .ok()?;
        let installed = status.lines().filter(|line| *line == "installed").count();
        let libraries = DEBIAN_WASI_LIBRARIES.map(PathBuf::from).into_iter().find(|path| path.is_dir())?;
        (installed == DEBIAN_PACKAGES.len() && linker.exists()).then_some(Self { linker, libraries })
    }
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Rustup => "rustup",
            Self::Apt => "apt-get",
        }
    }

    fn install(self) -> Result<()> {
        match self {
            Self::Rustup => {
                println!("adding the target {TARGET} to the Rust toolchain (rustup target add {TARGET}) ...");
                process::run_within(
                    // A backtrace after a failed download hides the reason.
                    Command::new("rustup").args(["target", "add", TARGET]).env("RUST_BACKTRACE", "0"),
                    RUSTUP_LIMIT,
                )
            }
            Self::Apt => {
                println!(
                    "installing the Debian packages {} (about half a minute) ...",
                    DEBIAN_PACKAGES.join(", ")
                );
                // One unreachable source must not stop us while another one has the packages.
                if let Err(error) = process::run_within(&mut apt(&["update"]), APT_LIMIT) {
                    println!("  the package lists may be old: {error:#}");
                }
                let mut install = apt(&["install", "--yes", "--no-install-recommends"]);
                process::run_within(install.args(DEBIAN_PACKAGES), APT_LIMIT)
            }
        }
    }
}

/// An `apt-get` that asks nothing, and waits for another one that runs.
fn apt(args: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command
        .args(["-qq", "-o", "DPkg::Lock::Timeout=120"])
        .args(args)
        .env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn has_standard_library(folder: &Path) -> bool {
    let Ok(entries) = folder.read_dir() else { return false };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    })
}

fn works(program: &str, argument: &str) -> bool {
    process::capture(Command::new(program).arg(argument)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn debian() -> Debian {
        Debian { linker: "/toolchain/rust-lld".into(), libraries: "/usr/lib/wasm32-wasi".into() }
    }

    #[test]
    fn an_installed_target_is_used_as_it_is() {
        let facts = Facts { target_installed: true, debian: Some(debian()), rustup: true, apt: true };
        assert_eq!(facts.decide(&[]), Decision::Use(GuestToolchain::Ordinary));
    }

    #[test]
    fn installed_debian_packages_are_used_without_asking_the_network() {
        let facts = Facts { debian: Some(debian()), rustup: true, apt: true, ..Facts::default() };
        assert_eq!(facts.decide(&[]), Decision::Use(GuestToolchain::Debian(debian())));
    }

    #[test]
    fn rustup_comes_first_then_apt_then_a_message() {
        let facts = Facts { rustup: true, apt: true, ..Facts::default() };
        assert_eq!(facts.decide(&[]), Decision::Install(Way::Rustup));
        assert_eq!(facts.decide(&[Way::Rustup]), Decision::Install(Way::Apt));
        assert_eq!(facts.decide(&[Way::Rustup, Way::Apt]), Decision::GiveUp);
    }

    #[test]
    fn without_rustup_and_apt_there_is_only_a_message() {
        assert_eq!(Facts::default().decide(&[]), Decision::GiveUp);
    }

    #[test]
    fn the_ordinary_build_is_what_a_user_would_type() {
        let mut command = Command::new("cargo");
        GuestToolchain::Ordinary.apply(command.arg("build"));
        assert_eq!(process::shown(&command), "cargo build --target wasm32-wasip1");
    }

    #[test]
    fn the_debian_build_names_compiler_linker_and_libraries() {
        let mut command = Command::new("cargo");
        GuestToolchain::Debian(debian()).apply(command.arg("build"));
        let line = process::shown(&command);
        for part in [
            "RUSTC=/usr/bin/rustc",
            "CARGO_TARGET_WASM32_WASIP1_LINKER=/toolchain/rust-lld",
            "-Clink-arg=/usr/lib/wasm32-wasi/crt1-command.o",
            "cargo build --target wasm32-wasip1 -Zbuild-std=std,panic_abort",
        ] {
            assert!(line.contains(part), "{part} is not in {line}");
        }
    }
}
