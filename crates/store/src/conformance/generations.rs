//! Generations.

use super::{Bench, Fixture, START, delete, get, put, write};
use crate::clock::Timestamp;
use crate::insert::{Insert, InsertMode};
use crate::limits::GENERATION_END;

pub(super) fn every_write_gives_a_new_and_larger_generation(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    let mut last = 0;
    for round in 0..20 {
        let mode = [InsertMode::Overwrite, InsertMode::Append, InsertMode::Prepend][round % 3];
        // The same bytes again are a new write, and two keys never share a number.
        for at in ["k", "l"] {
            let generation = write(&store, at, Insert { mode, ..Insert::new("") });
            assert!(generation > last, "{generation} after {last}");
            assert!(generation < GENERATION_END);
            assert_eq!(get(&store, at).map(|entry| entry.generation().get()), Some(generation));
            last = generation;
        }
    }
    assert!(last >= START, "{last} is not the time of the clock");
}

pub(super) fn generations_do_not_go_back_with_the_clock(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    let before = put(&store, "k", "v");
    for micros in [START - 1_000_000, 0, u64::MAX, 1] {
        bench.clock.set(Timestamp::from_micros(micros));
        let last = get(&store, "k").map_or(before, |entry| entry.generation().get());
        let next = put(&store, "k", "v");
        assert!(next > last && next < GENERATION_END, "{next} after {last} when the clock says {micros}");
    }
}

pub(super) fn a_deleted_key_does_not_get_an_old_generation_again(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    let first = put(&store, "k", "v");
    assert!(delete(&store, "k"));
    bench.clock.set(Timestamp::from_micros(START - 1_000_000));
    let second = put(&store, "k", "v");
    assert!(second > first, "{second} after {first}");
}
