//! Values, keys and metadata of every kind and size.

use bytes::Bytes;

use super::{Bench, Fixture, delete, get, good, key, keys, put, value, write};
use crate::error::KvError;
use crate::insert::{Insert, InsertMode};
use crate::limits::{DEFAULT_MAX_VALUE_BYTES, Limits, MAX_METADATA_BYTES};
use crate::metadata::Metadata;

/// Bytes that differ from place to place, so that parts in a wrong order are found.
fn pattern(len: usize, seed: u8) -> Bytes {
    let mut state = u32::from(seed) + 1;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// Compared so that a difference does not print megabytes.
#[track_caller]
fn same(got: Option<&Bytes>, expected: &[u8]) {
    let got = got.map(|got| (got.len(), got == expected));
    assert_eq!(got, Some((expected.len(), true)), "length, and whether it is the same");
}

pub(super) fn binary_values_keys_and_metadata_come_back_as_they_were(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    let all: Bytes = (0..=u8::MAX).collect();
    let longest = pattern(MAX_METADATA_BYTES, 1);
    for at in ["\0", "a\0b", "键", " ", "\u{10ffff}", &"é".repeat(512)] {
        for metadata in [Bytes::new(), all.clone(), longest.clone()] {
            let metadata = good(Metadata::new(metadata));
            write(&store, at, Insert { metadata: metadata.clone(), ..Insert::new(all.clone()) });
            let entry = get(&store, at);
            assert_eq!(entry.as_ref().map(|entry| entry.value()), Some(&all), "{at:?}");
            assert_eq!(entry.as_ref().map(|entry| entry.metadata()), Some(&metadata), "{at:?}");
        }
    }
}

pub(super) fn empty_values_are_values(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    put(&store, "k", "");
    same(value(&store, "k").as_ref(), b"");
    for mode in [InsertMode::Append, InsertMode::Prepend] {
        write(&store, "k", Insert { mode, ..Insert::new("x") });
        write(&store, "k", Insert { mode, ..Insert::new("") });
    }
    same(value(&store, "k").as_ref(), b"xx");
    assert!(delete(&store, "k"));
}

pub(super) fn values_of_every_size_class_come_back_and_grow_at_both_ends(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    // Around powers of two, which is where engines change how they keep a value.
    let sizes = [0_usize, 1, 1024, 2047, 2048, 2049, 4096, 65_536, 262_080, 262_081, 262_144, 1_048_576];
    for size in sizes {
        let whole = pattern(size, 1);
        put(&store, "k", whole.clone());
        same(value(&store, "k").as_ref(), &whole);
        for more in [1, 2048, 300_000] {
            let (before, after) = (pattern(more, 2), pattern(more, 3));
            put(&store, "k", whole.clone());
            write(&store, "k", Insert { mode: InsertMode::Append, ..Insert::new(after.clone()) });
            same(value(&store, "k").as_ref(), &[&whole[..], &after].concat());
            write(&store, "k", Insert { mode: InsertMode::Prepend, ..Insert::new(before.clone()) });
            same(value(&store, "k").as_ref(), &[&before[..], &whole, &after].concat());
            write(&store, "k", Insert { mode: InsertMode::Append, ..Insert::new("end") });
            same(value(&store, "k").as_ref(), &[&before[..], &whole, &after, b"end"].concat());
        }
    }
}

pub(super) fn the_largest_value_passes_and_one_more_byte_does_not(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    let largest = good(usize::try_from(DEFAULT_MAX_VALUE_BYTES));
    let whole = pattern(largest, 1);
    put(&store, "k", whole.clone());
    same(value(&store, "k").as_ref(), &whole);
    let result = store.insert(key("k"), Insert::new(vec![0; largest + 1])).wait();
    assert!(
        matches!(result, Err(KvError::PayloadTooLarge { limit: DEFAULT_MAX_VALUE_BYTES, .. })),
        "{result:?}"
    );
    same(value(&store, "k").as_ref(), &whole);
    assert!(delete(&store, "k"));
    assert_eq!(value(&store, "k"), None);
}

pub(super) fn the_size_limit_holds_for_what_append_and_prepend_make(fixture: &dyn Fixture) {
    let bench = Bench::with_limits(fixture, Limits { max_value_bytes: 5000, ..Limits::default() });
    let store = bench.store();
    put(&store, "k", pattern(4990, 1));
    for mode in [InsertMode::Append, InsertMode::Prepend] {
        write(&store, "k", Insert { mode, ..Insert::new("12345") });
    }
    let full = value(&store, "k").unwrap_or_default();
    assert_eq!(full.len(), 5000);
    for mode in [InsertMode::Append, InsertMode::Prepend] {
        let result = store.insert(key("k"), Insert { mode, ..Insert::new("x") }).wait();
        assert!(
            matches!(result, Err(KvError::PayloadTooLarge { bytes: 5001, limit: 5000 })),
            "{mode:?}: {result:?}"
        );
        same(value(&store, "k").as_ref(), &full);
    }
    put(&store, "k", "an overwrite forgets what was there");
}

pub(super) fn many_small_appends_make_one_large_value(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    let whole = pattern(700_000, 1);
    // Not waited for one by one: an engine may gather them.
    let replies: Vec<_> = whole
        .chunks(7_000)
        .map(|part| {
            let part = Bytes::copy_from_slice(part);
            store.insert(key("k"), Insert { mode: InsertMode::Append, ..Insert::new(part) })
        })
        .collect();
    for reply in replies {
        good(reply.wait());
    }
    same(value(&store, "k").as_ref(), &whole);
}

pub(super) fn replaced_values_of_other_sizes_leave_nothing_behind(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    for (seed, size) in [(1, 500_000), (2, 10), (3, 300_000), (4, 0), (5, 5000)] {
        let whole = pattern(size, seed);
        put(&store, "k", whole.clone());
        same(value(&store, "k").as_ref(), &whole);
    }
    assert!(delete(&store, "k"));
    write(&store, "k", Insert { mode: InsertMode::Append, ..Insert::new("new") });
    same(value(&store, "k").as_ref(), b"new");
    assert_eq!(keys(&store), ["k"]);
}
