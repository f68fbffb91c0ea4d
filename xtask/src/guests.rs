//! Builds guests: finds them, compiles them, puts the finished modules where tests and users look for them.
//!
//! A package is a guest when its manifest says so:
//!
//! ```toml
//! [package.metadata.edgekv]
//! guest = true
//! ```
//!
//! Each of its programs becomes `target/guests/NAME.wasm`.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use cargo_metadata::MetadataCommand;

use crate::process;
use crate::toolchain::{self, TARGET};

/// The workspaces that have guests. The second one may use crates that do not link on the host.
pub(crate) const MANIFESTS: [&str; 2] = ["Cargo.toml", "tests/guests/Cargo.toml"];
/// Finished modules.
const MODULES: &str = "target/guests";
/// Guests have a target directory of their own: another compiler may build them, and both workspaces share it.
pub(crate) const TARGET_DIR: &str = "target/guest-build";
/// The profile of that name in both workspaces.
const PROFILE: &str = "guest";

/// A program to build for the guest side.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Guest {
    name: String,
    package: String,
    manifest: &'static str,
}

/// Where the finished module of a guest is, from the workspace's root.
pub(crate) fn module(name: &str) -> PathBuf {
    Path::new(MODULES).join(name).with_extension("wasm")
}

/// Builds the guests of these names, or all when there are none.
///
/// # Errors
///
/// A name that is no guest's, a missing toolchain, or a guest that does not compile.
pub(crate) fn build(names: &[String]) -> Result<()> {
    let all = discover()?;
    let chosen = choose(&all, names)?;
    let toolchain = toolchain::ensure()?;
    for manifest in MANIFESTS {
        let here: Vec<_> = chosen.iter().filter(|guest| guest.manifest == manifest).collect();
        if here.is_empty() {
            continue;
        }
        let packages: BTreeSet<_> = here.iter().map(|guest| &guest.package).collect();
        let mut command = process::cargo();
        command.args([
            "build",
            "--manifest-path",
            manifest,
            "--profile",
            PROFILE,
            "--target-dir",
            TARGET_DIR,
        ]);
        for package in &packages {
            command.args(["--package", package]);
        }
        if names.is_empty() {
            command.arg("--bins");
        } else {
            for guest in here {
                command.args(["--bin", &guest.name]);
            }
        }
        toolchain.apply(&mut command);
        process::run(&mut command)?;
    }
    fs::create_dir_all(MODULES).with_context(|| format!("cannot create {MODULES}"))?;
    for guest in &chosen {
        publish(&guest.name)?;
    }
    if names.is_empty() {
        remove_others(&chosen)?;
    }
    println!("{} guests are in {MODULES}", chosen.len());
    Ok(())
}

fn discover() -> Result<Vec<Guest>> {
    let mut guests: Vec<Guest> = Vec::new();
    for manifest in MANIFESTS {
        let metadata = MetadataCommand::new()
            .manifest_path(manifest)
            .no_deps()
            .exec()
            .with_context(|| format!("cannot read the workspace of {manifest}"))?;
        for package in metadata.workspace_packages() {
            if package.metadata["edgekv"]["guest"] != true {
                continue;
            }
            for program in package.targets.iter().filter(|target| target.is_bin()) {
                if let Some(other) = guests.iter().find(|guest| guest.name == program.name) {
                    bail!(
                        "two packages have a guest `{}`: {} and {}",
                        program.name,
                        other.package,
                        package.name
                    );
                }
                guests.push(Guest {
                    name: program.name.clone(),
                    package: package.name.to_string(),
                    manifest,
                });
            }
        }
    }
    Ok(guests)
}

fn choose(all: &[Guest], names: &[String]) -> Result<Vec<Guest>> {
    if names.is_empty() {
        return Ok(all.to_vec());
    }
    let find = |name: &String| {
        all.iter().find(|guest| guest.name == *name).cloned().with_context(|| {
            let known: BTreeSet<_> = all.iter().map(|guest| guest.name.as_str()).collect();
            format!(
                "no guest is named `{name}`; there are {}",
                known.into_iter().collect::<Vec<_>>().join(", ")
            )
        })
    };
    names.iter().map(find).collect()
}

/// Puts a built module into its place, in one step, and only when it changed. Its time says when it was last found to
/// be what its sources make, so that a test can tell a module that is out of date.
fn publish(name: &str) -> Result<()> {
    let module = module(name);
    let built = Path::new(TARGET_DIR).join(TARGET).join(PROFILE).join(name).with_extension("wasm");
    let bytes = fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
    if fs::read(&module).is_ok_and(|old| old == bytes) {
        return File::options()
            .append(true)
            .open(&module)
            .and_then(|file| file.set_modified(SystemTime::now()))
            .with_context(|| format!("cannot set the time of {}", module.display()));
    }
    let new = module.with_extension("wasm.new");
    fs::write(&new, bytes)
        .and_then(|()| fs::rename(&new, &module))
        .with_context(|| format!("cannot write {}", module.display()))
}

/// A guest that was renamed or removed must not stay behind for a test to find.
fn remove_others(guests: &[Guest]) -> Result<()> {
    let keep: BTreeSet<_> = guests.iter().map(|guest| module(&guest.name)).collect();
    for entry in fs::read_dir(MODULES).with_context(|| format!("cannot list {MODULES}"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") && !keep.contains(&path) {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guest(name: &str) -> Guest {
        Guest { name: name.into(), package: "guests".into(), manifest: MANIFESTS[0] }
    }

    #[test]
    fn no_names_mean_all_guests() {
        let all = [guest("b"), guest("a")];
        assert_eq!(choose(&all, &[]).unwrap(), all);
    }

    #[test]
    fn names_choose_guests() {
        let all = [guest("b"), guest("a")];
        assert_eq!(choose(&all, &["a".into()]).unwrap(), [guest("a")]);
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = choose(&[guest("b"), guest("a")], &["c".into()]).unwrap_err().to_string();
        assert_eq!(error, "no guest is named `c`; there are a, b");
    }
}
