//! Statuses of answers.

use crate::case::{Case, case};
use crate::server::Server;

pub(crate) const CASES: &[Case] =
    &[case!(statuses_pass), case!(some_statuses_have_no_body), case!(what_is_no_status_is_refused)];

fn statuses_pass(server: &Server) {
    let mut client = server.client();
    for status in [200, 201, 202, 301, 400, 404, 418, 451, 500, 503, 599] {
        let answer = client.get(&format!("/status/{status}")).has(status);
        assert_eq!(answer.text(), format!("status {status}"));
    }
}

fn some_statuses_have_no_body(server: &Server) {
    let mut client = server.client();
    for status in [204, 304] {
        let answer = client.get(&format!("/status/{status}")).has(status);
        assert_eq!(answer.text(), "");
        assert_eq!(answer.header("transfer-encoding"), None, "{answer:?}");
        // The connection goes on with the next answer.
        client.get("/status/200").has(200);
    }
}

fn what_is_no_status_is_refused(server: &Server) {
    let mut client = server.client();
    for status in ["99", "x", "70000"] {
        client.get(&format!("/status/{status}")).has(400);
    }
    client.get("/no/such/route").has(404);
}
