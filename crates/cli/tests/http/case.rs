//! Cases of the contract, and how they are run against a guest.

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
    for case in cases {
        // Shown when the test fails: the last one is the one that failed.
        println!("{}", case.name);
        (case.run)(&server);
    }
    server.stop();
}
