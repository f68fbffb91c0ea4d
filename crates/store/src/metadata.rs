//! The small block of bytes that is kept beside a value.

use bytes::Bytes;
use thiserror::Error;

use crate::limits::MAX_METADATA_BYTES;

/// Metadata of an entry: any bytes, at most 2,000 ([`MAX_METADATA_BYTES`]). Empty is the same as none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata(Bytes);

impl Metadata {
    /// No metadata.
    pub const NONE: Self = Self(Bytes::new());

    /// Checks the length of `bytes`.
    ///
    /// # Errors
    ///
    /// There are too many.
    pub fn new(bytes: impl Into<Bytes>) -> Result<Self, MetadataError> {
        let bytes = bytes.into();
        if bytes.len() > MAX_METADATA_BYTES {
            return Err(MetadataError { bytes: bytes.len() });
        }
        Ok(Self(bytes))
    }

    /// Copies `bytes`, after checking their length.
    ///
    /// # Errors
    ///
    /// There are too many.
    pub fn copy_from(bytes: &[u8]) -> Result<Self, MetadataError> {
        if bytes.len() > MAX_METADATA_BYTES {
            return Err(MetadataError { bytes: bytes.len() });
        }
        Ok(Self(Bytes::copy_from_slice(bytes)))
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &Bytes {
        &self.0
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The metadata are too long.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("metadata is {bytes} bytes; the limit is {MAX_METADATA_BYTES}")]
pub struct MetadataError {
    /// Their length.
    pub bytes: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_thousand_bytes_pass_and_one_more_does_not() {
        assert_eq!(Metadata::new(vec![0xff; 2000]).unwrap().as_bytes().len(), 2000);
        assert_eq!(Metadata::new(vec![0; 2001]), Err(MetadataError { bytes: 2001 }));
        assert_eq!(Metadata::new(Vec::new()).unwrap(), Metadata::NONE);
    }
}
