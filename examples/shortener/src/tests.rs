//! Tests that are guests: `cargo test --target wasm32-wasip1` runs them with a real store. On the developer's machine only
//! those run that need none.

use super::*;

#[test]
fn only_addresses_of_the_web_are_shortened() {
    for good in ["https://example.com", " http://localhost:8080/a?b#c\n", "HTTPS://EXAMPLE.COM/"] {
        assert_eq!(web_address(good.as_bytes()), Some(good.trim()), "{good:?}");
    }
    let long = format!("https://example.com/{}", "x".repeat(MAX_ADDRESS));
    let no_header = ["https://example.com/a\nb", "https://example.com/a b", "https://example.com/\u{e4}"];
    let others =
        ["", "/relative", "example.com", "ftp://example.com/", "javascript:alert(1)", "https://", &long];
    for bad in no_header.into_iter().chain(others) {
        assert_eq!(web_address(bad.as_bytes()), None, "{bad:?}");
    }
    assert_eq!(web_address(b"https://example.com/\xff"), None);
}

#[test]
fn another_attempt_is_another_name() {
    let names = [0, 1, 2].map(|attempt| short_name("https://example.com/", attempt));
    // Names that an earlier release has given stay what they are.
    assert_eq!(names[0], "qp5zre");
    assert!(names[0] != names[1] && names[1] != names[2] && names[0].len() == 6, "{names:?}");
}

/// All tests of a program share the store, so each has addresses of its own.
#[cfg(target_family = "wasm")]
mod with_a_store {
    use super::*;

    fn store() -> KVStore {
        KVStore::open("test").unwrap().unwrap()
    }

    fn body(answer: Answer) -> (StatusCode, String) {
        let (head, body) = answer.unwrap().into_parts();
        (head.status, body.into_string())
    }

    #[test]
    fn a_name_leads_to_its_address_and_counts() {
        let store = store();
        let address = "https://example.com/counted";
        let (status, name) = body(shorten(&store, address.into()));
        assert_eq!(status, StatusCode::CREATED);
        let name = name.trim().trim_start_matches('/');
        for _ in 0..3 {
            let response = follow(&store, name).unwrap();
            assert_eq!(response.status(), StatusCode::FOUND);
            assert_eq!(response.headers()[header::LOCATION], address);
        }
        let (status, lines) = body(future::block_on(list(&store)));
        assert_eq!(status, StatusCode::OK);
        assert!(lines.contains(&format!("/{name} 3 {address}\n")), "{lines}");
    }

    #[test]
    fn the_list_goes_over_all_pages() {
        let store = store();
        for number in 0..250 {
            store.insert(&format!("page{number}"), "https://example.com/listed").unwrap();
        }
        let (_, lines) = body(future::block_on(list(&store)));
        assert_eq!(lines.matches(" 0 https://example.com/listed\n").count(), 250);
    }

    #[test]
    fn an_address_keeps_its_name() {
        let store = store();
        let first = body(shorten(&store, "https://example.com/kept".into()));
        let second = body(shorten(&store, "https://example.com/kept\n".into()));
        assert_eq!((first.0, second.0), (StatusCode::CREATED, StatusCode::OK));
        assert_eq!(first.1, second.1);
    }

    #[test]
    fn a_name_that_is_taken_is_not_given_again() {
        let store = store();
        let address = "https://example.com/late";
        store.insert(&short_name(address, 0), "https://example.com/early").unwrap();
        let (status, name) = body(shorten(&store, address.into()));
        assert_eq!((status, name), (StatusCode::CREATED, format!("/{}\n", short_name(address, 1))));
    }

    #[test]
    fn what_is_no_name_is_not_found() {
        for name in ["nobody", "a;b", &"x".repeat(2000)] {
            assert_eq!(body(follow(&store(), name)).0, StatusCode::NOT_FOUND, "{name}");
        }
        assert_eq!(body(shorten(&store(), "no address".into())).0, StatusCode::BAD_REQUEST);
    }
}
