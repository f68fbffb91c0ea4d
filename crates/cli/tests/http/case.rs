//! Cases of the contract, and how they are run against a guest.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::guests::{Capability, Guest};
use crate::server::Server;

/// One rule of the contract.
pub(crate) struct Case {
    /// The rule, as a sentence.
    pub(crate) name: &'static str,
    /// What a guest has to express for it.
    pub(crate) needs: &'static [Capability],
    pub(crate) run: fn(&Server),
}

/// The case of this function, whose name is the rule.
macro_rules! case {
    ($run:ident) => { case!($run needs) };
    ($run:ident needs $($capability:ident)*) => {
        $crate::case::Case {
            name: stringify!($run),
            needs: &[$($crate::guests::Capability::$capability),*],
            run: $run,
        }
    };
}
pub(crate) use case;

/// Runs all cases that the guest can express, on one server, which has to end well.
pub(crate) fn check(guest: &'static Guest, cases: &[Case]) {
    let able = |case: &&Case| case.needs.iter().all(|need| guest.can.contains(need));
    let cases: Vec<_> = cases.iter().filter(able).collect();
    assert!(!cases.is_empty(), "{} can express nothing of this: it should not be listed", guest.name);
    let server = Server::start(guest);
    let mut failed = Vec::new();
    for case in cases {
        // One rule that is broken says nothing about the others.
        if catch_unwind(AssertUnwindSafe(|| (case.run)(&server))).is_err() {
            failed.push(case.name);
        }
    }
    assert!(failed.is_empty(), "with {}, these do not hold: {failed:#?}", guest.name);
    server.stop();
}
