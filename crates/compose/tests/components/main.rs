//! Linking and reading components: those of our own WIT, with modules that do nothing in them, and such as nobody would build.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod hostile;
mod inspecting;
mod linking;
mod refusals;
mod worlds;
