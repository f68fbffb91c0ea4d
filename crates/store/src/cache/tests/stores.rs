//! Stores that are deleted or closed, and engines that go.

use std::sync::mpsc::channel;

use super::super::place::PlaceRef;
use super::super::slots::Boarding;
use super::*;
use crate::engine::memory::MemoryEngine;
use crate::name::StoreId;

impl Bench {
    /// The store as the engine gives it.
    fn script_store(&self) -> Arc<dyn EngineStore> {
        self.inner.upgrade().unwrap().open_id(self.store.info().id).wait().unwrap().unwrap()
    }

    fn delete_store(&self) -> Reply<bool> {
        self.engine.delete(self.store.info().id, self.clock.now(), Completion::NONE)
    }
}

fn is_gone(found: &Result<Found, KvError>) -> bool {
    matches!(found, Err(KvError::NoStore(_)))
}

#[test]
fn handles_of_a_deleted_store_say_so_whatever_was_kept() {
    let bench = Bench::new();
    assert_eq!(bench.seen(), (None, Source::Engine));
    assert_eq!(bench.seen(), (None, Source::Cache));
    assert!(bench.delete_store().wait().unwrap());
    assert!(is_gone(&bench.find().wait()));
    assert_eq!(bench.engine.stats().entries, 0, "what was kept has gone");
    assert!(!bench.delete_store().wait().unwrap());
    assert!(is_gone(&bench.find().wait()));
    bench.assert_idle();
}

#[test]
fn while_a_store_is_being_deleted_only_the_engine_answers() {
    let bench = Bench::new();
    bench.seen();
    bench.script.deletions.lock().push_back(Plan::LateAnswer);
    let deletion = bench.delete_store();
    assert!(is_gone(&bench.find().wait()));
    bench.script.finish_write();
    assert!(deletion.wait().unwrap());
    assert!(is_gone(&bench.find().wait()));
}

#[test]
fn a_deletion_whose_reply_is_dropped_ends_as_well() {
    let bench = Bench::new();
    bench.seen();
    bench.script.deletions.lock().push_back(Plan::Later);
    drop(bench.delete_store());
    bench.script.finish_write();
    assert!(is_gone(&bench.find().wait()));
    assert_eq!(bench.engine.stats().entries, 0);
}

#[test]
fn a_deletion_that_is_refused_leaves_the_cache_as_it_was() {
    let bench = Bench::new();
    bench.put("v");
    bench.seen();
    bench.script.set_full(true);
    bench.script.deletions.lock().push_back(Plan::Later);
    drop(bench.delete_store());
    assert_eq!(bench.seen(), miss("v"), "nobody knows at the moment");
    bench.script.finish_write();
    assert_eq!(bench.seen(), hit("v"));
}

#[test]
fn a_deletion_that_changed_nothing_leaves_the_cache_as_it_was() {
    let bench = Bench::new();
    bench.put("v");
    bench.seen();
    // As when it was called before the store was made, say.
    bench.script.deletions.lock().push_back(Plan::Nothing);
    assert!(!bench.delete_store().wait().unwrap());
    assert_eq!(bench.seen(), hit("v"));
    bench.script.deletions.lock().push_back(Plan::TooMany);
    assert!(matches!(bench.delete_store().wait(), Err(KvError::TooManyRequests)));
    assert_eq!(bench.seen(), hit("v"));
}

#[test]
fn after_a_deletion_that_failed_the_cache_is_off_until_the_engine_says_that_the_store_is_there() {
    for plan in [Plan::Fail, Plan::Panic] {
        let bench = Bench::new();
        bench.put("v");
        bench.seen();
        let asked_before = bench.engine.handles().asking();
        bench.script.deletions.lock().push_back(plan);
        let delete = std::panic::AssertUnwindSafe(|| bench.delete_store().wait());
        assert!(!matches!(std::panic::catch_unwind(delete), Ok(Ok(_))));
        assert_eq!(bench.engine.stats().entries, 0);
        let misses = bench.engine.stats().misses;
        assert_eq!([bench.seen(), bench.seen()], [miss("v"), miss("v")]);
        assert_eq!(bench.engine.stats().misses, misses + 2, "they are counted");

        // Somebody who had asked before does not know.
        let inner = bench.script_store();
        drop(bench.engine.handles().of(inner, bench.engine.cache(), asked_before));
        assert_eq!([bench.seen(), bench.seen()], [miss("v"), miss("v")]);

        assert!(bench.engine.open(&bench.store.info().name).wait().unwrap().is_some());
        assert_eq!([bench.seen(), bench.seen()], [miss("v"), hit("v")]);
    }
}

#[test]
fn a_store_that_is_opened_again_is_the_same_handle_until_it_is_deleted() {
    let engine = CachedEngine::new(
        Arc::<MemoryEngine>::default(),
        CacheLimits::default(),
        Arc::new(ManualClock::default()),
    );
    let name = |text: &str| StoreName::new(text).unwrap();
    let (now, none) = (Timestamp::default(), || Completion::NONE);
    let store = engine.create(&name("store"), now).wait().unwrap();
    let id = store.info().id;
    assert!(Arc::ptr_eq(&store, &engine.open(&name("store")).wait().unwrap().unwrap()));
    assert!(Arc::ptr_eq(&store, &engine.open_id(id).wait().unwrap().unwrap()));
    engine.rename(id, &name("other"), now).wait().unwrap();
    let renamed = engine.open_id(id).wait().unwrap().unwrap();
    assert_eq!(renamed.info().name, name("other"));
    assert_eq!(engine.handles().len(), 1);
    assert!(engine.delete(id, now, none()).wait().unwrap());
    assert_eq!(engine.handles().len(), 0);
    assert!(!engine.delete(id, now, none()).wait().unwrap());
    assert!(!engine.delete(StoreId::new(1 << 40), now, none()).wait().unwrap());
    assert_eq!(engine.handles().len(), 0, "of what is not there, nothing stays");
    for number in 0..1000 {
        let store = engine.create(&name(&format!("store {number}")), now).wait().unwrap();
        assert!(engine.delete(store.info().id, now, none()).wait().unwrap());
    }
    assert_eq!(engine.handles().len(), 0);
}

#[test]
fn a_handle_that_is_made_of_a_store_that_was_just_deleted_keeps_nothing() {
    let bench = Bench::new();
    let (asked, inner) = (bench.engine.handles().asking(), bench.script_store());
    assert!(bench.delete_store().wait().unwrap());
    let late = bench.engine.handles().of(inner, bench.engine.cache(), asked);
    assert!(is_gone(&late.find(key()).wait()));
    assert_eq!((bench.engine.handles().len(), bench.engine.stats().entries), (0, 0));
}

#[test]
fn what_is_kept_while_a_store_is_forgotten_goes_with_it() {
    // A read that has seen the store there, and is about to be kept.
    let forgets: [fn(&crate::cache::Cache, StoreId); 2] =
        [|cache, id| cache.forget(id), |cache, _| cache.close()];
    for forget in forgets {
        let bench = Bench::new();
        let (cache, id) = (bench.engine.cache(), bench.store.info().id);
        let place = PlaceRef::new(&cache.hasher, id, key()).to_place();
        let Boarding::Lead(flight) = cache.slots.board(&place, &cache.values) else {
            panic!("nothing is kept")
        };
        let (entered, has_entered) = channel();
        let (go, may_go) = channel();
        std::thread::scope(|scope| {
            let place = &place;
            scope.spawn(move || {
                let may_keep = || {
                    entered.send(()).unwrap();
                    may_go.recv().unwrap();
                    true
                };
                cache.slots.land(place, flight, &Ok(None), &cache.values, may_keep);
            });
            has_entered.recv().unwrap();
            let forgetting = scope.spawn(move || forget(cache, id));
            // It waits, so there is nothing to be waited for. This gives a wrong one the time to be wrong.
            let begin = Instant::now();
            while !forgetting.is_finished() && begin.elapsed() < Duration::from_millis(100) {
                std::thread::yield_now();
            }
            go.send(()).unwrap();
        });
        assert_eq!(bench.engine.stats().entries, 0);
    }
}

#[test]
fn a_read_that_ends_after_the_close_is_not_kept() {
    let bench = Bench::new();
    bench.put("v");
    bench.script.next_read(Plan::Later);
    let read = bench.find();
    bench.engine.close().wait().unwrap();
    bench.script.finish_read();
    assert_eq!(seen(read.wait()), miss("v"));
    assert_eq!(bench.engine.stats().entries, 0);
}

#[test]
fn a_read_that_ends_after_the_store_was_deleted_is_not_kept() {
    let bench = Bench::new();
    bench.script.next_read(Plan::Later);
    let read = bench.find();
    assert!(bench.delete_store().wait().unwrap());
    bench.script.finish_read();
    assert_eq!(seen(read.wait()), (None, Source::Engine), "it began before");
    assert_eq!(bench.engine.stats().entries, 0);
    assert!(is_gone(&bench.find().wait()));
    bench.assert_idle();
}

#[test]
fn stores_do_not_see_what_is_kept_of_each_other() {
    let bench = Bench::new();
    bench.put("v");
    bench.seen();
    let name = StoreName::new("other").unwrap();
    let other = bench.engine.create(&name, bench.clock.now()).wait().unwrap();
    assert_eq!(seen(other.find(key()).wait()), (None, Source::Engine));
    assert_eq!(bench.seen(), hit("v"));
}

#[test]
fn all_handles_of_a_store_share_what_is_kept() {
    let bench = Bench::new();
    bench.put("v");
    bench.seen();
    let id = bench.store.info().id;
    let by_name = bench.engine.open(&bench.store.info().name).wait().unwrap().unwrap();
    let by_id = bench.engine.open_id(id).wait().unwrap().unwrap();
    assert_eq!(seen(by_name.find(key()).wait()), hit("v"));
    by_id
        .insert(key(), Insert::new("w"), bench.clock.now(), &Limits::default(), Completion::NONE)
        .wait()
        .unwrap();
    assert_eq!(bench.seen(), miss("w"));
}

#[test]
fn after_the_close_the_engine_is_asked_and_nothing_is_kept() {
    let bench = Bench::new();
    bench.put("v");
    bench.seen();
    bench.engine.close().wait().unwrap();
    assert_eq!(bench.engine.stats().entries, 0);
    assert_eq!(bench.seen(), miss("v"));
    assert_eq!(bench.seen(), miss("v"), "as the engine, not the cache, has to say that it is closed");
}

#[test]
fn what_nobody_waits_for_keeps_neither_the_engine_nor_the_cache() {
    let bench = Bench::new();
    bench.put("old");
    bench.seen();
    // A write that never ends, and a fetch that never does.
    bench.script.next_read(Plan::Later);
    bench.insert(Insert { background_fetch: true, ..Insert::new("new") }).wait().unwrap();
    bench.script.next_write(Plan::Later);
    let other = Key::new("other").unwrap();
    drop(bench.store.insert(
        other,
        Insert::new("v"),
        bench.clock.now(),
        &Limits::default(),
        Completion::NONE,
    ));

    let Bench { engine, inner, store, .. } = bench;
    let (cache, inner_store) = (Arc::downgrade(engine.cache()), Arc::downgrade(&store));
    drop((store, engine));
    until(|| cache.strong_count() == 0 && inner.strong_count() == 0 && inner_store.strong_count() == 0);
}
