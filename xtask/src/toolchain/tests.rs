use std::fs;

use tempfile::TempDir;

use super::*;

fn debian() -> Debian {
    Debian {
        rustc: "/usr/bin/rustc".into(),
        linker: "/toolchain/rust-lld".into(),
        libraries: "/usr/lib/wasm32-wasi".into(),
    }
}

fn toolchain(target: Target, kind: Kind) -> GuestToolchain {
    GuestToolchain { target, kind }
}

fn ensure(fake: &Fake) -> Result<GuestToolchain> {
    ensure_on(&fake.machine, Target::Program, &mut Vec::new())
}

fn missing(packages: &[&'static str]) -> Result<Debian, Missing> {
    Err(Missing { packages: packages.to_vec(), files: Vec::new() })
}

#[test]
fn an_installed_target_is_used_as_it_is() {
    let facts = Facts {
        target_installed: true,
        program_suffices: false,
        debian: Ok(debian()),
        rustup: true,
        apt: true,
    };
    assert_eq!(facts.decide(&[]), Decision::Use(Kind::Ordinary));
}

#[test]
fn the_ordinary_way_is_tried_before_installed_packages_are_used() {
    let facts = Facts {
        target_installed: false,
        program_suffices: false,
        debian: Ok(debian()),
        rustup: true,
        apt: true,
    };
    assert_eq!(facts.decide(&[]), Decision::Install(Way::Rustup));
    assert_eq!(facts.decide(&[Way::Rustup]), Decision::Use(Kind::Debian(debian())));
    let without_rustup = Facts { rustup: false, ..facts };
    assert_eq!(without_rustup.decide(&[]), Decision::Use(Kind::Debian(debian())));
}

#[test]
fn the_target_of_programs_suffices_before_anything_is_installed_by_apt() {
    let facts = Facts {
        target_installed: false,
        program_suffices: true,
        debian: missing(&["lld"]),
        rustup: true,
        apt: true,
    };
    assert_eq!(facts.decide(&[]), Decision::Install(Way::Rustup));
    assert_eq!(facts.decide(&[Way::Rustup]), Decision::Use(Kind::AsProgram));
}

#[test]
fn rustup_comes_first_then_apt_then_a_message() {
    let facts = Facts {
        target_installed: false,
        program_suffices: false,
        debian: missing(&["lld"]),
        rustup: true,
        apt: true,
    };
    assert_eq!(facts.decide(&[]), Decision::Install(Way::Rustup));
    assert_eq!(facts.decide(&[Way::Rustup]), Decision::Install(Way::Apt));
    assert_eq!(facts.decide(&[Way::Rustup, Way::Apt]), Decision::GiveUp);
}

#[test]
fn without_rustup_and_apt_there_is_only_a_message() {
    let facts = Facts {
        target_installed: false,
        program_suffices: false,
        debian: missing(&["lld"]),
        rustup: false,
        apt: false,
    };
    assert_eq!(facts.decide(&[]), Decision::GiveUp);
}

#[test]
fn a_file_that_no_package_would_bring_is_not_installed_in_vain() {
    let files = vec!["the folder x of wasi-libc".to_owned()];
    let broken = Missing { packages: vec!["lld"], files };
    assert!(
        broken
            .remedy()
            .contains("`apt-get install lld`, and reinstall what should have brought the folder x")
    );
    let facts = Facts {
        target_installed: false,
        program_suffices: false,
        debian: Err(broken),
        rustup: false,
        apt: true,
    };
    assert_eq!(facts.decide(&[]), Decision::GiveUp);
}

#[test]
fn the_ordinary_build_is_what_a_user_would_type() {
    let mut command = Command::new("cargo");
    toolchain(Target::Program, Kind::Ordinary).apply(command.arg("build"));
    assert_eq!(process::shown(&command), "cargo build --target wasm32-wasip1");
}

#[test]
fn the_debian_build_names_compiler_linker_and_libraries() {
    let mut command = Command::new("cargo");
    toolchain(Target::Program, Kind::Debian(debian())).apply(command.arg("build"));
    let line = process::shown(&command);
    for part in [
        "RUSTC=/usr/bin/rustc",
        "CARGO_TARGET_WASM32_WASIP1_LINKER=/toolchain/rust-lld",
        "-Clink-arg=/usr/lib/wasm32-wasi/crt1-command.o",
        "cargo build --target wasm32-wasip1 -Zbuild-std=std,panic_abort",
    ] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
}

#[test]
fn a_component_is_compiled_for_its_target_where_there_is_one() {
    let toolchain = toolchain(Target::Component, Kind::Ordinary);
    let mut command = Command::new("cargo");
    toolchain.apply(command.arg("build"));
    assert_eq!(process::shown(&command), "cargo build --target wasm32-wasip2");
    assert_eq!(toolchain.triple(), "wasm32-wasip2");
}

#[test]
fn a_machine_with_the_target_of_programs_alone_compiles_components_as_such() {
    let fake = Fake::new();
    fake.script(
        "rustc",
        r#"case "$*" in
            *target-libdir*wasip1) echo "$HERE/libdir" ;;
            *target-libdir*) echo "$HERE/nothing" ;;
            *sysroot*) echo "$HERE/sysroot" ;;
            *) echo "host: some-host" ;;
        esac"#,
    );
    fake.file("libdir/libstd-0123.rlib");
    let found = ensure_on(&fake.machine, Target::Component, &mut Vec::new()).unwrap();
    assert_eq!(
        (found.triple(), found.is_ordinary(), found.is_to_be_encoded()),
        ("wasm32-wasip1", true, true)
    );
    let mut command = Command::new("cargo");
    found.apply(command.arg("build"));
    let line = "cargo build --target wasm32-wasip1 --features edgekv/component";
    assert_eq!(process::shown(&command), line);
    // Programs are what they were, and a layer needs a target of its own.
    let program = ensure_on(&fake.machine, Target::Program, &mut Vec::new()).unwrap();
    assert!(!program.is_to_be_encoded() && program.kind == Kind::Ordinary, "{program}");
    ensure_on(&fake.machine, Target::Layer, &mut Vec::new()).unwrap_err();
}

#[test]
fn debian_compiles_components_as_core_modules() {
    let toolchain = toolchain(Target::Component, Kind::Debian(debian()));
    let mut command = Command::new("cargo");
    toolchain.apply(command.arg("build"));
    let line = process::shown(&command);
    for part in [
        "CARGO_TARGET_WASM32_WASIP1_LINKER=",
        "crt1-command.o",
        "cargo build --target wasm32-wasip1 --features edgekv/component",
    ] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    assert_eq!(toolchain.triple(), "wasm32-wasip1");
}

#[test]
fn debian_compiles_layers_without_a_system() {
    let mut command = Command::new("cargo");
    toolchain(Target::Layer, Kind::Debian(debian())).apply(command.arg("build"));
    let line = process::shown(&command);
    for part in [
        "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=/toolchain/rust-lld",
        "cargo build --target wasm32-unknown-unknown -Zbuild-std=std,panic_abort",
    ] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    assert!(!line.contains("crt1") && !line.contains("wasm32-wasi"), "{line}");
}

#[test]
fn what_failed_for_one_target_is_not_tried_for_the_next() {
    let fake = Fake::new();
    fake.debian();
    fake.packages();
    fake.file("bin/wasm-ld");
    fake.rustup("exit 1");
    let mut failed = Vec::new();
    for target in [Target::Program, Target::Component, Target::Layer] {
        let found = ensure_on(&fake.machine, target, &mut failed).unwrap();
        assert!(!found.is_ordinary(), "{target:?}");
    }
    assert_eq!(fake.log(), ["rustup target add wasm32-wasip1"]);
}

#[test]
fn rustup_adds_each_target_that_is_wanted() {
    let fake = Fake::new();
    fake.rustup("case $3 in *wasip2) : >\"$HERE/libdir/libstd-0123.rlib\" ;; *) exit 1 ;; esac");
    fake.file("libdir/keep");
    assert_eq!(ensure_on(&fake.machine, Target::Component, &mut Vec::new()).unwrap().kind, Kind::Ordinary);
    assert_eq!(fake.log(), ["rustup target add wasm32-wasip2"]);
}

#[test]
fn a_lock_is_told_from_other_failures() {
    assert!(apt::is_lock("E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)"));
    assert!(apt::is_lock("E: Unable to lock directory /var/lib/apt/lists/"));
    assert!(!apt::is_lock("E: Failed to fetch http://blocked.example/ clock skew"));
}

/// A machine whose programs are small scripts; each call of an installer is one line in a log.
pub(super) struct Fake {
    folder: TempDir,
    pub(super) machine: Machine,
}

impl Fake {
    /// A machine with a Rust toolchain that has neither target nor linker.
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        fs::create_dir_all(&bin).unwrap();
        let machine = Machine { path: Some(bin.into_os_string()), root: Some(folder.path().join("system")) };
        let fake = Self { folder, machine };
        fake.script(
            "rustc",
            r#"case "$*" in
                *target-libdir*) echo "$HERE/libdir" ;;
                *sysroot*) echo "$HERE/sysroot" ;;
                *) echo "host: some-host" ;;
            esac"#,
        );
        fake
    }

    pub(super) fn script(&self, name: &str, body: &str) {
        let here = self.folder.path().display();
        // Another process writes the file. If this one did, a child that another test starts at that moment would inherit
        // the open file, and a file that is open for writing cannot be executed.
        let status = Command::new("sh")
            .args(["-c", r#"printf '%s' "$2" >"$1" && chmod 755 "$1""#, "sh"])
            .arg(self.folder.path().join("bin").join(name))
            .arg(format!("#!/bin/sh\nHERE='{here}'\n{body}\n"))
            .status();
        assert!(status.unwrap().success());
    }

    pub(super) fn file(&self, path: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }

    /// rustup manages the toolchain; `body` is what it does for `target add`.
    fn rustup(&self, body: &str) {
        self.file("sysroot/lib/rustlib/multirust-channel-manifest.toml");
        self.script(
            "rustup",
            &format!("[ \"$1\" = --version ] && exit 0\necho \"rustup $*\" >>\"$HERE/log\"\n{body}"),
        );
    }

    /// Debian, as root; a package is installed when there is a file of its name.
    pub(super) fn debian(&self) {
        self.script("id", "echo 0");
        self.script("dpkg-query", "[ -e \"$HERE/packages/$3\" ] && echo installed");
        self.script(
            "apt-get",
            r#"[ "$1" = --version ] && exit 0
            echo "apt-get $4 $7" >>"$HERE/log"
            case "$*" in
                *--download-only* | *update*) exit 0 ;;
            esac
            shift 6
            for package in "$@"; do : >"$HERE/packages/$package"; done
            : >"$HERE/bin/wasm-ld-19"
            : >"$HERE/system/usr/bin/rustc"
            : >"$HERE/system/usr/lib/wasm32-wasi/libc.a""#,
        );
        fs::create_dir_all(self.folder.path().join("packages")).unwrap();
        fs::create_dir_all(self.folder.path().join("system/usr/bin")).unwrap();
    }

    /// The packages are installed, without a linker.
    fn packages(&self) {
        for package in ["rustc-web", "rust-web-src", "libstd-rust-web-dev", "wasi-libc"] {
            self.file(&format!("packages/{package}"));
        }
        self.file("system/usr/bin/rustc");
        self.file("system/usr/lib/wasm32-wasi/libc.a");
    }

    pub(super) fn log(&self) -> Vec<String> {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        log.lines().map(|line| line.trim_end().to_owned()).collect()
    }
}

#[test]
fn a_machine_with_the_target_asks_nobody() {
    let fake = Fake::new();
    fake.file("libdir/libstd-0123.rlib");
    fake.rustup("exit 1");
    assert_eq!(ensure(&fake).unwrap().kind, Kind::Ordinary);
    assert_eq!(fake.log(), [""; 0]);
}

#[test]
fn rustup_adds_the_target_although_debian_has_all_pieces() {
    let fake = Fake::new();
    fake.debian();
    fake.packages();
    fake.file("bin/rust-lld");
    fake.file("libdir/keep");
    fake.rustup(": >\"$HERE/libdir/libstd-0123.rlib\"");
    assert_eq!(ensure(&fake).unwrap().kind, Kind::Ordinary);
    assert_eq!(fake.log(), ["rustup target add wasm32-wasip1"]);
}

#[test]
fn a_refusal_of_rustup_leads_to_the_packages_that_are_there() {
    let fake = Fake::new();
    fake.debian();
    fake.packages();
    fake.file("bin/wasm-ld");
    fake.file("bin/lld");
    fake.rustup("echo 'error: download failed' >&2; exit 1");
    let Kind::Debian(found) = ensure(&fake).unwrap().kind else { panic!("not Debian's") };
    assert!(
        found.linker.ends_with("bin/wasm-ld") && found.libraries.ends_with("usr/lib/wasm32-wasi"),
        "{found:?}"
    );
    assert_eq!(fake.log(), ["rustup target add wasm32-wasip1"]);
}

#[test]
fn the_linker_of_the_toolchain_comes_first() {
    let fake = Fake::new();
    fake.debian();
    fake.packages();
    fake.file("bin/wasm-ld");
    fake.file("sysroot/lib/rustlib/some-host/bin/rust-lld");
    let Kind::Debian(found) = ensure(&fake).unwrap().kind else { panic!("not Debian's") };
    assert!(found.linker.ends_with("some-host/bin/rust-lld"), "{found:?}");
}

#[test]
fn packages_are_downloaded_before_they_are_unpacked() {
    let fake = Fake::new();
    fake.debian();
    fake.file("system/usr/lib/wasm32-wasi/keep");
    let Kind::Debian(found) = ensure(&fake).unwrap().kind else { panic!("not Debian's") };
    assert!(found.linker.ends_with("bin/wasm-ld-19"), "{found:?}");
    assert_eq!(
        fake.log(),
        ["apt-get update", "apt-get install --download-only", "apt-get install rustc-web"]
    );
    assert!(fake.folder.path().join("packages/lld").exists(), "no linker was there, so one is installed");
}

#[test]
fn only_what_is_missing_is_asked_for() {
    let fake = Fake::new();
    fake.debian();
    fake.packages();
    fake.script("id", "echo 1000");
    let error = ensure(&fake).unwrap_err().to_string();
    assert!(error.ends_with("on Debian as root, `apt-get install lld`"), "{error}");
    fs::remove_file(fake.folder.path().join("packages/wasi-libc")).unwrap();
    let error = ensure(&fake).unwrap_err().to_string();
    assert!(error.ends_with("`apt-get install wasi-libc lld`"), "{error}");
}

#[test]
fn failures_are_named_in_the_message() {
    let fake = Fake::new();
    fake.debian();
    fake.rustup("exit 1");
    fake.script(
        "apt-get",
        "[ \"$1\" = --version ] && exit 0\necho 'E: Unable to locate package' >&2; exit 100",
    );
    let error = ensure(&fake).unwrap_err().to_string();
    assert!(error.contains("(rustup, apt-get failed)"), "{error}");
}
