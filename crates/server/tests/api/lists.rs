//! Lists of keys.

use serde_json::json;

use crate::client::{get, head, put};
use crate::fixture::{Fixture, with_both};

#[test]
fn pages_follow_each_other_until_there_is_no_cursor() {
    with_both(|fixture| {
        let mut client = fixture.client();
        for key in ["a", "batch-1", "batch-2", "batch-3", "c"] {
            client.send(put(&format!("/stores/kv/store/keys/{key}")).body("v"));
        }
        for path in fixture.paths("keys") {
            let first = client.send(get(&format!("{path}?limit=2&prefix=batch"))).json();
            let cursor = first["meta"]["next_cursor"].as_str().unwrap();
            let expected = json!({"data": ["batch-1", "batch-2"], "meta": {"limit": 2, "prefix": "batch", "next_cursor": cursor}});
            assert_eq!(first, expected);
            let second = client
                .send(get(&format!("{path}?limit=2&prefix=batch&consistency=eventual&cursor={cursor}")))
                .json();
            let expected = json!({"data": ["batch-3"], "meta": {"limit": 2, "prefix": "batch", "consistency": "eventual"}});
            assert_eq!(second, expected);
            let all = client.send(get(&format!("{path}?consistency=strong&cursor="))).json();
            let expected =
                json!({"data": ["a", "batch-1", "batch-2", "batch-3", "c"], "meta": {"limit": 1000}});
            assert_eq!(all, expected);
            assert_eq!(client.send(get(&format!("{path}?limit=5000"))).json()["meta"]["limit"], 1000, "cut");
            let elsewhere = client.send(get(&format!("{path}?prefix=a&cursor={cursor}")));
            assert_eq!(elsewhere.status, 400, "a cursor belongs to its list");
        }
    });
}

#[test]
fn a_list_has_a_head() {
    let fixture = Fixture::new();
    let list = fixture.send(get("/stores/kv/store/keys"));
    assert_eq!(list.text(), r#"{"data":[],"meta":{"limit":1000}}"#);
    let head = fixture.send(head("/stores/kv/store/keys"));
    assert_eq!((head.status, head.text()), (200, ""));
    assert_eq!(head.header("content-length"), list.header("content-length"));
}
