//! `insert`, `insert_wait`, `delete`, `delete_wait`.

use std::num::NonZeroU32;
use std::time::Duration;

use bytes::Bytes;
use edgekv_host::Body;
use edgekv_store::Limits;
use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;

use crate::fixture::Setup;
use crate::guest::{MEMORY_END, UNTOUCHED, kv, status};
use crate::ops::{
    ADD, APPEND, BACKGROUND_FETCH, IF_GENERATION, InsertOptions, METADATA, PREPEND, TIME_TO_LIVE,
};
use crate::{abi_test, core_test};

fn mode(mode: u32) -> InsertOptions<'static> {
    InsertOptions { mode, ..Default::default() }
}

fn if_generation(if_generation_match: u64) -> InsertOptions<'static> {
    InsertOptions { mask: IF_GENERATION, if_generation_match, ..Default::default() }
}

fn time_to_live(time_to_live_sec: u32) -> InsertOptions<'static> {
    InsertOptions { mask: TIME_TO_LIVE, time_to_live_sec, ..Default::default() }
}

abi_test!(modes_do_what_they_say, |f| {
    assert_eq!(f.guest.insert_with(f.store, "k", b"b", mode(ADD)), kv::OK);
    assert_eq!(f.guest.insert_with(f.store, "k", b"x", mode(ADD)), kv::PRECONDITION_FAILED);
    assert_eq!(f.guest.insert_with(f.store, "k", b"c", mode(APPEND)), kv::OK);
    assert_eq!(f.guest.insert_with(f.store, "k", b"a", mode(PREPEND)), kv::OK);
    assert_eq!(f.guest.value(f.store, "k").unwrap(), b"abc");
    f.guest.insert(f.store, "k", b"");
    assert_eq!(f.guest.value(f.store, "k").unwrap(), b"");
    for (key, mode) in [("append", mode(APPEND)), ("prepend", mode(PREPEND))] {
        assert_eq!(f.guest.insert_with(f.store, key, b"new", mode), kv::OK, "{key} creates");
        assert_eq!(f.guest.value(f.store, key).unwrap(), b"new");
    }
});

abi_test!(a_mode_that_is_none_is_inval, |f| {
    for number in [4, 5, u32::MAX] {
        let body = f.guest.new_body(b"v");
        assert_eq!(f.guest.start_insert(f.store, b"k", body, mode(number)), (status::INVAL, UNTOUCHED));
    }
    assert_eq!(f.guest.lookup(f.store, "k"), None);
});

abi_test!(a_generation_is_a_condition, |f| {
    assert_eq!(f.guest.insert_with(f.store, "k", b"x", if_generation(7)), kv::PRECONDITION_FAILED);
    assert_eq!(f.guest.insert_with(f.store, "k", b"1", if_generation(0)), kv::OK, "0 is: no entry");
    assert_eq!(f.guest.insert_with(f.store, "k", b"x", if_generation(0)), kv::PRECONDITION_FAILED);
    let first = f.guest.lookup(f.store, "k").unwrap().generation;
    assert_eq!(f.guest.insert_with(f.store, "k", b"2", if_generation(first)), kv::OK);
    assert_eq!(f.guest.insert_with(f.store, "k", b"x", if_generation(first)), kv::PRECONDITION_FAILED);
    let found = f.guest.lookup(f.store, "k").unwrap();
    assert!(found.value == b"2" && found.generation > first && found.generation < 1 << 53);
    let with_append = InsertOptions { mode: APPEND, ..if_generation(found.generation) };
    assert_eq!(f.guest.insert_with(f.store, "k", b"3", with_append), kv::OK);
    assert_eq!(f.guest.value(f.store, "k").unwrap(), b"23");
    assert_eq!(f.guest.insert_with(f.store, "k", b"x", if_generation(u64::MAX)), kv::PRECONDITION_FAILED);
});

abi_test!(every_write_has_a_new_generation_also_when_the_clock_goes_back, |f| {
    let mut last = 0;
    for round in 0..5 {
        f.guest.insert(f.store, "k", b"the same");
        let generation = f.guest.lookup(f.store, "k").unwrap().generation;
        assert!(generation > last);
        last = generation;
        if round == 2 {
            f.clock.set(edgekv_store::Timestamp::from_micros(5));
        }
    }
});

abi_test!(a_lifetime_counts_from_the_write_and_0_is_expired_at_once, |f| {
    assert_eq!(f.guest.insert_with(f.store, "k", b"v", time_to_live(0)), kv::OK);
    assert_eq!(f.guest.lookup(f.store, "k"), None);
    assert_eq!(
        f.guest.insert_with(f.store, "k", b"v", InsertOptions { mode: ADD, ..time_to_live(1) }),
        kv::OK
    );
    f.clock.advance(Duration::from_secs(1));
    assert_eq!(f.guest.lookup(f.store, "k"), None);
    assert_eq!(f.guest.insert_with(f.store, "k", b"v", time_to_live(u32::MAX)), kv::OK);
    f.clock.advance(Duration::from_secs(u64::from(u32::MAX) - 1));
    assert!(f.guest.lookup(f.store, "k").is_some());
});

abi_test!(an_expired_entry_is_missing_for_every_mode_and_condition, |f| {
    let cases = [
        (mode(ADD), kv::OK),
        (mode(APPEND), kv::OK),
        (mode(PREPEND), kv::OK),
        (if_generation(0), kv::OK),
        (if_generation(1_700_000_000_000_000), kv::PRECONDITION_FAILED),
    ];
    for (number, (options, expected)) in cases.into_iter().enumerate() {
        let key = format!("k{number}");
        f.guest.insert_with(f.store, &key, b"old", time_to_live(0));
        assert_eq!(f.guest.insert_with(f.store, &key, b"new", options), expected, "{options:?}");
        let value = f.guest.value(f.store, &key);
        assert_eq!(value.is_some(), expected == kv::OK);
        assert!(value.is_none_or(|value| value == b"new"), "{options:?}");
    }
});

abi_test!(a_write_without_them_removes_metadata_and_lifetime, |f| {
    let with = InsertOptions {
        mask: METADATA | TIME_TO_LIVE,
        metadata: b"m",
        time_to_live_sec: 10,
        ..Default::default()
    };
    for mode in [0, APPEND, PREPEND] {
        f.guest.insert_with(f.store, "k", b"v", with);
        f.guest.insert_with(f.store, "k", b"w", InsertOptions { mode, ..Default::default() });
        f.clock.advance(Duration::from_secs(11));
        assert_eq!(f.guest.lookup(f.store, "k").unwrap().metadata, b"", "mode {mode}");
    }
});

abi_test!(fields_whose_bit_is_not_set_are_not_looked_at, |f| {
    let options = InsertOptions { if_generation_match: 7, time_to_live_sec: 0, ..Default::default() };
    let record = f.guest.insert_record(options);
    f.guest.write(record + 8, &u32::MAX.to_le_bytes());
    f.guest.write(record + 12, &u32::MAX.to_le_bytes());
    let ((key, length), out) = (f.guest.put(b"k"), f.guest.out());
    // The reserved bits say nothing either.
    for mask in [0, 1, 1 << 2, BACKGROUND_FETCH] {
        let body = f.guest.new_body(b"v");
        assert_eq!(f.guest.kv("insert", &[f.store, key, length, body, mask, record, out]), status::OK);
        let pending = f.guest.u32(out);
        assert_eq!(f.guest.wait("insert_wait", pending), kv::OK, "mask {mask:#b}");
    }
    assert_eq!(f.guest.lookup(f.store, "k").unwrap().metadata, b"");
});

abi_test!(metadata_are_any_bytes_up_to_2000_and_none_is_fine, |f| {
    let metadata = |metadata| InsertOptions { mask: METADATA, metadata, ..Default::default() };
    for bytes in [&b""[..], b"text", b"\xff\r\n\0", &[1; 2_000]] {
        assert_eq!(f.guest.insert_with(f.store, "k", b"v", metadata(bytes)), kv::OK);
        assert_eq!(f.guest.lookup(f.store, "k").unwrap().metadata, bytes);
    }
    assert_eq!(f.guest.insert_with(f.store, "k", b"w", metadata(&[1; 2_001])), kv::BAD_REQUEST);
    assert_eq!(f.guest.value(f.store, "k").unwrap(), b"v", "nothing was written");
});

abi_test!(metadata_beyond_memory_are_inval_and_of_no_length_are_none_wherever_they_point, |f| {
    for (at, length, expected) in
        [(MEMORY_END - 4, 8, status::INVAL), (u32::MAX, u32::MAX, status::INVAL), (u32::MAX, 0, status::OK)]
    {
        let record = f.guest.insert_record(InsertOptions::default());
        f.guest.write(record + 8, &u32::to_le_bytes(at));
        f.guest.write(record + 12, &u32::to_le_bytes(length));
        let ((key, key_length), out) = (f.guest.put(b"k"), f.guest.out());
        let body = f.guest.new_body(b"v");
        let arguments = [f.store, key, key_length, body, METADATA, record, out];
        assert_eq!(f.guest.kv("insert", &arguments), expected, "{at}, {length}");
    }
});

abi_test!(the_body_is_consumed_whatever_becomes_of_the_insert, |f| {
    let gone = |f: &mut crate::fixture::Fixture, body: u32, case: &str| {
        assert_eq!(f.guest.body("close", &[body]), status::BADF, "{case}");
    };
    let before = f.guest.held();
    let body = f.guest.new_body(b"v");
    assert_eq!(f.guest.start_insert(0, b"k", body, mode(0)).0, status::BADF);
    gone(f, body, "no store");
    let body = f.guest.new_body(b"v");
    assert_eq!(f.guest.start_insert(f.store, b"?", body, mode(0)).0, status::INVAL);
    gone(f, body, "bad key");
    let body = f.guest.new_body(b"v");
    assert_eq!(f.guest.start_insert(f.store, b"k", body, mode(9)).0, status::INVAL);
    gone(f, body, "bad record");
    let body = f.guest.new_body(b"v");
    let ((key, length), record) = (f.guest.put(b"k"), f.guest.insert_record(mode(0)));
    assert_eq!(f.guest.kv("insert", &[f.store, key, length, body, 0, record, MEMORY_END]), status::INVAL);
    gone(f, body, "bad out-pointer");
    let body = f.guest.new_body(b"v");
    assert_eq!(f.guest.start_insert(f.store, b"k", body, mode(0)).0, status::OK);
    gone(f, body, "success");
    assert_eq!(f.guest.held(), (before.0 + 1, before.1), "one pending insert is left");
});

core_test!(what_is_no_readable_body_is_badf_and_stays_as_it_is, |f| {
    let (streaming, _receiver) = f.guest.store.data_mut().push_streaming_body().unwrap();
    let (_, pending) = f.guest.start_lookup(f.store, b"k");
    for body in [streaming, pending, f.store, 0, u32::MAX] {
        assert_eq!(f.guest.start_insert(f.store, b"k", body, mode(0)), (status::BADF, UNTOUCHED));
    }
    assert_eq!(f.guest.body("close", &[streaming]), status::OK);
    let [body, used, generation, error] = [(); 4].map(|()| f.guest.out());
    assert_eq!(f.guest.kv("lookup_wait_v2", &[pending, body, 0, 0, used, generation, error]), status::OK);
    assert_eq!(f.guest.lookup(f.store, "k"), None);
});

abi_test!(
    values_up_to_the_limit_are_kept_and_larger_ones_are_payload_too_large,
    Setup { limits: Limits { max_value_bytes: 10, ..Limits::default() }, ..Setup::default() },
    |f| {
        assert_eq!(f.guest.insert_with(f.store, "k", b"0123456789", mode(0)), kv::OK);
        assert_eq!(f.guest.insert_with(f.store, "k", b"0123456789a", mode(0)), kv::PAYLOAD_TOO_LARGE);
        assert_eq!(f.guest.insert_with(f.store, "k", b"a", mode(APPEND)), kv::PAYLOAD_TOO_LARGE);
        assert_eq!(f.guest.insert_with(f.store, "k", b"a", mode(PREPEND)), kv::PAYLOAD_TOO_LARGE);
        assert_eq!(f.guest.value(f.store, "k").unwrap(), b"0123456789");
    }
);

core_test!(the_default_limit_of_values_is_25_mib, |f| {
    let value = vec![1; 25 * 1024 * 1024 + 1];
    assert_eq!(f.guest.insert_with(f.store, "k", &value, mode(0)), kv::PAYLOAD_TOO_LARGE);
});

core_test!(
    a_streamed_body_is_read_to_its_end_or_to_the_limit,
    Setup { limits: Limits { max_value_bytes: 10, ..Limits::default() }, ..Setup::default() },
    |f| {
        let stream = |parts: &'static [Result<&str, ()>]| {
            let frames = parts.iter().map(|part| match part {
                Ok(part) => Ok(Frame::data(Bytes::from(*part))),
                Err(()) => Err(std::io::Error::other("cut")),
            });
            Body::from_stream(StreamBody::new(stream::iter(frames)))
        };
        let mut insert = |body| {
            let body = f.guest.store.data_mut().push_body(body).unwrap();
            let (status, pending) = f.guest.start_insert(f.store, b"k", body, mode(0));
            (status, (status == status::OK).then(|| f.guest.wait("insert_wait", pending)))
        };
        assert_eq!(insert(stream(&[Ok("01234"), Ok("56789")])), (status::OK, Some(kv::OK)));
        let too_long = insert(stream(&[Ok("01234"), Ok("56789"), Ok("a")]));
        assert_eq!(too_long, (status::OK, Some(kv::PAYLOAD_TOO_LARGE)));
        assert_eq!(insert(stream(&[Ok("012"), Err(())])), (status::HTTPINCOMPLETE, None));
        assert_eq!(f.guest.value(f.store, "k").unwrap(), b"0123456789", "the others wrote nothing");
    }
);

abi_test!(an_insert_or_delete_that_nobody_waits_for_happens, |f| {
    let body = f.guest.new_body(b"v");
    f.guest.start_insert(f.store, b"k", body, mode(0));
    assert_eq!(f.guest.value(f.store, "k").unwrap(), b"v");
    let record = f.guest.out();
    f.guest.start_delete(f.store, b"k", 0, record);
    assert_eq!(f.guest.lookup(f.store, "k"), None);
});

abi_test!(waits_consume_their_handle_and_refuse_other_kinds, |f| {
    let body = f.guest.new_body(b"v");
    let (_, insert) = f.guest.start_insert(f.store, b"k", body, mode(0));
    let (record, error) = (f.guest.out(), f.guest.out());
    let (_, delete) = f.guest.start_delete(f.store, b"k", 0, record);
    assert_eq!(f.guest.kv("delete_wait", &[insert, error]), status::BADF);
    assert_eq!(f.guest.kv("insert_wait", &[delete, error]), status::BADF);
    assert_eq!(f.guest.u32(error), UNTOUCHED);
    assert_eq!(f.guest.wait("insert_wait", insert), kv::OK);
    assert_eq!(f.guest.wait("delete_wait", delete), kv::OK);
    assert_eq!(f.guest.kv("insert_wait", &[insert, error]), status::BADF);
    assert_eq!(f.guest.kv("delete_wait", &[delete, error]), status::BADF);
});

abi_test!(delete_says_whether_there_was_something, |f| {
    assert_eq!(f.guest.delete(f.store, "k"), kv::NOT_FOUND);
    f.guest.insert(f.store, "k", b"v");
    f.guest.insert(f.store, "other", b"v");
    assert_eq!(f.guest.delete(f.store, "k"), kv::OK);
    assert_eq!(f.guest.delete(f.store, "k"), kv::NOT_FOUND);
    assert_eq!(f.guest.lookup(f.store, "k"), None);
    assert!(f.guest.lookup(f.store, "other").is_some());
    f.guest.insert_with(f.store, "k", b"v", time_to_live(0));
    assert_eq!(f.guest.delete(f.store, "k"), kv::NOT_FOUND, "it has expired");
    assert_eq!(f.guest.start_delete(0, b"k", 0, 0).0, status::BADF);
});

abi_test!(delete_with_a_generation_happens_only_to_that_one, |f| {
    const IF_GENERATION_MATCH: u32 = 1 << 1;
    f.guest.insert(f.store, "k", b"v");
    let generation = f.guest.lookup(f.store, "k").unwrap().generation;
    let mut delete = |wanted: u64| {
        let record = f.guest.alloc(16);
        f.guest.write(record + 8, &wanted.to_le_bytes());
        let (status, pending) = f.guest.start_delete(f.store, b"k", IF_GENERATION_MATCH, record);
        assert_eq!(status, status::OK);
        f.guest.wait("delete_wait", pending)
    };
    assert_eq!(delete(generation - 1), kv::PRECONDITION_FAILED);
    assert_eq!(delete(0), kv::PRECONDITION_FAILED);
    assert_eq!(delete(generation), kv::OK);
    assert_eq!(delete(generation), kv::NOT_FOUND);
});

abi_test!(the_record_of_a_delete_is_read_only_for_its_generation, |f| {
    let ((key, length), out) = (f.guest.put(b"k"), f.guest.out());
    let mut delete = |mask, record| f.guest.kv("delete", &[f.store, key, length, mask, record, out]);
    for record in [0, 3, MEMORY_END - 4, MEMORY_END, u32::MAX] {
        assert_eq!(delete(0, record), status::OK);
        assert_eq!(delete(1, record), status::OK);
    }
    assert_eq!(delete(2, MEMORY_END - 8), status::INVAL, "16 bytes do not fit there");
    assert_eq!(delete(2, 68), status::BADALIGN);
});

abi_test!(
    writes_beyond_the_rate_are_limitexceeded_until_time_has_passed,
    Setup {
        limits: Limits { writes_per_second: NonZeroU32::new(2), ..Limits::default() },
        ..Setup::default()
    },
    |f| {
        f.guest.insert(f.store, "a", b"v");
        f.guest.insert(f.store, "b", b"v");
        let body = f.guest.new_body(b"v");
        let (_, insert) = f.guest.start_insert(f.store, b"c", body, mode(0));
        let (record, error) = (f.guest.out(), f.guest.out());
        let (_, delete) = f.guest.start_delete(f.store, b"a", 0, record);
        for (function, pending) in [("insert_wait", insert), ("delete_wait", delete)] {
            assert_eq!(f.guest.kv(function, &[pending, error]), status::LIMITEXCEEDED);
            assert_eq!(f.guest.u32(error), kv::UNINITIALIZED);
        }
        assert!(f.guest.lookup(f.store, "a").is_some(), "reads are not limited");
        f.clock.advance(Duration::from_secs(1));
        f.guest.insert(f.store, "c", b"v");
    }
);
