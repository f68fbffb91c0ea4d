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
    let mut documented = 0;
    for document in documents().into_iter().chain([root().join("crates/sdk/src/lib.rs")]) {
        let text = fs::read_to_string(&document).unwrap();
        let text: Vec<_> = text.lines().map(|line| line.trim_start_matches("//! ")).collect();
        let document = document.display();
        for (at, _) in text.iter().enumerate().filter(|(_, line)| line.starts_with("runner = ")) {
            assert_eq!(text[at - 1..=at], [section, runner], "{document}");
            let words = text[at..].iter().take(10).copied().collect::<Vec<_>>().join(" ");
            for said in
                ["fails ends the whole program", "its message is printed", "`#[should_panic]` are skipped"]
            {
                assert!(words.contains(said), "{document} does not say {said:?} behind its runner");
            }
            documented += 1;
        }
    }
    assert_eq!(
        documented, 3,
        "the README of the SDK, its documentation and that of the command have the runner"
    );
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

/// The part of a document below a heading, up to the next one.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let (_, below) = text.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no {heading}"));
    below.split("\n#").next().unwrap()
}

#[test]
fn every_function_of_the_abi_has_its_row_among_the_counterparts() {
    let text = fs::read_to_string(root().join("docs/components.md")).unwrap();
    for (file, witx) in edgekv_host::WITX.iter().filter(|(_, witx)| witx.contains("(@interface func")) {
        let module = Path::new(file).file_stem().unwrap().to_str().unwrap();
        let rows = section(&text, &format!("### `{module}`"));
        // The first column names functions, the second what they are; fields of records have a table of their own below.
        let table = rows.trim_start().split("\n\n").find(|table| table.starts_with("| ABI ")).unwrap();
        let named: Vec<_> = table.lines().filter_map(|row| row.split('|').nth(1)).collect();
        let functions = witx.split("(export \"").skip(1).map(|rest| rest.split('"').next().unwrap());
        let mut known = 0;
        for function in functions {
            known += 1;
            let rows = named.iter().filter(|names| names.contains(&format!("`{function}`"))).count();
            assert_eq!(rows, 1, "{module}.{function} is in so many rows");
        }
        let in_rows: usize = named.iter().map(|names| names.matches('`').count() / 2).sum();
        assert_eq!(in_rows, known, "{module}: a row names a function that is not there");
    }
}

#[test]
fn counterparts_are_functions_of_the_wit_text() {
    let document = fs::read_to_string(root().join("docs/components.md")).unwrap();
    let wit = fs::read_to_string(root().join("wit/kv/kv-store.wit")).unwrap();
    let table = section(&document, "### `fastly_kv_store`");
    let mut checked = 0;
    for name in table.split('`').skip(1).step_by(2) {
        let Some((resource, method)) = name.split_once('.') else { continue };
        let (_, methods) =
            wit.split_once(&format!("resource {resource} {{")).unwrap_or_else(|| panic!("{name}"));
        let methods = methods.split("\n    }").next().unwrap();
        assert!(methods.contains(&format!("        {method}: ")), "{name} is not in the WIT text");
        checked += 1;
    }
    assert!(checked > 15, "only {checked} names were found");
}
