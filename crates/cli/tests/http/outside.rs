//! The API and the applications of one process work on the same stores: what one has written, the next lookup of the other
//! sees, however often it was looked up before.

use crate::client::Client;
use crate::guests::{FASTLY_MAIN, Guest, JAVASCRIPT, SDK};
use crate::server::Server;

/// How often each side writes: enough to be sure that nothing is right only the first time.
const ROUNDS: usize = 20;

fn both_see_each_other(guest: &'static Guest) {
    if std::env::var_os("EDGEKV_TEST_SERVER").is_some() {
        println!("other hosts have no API");
        return;
    }
    // With one, writes are done when they are asked for; with the other, when they are on disk.
    for engine in ["memory:", "redb:data.redb"] {
        see_each_other(guest, engine);
    }
}

fn see_each_other(guest: &'static Guest, engine: &str) {
    let (server, api) = Server::start_with_api(guest, engine);
    let (mut app, mut outside) = (server.client(), Client::http1(api));
    let path = "/stores/kv/app-store/keys/shared";
    for round in 0..ROUNDS {
        // Not there is known, and remembered, on both sides.
        for _ in 0..2 {
            app.get("/kv/shared").has(404);
            outside.get(path).has(404);
        }
        let value = format!("from outside {round}");
        outside.send("PUT", path, &[("metadata", "out")], value.clone()).has(200);
        for _ in 0..2 {
            let found = app.get("/kv/shared").has(200);
            assert_eq!((found.text(), found.header("metadata")), (&*value, Some("out")));
            assert_eq!(outside.get(path).has(200).text(), value);
        }
        let value = format!("from inside {round}");
        app.send("PUT", "/kv/shared", &[("metadata", "in")], value.clone()).has(201);
        for _ in 0..2 {
            let found = outside.get(path).has(200);
            assert_eq!((found.text(), found.header("metadata")), (&*value, Some("in")));
            assert_eq!(app.get("/kv/shared").has(200).text(), value);
        }
        // One deletes, and the other the next time.
        if round % 2 == 0 {
            outside.delete(path).has(204);
        } else {
            app.delete("/kv/shared").has(204);
        }
    }
    server.stop();
}

#[test]
fn the_sdk_and_the_api_see_each_other() {
    both_see_each_other(&SDK);
}

#[test]
fn the_public_crate_and_the_api_see_each_other() {
    both_see_each_other(&FASTLY_MAIN);
}

#[test]
fn the_public_javascript_runtime_and_the_api_see_each_other() {
    both_see_each_other(&JAVASCRIPT);
}
