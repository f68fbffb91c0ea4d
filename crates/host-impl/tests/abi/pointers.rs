//! Pointers that are wrong in every way, for every function that takes some.

use crate::abi_test;
use crate::fixture::Fixture;
use crate::guest::{MEMORY_END, status};
use crate::ops::{InsertOptions, ListOptions};

/// A call whose out-pointers are to be made wrong, one by one.
struct Call {
    module: &'static str,
    function: &'static str,
    arguments: Vec<u32>,
    /// Positions of out-pointers, and the alignment of what they point to.
    outs: Vec<(usize, u32)>,
}

/// Every function with out-pointers, set up so that it succeeds with right ones. Each is prepared anew for each
/// call, as some consume what they are given.
fn prepare(f: &mut Fixture, function: &str) -> Call {
    let (key, key_length) = f.guest.put(b"k");
    let [a, b, c, d] = [(); 4].map(|()| f.guest.out());
    let buffer = f.guest.alloc(64);
    let record = f.guest.insert_record(InsertOptions::default());
    let store = f.store;
    let kv = |function, arguments: &[u32], outs: &[(usize, u32)]| Call {
        module: "fastly_kv_store",
        function,
        arguments: arguments.to_vec(),
        outs: outs.to_vec(),
    };
    let body = |function, arguments: &[u32], outs: &[(usize, u32)]| Call {
        module: "fastly_http_body",
        ..kv(function, arguments, outs)
    };
    match function {
        "open" => {
            let (name, length) = f.guest.put(b"store");
            kv("open", &[name, length, a], &[(2, 4)])
        }
        "lookup" => kv("lookup", &[store, key, key_length, 0, record, a], &[(5, 4)]),
        "lookup_wait" | "lookup_wait_v2" => {
            f.guest.insert(store, "k", b"v");
            let (_, pending) = f.guest.start_lookup(store, b"k");
            let arguments = [pending, a, buffer, 64, b, c, d];
            if function == "lookup_wait" {
                kv("lookup_wait", &arguments, &[(1, 4), (4, 4), (5, 4), (6, 4)])
            } else {
                kv("lookup_wait_v2", &arguments, &[(1, 4), (4, 4), (5, 8), (6, 4)])
            }
        }
        "insert" => {
            let value = f.guest.new_body(b"v");
            kv("insert", &[store, key, key_length, value, 0, record, a], &[(6, 4)])
        }
        "insert_wait" => {
            let value = f.guest.new_body(b"v");
            let (_, pending) = f.guest.start_insert(store, b"k", value, InsertOptions::default());
            kv("insert_wait", &[pending, a], &[(1, 4)])
        }
        "delete" => kv("delete", &[store, key, key_length, 0, record, a], &[(5, 4)]),
        "delete_wait" => {
            let (_, pending) = f.guest.start_delete(store, b"k", 0, record);
            kv("delete_wait", &[pending, a], &[(1, 4)])
        }
        "list" => kv("list", &[store, 0, record, a], &[(3, 4)]),
        "list_wait" => {
            let (_, pending) = f.guest.start_list(store, ListOptions::default());
            kv("list_wait", &[pending, a, b], &[(1, 4), (2, 4)])
        }
        "new" => body("new", &[a], &[(0, 4)]),
        "read" => {
            let readable = f.guest.new_body(b"data");
            body("read", &[readable, buffer, 64, a], &[(3, 4)])
        }
        "write" => {
            let writable = f.guest.new_body(b"");
            body("write", &[writable, buffer, 64, 0, a], &[(4, 4)])
        }
        "trailer_names_get" => {
            let empty = f.guest.new_body(b"");
            body("trailer_names_get", &[empty, buffer, 64, 0, a, b], &[(4, 8), (5, 4)])
        }
        "trailer_value_get" => {
            let with = f.guest.new_body(b"");
            f.guest.body("trailer_append", &[with, key, key_length, key, key_length]);
            body("trailer_value_get", &[with, key, key_length, buffer, 64, a], &[(5, 4)])
        }
        "trailer_values_get" => {
            let empty = f.guest.new_body(b"");
            body("trailer_values_get", &[empty, key, key_length, buffer, 64, 0, a, b], &[(6, 8), (7, 4)])
        }
        "known_length" => {
            let readable = f.guest.new_body(b"data");
            body("known_length", &[readable, a], &[(1, 8)])
        }
        other => panic!("{other} is not in this table"),
    }
}

const WITH_OUT_POINTERS: &[&str] = &[
    "open",
    "lookup",
    "lookup_wait",
    "lookup_wait_v2",
    "insert",
    "insert_wait",
    "delete",
    "delete_wait",
    "list",
    "list_wait",
    "new",
    "read",
    "write",
    "trailer_names_get",
    "trailer_value_get",
    "trailer_values_get",
    "known_length",
];

abi_test!(every_out_pointer_is_checked_before_anything_happens, |f| {
    for function in WITH_OUT_POINTERS {
        let outs = prepare(f, function).outs.len();
        for position in 0..outs {
            let Call { module, function, arguments, outs } = prepare(f, function);
            let (argument, align) = outs[position];
            let good = arguments[argument];
            let held = f.guest.held();
            let misaligned = (1..align).map(|offset| (good + offset, status::BADALIGN));
            let outside = [MEMORY_END, MEMORY_END + 1024, u32::MAX - 7].map(|at| (at, status::INVAL));
            for (bad, expected) in misaligned.chain(outside) {
                // It takes its body with it, so it needs one for each call.
                let mut arguments =
                    if function == "insert" { prepare(f, function).arguments } else { arguments.clone() };
                arguments[argument] = bad;
                let case = format!("{function}, argument {argument} = {bad:#x}");
                assert_eq!(f.guest.call(module, function, &arguments), expected, "{case}");
                assert_eq!(f.guest.held(), held, "{case} left something behind");
            }
            // Nothing was consumed, so the same call goes through with the right pointer.
            if function != "insert" {
                assert_eq!(f.guest.call(module, function, &arguments), status::OK, "{function}");
            }
        }
    }
});

abi_test!(out_variables_may_overlap_each_other_and_buffers, |f| {
    for function in WITH_OUT_POINTERS {
        let Call { module, function, mut arguments, outs } = prepare(f, function);
        let shared = arguments[outs[0].0];
        for (argument, _) in outs {
            arguments[argument] = shared;
        }
        assert_eq!(f.guest.call(module, function, &arguments), status::OK, "{function}");
    }
    // Arguments that lie where the answer goes are read before it is written.
    let (key, length) = f.guest.put(b"overlap!");
    let record = f.guest.insert_record(InsertOptions::default());
    let value = f.guest.new_body(b"v");
    assert_eq!(f.guest.kv("insert", &[f.store, key, length, value, 0, record, key]), status::OK);
    assert_eq!(f.guest.value(f.store, "overlap!").unwrap(), b"v");
    let value = f.guest.new_body(b"v");
    let (key, length) = f.guest.put(b"record");
    assert_eq!(f.guest.kv("insert", &[f.store, key, length, value, 0, record, record]), status::OK);
    assert_eq!(f.guest.value(f.store, "record").unwrap(), b"v");
    let written = f.guest.new_body(b"");
    let (bytes, length) = f.guest.put(b"bytes...");
    assert_eq!(f.guest.body("write", &[written, bytes, length, 0, bytes]), status::OK);
    assert_eq!(f.guest.read_all(written), b"bytes...");
    // The metadata go over the place that the handle is stored in afterwards.
    let options = InsertOptions { mask: crate::ops::METADATA, metadata: &[9; 16], ..Default::default() };
    f.guest.insert_with(f.store, "k", b"v", options);
    let (_, pending) = f.guest.start_lookup(f.store, b"k");
    let [metadata, more, used, generation, error] = [(); 5].map(|()| f.guest.out());
    assert_eq!(metadata + 8, more);
    let arguments = [pending, metadata, metadata, 16, used, generation, error];
    assert_eq!(f.guest.kv("lookup_wait_v2", &arguments), status::OK);
    let body = f.guest.u32(metadata);
    assert_eq!(f.guest.read_all(body), b"v");
});

abi_test!(buffers_beyond_memory_are_inval_and_lose_nothing, |f| {
    let body = f.guest.new_body(b"data");
    let out = f.guest.out();
    for (at, length) in [
        (MEMORY_END - 3, 4),
        (MEMORY_END, 1),
        (u32::MAX, 1),
        (1, u32::MAX),
        (u32::MAX, u32::MAX),
        (8, MEMORY_END),
    ] {
        assert_eq!(f.guest.body("read", &[body, at, length, out]), status::INVAL, "read {at} {length}");
        assert_eq!(f.guest.body("write", &[body, at, length, 0, out]), status::INVAL, "write {at} {length}");
        assert_eq!(f.guest.body("trailer_append", &[body, at, length, 0, 0]), status::INVAL);
        assert_eq!(f.guest.body("trailer_names_get", &[body, at, length, 0, 0, out]), status::INVAL);
        let (name, name_length) = f.guest.put(b"name");
        let value = [body, name, name_length, at, length];
        assert_eq!(f.guest.body("trailer_append", &value), status::INVAL);
        assert_eq!(f.guest.body("trailer_value_get", &[body, at, length, 8, 8, out]), status::INVAL);
        assert_eq!(f.guest.body("trailer_values_get", &[body, at, length, 8, 8, 0, 0, out]), status::INVAL);
        let buffer = [body, name, name_length, at, length, out];
        assert_eq!(f.guest.body("trailer_value_get", &buffer), status::INVAL);
        let buffer = [body, name, name_length, at, length, 0, 0, out];
        assert_eq!(f.guest.body("trailer_values_get", &buffer), status::INVAL);
        assert_eq!(f.guest.kv("open", &[at, length, out]), status::INVAL);
        assert_eq!(f.guest.kv("lookup", &[f.store, at, length, 0, 0, out]), status::INVAL);
        assert_eq!(f.guest.kv("delete", &[f.store, at, length, 0, 0, out]), status::INVAL);
        let value = f.guest.new_body(b"v");
        let record = f.guest.insert_record(InsertOptions::default());
        assert_eq!(f.guest.kv("insert", &[f.store, at, length, value, 0, record, out]), status::INVAL);
    }
    assert_eq!(f.guest.read_all(body), b"data");
    f.guest.insert(f.store, "k", b"v");
    let (_, pending) = f.guest.start_lookup(f.store, b"k");
    let [handle, used, generation, error] = [(); 4].map(|()| f.guest.out());
    let bad = [pending, handle, MEMORY_END - 3, 4, used, generation, error];
    assert_eq!(f.guest.kv("lookup_wait_v2", &bad), status::INVAL);
    assert_eq!(f.guest.kv("lookup_wait", &bad), status::INVAL);
    let good = [pending, handle, 0, 0, used, generation, error];
    assert_eq!(f.guest.kv("lookup_wait_v2", &good), status::OK, "the lookup is still there");
});

abi_test!(a_buffer_of_no_length_may_point_anywhere, |f| {
    let body = f.guest.new_body(b"data");
    let out = f.guest.out();
    for at in [0, 1, MEMORY_END, u32::MAX] {
        assert_eq!(f.guest.body("read", &[body, at, 0, out]), status::OK);
        assert_eq!(f.guest.u32(out), 0);
        assert_eq!(f.guest.body("write", &[body, at, 0, 0, out]), status::OK);
        assert_eq!(f.guest.kv("open", &[at, 0, out]), status::INVAL, "an empty name");
    }
    assert_eq!(f.guest.read_all(body), b"data");
});

abi_test!(the_record_of_an_insert_has_to_be_in_memory_and_aligned, |f| {
    let ((key, length), out) = (f.guest.put(b"k"), f.guest.out());
    let record = f.guest.insert_record(InsertOptions::default());
    for (at, expected) in [
        (record + 1, status::BADALIGN),
        (record + 4, status::BADALIGN),
        (MEMORY_END - 24, status::INVAL),
        (MEMORY_END, status::INVAL),
        (u32::MAX - 7, status::INVAL),
        (record, status::OK),
    ] {
        let value = f.guest.new_body(b"v");
        assert_eq!(f.guest.kv("insert", &[f.store, key, length, value, 0, at, out]), expected, "{at}");
    }
});
