//! HTTP in front of edge programs and of their stores: a [`Server`] answers each request by an instance of its own, an
//! [`Api`] from the stores.
//!
//! | question | place |
//! | --- | --- |
//! | how are connections accepted, and all of it stopped? | `listen.rs`, `server.rs` |
//! | on which threads? | [`run_blocking`] |
//! | what does a connection speak, and when is it closed? | `connection.rs`, `pace.rs` |
//! | what happens to one request? | `exchange.rs` |
//! | which requests are refused before an application sees them? | `target.rs`, `exchange.rs` |
//! | who runs the instance, and what does its end mean for the client? | `work.rs`, `outcome.rs` |
//! | what may a client and a request use? | [`Limits`] |
//! | what is logged? | `record.rs`, `output.rs`, `span.rs` |
//! | what is counted? | [`Metrics`], and the folder `metrics` |
//! | what are the stores from outside? | [`Api`], and the folder `api` |
//!
//! An application's wish that the connection be closed after its response (`Keepalive::Close`) is followed on HTTP/1.1. On
//! HTTP/2 it has no effect: a connection carries requests that have nothing to do with each other.
//!
//! Nothing outside of `api` knows what a store is; instances get theirs from the
//! [`KvCtxBuilder`](edgekv_host::KvCtxBuilder) that the server is given.

#![deny(clippy::indexing_slicing, clippy::panic, clippy::unreachable)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking"))]

mod answer;
mod api;
mod connection;
mod cpu;
mod exchange;
mod limits;
mod listen;
mod metrics;
mod outcome;
mod output;
mod pace;
mod record;
mod server;
mod span;
mod stats;
mod target;
mod threads;
mod upload;
mod work;

pub use api::{Api, ApiBuilder, ApiLimits, Token, TokenError};
pub use limits::Limits;
pub use metrics::{Listener, Metrics};
pub use server::{Server, ServerBuilder, TURN};
pub use stats::Stats;
pub use threads::run_blocking;
