//! Engines that fail, hang, or take their time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use edgekv_server::ApiLimits;
use edgekv_store::Stores;

use crate::client::{Answer, get, head, put};
use crate::faulty::{Faults, FaultyEngine};
use crate::fixture::{Fixture, PATIENCE};

const BATCH: &str = "/stores/kv/store/batch";

fn fixture(change: impl FnOnce(&mut ApiLimits)) -> (Fixture, Arc<Faults>) {
    let engine = FaultyEngine::default();
    let faults = Arc::clone(&engine.faults);
    let mut limits = ApiLimits::default();
    change(&mut limits);
    (Fixture::of(Stores::new(engine), None, |builder| builder.limits(limits)), faults)
}

fn items(count: usize) -> String {
    (0..count).map(|n| format!("{{\"key\":\"n{n:05}\",\"value\":\"djE=\"}}\n")).collect()
}

/// Asks again until it is so.
fn until(fixture: &Fixture, path: &str, is_so: impl Fn(&Answer) -> bool) -> Answer {
    let start = Instant::now();
    loop {
        let answer = fixture.send(get(path));
        if is_so(&answer) || start.elapsed() > PATIENCE {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_read_that_fails_is_500_and_does_not_say_why() {
    let (fixture, faults) = fixture(|_| {});
    faults.failing_read.store(1, Ordering::Relaxed);
    let failed = fixture.send(get("/stores/kv/store/keys/k"));
    assert_eq!(failed.status, 500);
    assert!(failed.detail().contains("log") && !failed.text().contains("gone"), "{failed:?}");
    assert_eq!(fixture.send(get("/stores/kv/store/keys/k")).status, 404);
}

#[test]
fn an_export_that_fails_has_no_end() {
    let (fixture, faults) = fixture(|_| {});
    assert_eq!(fixture.send(put(BATCH).body(items(3000))).status, 200);
    faults.failing_read.store(2500, Ordering::Relaxed);
    let export = fixture.send(get(BATCH));
    assert_eq!(export.status, 200);
    assert!(!export.is_whole, "nobody may take a part for the whole");
    assert!(export.body.len() < 2500 * items(1).len());
    let whole = fixture.send(get(BATCH));
    assert!(whole.is_whole);
    assert_eq!(whole.text().lines().count(), 3000);
}

#[test]
fn a_batch_whose_engine_fails_says_what_is_written() {
    let (fixture, faults) = fixture(|_| {});
    faults.failing_write.store(8, Ordering::Relaxed);
    let failed = fixture.send(put(BATCH).body(items(20)));
    assert_eq!(failed.status, 500);
    assert!(failed.detail().contains("before that, 7 items are written, and 1 not"), "{failed:?}");
    let keys = fixture.send(get("/stores/kv/store/keys")).json();
    assert_eq!(keys["data"].as_array().unwrap().len(), 7);
}

#[test]
fn a_server_whose_engine_hangs_is_not_ready_and_asks_it_once() {
    let (fixture, faults) = fixture(|_| {});
    assert_eq!(fixture.send(get("/readyz")).text(), "ready\n");
    faults.hangs.store(true, Ordering::Relaxed);
    let before = faults.flushes.load(Ordering::Relaxed);
    let hanging = until(&fixture, "/readyz", |answer| answer.status == 503);
    assert!(hanging.detail().contains("does not answer"), "{hanging:?}");
    assert_eq!(hanging.header("retry-after"), Some("1"));
    assert_eq!(fixture.send(head("/readyz")).status, 503);
    assert!(faults.flushes.load(Ordering::Relaxed) <= before + 1, "what hangs is not asked again");
    assert_eq!(fixture.send(get("/healthz")).status, 200);
}

#[test]
fn a_hundred_questions_whether_the_server_is_ready_are_few_for_the_engine() {
    let (fixture, faults) = fixture(|_| {});
    let start = Instant::now();
    let mut client = fixture.client();
    for _ in 0..100 {
        assert_eq!(client.send(get("/readyz")).status, 200);
    }
    let seconds = start.elapsed().as_secs();
    assert!(faults.flushes.load(Ordering::Relaxed) <= seconds + 1);
}
