//! Every number that bounds something, with its unit, where it comes from, and what exceeding it means.

use std::num::NonZeroU32;

/// Longest key, in bytes of UTF-8, inclusive. Published limit of the interface; a longer key is a
/// [`KeyError::TooLong`](crate::KeyError::TooLong).
pub const MAX_KEY_BYTES: usize = 1024;

/// Longest metadata of an entry, in bytes, inclusive. Published limit, and the size of the buffer that guests
/// offer; more is a [`MetadataError`](crate::MetadataError).
pub const MAX_METADATA_BYTES: usize = 2000;

/// Longest store name, in characters, inclusive. What the SDKs of the interface check.
pub const MAX_STORE_NAME_CHARS: usize = 255;

/// Default of the largest value, in bytes (25 MiB), inclusive. The published default is "25 MB"; a larger value is
/// a [`KvError::PayloadTooLarge`](crate::KvError::PayloadTooLarge).
pub const DEFAULT_MAX_VALUE_BYTES: u64 = 25 * 1024 * 1024;

/// Keys in a list page when the request does not say, and the most that a page holds. The interface publishes
/// no maximum; its SDKs ask for 1,000 at a time. Larger requests are cut to it, and the page says so.
pub const MAX_LIST_LIMIT: NonZeroU32 = NonZeroU32::new(1000).unwrap();

/// Largest generation, exclusive: 2^53, up to where every integer is exact in a double, which is what
/// JavaScript guests keep it in.
pub const GENERATION_END: u64 = 1 << 53;

/// Limits that whoever opens the stores may choose.
///
/// ```
/// use edgekv_store::{Limits, limits};
///
/// let limits = Limits { max_value_bytes: 100 * 1024 * 1024, ..Limits::default() };
/// assert_eq!(limits.max_list_limit, limits::MAX_LIST_LIMIT);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest value in bytes, inclusive; for append and prepend it applies to the result.
    pub max_value_bytes: u64,
    /// Most keys in one list page; larger requests are cut to it.
    pub max_list_limit: NonZeroU32,
    /// Writes and deletes per second and store, with bursts of the same size. More are answered with
    /// [`KvError::TooManyRequests`](crate::KvError::TooManyRequests). `None`, the default, is no limit.
    pub writes_per_second: Option<NonZeroU32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_value_bytes: DEFAULT_MAX_VALUE_BYTES,
            max_list_limit: MAX_LIST_LIMIT,
            writes_per_second: None,
        }
    }
}
