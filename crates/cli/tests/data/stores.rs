//! Stores are made, listed, described and deleted.

use serde_json::json;

use crate::place::Data;

#[test]
fn a_store_is_made_listed_described_and_deleted() {
    for data in Data::both() {
        let created = data.run(&["store", "create", "two", "--json"]).json();
        assert_eq!(created["name"], "two");
        assert_eq!(created["id"].as_str().unwrap().len(), 22, "{created}");
        assert!(created["created_at"].as_str().unwrap().starts_with("20"), "{created}");
        let said = data.run(&["store", "create", "one"]).text();
        assert!(said.starts_with("created store \"one\" ("), "{said}");

        assert_eq!(data.run(&["store", "list"]).text(), "one\ntwo\n");
        let list = data.run(&["store", "list", "--json"]).json();
        let names: Vec<_> = list["stores"].as_array().unwrap().iter().map(|store| &store["name"]).collect();
        assert_eq!(names, ["one", "two"]);
        assert_eq!(list["stores"][1], created);
        assert_eq!(data.run(&["store", "describe", "two", "--json"]).json(), created);
        let described = data.run(&["store", "describe", "two"]).text();
        assert!(
            described.contains(&format!("id:      {}\n", created["id"].as_str().unwrap())),
            "{described}"
        );

        assert_eq!(data.run(&["store", "delete", "one"]).text(), "deleted store \"one\"\n");
        let deleted = data.run(&["store", "delete", "two", "--json"]).json();
        assert_eq!(deleted, json!({ "name": "two", "deleted": true, "items": 0 }));
        assert_eq!(data.run(&["store", "list", "--json"]).json(), json!({ "stores": [] }));
    }
}

#[test]
fn a_store_with_items_goes_only_with_them() {
    for data in Data::both() {
        let data = data.with_store("s");
        for key in ["a", "b/c", "d"] {
            data.run(&["kv", "put", "s", key, "v"]).good();
        }
        data.run(&["store", "delete", "s"]).fails(71, &["not empty", "--all --yes"]);
        data.run(&["store", "delete", "s", "--all"]).fails(2, &["--yes"]);
        assert_eq!(data.run(&["kv", "list", "s"]).text(), "a\nb/c\nd\n");
        let said = data.run(&["store", "delete", "s", "--all", "--yes"]).text();
        assert_eq!(said, "deleted store \"s\" and 3 items\n");
        data.run(&["store", "describe", "s"]).fails(66, &["no store \"s\""]);
    }
}

#[test]
fn names_are_those_of_users_only() {
    for data in Data::both() {
        data.run(&["store", "create", ".edgekv.mine"]).fails(2, &["reserved"]);
        data.run(&["kv", "get", ".edgekv.mine", "k"]).fails(2, &["reserved"]);
        data.run(&["store", "create", ""]).fails(2, &["name"]);
        let odd = "été / %2F ?&=+";
        data.run(&["store", "create", odd, "--json"]).good();
        data.run(&["kv", "put", odd, "k", "v"]).good();
        assert_eq!(data.run(&["kv", "get", odd, "k"]).text(), "v");
        assert_eq!(data.run(&["store", "list"]).text(), format!("{odd}\n"));
        data.run(&["store", "create", odd]).fails(71, &["exists already"]);
    }
}

/// What is loaded from a manifest is noted in a store that nobody is to see.
#[test]
fn stores_of_edgekv_itself_are_not_listed() {
    let data = Data::engine();
    data.file("fastly.toml", "[local_server.kv_stores]\ns = [{ key = \"k\", data = \"v\" }]\n");
    data.file(
        "app.wasm",
        wat::parse_str("(module (memory (export \"memory\") 1) (func (export \"_start\")))").unwrap(),
    );
    data.run(&["run", "app.wasm"]).good();
    assert_eq!(data.run(&["kv", "get", "s", "k"]).text(), "v");
    assert_eq!(data.run(&["store", "list"]).text(), "s\n");
}
