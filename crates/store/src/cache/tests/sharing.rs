//! Misses that come together are one read.

use std::sync::mpsc::channel;

use super::*;

#[test]
fn a_thousand_misses_at_a_time_are_one_read_of_an_engine_that_answers_later() {
    let bench = Bench::new();
    bench.put("v");
    bench.script.next_read(Plan::Later);
    let replies: Vec<_> = (0..1000).map(|_| bench.find()).collect();
    bench.script.finish_read();
    for reply in replies {
        assert_eq!(seen(reply.wait()), miss("v"));
    }
    assert_eq!(bench.script.read_count(), 1);
    assert_eq!(bench.hits_and_misses(), (0, 1000));
    bench.assert_idle();
}

#[test]
fn a_thousand_misses_at_a_time_are_one_read_of_an_engine_that_blocks() {
    let bench = Bench::new();
    bench.put("v");
    let (entered, has_entered) = channel();
    let (go, may_go) = channel();
    bench.script.next_read(Plan::Block(entered, may_go));
    std::thread::scope(|scope| {
        let leader = scope.spawn(|| seen(bench.find().wait()));
        has_entered.recv().unwrap();
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let bench = &bench;
                scope.spawn(move || (0..333).map(|_| bench.find()).collect::<Vec<_>>())
            })
            .collect();
        let replies: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        go.send(()).unwrap();
        assert_eq!(leader.join().unwrap(), miss("v"));
        for reply in replies {
            assert_eq!(seen(reply.wait()), miss("v"));
        }
    });
    assert_eq!(bench.script.read_count(), 1);
    assert_eq!(bench.seen(), hit("v"));
    bench.assert_idle();
}

#[test]
fn a_lookup_that_finds_nothing_kept_just_before_it_is_kept_reads_nothing() {
    // By the one function in which that can be made to happen.
    let bench = Bench::new();
    bench.put("v");
    bench.seen();
    let cache = bench.engine.cache();
    let place = super::super::place::PlaceRef::new(&cache.hasher, bench.store.info().id, key()).to_place();
    let boarding = cache.slots.board(&place, &cache.values);
    assert!(matches!(boarding, super::super::slots::Boarding::Kept(Some(_))), "{boarding:?}");
    bench.assert_idle();
}

#[test]
fn those_who_join_a_call_that_turns_out_to_be_answered_later_drive_it_themselves() {
    for is_detached in [false, true] {
        let bench = Bench::new();
        bench.put("v");
        let cache = bench.engine.cache();
        let place =
            super::super::place::PlaceRef::new(&cache.hasher, bench.store.info().id, key()).to_place();
        let super::super::slots::Boarding::Lead(id) = cache.slots.board(&place, &cache.values) else {
            panic!("there is nothing to join");
        };
        // While the leader is inside of the engine.
        let joined = bench.find();
        let another = bench.find();
        if is_detached {
            bench.put("new");
        }
        let presence = Arc::default();
        let lead = super::super::read::Lead::new(cache, &presence, &place, id);
        let old = crate::Entry::new("v".into(), crate::Metadata::NONE, Generation::new(1).unwrap(), None);
        drop(lead.share(Box::pin(async move { Ok(Some(old)) })));
        assert_eq!(seen(joined.wait()), miss("v"));
        assert_eq!(seen(another.wait()), miss("v"));
        assert_eq!(bench.seen(), if is_detached { miss("new") } else { hit("v") });
        bench.assert_idle();
    }
}

#[test]
fn a_leader_that_goes_leaves_its_read_to_the_others() {
    let bench = Bench::new();
    bench.put("v");
    bench.script.next_read(Plan::Later);
    let mut leader = bench.find().into_future();
    assert!(poll(&mut leader).is_pending());
    let joined = bench.find();
    drop(leader);
    bench.script.finish_read();
    assert_eq!(seen(joined.wait()), miss("v"));
    assert_eq!(bench.seen(), hit("v"));
    bench.assert_idle();
}

#[test]
fn a_read_that_nobody_waits_for_any_more_is_given_up() {
    let bench = Bench::new();
    bench.put("v");
    bench.script.next_read(Plan::Later);
    let (leader, joined) = (bench.find(), bench.find());
    drop(leader);
    drop(joined);
    bench.assert_idle();
    assert_eq!(bench.seen(), miss("v"));
    assert_eq!(bench.script.read_count(), 2);
    bench.assert_idle();
}

#[test]
fn those_who_come_and_go_while_the_engine_is_in_a_read_take_no_room() {
    let bench = Bench::new();
    let (entered, has_entered) = channel();
    let (go, may_go) = channel();
    bench.script.next_read(Plan::Block(entered, may_go));
    std::thread::scope(|scope| {
        scope.spawn(|| bench.find().wait().unwrap());
        has_entered.recv().unwrap();
        for _ in 0..10_000 {
            drop(bench.find());
        }
        let most = bench.engine.cache().slots.most_waiting();
        go.send(()).unwrap();
        assert!(most < 100, "{most}");
    });
    bench.assert_idle();
}

#[test]
fn an_error_is_told_to_all_who_wait_and_not_kept() {
    let bench = Bench::new();
    bench.put("v");
    bench.script.next_read(Plan::Later);
    let replies = [bench.find(), bench.find(), bench.find()];
    bench.script.fail_read();
    for reply in replies {
        assert!(matches!(reply.wait(), Err(KvError::Engine(_))));
    }
    assert_eq!(bench.seen(), miss("v"));
    bench.script.next_read(Plan::Fail);
    bench.put("w");
    assert!(bench.find().wait().is_err());
    assert_eq!(bench.seen(), miss("w"));
    bench.assert_idle();
}

#[test]
fn a_panic_of_the_engine_in_a_call_hangs_nobody() {
    let bench = Bench::new();
    let (entered, has_entered) = channel();
    let (go, may_go) = channel::<()>();
    bench.script.next_read(Plan::Block(entered, may_go));
    std::thread::scope(|scope| {
        let leader = scope.spawn(|| bench.find().wait());
        has_entered.recv().unwrap();
        let joined = bench.find();
        // The engine's thread panics for that.
        drop(go);
        assert!(leader.join().is_err());
        assert!(matches!(joined.wait(), Err(KvError::Engine(_))));
    });
    assert_eq!(bench.seen(), (None, Source::Engine));
    bench.assert_idle();
}

#[test]
fn a_panic_of_the_engine_in_a_later_answer_is_an_error_for_all_who_wait() {
    let bench = Bench::new();
    bench.script.next_read(Plan::LatePanic);
    let replies = [bench.find(), bench.find()];
    for reply in replies {
        assert!(matches!(reply.wait(), Err(KvError::Engine(_))));
    }
    assert_eq!(bench.seen(), (None, Source::Engine));
    bench.assert_idle();
}

#[test]
fn misses_of_different_keys_do_not_wait_for_each_other() {
    let bench = Bench::new();
    bench.script.next_read(Plan::Later);
    let slow = bench.find();
    for number in 0..1000 {
        let key = format!("other {number}");
        assert!(matches!(bench.store.find(Key::new(&key).unwrap()), Reply::Ready(Ok(_))));
    }
    bench.script.finish_read();
    assert_eq!(seen(slow.wait()), (None, Source::Engine));
    bench.assert_idle();
}
