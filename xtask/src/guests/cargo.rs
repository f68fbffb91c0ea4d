//! Guests that cargo builds.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{MetadataCommand, Package};

use super::TARGET_DIR;
use crate::process;
use crate::toolchain::{self, GuestToolchain, Target};

/// The workspaces that have guests. The second one may use crates that do not link on the host.
pub(crate) const MANIFESTS: [&str; 2] = ["Cargo.toml", "tests/guests/Cargo.toml"];
/// The profile of that name in both workspaces.
const PROFILE: &str = "guest";

/// A program of a cargo package, or its library when that is a layer, in one of the forms that it is built in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) name: String,
    pub(super) package: String,
    pub(super) manifest: &'static str,
    pub(super) target: Target,
}

impl Program {
    /// The name of the finished file.
    pub(super) fn file(&self) -> String {
        match self.target {
            Target::Program | Target::Layer => format!("{}.wasm", self.name),
            Target::Component => format!("{}.component.wasm", self.name),
        }
    }

    /// The finished program, of what [`compile`] has left.
    pub(super) fn finished(&self) -> Result<Vec<u8>> {
        let toolchain = toolchain::ensure(self.target)?;
        let built = self.built(&toolchain);
        let bytes = fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
        match self.target {
            Target::Program => Ok(bytes),
            // The linker of the target has made a component of it already.
            Target::Component if !toolchain.is_to_be_encoded() => Ok(bytes),
            Target::Component | Target::Layer => edgekv_adapter::encode(&bytes)
                .with_context(|| format!("cannot make a component of {}", built.display())),
        }
    }

    /// Where cargo leaves what it compiles.
    fn built(&self, toolchain: &GuestToolchain) -> PathBuf {
        // cargo gives libraries the names that they have in source code.
        let name = if self.target == Target::Layer { self.name.replace('-', "_") } else { self.name.clone() };
        let folder = target_dir(toolchain).join(toolchain.triple()).join(PROFILE);
        folder.join(name).with_extension("wasm")
    }
}

/// Where cargo builds guests with this toolchain. Components that are core modules at first must not replace the core modules.
fn target_dir(toolchain: &GuestToolchain) -> PathBuf {
    let shared = Path::new(TARGET_DIR);
    if toolchain.is_to_be_encoded() { shared.join("components") } else { shared.to_owned() }
}

/// All programs of the packages whose manifests say that they are guests, and all layers.
pub(super) fn discover() -> Result<Vec<Program>> {
    let mut programs = Vec::new();
    for manifest in MANIFESTS {
        for package in packages(manifest)? {
            programs.extend(of_package(&package, manifest));
        }
    }
    Ok(programs)
}

/// The packages of the workspace of this manifest.
///
/// # Errors
///
/// When cargo cannot read the workspace.
pub(crate) fn packages(manifest: impl AsRef<Path>) -> Result<Vec<Package>> {
    let manifest = manifest.as_ref();
    let metadata = MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .exec()
        .with_context(|| format!("cannot read the workspace of {}", manifest.display()))?;
    Ok(metadata.workspace_packages().into_iter().cloned().collect())
}

/// What this package says of itself is true.
pub(crate) fn says(package: &Package, word: &str) -> bool {
    package.metadata["edgekv"][word] == true
}

fn of_package(package: &Package, manifest: &'static str) -> Vec<Program> {
    let program = |name: &str, target| Program {
        name: name.to_owned(),
        package: package.name.to_string(),
        manifest,
        target,
    };
    let mut programs = Vec::new();
    for (word, target) in [("guest", Target::Program), ("component", Target::Component)] {
        if says(package, word) {
            let bins = package.targets.iter().filter(|target| target.is_bin());
            programs.extend(bins.map(|bin| program(&bin.name, target)));
        }
    }
    if says(package, "layer") {
        programs.push(program(&package.name, Target::Layer));
    }
    programs
}

/// Compiles these programs; they are all that their packages have, unless `named` ones are wanted.
pub(super) fn compile(programs: &[&Program], named: bool) -> Result<()> {
    for target in [Target::Program, Target::Component] {
        for manifest in MANIFESTS {
            let here: Vec<_> = programs
                .iter()
                .filter(|program| program.target == target && program.manifest == manifest)
                .copied()
                .collect();
            // Components one package after the other: compiled together, all would have the features that one asks for, and so
            // import what they do not use.
            let mut packages: Vec<_> = here.iter().map(|program| &program.package).collect();
            packages.dedup();
            let at_once = if target == Target::Component { 1 } else { packages.len().max(1) };
            for packages in packages.chunks(at_once) {
                let programs: Vec<_> =
                    here.iter().filter(|program| packages.contains(&&program.package)).copied().collect();
                compile_programs(&programs, manifest, target, named)?;
            }
        }
    }
    programs
        .iter()
        .filter(|program| program.target == Target::Layer)
        .try_for_each(|layer| compile_layer(layer))
}

fn compile_programs(programs: &[&Program], manifest: &str, target: Target, named: bool) -> Result<()> {
    let toolchain = toolchain::ensure(target)?;
    let mut command = process::cargo();
    command.args(["build", "--manifest-path", manifest, "--profile", PROFILE, "--target-dir"]);
    command.arg(target_dir(&toolchain));
    let packages: BTreeSet<_> = programs.iter().map(|program| &program.package).collect();
    for package in packages {
        command.args(["--package", package]);
    }
    if named {
        for program in programs {
            command.args(["--bin", &program.name]);
        }
    } else {
        command.arg("--bins");
    }
    toolchain.apply(&mut command);
    process::run(&mut command)
}

fn compile_layer(layer: &Program) -> Result<()> {
    let toolchain = toolchain::ensure(Target::Layer)?;
    let mut command = process::cargo();
    command.args(["rustc", "--manifest-path", layer.manifest, "--profile", PROFILE, "--target-dir"]);
    command.arg(target_dir(&toolchain));
    // As a `cdylib` alone: optimisation across crates is for what is not a Rust library as well.
    command.args(["--package", &layer.package, "--lib", "--crate-type", "cdylib"]);
    toolchain.apply(&mut command);
    // The name of the module, which a backtrace has before the name of a function.
    process::run(command.arg("--").arg(format!("-Clink-arg=-soname={}", layer.name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    fn program(name: &str, target: Target) -> Program {
        Program { name: name.into(), package: "package".into(), manifest: MANIFESTS[0], target }
    }

    #[test]
    fn a_component_is_beside_the_core_module_of_the_same_program() {
        assert_eq!(program("hello-kv", Target::Program).file(), "hello-kv.wasm");
        assert_eq!(program("hello-kv", Target::Component).file(), "hello-kv.component.wasm");
        assert_eq!(program("edgekv-feature", Target::Layer).file(), "edgekv-feature.wasm");
    }

    #[test]
    fn a_package_is_built_in_the_forms_that_it_names() {
        let packages =
            MANIFESTS.map(|manifest| (packages(workspace::root().join(manifest)).unwrap(), manifest));
        let all: Vec<_> = packages
            .iter()
            .flat_map(|(packages, manifest)| {
                packages.iter().flat_map(|package| of_package(package, manifest))
            })
            .collect();
        let forms = |name: &str| -> Vec<_> {
            all.iter().filter(|program| program.name == name).map(|program| program.target).collect()
        };
        assert_eq!(forms("bench-guest"), [Target::Program]);
        assert_eq!(forms("hello-kv"), [Target::Program, Target::Component]);
        assert_eq!(forms("edgekv-feature"), [Target::Layer]);
        assert_eq!(forms("talk-builder"), [Target::Component]);
        assert_eq!(forms("edgekv"), []);
    }
}
