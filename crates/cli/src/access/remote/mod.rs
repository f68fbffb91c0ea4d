//! Operations through the HTTP API of a server: edgekv's own, or another one that speaks the same.

pub(super) mod client;
pub(super) mod store;
