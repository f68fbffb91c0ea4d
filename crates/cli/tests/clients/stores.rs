//! Stores: created, listed, described, renamed, deleted.

use serde_json::json;

use crate::server::Server;

/// More stores than a page has.
const MANY: usize = 1050;

pub(crate) fn a_store_lives_from_its_creation_to_its_deletion(server: &Server) {
    let (cli, mut python) = (server.command_line(), server.python());
    let made = cli.store("create", &["--name", "first", "--location", "EU", "--json"]).json();
    let id = made["StoreID"].as_str().unwrap();
    assert_eq!((made["Name"].as_str(), id.len()), (Some("first"), 22), "{made}");
    let seen = python.call("kv_store_get", json!({ "store_id": id }));
    assert_eq!((seen["id"].as_str(), seen["name"].as_str()), (Some(id), Some("first")), "{seen}");
    assert!(seen["created_at"].is_string() && seen["updated_at"].is_string(), "{seen}");
    assert_eq!(cli.store("describe", &["--store-id", id, "--json"]).json(), made);
    assert!(cli.store("describe", &["--store-id", id]).good().contains("Name: first"));

    // The name is taken, for both.
    python.fails("kv_store_create", json!({ "name": "first" }), "ApiException", 400);
    cli.store("create", &["--name", "first"]).fails(&["400 Bad Request", "store \"first\" exists already"]);
    python.fails("kv_store_create", json!({ "name": "" }), "ApiException", 400);
    let other = python.call("kv_store_create", json!({ "name": "second", "location": "US" }));
    let other = other["id"].as_str().unwrap();
    python.fails("kv_store_put", json!({ "store_id": other, "name": "first" }), "ApiException", 400);

    python.call("kv_store_put", json!({ "store_id": id, "name": "renamed" }));
    let renamed = cli.store("describe", &["--store-id", id, "--json"]).json();
    assert_eq!((&renamed["Name"], &renamed["CreatedAt"]), (&json!("renamed"), &made["CreatedAt"]));
    assert_ne!(python.call("kv_store_create", json!({ "name": "first" }))["id"], id, "the name is free");

    assert_eq!(
        cli.store("delete", &["--store-id", id, "--json"]).json(),
        json!({ "id": id, "deleted": true })
    );
    python.fails("kv_store_get", json!({ "store_id": id }), "NotFoundException", 404);
    python.call("kv_store_delete", json!({ "store_id": other }));
    cli.store("delete", &["--store-id", other]).fails(&["404 Not Found", other]);
}

pub(crate) fn both_clients_list_stores_over_all_pages(server: &Server) {
    let (cli, mut python, mut http) = (server.command_line(), server.python(), server.http());
    let names: Vec<String> = (0..MANY).map(|number| format!("store {number:04}")).collect();
    for name in &names {
        http.create(name);
    }
    let text = cli.store("list", &[]).good();
    let listed: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("Name: ")).collect();
    let mut sorted = listed.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, names, "each once");

    let mut found: Vec<String> = Vec::new();
    let mut arguments = json!({ "limit": 100 });
    loop {
        let page = python.call("kv_store_list", arguments.clone());
        let stores = page["data"].as_array().unwrap();
        assert!((1..=100).contains(&stores.len()), "{} stores in a page", stores.len());
        found.extend(stores.iter().map(|store| store["name"].as_str().unwrap().to_owned()));
        assert_eq!(page["meta"]["limit"], 100);
        let Some(cursor) = page["meta"]["next_cursor"].as_str() else { break };
        arguments["cursor"] = json!(cursor);
    }
    found.sort_unstable();
    assert_eq!(found, names);

    let one = python.call("kv_store_list", json!({ "name": "store 0042", "limit": 5 }));
    assert_eq!(one["data"].as_array().unwrap().len(), 1, "{one}");
    assert_eq!(one["data"][0]["name"], "store 0042");
    let first = cli.store("list", &["--json"]).json();
    assert_eq!(first["Data"].as_array().unwrap().len(), 1000, "the command line prints one page as JSON");
    assert!(first["Meta"]["next_cursor"].is_string());
}

pub(crate) fn a_store_is_deleted_with_all_its_entries(server: &Server) {
    let (cli, mut python) = (server.command_line(), server.python());
    let id = server.http().create("full");
    for number in 0..30 {
        let item = json!({ "store_id": id, "key": format!("k{number}"), "body": "v" });
        python.call("kv_store_upsert_item", item);
    }
    let not_empty = ["409 Conflict", "store \"full\" is not empty"];
    cli.store("delete", &["--store-id", &id]).fails(&not_empty);
    python.fails("kv_store_delete", json!({ "store_id": id }), "ApiException", 409);
    // Without a yes nothing happens.
    let asked = cli.store("delete", &["--store-id", &id, "--all"]);
    assert!(asked.text().contains("This will delete ALL entries"), "{asked:?}");
    assert_eq!(server.http().value(&id, "k0"), b"v");
    let said = cli.store("delete", &["--store-id", &id, "--all", "--auto-yes"]).good();
    assert!(
        said.contains("Deleted keys: 30") && said.contains(&format!("Deleted KV Store '{id}'")),
        "{said}"
    );
    python.fails("kv_store_get", json!({ "store_id": id }), "NotFoundException", 404);
}
