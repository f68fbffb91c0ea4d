//! The sweeper's thread: that it begins at once, keeps on, and ends.

#![allow(clippy::unwrap_used, reason = "in a test, an error is a failure")]

use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use edgekv_store::{
    Completion, Engine, EngineStore, Insert, Key, ManualClock, MemoryEngine, Reply, StoreId, StoreInfo,
    StoreName, Stores, Timestamp,
};

/// A memory engine that tells of every sweep what it removed.
#[derive(Debug)]
struct Watched {
    engine: Arc<MemoryEngine>,
    swept: Mutex<Sender<usize>>,
}

impl Engine for Watched {
    fn open(&self, name: &StoreName) -> Reply<Option<Arc<dyn EngineStore>>> {
        self.engine.open(name)
    }

    fn create(&self, name: &StoreName, now: Timestamp) -> Reply<Arc<dyn EngineStore>> {
        self.engine.create(name, now)
    }

    fn open_id(&self, id: StoreId) -> Reply<Option<Arc<dyn EngineStore>>> {
        self.engine.open_id(id)
    }

    fn rename(&self, id: StoreId, name: &StoreName, now: Timestamp) -> Reply<Option<StoreInfo>> {
        self.engine.rename(id, name, now)
    }

    fn delete(&self, id: StoreId, now: Timestamp, completion: Completion) -> Reply<bool> {
        self.engine.delete(id, now, completion)
    }

    fn stores(&self) -> Reply<Vec<StoreInfo>> {
        self.engine.stores()
    }

    fn sweep(&self, now: Timestamp, max: NonZeroUsize) -> Reply<usize> {
        let swept = self.engine.sweep(now, max).wait();
        if let Ok(swept) = swept {
            let _ = self.swept.lock().unwrap().send(swept);
        }
        Reply::Ready(swept)
    }

    fn flush(&self) -> Reply<()> {
        self.engine.flush()
    }
}

/// Stores with 2,500 entries of which all have expired, their engine, and what the sweeper tells.
fn stores(every: Duration) -> (Stores, Arc<MemoryEngine>, Receiver<usize>) {
    let engine = Arc::new(MemoryEngine::new());
    let clock = Arc::new(ManualClock::at(Timestamp::from_micros(1_000_000)));
    let before = Stores::builder(Arc::clone(&engine)).clock(Arc::clone(&clock)).build().unwrap();
    let store = before.create(&StoreName::new("store").unwrap()).wait().unwrap();
    for number in 0..2500 {
        let insert = Insert { time_to_live: Some(Duration::from_secs(1)), ..Insert::new("v") };
        store.insert(Key::new(&number.to_string()).unwrap(), insert).wait().unwrap();
    }
    clock.advance(Duration::from_secs(1));
    let (sender, swept) = channel();
    let watched = Watched { engine: Arc::clone(&engine), swept: Mutex::new(sender) };
    (Stores::builder(watched).clock(clock).sweep_every(every).build().unwrap(), engine, swept)
}

/// Longer than anything here takes.
const DEADLINE: Duration = Duration::from_secs(60);

#[test]
fn what_has_expired_before_is_swept_at_once_and_to_the_end() {
    let (_stores, engine, swept) = stores(Duration::from_secs(3600));
    let steps = [(); 4].map(|()| swept.recv_timeout(DEADLINE).unwrap());
    assert_eq!(steps, [1000, 1000, 500, 0]);
    assert_eq!(engine.sweep(Timestamp::from_micros(u64::MAX), NonZeroUsize::MAX).wait().unwrap(), 0);
}

#[test]
fn sweeps_follow_each_other_and_an_interval_of_zero_is_a_pause_as_well() {
    let (_stores, _engine, swept) = stores(Duration::ZERO);
    let begun = std::time::Instant::now();
    // Four steps of the first sweep, and five sweeps after it, each after a pause of 10 ms.
    for _ in 0..9 {
        swept.recv_timeout(DEADLINE).unwrap();
    }
    assert!(begun.elapsed() >= Duration::from_millis(40), "it does not pause");
}

#[test]
fn the_sweeper_ends_with_its_stores_and_when_they_are_closed() {
    for close in [false, true] {
        let (stores, _engine, swept) = stores(Duration::from_secs(3600));
        if close {
            stores.close().wait().unwrap();
        }
        drop(stores);
        // The engine, and with it the sender, lives as long as the sweeper has it.
        let end = loop {
            match swept.recv_timeout(DEADLINE) {
                Ok(_) => {}
                Err(end) => break end,
            }
        };
        assert_eq!(end, RecvTimeoutError::Disconnected);
    }
}
