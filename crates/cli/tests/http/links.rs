//! What both URL shorteners among the examples do: the same.

use crate::case::{Case, case};
use crate::server::Server;

pub(crate) const CASES: &[Case] = &[
    case!(a_name_leads_to_its_address_and_counts),
    case!(the_same_address_has_the_same_name_in_both),
    case!(only_what_can_be_a_header_is_an_address),
    case!(the_list_goes_over_all_pages),
];

fn a_name_leads_to_its_address_and_counts(server: &Server) {
    let mut client = server.client();
    let address = "https://example.com/counted?a#b";
    let name = client.send("POST", "/", &[], format!(" {address}\n")).has(201);
    let again = client.send("POST", "/", &[], address).has(200);
    assert_eq!(name.text(), again.text());
    let name = name.text().trim();
    for _ in 0..2 {
        assert_eq!(client.get(name).has(302).header("location"), Some(address));
    }
    let list = client.get("/").has(200);
    assert!(list.text().contains(&format!("{name} 2 {address}\n")), "{list:?}");
    client.get("/nobody").has(404);
    client.delete(name).has(405);
}

fn the_same_address_has_the_same_name_in_both(server: &Server) {
    let answer = server.client().send("POST", "/", &[], "https://example.com/").has(201);
    assert_eq!(answer.text(), "/qp5zre\n");
}

fn only_what_can_be_a_header_is_an_address(server: &Server) {
    let mut client = server.client();
    for bad in ["a\nb", "a\r\nb", "a b", "a\tb", "a\u{7f}", "\u{e4}", "\0"] {
        client.send("POST", "/", &[], format!("https://example.com/{bad}")).has(400);
    }
    for bad in ["/relative", "example.com", "ftp://example.com/", "https://", "http:/one", "https://[::1"] {
        client.send("POST", "/", &[], bad).has(400);
    }
    for good in ["HTTPS://EXAMPLE.COM", "http://[::1]:8080/%20?%C3%A4", "https://me@example.com/'()"] {
        let name = client.send("POST", "/", &[], good).has(201);
        assert_eq!(client.get(name.text().trim()).has(302).header("location"), Some(good));
    }
}

fn the_list_goes_over_all_pages(server: &Server) {
    let mut client = server.client();
    for number in 0..120 {
        client.send("POST", "/", &[], format!("https://example.com/page/{number}")).has(201);
    }
    let list = client.get("/").has(200);
    assert_eq!(list.text().matches("https://example.com/page/").count(), 120);
}
