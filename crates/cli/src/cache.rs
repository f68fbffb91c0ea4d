//! The size of the edge cache.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use edgekv_store::CacheLimits;
use thiserror::Error;

/// What `--cache` understands: MiB, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CacheSize(Option<NonZeroU32>);

/// Largest size, in MiB, inclusive: 1 TiB. More is a slip of the finger.
const MAX_MEBIBYTES: u32 = 1024 * 1024;

impl CacheSize {
    /// The limits of the cache, if there is to be one. Its engines are written to by this process only, so what is kept
    /// never gets too old.
    pub(crate) fn limits(self) -> Option<CacheLimits> {
        self.0.map(|mebibytes| CacheLimits { max_bytes: u64::from(mebibytes.get()) << 20, freshness: None })
    }
}

impl FromStr for CacheSize {
    type Err = CacheSizeError;

    fn from_str(text: &str) -> Result<Self, CacheSizeError> {
        if text == "none" {
            return Ok(Self(None));
        }
        match text.parse() {
            Ok(0) => Err(CacheSizeError::Zero),
            Ok(mebibytes) if mebibytes <= MAX_MEBIBYTES => Ok(Self(NonZeroU32::new(mebibytes))),
            _ => Err(CacheSizeError::NoNumber),
        }
    }
}

impl fmt::Display for CacheSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(mebibytes) => mebibytes.fmt(f),
            None => f.write_str("none"),
        }
    }
}

/// Why a text is not a size. The text itself is in the message of whoever parsed it.
#[derive(Debug, PartialEq, Eq, Error)]
pub(crate) enum CacheSizeError {
    #[error("a cache of nothing is no cache; use `none`")]
    Zero,
    #[error("write a number of MiB from 1 to {MAX_MEBIBYTES}, or `none`")]
    NoNumber,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_parsed_and_printed_the_same() {
        for (text, max_bytes) in [("none", None), ("1", Some(1 << 20)), ("1048576", Some(1 << 40))] {
            let size: CacheSize = text.parse().unwrap();
            assert_eq!(size.limits().map(|limits| limits.max_bytes), max_bytes);
            assert_eq!(size.to_string(), text);
        }
    }

    #[test]
    fn what_is_not_a_size_says_why() {
        assert_eq!("0".parse::<CacheSize>(), Err(CacheSizeError::Zero));
        for text in ["", "-1", "1048577", "64M", "0x10", "1.5", "None", "99999999999999999999"] {
            assert_eq!(text.parse::<CacheSize>(), Err(CacheSizeError::NoNumber), "{text}");
        }
    }
}
