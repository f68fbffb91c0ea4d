//! One store of the file.

use std::sync::Arc;

use super::Core;
use super::error::Damaged;
use super::tables::EntryKey;
use crate::clock::Timestamp;
use crate::engine::EngineStore;
use crate::entry::Entry;
use crate::generation::{Generation, GenerationMatch};
use crate::insert::Insert;
use crate::key::Key;
use crate::limits::Limits;
use crate::list::{KeyPage, Scan};
use crate::name::{StoreId, StoreInfo, StoreName};
use crate::reply::Reply;

#[derive(Debug)]
pub(super) struct RedbStore {
    info: StoreInfo,
    core: Arc<Core>,
}

impl RedbStore {
    pub(super) fn new(info: StoreInfo, core: Arc<Core>) -> Self {
        Self { info, core }
    }
}

impl EngineStore for RedbStore {
    fn info(&self) -> &StoreInfo {
        &self.info
    }

    fn lookup(&self, key: Key<'_>) -> Reply<Option<Entry>> {
        Reply::Ready(self.core.read(|snapshot| snapshot.lookup(self.info.id, key)))
    }

    fn insert(&self, key: Key<'_>, insert: Insert, now: Timestamp, limits: &Limits) -> Reply<Generation> {
        let key = Box::new(EntryKey::new(self.info.id, key));
        let limits = *limits;
        let bytes = (insert.value.len() + insert.metadata.as_bytes().len() + size_of::<EntryKey>()) as u64;
        // Cloned, which copies pointers only, as it may have to be done in a second transaction.
        self.core.submit(bytes, move |transaction| transaction.insert(&key, insert.clone(), now, &limits))
    }

    fn delete(&self, key: Key<'_>, condition: Option<GenerationMatch>, now: Timestamp) -> Reply<bool> {
        let key = Box::new(EntryKey::new(self.info.id, key));
        let bytes = size_of::<EntryKey>() as u64;
        self.core.submit(bytes, move |transaction| transaction.delete(&key, condition, now))
    }

    fn scan(&self, scan: Scan<'_>) -> Reply<KeyPage> {
        Reply::Ready(self.core.read(|snapshot| snapshot.scan(self.info.id, &scan)))
    }
}

/// What is kept of a store under its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StoreRecord {
    id: StoreId,
    created_at: Timestamp,
}

impl StoreRecord {
    /// Version of the record, its first byte.
    const VERSION: u8 = 1;

    pub(super) const fn of(info: &StoreInfo) -> Self {
        Self { id: info.id, created_at: info.created_at }
    }

    /// Version, id, and creation in microseconds since 1970, little-endian.
    pub(super) fn encode(&self) -> Vec<u8> {
        let (id, created_at) = (self.id.get().to_le_bytes(), self.created_at.as_micros().to_le_bytes());
        [&[Self::VERSION], &id[..], &created_at].concat()
    }

    /// Reads the record that is kept under `name`.
    pub(super) fn parse(name: &str, bytes: &[u8]) -> Result<StoreInfo, Damaged> {
        let damaged = |what: &str| Damaged(format!("the record of store {name:?} {what}"));
        let ([version], rest) = bytes.split_first_chunk().ok_or_else(|| damaged("is empty"))?;
        if *version != Self::VERSION {
            return Err(damaged(&format!("has version {version}; this program knows {}", Self::VERSION)));
        }
        let (id, rest) = rest.split_first_chunk().ok_or_else(|| damaged("is too short"))?;
        let created_at = <[u8; 8]>::try_from(rest).map_err(|_| damaged("has the wrong length"))?;
        Ok(StoreInfo {
            id: StoreId::new(u64::from_le_bytes(*id)),
            name: StoreName::new(name).map_err(|error| damaged(&error.to_string()))?,
            created_at: Timestamp::from_micros(u64::from_le_bytes(created_at)),
            updated_at: Timestamp::from_micros(u64::from_le_bytes(created_at)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_record_round_trips() {
        let info = StoreInfo {
            id: StoreId::new(0x0102_0304_0506_0708),
            name: StoreName::new("été").unwrap(),
            created_at: Timestamp::from_micros(1_700_000_000_000_000),
            updated_at: Timestamp::from_micros(1_700_000_000_000_000),
        };
        assert_eq!(StoreRecord::parse("été", &StoreRecord::of(&info).encode()).unwrap(), info);
    }

    #[test]
    fn a_store_record_that_was_not_written_so_is_damage() {
        let good = [&[1_u8][..], &[0; 16]].concat();
        assert!(StoreRecord::parse("a", &good).is_ok());
        assert!(StoreRecord::parse("a", &good[..16]).is_err());
        assert!(StoreRecord::parse("a", &[&good[..], &[0]].concat()).is_err());
        assert!(StoreRecord::parse("a", &[]).is_err());
        assert!(StoreRecord::parse("a\n", &good).is_err());
        assert!(StoreRecord::parse("a", &[&[2][..], &good[1..]].concat()).is_err());
    }
}
