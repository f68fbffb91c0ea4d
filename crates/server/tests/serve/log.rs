//! What the server tells its operator, event by event.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

use crate::fixture::wait_until;

/// One event.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) level: Level,
    pub(crate) target: &'static str,
    pub(crate) fields: BTreeMap<&'static str, String>,
}

impl Line {
    pub(crate) fn message(&self) -> &str {
        &self.fields["message"]
    }
}

/// All events of all servers of this process.
static LINES: Mutex<Vec<Line>> = Mutex::new(Vec::new());

struct Keeper;

impl Subscriber for Keeper {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("edgekv::")
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(BTreeMap::new());
        event.record(&mut fields);
        let metadata = event.metadata();
        let line = Line { level: *metadata.level(), target: metadata.target(), fields: fields.0 };
        LINES.lock().unwrap().push(line);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

/// A path that no other request has, for the behaviour `what` of the application.
pub(crate) fn path(what: &str) -> String {
    static SUBSCRIBED: Once = Once::new();
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    SUBSCRIBED.call_once(|| tracing::subscriber::set_global_default(Keeper).unwrap());
    format!("/{}/{what}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// The event of the request with this path, when there is one.
pub(crate) fn request(path: &str) -> Line {
    let find = || {
        let lines = LINES.lock().unwrap();
        lines.iter().find(|line| line.fields.get("path").is_some_and(|of| of == path)).cloned()
    };
    wait_until("the event of the request", || find().is_some());
    find().unwrap()
}

/// What was told of the instance that the request with this path had, after there was at least one event.
pub(crate) fn instance(path: &str) -> Vec<Line> {
    let id = request(path).fields["id"].clone();
    wait_until("an event of the instance", || !of_instance(&id).is_empty());
    of_instance(&id)
}

/// What was told of the instance with this identity.
pub(crate) fn of_instance(id: &str) -> Vec<Line> {
    let lines = LINES.lock().unwrap();
    let is_of =
        |line: &&Line| line.target == "edgekv::app" && line.fields.get("id").is_some_and(|of| of == id);
    lines.iter().filter(is_of).cloned().collect()
}
