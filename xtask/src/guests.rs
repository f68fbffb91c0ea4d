//! Builds guests: finds them, compiles them, puts the finished files where tests and users look for them.
//!
//! What a cargo package is built as stands in its manifest:
//!
//! ```toml
//! [package.metadata.edgekv]
//! guest = true      # each of its programs becomes target/guests/NAME.wasm, a core module
//! component = true  # each of its programs becomes target/guests/NAME.component.wasm
//! layer = true      # its library becomes target/guests/PACKAGE.wasm, a component to be linked with programs
//! ```
//!
//! What npm and the public JavaScript runtime build is listed in [`javascript`].

mod cargo;
mod javascript;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

pub(crate) use self::cargo::{MANIFESTS, packages, says};

/// Finished guests.
const MODULES: &str = "target/guests";
/// Guests have a target directory of their own: another compiler may build them, and both workspaces share it.
pub(crate) const TARGET_DIR: &str = "target/guest-build";

/// A program to build for the guest side.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Guest {
    Cargo(cargo::Program),
    JavaScript(javascript::Package),
}

impl Guest {
    fn name(&self) -> &str {
        match self {
            Self::Cargo(program) => &program.name,
            Self::JavaScript(package) => &package.name,
        }
    }

    /// Where it comes from, for messages.
    fn origin(&self) -> &str {
        match self {
            Self::Cargo(program) => &program.package,
            Self::JavaScript(package) => package.folder,
        }
    }

    /// Where the finished guest is.
    fn place(&self) -> PathBuf {
        match self {
            Self::Cargo(program) => Path::new(MODULES).join(program.file()),
            Self::JavaScript(package) => module(&package.name),
        }
    }

    fn finished(&self) -> Result<Vec<u8>> {
        match self {
            Self::Cargo(program) => program.finished(),
            Self::JavaScript(package) => {
                let built = package.built();
                fs::read(&built).with_context(|| format!("cannot read {}", built.display()))
            }
        }
    }
}

/// Where the finished module of a guest is, from the workspace's root.
pub(crate) fn module(name: &str) -> PathBuf {
    Path::new(MODULES).join(name).with_extension("wasm")
}

/// Builds the guests of these names, in all their forms, or all guests when there are none.
///
/// # Errors
///
/// A name that is no guest's, a missing toolchain, or a guest that does not compile.
pub(crate) fn build(names: &[String]) -> Result<()> {
    let all = discover()?;
    let chosen = choose(&all, names)?;
    let (mut programs, mut packages) = (Vec::new(), Vec::new());
    for guest in &chosen {
        match guest {
            Guest::Cargo(program) => programs.push(program),
            Guest::JavaScript(package) => packages.push(package),
        }
    }
    fs::create_dir_all(MODULES).with_context(|| format!("cannot create {MODULES}"))?;
    // What cargo builds is published first: it does not depend on what the others need.
    cargo::compile(&programs, !names.is_empty())?;
    publish(chosen.iter().filter(|guest| matches!(guest, Guest::Cargo(_))))?;
    javascript::compile(&packages)?;
    publish(chosen.iter().filter(|guest| matches!(guest, Guest::JavaScript(_))))?;
    if names.is_empty() {
        remove_others(&chosen)?;
    }
    println!("{} files of guests are in {MODULES}", chosen.len());
    Ok(())
}

fn discover() -> Result<Vec<Guest>> {
    let programs = cargo::discover()?.into_iter().map(Guest::Cargo);
    let packages = javascript::discover()?.into_iter().map(Guest::JavaScript);
    let mut guests: Vec<Guest> = Vec::new();
    for guest in programs.chain(packages) {
        if let Some(other) = guests.iter().find(|other| other.place() == guest.place()) {
            let place = guest.place();
            bail!("two packages make {}: {} and {}", place.display(), other.origin(), guest.origin());
        }
        guests.push(guest);
    }
    Ok(guests)
}

fn choose(all: &[Guest], names: &[String]) -> Result<Vec<Guest>> {
    if names.is_empty() {
        return Ok(all.to_vec());
    }
    let mut chosen = Vec::new();
    for name in names {
        let forms: Vec<_> = all.iter().filter(|guest| guest.name() == name).cloned().collect();
        if forms.is_empty() {
            let known: BTreeSet<_> = all.iter().map(Guest::name).collect();
            let known: Vec<_> = known.into_iter().collect();
            bail!("no guest is named `{name}`; there are {}", known.join(", "));
        }
        chosen.extend(forms);
    }
    Ok(chosen)
}

/// Puts finished guests into their place, each in one step, and only when it changed. Their time says when they were last
/// found to be what their sources make, so that a test can tell one that is out of date.
fn publish<'a>(guests: impl Iterator<Item = &'a Guest>) -> Result<()> {
    for guest in guests {
        let (module, bytes) = (guest.place(), guest.finished()?);
        if fs::read(&module).is_ok_and(|old| old == bytes) {
            File::options()
                .append(true)
                .open(&module)
                .and_then(|file| file.set_modified(SystemTime::now()))
                .with_context(|| format!("cannot set the time of {}", module.display()))?;
            continue;
        }
        let new = module.with_extension("wasm.new");
        fs::write(&new, bytes)
            .and_then(|()| fs::rename(&new, &module))
            .with_context(|| format!("cannot write {}", module.display()))?;
    }
    Ok(())
}

/// A guest that was renamed or removed must not stay behind for a test to find.
fn remove_others(guests: &[Guest]) -> Result<()> {
    let keep: BTreeSet<_> = guests.iter().map(Guest::place).collect();
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
    use crate::toolchain::Target;

    fn guest(name: &str) -> Guest {
        let (name, package) = (name.into(), "guests".into());
        Guest::Cargo(cargo::Program { name, package, manifest: MANIFESTS[0], target: Target::Program })
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
    fn a_name_chooses_all_forms_of_a_guest() {
        let Guest::Cargo(program) = guest("a") else { unreachable!() };
        let component = Guest::Cargo(cargo::Program { target: Target::Component, ..program });
        let all = [guest("a"), guest("b"), component.clone()];
        assert_eq!(choose(&all, &["a".into()]).unwrap(), [guest("a"), component]);
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = choose(&[guest("b"), guest("a")], &["c".into()]).unwrap_err().to_string();
        assert_eq!(error, "no guest is named `c`; there are a, b");
    }
}
