//! Every engine of this crate against the conformance suite.

#![allow(clippy::unwrap_used, reason = "a fixture that cannot be made is a failed test")]

use std::sync::Arc;

use edgekv_store::conformance::{Fixture, suite};
use edgekv_store::{CacheLimits, CachedEngine, Engine, ManualClock, MemoryEngine, RedbEngine};
use tempfile::TempDir;

struct Memory;

impl Fixture for Memory {
    fn open(&self) -> Arc<dyn Engine> {
        Arc::new(MemoryEngine::new())
    }
}

struct Redb(TempDir);

impl Redb {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }
}

impl Fixture for Redb {
    fn open(&self) -> Arc<dyn Engine> {
        Arc::new(RedbEngine::open(self.0.path().join("data.redb")).unwrap())
    }

    fn durable(&self) -> bool {
        true
    }
}

/// Another fixture, with a cache of so many bytes in front of it. Its clock stands still, so by it nothing ever expires; what
/// has expired by the clock of the suite is for those who look it up to tell.
struct Cached<F>(F, u64);

impl<F: Fixture> Fixture for Cached<F> {
    fn open(&self) -> Arc<dyn Engine> {
        let limits = CacheLimits { max_bytes: self.1, freshness: None };
        Arc::new(CachedEngine::new(self.0.open(), limits, Arc::new(ManualClock::default())))
    }

    fn durable(&self) -> bool {
        self.0.durable()
    }
}

/// Room for everything that the suite writes.
const LARGE: u64 = 1 << 30;
/// Room for a few entries, so that something always has to go.
const SMALL: u64 = 4_000;

mod cached_memory {
    super::suite!(super::Cached(super::Memory, super::LARGE));
}

mod cached_redb {
    super::suite!(super::Cached(super::Redb::new(), super::LARGE));
}

mod small_cache {
    super::suite!(super::Cached(super::Memory, super::SMALL));
}

mod small_cache_on_redb {
    super::suite!(super::Cached(super::Redb::new(), super::SMALL));
}

mod memory {
    super::suite!(super::Memory);
}

mod redb {
    super::suite!(super::Redb::new());
}
