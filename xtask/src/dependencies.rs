//! Holds the dependencies of the workspace to two rules: which way they point, and under which licences they are.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};
use spdx::{Expression, ParseMode};

use crate::guests;

/// Our crates, and what they must not be built on, at any distance: arrows point one way.
const BARRIERS: [(&str, &[&str]); 9] = [
    // What a store is knows neither programs nor protocols.
    (
        "edgekv-store",
        &[
            "edgekv",
            "edgekv-sys",
            "edgekv-host",
            "edgekv-server",
            "wasmtime",
            "wiggle",
            "witx",
            "http",
            "hyper",
            "axum",
            "ureq",
            "prometheus",
            "clap",
        ],
    ),
    // The two sides of the ABI meet in `witx/` only.
    ("edgekv-host", &["edgekv", "edgekv-sys", "edgekv-runtime", "edgekv-server", "edgekv-cli"]),
    // A program is the same whether it is run once or for each request.
    ("edgekv-runtime", &["edgekv", "edgekv-sys", "edgekv-server", "edgekv-cli", "clap"]),
    // Making and linking components is work on files: nothing runs there.
    ("edgekv-adapter", &["edgekv", "edgekv-sys", "edgekv-store", "edgekv-host", "wasmtime"]),
    (
        "edgekv-compose",
        &[
            "edgekv",
            "edgekv-sys",
            "edgekv-store",
            "edgekv-host",
            "edgekv-runtime",
            "edgekv-adapter",
            "wasmtime",
        ],
    ),
    // The store as a component is the store, without engines and without a host.
    ("edgekv-feature", &["edgekv", "edgekv-sys", "edgekv-host", "wasmtime"]),
    // A server is a library too: flags and messages for the terminal are the command's.
    ("edgekv-server", &["edgekv", "edgekv-sys", "edgekv-cli", "clap", "indicatif", "ureq"]),
    ("edgekv", &["edgekv-store", "edgekv-host", "edgekv-server", "wasmtime", "tokio"]),
    ("edgekv-sys", &["edgekv", "edgekv-store", "edgekv-host", "bytes", "serde"]),
];

/// Licences that ask for no more than their text: one of these must be enough for each crate we use. That of CDLA is for data:
/// the certificates that servers are known by.
const LICENCES: [&str; 12] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Zlib",
];

/// Checks the dependencies of all our workspaces.
///
/// # Errors
///
/// One line for each crate that breaks a rule.
pub(crate) fn check() -> Result<()> {
    let mut broken = Vec::new();
    let mut met: BTreeSet<&str> = BTreeSet::new();
    for manifest in guests::MANIFESTS {
        let metadata = MetadataCommand::new()
            .manifest_path(manifest)
            .other_options(["--locked".to_owned()])
            .exec()
            .with_context(|| {
                format!(
                    "cannot read the workspace of {manifest} as it is locked; if its manifests changed, bring the lock \
                     up to date with: cargo metadata --format-version 1 --manifest-path {manifest} >/dev/null"
                )
            })?;
        println!("{manifest}: {} crates", metadata.packages.len());
        for package in &metadata.packages {
            if let Err(reason) = licence(package.license.as_deref()) {
                broken.push(format!("{} {}: {reason}", package.name, package.version));
            }
        }
        for (ours, barred) in BARRIERS {
            // The guests' workspace has only some of our crates.
            if let Some(package) = metadata.packages.iter().find(|package| package.name == ours) {
                met.insert(ours);
                let below = below(&metadata, package)?;
                broken.extend(
                    barred.iter().filter(|name| below.contains(**name)).map(|name| {
                        format!("{ours} is built on {name}; see: cargo tree -p {ours} -i {name}")
                    }),
                );
            }
        }
    }
    broken.extend(unmet(&met));
    if !broken.is_empty() {
        bail!("these dependencies are not allowed:\n  {}", broken.join("\n  "));
    }
    Ok(())
}

/// A barrier for a crate that is nowhere holds nothing back: the crate was renamed or removed.
fn unmet(met: &BTreeSet<&str>) -> Vec<String> {
    let names = BARRIERS.iter().map(|(ours, _)| ours).filter(|ours| !met.contains(**ours));
    names.map(|ours| format!("{ours}: there is a rule for a crate of this name, and no such crate")).collect()
}

/// The names of all that `package` is built on; what only its tests or build need does not count.
fn below<'a>(metadata: &'a Metadata, package: &Package) -> Result<BTreeSet<&'a str>> {
    let graph = metadata.resolve.as_ref().context("cargo metadata has no dependency graph")?;
    let mut seen: BTreeSet<&PackageId> = BTreeSet::new();
    let mut open = vec![&package.id];
    while let Some(id) = open.pop() {
        let node =
            graph.nodes.iter().find(|node| node.id == *id).context("a package is not in its own graph")?;
        for dependency in &node.deps {
            let is_normal = dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
            if is_normal && seen.insert(&dependency.pkg) {
                open.push(&dependency.pkg);
            }
        }
    }
    let names = metadata.packages.iter().filter(|package| seen.contains(&package.id));
    Ok(names.map(|package| package.name.as_str()).collect())
}

/// Whether a licence expression can be satisfied by the licences we accept.
fn licence(expression: Option<&str>) -> Result<(), String> {
    let expression = expression.ok_or("it names no licence")?;
    let parsed = Expression::parse_mode(expression, ParseMode::LAX)
        .map_err(|error| format!("its licence `{expression}` is no SPDX expression: {}", error.reason))?;
    if parsed.evaluate(|requirement| LICENCES.contains(&requirement.to_string().as_str())) {
        Ok(())
    } else {
        Err(format!("its licence `{expression}` is none of {}", LICENCES.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_crate_is_built_on_is_found_at_any_distance_and_without_its_tests() {
        let metadata = MetadataCommand::new().exec().unwrap();
        let ours = metadata.packages.iter().find(|package| package.name == env!("CARGO_PKG_NAME")).unwrap();
        let below = below(&metadata, ours).unwrap();
        assert!(below.contains("cargo_metadata") && below.contains("serde_json"), "{below:?}");
        assert!(!below.contains("tempfile"), "{below:?}");
    }

    #[test]
    fn a_rule_for_a_crate_that_is_nowhere_is_named() {
        let all: BTreeSet<&str> = BARRIERS.iter().map(|(ours, _)| *ours).collect();
        assert_eq!(unmet(&all), [""; 0]);
        let but_one = all.into_iter().filter(|name| *name != "edgekv-host").collect();
        assert_eq!(
            unmet(&but_one),
            ["edgekv-host: there is a rule for a crate of this name, and no such crate"]
        );
    }

    #[test]
    fn one_acceptable_choice_is_enough() {
        for good in ["MIT", "MIT OR Apache-2.0", "MIT/Apache-2.0", "GPL-3.0-only OR MIT", "MIT AND Zlib"] {
            assert_eq!(licence(Some(good)), Ok(()), "{good}");
        }
        assert_eq!(licence(Some("Apache-2.0 WITH LLVM-exception")), Ok(()));
    }

    #[test]
    fn every_part_of_a_conjunction_must_be_acceptable() {
        for bad in ["GPL-3.0-only", "MIT AND GPL-3.0-only", "Apache-2.0 WITH Bison-exception-2.2"] {
            assert!(licence(Some(bad)).unwrap_err().contains("is none of"), "{bad}");
        }
    }

    #[test]
    fn a_crate_without_a_licence_is_named() {
        assert_eq!(licence(None), Err("it names no licence".into()));
        assert!(licence(Some("do what you like")).unwrap_err().contains("is no SPDX expression"));
    }
}
