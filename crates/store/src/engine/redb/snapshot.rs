//! What readers see: the state of the last commit.

use std::fmt;
use std::num::NonZeroUsize;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use redb::{AccessGuard, Database, ReadOnlyTable, ReadableDatabase, StorageError};

use super::error::Damaged;
use super::operation::Failure;
use super::record::{Header, Record};
use super::tables::{CHUNKS, ENTRIES, EntryKey, key_of};
use crate::entry::Entry;
use crate::key::Key;
use crate::limits::MAX_KEY_BYTES;
use crate::list::{KeyPage, Scan};
use crate::name::StoreId;

/// Tables that are open for reading. Opened once per commit, so that a lookup is only a search.
pub(super) struct Snapshot {
    entries: ReadOnlyTable<&'static [u8], &'static [u8]>,
    chunks: ReadOnlyTable<(u64, u32), &'static [u8]>,
}

impl Snapshot {
    pub(super) fn new(database: &Database) -> Result<Self, Failure> {
        let transaction = database.begin_read()?;
        Ok(Self { entries: transaction.open_table(ENTRIES)?, chunks: transaction.open_table(CHUNKS)? })
    }

    /// Runs `read`, and makes an error of a panic: redb does not verify pages that it reads, and may panic on a page
    /// that somebody else has altered. Only tables for reading are shared with the outside, and they have no state.
    pub(super) fn guarded<T>(&self, read: impl FnOnce(&Self) -> Result<T, Failure>) -> Result<T, Failure> {
        catch_unwind(AssertUnwindSafe(|| read(self)))
            .unwrap_or_else(|_| Err(Damaged("a page of it could not be read".into()).into()))
    }

    pub(super) fn lookup(&self, store: StoreId, key: Key<'_>) -> Result<Option<Entry>, Failure> {
        let key = EntryKey::new(store, key);
        let Some(found) = self.entries.get(key.as_bytes())? else {
            return Ok(None);
        };
        let record = Record::parse(key.as_bytes(), found.value())?;
        // Copied out of the page: a body that a guest forgets must not hold a snapshot, and with it the space of all
        // that is overwritten since.
        let value = match record.header.blob {
            None => Bytes::copy_from_slice(record.value),
            Some(blob) => self.blob(blob, &record.header)?,
        };
        record.header.check_value(&value)?;
        Ok(Some(record.entry(value)?))
    }

    fn blob(&self, blob: u64, header: &Header) -> Result<Bytes, Failure> {
        let chunks = self.chunks.range((blob, 0)..=(blob, u32::MAX))?;
        join(chunks.map(|chunk| chunk.map(|(_, bytes)| bytes)), header)
    }

    pub(super) fn scan(&self, store: StoreId, scan: &Scan<'_>) -> Result<KeyPage, Failure> {
        let limit = NonZeroUsize::try_from(scan.limit).map_or(usize::MAX, NonZeroUsize::get);
        let mut page = KeyPage::default();
        if scan.prefix.len() > MAX_KEY_BYTES {
            return Ok(page);
        }
        let start = scan.start().map(|text| EntryKey::at(store, text));
        let start = start.as_ref().map(EntryKey::as_bytes);
        // Keys that begin with the prefix follow each other, so the scan ends where they end.
        let prefix = EntryKey::at(store, scan.prefix);
        for found in self.entries.range::<&[u8]>((start, Bound::Unbounded))? {
            let (key, record) = found?;
            let key = key.value();
            if !key.starts_with(prefix.as_bytes()) {
                break;
            }
            if !Record::parse(key, record.value())?.header.existing().is_live(scan.now) {
                continue;
            }
            if page.keys.len() == limit {
                page.more = true;
                break;
            }
            page.keys.push(key_of(key)?);
        }
        Ok(page)
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Snapshot(..)")
    }
}

/// Joins the chunks of a value. The length in the header is only a claim until the chunks have borne it out.
pub(super) fn join<'a>(
    chunks: impl Iterator<Item = Result<AccessGuard<'a, &'static [u8]>, StorageError>>,
    header: &Header,
) -> Result<Bytes, Failure> {
    let mut value = Vec::new();
    // A number in a file must not take the process down, as a failed allocation would.
    let fits = usize::try_from(header.value_bytes).is_ok_and(|bytes| value.try_reserve_exact(bytes).is_ok());
    if !fits {
        return Err(Damaged(format!("a value claims to have {} bytes", header.value_bytes)).into());
    }
    for chunk in chunks {
        value.extend_from_slice(chunk?.value());
    }
    Ok(value.into())
}
