//! What a server counts, as Prometheus reads it.

use std::sync::Arc;

use edgekv_server::{Listener, Metrics};
use edgekv_store::{CacheLimits, Key, MemoryEngine, StoreName, Stores};
use http::{Method, StatusCode};

use crate::clients::get;
use crate::fixture::{Fixture, wait_until};

/// The number of a series.
fn value(text: &str, series: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
    Some(line.parse().unwrap())
}

#[test]
fn requests_operations_and_instances_of_an_application_are_counted() {
    let fixture = Fixture::new();
    let metrics = &fixture.metrics;
    assert_eq!(value(&metrics.render(), "edgekv_instances"), Some(0.0));
    for _ in 0..2 {
        fixture.check();
    }
    assert!(get(fixture.address, "/k").starts_with("HTTP/1.1 200"));
    assert!(get(fixture.address, "/t").starts_with("HTTP/1.1 500"));
    // A request is over when its response is sent, and its client has it a moment before.
    let requests =
        |status| format!(r#"edgekv_http_requests_total{{listener="app",method="GET",status="{status}"}}"#);
    wait_until("all requests are counted", || {
        let text = metrics.render();
        value(&text, &requests("2xx")) == Some(3.0) && value(&text, &requests("5xx")) == Some(1.0)
    });
    fixture.wait_until_nothing_is_left();
    let text = metrics.render();
    for (series, expected) in [
        (r#"edgekv_http_request_duration_seconds_count{listener="app"}"#, 4.0),
        (r#"edgekv_http_request_duration_seconds_bucket{listener="app",le="+Inf"}"#, 4.0),
        (r#"edgekv_kv_operations_total{kind="insert",outcome="ok"}"#, 1.0),
        (r#"edgekv_kv_operation_duration_seconds_count{kind="insert",source="engine"}"#, 1.0),
        (r#"edgekv_http_refused_total{listener="app"}"#, 0.0),
        (r#"edgekv_http_requests_in_flight{listener="app"}"#, 0.0),
        ("edgekv_instances", 0.0),
        ("edgekv_contexts", 0.0),
    ] {
        assert_eq!(value(&text, series), Some(expected), "{series}: {text}");
    }
    assert!(!text.contains(r#"listener="api""#), "there is no API: {text}");
    assert!(
        !text.contains("edgekv_cache") && !text.contains("edgekv_engine"),
        "nor a cache or a file: {text}"
    );
}

#[test]
fn a_server_that_is_gone_is_not_shown_and_is_not_kept() {
    let metrics = {
        let fixture = Fixture::new();
        let metrics = Arc::clone(&fixture.metrics);
        assert!(metrics.render().contains("edgekv_http_connections"));
        metrics
    };
    assert!(!metrics.render().contains("edgekv_http_connections"));
}

#[test]
fn hits_and_misses_of_a_cache_are_shown_with_what_is_in_it() {
    let metrics = Arc::new(Metrics::new());
    let builder = Stores::builder(MemoryEngine::new()).cache(CacheLimits::default());
    let stores = builder.observer(metrics.clone()).build().unwrap();
    metrics.watch_stores(&stores);
    let store = stores.create(&StoreName::new("store").unwrap()).wait().unwrap();
    for _ in 0..3 {
        assert!(store.lookup(Key::new("k").unwrap()).wait().unwrap().is_none());
    }
    let text = metrics.render();
    for (series, expected) in [
        ("edgekv_cache_hits_total", 2.0),
        ("edgekv_cache_misses_total", 1.0),
        ("edgekv_cache_evictions_total", 0.0),
        ("edgekv_cache_entries", 1.0),
        (r#"edgekv_kv_operations_total{kind="lookup",outcome="not_found"}"#, 3.0),
        (r#"edgekv_kv_operation_duration_seconds_count{kind="lookup",source="cache"}"#, 2.0),
        (r#"edgekv_kv_operation_duration_seconds_count{kind="lookup",source="engine"}"#, 1.0),
    ] {
        assert_eq!(value(&text, series), Some(expected), "{series}: {text}");
    }
    assert!(value(&text, "edgekv_cache_bytes").unwrap() > 0.0);
    drop((stores, store));
    assert!(!metrics.render().contains("edgekv_cache"), "the stores are gone");
}

#[test]
fn every_metric_has_a_help_text_and_a_type_and_is_in_order() {
    let fixture = Fixture::new();
    fixture.check();
    let metrics = &fixture.metrics;
    metrics.request(Listener::Api, &Method::PUT, Some(StatusCode::NO_CONTENT), std::time::Duration::ZERO);
    metrics.request(Listener::Api, &Method::PUT, None, std::time::Duration::from_secs(3600));
    let text = metrics.render();
    let mut names = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').unwrap();
            assert!(help.ends_with('.'), "{line}");
            let kind = lines.next().unwrap().strip_prefix(&format!("# TYPE {name} ")).unwrap();
            assert_eq!(name.ends_with("_total"), kind == "counter", "{name} is a {kind}");
            names.push(name);
            continue;
        }
        let name = names.last().unwrap();
        let (series, number) = line.rsplit_once(' ').unwrap();
        assert!(series.starts_with(name), "{line} is not of {name}");
        number.parse::<f64>().unwrap();
    }
    assert!(names.len() >= 8, "{text}");
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    assert!(names.iter().all(|name| name.starts_with("edgekv_") || *name == "process_start_time_seconds"));
    let started = value(&text, "process_start_time_seconds").unwrap();
    assert!(started > 1_700_000_000.0, "{started}");
    let none = r#"edgekv_http_requests_total{listener="api",method="PUT",status="none"}"#;
    assert_eq!(value(&text, none), Some(1.0), "{text}");
}
