//! The documents: what they link to is there, and the ABI's names every function.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking, helpers of tests too")]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The Markdown files of the project.
fn documents() -> Vec<PathBuf> {
    let folders = [
        "",
        "docs",
        "crates/sdk",
        "crates/store",
        "crates/host-impl",
        "crates/sys",
        "crates/cli",
        "examples/shortener",
        "examples/shortener-fastly",
    ];
    let files = folders.iter().flat_map(|folder| fs::read_dir(root().join(folder)).unwrap());
    let files = files.map(|file| file.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

/// The targets of `[text](target)`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("](").filter_map(|(at, _)| text[at + 2..].split_once(')')).map(|(target, _)| target)
}

#[test]
fn every_relative_link_leads_somewhere() {
    let mut checked = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for link in links(&text).filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let target = document.parent().unwrap().join(link.split('#').next().unwrap());
            assert!(target.exists(), "{} links to {link}, which is not there", document.display());
            checked += 1;
        }
    }
    assert!(checked > 10, "only {checked} links were found");
}

#[test]
fn the_runner_for_tests_of_guests_is_documented_as_it_is_tested() {
    let config = fs::read_to_string(root().join("examples/shortener/.cargo/config.toml")).unwrap();
    let lines: Vec<_> = config.lines().filter(|line| !line.starts_with('#')).collect();
    let [section, runner] = lines[..] else { panic!("{config}") };
    for document in ["crates/sdk/README.md", "crates/sdk/src/lib.rs"] {
        let text = fs::read_to_string(root().join(document)).unwrap();
        let text: Vec<_> = text.lines().map(|line| line.trim_start_matches("//! ")).collect();
        assert!(text.windows(2).any(|pair| pair == [section, runner]), "{document} does not have:\n{config}");
    }
}

#[test]
fn the_abi_document_names_every_function() {
    let text = fs::read_to_string(root().join("docs/abi.md")).unwrap();
    for (file, witx) in edgekv_host::WITX {
        for rest in witx.split("(export \"").skip(1) {
            let name = rest.split('"').next().unwrap();
            assert!(
                text.contains(&format!("`{name}`")) || text.contains(&format!("`{name}(")),
                "{file}: {name}"
            );
        }
    }
}
