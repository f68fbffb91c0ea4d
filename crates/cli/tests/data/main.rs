//! `edgekv store` and `edgekv kv` as users have them: the real binary, on a database, and on a real server.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_input;
mod busy;
mod fake;
mod foreign;
mod goes_on;
#[cfg(unix)]
mod interrupts;
mod items;
mod place;
#[path = "../http/process.rs"]
#[allow(dead_code, reason = "the tests over HTTP need more of it")]
mod process;
mod round_trips;
mod servers;
mod statuses;
mod stores;
