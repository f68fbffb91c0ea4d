//! What cannot be the same in all forms, and why: the one list of it. docs/components.md shows it, and a test compares the two.

use std::fs;
use std::path::Path;

use crate::forms::Form;

/// Something that does not hold for a form, and the reason.
#[derive(Debug)]
pub(crate) struct Exception {
    pub(crate) program: &'static str,
    /// What it is: an id of the conformance program, or words for what another program does.
    pub(crate) case: &'static str,
    forms: fn(Form) -> bool,
    reason: &'static str,
}

const NO_ROOM: &str =
    "the layer puts the name of the tenant before each key, and a key has 1,024 bytes with it";
const NO_HTTP: &str = "`fastly_http_*` answers `unsupported` in a component";

const NO_SOURCE: &str = "its source calls the ABI, by itself or by a crate that does";
const NO_STORE: &str = "it uses no KV store, and a layer that satisfies nothing is an error";
const NO_NUMBER: &str = "`wasi:cli/exit` of WASI 0.2 tells good or bad, and no number: the status is 1";

pub(crate) const EXCEPTIONS: &[Exception] = &[
    Exception { program: "conformance", case: "kv-key-016", forms: Form::has_middleware, reason: NO_ROOM },
    Exception { program: "conformance", case: "kv-list-041", forms: Form::has_middleware, reason: NO_ROOM },
    Exception { program: "sdk-kv", case: "the longest key", forms: Form::has_middleware, reason: NO_ROOM },
    Exception { program: "fastly-kv", case: "the longest key", forms: Form::has_middleware, reason: NO_ROOM },
    Exception { program: "conformance", case: "building", forms: Form::is_of_sdk, reason: NO_SOURCE },
    Exception { program: "fastly-kv", case: "building", forms: Form::is_of_sdk, reason: NO_SOURCE },
    Exception { program: "args", case: "linking", forms: Form::is_linked, reason: NO_STORE },
    Exception { program: "exit-code", case: "linking", forms: Form::is_linked, reason: NO_STORE },
    Exception { program: "trap", case: "linking", forms: Form::is_linked, reason: NO_STORE },
    Exception {
        program: "exit-code",
        case: "statuses over 1",
        forms: |form| form == Form::Sdk,
        reason: NO_NUMBER,
    },
    Exception { program: "shortener", case: "all of it", forms: Form::is_of_adapter, reason: NO_HTTP },
    Exception { program: "sdk-http", case: "all of it", forms: Form::is_of_adapter, reason: NO_HTTP },
    Exception { program: "fastly-http", case: "all of it", forms: Form::is_of_adapter, reason: NO_HTTP },
    Exception { program: "fastly-streams", case: "all of it", forms: Form::is_of_adapter, reason: NO_HTTP },
    Exception { program: "shortener-fastly", case: "all of it", forms: Form::is_of_adapter, reason: NO_HTTP },
    Exception { program: "js-http", case: "all of it", forms: Form::is_of_adapter, reason: NO_HTTP },
];

/// The exceptions of this form of a program.
pub(crate) fn of(program: &str, form: Form) -> impl Iterator<Item = &'static Exception> {
    EXCEPTIONS.iter().filter(move |exception| exception.program == program && (exception.forms)(form))
}

/// The programs that no component can be made of that does anything: they answer requests by the ABI.
pub(crate) fn programs_of_http() -> impl Iterator<Item = &'static str> {
    EXCEPTIONS.iter().filter(|exception| exception.case == "all of it").map(|exception| exception.program)
}

#[test]
fn the_document_shows_every_exception_with_its_reason() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/components.md");
    let document = fs::read_to_string(document).unwrap();
    for exception in EXCEPTIONS {
        let mut rows = document.lines().filter(|row| row.starts_with("| ") && row.contains(exception.case));
        let shown = rows
            .any(|row| row.contains(&format!("`{}`", exception.program)) && row.contains(exception.reason));
        assert!(shown, "{exception:?} is not there");
    }
}
