//! Guests that npm and the public JavaScript runtime build.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result};
use serde_json::Value;

use super::TARGET_DIR;
use crate::npm::{self, modified};
use crate::process;
use crate::toolchain::node;

/// The folders of the packages. `name` in a package's `package.json` is the name of its guest, `main` its program.
const PACKAGES: [&str; 1] = ["tests/guests/js"];

/// A package whose program becomes a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) folder: &'static str,
    /// The program, from the workspace's root.
    program: PathBuf,
}

impl Package {
    fn read(folder: &'static str) -> Result<Self> {
        let manifest = Path::new(folder).join("package.json");
        let text = fs::read(&manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
        let json: Value =
            serde_json::from_slice(&text).with_context(|| format!("{} is no JSON", manifest.display()))?;
        let field = |field: &str| {
            json[field].as_str().with_context(|| format!("{} has no `{field}`", manifest.display()))
        };
        Ok(Self { name: field("name")?.to_owned(), folder, program: Path::new(folder).join(field("main")?) })
    }

    /// Where the module is built.
    pub(super) fn built(&self) -> PathBuf {
        Path::new(TARGET_DIR).join(&self.name).with_extension("wasm")
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(self.folder).join(name)
    }

    /// Whether the module is there, and newer than all that it is made of.
    fn is_up_to_date(&self) -> Result<bool> {
        let Some(built) = modified(&self.built()) else { return Ok(false) };
        let sources = self.program.parent().unwrap_or(&self.program);
        let newest = [
            modified(&self.path("package.json")),
            modified(&self.path("package-lock.json")),
            newest(sources)?,
        ];
        Ok(newest.into_iter().flatten().all(|time| time < built))
    }

    fn compile(&self) -> Result<()> {
        fs::create_dir_all(TARGET_DIR).with_context(|| format!("cannot create {TARGET_DIR}"))?;
        // Half of a module must not be taken for one that is up to date.
        let new = self.built().with_extension("wasm.new");
        let mut runtime = Command::new(self.path("node_modules/.bin/js-compute-runtime"));
        process::run(runtime.arg(&self.program).arg(&new))?;
        fs::rename(&new, self.built()).with_context(|| format!("cannot rename {}", new.display()))
    }
}

/// All packages.
pub(super) fn discover() -> Result<Vec<Package>> {
    PACKAGES.into_iter().map(Package::read).collect()
}

/// Builds what is not up to date.
pub(super) fn compile(packages: &[&Package]) -> Result<()> {
    for package in packages {
        if !package.is_up_to_date()? {
            node::ensure()?;
            npm::install(Path::new(package.folder))?;
            package.compile()?;
        }
    }
    Ok(())
}

/// When something in this folder was changed last, at any depth.
fn newest(folder: &Path) -> Result<Option<SystemTime>> {
    let mut newest = modified(folder);
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        newest = newest.max(if path.is_dir() { self::newest(&path)? } else { modified(&path) });
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_newest_file_of_a_folder_counts() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        let later = SystemTime::now() + Duration::from_secs(1000);
        File::create(deep.join("index.js")).unwrap().set_modified(later).unwrap();
        File::create(folder.path().join("other.js")).unwrap();
        assert_eq!(newest(folder.path()).unwrap(), Some(later));
    }
}
