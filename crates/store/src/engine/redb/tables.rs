//! The tables of the file, and what their keys look like.

use redb::TableDefinition;

use super::error::Damaged;
use crate::clock::Timestamp;
use crate::key::Key;
use crate::limits::MAX_KEY_BYTES;
use crate::name::StoreId;

/// Version of all that is described here. A file with a larger one is not touched.
pub(super) const FORMAT: u64 = 1;

pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("edgekv.meta");
pub(super) const STORES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("edgekv.stores");
pub(super) const ENTRIES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("edgekv.entries");
pub(super) const CHUNKS: TableDefinition<'_, (u64, u32), &[u8]> = TableDefinition::new("edgekv.chunks");
pub(super) const EXPIRIES: TableDefinition<'_, &[u8], ()> = TableDefinition::new("edgekv.expiries");

/// Keys of [`META`].
pub(super) mod meta {
    pub(in super::super) const FORMAT: &str = "format";
    /// Drawn when the file is made; tells it from every other one.
    pub(in super::super) const ID: &str = "id";
    pub(in super::super) const LAST_GENERATION: &str = "last generation";
    pub(in super::super) const LAST_STORE: &str = "last store";
    pub(in super::super) const COMMITS: &str = "commits";
}

/// Bytes of a store id or of a time in a key.
const NUMBER_BYTES: usize = size_of::<u64>();

/// A key of [`ENTRIES`]: store id, key. Lives on the stack, as every lookup makes one.
#[derive(Clone)]
pub(super) struct EntryKey {
    bytes: [u8; NUMBER_BYTES + MAX_KEY_BYTES],
    len: usize,
}

impl EntryKey {
    pub(super) fn new(store: StoreId, key: Key<'_>) -> Self {
        Self::at(store, key.as_str())
    }

    /// The place of `text` in the keys of `store`, for ranges, where it need not be a key. Cut to the length of a key.
    pub(super) fn at(store: StoreId, text: &str) -> Self {
        let mut bytes = [0; NUMBER_BYTES + MAX_KEY_BYTES];
        let (id, rest) = bytes.split_at_mut(NUMBER_BYTES);
        id.copy_from_slice(&store.get().to_be_bytes());
        let text_bytes = text.len().min(MAX_KEY_BYTES);
        rest[..text_bytes].copy_from_slice(&text.as_bytes()[..text_bytes]);
        Self { bytes, len: NUMBER_BYTES + text_bytes }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The key in a key of [`ENTRIES`].
pub(super) fn key_of(entry_key: &[u8]) -> Result<Key<'_>, Damaged> {
    entry_key
        .get(NUMBER_BYTES..)
        .and_then(|key| std::str::from_utf8(key).ok())
        .and_then(|key| Key::new(key).ok())
        .ok_or_else(|| Damaged(format!("\"{}\" is not a key", entry_key.escape_ascii())))
}

/// A key of [`EXPIRIES`]: expiry, then the key of [`ENTRIES`].
pub(super) fn expiry_key(at: Timestamp, entry_key: &[u8]) -> Vec<u8> {
    [&at.as_micros().to_be_bytes(), entry_key].concat()
}

/// The key of [`ENTRIES`] in a key of [`EXPIRIES`].
pub(super) fn entry_key_of(expiry_key: &[u8]) -> &[u8] {
    expiry_key.get(NUMBER_BYTES..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entry_keys_are_ordered_by_store_and_then_by_key() {
        let key = |store, key| EntryKey::new(StoreId::new(store), Key::new(key).unwrap()).as_bytes().to_vec();
        assert!(key(1, "b") < key(2, "a"));
        assert!(key(255, "a") < key(256, "a"));
        assert!(key(1, "a") < key(1, "aa"));
        assert!(key(1, "z") < key(1, "é"));
    }

    #[test]
    fn keys_come_back_out_of_the_keys_of_both_tables() {
        let longest = "é".repeat(512);
        for text in ["a", "\0", &longest] {
            let entry_key = EntryKey::new(StoreId::new(7), Key::new(text).unwrap());
            assert_eq!(key_of(entry_key.as_bytes()).unwrap().as_str(), text);
            let expiry_key = expiry_key(Timestamp::from_micros(9), entry_key.as_bytes());
            assert_eq!(entry_key_of(&expiry_key), entry_key.as_bytes());
        }
    }

    #[test]
    fn what_is_not_a_key_is_damage() {
        for bytes in [&b""[..], b"1234567", b"12345678", b"12345678\xff", b"12345678a\nb"] {
            assert!(key_of(bytes).is_err(), "{bytes:?}");
        }
        assert_eq!(entry_key_of(b"123"), b"");
    }
}
