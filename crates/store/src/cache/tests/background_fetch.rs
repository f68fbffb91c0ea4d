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
    assert_eq!(bench.seen(), hit("ordinary"), "it is kept, as only the other one is under way");
    bench.script.finish_write();
    background.wait().unwrap();
    assert_eq!(bench.seen(), hit("background"));
    bench.becomes_idle();
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
fn during_an_ordinary_write_nothing_is_kept_nor_fetched() {
    let bench = with_old();
    bench.script.next_write(Plan::Later);
    let ordinary = bench.insert(Insert::new("ordinary"));
    bench.insert(in_background("background")).wait().unwrap();
    assert_eq!(bench.script.read_count(), 1, "there is nothing to be replaced");
    assert_eq!(bench.seen(), miss("background"));
    assert_eq!(bench.seen(), miss("background"));
    bench.script.finish_write();
    ordinary.wait().unwrap();
    assert_eq!(bench.seen(), miss("ordinary"));
    bench.assert_idle();
}

#[test]
fn a_write_that_nobody_polls_does_not_keep_the_old_value_nor_others_from_being_seen() {
    let bench = with_old();
    bench.script.next_write(Plan::Later);
    let unpolled = bench.insert(in_background("unpolled"));
    bench.insert(in_background("another")).wait().unwrap();
    assert_eq!(bench.seen(), hit("another"), "whatever is under way");
    bench.script.finish_write();
    until(|| bench.seen() == hit("unpolled"));
    drop(unpolled);
    bench.becomes_idle();
}

#[test]
fn each_of_several_such_writes_is_fetched_after_its_end_also_while_others_are_under_way() {
    let bench = with_old();
    bench.script.next_write(Plan::Later);
    bench.script.next_write(Plan::Later);
    let first = bench.insert(in_background("first"));
    let add = Insert { mode: InsertMode::Add, ..in_background("refused") };
    let second = bench.insert(add);
    bench.script.finish_write();
    first.wait().unwrap();
    assert_eq!(bench.seen(), hit("first"), "the other one is under way");
    bench.script.finish_write();
    assert!(matches!(second.wait(), Err(KvError::PreconditionFailed)));
    assert_eq!(bench.seen(), hit("first"));
    bench.assert_idle();
    assert_eq!(bench.script.read_count(), 2, "of a refused one, there is nothing to fetch");
}

#[test]
fn writes_that_end_during_a_fetch_are_one_more_fetch_after_it() {
    let bench = with_old();
    bench.script.next_read(Plan::Later);
    bench.insert(in_background("first")).wait().unwrap();
    for value in ["second", "third", "fourth"] {
        bench.insert(in_background(value)).wait().unwrap();
        assert_eq!(bench.seen(), hit("old"));
        assert_eq!(bench.script.read_count(), 2, "one at a time");
    }
    bench.script.next_read(Plan::Later);
    bench.script.finish_read();
    until(|| bench.script.read_count() == 3);
    assert_eq!(bench.seen(), hit("first"), "so that a stream of writes does not keep the old one for ever");
    bench.script.finish_read();
    bench.becomes_idle();
    assert_eq!(bench.seen(), hit("fourth"));
    assert_eq!(bench.script.read_count(), 3);
}

#[test]
fn a_fetch_is_kept_also_when_another_such_write_has_begun() {
    let bench = with_old();
    bench.script.next_read(Plan::Later);
    bench.insert(in_background("first")).wait().unwrap();
    bench.script.next_write(Plan::Later);
    let second = bench.insert(in_background("second"));
    bench.script.finish_read();
    until(|| bench.seen() == hit("first"));
    bench.script.finish_write();
    second.wait().unwrap();
    assert_eq!(bench.seen(), hit("second"));
    assert_eq!(bench.script.read_count(), 3);
}

#[test]
fn a_fetch_that_fails_after_another_write_has_ended_takes_the_old_value_away() {
    let bench = with_old();
    bench.script.next_read(Plan::Later);
    bench.insert(in_background("first")).wait().unwrap();
    bench.insert(in_background("second")).wait().unwrap();
    bench.script.fail_read();
    bench.becomes_idle();
    assert_eq!(bench.seen(), miss("second"));
}

#[test]
fn a_read_from_before_such_a_write_is_not_kept_when_there_was_nothing_to_replace() {
    let bench = Bench::new();
    bench.put("old");
    bench.script.next_read(Plan::Later);
    let early = bench.find();
    bench.insert(in_background("new")).wait().unwrap();
    bench.script.finish_read();
    assert_eq!(seen(early.wait()), miss("old"));
    assert_eq!(bench.seen(), miss("new"));
    bench.assert_idle();
}

#[test]
fn the_end_of_a_write_does_not_read_on_the_thread_of_the_engine() {
    let bench = with_old();
    bench.script.next_write(Plan::Later);
    let (entered, has_entered) = std::sync::mpsc::channel();
    let (go, may_go) = std::sync::mpsc::channel();
    bench.script.next_read(Plan::Block(entered, may_go));
    let mut write = bench.insert(in_background("new")).into_future();
    // Would not come back.
    bench.script.finish_write();
    has_entered.recv().unwrap();
    assert!(poll(&mut write).is_pending(), "it is acknowledged when the engine has been asked");
    go.send(()).unwrap();
    pollster::block_on(write).unwrap();
    assert_eq!(bench.seen(), hit("new"));
}

#[test]
fn after_the_end_of_the_cache_a_write_ends_without_it() {
    let bench = with_old();
    bench.script.next_write(Plan::Later);
    let write = bench.insert(in_background("new"));
    let Bench { script, engine, store, .. } = bench;
    drop((store, engine));
    script.finish_write();
    write.wait().unwrap();
}

/// A bench where "old" is kept, and somebody has written "theirs" past the cache.
fn overtaken(freshness: Option<Duration>) -> (Bench, Insert) {
    let bench = Bench::with(CacheLimits { freshness, ..CacheLimits::default() });
    bench.put("old");
    assert_eq!(bench.seen(), miss("old"));
    let kept = bench.store.lookup(key()).wait().unwrap().unwrap().generation();
    let engine = bench.inner.upgrade().unwrap();
    let theirs = engine.open(&StoreName::new("store").unwrap()).wait().unwrap().unwrap();
    let (now, limits) = (bench.clock.now(), Limits::default());
    theirs.insert(key(), Insert::new("theirs"), now, &limits, Completion::NONE).wait().unwrap();
    assert_eq!(bench.seen(), hit("old"));
    (bench, Insert { condition: Some(crate::GenerationMatch::Is(kept)), ..in_background("mine") })
}

#[test]
fn where_others_write_as_well_a_write_that_is_refused_forgets_what_it_was_refused_for() {
    let (bench, insert) = overtaken(Some(Duration::from_secs(60)));
    assert!(matches!(bench.insert(insert).wait(), Err(KvError::PreconditionFailed)));
    assert_eq!(bench.seen(), miss("theirs"), "so that the next try goes by what is there");
    bench.assert_idle();
}

#[test]
fn where_nobody_else_writes_a_write_that_is_refused_forgets_nothing() {
    let (bench, insert) = overtaken(None);
    assert!(matches!(bench.insert(insert).wait(), Err(KvError::PreconditionFailed)));
    assert_eq!(bench.seen(), hit("old"), "whoever writes past such a cache was told not to");
    bench.assert_idle();
}
