//! Lists of keys, page by page.

use serde::Deserialize;

use crate::case::{Case, case};
use crate::client::Client;
use crate::guests::Capability;
use crate::server::Server;

pub(crate) const CASES: &[Case] = &[
    case!(an_empty_store_has_an_empty_page),
    case!(pages_together_are_the_whole_list),
    case!(a_page_without_a_limit_is_long),
    case!(a_cursor_that_nobody_gave_is_refused),
];

/// A page of keys.
#[derive(Debug, PartialEq, Deserialize)]
struct Page {
    keys: Vec<String>,
    cursor: Option<String>,
}

fn list(client: &mut Client, query: &str) -> Page {
    client.get(&format!("/kv?{query}")).json()
}

fn an_empty_store_has_an_empty_page(server: &Server) {
    assert_eq!(list(&mut server.client(), "prefix=nothing"), Page { keys: Vec::new(), cursor: None });
}

fn pages_together_are_the_whole_list(server: &Server) {
    let mut client = server.client();
    let keys: Vec<_> = (10..33).map(|number| format!("page-{number}")).collect();
    // Not in their order, and between others.
    for key in keys.iter().rev().map(String::as_str).chain(["pag", "pagf", "page-11-", "page-99"]) {
        client.put(&format!("/kv/{key}"), "x").has(201);
    }
    client.delete("/kv/page-11-").has(204);
    if server.guest.can.contains(&Capability::NoLifetime) {
        client.put("/kv/page-99?ttl=0", "expired").has(201);
    } else {
        client.delete("/kv/page-99").has(204);
    }
    for limit in [1, 5, 22, 23, 24] {
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = list(&mut client, &format!("prefix=page-&limit={limit}{cursor}"));
            assert!(page.keys.len() <= limit, "{page:?}");
            found.extend(page.keys);
            let Some(next) = page.cursor else { break };
            assert!(found.len() < keys.len(), "an empty page would follow {found:?}");
            // Both of what base64 has beside letters and digits mean something else in a query.
            cursor = format!("&cursor={}", next.replace('+', "%2B").replace('=', "%3D"));
        }
        assert_eq!(found, keys, "limit {limit}");
    }
}

fn a_page_without_a_limit_is_long(server: &Server) {
    let mut client = server.client();
    for number in 0..120 {
        client.put(&format!("/kv/many-{number:03}"), "x").has(201);
    }
    let page = list(&mut client, "prefix=many-");
    assert_eq!((page.keys.len(), page.cursor), (120, None));
    assert!(page.keys.is_sorted(), "{:?}", page.keys);
}

fn a_cursor_that_nobody_gave_is_refused(server: &Server) {
    let mut client = server.client();
    client.put("/kv/one", "x").has(201);
    client.get("/kv?cursor=%21%21").has(400);
}
