//! What is said to the host's log, for tests that look at it.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span;

/// One event.
#[derive(Debug)]
pub struct Event {
    pub level: tracing::Level,
    pub target: String,
    pub fields: BTreeMap<&'static str, String>,
}

/// All events of this thread while `code` runs.
pub fn of(code: impl FnOnce()) -> Vec<Event> {
    let events = Arc::default();
    tracing::subscriber::with_default(Collector(Arc::clone(&events)), code);
    std::mem::take(&mut *events.lock().unwrap())
}

struct Collector(Arc<Mutex<Vec<Event>>>);

impl tracing::Subscriber for Collector {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let (level, target) = (*event.metadata().level(), event.metadata().target().to_owned());
        self.0.lock().unwrap().push(Event { level, target, fields: fields.0 });
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}
