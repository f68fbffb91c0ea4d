//! Every engine of this crate against the conformance suite.

#![allow(clippy::unwrap_used, reason = "a fixture that cannot be made is a failed test")]

use std::sync::Arc;

use edgekv_store::conformance::{Fixture, suite};
use edgekv_store::{Engine, MemoryEngine, RedbEngine};
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

mod memory {
    super::suite!(super::Memory);
}

mod redb {
    super::suite!(super::Redb::new());
}
