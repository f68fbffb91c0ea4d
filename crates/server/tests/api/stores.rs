//! Stores: made, listed, described, renamed, deleted.

use edgekv_store::StoreName;
use serde_json::Value;

use crate::client::{Answer, delete, get, post, put};
use crate::fixture::{Fixture, with_both};

const STORES: &str = "/resources/stores/kv";

fn create(fixture: &Fixture, name: &str) -> Answer {
    fixture.send(post(STORES).body(serde_json::json!({ "name": name }).to_string()))
}

fn check(store: &Value, name: &str) {
    let id = store["id"].as_str().unwrap();
    assert!(id.len() == 22 && id.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase()), "{store}");
    assert_eq!(store["name"], name);
    for field in ["created_at", "updated_at"] {
        let time: jiff::Timestamp = store[field].as_str().unwrap().parse().unwrap();
        assert!((jiff::Timestamp::now() - time).get_seconds().abs() < 3600, "{store}");
    }
}

#[test]
fn a_store_is_made_described_renamed_and_deleted() {
    with_both(|fixture| {
        let created = create(fixture, "first \u{e9}\"");
        assert_eq!(created.status, 201);
        check(&created.json(), "first \u{e9}\"");
        let id = created.json()["id"].as_str().unwrap().to_owned();
        let path = format!("{STORES}/{id}");
        assert_eq!(fixture.send(get(&path)).json(), created.json());
        assert_eq!(fixture.send(put(&format!("{path}/keys/k")).body("kept")).status, 200);

        let renamed = fixture.send(put(&path).body(r#"{"name":"second"}"#));
        assert_eq!(renamed.status, 200);
        check(&renamed.json(), "second");
        assert_eq!(renamed.json()["id"], *id);
        assert_eq!(fixture.send(get(&path)).json()["name"], "second");
        assert_eq!(fixture.send(get("/stores/kv/second/keys/k")).text(), "kept");
        assert_eq!(fixture.send(get("/stores/kv/first%20%C3%A9%22/keys/k")).status, 404);

        let refused = fixture.send(delete(&path));
        assert_eq!(refused.status, 409);
        assert!(refused.detail().contains("not empty"), "{refused:?}");
        assert_eq!(fixture.send(delete(&format!("{path}/keys/k"))).status, 204);
        let deleted = fixture.send(delete(&path));
        assert_eq!((deleted.status, deleted.text()), (204, ""));
        for request in [get(&path), delete(&path), get(&format!("{path}/keys/k"))] {
            let gone = fixture.send(request);
            assert_eq!(gone.status, 404);
            assert!(gone.detail().contains(&id), "{gone:?}");
        }
        assert_eq!(fixture.send(get("/stores/kv/second/keys/k")).status, 404);
    });
}

#[test]
fn a_name_is_taken_once() {
    with_both(|fixture| {
        let taken = create(fixture, "store");
        assert_eq!(taken.status, 400);
        assert!(taken.detail().contains("exists already"), "{taken:?}");
        let id = create(fixture, "other").json()["id"].as_str().unwrap().to_owned();
        assert_eq!(fixture.send(put(&format!("{STORES}/{id}")).body(r#"{"name":"store"}"#)).status, 400);
        assert_eq!(fixture.send(put(&format!("{STORES}/{id}")).body(r#"{"name":"other"}"#)).status, 200);
    });
}

#[test]
fn the_list_has_pages_and_a_filter() {
    with_both(|fixture| {
        for name in ["e", "b", "d", "a", "c"] {
            assert_eq!(create(fixture, name).status, 201);
        }
        let mut names = Vec::new();
        let mut path = format!("{STORES}?limit=2");
        loop {
            let page = fixture.send(get(&path)).json();
            assert_eq!((&page["meta"]["limit"], &page["meta"]["total"]), (&2.into(), &6.into()));
            let stores = page["data"].as_array().unwrap();
            assert!(!stores.is_empty() && stores.len() <= 2);
            names.extend(stores.iter().map(|store| store["name"].as_str().unwrap().to_owned()));
            let Some(cursor) = page["meta"].get("next_cursor") else { break };
            path = format!("{STORES}?limit=2&cursor={}", cursor.as_str().unwrap());
        }
        assert_eq!(names, ["a", "b", "c", "d", "e", "store"]);
        let filtered = fixture.send(get(&format!("{STORES}?name=d&limit=10"))).json();
        assert_eq!((&filtered["data"][0]["name"], &filtered["meta"]["total"]), (&"d".into(), &1.into()));
        let all = fixture.send(get(STORES)).json();
        assert_eq!((all["data"].as_array().unwrap().len(), &all["meta"]["limit"]), (6, &1000.into()));
        check(&all["data"][5], "store");
    });
}

#[test]
fn stores_that_are_kept_for_the_server_are_not_there() {
    let fixture = Fixture::new();
    let hidden = fixture.stores.create(&StoreName::new(".edgekv.ledger").unwrap()).wait().unwrap();
    let id = hidden.info().id;
    for path in
        [format!("{STORES}/{id}"), format!("{STORES}/{id}/keys"), "/stores/kv/.edgekv.ledger/keys".into()]
    {
        assert_eq!(fixture.send(get(&path)).status, 404, "{path}");
    }
    assert_eq!(fixture.send(delete(&format!("{STORES}/{id}"))).status, 404);
    assert_eq!(fixture.send(get(STORES)).json()["meta"]["total"], 1);
    assert_eq!(create(&fixture, ".edgekv.mine").status, 400);
    let rename = format!("{STORES}/{}", fixture.id);
    assert_eq!(fixture.send(put(&rename).body(r#"{"name":".edgekv.mine"}"#)).status, 400);
}

#[test]
fn a_location_is_taken_and_means_nothing() {
    let fixture = Fixture::new();
    for location in ["US", "EU", "ASIA", "AUS"] {
        let path = format!("{STORES}?location={location}");
        let body = format!("{{\"name\": \"in {location}\"}}");
        assert_eq!(fixture.send(post(&path).body(body)).status, 201);
    }
}

#[test]
fn a_store_that_is_missing_says_how_to_make_it() {
    let fixture = Fixture::new();
    let missing = fixture.send(get("/stores/kv/none/keys/k"));
    assert_eq!(missing.status, 404);
    let detail = missing.detail();
    assert!(detail.contains("\"none\"") && detail.contains("POST /resources/stores/kv"), "{detail}");
    let detail = fixture.send(get("/stores/kv/a%22%5Cb/keys/k")).detail();
    let document = &detail[detail.find('{').unwrap()..];
    let document: Value = serde_json::from_str(document).unwrap();
    assert_eq!(document["name"], "a\"\\b");
    let detail = fixture.send(get("/stores/kv/.edgekv.ledger/keys")).detail();
    assert!(!detail.contains("POST") && detail.contains("begins with"), "{detail}");
}
