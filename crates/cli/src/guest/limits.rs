//! How much memory a guest may have.

use std::num::NonZeroU32;

use wasmtime::ResourceLimiter;

/// Most elements of all tables of a guest: far more than functions that a program has, and 16 MiB of host memory.
const MAX_TABLE_ELEMENTS: usize = 1_000_000;

/// Refuses memory beyond a limit, and remembers that it did, so that the end of the guest can be explained.
#[derive(Debug)]
pub(super) struct MemoryLimit {
    max_bytes: usize,
    /// Of all memories together.
    used_bytes: usize,
    used_elements: usize,
    reached: bool,
}

impl MemoryLimit {
    pub(super) fn new(mebibytes: NonZeroU32) -> Self {
        let max_bytes = usize::try_from(u64::from(mebibytes.get()) * 1024 * 1024).unwrap_or(usize::MAX);
        Self { max_bytes, used_bytes: 0, used_elements: 0, reached: false }
    }

    pub(super) const fn max_mebibytes(&self) -> usize {
        self.max_bytes / (1024 * 1024)
    }

    /// Whether the guest has ever wanted more than it may have.
    pub(super) const fn was_reached(&self) -> bool {
        self.reached
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let used_bytes = self.used_bytes.saturating_add(desired.saturating_sub(current));
        if used_bytes > self.max_bytes {
            self.reached = true;
            return Ok(false);
        }
        self.used_bytes = used_bytes;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let used_elements = self.used_elements.saturating_add(desired.saturating_sub(current));
        if used_elements > MAX_TABLE_ELEMENTS {
            return Ok(false);
        }
        self.used_elements = used_elements;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;

    #[test]
    fn the_limit_is_inclusive_and_counts_all_memories() {
        let mut limit = MemoryLimit::new(NonZeroU32::new(3).unwrap());
        assert!(limit.memory_growing(0, MIB, None).unwrap());
        assert!(limit.memory_growing(0, MIB, None).unwrap(), "another memory");
        assert!(limit.memory_growing(MIB, 2 * MIB, None).unwrap());
        assert!(!limit.was_reached());
        assert!(!limit.memory_growing(2 * MIB, 2 * MIB + 65_536, None).unwrap());
        assert!(limit.was_reached());
        assert!(limit.memory_growing(MIB, MIB, None).unwrap(), "growing by nothing");
    }

    #[test]
    fn tables_have_a_limit_too() {
        let mut limit = MemoryLimit::new(NonZeroU32::MIN);
        assert!(limit.table_growing(0, 1_000_000, None).unwrap());
        assert!(!limit.table_growing(1_000_000, 1_000_001, None).unwrap());
    }
}
