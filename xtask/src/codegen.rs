//! Writes the guest side of the ABI from `witx/`: the modules of `crates/sys/src/generated` and the C header.
//!
//! The texts are turned into a small model first ([`model`]), and each language is one renderer of that model
//! ([`rust`], [`c`]); so a new module in `witx/` needs no change here, and both languages say the same.

mod c;
mod load;
mod model;
mod rust;
mod safety;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// Where the Rust modules go, relative to the root of the workspace. Codegen owns the whole folder.
const RUST_DIR: &str = "crates/sys/src/generated";
/// Where the C header goes, relative to the root of the workspace.
const C_HEADER: &str = "crates/sys/include/edgekv.h";

/// Writes the generated files, or, when `check` is set, only compares them with what is there.
///
/// # Errors
///
/// When the witx texts cannot be read or rendered, when a file cannot be written, and when `check` is set and a file
/// is stale, missing or not one of ours; the message names each such file.
pub(crate) fn run(check: bool) -> Result<()> {
    let root = crate::workspace::root();
    let wanted = render(&root)?;
    let stale = differences(&root, &wanted)?;
    if check {
        if stale.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> =
            stale.iter().map(|(path, why)| format!("  {} {why}", path.display())).collect();
        bail!("the generated bindings differ from witx/; run `cargo xtask codegen`:\n{}", lines.join("\n"));
    }
    for path in stale.keys() {
        let target = root.join(path);
        match wanted.get(path) {
            Some(text) => {
                if let Some(folder) = target.parent() {
                    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
                }
                fs::write(&target, text).with_context(|| format!("writing {}", target.display()))?;
            }
            None => fs::remove_file(&target).with_context(|| format!("removing {}", target.display()))?,
        }
        println!("{}", path.display());
    }
    Ok(())
}

/// Every file that codegen owns, by its path relative to the root, with the text it should have.
fn render(root: &Path) -> Result<BTreeMap<PathBuf, String>> {
    let abi = load::folder(&root.join("witx"))?;
    let mut files = BTreeMap::new();
    for (name, text) in rust::render(&abi) {
        files.insert(Path::new(RUST_DIR).join(name), format_rust(root, &text)?);
    }
    files.insert(PathBuf::from(C_HEADER), c::render(&abi));
    Ok(files)
}

/// What is wrong with the files on disk, by path; nothing when they are as they should be.
fn differences(root: &Path, wanted: &BTreeMap<PathBuf, String>) -> Result<BTreeMap<PathBuf, &'static str>> {
    let mut found = BTreeMap::new();
    for (path, text) in wanted {
        match fs::read_to_string(root.join(path)) {
            Ok(there) if there == *text => {}
            Ok(_) => drop(found.insert(path.clone(), "is stale")),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                found.insert(path.clone(), "is missing");
            }
            Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
        }
    }
    let folder = root.join(RUST_DIR);
    if folder.is_dir() {
        for entry in fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))? {
            let path = Path::new(RUST_DIR).join(entry?.file_name());
            if !wanted.contains_key(&path) {
                found.insert(path, "is left over: nothing in witx/ asks for it");
            }
        }
    }
    Ok(found)
}

/// Runs the text through `rustfmt` with the settings of the workspace, so that `cargo fmt --check` agrees.
fn format_rust(root: &Path, text: &str) -> Result<String> {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout", "--quiet", "--config-path"])
        .arg(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting rustfmt (install it with `rustup component add rustfmt`)")?;
    // The texts are a few tens of KiB and rustfmt reads all of its input before it writes, so this cannot block.
    rustfmt.stdin.take().context("rustfmt has no standard input")?.write_all(text.as_bytes())?;
    let output = rustfmt.wait_with_output()?;
    if !output.status.success() {
        bail!("rustfmt does not accept the generated code ({}):\n{text}", output.status);
    }
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checked_in_bindings_match_the_witx_texts() {
        run(true).unwrap();
    }

    #[test]
    fn stale_missing_and_left_over_files_are_named() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(RUST_DIR);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("same.rs"), "same").unwrap();
        fs::write(folder.join("old.rs"), "old").unwrap();
        fs::write(folder.join("extra.rs"), "").unwrap();
        let wanted = ["same", "old", "gone"].map(|name| {
            (
                Path::new(RUST_DIR).join(format!("{name}.rs")),
                if name == "old" { "new" } else { name }.to_owned(),
            )
        });

        let found = differences(root.path(), &BTreeMap::from(wanted)).unwrap();

        let found: Vec<_> =
            found.iter().map(|(path, why)| (path.file_name().unwrap().to_str().unwrap(), *why)).collect();
        assert_eq!(
            found,
            [
                ("extra.rs", "is left over: nothing in witx/ asks for it"),
                ("gone.rs", "is missing"),
                ("old.rs", "is stale"),
            ]
        );
    }
}
