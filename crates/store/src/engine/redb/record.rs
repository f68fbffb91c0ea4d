//! The record of an entry: everything about it, and its value when that is small.
//!
//! | bytes | what |
//! | --- | --- |
//! | 0 | version of the record, 1 |
//! | 1 | bit 0: expires; bit 1: the value is in chunks |
//! | 2..4 | length of the metadata |
//! | 4..8 | CRC-32 of the value |
//! | 8..16 | generation |
//! | 16..24 | expiry in microseconds since 1970, 0 if there is none |
//! | 24..32 | length of the value |
//! | 32..40 | blob id, 0 if the value is in the record |
//! | 40..44 | CRC-32 of the key and of all of the above, and of the metadata |
//! | 44.. | metadata, and the value if it is here |
//!
//! Numbers are little-endian. The value has a checksum of its own, so that a list need not read values, and
//! that appending to one need not read what is there.

use bytes::Bytes;
use crc32fast::Hasher;

use super::error::Damaged;
use crate::clock::Timestamp;
use crate::entry::{Entry, Existing};
use crate::generation::Generation;
use crate::metadata::Metadata;

/// Largest value that is kept in its record, in bytes: with the longest key and usual metadata, one such record
/// still fits a page of 4 KiB, so that reading it is one search and no second one for a chunk.
pub(super) const INLINE_BYTES: usize = 2048;

const VERSION: u8 = 1;
const EXPIRES: u8 = 1;
const CHUNKED: u8 = 2;
/// Where the checksum of the record is, and where it ends.
const CHECKSUM_AT: usize = 40;
const HEADER_BYTES: usize = 44;

/// All of a record but metadata and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) generation: Generation,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) value_bytes: u64,
    pub(super) value_checksum: u32,
    /// Where its chunks are; `None` when the value is in the record.
    pub(super) blob: Option<u64>,
}

impl Header {
    pub(super) const fn existing(&self) -> Existing {
        Existing { generation: self.generation, expires_at: self.expires_at, value_bytes: self.value_bytes }
    }

    /// Refuses a value that is not the one that was written.
    pub(super) fn check_value(&self, value: &[u8]) -> Result<(), Damaged> {
        if value.len() as u64 != self.value_bytes {
            return Err(Damaged(format!(
                "a value has {} bytes instead of {}",
                value.len(),
                self.value_bytes
            )));
        }
        if crc32fast::hash(value) != self.value_checksum {
            return Err(Damaged("a value does not match its checksum".into()));
        }
        Ok(())
    }
}

/// A record that has been checked, still where it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) header: Header,
    pub(super) metadata: &'a [u8],
    /// The value, not yet checked; empty when it is in chunks.
    pub(super) value: &'a [u8],
}

impl<'a> Record<'a> {
    /// Reads the record that is kept under `key`, the key of the table.
    pub(super) fn parse(key: &[u8], bytes: &'a [u8]) -> Result<Self, Damaged> {
        let damaged = |what: &str| Damaged(format!("the record of \"{}\" {what}", key.escape_ascii()));
        let (header, rest) =
            bytes.split_first_chunk::<HEADER_BYTES>().ok_or_else(|| damaged("is too short"))?;
        let [version, flags, ..] = *header;
        if version != VERSION {
            return Err(damaged(&format!("has version {version}; this program knows {VERSION}")));
        }
        let metadata_bytes = usize::from(u16::from_le_bytes(field(header, 2)));
        let (metadata, value) =
            rest.split_at_checked(metadata_bytes).ok_or_else(|| damaged("is too short"))?;
        if u32::from_le_bytes(field(header, CHECKSUM_AT)) != checksum(key, header, metadata) {
            return Err(damaged("does not match its checksum"));
        }
        // From here on, only a record that was written wrongly can fail.
        let generation = Generation::new(u64::from_le_bytes(field(header, 8)))
            .ok_or_else(|| damaged("has no generation"))?;
        let expires_at = Timestamp::from_micros(u64::from_le_bytes(field(header, 16)));
        let header = Header {
            generation,
            expires_at: (flags & EXPIRES != 0).then_some(expires_at),
            value_bytes: u64::from_le_bytes(field(header, 24)),
            value_checksum: u32::from_le_bytes(field(header, 4)),
            blob: (flags & CHUNKED != 0).then_some(u64::from_le_bytes(field(header, 32))),
        };
        Ok(Self { header, metadata, value })
    }

    /// The entry, with `value`, which was checked.
    pub(super) fn entry(&self, value: Bytes) -> Result<Entry, Damaged> {
        let metadata = if self.metadata.is_empty() {
            Metadata::NONE
        } else {
            Metadata::new(Bytes::copy_from_slice(self.metadata))
                .map_err(|error| Damaged(error.to_string()))?
        };
        Ok(Entry::new(value, metadata, self.header.generation, self.header.expires_at))
    }
}

/// Writes the record that is to be kept under `key`. `value` is empty when it is in chunks.
pub(super) fn encode(key: &[u8], header: &Header, metadata: &Metadata, value: &[u8]) -> Vec<u8> {
    let metadata = metadata.as_bytes();
    let flags = if header.expires_at.is_some() { EXPIRES } else { 0 }
        | if header.blob.is_some() { CHUNKED } else { 0 };
    let mut record = Vec::with_capacity(HEADER_BYTES + metadata.len() + value.len());
    record.extend_from_slice(&[VERSION, flags]);
    // Metadata are never longer than 2,000 bytes.
    record.extend_from_slice(&u16::try_from(metadata.len()).unwrap_or(u16::MAX).to_le_bytes());
    record.extend_from_slice(&header.value_checksum.to_le_bytes());
    record.extend_from_slice(&header.generation.get().to_le_bytes());
    record.extend_from_slice(&header.expires_at.map_or(0, Timestamp::as_micros).to_le_bytes());
    record.extend_from_slice(&header.value_bytes.to_le_bytes());
    record.extend_from_slice(&header.blob.unwrap_or(0).to_le_bytes());
    let checksum = checksum(key, &record, metadata);
    record.extend_from_slice(&checksum.to_le_bytes());
    record.extend_from_slice(metadata);
    record.extend_from_slice(value);
    record
}

/// The checksum of a value that `more` was put after.
pub(super) fn extended_checksum(old: &Header, more: &[u8]) -> u32 {
    let mut hasher = Hasher::new_with_initial_len(old.value_checksum, old.value_bytes);
    hasher.update(more);
    hasher.finalize()
}

/// The key is part of it, so that a record cannot be taken for the one of another key.
fn checksum(key: &[u8], header: &[u8], metadata: &[u8]) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(key);
    hasher.update(header.get(..CHECKSUM_AT).unwrap_or(header));
    hasher.update(metadata);
    hasher.finalize()
}

/// The `N` bytes at `at`. All callers name places within the header.
fn field<const N: usize>(header: &[u8; HEADER_BYTES], at: usize) -> [u8; N] {
    header.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &[u8] = b"\0\0\0\0\0\0\0\x01key";

    fn header(value: &[u8]) -> Header {
        Header {
            generation: Generation::new(77).unwrap(),
            expires_at: Some(Timestamp::from_micros(0)),
            value_bytes: value.len() as u64,
            value_checksum: crc32fast::hash(value),
            blob: None,
        }
    }

    #[test]
    fn a_record_round_trips_with_all_of_its_parts() {
        let value = b"\0binary\xff";
        let metadata = Metadata::new("about it").unwrap();
        for (expires_at, blob) in [(None, None), (Some(0), None), (None, Some(0)), (Some(5), Some(77))] {
            let expires_at = expires_at.map(Timestamp::from_micros);
            let header = Header { expires_at, blob, ..header(value) };
            let bytes = encode(KEY, &header, &metadata, value);
            let record = Record::parse(KEY, &bytes).unwrap();
            assert_eq!(record, Record { header, metadata: b"about it", value });
            assert!(record.header.check_value(record.value).is_ok());
            let entry = record.entry(Bytes::from_static(value)).unwrap();
            assert_eq!((entry.metadata(), entry.expires_at()), (&metadata, expires_at));
        }
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let value = b"value";
        let good = encode(KEY, &header(value), &Metadata::new("m").unwrap(), value);
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let found = Record::parse(KEY, &bad).and_then(|record| record.header.check_value(record.value));
            assert!(found.is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_record_under_another_key_is_damage() {
        let bytes = encode(KEY, &header(b""), &Metadata::NONE, b"");
        let error = Record::parse(b"\0\0\0\0\0\0\0\x02key", &bytes).unwrap_err();
        assert!(error.to_string().contains("does not match its checksum"), "{error}");
    }

    #[test]
    fn a_checksum_can_be_carried_on_without_the_old_value() {
        let old = header(b"old");
        assert_eq!(extended_checksum(&old, b"new"), crc32fast::hash(b"oldnew"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_parsing_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = Record::parse(KEY, &bytes);
            let mut ours = bytes;
            if let Some(version) = ours.first_mut() {
                *version = VERSION;
            }
            let _ = Record::parse(KEY, &ours);
        }
    }
}
