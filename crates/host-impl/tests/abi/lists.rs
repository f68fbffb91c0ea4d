//! `list`, `list_wait`, and the document that they give.

use std::time::Duration;

use edgekv_store::{Insert, Key, StoreName};
use serde_json::json;

use crate::abi_test;
use crate::guest::{MEMORY_END, UNTOUCHED, kv, status};
use crate::ops::{InsertOptions, LIST_CURSOR, LIST_LIMIT, LIST_PREFIX, ListOptions, TIME_TO_LIVE};

const ALL: ListOptions<'static> = ListOptions { mask: 0, mode: 0, cursor: b"", limit: 0, prefix: b"" };

abi_test!(an_empty_store_gives_an_empty_last_page, |f| {
    assert_eq!(f.guest.list(f.store, ALL), Ok(json!({ "data": [], "meta": { "limit": 1000 } })));
});

abi_test!(the_document_says_what_was_asked_for, |f| {
    for key in ["b2", "a", "b1", "b3", "c", "b"] {
        f.guest.insert(f.store, key, b"v");
    }
    let page = f.guest.list(f.store, ALL.prefix("b").limit(2)).unwrap();
    let cursor = page["meta"]["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(
        page,
        json!({ "data": ["b", "b1"], "meta": { "limit": 2, "prefix": "b", "next_cursor": cursor } })
    );
    let page = f.guest.list(f.store, ALL.prefix("b").limit(2).cursor(&cursor)).unwrap();
    assert_eq!(page, json!({ "data": ["b2", "b3"], "meta": { "limit": 2, "prefix": "b" } }), "the last page");
    let eventual = f.guest.list(f.store, ListOptions { mode: 1, ..ALL.limit(9) }).unwrap();
    assert_eq!(
        eventual,
        json!({ "data": ["a", "b", "b1", "b2", "b3", "c"], "meta": { "limit": 9, "consistency": "eventual" } })
    );
});

abi_test!(order_is_by_bytes_and_special_characters_survive, |f| {
    let keys = ["Z", "a\"b", "a\\b", "a\u{1}", "é", "ключ", "\u{1f511}"];
    for key in keys {
        f.guest.insert(f.store, key, b"v");
    }
    let mut sorted = keys;
    sorted.sort_unstable();
    assert_eq!(f.guest.list(f.store, ALL).unwrap()["data"], json!(sorted));
});

abi_test!(a_mode_that_is_none_is_inval, |f| {
    for mode in [2, u32::MAX] {
        assert_eq!(f.guest.start_list(f.store, ListOptions { mode, ..ALL }), (status::INVAL, UNTOUCHED));
    }
    assert_eq!(f.guest.start_list(0, ALL).0, status::BADF);
});

abi_test!(cursor_and_prefix_of_no_length_are_absent, |f| {
    f.guest.insert(f.store, "k", b"v");
    let options = ListOptions { mask: LIST_CURSOR | LIST_PREFIX, ..ALL };
    let page = f.guest.list(f.store, options);
    assert_eq!(page, Ok(json!({ "data": ["k"], "meta": { "limit": 1000 } })));
});

abi_test!(fields_whose_bit_is_not_set_are_not_looked_at, |f| {
    f.guest.insert(f.store, "k", b"v");
    let options = ListOptions { cursor: b"\xff", limit: 0, prefix: b"zzz", ..ALL };
    assert_eq!(f.guest.list(f.store, options).unwrap()["data"], json!(["k"]));
    let options = ListOptions { mask: 1, ..options };
    assert_eq!(
        f.guest.list(f.store, options).unwrap()["data"],
        json!(["k"]),
        "the reserved bit says nothing"
    );
});

abi_test!(text_that_is_not_utf8_or_beyond_memory_is_inval, |f| {
    for mask in [LIST_CURSOR, LIST_PREFIX] {
        let options = ListOptions { mask, cursor: b"\xff", prefix: b"\xff", ..ALL };
        assert_eq!(f.guest.start_list(f.store, options), (status::INVAL, UNTOUCHED));
    }
    let (record, out) = (f.guest.alloc(24), f.guest.out());
    for (offset, mask) in [(4, LIST_CURSOR), (16, LIST_PREFIX)] {
        f.guest.write(record, &[0; 24]);
        f.guest.write(record + offset, &(MEMORY_END - 1).to_le_bytes());
        f.guest.write(record + offset + 4, &2_u32.to_le_bytes());
        assert_eq!(f.guest.kv("list", &[f.store, mask, record, out]), status::INVAL);
    }
    assert_eq!(f.guest.kv("list", &[f.store, 0, MEMORY_END - 20, out]), status::INVAL);
    assert_eq!(f.guest.kv("list", &[f.store, 0, record + 2, out]), status::BADALIGN);
});

abi_test!(a_limit_of_0_is_a_bad_request_on_an_empty_store_and_on_others, |f| {
    assert_eq!(f.guest.list(f.store, ALL.limit(0)), Err(kv::BAD_REQUEST));
    f.guest.insert(f.store, "k", b"v");
    assert_eq!(f.guest.list(f.store, ALL.limit(0)), Err(kv::BAD_REQUEST));
});

abi_test!(a_limit_beyond_1000_is_cut_and_the_page_says_so, |f| {
    let store = f.stores.open(&StoreName::new("store").unwrap()).wait().unwrap().unwrap();
    for n in 0..1_001 {
        store.insert(Key::new(&format!("{n:04}")).unwrap(), Insert::new("v")).wait().unwrap();
    }
    for options in [ALL, ALL.limit(1_001), ALL.limit(u32::MAX)] {
        let page = f.guest.list(f.store, options).unwrap();
        assert_eq!(page["data"].as_array().unwrap().len(), 1_000);
        assert_eq!(page["meta"]["limit"], 1_000);
        let cursor = page["meta"]["next_cursor"].as_str().unwrap().to_owned();
        let rest = f.guest.list(f.store, options.cursor(&cursor)).unwrap();
        assert_eq!(rest["data"], json!(["1000"]));
        assert_eq!(rest["meta"].get("next_cursor"), None);
    }
});

abi_test!(a_cursor_that_is_none_of_this_list_is_a_bad_request, |f| {
    for key in ["a1", "a2", "b1"] {
        f.guest.insert(f.store, key, b"v");
    }
    for cursor in ["x", "%%%", "AAAA", "CgdiYXRjaC0y"] {
        assert_eq!(f.guest.list(f.store, ALL.cursor(cursor)), Err(kv::BAD_REQUEST), "{cursor}");
    }
    let page = f.guest.list(f.store, ALL.prefix("a").limit(1)).unwrap();
    let cursor = page["meta"]["next_cursor"].as_str().unwrap().to_owned();
    assert!(f.guest.list(f.store, ALL.prefix("a").cursor(&cursor)).is_ok());
    assert_eq!(f.guest.list(f.store, ALL.cursor(&cursor)), Err(kv::BAD_REQUEST), "another prefix");
    f.stores.create(&StoreName::new("other").unwrap()).wait().unwrap();
    let other = f.guest.open("other");
    assert_eq!(f.guest.list(other, ALL.prefix("a").cursor(&cursor)), Err(kv::BAD_REQUEST), "another store");
});

abi_test!(a_prefix_that_no_key_can_have_is_a_bad_request, |f| {
    let longest = "p".repeat(1_024);
    assert_eq!(f.guest.list(f.store, ALL.prefix(&longest)).unwrap()["data"], json!([]));
    assert_eq!(f.guest.list(f.store, ALL.prefix(&format!("{longest}p"))), Err(kv::BAD_REQUEST));
});

abi_test!(a_cursor_survives_that_its_key_is_deleted_and_others_come, |f| {
    for key in ["a", "c", "e"] {
        f.guest.insert(f.store, key, b"v");
    }
    let page = f.guest.list(f.store, ALL.limit(2)).unwrap();
    let cursor = page["meta"]["next_cursor"].as_str().unwrap().to_owned();
    f.guest.delete(f.store, "c");
    f.guest.insert(f.store, "b", b"v");
    f.guest.insert(f.store, "d", b"v");
    assert_eq!(f.guest.list(f.store, ALL.cursor(&cursor)).unwrap()["data"], json!(["d", "e"]));
});

abi_test!(expired_entries_are_left_out_do_not_count_and_make_no_empty_page, |f| {
    for (n, key) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
        let mask = if n % 2 == 1 { TIME_TO_LIVE } else { 0 };
        let options = InsertOptions { mask, time_to_live_sec: 1, ..Default::default() };
        f.guest.insert_with(f.store, key, b"v", options);
    }
    let options = InsertOptions { mask: TIME_TO_LIVE, time_to_live_sec: 1, ..Default::default() };
    f.guest.insert_with(f.store, "f", b"v", options);
    f.clock.advance(Duration::from_secs(1));
    let page = f.guest.list(f.store, ALL.limit(3)).unwrap();
    assert_eq!(
        page,
        json!({ "data": ["a", "c", "e"], "meta": { "limit": 3 } }),
        "nothing but expired follows"
    );
});

abi_test!(half_a_megabyte_of_keys_fits_one_page, |f| {
    let keys: Vec<_> = (0..490).map(|n| format!("{n:01020}")).collect();
    for key in &keys {
        f.guest.insert(f.store, key, b"v");
    }
    assert_eq!(f.guest.list(f.store, ALL).unwrap()["data"], json!(keys));
});

abi_test!(pages_walk_over_the_whole_list, |f| {
    let keys: Vec<_> = (0..25).map(|n| format!("{n:02}")).collect();
    for key in &keys {
        f.guest.insert(f.store, key, b"v");
    }
    for limit in [1, 2, 5, 24, 25, 26] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = f.guest.list(f.store, ALL.limit(limit).cursor(&cursor)).unwrap();
            let data = page["data"].as_array().unwrap();
            assert!(!data.is_empty(), "iterators of guests stop at an empty page");
            seen.extend(data.iter().map(|key| key.as_str().unwrap().to_owned()));
            match page["meta"]["next_cursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(seen, keys, "limit {limit}");
    }
});

abi_test!(a_wait_consumes_its_handle_and_the_limit_bit_is_needed, |f| {
    let (_, pending) = f.guest.start_list(f.store, ListOptions { mask: LIST_LIMIT, limit: 1, ..ALL });
    let (body, error) = (f.guest.out(), f.guest.out());
    assert_eq!(f.guest.kv("delete_wait", &[pending, error]), status::BADF);
    assert_eq!(f.guest.kv("list_wait", &[pending, body, error]), status::OK);
    assert_eq!(f.guest.kv("list_wait", &[pending, body, error]), status::BADF);
    let body = f.guest.u32(body);
    assert!(f.guest.body("close", &[body]) == status::OK);
    assert_eq!(f.guest.list(f.store, ListOptions { limit: 1, ..ALL }).unwrap()["meta"]["limit"], 1_000);
});
