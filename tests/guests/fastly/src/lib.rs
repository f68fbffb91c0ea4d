//! The HTTP contract of the tests, on the public `fastly` crate: what two programs share.
//!
//! The contract is told where it is tested, in `crates/cli/tests/http/main.rs`.

pub mod kv;
pub mod routes;
