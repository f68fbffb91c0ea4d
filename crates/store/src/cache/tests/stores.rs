//! Stores that are deleted or closed, and engines that go.

use super::*;

impl Bench {
    fn delete_store(&self) -> Reply<bool> {
        self.engine.delete(self.store.info().id, self.clock.now())
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
    until(|| bench.engine.stats().entries == 0);
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
    until(|| bench.seen() == hit("v"));
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
    by_id.insert(key(), Insert::new("w"), bench.clock.now(), &Limits::default()).wait().unwrap();
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
    drop(bench.store.insert(other, Insert::new("v"), bench.clock.now(), &Limits::default()));

    let Bench { engine, inner, store, .. } = bench;
    let (cache, inner_store) = (Arc::downgrade(engine.cache()), Arc::downgrade(&store));
    drop((store, engine));
    until(|| cache.strong_count() == 0 && inner.strong_count() == 0 && inner_store.strong_count() == 0);
}
