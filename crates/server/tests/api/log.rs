//! What the API tells its operator when something is wrong.

use std::fmt::{Debug, Write};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, Once};

use edgekv_store::Stores;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

use crate::client::{get, put};
use crate::faulty::FaultyEngine;
use crate::fixture::Fixture;

/// The errors of all servers of this process.
static ERRORS: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Keeper;

impl Subscriber for Keeper {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::ERROR && metadata.target().starts_with("edgekv_server")
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        ERRORS.lock().unwrap().push(text.0);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

#[test]
fn a_failure_is_told_with_what_was_asked_and_why_it_failed() {
    static KEEPER: Once = Once::new();
    KEEPER.call_once(|| tracing::subscriber::set_global_default(Keeper).unwrap());
    let engine = FaultyEngine::default();
    let faults = std::sync::Arc::clone(&engine.faults);
    let fixture = Fixture::of(Stores::new(engine), None, |builder| builder);
    assert_eq!(fixture.send(put("/stores/kv/store/keys/a").body("v")).status, 200);
    let told = |words: &[&str]| {
        let errors = ERRORS.lock().unwrap();
        errors.iter().filter(|error| words.iter().all(|word| error.contains(word))).count()
    };

    faults.failing_read.store(1, Ordering::Relaxed);
    assert_eq!(fixture.send(get("/stores/kv/store/keys/told%1b")).status, 500);
    assert_eq!(told(&["GET /stores/kv/store/keys/told%1b", "<gone>"]), 1, "{:?}", ERRORS.lock());
    let before = told(&["an export of the store \"store\"", "<gone>"]);
    faults.failing_read.store(2, Ordering::Relaxed);
    assert!(!fixture.send(get("/stores/kv/store/batch")).is_whole);
    assert!(told(&["an export of the store \"store\"", "<gone>"]) > before);

    fixture.stores.close().wait().unwrap();
    let before = ERRORS.lock().unwrap().iter().filter(|error| error.contains("readyz")).count();
    let _ = fixture.send(get("/readyz"));
    let after = ERRORS.lock().unwrap().iter().filter(|error| error.contains("readyz")).count();
    assert_eq!(before, after, "who asks whether the server is ready does not fill the log");
}
