//! Tests of the whole: ABI, guests, engines, command line.
//!
//! What several of them need is here; the tests themselves are in `tests/`.

use std::path::{Path, PathBuf};

/// The module of a guest program, as `cargo xtask guests` leaves it in `target/guests`.
///
/// # Panics
///
/// When the guest is not built, with the command that builds it.
#[must_use]
pub fn guest(name: &str) -> PathBuf {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guests").join(name).with_extension("wasm");
    assert!(path.is_file(), "the guest `{name}` is not built: run `cargo xtask guests`");
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "the guest `nobody` is not built: run `cargo xtask guests`")]
    fn a_missing_guest_says_how_to_build_it() {
        let _ = guest("nobody");
    }

    #[test]
    fn a_built_guest_is_a_wasm_module() {
        let start = std::fs::read(guest("exit-code")).unwrap();
        assert_eq!(&start[..4], b"\0asm");
    }
}
