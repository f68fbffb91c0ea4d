//! HTTP in front of edge programs: a [`Server`] answers each request by an instance of its own.
//!
//! | question | place |
//! | --- | --- |
//! | how are connections accepted, and all of it stopped? | `server.rs` |
//! | what does a connection speak, and when is it closed? | `connection.rs`, `pace.rs` |
//! | what happens to one request? | `exchange.rs` |
//! | which requests are refused before an application sees them? | `target.rs`, `exchange.rs` |
//! | who runs the instance, and what does its end mean for the client? | `work.rs`, `outcome.rs` |
//! | what may a client and a request use? | [`Limits`] |
//! | what is logged? | `record.rs`, `output.rs` |
//!
//! An application's wish that the connection be closed after its response (`Keepalive::Close`) is followed on HTTP/1.1. On
//! HTTP/2 it has no effect: a connection carries requests that have nothing to do with each other.
//!
//! Nothing in here knows what a store is; instances get theirs from the
//! [`KvCtxBuilder`](edgekv_host::KvCtxBuilder) that the server is given.

#![deny(clippy::indexing_slicing, clippy::panic, clippy::unreachable)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking"))]

mod answer;
mod connection;
mod cpu;
mod exchange;
mod limits;
mod outcome;
mod output;
mod pace;
mod record;
mod server;
mod stats;
mod target;
mod upload;
mod work;

pub use limits::Limits;
pub use server::{Server, ServerBuilder, TURN};
pub use stats::Stats;
