//! Replies: what happens does not depend on them.

use bytes::Bytes;

use super::{Bench, Fixture, delete, get, good, key, keys, put, value};
use crate::insert::{Insert, InsertMode};

pub(super) fn an_operation_happens_without_its_reply(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    put(&store, "doomed", "v");
    for number in 0..20 {
        drop(store.insert(key(&format!("k{number:02}")), Insert::new("v")));
    }
    drop(store.insert(key("large"), Insert::new(vec![1; 1_000_000])));
    drop(store.delete(key("doomed"), None));
    drop(bench.stores.create(&super::store_name("made without a reply")));
    good(bench.stores.flush().wait());
    assert_eq!(keys(&store).len(), 21);
    assert_eq!(get(&store, "doomed"), None);
    assert_eq!(value(&store, "large").map(|value| value.len()), Some(1_000_000));
    assert_eq!(good(bench.stores.list().wait()).len(), 2);
}

pub(super) fn every_write_is_seen_by_what_starts_after_it(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let store = &store;
            scope.spawn(move || {
                let at = format!("k{writer}");
                for round in 0..25 {
                    let text = Bytes::from(round.to_string());
                    put(store, &at, text.clone());
                    assert_eq!(value(store, &at), Some(text));
                    assert!(keys(store).contains(&at));
                    assert!(delete(store, &at));
                    assert_eq!(get(store, &at), None);
                    assert!(!keys(store).contains(&at));
                }
            });
        }
    });
}

pub(super) fn operations_of_one_caller_happen_in_their_order(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    let digits: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
    let replies: Vec<_> = digits
        .iter()
        .map(|digit| {
            store.insert(key("k"), Insert { mode: InsertMode::Append, ..Insert::new(digit.clone()) })
        })
        .collect();
    let first_delete = store.delete(key("k"), None);
    let second_delete = store.delete(key("k"), None);
    let add = store.insert(key("k"), Insert { mode: InsertMode::Add, ..Insert::new("added") });
    // Asked in another order than called.
    good(add.wait());
    assert!(good(first_delete.wait()), "there was something to delete");
    assert!(!good(second_delete.wait()), "and then there was not");
    let generations: Vec<_> = replies.into_iter().map(|reply| good(reply.wait())).collect();
    assert!(generations.is_sorted_by(|before, after| before < after), "{generations:?}");
    assert_eq!(value(&store, "k").as_deref(), Some(&b"added"[..]));
}
