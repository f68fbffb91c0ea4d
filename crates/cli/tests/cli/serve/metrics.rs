//! What a server shows of itself to Prometheus.

use std::collections::BTreeSet;

use super::{serve, workplace};
use crate::client::Client;
use crate::process::in_time;

/// The table of metrics is in there.
const PAGE: &str = include_str!("../../../../../docs/cli.md");

/// The number of a series.
fn value(text: &str, series: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
    Some(line.parse().unwrap())
}

#[test]
fn all_that_is_counted_is_shown_by_the_api_and_in_the_table_of_the_documentation() {
    let here = workplace();
    let server = serve(&here, "app.wasm --api 127.0.0.1:0 --store store");
    let mut api = Client::http1(server.api());
    for _ in 0..2 {
        api.get("/stores/kv/store/keys/key").has(404);
    }
    Client::http1(server.address).get("/k").has(200);
    api.get("/stores/kv/store/keys/key").has(200);
    let mut text = String::new();
    // A request is over when its response is sent, and its client has it a moment before.
    in_time("all requests are counted", || {
        let answer = api.get("/metrics").has(200);
        assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
        answer.text().clone_into(&mut text);
        value(&text, r#"edgekv_http_requests_total{listener="app",method="GET",status="2xx"}"#) == Some(1.0)
            && value(&text, r#"edgekv_http_requests_total{listener="api",method="GET",status="4xx"}"#)
                == Some(2.0)
    });
    for (series, expected) in [
        (r#"edgekv_kv_operations_total{kind="lookup",outcome="not_found"}"#, 2.0),
        (r#"edgekv_kv_operations_total{kind="lookup",outcome="ok"}"#, 1.0),
        (r#"edgekv_kv_operations_total{kind="insert",outcome="ok"}"#, 1.0),
        ("edgekv_cache_hits_total", 1.0),
        ("edgekv_cache_misses_total", 2.0),
        ("edgekv_engine_queued_bytes", 0.0),
        (r#"edgekv_http_connections{listener="api"}"#, 1.0),
        (r#"edgekv_http_requests_in_flight{listener="api"}"#, 1.0),
        (&format!("edgekv_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION")), 1.0),
    ] {
        assert_eq!(value(&text, series), Some(expected), "{series}: {text}");
    }
    // The store and the insert.
    assert!(value(&text, "edgekv_engine_commits_total").unwrap() >= 2.0, "{text}");
    assert!(value(&text, "edgekv_engine_file_bytes").unwrap() > 0.0, "{text}");

    let shown: BTreeSet<_> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect();
    let section = PAGE.split_once("\n## Metrics\n").unwrap().1.split("\n## ").next().unwrap();
    // The tables of labels have fewer columns.
    let documented = section.lines().filter_map(|line| match *line.split(" | ").collect::<Vec<_>>() {
        [name, kind, _labels, _what] => Some((name.strip_prefix("| `")?.strip_suffix('`')?, kind)),
        _ => None,
    });
    let documented: BTreeSet<_> = documented.collect();
    assert_eq!(documented, shown);
    server.stop();
}
