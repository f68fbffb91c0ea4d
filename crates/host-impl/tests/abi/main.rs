//! The ABI, called as a guest calls it: every function, status, quirk and limit of docs/abi.md.
//!
//! Each test runs twice: with the host's calls blocking, and with them asynchronous.

#![allow(unreachable_pub, reason = "there is nobody outside of a test")]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking, helpers of tests too")]

mod async_io;
mod bodies;
mod clients;
#[cfg(feature = "component")]
mod componentized;
mod compute_runtime;
mod events;
mod fixture;
mod guest;
mod handles;
mod headers;
mod inserts;
mod lists;
mod log;
mod lookups;
mod object_store;
mod ops;
mod pointers;
mod refusals;
mod requests;
mod responses;
#[path = "../scripted/mod.rs"]
mod scripted;
mod signatures;
mod stores;
mod stubs;
mod trailers;

/// `core_test!(name, |fixture| { … })`, or `core_test!(name, setup, |fixture| { … })`: a test for each way in which the host runs a
/// core module.
macro_rules! core_test {
    ($name:ident, |$fixture:ident| $body:block) => {
        core_test!($name, crate::fixture::Setup::default(), |$fixture| $body);
    };
    ($name:ident, $setup:expr, |$fixture:ident| $body:block) => {
        mod $name {
            #[allow(unused_imports, reason = "not every test needs them")]
            use super::*;

            fn run(mode: crate::guest::Mode) {
                let mut fixture = crate::fixture::Fixture::new(mode, &$setup);
                let $fixture = &mut fixture;
                $body
            }

            #[test]
            fn blocking() {
                run(crate::guest::Mode::Blocking);
            }

            #[test]
            fn asynchronous() {
                run(crate::guest::Mode::Asynchronous);
            }
        }
    };
}
pub(crate) use core_test;

/// The same, and a test for the component that the adapter makes of the module.
macro_rules! abi_test {
    ($name:ident, |$fixture:ident| $body:block) => {
        abi_test!($name, crate::fixture::Setup::default(), |$fixture| $body);
    };
    ($name:ident, $setup:expr, |$fixture:ident| $body:block) => {
        mod $name {
            #[allow(unused_imports, reason = "not every test needs them")]
            use super::*;

            fn run(mode: crate::guest::Mode) {
                let mut fixture = crate::fixture::Fixture::new(mode, &$setup);
                let $fixture = &mut fixture;
                $body
            }

            #[test]
            fn blocking() {
                run(crate::guest::Mode::Blocking);
            }

            #[test]
            fn asynchronous() {
                run(crate::guest::Mode::Asynchronous);
            }

            #[test]
            #[cfg(feature = "component")]
            fn componentized() {
                run(crate::guest::Mode::Componentized);
            }
        }
    };
}
pub(crate) use abi_test;
