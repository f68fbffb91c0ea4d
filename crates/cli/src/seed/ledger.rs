//! The ledger: which items have been loaded, kept in the same engine as the data.
//!
//! It is a store of its own, whose name is reserved: guests, manifests and flags cannot use it. A record's key is
//! the identity of the store, not its name, and a hash of the item's key, so that it has room whatever the key is.

use anyhow::Context;
use bytes::Bytes;
use edgekv_store::{Generation, Insert, Key, KeyBuf, KvStore, Metadata, Reply, StoreName, Stores};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{for_each_page, wait_all};

/// The reserved name of the ledger.
const NAME: &str = ".edgekv.seed";

/// The name of the store that has the ledger.
pub(crate) fn name() -> anyhow::Result<StoreName> {
    Ok(StoreName::new(NAME)?)
}

/// What is known of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Record {
    /// It is about to be written over the entry of the generation `before`, or where there was none. Found at a start, it
    /// means that an earlier one did not get further. Guests may have run since, without this manifest.
    Loading { before: Option<u64>, item: ItemHash },
    /// It was written, and its entry got this generation.
    Loaded { item: ItemHash, generation: u64 },
    /// There was an entry of a guest before; the item is never loaded.
    Yielded,
}

/// SHA-256 of an item: its value and its metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ItemHash([u8; 32]);

impl ItemHash {
    pub(super) fn of(value: &[u8], metadata: &Metadata) -> Self {
        let mut hash = Sha256::new();
        // The length keeps the two apart.
        hash.update((value.len() as u64).to_le_bytes());
        hash.update(value);
        hash.update(metadata.as_bytes());
        Self(hash.finalize().into())
    }
}

/// What is known of all items.
#[derive(Debug)]
pub(super) struct Ledger(KvStore);

impl Ledger {
    pub(super) fn open(stores: &Stores) -> anyhow::Result<Self> {
        Ok(Self(stores.open_or_create(&name()?)?))
    }

    /// What is known of the item under `key` of `store`.
    pub(super) fn record(&self, store: &KvStore, key: Key<'_>) -> anyhow::Result<Option<Record>> {
        let entry = self.0.lookup(record_key(store, key)?.as_key()).wait()?;
        let record = entry.map(|entry| serde_json::from_slice(entry.value())).transpose();
        record.with_context(|| {
            format!(
                "the record of entry {:?} is damaged, or of a newer edgekv; --reset writes it anew",
                key.as_str()
            )
        })
    }

    /// Keeps what is known of the item under `key` of `store` from now on.
    pub(super) fn set(
        &self,
        store: &KvStore,
        key: Key<'_>,
        record: &Record,
    ) -> anyhow::Result<Reply<Generation>> {
        let record = serde_json::to_vec(record)?;
        Ok(self.0.insert(record_key(store, key)?.as_key(), Insert::new(Bytes::from(record))))
    }

    /// Forgets all items of `store`.
    pub(super) fn forget(&self, store: &KvStore) -> anyhow::Result<()> {
        for_each_page(&self.0, &store_prefix(store), |keys| {
            wait_all(keys.map(|key| self.0.delete(key, None)).collect())
        })
    }
}

fn store_prefix(store: &KvStore) -> String {
    format!("{}/", store.info().id.get())
}

fn record_key(store: &KvStore, key: Key<'_>) -> anyhow::Result<KeyBuf> {
    let hash: String = Sha256::digest(key.as_str()).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Key::new(&(store_prefix(store) + &hash))?.to_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_and_metadata_are_told_apart_in_a_hash() {
        let hash = |value: &str, metadata: &'static str| {
            ItemHash::of(value.as_bytes(), &Metadata::new(metadata).unwrap())
        };
        assert_eq!(hash("ab", "c"), hash("ab", "c"));
        assert_ne!(hash("ab", "c"), hash("a", "bc"));
        assert_ne!(hash("ab", ""), hash("", "ab"));
    }
}
