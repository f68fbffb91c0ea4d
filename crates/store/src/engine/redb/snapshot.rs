//! What readers see: the state of the last commit.

use std::fmt;
use std::num::NonZeroUsize;
use std::ops::Bound;

use bytes::Bytes;
use redb::{AccessGuard, Database, ReadOnlyTable, ReadableDatabase, StorageError};

use super::error::Damaged;
use super::handle::guarded;
use super::operation::Failure;
use super::record::{Header, Record};
use super::tables::{CHUNKS, ENTRIES, EntryKey, key_of};
use crate::entry::Entry;
use crate::key::Key;
use crate::limits::MAX_KEY_BYTES;
use crate::list::{KeyPage, Scan};
use crate::name::StoreId;

/// Tables that are open for reading. Opened once per commit, so that a lookup is only a search.
pub(super) struct Snapshot(
    /// `None` only while it is dropped.
    Option<Tables>,
);

struct Tables {
    entries: ReadOnlyTable<&'static [u8], &'static [u8]>,
    chunks: ReadOnlyTable<(u64, u32), &'static [u8]>,
}

impl Snapshot {
    pub(super) fn new(database: &Database) -> Result<Self, redb::Error> {
        let transaction = database.begin_read()?;
        let (entries, chunks) = (transaction.open_table(ENTRIES)?, transaction.open_table(CHUNKS)?);
        Ok(Self(Some(Tables { entries, chunks })))
    }

    pub(super) fn lookup(&self, store: StoreId, key: Key<'_>) -> Result<Option<Entry>, Failure> {
        self.tables()?.lookup(store, key)
    }

    pub(super) fn scan(&self, store: StoreId, scan: &Scan<'_>) -> Result<KeyPage, Failure> {
        self.tables()?.scan(store, scan)
    }

    fn tables(&self) -> Result<&Tables, Failure> {
        self.0.as_ref().ok_or_else(|| StorageError::DatabaseClosed.into())
    }
}

/// The end of a read transaction is work for redb, on the thread of whichever reader is the last.
impl Drop for Snapshot {
    fn drop(&mut self) {
        let tables = self.0.take();
        if guarded(|| drop(tables)).is_err() {
            tracing::error!("redb panicked at the end of a read transaction; the file may be damaged");
        }
    }
}

impl Tables {
    fn lookup(&self, store: StoreId, key: Key<'_>) -> Result<Option<Entry>, Failure> {
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

    fn scan(&self, store: StoreId, scan: &Scan<'_>) -> Result<KeyPage, Failure> {
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
            match Record::parse(key, record.value()) {
                Ok(record) if record.header.existing().is_live(scan.now) => {}
                Ok(_) => continue,
                // Its key is good, and has to be known to whoever wants to replace or delete the entry.
                Err(damaged) => tracing::warn!(%damaged, "a damaged entry is listed"),
            }
            let key = match key_of(key) {
                Ok(key) => key,
                Err(damaged) => {
                    tracing::warn!(%damaged, "an entry is not listed, as no operation could name it");
                    continue;
                }
            };
            if page.keys.len() == limit {
                page.more = true;
                break;
            }
            page.keys.push(key);
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
