//! One program in all of its forms: the module that it was built as, a component made of that, a component of the SDK, and those
//! linked with layers. What is linked is made here by the command under test, as users make it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(unix)]
#[path = "../http/client.rs"]
#[allow(dead_code, reason = "the tests over HTTP need more of it")]
mod client;
#[cfg(unix)]
mod documented;
mod exceptions;
mod forms;
mod isolation;
mod matrix;
mod offers;
#[path = "../http/process.rs"]
#[allow(dead_code, reason = "the tests over HTTP need more of it")]
mod process;
#[path = "../cli/program.rs"]
#[allow(dead_code, reason = "the tests of the command need more of it")]
mod program;
#[cfg(unix)]
mod served;
#[path = "../cli/workplace.rs"]
#[allow(dead_code, reason = "the tests of the command need more of it")]
mod workplace;
