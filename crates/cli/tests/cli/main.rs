//! The command as users have it: the real binary, with guests that are written for the purpose in WebAssembly text,
//! and with those that `cargo xtask guests` builds.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_input;
mod compiled;
mod guests;
mod help;
mod interrupts;
mod program;
mod runs;
mod seeding;
mod workplace;
