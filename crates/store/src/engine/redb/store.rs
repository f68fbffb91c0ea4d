//! One store of the file.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Core;
use super::error::Damaged;
use super::operation::Failure;
use super::snapshot::Snapshot;
use super::tables::EntryKey;
use crate::clock::Timestamp;
use crate::completion::Completion;
use crate::engine::EngineStore;
use crate::entry::Entry;
use crate::error::KvError;
use crate::generation::{Generation, GenerationMatch};
use crate::insert::Insert;
use crate::key::Key;
use crate::limits::Limits;
use crate::list::{KeyPage, Scan};
use crate::name::{StoreId, StoreInfo, StoreName};
use crate::reply::Reply;

#[derive(Debug)]
pub(super) struct RedbStore {
    named: Arc<Named>,
    core: Arc<Core>,
}

/// A store by one of its names: a handle from before it was renamed has the old one.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) info: StoreInfo,
    /// Whether the store is gone, which is one truth for all its names. Set by the writer when that is durable.
    deleted: Arc<AtomicBool>,
}

impl Named {
    pub(super) fn is_deleted(&self) -> bool {
        self.deleted.load(Ordering::Acquire)
    }

    pub(super) fn gone(&self) -> KvError {
        KvError::NoStore(self.info.name.clone())
    }
}

impl RedbStore {
    pub(super) fn new(info: StoreInfo, core: Arc<Core>) -> Self {
        let named = Arc::new(Named { info, deleted: Arc::default() });
        Self { named, core }
    }

    /// The same store by another name.
    pub(super) fn renamed(&self, info: StoreInfo) -> Self {
        let named = Arc::new(Named { info, deleted: Arc::clone(&self.named.deleted) });
        Self { named, core: Arc::clone(&self.core) }
    }

    /// Makes all handles of it say that it is gone.
    pub(super) fn mark_deleted(&self) {
        self.named.deleted.store(true, Ordering::Release);
    }

    fn read<T>(&self, read: impl FnOnce(&Snapshot, StoreId) -> Result<T, Failure>) -> Result<T, KvError> {
        if self.named.is_deleted() {
            return Err(self.named.gone());
        }
        self.core.read(|snapshot| read(snapshot, self.named.info.id))
    }
}

impl EngineStore for RedbStore {
    fn info(&self) -> &StoreInfo {
        &self.named.info
    }

    fn lookup(&self, key: Key<'_>) -> Reply<Option<Entry>> {
        Reply::Ready(self.read(|snapshot, id| snapshot.lookup(id, key)))
    }

    fn insert(
        &self,
        key: Key<'_>,
        insert: Insert,
        now: Timestamp,
        limits: &Limits,
        completion: Completion,
    ) -> Reply<Generation> {
        let key = Box::new(EntryKey::new(self.named.info.id, key));
        let (named, limits) = (Arc::clone(&self.named), *limits);
        let bytes = (insert.value.len() + insert.metadata.as_bytes().len() + size_of::<EntryKey>()) as u64;
        // Cloned, which copies pointers only, as it may have to be done in a second transaction.
        self.core.write(bytes, completion, move |transaction| {
            transaction.check_store(&named)?;
            transaction.insert(&key, insert.clone(), now, &limits)
        })
    }

    fn delete(
        &self,
        key: Key<'_>,
        condition: Option<GenerationMatch>,
        now: Timestamp,
        completion: Completion,
    ) -> Reply<bool> {
        let key = Box::new(EntryKey::new(self.named.info.id, key));
        let named = Arc::clone(&self.named);
        let bytes = size_of::<EntryKey>() as u64;
        self.core.write(bytes, completion, move |transaction| {
            transaction.check_store(&named)?;
            transaction.delete(&key, condition, now)
        })
    }

    fn scan(&self, scan: Scan<'_>) -> Reply<KeyPage> {
        Reply::Ready(self.read(|snapshot, id| snapshot.scan(id, &scan)))
    }
}

/// What is kept of a store under its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StoreRecord {
    id: StoreId,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl StoreRecord {
    /// Version of the record, its first byte.
    const VERSION: u8 = 2;

    /// Without `updated_at`: stores could not be renamed.
    const VERSION_1: u8 = 1;

    pub(super) const fn of(info: &StoreInfo) -> Self {
        Self { id: info.id, created_at: info.created_at, updated_at: info.updated_at }
    }

    /// Version, id, creation and last change of the name in microseconds since 1970, little-endian.
    pub(super) fn encode(&self) -> Vec<u8> {
        let numbers = [self.id.get(), self.created_at.as_micros(), self.updated_at.as_micros()];
        [&[Self::VERSION][..], numbers.map(u64::to_le_bytes).as_flattened()].concat()
    }

    /// Reads the record that is kept under `name`.
    pub(super) fn parse(name: &str, bytes: &[u8]) -> Result<StoreInfo, Damaged> {
        let damaged = |what: &str| Damaged(format!("the record of store {name:?} {what}"));
        let ([version], numbers) = bytes.split_first_chunk().ok_or_else(|| damaged("is empty"))?;
        let (numbers, rest) = numbers.as_chunks();
        let [id, created_at, updated_at] = match (*version, numbers, rest) {
            (Self::VERSION, [id, created_at, updated_at], []) => [id, created_at, updated_at],
            (Self::VERSION_1, [id, created_at], []) => [id, created_at, created_at],
            (Self::VERSION | Self::VERSION_1, ..) => return Err(damaged("has the wrong length")),
            (version, ..) => {
                let known = Self::VERSION;
                return Err(damaged(&format!(
                    "has version {version}; this program knows versions up to {known}"
                )));
            }
        }
        .map(|number| u64::from_le_bytes(*number));
        Ok(StoreInfo {
            id: StoreId::new(id),
            name: StoreName::new(name).map_err(|error| damaged(&error.to_string()))?,
            created_at: Timestamp::from_micros(created_at),
            updated_at: Timestamp::from_micros(updated_at),
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
            updated_at: Timestamp::from_micros(1_800_000_000_000_000),
        };
        assert_eq!(StoreRecord::parse("été", &StoreRecord::of(&info).encode()).unwrap(), info);
    }

    #[test]
    fn a_record_of_version_1_says_that_the_name_is_the_first_one() {
        let record = [&[1][..], &7_u64.to_le_bytes(), &9_u64.to_le_bytes()].concat();
        let (id, at) = (StoreId::new(7), Timestamp::from_micros(9));
        let info = StoreInfo { id, name: StoreName::new("a").unwrap(), created_at: at, updated_at: at };
        assert_eq!(StoreRecord::parse("a", &record).unwrap(), info);
    }

    #[test]
    fn a_store_record_that_was_not_written_so_is_damage() {
        for (version, numbers) in [(1, 16), (2, 24)] {
            let good = [&[version][..], &[0; 24][..numbers]].concat();
            assert!(StoreRecord::parse("a", &good).is_ok());
            assert!(StoreRecord::parse("a", &good[..numbers]).is_err());
            assert!(StoreRecord::parse("a", &good[..numbers - 7]).is_err());
            assert!(StoreRecord::parse("a", &[&good[..], &[0]].concat()).is_err());
            assert!(StoreRecord::parse("a", &[&good[..], &[0; 8]].concat()).is_err());
            assert!(StoreRecord::parse("a\n", &good).is_err());
            assert!(StoreRecord::parse("a", &[&[3_u8][..], &good[1..]].concat()).is_err());
        }
        assert!(StoreRecord::parse("a", &[]).is_err());
    }
}
