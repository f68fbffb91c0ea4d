//! Every engine of this crate against the conformance suite.

#![allow(clippy::unwrap_used, reason = "a fixture that cannot be made is a failed test")]

use std::sync::Arc;

use edgekv_store::conformance::{Fixture, suite};
use edgekv_store::{CacheLimits, CachedEngine, Engine, ManualClock, MemoryEngine, RedbEngine, StoresBuilder};
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

/// Another fixture, with a cache of so many bytes in front of it, as everybody has it: by the clock of the stores, and with
/// what is asked of the engine itself past the cache.
struct Cached<F>(F, u64);

impl<F: Fixture> Fixture for Cached<F> {
    fn open(&self) -> Arc<dyn Engine> {
        self.0.open()
    }

    fn stores(&self, stores: StoresBuilder) -> StoresBuilder {
        stores.cache(CacheLimits { max_bytes: self.1, freshness: None })
    }

    fn durable(&self) -> bool {
        self.0.durable()
    }
}

/// The cached engine as an engine, whose clock stands still, so that nothing expires by it.
struct ByHand;

impl Fixture for ByHand {
    fn open(&self) -> Arc<dyn Engine> {
        let limits = CacheLimits { max_bytes: LARGE, freshness: None };
        Arc::new(CachedEngine::new(Memory.open(), limits, Arc::new(ManualClock::default())))
    }
}

/// Room for everything that the suite writes.
const LARGE: u64 = 1 << 30;
/// Room for a few entries, so that something always has to go.
const SMALL: u64 = 4_000;

mod cached_memory {
    super::suite!(super::Cached(super::Memory, super::LARGE));
}

mod cached_engine {
    super::suite!(super::ByHand);
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
