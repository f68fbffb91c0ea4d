//! What lookups see beside writes.

use super::*;

#[test]
fn what_was_read_is_answered_from_the_cache_also_that_there_is_nothing() {
    let bench = Bench::new();
    assert_eq!(bench.seen(), (None, Source::Engine));
    assert_eq!(bench.seen(), (None, Source::Cache));
    bench.put("v");
    assert_eq!(bench.seen(), miss("v"));
    assert_eq!(bench.seen(), hit("v"));
    assert_eq!(bench.store.lookup(key()).wait().unwrap().unwrap().value(), "v");
    assert_eq!(bench.script.read_count(), 2);
    assert!(bench.delete().wait().unwrap());
    assert_eq!(bench.seen(), (None, Source::Engine));
    assert_eq!(bench.seen(), (None, Source::Cache));
    assert_eq!(bench.hits_and_misses(), (4, 3));
    bench.assert_idle();
}

#[test]
fn an_engine_that_answers_at_once_does_so_behind_the_cache() {
    let bench = Bench::new();
    assert!(matches!(bench.insert(Insert::new("v")), Reply::Ready(Ok(_))));
    assert!(matches!(bench.find(), Reply::Ready(Ok(_))), "a miss");
    assert!(matches!(bench.find(), Reply::Ready(Ok(_))), "a hit");
    assert!(matches!(bench.delete(), Reply::Ready(Ok(true))));
}

#[test]
fn a_write_that_is_refused_or_fails_leaves_what_the_engine_has() {
    let bench = Bench::new();
    bench.put("v");
    bench.seen();
    let add = Insert { mode: InsertMode::Add, ..Insert::new("added") };
    assert!(matches!(bench.insert(add).wait(), Err(KvError::PreconditionFailed)));
    assert_eq!(bench.seen().0.as_deref(), Some("v"));
    bench.script.next_write(Plan::Fail);
    assert!(bench.insert(Insert::new("lost")).wait().is_err());
    assert_eq!(bench.seen().0.as_deref(), Some("v"));
    bench.assert_idle();
}

#[test]
fn a_read_from_before_a_write_does_not_leave_the_old_value_behind() {
    let bench = Bench::new();
    bench.put("old");
    bench.script.next_read(Plan::Later);
    let read = bench.find();
    bench.put("new");
    bench.script.finish_read();
    assert_eq!(seen(read.wait()), miss("old"), "it began before the write");
    assert_eq!(bench.seen(), miss("new"));
    assert_eq!(bench.seen(), hit("new"));
    bench.assert_idle();
}

#[test]
fn a_read_that_ends_while_a_write_is_under_way_does_not_leave_the_old_value_behind() {
    let bench = Bench::new();
    bench.put("old");
    bench.script.next_write(Plan::Later);
    let mut write = bench.insert(Insert::new("new")).into_future();
    assert!(poll(&mut write).is_pending());
    assert_eq!(bench.seen(), miss("old"), "the engine has not written yet");
    assert_eq!(bench.seen(), miss("old"));
    bench.script.finish_write();
    assert!(poll(&mut write).is_ready());
    assert_eq!(bench.seen(), miss("new"));
    assert_eq!(bench.seen(), hit("new"));
    bench.assert_idle();
}

#[test]
fn a_read_that_ends_while_the_engine_is_in_a_write_does_not_leave_the_old_value_behind() {
    let bench = Bench::new();
    bench.put("old");
    let (entered, has_entered) = std::sync::mpsc::channel();
    let (go, may_go) = std::sync::mpsc::channel();
    bench.script.next_write(Plan::Block(entered, may_go));
    std::thread::scope(|scope| {
        scope.spawn(|| bench.put("new"));
        has_entered.recv().unwrap();
        let during = bench.find();
        go.send(()).unwrap();
        assert_eq!(seen(during.wait()), miss("old"));
    });
    assert_eq!(bench.seen(), miss("new"));
    bench.assert_idle();
}

#[test]
fn no_value_is_answered_from_the_cache_while_a_write_is_under_way() {
    let bench = Bench::new();
    bench.put("old");
    bench.seen();
    assert_eq!(bench.seen(), hit("old"));
    // The engine has written, and nobody has heard of it: a list shows the new key, say.
    bench.script.next_write(Plan::LateAnswer);
    let write = bench.insert(Insert::new("new"));
    assert_eq!(bench.seen(), miss("new"));
    bench.script.finish_write();
    write.wait().unwrap();
    assert_eq!(bench.seen(), miss("new"));
    assert_eq!(bench.seen(), hit("new"));
}

#[test]
fn a_lookup_after_an_acknowledgement_joins_no_read_from_before_it() {
    let bench = Bench::new();
    bench.put("old");
    bench.script.next_write(Plan::Later);
    let write = bench.insert(Insert::new("new"));
    bench.script.next_read(Plan::Later);
    let early = bench.find();
    bench.script.finish_write();
    write.wait().unwrap();
    assert_eq!(bench.seen(), miss("new"));
    bench.script.finish_read();
    assert_eq!(seen(early.wait()), miss("old"));
    assert_eq!(bench.seen(), hit("new"));
    bench.assert_idle();
}

#[test]
fn a_lookup_that_is_called_after_a_write_joins_no_read_from_before_the_write() {
    let bench = Bench::new();
    bench.put("old");
    bench.script.next_read(Plan::Later);
    let early = bench.find();
    bench.script.next_write(Plan::LateAnswer);
    let write = bench.insert(Insert::new("new"));
    assert_eq!(bench.seen(), miss("new"), "the engine lets it see the write");
    bench.script.finish_write();
    write.wait().unwrap();
    bench.script.finish_read();
    assert_eq!(seen(early.wait()), miss("old"));
    bench.assert_idle();
}

#[test]
fn nothing_is_kept_until_the_last_of_several_writes_has_ended() {
    let bench = Bench::new();
    bench.put("old");
    bench.script.next_write(Plan::Later);
    bench.script.next_write(Plan::Later);
    let first = bench.insert(Insert::new("first"));
    let second = bench.insert(Insert::new("second"));
    bench.script.finish_write();
    first.wait().unwrap();
    assert_eq!(bench.seen(), miss("first"));
    assert_eq!(bench.seen(), miss("first"), "it was not kept");
    bench.script.finish_write();
    bench.assert_idle();
    assert_eq!(bench.seen(), miss("second"));
    assert_eq!(bench.seen(), hit("second"), "whether or not its reply is heard");
    second.wait().unwrap();
    assert_eq!(bench.seen(), hit("second"));
    bench.assert_idle();
}

#[test]
fn a_write_whose_reply_is_dropped_is_under_way_until_the_engine_has_done_it() {
    let bench = Bench::new();
    bench.put("old");
    bench.script.next_write(Plan::Later);
    drop(bench.insert(Insert::new("new")));
    assert_eq!(bench.seen(), miss("old"));
    assert_eq!(bench.seen(), miss("old"), "it was not kept, as the write will still happen");
    bench.script.finish_write();
    bench.assert_idle();
    assert_eq!(bench.seen(), miss("new"));
    assert_eq!(bench.seen(), hit("new"));
}

#[test]
fn a_write_whose_reply_nobody_polls_ends_when_the_engine_has_done_it() {
    let bench = Bench::new();
    bench.put("old");
    for plan in [Plan::Later, Plan::LateAnswer] {
        bench.script.next_write(plan);
        let unpolled = bench.insert(Insert::new("new"));
        bench.script.finish_write();
        bench.assert_idle();
        assert_eq!(bench.seen(), miss("new"));
        assert_eq!(bench.seen(), hit("new"));
        unpolled.wait().unwrap();
        assert_eq!(bench.seen(), hit("new"), "the reply changes nothing");
        bench.put("old");
    }
}

#[test]
fn a_write_that_ends_before_its_call_does_leaves_the_reads_that_began_since() {
    // Those are after it, and one of them may be a fetch that nobody else would do.
    let bench = Bench::new();
    bench.put("old");
    bench.script.next_write(Plan::EarlyEnd);
    let write = bench.insert(Insert::new("new"));
    bench.assert_idle();
    assert_eq!(bench.seen(), miss("new"));
    assert_eq!(bench.seen(), hit("new"));
    write.wait().unwrap();
    bench.script.next_write(Plan::EarlyEnd);
    let insert = Insert { background_fetch: true, ..Insert::new("newer") };
    bench.insert(insert).wait().unwrap();
    assert_eq!(bench.seen(), hit("newer"));
    bench.becomes_idle();
}

#[test]
fn a_fetch_that_begins_between_the_end_of_a_write_and_that_of_its_call_is_kept() {
    let bench = Bench::new();
    let (entered, has_entered) = std::sync::mpsc::channel();
    let (go, may_go) = std::sync::mpsc::channel();
    bench.script.next_write(Plan::EarlyEndAndBlock(entered, may_go));
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| bench.insert(Insert::new("old")).wait());
        has_entered.recv().unwrap();
        assert_eq!(bench.seen(), miss("old"));
        bench.script.next_read(Plan::Later);
        bench.insert(Insert { background_fetch: true, ..Insert::new("new") }).wait().unwrap();
        go.send(()).unwrap();
        writer.join().unwrap().unwrap();
    });
    assert_eq!(bench.seen(), hit("old"));
    bench.script.finish_read();
    bench.becomes_idle();
    assert_eq!(bench.seen(), hit("new"));
}

#[test]
fn who_gives_a_completion_to_the_cache_is_told_after_it() {
    struct Told(Mutex<Vec<(Ended, usize)>>, Weak<crate::cache::Cache>);
    impl OnEnd for Told {
        fn ended(&self, ended: Ended) {
            self.0.lock().push((ended, self.1.upgrade().unwrap().slots.len()));
        }
    }
    let bench = Bench::new();
    let told = Arc::new(Told(Mutex::default(), Arc::downgrade(bench.engine.cache())));
    let completion = || Completion::new(told.clone());
    let (now, limits) = (bench.clock.now(), Limits::default());
    bench.script.next_write(Plan::Later);
    drop(bench.store.insert(key(), Insert::new("v"), now, &limits, completion()));
    assert!(told.0.lock().is_empty());
    bench.script.finish_write();
    bench.store.delete(key(), None, now, completion()).wait().unwrap();
    bench.engine.delete(bench.store.info().id, now, completion()).wait().unwrap();
    assert_eq!(*told.0.lock(), [(Ended::Written, 0); 3]);
}

#[test]
fn a_delete_whose_reply_is_dropped_after_it_was_polled_ends_as_well() {
    let bench = Bench::new();
    bench.put("old");
    bench.seen();
    bench.script.next_write(Plan::Later);
    let mut delete = bench.delete().into_future();
    assert!(poll(&mut delete).is_pending());
    drop(delete);
    assert_eq!(bench.seen(), miss("old"));
    bench.script.finish_write();
    bench.becomes_idle();
    assert_eq!(bench.seen(), (None, Source::Engine));
}

#[test]
fn a_write_in_which_the_engine_panics_ends_and_what_was_kept_is_gone() {
    for plan in [Plan::Panic, Plan::LatePanic] {
        let bench = Bench::new();
        bench.put("v");
        bench.seen();
        bench.script.next_write(plan);
        let write = std::panic::AssertUnwindSafe(|| bench.insert(Insert::new("lost")).wait());
        assert!(std::panic::catch_unwind(write).is_err());
        bench.becomes_idle();
        assert_eq!(bench.seen(), miss("v"));
        assert_eq!(bench.seen(), hit("v"));
    }
}

#[test]
fn a_write_that_panics_when_nobody_waits_for_it_ends() {
    let bench = Bench::new();
    bench.script.next_write(Plan::LatePanic);
    drop(bench.insert(Insert::new("lost")));
    bench.becomes_idle();
    // And the thread goes on.
    bench.script.next_write(Plan::Later);
    drop(bench.insert(Insert::new("new")));
    bench.script.finish_write();
    bench.becomes_idle();
    assert_eq!(bench.seen(), miss("new"));
}

#[test]
fn a_read_past_the_cache_leaves_no_trace_and_sees_every_write() {
    let bench = Bench::new();
    bench.put("old");
    let read = || bench.store.read(key()).wait().unwrap().unwrap();
    assert_eq!(read().value(), "old");
    assert_eq!(bench.engine.stats(), crate::CacheStats::default());
    bench.seen();
    let before = bench.engine.stats();
    assert_eq!(read().value(), "old");
    bench.put("new");
    assert_eq!(read().value(), "new");
    assert_eq!(bench.script.read_count(), 4, "each was a read of the engine");
    let after = bench.engine.stats();
    assert_eq!((after.hits, after.misses), (before.hits, before.misses));
    assert_eq!(after.entries, 0);
}

#[test]
fn what_was_kept_too_long_ago_is_read_again_counted_from_the_begin_of_its_read() {
    let freshness = Duration::from_secs(60);
    let bench = Bench::with(CacheLimits { freshness: Some(freshness), ..CacheLimits::default() });
    bench.put("v");
    bench.script.next_read(Plan::Later);
    let read = bench.find();
    bench.clock.advance(Duration::from_secs(50));
    bench.script.finish_read();
    assert_eq!(seen(read.wait()), miss("v"));
    bench.clock.advance(Duration::from_micros(9_999_999));
    assert_eq!(bench.seen(), hit("v"));
    bench.clock.advance(Duration::from_micros(1));
    assert_eq!(bench.seen(), miss("v"));
    assert_eq!(bench.seen(), hit("v"));
    bench.assert_idle();
}

#[test]
fn a_read_that_began_too_long_ago_is_not_joined() {
    let freshness = Duration::from_secs(60);
    let bench = Bench::with(CacheLimits { freshness: Some(freshness), ..CacheLimits::default() });
    bench.script.next_read(Plan::Later);
    let slow = bench.find();
    bench.clock.advance(Duration::from_secs(59));
    let joined = bench.find();
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(bench.seen(), (None, Source::Engine));
    assert_eq!(bench.script.read_count(), 2);
    bench.script.finish_read();
    assert_eq!(seen(slow.wait()).0, None);
    assert_eq!(seen(joined.wait()).0, None);
    bench.assert_idle();
}

#[test]
fn an_entry_that_has_expired_is_not_answered_and_takes_no_room() {
    let bench = Bench::new();
    let time_to_live = Some(Duration::from_secs(10));
    let insert = Insert { time_to_live, ..Insert::new(vec![b'v'; 10_000]) };
    bench.insert(insert).wait().unwrap();
    bench.seen();
    assert!(bench.engine.stats().bytes > 10_000);
    bench.clock.advance(Duration::from_secs(10));
    bench.seen();
    let stats = bench.engine.stats();
    assert!(stats.bytes < 1_000 && stats.entries == 1, "{stats:?}");
    assert_eq!(bench.seen(), (None, Source::Cache));
}

#[test]
fn a_cache_without_any_room_is_still_right() {
    let bench = Bench::with(CacheLimits { max_bytes: 0, ..CacheLimits::default() });
    bench.put("old");
    assert_eq!(bench.seen(), miss("old"));
    assert_eq!(bench.seen(), miss("old"));
    bench.put("new");
    assert_eq!(bench.seen(), miss("new"));
    assert_eq!(bench.engine.stats().bytes, 0);
    bench.assert_idle();
}
