//! What one operation does to the tables, within the transaction of its batch.

use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use redb::{ReadableTable, Table, WriteTransaction};

use super::core::Stores;
use super::error::Damaged;
use super::operation::Failure;
use super::record::{Header, INLINE_BYTES, Record, encode, extended_checksum};
use super::snapshot::join;
use super::store::{Named, RedbStore, StoreRecord};
use super::tables::{CHUNKS, ENTRIES, EXPIRIES, EntryKey, META, STORES, entry_key_of, expiry_key, meta};
use crate::clock::Timestamp;
use crate::delete::decide_delete;
use crate::engine::EngineStore;
use crate::error::KvError;
use crate::generation::{Generation, GenerationMatch, GenerationSource};
use crate::insert::{Insert, InsertMode, NewValue, decide};
use crate::limits::Limits;
use crate::metadata::Metadata;
use crate::name::{StoreId, StoreInfo, StoreName};

/// Bytes of a value in one chunk: a power of two less what redb adds to it, so that a full chunk fills its pages.
/// Small enough that appending to a value of 25 MiB rewrites a hundredth of it, and large enough that one of
/// 25 MiB is a hundred inserts and not thousands.
const CHUNK_BYTES: usize = 256 * 1024 - 64;

/// Most bytes of values in one step of a sweep, but for the last one: removing them is work for the writer, for which
/// others wait.
const SWEEP_BYTES: u64 = 32 * 1024 * 1024;

/// Most entries that one step of the deletion of a store looks at, and most expired ones that go in one step.
pub(super) const EXPIRED_PER_STEP: usize = 1000;

/// What a transaction does to the stores, for all to see once it is committed.
pub(super) enum Change {
    Created(Arc<RedbStore>),
    Renamed(StoreInfo),
    Deleted(StoreId),
}

/// What became of a store that was to be deleted.
pub(super) enum DeletedStore {
    /// There was none.
    Missing,
    /// Nothing is left of it.
    Whole,
    /// It is gone, and more entries that have expired than were to be removed at once are left in the tables.
    ButForExpired,
    /// It is still there: all that was looked at had expired, and went, and more is behind that.
    NotYet,
}

/// What is under a key.
enum Found {
    Missing,
    Entry(Header),
    /// Something that cannot be read.
    Damaged(Damaged),
}

impl Found {
    /// The entry, for those who have to know about it.
    fn header(self) -> Result<Option<Header>, Damaged> {
        match self {
            Self::Missing => Ok(None),
            Self::Entry(header) => Ok(Some(header)),
            Self::Damaged(damaged) => Err(damaged),
        }
    }
}

/// The tables of a write transaction. Operations see what earlier ones of the same transaction have done.
///
/// Operations refuse before they change anything; after that, only a failure of the file stops them, and then
/// the whole transaction is given up.
pub(super) struct Transaction<'t> {
    meta: Table<'t, &'static str, u64>,
    stores: Table<'t, &'static str, &'static [u8]>,
    entries: Table<'t, &'static [u8], &'static [u8]>,
    chunks: Table<'t, (u64, u32), &'static [u8]>,
    expiries: Table<'t, &'static [u8], ()>,
    generations: &'t GenerationSource,
    last_generation: Option<Generation>,
    changed: bool,
    /// Bytes of values that have been written, which redb keeps in memory until the commit.
    written: u64,
    /// The stores as of the last commit.
    stores_before: &'t Stores,
    /// What becomes of the stores when this is committed, in the order in which it was done.
    pub(super) changes: Vec<Change>,
}

impl<'t> Transaction<'t> {
    pub(super) fn new(
        transaction: &'t WriteTransaction,
        generations: &'t GenerationSource,
        stores_before: &'t Stores,
    ) -> Result<Self, Failure> {
        Ok(Self {
            meta: transaction.open_table(META)?,
            stores: transaction.open_table(STORES)?,
            entries: transaction.open_table(ENTRIES)?,
            chunks: transaction.open_table(CHUNKS)?,
            expiries: transaction.open_table(EXPIRIES)?,
            generations,
            last_generation: None,
            changed: false,
            written: 0,
            stores_before,
            changes: Vec::new(),
        })
    }

    /// Notes what a commit has to note: its number, and the last generation. Gives what it does to the stores, or
    /// `None` when there is nothing to commit.
    pub(super) fn finish(mut self, commits: u64) -> Result<Option<Vec<Change>>, Failure> {
        if !self.changed {
            return Ok(None);
        }
        self.meta.insert(meta::COMMITS, commits)?;
        if let Some(generation) = self.last_generation {
            self.meta.insert(meta::LAST_GENERATION, generation.get())?;
        }
        Ok(Some(self.changes))
    }

    /// Bytes of values that were written so far: also those that were there before, and were only moved.
    pub(super) const fn written(&self) -> u64 {
        self.written
    }

    pub(super) fn insert(
        &mut self,
        key: &EntryKey,
        insert: Insert,
        now: Timestamp,
        limits: &Limits,
    ) -> Result<Generation, Failure> {
        let key = key.as_bytes();
        let old = match self.find(key)? {
            Found::Damaged(damaged) if insert.mode == InsertMode::Overwrite && insert.condition.is_none() => {
                // Whatever it was, it is to be replaced. Chunks of it that only it knew about stay, as nobody knows
                // whose they are.
                tracing::warn!(%damaged, "a damaged entry is replaced");
                None
            }
            found => found.header()?,
        };
        let generation = self.generations.next(now);
        let decision = decide(old.as_ref().map(Header::existing), insert, now, generation, limits)?;
        if let (NewValue::After(more), Some(old)) = (&decision.value, &old)
            && let Some(blob) = old.blob
        {
            let header = Header {
                generation,
                expires_at: decision.expires_at,
                value_bytes: old.value_bytes.saturating_add(more.len() as u64),
                value_checksum: extended_checksum(old, more),
                blob: Some(blob),
            };
            self.extend_blob(blob, old.value_bytes, more)?;
            self.put(key, Some(old), &header, &decision.metadata, &[])?;
            return Ok(generation);
        }
        let entry = decision.into_entry(|| self.value(key))?;
        let value = entry.value();
        let header = Header {
            generation,
            expires_at: entry.expires_at(),
            value_bytes: value.len() as u64,
            value_checksum: crc32fast::hash(value),
            // A generation is never given twice, so no other blob has this id.
            blob: (value.len() > INLINE_BYTES).then_some(generation.get()),
        };
        if let Some(old_blob) = old.as_ref().and_then(|old| old.blob) {
            self.remove_blob(old_blob)?;
        }
        let inline: &[u8] = match header.blob {
            None => value,
            Some(blob) => {
                self.write_chunks(blob, 0, value)?;
                &[]
            }
        };
        self.put(key, old.as_ref(), &header, entry.metadata(), inline)?;
        Ok(generation)
    }

    pub(super) fn delete(
        &mut self,
        key: &EntryKey,
        condition: Option<GenerationMatch>,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let old = match self.find(key.as_bytes())? {
            Found::Damaged(damaged) if condition.is_none() => {
                tracing::warn!(%damaged, "a damaged entry is deleted");
                self.changed = true;
                self.entries.remove(key.as_bytes())?;
                return Ok(true);
            }
            found => found.header()?,
        };
        let delete = decide_delete(old.as_ref().map(Header::existing), condition, now)?;
        if let Some(old) = old.filter(|_| delete) {
            self.remove(key.as_bytes(), &old)?;
        }
        Ok(delete)
    }

    pub(super) fn create(&mut self, name: &StoreName, now: Timestamp) -> Result<StoreInfo, Failure> {
        if self.stores.get(name.as_str())?.is_some() {
            return Err(KvError::StoreExists(name.clone()).into());
        }
        let last = self.meta.get(meta::LAST_STORE)?.map_or(0, |last| last.value());
        let info = StoreInfo {
            id: StoreId::new(last.saturating_add(1)),
            name: name.clone(),
            created_at: now,
            updated_at: now,
        };
        self.changed = true;
        self.meta.insert(meta::LAST_STORE, info.id.get())?;
        self.stores.insert(name.as_str(), StoreRecord::of(&info).encode().as_slice())?;
        Ok(info)
    }

    /// Refuses what is asked of a store that is gone, be it in this transaction only.
    pub(super) fn check_store(&self, store: &Named) -> Result<(), KvError> {
        let id = store.info.id;
        let deleted = |change: &Change| matches!(change, Change::Deleted(deleted) if *deleted == id);
        if store.is_deleted() || self.changes.iter().any(deleted) { Err(store.gone()) } else { Ok(()) }
    }

    /// What is known of a store at this point of the transaction.
    fn store(&self, id: StoreId) -> Result<Option<StoreInfo>, Failure> {
        let changed = self.changes.iter().rev().find_map(|change| match change {
            Change::Created(store) => (store.info().id == id).then(|| Some(store.info().clone())),
            Change::Renamed(info) => (info.id == id).then(|| Some(info.clone())),
            Change::Deleted(deleted) => (*deleted == id).then_some(None),
        });
        let before = || self.stores_before.read().get(id).map(|store| store.info().clone());
        let Some(info) = changed.unwrap_or_else(before) else {
            return Ok(None);
        };
        let record = self.stores.get(info.name.as_str())?;
        let record =
            record.map(|record| StoreRecord::parse(info.name.as_str(), record.value())).transpose()?;
        if record.as_ref() != Some(&info) {
            return Err(Damaged(format!("the record of store {:?} is not what it was", info.name)).into());
        }
        Ok(Some(info))
    }

    pub(super) fn rename_store(
        &mut self,
        id: StoreId,
        name: &StoreName,
        now: Timestamp,
    ) -> Result<Option<StoreInfo>, Failure> {
        let Some(info) = self.store(id)? else {
            return Ok(None);
        };
        if info.name == *name {
            return Ok(Some(info));
        }
        if self.stores.get(name.as_str())?.is_some() {
            return Err(KvError::StoreExists(name.clone()).into());
        }
        self.changed = true;
        self.stores.remove(info.name.as_str())?;
        let info = StoreInfo { name: name.clone(), updated_at: now, ..info };
        self.stores.insert(name.as_str(), StoreRecord::of(&info).encode().as_slice())?;
        self.changes.push(Change::Renamed(info.clone()));
        Ok(Some(info))
    }

    pub(super) fn delete_store(&mut self, id: StoreId, now: Timestamp) -> Result<DeletedStore, Failure> {
        let Some(info) = self.store(id)? else {
            return Ok(DeletedStore::Missing);
        };
        let (mut expired, mut bytes, mut all, mut is_end) = (Vec::new(), 0_u64, true, true);
        let start = EntryKey::at(id, "");
        let rows = self.entries.range::<&[u8]>(start.as_bytes()..)?;
        for (row, looked_at) in rows.zip(0..) {
            let (key, record) = row?;
            let key = key.value();
            if !key.starts_with(start.as_bytes()) {
                break;
            }
            if looked_at == EXPIRED_PER_STEP {
                is_end = false;
                break;
            }
            // One that cannot be read is listed and can be deleted, so it is there.
            let dead = Record::parse(key, record.value())
                .ok()
                .map(|record| record.header)
                .filter(|header| !header.existing().is_live(now));
            let Some(header) = dead else {
                return Err(KvError::StoreNotEmpty(info.name).into());
            };
            all &= bytes < SWEEP_BYTES;
            if all {
                bytes = bytes.saturating_add(header.value_bytes);
                expired.push((key.to_vec(), header));
            }
        }
        self.changed = true;
        for (key, header) in expired {
            self.remove(&key, &header)?;
        }
        if !is_end {
            return Ok(DeletedStore::NotYet);
        }
        self.stores.remove(info.name.as_str())?;
        self.changes.push(Change::Deleted(id));
        Ok(if all { DeletedStore::Whole } else { DeletedStore::ButForExpired })
    }

    /// Removes up to `max` expired entries, and fewer when they are large.
    pub(super) fn sweep(&mut self, now: Timestamp, max: usize) -> Result<usize, Failure> {
        // Everything whose time is at most `now`; nothing is after the last moment.
        let end = now.as_micros().checked_add(1).map(u64::to_be_bytes);
        let end = end.as_ref().map_or(Bound::Unbounded, |end| Bound::Excluded(end.as_slice()));
        let due: Vec<Vec<u8>> = self
            .expiries
            .range::<&[u8]>((Bound::Unbounded, end))?
            .take(max)
            .map(|row| row.map(|(key, _)| key.value().to_vec()))
            .collect::<Result<_, _>>()?;
        let (mut swept, mut bytes) = (0, 0_u64);
        for expiry in &due {
            if bytes >= SWEEP_BYTES {
                break;
            }
            let key = entry_key_of(expiry);
            let entry = match self.find(key)? {
                Found::Entry(entry) => Some(entry),
                Found::Missing => None,
                Found::Damaged(damaged) => {
                    // One damaged record must not keep all that expire later from being removed.
                    tracing::warn!(%damaged, "an expired entry cannot be read, and is left where it is");
                    None
                }
            };
            swept += 1;
            bytes = bytes.saturating_add(entry.as_ref().map_or(0, |entry| entry.value_bytes));
            self.changed = true;
            // The index changes with its entries, so this only does not hold when the file is damaged.
            if let Some(entry) = entry.filter(|entry| !entry.existing().is_live(now)) {
                self.remove(key, &entry)?;
            }
            self.expiries.remove(expiry.as_slice())?;
        }
        Ok(swept)
    }

    fn find(&self, key: &[u8]) -> Result<Found, Failure> {
        let found = self.entries.get(key)?;
        Ok(match found.map(|found| Record::parse(key, found.value()).map(|record| record.header)) {
            None => Found::Missing,
            Some(Ok(header)) => Found::Entry(header),
            Some(Err(damaged)) => Found::Damaged(damaged),
        })
    }

    /// The value of an entry that is there.
    fn value(&self, key: &[u8]) -> Result<Bytes, Failure> {
        let Some(found) = self.entries.get(key)? else {
            return Ok(Bytes::new());
        };
        let record = Record::parse(key, found.value())?;
        let value = match record.header.blob {
            None => Bytes::copy_from_slice(record.value),
            Some(blob) => {
                let chunks = self.chunks.range((blob, 0)..=(blob, u32::MAX))?;
                join(chunks.map(|chunk| chunk.map(|(_, bytes)| bytes)), &record.header)?
            }
        };
        record.header.check_value(&value)?;
        Ok(value)
    }

    /// Keeps a record, and the index of expiries in step with it.
    fn put(
        &mut self,
        key: &[u8],
        old: Option<&Header>,
        header: &Header,
        metadata: &Metadata,
        value: &[u8],
    ) -> Result<(), Failure> {
        self.changed = true;
        self.last_generation = Some(header.generation);
        self.written = self.written.saturating_add(value.len() as u64);
        self.entries.insert(key, encode(key, header, metadata, value).as_slice())?;
        let old_expiry = old.and_then(|old| old.expires_at);
        if old_expiry != header.expires_at {
            if let Some(at) = old_expiry {
                self.expiries.remove(expiry_key(at, key).as_slice())?;
            }
            if let Some(at) = header.expires_at {
                self.expiries.insert(expiry_key(at, key).as_slice(), ())?;
            }
        }
        Ok(())
    }

    fn remove(&mut self, key: &[u8], old: &Header) -> Result<(), Failure> {
        self.changed = true;
        if let Some(blob) = old.blob {
            self.remove_blob(blob)?;
        }
        if let Some(at) = old.expires_at {
            self.expiries.remove(expiry_key(at, key).as_slice())?;
        }
        self.entries.remove(key)?;
        Ok(())
    }

    fn remove_blob(&mut self, blob: u64) -> Result<(), Failure> {
        self.changed = true;
        Ok(self.chunks.retain_in((blob, 0)..=(blob, u32::MAX), |_, _| false)?)
    }

    /// Puts `more` after the `old_bytes` of a value in chunks, of which only the last one is touched.
    fn extend_blob(&mut self, blob: u64, old_bytes: u64, more: &[u8]) -> Result<(), Failure> {
        let chunk_bytes = CHUNK_BYTES as u64;
        let index = old_bytes / chunk_bytes;
        let begun = usize::try_from(old_bytes % chunk_bytes).unwrap_or(CHUNK_BYTES);
        let too_long = || Damaged(format!("a value claims to have {old_bytes} bytes"));
        let index = u32::try_from(index).map_err(|_| too_long())?;
        if begun == 0 {
            return self.write_chunks(blob, index, more);
        }
        let mut chunk = Vec::with_capacity(CHUNK_BYTES.min(begun.saturating_add(more.len())));
        if let Some(found) = self.chunks.get((blob, index))? {
            chunk.extend_from_slice(found.value());
        }
        if chunk.len() != begun {
            return Err(Damaged("the last chunk of a value has not the length it must have".into()).into());
        }
        let (fits, rest) = more.split_at_checked(CHUNK_BYTES - begun).unwrap_or((more, &[]));
        chunk.extend_from_slice(fits);
        self.changed = true;
        self.written = self.written.saturating_add(chunk.len() as u64);
        self.chunks.insert((blob, index), chunk.as_slice())?;
        self.write_chunks(blob, index.saturating_add(1), rest)
    }

    fn write_chunks(&mut self, blob: u64, first: u32, value: &[u8]) -> Result<(), Failure> {
        self.changed = true;
        self.written = self.written.saturating_add(value.len() as u64);
        for (index, chunk) in (first..).zip(value.chunks(CHUNK_BYTES)) {
            self.chunks.insert((blob, index), chunk)?;
        }
        Ok(())
    }
}
