//! What an operator's restart keeps.

use crate::case::{Case, case};
use crate::server::Server;

pub(crate) const CASES: &[Case] = &[case!(entries_survive_a_restart)];

/// A durable store of its own; the server that the case is given keeps nothing.
const ENGINE: &str = "redb:data.redb";

fn entries_survive_a_restart(other: &Server) {
    let first = Server::start_in(tempfile::tempdir().unwrap(), other.guest, ENGINE);
    first.client().send("PUT", "/kv/kept", &[("metadata", "m")], "value").has(201);
    let second = Server::start_in(first.stop(), other.guest, ENGINE);
    let found = second.client().get("/kv/kept").has(200);
    assert_eq!((found.text(), found.header("metadata")), ("value", Some("m")));
    second.stop();
}
