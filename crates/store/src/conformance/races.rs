//! Many threads at once.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;

use super::{Bench, Fixture, delete, get, good, key, keys, put, store_name, value, walk, write};
use crate::error::KvError;
use crate::generation::GenerationMatch;
use crate::insert::{Insert, InsertMode};

const THREADS: usize = 8;

/// Runs `work` in all threads, from the same moment on, and gives what they give.
fn together<T: Send>(work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (start, work) = (&start, &work);
                scope.spawn(move || {
                    start.wait();
                    work(thread)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join())
            .map(|joined| match joined {
                Ok(value) => value,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    })
}

/// Whether the write happened; anything but a failed precondition is wrong.
#[track_caller]
fn won<T>(result: Result<T, KvError>) -> bool {
    match result {
        Ok(_) => true,
        Err(KvError::PreconditionFailed) => false,
        Err(error) => panic!("{error}"),
    }
}

pub(super) fn concurrent_adds_have_one_winner(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    for round in 0..20 {
        let at = format!("k{round}");
        // Half of them say it by mode, the other half by condition.
        let adds = together(|thread| {
            let insert = Insert::new(thread.to_string());
            let insert = if thread % 2 == 0 {
                Insert { mode: InsertMode::Add, ..insert }
            } else {
                Insert { condition: Some(GenerationMatch::Absent), ..insert }
            };
            won(store.insert(key(&at), insert).wait())
        });
        assert_eq!(adds.iter().filter(|won| **won).count(), 1, "{adds:?}");
        let winner = adds.iter().position(|won| *won).unwrap_or(THREADS).to_string();
        assert_eq!(value(&store, &at), Some(Bytes::from(winner)));
    }
}

pub(super) fn concurrent_appends_lose_nothing(fixture: &dyn Fixture) {
    const ROUNDS: usize = 25;
    let bench = Bench::new(fixture);
    let store = bench.store();
    // 32 bytes each: all of them together outgrow what engines keep in place.
    let part = |thread: usize, round: usize| format!("<{thread:02}:{round:026}>");
    together(|thread| {
        for round in 0..ROUNDS {
            let mode = if round % 2 == 0 { InsertMode::Append } else { InsertMode::Prepend };
            write(&store, "k", Insert { mode, ..Insert::new(part(thread, round)) });
        }
    });
    let whole = value(&store, "k").unwrap_or_default();
    let found: Vec<&str> =
        whole.chunks(part(0, 0).len()).map(|part| std::str::from_utf8(part).unwrap_or("")).collect();
    assert_eq!(found.len(), THREADS * ROUNDS);
    let found: BTreeSet<&str> = found.into_iter().collect();
    for (thread, round) in (0..THREADS).flat_map(|thread| (0..ROUNDS).map(move |round| (thread, round))) {
        assert!(found.contains(&*part(thread, round)), "part {round} of thread {thread} is lost or torn");
    }
}

pub(super) fn compare_and_set_counts_exactly(fixture: &dyn Fixture) {
    const COUNTS: u64 = 15;
    let bench = Bench::new(fixture);
    let store = bench.store();
    put(&store, "k", "0");
    let read = || -> (u64, u64) {
        let Some(entry) = get(&store, "k") else { panic!("the counter is gone") };
        let number = std::str::from_utf8(entry.value()).ok().and_then(|text| text.parse().ok());
        (number.unwrap_or(u64::MAX), entry.generation().get())
    };
    together(|_| {
        for _ in 0..COUNTS {
            loop {
                let (number, generation) = read();
                let condition = Some(GenerationMatch::from_number(generation));
                let next = Insert { condition, ..Insert::new((number + 1).to_string()) };
                if won(store.insert(key("k"), next).wait()) {
                    break;
                }
            }
        }
    });
    assert_eq!(read().0, COUNTS * THREADS as u64);
}

pub(super) fn a_conditional_delete_and_a_write_exclude_each_other(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    for round in 0..20 {
        let at = format!("k{round}");
        let condition = Some(GenerationMatch::from_number(put(&store, &at, "old")));
        // All ask for the generation that they have seen, so one of them is the first.
        let outcomes = together(|thread| {
            if thread % 2 == 0 {
                let result = store.delete(key(&at), condition).wait();
                won(result
                    .and_then(|deleted| if deleted { Ok(()) } else { Err(KvError::PreconditionFailed) }))
            } else {
                won(store.insert(key(&at), Insert { condition, ..Insert::new("new") }).wait())
            }
        });
        assert_eq!(outcomes.iter().filter(|won| **won).count(), 1, "{outcomes:?}");
        let written = outcomes.iter().position(|won| *won).is_some_and(|winner| winner % 2 == 1);
        assert_eq!(value(&store, &at).as_deref(), written.then_some(&b"new"[..]));
    }
}

pub(super) fn a_list_sees_keys_that_stay_exactly_once_while_others_come_and_go(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    let staying: Vec<String> = (0..60).map(|number| format!("k{number:02} stays")).collect();
    for at in &staying {
        put(&store, at, "v");
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for writer in 0..2 {
            let (store, done) = (&store, &done);
            scope.spawn(move || {
                for number in (0..60).cycle() {
                    let at = format!("k{number:02} comes and goes {writer}");
                    put(store, &at, "v");
                    assert!(delete(store, &at));
                    if done.load(Ordering::Relaxed) {
                        return;
                    }
                }
            });
        }
        for round in 0..40 {
            let mut seen = Vec::new();
            walk(&store, "k", 1 + round % 9, |page| seen.extend(page.keys.iter().map(str::to_owned)));
            if !seen.is_sorted_by(|before, after| before < after) {
                done.store(true, Ordering::Relaxed);
                panic!("not in order, or twice: {seen:?}");
            }
            seen.retain(|at| at.ends_with("stays"));
            if seen != staying {
                done.store(true, Ordering::Relaxed);
                panic!("{seen:?}");
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}

pub(super) fn readers_do_not_wait_for_a_large_write(fixture: &dyn Fixture) {
    /// So many writes may pass without a read in the midst of one before it is taken for waiting.
    const WRITES: usize = 100;
    let bench = Bench::new(fixture);
    let store = bench.store();
    put(&store, "small", "v");
    let half = 12 * 1024 * 1024;
    let (begun, ended, seen) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..WRITES {
                // The second one makes the engine join what is there and what is new.
                put(&store, "large", vec![1; half]);
                begun.fetch_add(1, Ordering::SeqCst);
                write(&store, "large", Insert { mode: InsertMode::Prepend, ..Insert::new(vec![2; half]) });
                ended.fetch_add(1, Ordering::SeqCst);
                if seen.load(Ordering::SeqCst) {
                    return;
                }
            }
        });
        // A lookup and a list that begin after a write has begun, and end before it has: they did not wait for it.
        while ended.load(Ordering::SeqCst) < WRITES && !seen.load(Ordering::SeqCst) {
            let during = begun.load(Ordering::SeqCst);
            if during == ended.load(Ordering::SeqCst) {
                std::thread::yield_now();
                continue;
            }
            assert!(get(&store, "small").is_some());
            walk(&store, "small", 10, |page| assert_eq!(page.keys.len(), 1));
            if ended.load(Ordering::SeqCst) < during {
                seen.store(true, Ordering::SeqCst);
            }
        }
    });
    assert!(seen.load(Ordering::SeqCst), "no read ended while a write was under way, in {WRITES} writes");
}

pub(super) fn readers_see_whole_values_only(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    // Every write is of one byte, repeated, in a length that goes with it; inline and large by turns.
    let whole = |seed: u8| vec![seed; if seed.is_multiple_of(2) { 100 } else { 300_000 } + usize::from(seed)];
    put(&store, "k", whole(0));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers = [(); 2].map(|()| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let value = value(&store, "k").unwrap_or_default();
                    let Some(seed) = value.first() else { panic!("the value is gone") };
                    assert!(value == whole(*seed), "{} bytes of {seed}, or not of it alone", value.len());
                }
            })
        });
        for seed in 1..60 {
            put(&store, "k", whole(seed));
        }
        done.store(true, Ordering::Relaxed);
        readers.into_iter().for_each(|reader| assert!(reader.join().is_ok(), "a reader saw a torn value"));
    });
}

pub(super) fn generations_are_unique_over_concurrent_writers(fixture: &dyn Fixture) {
    const WRITES: usize = 30;
    let bench = Bench::new(fixture);
    let stores = [bench.named("one"), bench.named("two")];
    let all = together(|thread| {
        let store = &stores[thread % 2];
        let mine: Vec<u64> = (0..WRITES).map(|_| put(store, &format!("k{}", thread % 3), "v")).collect();
        assert!(mine.is_sorted_by(|before, after| before < after), "{mine:?}");
        mine
    });
    let unique: BTreeSet<u64> = all.into_iter().flatten().collect();
    assert_eq!(unique.len(), THREADS * WRITES);
    // What is there has one of them, and a list of both stores shows all keys.
    for store in &stores {
        walk(store, "", 10, |page| {
            assert_eq!(page.keys.len(), 3);
            for at in page.keys.iter() {
                let generation = good(store.lookup(key(at)).wait()).map(|entry| entry.generation().get());
                assert!(generation.is_some_and(|generation| unique.contains(&generation)));
            }
        });
    }
}

pub(super) fn concurrent_renames_to_one_name_have_one_winner(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    for round in 0..10 {
        let wanted = store_name(&format!("wanted{round}"));
        let id = |thread| bench.named(&format!("{round} of {thread}")).info().id;
        let ids: Vec<_> = (0..THREADS).map(id).collect();
        let renamed = together(|thread| match bench.stores.rename(ids[thread], &wanted).wait() {
            Ok(info) => info.is_some_and(|info| info.id == ids[thread] && info.name == wanted),
            Err(KvError::StoreExists(name)) if name == wanted => false,
            Err(error) => panic!("{error}"),
        });
        assert_eq!(renamed.iter().filter(|won| **won).count(), 1, "{renamed:?}");
        let opened = good(bench.stores.open(&wanted).wait()).map(|store| store.info().id);
        assert_eq!(opened, renamed.iter().position(|won| *won).map(|winner| ids[winner]));
        assert_eq!(good(bench.stores.list().wait()).len(), (round + 1) * THREADS);
    }
}

pub(super) fn a_write_is_there_or_the_delete_of_its_store_came_first(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let (mut deleted, mut kept) = (0, 0);
    // Until both have been seen.
    for round in 0..2_000 {
        if round >= 200 && deleted > 0 && kept > 0 {
            break;
        }
        let store = bench.named(&format!("store{round}"));
        let id = store.info().id;
        // One deletes, the others write.
        let outcomes = together(|thread| {
            if thread == 0 {
                // So that now the one is first and now the other.
                (0..round % 8).for_each(|_| std::thread::yield_now());
                match bench.stores.delete(id).wait() {
                    Ok(deleted) => deleted,
                    Err(KvError::StoreNotEmpty(_)) => false,
                    Err(error) => panic!("{error}"),
                }
            } else {
                match store.insert(key(&format!("k{thread}")), Insert::new("v")).wait() {
                    Ok(_) => true,
                    Err(KvError::NoStore(_)) => false,
                    Err(error) => panic!("{error}"),
                }
            }
        });
        let (gone, written) = (outcomes[0], &outcomes[1..]);
        if gone {
            assert!(written.iter().all(|written| !written), "a write is lost: {outcomes:?}");
            assert!(good(bench.stores.open_id(id).wait()).is_none());
            deleted += 1;
        } else {
            assert!(written.iter().all(|written| *written), "a write was refused: {outcomes:?}");
            assert_eq!(keys(&store).len(), THREADS - 1);
            kept += 1;
        }
    }
    assert!(deleted > 0 && kept > 0, "the delete came first {deleted} times, a write {kept} times");
}

pub(super) fn stores_come_and_go_under_one_name(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let name = store_name("store");
    let ids = together(|thread| {
        let mut made = Vec::new();
        for _ in 0..20 {
            let store = match bench.stores.create(&name).wait() {
                Ok(store) => {
                    made.push(store.info().id.get());
                    Some(store)
                }
                Err(KvError::StoreExists(_)) => good(bench.stores.open(&name).wait()),
                Err(error) => panic!("{error}"),
            };
            let Some(store) = store else { continue };
            let at = format!("k{thread}");
            // What this thread writes is there until it deletes it, unless the store has gone before.
            match store.insert(key(&at), Insert::new("v")).wait() {
                Ok(_) => assert!(delete(&store, &at)),
                Err(KvError::NoStore(_)) => continue,
                Err(error) => panic!("{error}"),
            }
            match bench.stores.delete(store.info().id).wait() {
                Ok(_) | Err(KvError::StoreNotEmpty(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        made
    });
    let all: Vec<u64> = ids.into_iter().flatten().collect();
    let unique: BTreeSet<u64> = all.iter().copied().collect();
    assert_eq!(unique.len(), all.len(), "an identity was given twice");
    assert!(good(bench.stores.list().wait()).len() <= 1);
}
