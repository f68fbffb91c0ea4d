//! What cannot be the same in all forms, and why: the one list of it. docs/components.md shows it, and a test compares the two.

use std::fs;
use std::path::Path;

use crate::forms::Form;

/// Something that does not hold for a form, and the reason.
#[derive(Debug)]
pub(crate) struct Exception {
    pub(crate) program: &'static str,
    /// A case of the conformance program; all of another program.
    pub(crate) case: &'static str,
    pub(crate) forms: fn(Form) -> bool,
    pub(crate) reason: &'static str,
}

pub(crate) const EXCEPTIONS: &[Exception] = &[];

/// The exceptions of this form of a program.
pub(crate) fn of(program: &str, form: Form) -> impl Iterator<Item = &'static Exception> {
    let program = program.to_owned();
    EXCEPTIONS.iter().filter(move |exception| exception.program == program && (exception.forms)(form))
}

#[test]
fn the_document_shows_every_exception_with_its_reason() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/components.md");
    let document = fs::read_to_string(document).unwrap();
    for exception in EXCEPTIONS {
        let row = document.lines().find(|row| row.contains(&format!("`{}`", exception.case)));
        let row = row.unwrap_or_else(|| panic!("{exception:?} is not there"));
        assert!(row.contains(exception.program) && row.contains(exception.reason), "{exception:?}: {row}");
    }
}
