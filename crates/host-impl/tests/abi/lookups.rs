//! `lookup`, `lookup_wait`, `lookup_wait_v2`.

use std::time::Duration;

use edgekv_store::KvError;

use crate::guest::{INVALID_HANDLE, MEMORY_END, UNTOUCHED, kv, status};
use crate::ops::{Found, InsertOptions, METADATA, TIME_TO_LIVE};
use crate::{abi_test, core_test};

abi_test!(lookup_gives_value_metadata_and_generation, |f| {
    let options = InsertOptions { mask: METADATA, metadata: b"\xff\0meta", ..Default::default() };
    assert_eq!(f.guest.insert_with(f.store, "k", b"value", options), kv::OK);
    let found = f.guest.lookup(f.store, "k").unwrap();
    assert_eq!(
        found,
        Found { value: b"value".into(), metadata: b"\xff\0meta".into(), generation: 1_700_000_000_000_000 }
    );
});

abi_test!(lookup_of_a_missing_key_stores_the_error_and_length_0_and_nothing_else, |f| {
    for function in ["lookup_wait", "lookup_wait_v2"] {
        let (_, pending) = f.guest.start_lookup(f.store, b"missing");
        let [body, used, generation, error] = [(); 4].map(|()| f.guest.out());
        let metadata = f.guest.out();
        let status = f.guest.kv(function, &[pending, body, metadata, 8, used, generation, error]);
        assert_eq!((status, f.guest.u32(error)), (status::OK, kv::NOT_FOUND));
        assert_eq!(f.guest.u32(used), 0, "a guest takes it for the length of its buffer, unasked");
        for untouched in [body, generation, metadata] {
            assert_eq!(f.guest.u32(untouched), UNTOUCHED);
        }
    }
});

abi_test!(an_expired_entry_is_not_found, |f| {
    let options = InsertOptions { mask: TIME_TO_LIVE, time_to_live_sec: 60, ..Default::default() };
    f.guest.insert_with(f.store, "k", b"v", options);
    f.clock.advance(Duration::from_micros(59_999_999));
    assert!(f.guest.lookup(f.store, "k").is_some());
    f.clock.advance(Duration::from_micros(1));
    assert_eq!(f.guest.lookup(f.store, "k"), None);
});

abi_test!(nwritten_is_0_when_there_are_no_metadata, |f| {
    f.guest.insert(f.store, "k", b"v");
    let (_, pending) = f.guest.start_lookup(f.store, b"k");
    let [body, used, generation, error] = [(); 4].map(|()| f.guest.out());
    // No buffer at all: its address does not matter then.
    let status = f.guest.kv("lookup_wait_v2", &[pending, body, u32::MAX, 0, used, generation, error]);
    assert_eq!((status, f.guest.u32(error), f.guest.u32(used)), (status::OK, kv::OK, 0));
});

abi_test!(version_1_has_a_generation_of_32_bits_that_is_always_0, |f| {
    f.guest.insert(f.store, "k", b"v");
    let (_, pending) = f.guest.start_lookup(f.store, b"k");
    let [body, used, generation, error] = [(); 4].map(|()| f.guest.out());
    let status = f.guest.kv("lookup_wait", &[pending, body, 0, 0, used, generation, error]);
    assert_eq!((status, f.guest.u32(error)), (status::OK, kv::OK));
    assert_eq!((f.guest.u32(generation), f.guest.u32(generation + 4)), (0, UNTOUCHED), "4 bytes are written");
});

abi_test!(metadata_that_do_not_fit_lose_nothing_and_can_be_fetched_with_a_larger_buffer, |f| {
    for function in ["lookup_wait", "lookup_wait_v2"] {
        let options = InsertOptions { mask: METADATA, metadata: &[7; 2_000], ..Default::default() };
        f.guest.insert_with(f.store, "k", b"v", options);
        let (_, pending) = f.guest.start_lookup(f.store, b"k");
        let before = f.guest.held();
        let [body, used, generation, error] = [(); 4].map(|()| f.guest.out());
        let metadata = f.guest.alloc(2_000);
        for too_small in [0, 1, 1_999] {
            let arguments = [pending, body, metadata, too_small, used, generation, error];
            assert_eq!(f.guest.kv(function, &arguments), status::BUFLEN);
            assert_eq!(f.guest.u32(used), 2_000, "the length that is needed");
            assert_eq!((f.guest.u32(body), f.guest.bytes(metadata..metadata + 4)), (UNTOUCHED, vec![0; 4]));
            // What the adapter of a component keeps for another try is not in the host.
            assert_eq!(f.guest.held().0, before.0, "no body has been made");
        }
        let arguments = [pending, body, metadata, 2_000, used, generation, error];
        assert_eq!((f.guest.kv(function, &arguments), f.guest.u32(error)), (status::OK, kv::OK));
        assert_eq!(f.guest.bytes(metadata..metadata + 2_000), vec![7; 2_000]);
        let body = f.guest.u32(body);
        assert_eq!(f.guest.read_all(body), b"v");
        assert_eq!(f.guest.body("close", &[body]), status::OK);
    }
});

abi_test!(a_wait_consumes_its_handle, |f| {
    f.guest.insert(f.store, "k", b"v");
    for key in [&b"k"[..], b"missing"] {
        let (_, pending) = f.guest.start_lookup(f.store, key);
        let [body, used, generation, error] = [(); 4].map(|()| f.guest.out());
        let arguments = [pending, body, 0, 0, used, generation, error];
        assert_eq!(f.guest.kv("lookup_wait_v2", &arguments), status::OK);
        assert_eq!(f.guest.kv("lookup_wait_v2", &arguments), status::BADF);
        assert_eq!(f.guest.kv("lookup_wait", &arguments), status::BADF);
    }
});

abi_test!(every_rule_about_keys_is_inval_at_the_start, |f| {
    let (long, too_long) = ("k".repeat(1_024), "k".repeat(1_025));
    for key in
        ["a\rb", "a\nb", "#", ";", "?", "^", "|", ".", "..", "", ".well-known/acme-challenge/x", &too_long]
    {
        assert_eq!(f.guest.start_lookup(f.store, key.as_bytes()), (status::INVAL, UNTOUCHED), "{key:?}");
        let body = f.guest.new_body(b"v");
        let started = f.guest.start_insert(f.store, key.as_bytes(), body, InsertOptions::default());
        assert_eq!(started, (status::INVAL, UNTOUCHED), "{key:?}");
        let record = f.guest.out();
        assert_eq!(f.guest.start_delete(f.store, key.as_bytes(), 0, record), (status::INVAL, UNTOUCHED));
    }
    for key in [&b"\xff"[..], b"a\xc3", b"\xed\xa0\x80"] {
        assert_eq!(f.guest.start_lookup(f.store, key).0, status::INVAL, "not UTF-8: {key:?}");
    }
    for key in ["...", "a/../b", " ", "\0", "k\u{1f511}", ".well-known/x", &long] {
        f.guest.insert(f.store, key, b"v");
        assert_eq!(f.guest.value(f.store, key).unwrap(), b"v", "{key:?}");
    }
});

abi_test!(the_record_of_a_lookup_is_ignored_wherever_it_points, |f| {
    f.guest.insert(f.store, "k", b"v");
    let ((key, length), out) = (f.guest.put(b"k"), f.guest.out());
    for record in [0, 3, MEMORY_END, u32::MAX] {
        for mask in [0, 1] {
            assert_eq!(f.guest.kv("lookup", &[f.store, key, length, mask, record, out]), status::OK);
        }
    }
});

abi_test!(unknown_mask_bits_are_inval, |f| {
    let ((key, length), out, record) = (f.guest.put(b"k"), f.guest.out(), f.guest.alloc(32));
    for bit in 1..32 {
        let arguments = [f.store, key, length, 1 << bit, record, out];
        assert_eq!(f.guest.kv("lookup", &arguments), status::INVAL, "bit {bit}");
        if bit > 1 {
            assert_eq!(f.guest.kv("delete", &arguments), status::INVAL, "bit {bit}");
        }
        if bit > 3 {
            assert_eq!(f.guest.kv("list", &[f.store, 1 << bit, record, out]), status::INVAL, "bit {bit}");
        }
        if bit > 5 {
            let body = f.guest.new_body(b"v");
            let arguments = [f.store, key, length, body, 1 << bit, record, out];
            assert_eq!(f.guest.kv("insert", &arguments), status::INVAL, "bit {bit}");
        }
        assert_eq!(f.guest.u32(out), UNTOUCHED);
    }
});

abi_test!(lookups_overlap_and_are_waited_for_in_any_order, |f| {
    for key in ["a", "b", "c"] {
        f.guest.insert(f.store, key, key.as_bytes());
    }
    let pending: Vec<_> = ["a", "b", "c"].map(|key| f.guest.start_lookup(f.store, key.as_bytes()).1).into();
    f.guest.insert(f.store, "a", b"changed later");
    for (pending, expected) in [(pending[2], b"c"), (pending[0], b"a"), (pending[1], b"b")] {
        let [body, used, generation, error] = [(); 4].map(|()| f.guest.out());
        f.guest.kv("lookup_wait_v2", &[pending, body, 0, 0, used, generation, error]);
        let body = f.guest.u32(body);
        assert_eq!(f.guest.read_all(body), expected);
    }
});

abi_test!(answers_that_come_later_are_waited_for_and_come_for_all_that_are_under_way, |f| {
    for key in ["a", "b", "c"] {
        f.guest.insert(f.store, key, key.as_bytes());
    }
    f.script.answer_when_asked();
    let pending = ["a", "b", "c"].map(|key| f.guest.start_lookup(f.store, key.as_bytes()));
    for ((status, pending), expected) in pending.into_iter().zip([b"a", b"b", b"c"]) {
        assert_eq!(status, status::OK);
        let [body, used, generation, error] = [(); 4].map(|()| f.guest.out());
        let arguments = [pending, body, 0, 0, used, generation, error];
        assert_eq!(f.guest.kv("lookup_wait_v2", &arguments), status::OK);
        let body = f.guest.u32(body);
        assert_eq!(f.guest.read_all(body), expected);
    }
    assert_eq!(f.script.answer(), 0, "the first wait has had all of them answered");
});

abi_test!(engine_errors_are_internal_errors_and_a_rate_limit_is_a_status, |f| {
    let waits = |f: &mut crate::fixture::Fixture, status: i32, code: u32| {
        let record = f.guest.alloc(32);
        let starts: [(&str, u32); 4] = {
            let (_, lookup) = f.guest.start_lookup(f.store, b"k");
            let body = f.guest.new_body(b"v");
            let (_, insert) = f.guest.start_insert(f.store, b"k", body, InsertOptions::default());
            let (_, delete) = f.guest.start_delete(f.store, b"k", 0, record);
            let (_, list) = f.guest.start_list(f.store, crate::ops::ListOptions::default());
            [
                ("lookup_wait_v2", lookup),
                ("insert_wait", insert),
                ("delete_wait", delete),
                ("list_wait", list),
            ]
        };
        for (function, pending) in starts {
            let [body, used, generation, error] = [(); 4].map(|()| f.guest.out());
            let arguments: &[u32] = match function {
                "lookup_wait_v2" => &[pending, body, 0, 0, used, generation, error],
                "list_wait" => &[pending, body, error],
                _ => &[pending, error],
            };
            assert_eq!((f.guest.kv(function, arguments), f.guest.u32(error)), (status, code), "{function}");
            assert_eq!(f.guest.u32(body), UNTOUCHED, "{function}");
            assert_eq!(f.guest.kv(function, arguments), status::BADF, "{function} has consumed the handle");
        }
    };
    f.script.fail_with(Some(KvError::engine("the disk is gone")));
    waits(f, status::OK, kv::INTERNAL_ERROR);
    // Some guests cannot represent the code for it, so that variable says "uninitialized".
    f.script.fail_with(Some(KvError::TooManyRequests));
    waits(f, status::LIMITEXCEEDED, kv::UNINITIALIZED);
    f.script.fail_with(None);
    f.guest.insert(f.store, "k", b"v");
    assert!(f.guest.lookup(f.store, "k").is_some());
});

abi_test!(a_lookup_with_no_store_is_badf, |f| {
    for store in [0, f.store + 1, INVALID_HANDLE, u32::MAX] {
        assert_eq!(f.guest.start_lookup(store, b"k"), (status::BADF, UNTOUCHED));
    }
});

core_test!(a_value_of_25_mib_comes_back_whole, |f| {
    let value: Vec<u8> = (0..25 * 1024 * 1024_u32).map(|n| n.to_le_bytes()[n as usize % 3]).collect();
    f.guest.insert(f.store, "k", &value);
    assert!(f.guest.value(f.store, "k").unwrap() == value);
});
