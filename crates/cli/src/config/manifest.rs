//! The manifest: finds the stores in it, and everything that is wrong with them.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use edgekv_store::StoreName;
use toml::{Table, Value};

use super::entry::{Fields, readable_bytes, toml_kind};
use super::problem::{Cause, MAX_SHOWN, Place, Problems};
use super::{Config, Item, Items, StoreConfig, json, key_hash};
use crate::quoted::Quoted;

/// The names of the table, the current one first. They mean the same.
const TABLES: [&str; 3] = ["kv_stores", "object_stores", "object_store"];

/// What is easily written instead of the name, and means nothing.
const NEAR_MISSES: [&str; 4] = ["kv_store", "kv-store", "kv-stores", "kvstores"];

pub(super) fn load(path: &Path, max_value_bytes: u64) -> Result<Config, Problems> {
    let place = Place { manifest: path.into(), ..Place::default() };
    let only = |cause| {
        let mut problems = Problems::default();
        problems.push(&place, cause);
        problems
    };
    let text = fs::read_to_string(path).map_err(|error| only(Cause::ManifestUnreadable(error)))?;
    let manifest: Table = text.parse().map_err(|error| only(syntax(&text, &error)))?;

    let base = path.parent().unwrap_or(Path::new("")).to_owned();
    let mut reader = Reader { place, base, max_value_bytes, problems: Problems::default(), warnings: 0 };
    let stores = reader.stores(&manifest);
    if let more @ 1.. = reader.warnings.saturating_sub(MAX_SHOWN) {
        tracing::warn!("{}: and {more} more warnings like these", reader.place);
    }
    if reader.problems.count() == 0 { Ok(Config { stores }) } else { Err(reader.problems) }
}

fn syntax(text: &str, error: &toml::de::Error) -> Cause {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Cause::Syntax {
        line: before.matches('\n').count() + 1,
        column: before.chars().count() - before.get(..line_start).unwrap_or_default().chars().count() + 1,
        message: error.message().replace('\n', " "),
    }
}

struct Reader {
    /// The manifest.
    place: Place,
    /// Where relative paths start.
    base: PathBuf,
    max_value_bytes: u64,
    problems: Problems,
    /// How many there were; the first of them have been shown.
    warnings: usize,
}

impl Reader {
    fn stores(&mut self, manifest: &Table) -> Vec<StoreConfig> {
        let Some(server) = self.section(manifest, "local_server", "local_server") else { return Vec::new() };
        for name in NEAR_MISSES.into_iter().filter(|name| server.contains_key(*name)) {
            let place = self.place.clone();
            self.warn(
                &place,
                format_args!("nobody reads [local_server.{name}]; the table is called `kv_stores`"),
            );
        }
        let mut first_seen: HashMap<&str, &'static str> = HashMap::new();
        let mut stores = Vec::new();
        for table in TABLES {
            let Some(section) = self.section(server, table, table) else { continue };
            for (name, value) in section {
                let place = Place { store: Some(name.clone()), ..self.place.clone() };
                if let Some(first) = first_seen.insert(name, table) {
                    self.problem(&place, Cause::StoreTwice { first, second: table });
                    continue;
                }
                // The items are checked even when the name is wrong: all problems are reported.
                let items = self.items(&place, value);
                match StoreName::new(name) {
                    Ok(name) if name.is_reserved() => self.problem(&place, Cause::ReservedStoreName),
                    Ok(name) => stores.extend(items.map(|items| StoreConfig { name, items })),
                    Err(error) => self.problem(&place, error.into()),
                }
            }
        }
        stores
    }

    fn section<'a>(&mut self, of: &'a Table, key: &str, name: &'static str) -> Option<&'a Table> {
        match of.get(key)? {
            Value::Table(section) => Some(section),
            other => {
                let place = self.place.clone();
                self.problem(&place, Cause::SectionNotATable { name, found: toml_kind(other) });
                None
            }
        }
    }

    fn items(&mut self, place: &Place, store: &Value) -> Option<Items> {
        match store {
            Value::Array(entries) => Some(Items::Listed(self.listed(place, entries))),
            Value::Table(table) => match (table.get("file"), table.get("format")) {
                (Some(file), Some(format)) => {
                    for name in table.keys().filter(|name| !["file", "format"].contains(&name.as_str())) {
                        self.unknown_field(place, name);
                    }
                    self.json_file(place, file, format)
                }
                (Some(_), None) => {
                    self.problem(place, Cause::OnlyOneFormatOrFile { present: "file", missing: "format" });
                    None
                }
                (None, Some(_)) => {
                    self.problem(place, Cause::OnlyOneFormatOrFile { present: "format", missing: "file" });
                    None
                }
                (None, None) => {
                    self.problem(place, Cause::NotAnArray { found: toml_kind(store) });
                    None
                }
            },
            other => {
                self.problem(place, Cause::NotAnArray { found: toml_kind(other) });
                None
            }
        }
    }

    fn listed(&mut self, place: &Place, entries: &[Value]) -> Vec<Item> {
        let mut items: Vec<Item> = Vec::new();
        let mut positions = HashMap::new();
        for (number, entry) in (1..).zip(entries) {
            let Value::Table(entry) = entry else {
                let found = toml_kind(entry);
                self.problem(&place.entry(number, None), Cause::NotATable { found });
                continue;
            };
            let fields = Fields::of_toml(entry);
            let place = place.entry(number, fields.key());
            for name in Fields::unknown_in_toml(entry) {
                self.unknown_field(&place, name);
            }
            match fields.check(&self.base, self.max_value_bytes) {
                Ok(item) => match positions.get(&item.key).and_then(|at: &usize| items.get_mut(*at)) {
                    Some(earlier) => *earlier = item,
                    None => {
                        positions.insert(item.key.clone(), items.len());
                        items.push(item);
                    }
                },
                Err(causes) => causes.into_iter().for_each(|cause| self.problem(&place, cause)),
            }
        }
        items
    }

    fn json_file(&mut self, place: &Place, file: &Value, format: &Value) -> Option<Items> {
        let before = self.problems.count();
        if format.as_str() != Some("json") {
            let found =
                format.as_str().map_or_else(|| toml_kind(format).to_owned(), |text| format!("{text:?}"));
            self.problem(place, Cause::InvalidFormat { found });
        }
        let Value::String(file) = file else {
            self.problem(place, Cause::NotAString { field: "file", found: toml_kind(file) });
            return None;
        };
        let path = self.base.join(file);
        if let Err(error) = readable_bytes(&path) {
            self.problem(place, Cause::Unreadable { path, error });
            return None;
        }
        let place = Place { items: Some(file.into()), ..place.clone() };
        let (mut seen, mut repeated) = (HashSet::new(), HashSet::new());
        let read = json::read(&path, |number, key, value| {
            let place = place.entry(number, Some(&key));
            for name in Fields::unknown_in_json(&value) {
                self.unknown_field(&place, name);
            }
            let checked = Fields::of_json(&key, &value)
                .and_then(|fields| fields.check(&self.base, self.max_value_bytes));
            for cause in checked.err().into_iter().flatten() {
                self.problem(&place, cause);
            }
            let hash = key_hash(&key);
            if !seen.insert(hash) {
                repeated.insert(hash);
            }
            Ok(())
        });
        if let Err(error) = read {
            self.problem(&place, Cause::NotJson(error.to_string()));
        }
        let base = self.base.clone();
        let items = Items::Json { path, base, repeated, max_value_bytes: self.max_value_bytes };
        (self.problems.count() == before).then_some(items)
    }

    fn problem(&mut self, place: &Place, cause: Cause) {
        self.problems.push(place, cause);
    }

    fn unknown_field(&mut self, place: &Place, name: &str) {
        self.warn(place, format_args!("nobody reads the field {}", Quoted(name)));
    }

    fn warn(&mut self, place: &Place, message: fmt::Arguments<'_>) {
        self.warnings += 1;
        if self.warnings <= MAX_SHOWN {
            tracing::warn!("{place}: {message}");
        }
    }
}
