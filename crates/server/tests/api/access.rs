//! Who may use the API, and what everybody may ask.

use std::sync::Arc;

use edgekv_server::{Metrics, Token};

use crate::client::{Request, get, head, post, put};
use crate::fixture::Fixture;

#[test]
fn with_a_token_every_request_needs_it_but_for_questions_about_health() {
    let fixture = Fixture::with(|builder| builder.token(Token::new("secret").unwrap()));
    let open = ["/healthz", "/readyz", "/realms/fastly/.well-known/openid-configuration"];
    let closed = [
        "/stores/kv/store/keys",
        "/resources/stores/kv",
        "/openapi.json",
        "/enabled-products/v1/kv_store",
        "/metrics",
        "/nothing",
    ];
    for path in open {
        assert_eq!(fixture.send(get(path)).status, 200, "{path}");
    }
    for path in closed {
        let refused = fixture.send(get(path));
        assert_eq!(refused.status, 401, "{path}");
        assert!(refused.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer")));
        assert!(refused.detail().contains("Fastly-Key"), "{refused:?}");
        let head = fixture.send(head(path));
        assert_eq!((head.status, head.text()), (401, ""));
    }
    for (name, value, status) in [
        ("Fastly-Key", "secret", 200),
        ("fastly-key", "secret", 200),
        ("Authorization", "Bearer secret", 200),
        ("Authorization", "Bearer other", 401),
        ("Authorization", "Basic c2VjcmV0", 401),
        ("Fastly-Key", "secre", 401),
        ("Fastly-Key", "", 401),
    ] {
        let answer = fixture.send(get("/stores/kv/store/keys").header(name, value));
        assert_eq!(answer.status, status, "{name}: {value}");
    }
}

#[test]
fn a_wrong_token_is_told_before_the_body_is_read() {
    let fixture = Fixture::with(|builder| builder.token(Token::new("secret").unwrap()));
    let mut client = fixture.client();
    let request = put("/stores/kv/store/keys/k").header("content-length", "1000000");
    client.write(&request.to_bytes(fixture.address)).unwrap();
    assert_eq!(client.answer(&request).unwrap().status, 401);
}

#[test]
fn without_a_token_web_pages_are_refused() {
    let fixture = Fixture::new();
    let path = "/resources/stores/kv";
    let page = post(path).header("origin", "http://evil.example").body(r#"{"name":"evil"}"#);
    assert_eq!(fixture.send(page).status, 403);
    let rebound = fixture.send(get(path).header("host", "evil.example"));
    assert_eq!(rebound.status, 403);
    assert!(rebound.detail().contains("set a token"), "{rebound:?}");
    assert_eq!(fixture.send(get(path)).json()["meta"]["total"], 1, "nothing was made");
    assert_eq!(fixture.send(get(path).header("host", "localhost:7677")).status, 200);
}

#[test]
fn what_the_official_client_asks_for_first_is_json() {
    let fixture = Fixture::new();
    let document = fixture.send(get("/realms/fastly/.well-known/openid-configuration")).json();
    for field in ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"] {
        let url = document[field].as_str().unwrap();
        assert!(url.starts_with(&format!("http://{}/realms/fastly", fixture.address)), "{url}");
    }
    let product = "/enabled-products/v1/kv_store";
    assert_eq!(fixture.send(get(product)).json()["product"]["id"], "kv_store");
    assert_eq!(fixture.send(put(product)).json()["product"]["id"], "kv_store");
    assert_eq!(fixture.send(Request::new("DELETE", product)).status, 409);
}

#[test]
fn a_server_whose_engine_is_closed_is_not_ready() {
    let fixture = Fixture::new();
    assert_eq!(fixture.send(get("/readyz")).text(), "ready\n");
    fixture.stores.close().wait().unwrap();
    // An answer holds for a moment.
    let start = std::time::Instant::now();
    while fixture.send(get("/readyz")).status != 503 {
        assert!(start.elapsed() < crate::fixture::PATIENCE);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(fixture.send(get("/healthz")).text(), "ok\n");
    let refused = fixture.send(get("/stores/kv/store/keys"));
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
}

#[test]
fn what_is_counted_is_shown_where_somebody_counts() {
    let fixture = Fixture::with(|builder| builder.metrics(Arc::new(Metrics::new())));
    assert_eq!(fixture.send(put("/stores/kv/store/keys/k").body("v")).status, 200);
    let metrics = fixture.send(get("/metrics"));
    assert_eq!(metrics.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert!(metrics.text().contains("listener=\"api\""), "{}", metrics.text());
    assert_eq!(Fixture::new().send(get("/metrics")).status, 404);
}
