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
    let mut checked = 0;
    for (module, wit) in COUNTERPARTS {
        let wit: String = wit.iter().map(|file| fs::read_to_string(root().join(file)).unwrap()).collect();
        let rows = section(&document, &format!("### `{module}`"));
        for name in
            rows.lines().filter_map(|row| row.strip_prefix("| ")?.split_once(" | ")).flat_map(|(_, right)| {
                // What is said of something that has no counterpart is prose.
                right.split('`').skip(1).step_by(2).filter(|_| !right.starts_with("none"))
            })
        {
            if let Some(is_there) = is_in_wit(name, &wit) {
                assert!(is_there, "{module}: {name} is not in the WIT text");
                checked += 1;
            }
        }
    }
    assert!(checked > 60, "only {checked} names were found");
}

/// The modules of the ABI, and the WIT text that the right columns of their tables name. That of `wasi:http` is not a part of this
/// repository.
const COUNTERPARTS: [(&str, &[&str]); 6] = [
    ("fastly_kv_store", &["wit/kv/kv-store.wit"]),
    ("fastly_object_store", &["wit/kv/kv-store.wit"]),
    ("fastly_http_body", &["wit/kv/bodies.wit"]),
    ("fastly_async_io", &["wit/kv/kv-store.wit", "wit/kv/bodies.wit", "wit/wasi/io/poll.wit", CLOCK]),
    ("fastly_log", &["wit/platform/log.wit"]),
    ("fastly_compute_runtime", &["wit/platform/runtime.wit"]),
];

const CLOCK: &str = "wit/wasi/clocks/monotonic-clock.wit";

/// Whether a name of a table, `resource.method`, `resource` or `function`, is in WIT text. `None` for what is something else.
fn is_in_wit(name: &str, wit: &str) -> Option<bool> {
    let has = |text: &str, item: &str| {
        text.lines().any(|line| line.trim_start().trim_start_matches('%').starts_with(item))
    };
    match name.split_once('.') {
        // `.method` is of the resource before it.
        Some(("", method)) => Some(has(wit, &format!("{method}: "))),
        Some((resource, method)) => {
            Some(wit.split_once(&format!("resource {resource} {{")).is_some_and(|(_, methods)| {
                has(methods.split("\n    }").next().unwrap_or_default(), &format!("{method}: "))
            }))
        }
        // Packages, interfaces of other packages, and results.
        None if name.contains(':') || ["none", "not-found", "memory.size"].contains(&name) => None,
        None => Some(
            has(wit, &format!("{name}: "))
                || has(wit, &format!("resource {name} "))
                || has(wit, &format!("resource {name};")),
        ),
    }
}

#[test]
fn the_first_errors_are_in_the_order_of_the_abi() {
    let document = fs::read_to_string(root().join("docs/components.md")).unwrap();
    let wit = fs::read_to_string(root().join("wit/kv/kv-store.wit")).unwrap();
    let (_, cases) = wit.split_once("enum error {").unwrap();
    let cases = cases.split('}').next().unwrap().lines().map(str::trim);
    let cases: Vec<_> =
        cases.filter_map(|line| line.strip_suffix(',')).filter(|case| !case.starts_with("//")).collect();
    let rows = section(&document, "## Errors");
    let shown: Vec<_> = rows
        .lines()
        .filter_map(|row| row.strip_prefix("| `")?.split_once("` | "))
        .filter_map(|(name, rest)| Some((name, rest.split_once(" | ")?)))
        .filter(|(_, (number, _))| number.parse::<usize>().is_ok())
        .collect();
    let names: Vec<_> = shown.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, cases, "the errors of `kv-store`, in their order");
    for (at, (name, (number, told))) in shown.iter().enumerate() {
        assert_eq!(*number, at.to_string(), "{name}");
        if at < 5 {
            assert!(told.contains(&format!("`kv_error` {}", at + 2)), "{name}: {told}");
        }
    }
}
