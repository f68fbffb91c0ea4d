//! Guests that cargo builds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;

use super::TARGET_DIR;
use crate::process;
use crate::toolchain::{self, TARGET};

/// The workspaces that have guests. The second one may use crates that do not link on the host.
pub(crate) const MANIFESTS: [&str; 2] = ["Cargo.toml", "tests/guests/Cargo.toml"];
/// The profile of that name in both workspaces.
const PROFILE: &str = "guest";

/// A program of a cargo package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) name: String,
    pub(super) package: String,
    pub(super) manifest: &'static str,
}

impl Program {
    /// Where cargo leaves the module.
    pub(super) fn built(&self) -> PathBuf {
        Path::new(TARGET_DIR).join(TARGET).join(PROFILE).join(&self.name).with_extension("wasm")
    }
}

/// All programs of the packages whose manifests say that they are guests.
pub(super) fn discover() -> Result<Vec<Program>> {
    let mut programs = Vec::new();
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
            let targets = package.targets.iter().filter(|target| target.is_bin());
            programs.extend(targets.map(|program| Program {
                name: program.name.clone(),
                package: package.name.to_string(),
                manifest,
            }));
        }
    }
    Ok(programs)
}

/// Compiles these programs; they are all that their packages have, unless `named` ones are wanted.
pub(super) fn compile(programs: &[&Program], named: bool) -> Result<()> {
    if programs.is_empty() {
        return Ok(());
    }
    let toolchain = toolchain::ensure()?;
    for manifest in MANIFESTS {
        let here: Vec<_> = programs.iter().filter(|program| program.manifest == manifest).collect();
        if here.is_empty() {
            continue;
        }
        let packages: BTreeSet<_> = here.iter().map(|program| &program.package).collect();
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
        if named {
            for program in here {
                command.args(["--bin", &program.name]);
            }
        } else {
            command.arg("--bins");
        }
        toolchain.apply(&mut command);
        process::run(&mut command)?;
    }
    Ok(())
}
