//! What is kept under a key.

use bytes::Bytes;

use crate::clock::Timestamp;
use crate::generation::Generation;
use crate::metadata::Metadata;

/// A value with its metadata, generation and expiry. Cloning it copies pointers, not the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    value: Bytes,
    metadata: Metadata,
    generation: Generation,
    expires_at: Option<Timestamp>,
}

impl Entry {
    /// An entry as an engine has read it, or is about to keep it.
    #[must_use]
    pub const fn new(
        value: Bytes,
        metadata: Metadata,
        generation: Generation,
        expires_at: Option<Timestamp>,
    ) -> Self {
        Self { value, metadata, generation, expires_at }
    }

    /// The value.
    #[must_use]
    pub const fn value(&self) -> &Bytes {
        &self.value
    }

    /// The value, taken out.
    #[must_use]
    pub fn into_value(self) -> Bytes {
        self.value
    }

    /// The metadata; empty when there are none.
    #[must_use]
    pub const fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The generation.
    #[must_use]
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// From when on the entry counts as missing; `None` is never.
    #[must_use]
    pub const fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// What rules about writes need to know of this entry.
    #[must_use]
    pub const fn existing(&self) -> Existing {
        Existing {
            generation: self.generation,
            expires_at: self.expires_at,
            value_bytes: self.value.len() as u64,
        }
    }
}

/// The answer to a lookup, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What is under the key; `None` when there is nothing.
    pub entry: Option<Entry>,
    /// Where this was read.
    pub source: Source,
}

/// Where an answer was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// From memory: a HIT. That a key is absent can be one as well.
    Cache,
    /// From the engine, or together with somebody who was reading the same from there already: a MISS.
    Engine,
}

/// What rules about writes need to know of an entry that is there: not its value, so that an engine need not
/// read 25 MiB to replace them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Existing {
    /// Its generation.
    pub generation: Generation,
    /// From when on it counts as missing; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// Length of its value in bytes.
    pub value_bytes: u64,
}

impl Existing {
    /// Whether the entry has not expired at `now`. At its very expiry it has.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}
