//! Expiry, as those see it who read and write.

use std::time::Duration;

use super::{Bench, Fixture, START, get, keys, list, put, value, walk, write};
use crate::clock::Timestamp;
use crate::insert::{Insert, InsertMode};
use crate::list::ListRequest;

fn ttl(seconds: u64, text: &'static str) -> Insert {
    Insert { time_to_live: Some(Duration::from_secs(seconds)), ..Insert::new(text) }
}

pub(super) fn an_entry_is_missing_from_its_expiry_on(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    write(&store, "k", ttl(10, "v"));
    write(&store, "for ever", Insert { time_to_live: Some(Duration::MAX), ..Insert::new("v") });
    let expires_at = get(&store, "k").and_then(|entry| entry.expires_at());
    assert_eq!(expires_at, Some(Timestamp::from_micros(START + 10_000_000)));
    bench.clock.set(Timestamp::from_micros(START + 9_999_999));
    assert_eq!(value(&store, "k").as_deref(), Some(&b"v"[..]), "a microsecond before");
    bench.clock.set(Timestamp::from_micros(START + 10_000_000));
    assert_eq!(get(&store, "k"), None, "at its very expiry");
    assert_eq!(keys(&store), ["for ever"]);
}

pub(super) fn a_lifetime_of_zero_is_expired_at_once(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    put(&store, "k", "old");
    write(&store, "k", ttl(0, "new"));
    assert_eq!(get(&store, "k"), None, "it has replaced the old entry, and is not there itself");
    assert_eq!(keys(&store), [""; 0]);
    write(&store, "k", Insert { mode: InsertMode::Add, ..Insert::new("again") });
    assert_eq!(value(&store, "k").as_deref(), Some(&b"again"[..]));
}

pub(super) fn an_expired_entry_does_not_count_in_lists(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    for number in 0..40 {
        let seconds = if number % 4 == 0 { 1000 } else { 1 };
        write(&store, &format!("k{number:02}"), ttl(seconds, "v"));
    }
    bench.clock.advance(Duration::from_secs(1));
    let mut pages = Vec::new();
    walk(&store, "", 3, |page| pages.push(page.keys.len()));
    assert_eq!(pages, [3, 3, 3, 1]);

    // Whatever limit a page ends at: when all that would follow has expired, there is no next page.
    for limit in 1..=12 {
        let page = list(&store, ListRequest { prefix: "k3", limit: Some(limit), ..ListRequest::default() });
        assert_eq!(page.keys.iter().collect::<Vec<_>>().len(), (limit as usize).min(2), "k32 and k36");
        assert_eq!(page.next.is_some(), limit < 2, "limit {limit}");
    }
}

pub(super) fn an_expired_entry_can_be_added_again(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    let first = write(&store, "k", ttl(5, "first"));
    bench.clock.advance(Duration::from_secs(5));
    let second = write(&store, "k", Insert { mode: InsertMode::Add, ..ttl(5, "second") });
    assert!(second > first);
    assert_eq!(value(&store, "k").as_deref(), Some(&b"second"[..]));
    // The old expiry is over and done with: it does not take the new entry along.
    assert_eq!(bench.sweep(10), 0);
    assert_eq!(value(&store, "k").as_deref(), Some(&b"second"[..]));
}
