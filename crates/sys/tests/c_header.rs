//! The C header is accepted by compilers, and its layout is that of the witx texts.

use std::io;
use std::path::Path;
use std::process::Command;

/// Compiles a program that uses the header; `Err` holds what the compiler said, `None` says that there is no such
/// compiler.
fn compile(compiler: &str, flags: &[&str]) -> Option<Result<(), String>> {
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(compiler)
        .args(flags)
        .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-I"])
        .arg(crate_root.join("include"))
        .arg(crate_root.join("tests/header_use.c"))
        .output();
    match output {
        Ok(output) if output.status.success() => Some(Ok(())),
        Ok(output) => Some(Err(String::from_utf8_lossy(&output.stderr).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => panic!("`{compiler}` does not start: {error}"),
    }
}

#[test]
fn the_header_is_c11_without_warnings() {
    // Rust itself links with `cc`, so it is there.
    assert_eq!(compile("cc", &["-std=c11", "-x", "c"]), Some(Ok(())));
}

#[test]
fn the_header_is_cpp11_without_warnings_where_a_compiler_is_installed() {
    if let Some(outcome) = compile("c++", &["-std=c++11", "-x", "c++"]) {
        assert_eq!(outcome, Ok(()));
    }
}

/// 32-bit x86 with 8-byte alignment of 64-bit numbers lays records out as wasm32 does, so the assertions of the
/// header can be checked without a compiler for wasm. Freestanding, so that no 32-bit C library is needed.
#[test]
#[cfg(target_arch = "x86_64")]
fn the_layout_assertions_of_the_header_hold() {
    let as_wasm32 = ["-std=c11", "-x", "c", "-m32", "-malign-double", "-ffreestanding", "-D__wasm32__"];
    assert_eq!(compile("cc", &as_wasm32), Some(Ok(())));
}
