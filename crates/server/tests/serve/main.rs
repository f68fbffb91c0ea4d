//! Real servers on loopback, with clients that behave and clients that do not, and an application that does whatever the
//! URL says (`app.wat`; as a component `component.wat`). After each fault a normal request is answered, and nothing is left behind.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking, helpers of tests too")]

mod clients;
mod components;
mod faults;
mod fixture;
mod http2;
mod idle;
mod limits;
mod log;
mod loops;
mod messages;
mod metrics;
mod shutdown;
