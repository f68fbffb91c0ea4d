//! Insert modes, conditions and deletes.

use std::time::Duration;

use super::{Bench, Fixture, delete, get, good, key, put, refused, value, write};
use crate::generation::GenerationMatch;
use crate::insert::{Insert, InsertMode};
use crate::metadata::Metadata;

pub(super) fn every_mode_and_condition_on_missing_live_and_expired_entries(fixture: &dyn Fixture) {
    use InsertMode::{Add, Append, Overwrite, Prepend};

    /// What a condition asks for.
    #[derive(Debug, Clone, Copy)]
    enum Asked {
        Nothing,
        Absent,
        /// The generation that is there, expired or not; that of another key when none is.
        Current,
        Another,
    }
    use Asked::{Absent, Another, Current, Nothing};

    // The value after the write on a missing, a live and an expired entry; `None` is "precondition failed".
    let table = [
        (Overwrite, Nothing, [Some("new"), Some("new"), Some("new")]),
        (Add, Nothing, [Some("new"), None, Some("new")]),
        (Append, Nothing, [Some("new"), Some("oldnew"), Some("new")]),
        (Prepend, Nothing, [Some("new"), Some("newold"), Some("new")]),
        (Overwrite, Absent, [Some("new"), None, Some("new")]),
        (Add, Absent, [Some("new"), None, Some("new")]),
        (Append, Absent, [Some("new"), None, Some("new")]),
        (Prepend, Absent, [Some("new"), None, Some("new")]),
        (Overwrite, Current, [None, Some("new"), None]),
        (Add, Current, [None, None, None]),
        (Append, Current, [None, Some("oldnew"), None]),
        (Prepend, Current, [None, Some("newold"), None]),
        (Overwrite, Another, [None, None, None]),
        (Add, Another, [None, None, None]),
        (Append, Another, [None, None, None]),
        (Prepend, Another, [None, None, None]),
    ];
    let bench = Bench::new(fixture);
    let store = bench.store();
    let other = put(&store, "other", "x");
    for (row, (mode, asked, expected)) in table.into_iter().enumerate() {
        for (state, expected) in ["missing", "live", "expired"].into_iter().zip(expected) {
            let at = format!("{state}-{row}");
            let current = match state {
                "missing" => other,
                "live" => put(&store, &at, "old"),
                _ => {
                    let old = Insert { time_to_live: Some(Duration::from_secs(1)), ..Insert::new("old") };
                    let generation = write(&store, &at, old);
                    bench.clock.advance(Duration::from_secs(1));
                    generation
                }
            };
            let condition = match asked {
                Nothing => None,
                Absent => Some(GenerationMatch::Absent),
                Current => Some(GenerationMatch::from_number(current)),
                Another => Some(GenerationMatch::from_number(current + 1)),
            };
            let result = store.insert(key(&at), Insert { mode, condition, ..Insert::new("new") }).wait();
            let what = format!("{mode:?} if {asked:?} on a {state} entry");
            if let Some(expected) = expected {
                let generation = result.unwrap_or_else(|error| panic!("{what}: {error}"));
                let entry = get(&store, &at).unwrap_or_else(|| panic!("{what}: nothing is there"));
                assert_eq!(entry.value(), expected, "{what}");
                assert_eq!(entry.generation(), generation, "{what}");
            } else {
                refused(result);
                let left = value(&store, &at);
                assert_eq!(left.as_deref(), (state == "live").then_some(&b"old"[..]), "{what}");
            }
        }
    }
}

pub(super) fn deletes_remove_what_is_there_and_their_condition_holds(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    let is = |number| Some(GenerationMatch::from_number(number));
    assert!(!delete(&store, "k"), "nothing was there");
    assert!(!good(store.delete(key("k"), is(7)).wait()), "missing is missing, whatever the condition");

    let generation = put(&store, "k", "v");
    put(&store, "l", "w");
    refused(store.delete(key("k"), is(generation + 1)).wait());
    refused(store.delete(key("k"), Some(GenerationMatch::Absent)).wait());
    assert_eq!(value(&store, "k").as_deref(), Some(&b"v"[..]));
    assert!(good(store.delete(key("k"), is(generation)).wait()));
    assert_eq!(get(&store, "k"), None);
    assert!(!delete(&store, "k"), "it is gone already");
    assert_eq!(value(&store, "l").as_deref(), Some(&b"w"[..]), "another key is not touched");

    let short = Insert { time_to_live: Some(Duration::from_secs(1)), ..Insert::new("v") };
    let generation = write(&store, "k", short);
    bench.clock.advance(Duration::from_secs(1));
    assert!(!good(store.delete(key("k"), is(generation)).wait()), "an expired entry is missing");
}

pub(super) fn a_refused_write_changes_nothing(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    let old = Insert {
        metadata: good(Metadata::new("about")),
        time_to_live: Some(Duration::from_secs(60)),
        ..Insert::new("old")
    };
    write(&store, "k", old);
    let before = get(&store, "k");
    refused(store.insert(key("k"), Insert { mode: InsertMode::Add, ..Insert::new("new") }).wait());
    for mode in [InsertMode::Overwrite, InsertMode::Append, InsertMode::Prepend] {
        let condition = Some(GenerationMatch::Absent);
        refused(store.insert(key("k"), Insert { mode, condition, ..Insert::new("new") }).wait());
    }
    assert_eq!(get(&store, "k"), before);
    refused(
        store
            .insert(
                key("none"),
                Insert { condition: Some(GenerationMatch::from_number(1)), ..Insert::new("new") },
            )
            .wait(),
    );
    assert_eq!(get(&store, "none"), None);
}

pub(super) fn metadata_and_lifetime_not_given_again_are_removed(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    for mode in [InsertMode::Overwrite, InsertMode::Append, InsertMode::Prepend] {
        let metadata = good(Metadata::new("about"));
        let first = Insert {
            metadata: metadata.clone(),
            time_to_live: Some(Duration::from_secs(60)),
            ..Insert::new("a")
        };
        write(&store, "k", first);
        let entry = get(&store, "k");
        assert_eq!(entry.as_ref().map(|entry| entry.metadata()), Some(&metadata), "{mode:?}");
        assert!(entry.is_some_and(|entry| entry.expires_at().is_some()), "{mode:?}");
        write(&store, "k", Insert { mode, ..Insert::new("b") });
        let entry = get(&store, "k");
        assert_eq!(entry.as_ref().map(|entry| entry.metadata()), Some(&Metadata::NONE), "{mode:?}");
        assert_eq!(entry.and_then(|entry| entry.expires_at()), None, "{mode:?}");
    }
    bench.clock.advance(Duration::from_secs(3600));
    assert!(get(&store, "k").is_some(), "the lifetime of the write before does not count any more");
    assert_eq!(bench.sweep(10), 0, "nor does a sweep remember it");
    assert!(get(&store, "k").is_some());
}
