//! Writes that let lookups see the old entry for a while.

use super::*;

fn in_background(value: &str) -> Insert {
    Insert { background_fetch: true, ..Insert::new(value.to_owned()) }
}

/// A bench where "old" is kept.
fn with_old() -> Bench {
    let bench = Bench::new();
    bench.put("old");
    assert_eq!(bench.seen(), miss("old"));
    bench
}

#[test]
fn with_an_engine_that_answers_at_once_the_new_value_is_kept_before_the_acknowledgement() {
    let bench = with_old();
    assert!(matches!(bench.insert(in_background("new")), Reply::Ready(Ok(_))));
    assert_eq!(bench.script.read_count(), 2);
    assert_eq!(bench.seen(), hit("new"));
    bench.assert_idle();
}

#[test]
fn the_old_value_is_answered_until_the_new_one_is_there() {
    let bench = with_old();
    bench.script.next_write(Plan::Later);
    bench.script.next_read(Plan::Later);
    let write = bench.insert(in_background("new"));
    assert_eq!(bench.seen(), hit("old"), "the write is under way");
    bench.script.finish_write();
    write.wait().unwrap();
    assert_eq!(bench.seen(), hit("old"), "it is acknowledged, and the new value is under way");
    assert_eq!(bench.store.read(key()).wait().unwrap().unwrap().value(), "new");
    bench.script.finish_read();
    bench.becomes_idle();
    assert_eq!(bench.seen(), hit("new"));
    assert_eq!(bench.hits_and_misses(), (3, 1));
}

#[test]
fn a_write_whose_reply_is_dropped_fetches_as_well() {
    let bench = with_old();
    bench.script.next_write(Plan::Later);
    drop(bench.insert(in_background("new")));
    assert_eq!(bench.seen(), hit("old"));
    bench.script.finish_write();
    bench.becomes_idle();
    assert_eq!(bench.seen(), hit("new"));
}

#[test]
fn nothing_is_fetched_that_nobody_has_read() {
    let bench = Bench::new();
    bench.insert(in_background("v")).wait().unwrap();
    assert_eq!(bench.script.read_count(), 0);
    assert_eq!(bench.engine.stats().entries, 0);
    assert_eq!(bench.seen(), miss("v"));
}

#[test]
fn that_there_was_nothing_is_kept_for_a_while_as_well() {
    let bench = Bench::new();
    assert_eq!(bench.seen(), (None, Source::Engine));
    bench.script.next_read(Plan::Later);
    bench.insert(in_background("new")).wait().unwrap();
    assert_eq!(bench.seen(), (None, Source::Cache));
    bench.script.finish_read();
    bench.becomes_idle();
    assert_eq!(bench.seen(), hit("new"));
}

#[test]
fn a_refused_write_changes_nothing() {
    let bench = with_old();
    let add = Insert { mode: InsertMode::Add, ..in_background("new") };
    assert!(matches!(bench.insert(add).wait(), Err(KvError::PreconditionFailed)));
    assert_eq!(bench.seen(), hit("old"));
    assert_eq!(bench.script.read_count(), 1);
    bench.assert_idle();
}

#[test]
fn a_write_of_which_nobody_can_say_whether_it_happened_takes_the_old_value_away() {
    let bench = with_old();
    bench.script.next_write(Plan::Fail);
    assert!(bench.insert(in_background("new")).wait().is_err());
    assert_eq!(bench.seen(), miss("old"));

    bench.script.next_write(Plan::Panic);
    let write = std::panic::AssertUnwindSafe(|| bench.insert(in_background("new")));
    assert!(std::panic::catch_unwind(write).is_err());
    assert_eq!(bench.seen(), miss("old"));
    bench.assert_idle();
}

#[test]
fn a_fetch_that_fails_takes_the_old_value_away() {
    for plan in [Plan::Fail, Plan::LatePanic] {
        let bench = with_old();
        bench.script.next_read(plan);
        bench.insert(in_background("new")).wait().unwrap();
        bench.becomes_idle();
        assert_eq!(bench.seen(), miss("new"));
        assert_eq!(bench.seen(), hit("new"));
    }
    let bench = with_old();
    bench.script.next_read(Plan::Later);
    bench.insert(in_background("new")).wait().unwrap();
    bench.script.fail_read();
    bench.becomes_idle();
    assert_eq!(bench.seen(), miss("new"));
}

#[test]
fn a_fetch_in_which_the_engine_panics_takes_the_old_value_away() {
    let bench = with_old();
    bench.script.next_read(Plan::Panic);
    let write = std::panic::AssertUnwindSafe(|| bench.insert(in_background("new")));
    assert!(std::panic::catch_unwind(write).is_err());
    bench.assert_idle();
    assert_eq!(bench.seen(), miss("new"));
}

#[test]
fn an_ordinary_write_beside_it_is_seen_when_it_is_acknowledged() {
    let bench = with_old();
    bench.script.next_write(Plan::Later);
    let background = bench.insert(in_background("background"));
    bench.put("ordinary");
    assert_eq!(bench.seen(), miss("ordinary"));
    bench.script.finish_write();
    background.wait().unwrap();
    assert_eq!(bench.seen(), miss("background"));
    assert_eq!(bench.seen(), hit("background"));
    bench.assert_idle();
}

#[test]
fn an_ordinary_write_during_the_fetch_is_seen_when_it_is_acknowledged() {
    let bench = with_old();
    bench.script.next_read(Plan::Later);
    bench.insert(in_background("background")).wait().unwrap();
    assert_eq!(bench.seen(), hit("old"));
    bench.put("ordinary");
    assert_eq!(bench.seen(), miss("ordinary"));
    bench.script.finish_read();
    bench.becomes_idle();
    assert_eq!(bench.seen(), hit("ordinary"));
}

#[test]
fn of_several_such_writes_the_last_to_end_fetches_whatever_becomes_of_it() {
    let bench = with_old();
    bench.script.next_write(Plan::Later);
    bench.script.next_write(Plan::Later);
    let first = bench.insert(in_background("first"));
    let add = Insert { mode: InsertMode::Add, ..in_background("refused") };
    let second = bench.insert(add);
    bench.script.finish_write();
    first.wait().unwrap();
    assert_eq!(bench.seen(), hit("old"), "the other one is under way");
    bench.script.finish_write();
    assert!(matches!(second.wait(), Err(KvError::PreconditionFailed)));
    assert_eq!(bench.seen(), hit("first"));
    bench.assert_idle();
    assert_eq!(bench.script.read_count(), 2, "it was fetched once");
}

#[test]
fn a_fetch_that_another_such_write_has_made_useless_is_done_again_after_it() {
    let bench = with_old();
    bench.script.next_read(Plan::Later);
    bench.insert(in_background("first")).wait().unwrap();
    bench.script.next_write(Plan::Later);
    let add = Insert { mode: InsertMode::Add, ..in_background("refused") };
    let second = bench.insert(add);
    bench.script.finish_read();
    // The first fetch is not kept, as a write is under way; only the write's end can tell of the second.
    assert_eq!(bench.seen(), hit("old"));
    bench.script.finish_write();
    assert!(matches!(second.wait(), Err(KvError::PreconditionFailed)));
    bench.becomes_idle();
    assert_eq!(bench.seen(), hit("first"));
    assert_eq!(bench.script.read_count(), 3);
}

#[test]
fn without_any_handle_of_the_store_the_old_value_goes_instead() {
    let bench = with_old();
    bench.script.next_write(Plan::Later);
    drop(bench.insert(in_background("new")));
    let Bench { script, engine, store, .. } = bench;
    drop(store);
    script.finish_write();
    until(|| engine.cache().slots.len() == 0);
    let store = engine.open(&StoreName::new("store").unwrap()).wait().unwrap().unwrap();
    assert_eq!(seen(store.find(key()).wait()), miss("new"));
}
