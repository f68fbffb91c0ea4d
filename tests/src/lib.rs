//! What tests of the whole and benchmarks share: finding the guest programs, and what the README shows.
//!
//! The end-to-end tests themselves are in `crates/cli/tests/cli`, because only tests of that package are told where the
//! program under test is. The guest programs are in `tests/guests`, and what checks the documents is in `tests/tests`.

pub mod readme;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The module of a guest program, as `cargo xtask guests` leaves it in `target/guests`.
///
/// # Panics
///
/// When the guest is not built, or was built before a source of it or of the SDK changed; with the command that builds
/// it.
#[must_use]
pub fn guest(name: &str) -> PathBuf {
    let root = root();
    let sources = [root.join("crates/sdk/src"), root.join("crates/sys/src"), own_source(root, name)];
    fresh(name, &root.join("target/guests"), "wasm", &sources)
}

/// The component that the SDK makes of a guest program, beside its module.
///
/// # Panics
///
/// As [`guest`].
#[must_use]
pub fn component(name: &str) -> PathBuf {
    let root = root();
    let sources = [root.join("crates/sdk/src"), root.join("wit"), own_source(root, name)];
    fresh(name, &root.join("target/guests"), "component.wasm", &sources)
}

/// A component that is linked with programs, by the name of its package.
///
/// # Panics
///
/// As [`guest`].
#[must_use]
pub fn layer(name: &str) -> PathBuf {
    let root = root();
    let own = match name.strip_prefix("edgekv-") {
        Some(name) => root.join("crates").join(name),
        None => [root.join("examples").join(name), root.join("tests/guests").join(name)]
            .into_iter()
            .find(|folder| folder.is_dir())
            .unwrap_or_else(|| panic!("there is no layer `{name}`")),
    };
    // The layers of tests are made of the feature.
    let sources = [root.join("crates/store/src"), root.join("crates/feature/src"), root.join("wit"), own];
    fresh(name, &root.join("target/guests"), "wasm", &sources)
}

fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The folder that a guest is built from: an example has one of its own, and so has the guest of the benchmarks.
fn own_source(root: &Path, name: &str) -> PathBuf {
    match root.join("examples").join(name) {
        example if example.is_dir() => example,
        _ if name == "bench-guest" => root.join("benches/guest"),
        _ if name == "conformance" => root.join("tests/conformance"),
        _ if name.starts_with("talk-") => root.join("examples/talk"),
        _ => root.join("tests/guests"),
    }
}

fn fresh(name: &str, modules: &Path, extension: &str, sources: &[PathBuf]) -> PathBuf {
    let module = modules.join(name).with_extension(extension);
    let built = fs::metadata(&module).and_then(|metadata| metadata.modified());
    let Ok(built) = built else { panic!("the guest `{name}` is not built: run `cargo xtask guests`") };
    if let Some(changed) = sources.iter().find_map(|folder| changed_since(built, folder)) {
        let changed = changed.display();
        panic!("the guest `{name}` is older than its source {changed}: run `cargo xtask guests`");
    }
    module
}

/// A source file in this folder, at any depth, that was changed after this time.
fn changed_since(time: SystemTime, folder: &Path) -> Option<PathBuf> {
    fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
        let path = entry.path();
        let name = path.file_name()?;
        if path.is_dir() {
            // What npm installs is no source of ours, and very much.
            return if name == "node_modules" { None } else { changed_since(time, &path) };
        }
        let is_source = path.extension().is_some_and(|end| end == "rs" || end == "js" || end == "wit")
            || ["Cargo.toml", "package.json", "package-lock.json"].iter().any(|manifest| name == *manifest);
        (is_source && entry.metadata().ok()?.modified().ok()? > time).then_some(path)
    })
}

/// The code in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::panic::catch_unwind;
    use std::time::Duration;

    use super::*;

    #[test]
    #[should_panic(expected = "the guest `nobody` is not built: run `cargo xtask guests`")]
    fn a_missing_guest_says_how_to_build_it() {
        let _ = guest("nobody");
    }

    #[test]
    fn a_built_guest_is_a_wasm_module() {
        let start = fs::read(guest("exit-code")).unwrap();
        assert_eq!(&start[..4], b"\0asm");
    }

    #[test]
    fn a_built_component_is_one() {
        for file in [component("hello-kv"), layer("edgekv-feature")] {
            let start = fs::read(&file).unwrap();
            assert_eq!(&start[..8], b"\0asm\x0d\0\x01\0", "{}", file.display());
        }
    }

    #[test]
    fn every_guest_has_a_folder_that_it_is_built_from() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let packages = [
            ("hello-kv", "examples/hello-kv", ""),
            ("shortener-fastly", "examples/shortener-fastly", ""),
            ("bench-guest", "benches/guest", ""),
            ("talk-builder", "examples/talk", ""),
            ("sdk-http", "tests/guests", "sdk-http"),
            ("bench-http", "tests/guests", "bench"),
            ("conformance", "tests/conformance", ""),
            ("fastly-kv", "tests/guests", "fastly"),
        ];
        for (name, folder, package) in packages {
            assert_eq!(own_source(root, name), root.join(folder), "{name}");
            let manifest = root.join(folder).join(package).join("Cargo.toml");
            let manifest = fs::read_to_string(manifest).unwrap();
            let named = manifest.contains(&format!("name = \"{name}\""));
            assert!(package == "fastly" || name.starts_with("talk-") || named, "{manifest}");
        }
    }

    #[test]
    fn a_guest_that_is_older_than_its_source_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("src/deep/lib.rs");
        let installed = folder.path().join("src/node_modules/index.js");
        for file in [&source, &installed] {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            File::create(file).unwrap();
        }
        let module = File::create(folder.path().join("app.wasm")).unwrap();
        let written = fs::metadata(&source).unwrap().modified().unwrap();
        File::options()
            .append(true)
            .open(&installed)
            .unwrap()
            .set_modified(written + Duration::from_secs(60))
            .unwrap();
        let found = || fresh("app", folder.path(), "wasm", &[folder.path().join("src")]);

        module.set_modified(written + Duration::from_secs(1)).unwrap();
        assert!(found().ends_with("app.wasm"));
        module.set_modified(written - Duration::from_secs(1)).unwrap();
        let message = *catch_unwind(found).unwrap_err().downcast::<String>().unwrap();
        assert!(message.contains("lib.rs: run `cargo xtask guests`"), "{message}");
    }
}
