//! The stores of this instance.

use std::num::NonZeroU32;
use std::sync::OnceLock;
use std::time::Duration;

use edgekv_store::{CacheLimits, KvError, Limits, Stores, limits};

use crate::bindings::edgekv::platform::origin;
use crate::engine::OriginEngine;
use crate::imports::{Host, OriginClock};

/// What an instance that lives for one request may keep of what it has read.
const CACHE: CacheLimits =
    CacheLimits { max_bytes: 4 * 1024 * 1024, freshness: Some(Duration::from_secs(1)) };

/// The stores, made when they are asked for first.
pub(crate) fn stores() -> Result<&'static Stores, KvError> {
    static STORES: OnceLock<Result<Stores, KvError>> = OnceLock::new();
    STORES.get_or_init(make).as_ref().map_err(Clone::clone)
}

fn make() -> Result<Stores, KvError> {
    #[cfg(feature = "faults")]
    crate::faults::keep_secret();
    let origin::Limits { max_value_bytes, max_list_limit } = origin::get_limits();
    let limits = Limits {
        max_value_bytes,
        max_list_limit: NonZeroU32::new(max_list_limit).unwrap_or(limits::MAX_LIST_LIMIT),
        writes_per_second: None,
    };
    Stores::builder(OriginEngine::new(Host)).clock(OriginClock).limits(limits).cache(CACHE).build()
}
