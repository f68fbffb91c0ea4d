//! What a case is, and how it fails.
#![allow(
    clippy::needless_pass_by_value,
    reason = "what is compared was made for it; a hundred `&` would say nothing"
)]

use std::fmt::Debug;

use crate::here::Here;

/// A rule of the contract, and the code that finds out whether the host keeps it.
pub(crate) struct Case {
    /// Names the case for ever, whatever comes before it.
    pub(crate) id: String,
    /// The section of docs/abi.md, and what in it.
    pub(crate) rule: &'static str,
    /// What holds when the case passes.
    pub(crate) what: String,
    /// Whether no public source fixes the rule, so that a host may have chosen otherwise.
    pub(crate) open: bool,
    pub(crate) run: Box<dyn Fn(&mut Here) -> Outcome>,
}

/// A rule that every host has to keep.
pub(crate) fn case(
    id: impl Into<String>,
    rule: &'static str,
    what: impl Into<String>,
    run: impl Fn(&mut Here) -> Outcome + 'static,
) -> Case {
    Case { id: id.into(), rule, what: what.into(), open: false, run: Box::new(run) }
}

/// A rule that is our choice.
pub(crate) fn open(
    id: impl Into<String>,
    rule: &'static str,
    what: impl Into<String>,
    run: impl Fn(&mut Here) -> Outcome + 'static,
) -> Case {
    Case { open: true, ..case(id, rule, what, run) }
}

/// How a case ends.
pub(crate) type Outcome = Result<(), Failure>;

/// What a host did, and what it should have done.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What was looked at.
    pub(crate) what: String,
    pub(crate) expected: String,
    pub(crate) got: String,
}

/// These two are the same.
pub(crate) fn same<T: Debug + PartialEq<E>, E: Debug>(what: impl ToString, got: T, expected: E) -> Outcome {
    if got == expected {
        return Ok(());
    }
    Err(Failure { what: what.to_string(), expected: format!("{expected:?}"), got: format!("{got:?}") })
}

/// This is one of those.
pub(crate) fn one_of<T: Debug + PartialEq>(what: impl ToString, got: &T, expected: &[T]) -> Outcome {
    if expected.contains(got) {
        return Ok(());
    }
    Err(Failure { what: what.to_string(), expected: format!("one of {expected:?}"), got: format!("{got:?}") })
}

/// This holds; `expected` says what.
pub(crate) fn holds(what: impl ToString, is_so: bool, expected: &str, got: impl Debug) -> Outcome {
    if is_so {
        return Ok(());
    }
    Err(Failure { what: what.to_string(), expected: expected.to_owned(), got: format!("{got:?}") })
}
