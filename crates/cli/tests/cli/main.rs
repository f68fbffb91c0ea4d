//! The command as users have it: the real binary, with guests that are written for the purpose in WebAssembly text,
//! and with those that `cargo xtask guests` builds.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_input;
// What the tests over HTTP have for their servers.
#[cfg(unix)]
#[path = "../http/client.rs"]
#[allow(dead_code, reason = "the tests over HTTP need more of it")]
mod client;
mod compiled;
mod componentizing;
mod composing;
mod conformance;
mod guests;
mod help;
mod inspecting;
mod interrupts;
#[path = "../http/process.rs"]
#[cfg_attr(not(unix), allow(dead_code, reason = "servers are stopped by signals"))]
mod process;
mod program;
#[cfg(unix)]
mod readme;
mod runs;
mod seeding;
#[cfg(unix)]
mod serve;
mod workplace;
