//! One entry, from TOML or JSON: the rules are the same.

use std::io;
use std::path::Path;

use bytes::Bytes;
use edgekv_runtime::regular_file;
use edgekv_store::{Key, Metadata};

use super::problem::Cause;
use super::{Data, Item};

/// A field of an entry, whatever language it was written in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Field<'a> {
    Absent,
    Text(&'a str),
    /// Something else, by the name of its kind.
    Other(&'static str),
}

impl<'a> Field<'a> {
    fn of_toml(value: Option<&'a toml::Value>) -> Self {
        match value {
            None => Self::Absent,
            Some(toml::Value::String(text)) => Self::Text(text),
            Some(other) => Self::Other(toml_kind(other)),
        }
    }

    fn of_json(value: Option<&'a serde_json::Value>) -> Self {
        match value {
            None => Self::Absent,
            Some(serde_json::Value::String(text)) => Self::Text(text),
            Some(other) => Self::Other(json_kind(other)),
        }
    }

    fn or(self, other: Self) -> Self {
        if matches!(self, Self::Absent) { other } else { self }
    }
}

/// The fields of an entry that mean something.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    key: Field<'a>,
    data: Field<'a>,
    file: Field<'a>,
    metadata: Field<'a>,
}

impl<'a> Fields<'a> {
    pub(super) fn of_toml(entry: &'a toml::Table) -> Self {
        let field = |name| Field::of_toml(entry.get(name));
        Self {
            key: field("key"),
            data: field("data"),
            file: field("file").or(field("path")),
            metadata: field("metadata"),
        }
    }

    pub(super) fn of_json(key: &'a str, item: &'a serde_json::Value) -> Result<Self, Vec<Cause>> {
        let key = Field::Text(key);
        match item {
            serde_json::Value::String(text) => {
                Ok(Self { key, data: Field::Text(text), file: Field::Absent, metadata: Field::Absent })
            }
            serde_json::Value::Object(fields) => {
                let field = |name| Field::of_json(fields.get(name));
                Ok(Self { key, data: field("data"), file: field("file"), metadata: field("metadata") })
            }
            other => Err(vec![Cause::WrongItem { found: json_kind(other) }]),
        }
    }

    /// Names of fields that nobody reads.
    pub(super) fn unknown_in_toml(entry: &toml::Table) -> impl Iterator<Item = &str> {
        let known = ["key", "data", "file", "path", "metadata"];
        entry.keys().map(String::as_str).filter(move |name| !known.contains(name))
    }

    /// Names of fields that nobody reads.
    pub(super) fn unknown_in_json(item: &serde_json::Value) -> impl Iterator<Item = &str> {
        let known = ["data", "file", "metadata"];
        let names = item.as_object().into_iter().flat_map(|fields| fields.keys());
        names.map(String::as_str).filter(move |name| !known.contains(name))
    }

    /// The key, for messages.
    pub(super) fn key(&self) -> Option<&'a str> {
        match self.key {
            Field::Text(key) => Some(key),
            _ => None,
        }
    }

    /// The item, or everything that is wrong with it.
    pub(super) fn check(&self, base: &Path, max_value_bytes: u64) -> Result<Item, Vec<Cause>> {
        let key = match self.key {
            Field::Absent => Err(Cause::NoKey),
            Field::Other(found) => Err(Cause::NotAString { field: "key", found }),
            Field::Text(key) => Key::new(key).map(Key::to_buf).map_err(Cause::from),
        };
        let data = match (self.data, self.file) {
            (Field::Absent, Field::Absent) => Err(Cause::NoFileOrData),
            (Field::Other(found), Field::Absent) => Err(Cause::NotAString { field: "data", found }),
            (Field::Absent, Field::Other(found)) => Err(Cause::NotAString { field: "file", found }),
            (Field::Text(text), Field::Absent) => check_size(text.len() as u64, max_value_bytes)
                .map(|()| Data::Text(Bytes::copy_from_slice(text.as_bytes()))),
            (Field::Absent, Field::Text(file)) => {
                let path = base.join(file);
                let bytes = readable_bytes(&path);
                let bytes = bytes.map_err(|error| Cause::Unreadable { path: path.clone(), error });
                bytes
                    .and_then(|bytes| check_size(bytes, max_value_bytes))
                    .map(|()| Data::File { path, max_bytes: max_value_bytes })
            }
            (Field::Text(_) | Field::Other(_), Field::Text(_) | Field::Other(_)) => Err(Cause::FileAndData),
        };
        let metadata = match self.metadata {
            Field::Absent => Ok(Metadata::NONE),
            Field::Other(found) => Err(Cause::NotAString { field: "metadata", found }),
            Field::Text(text) => Metadata::copy_from(text.as_bytes()).map_err(Cause::from),
        };
        match (key, data, metadata) {
            (Ok(key), Ok(data), Ok(metadata)) => Ok(Item { key, metadata, data }),
            (key, data, metadata) => {
                Err([key.err(), data.err(), metadata.err()].into_iter().flatten().collect())
            }
        }
    }
}

fn check_size(bytes: u64, limit: u64) -> Result<(), Cause> {
    if bytes > limit { Err(Cause::TooLarge { bytes, limit }) } else { Ok(()) }
}

/// The length of a file that can be read, in bytes.
pub(super) fn readable_bytes(path: &Path) -> io::Result<u64> {
    Ok(regular_file::open(path)?.metadata()?.len())
}

pub(super) const fn toml_kind(value: &toml::Value) -> &'static str {
    match value {
        toml::Value::String(_) => "a string",
        toml::Value::Integer(_) => "an integer",
        toml::Value::Float(_) => "a float",
        toml::Value::Boolean(_) => "a boolean",
        toml::Value::Datetime(_) => "a date or time",
        toml::Value::Array(_) => "an array",
        toml::Value::Table(_) => "a table",
    }
}

const fn json_kind(value: &serde_json::Value) -> &'static str {
    match value {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "a boolean",
        serde_json::Value::Number(_) => "a number",
        serde_json::Value::String(_) => "a string",
        serde_json::Value::Array(_) => "an array",
        serde_json::Value::Object(_) => "an object",
    }
}
