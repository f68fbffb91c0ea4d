//! `fastly.toml`: which stores there are, and the items that they begin with.
//!
//! Read is `[local_server.kv_stores]`, or one of its older names `object_stores` and `object_store`; the rest of the
//! file belongs to other tools. All problems of a file are found before anything is stored, and reported together.
//!
//! ```toml
//! [local_server.kv_stores]
//! empty = []
//! a     = [{ key = "k", data = "v", metadata = "m" }, { key = "f", file = "./f.bin" }]
//! c     = { file = "./store.json", format = "json" }
//!
//! [[local_server.kv_stores.b]]
//! key  = "k"
//! path = "./f.bin"       # the old spelling of `file`, which wins when both are there
//! ```
//!
//! What the format leaves open is decided like this:
//!
//! - A relative path, in the manifest or in a JSON file that it names, starts at the manifest's directory, so that a
//!   project works from wherever it is run.
//! - Entries are counted from 1. When two have one key, the last one counts.
//! - A store under two names of the table is a mistake: there is no telling which of the two its author believes in.
//! - A field that nobody reads is only a warning, so that manifests may hold what newer tools know.

mod entry;
mod json;
mod manifest;
mod problem;

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::Context;
use bytes::Bytes;
use edgekv_runtime::regular_file;
use edgekv_store::{KeyBuf, Metadata, StoreName};

pub(crate) use self::problem::Problems;

/// What a manifest says about stores.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) stores: Vec<StoreConfig>,
}

impl Config {
    /// Reads the manifest at `path`, and checks it and the files that it names; no value may be larger than
    /// `max_value_bytes`.
    pub(crate) fn load(path: &Path, max_value_bytes: u64) -> Result<Self, Problems> {
        manifest::load(path, max_value_bytes)
    }
}

/// A store, and where its items are.
#[derive(Debug)]
pub(crate) struct StoreConfig {
    pub(crate) name: StoreName,
    pub(crate) items: Items,
}

/// The items of a store. They have been checked; values in files are read when they are asked for, one at a time.
#[derive(Debug)]
pub(crate) enum Items {
    /// As the manifest lists them.
    Listed(Vec<Item>),
    /// In a JSON file, which may be larger than what one wants to keep in memory.
    Json {
        path: PathBuf,
        /// Where relative paths in it start.
        base: PathBuf,
        /// Hashes of the keys that it has more than once.
        repeated: HashSet<u64>,
        max_value_bytes: u64,
    },
}

impl Items {
    /// Shows every item to `visit`: each key once, and of several items with one key the last.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(&Item) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let (path, base, repeated, max_value_bytes) = match self {
            Self::Listed(items) => return items.iter().try_for_each(visit),
            Self::Json { path, base, repeated, max_value_bytes } => (path, base, repeated, *max_value_bytes),
        };
        // Which of several is the last one is known at the end.
        let mut last = BTreeMap::new();
        json::read(path, |_, key, value| {
            // The file has been checked; a problem now means that somebody is changing it.
            let item = entry::Fields::of_json(&key, &value)
                .and_then(|fields| fields.check(base, max_value_bytes))
                .map_err(|causes| {
                    anyhow::anyhow!("{}", causes.first().map(ToString::to_string).unwrap_or_default())
                })
                .with_context(|| format!("entry {key:?} has changed since the file was checked"))?;
            if repeated.contains(&key_hash(&key)) {
                last.insert(key, item);
                return Ok(());
            }
            visit(&item)
        })
        .with_context(|| path.display().to_string())?;
        last.values().try_for_each(visit)
    }

    /// Whether there are surely no items.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Listed(items) if items.is_empty())
    }
}

/// For finding repetitions only: keys whose hashes are equal by chance are no harm.
fn key_hash(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// What a store begins with under one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) key: KeyBuf,
    pub(crate) metadata: Metadata,
    data: Data,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Data {
    Text(Bytes),
    File {
        path: PathBuf,
        /// The file may have grown since it was checked.
        max_bytes: u64,
    },
}

impl Item {
    /// The value; reads its file, if it is in one.
    pub(crate) fn value(&self) -> anyhow::Result<Bytes> {
        match &self.data {
            Data::Text(text) => Ok(text.clone()),
            Data::File { path, max_bytes } => {
                let value = regular_file::read(path, *max_bytes);
                value.map(Bytes::from).with_context(|| format!("cannot read {}", path.display()))
            }
        }
    }
}

#[cfg(test)]
mod tests;
