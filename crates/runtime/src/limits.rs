//! How much memory a guest may have.

use std::num::NonZeroU32;

use wasmtime::ResourceLimiter;

/// Most elements of all tables of a guest: far more than functions that a program has, and 16 MiB of host memory.
const MAX_TABLE_ELEMENTS: usize = 1_000_000;

/// Refuses memory beyond a limit, and remembers that it did, so that the end of the guest can be explained.
#[derive(Debug)]
pub(crate) struct MemoryLimit {
    /// Of all memories together.
    bytes: Account,
    /// Of all tables together.
    elements: Account,
    reached: bool,
}

/// What is used of a limit.
#[derive(Debug)]
struct Account {
    max: usize,
    used: usize,
    /// The most that was ever used.
    most: usize,
    /// What the last growth has added, for as long as it may still fail.
    last: usize,
}

impl Account {
    const fn new(max: usize) -> Self {
        Self { max, used: 0, most: 0, last: 0 }
    }

    /// Charges a growth, and says whether there was room for it.
    const fn charge(&mut self, current: usize, desired: usize) -> bool {
        let used = self.used.saturating_add(desired.saturating_sub(current));
        if used > self.max {
            self.last = 0;
            return false;
        }
        self.last = used - self.used;
        self.used = used;
        if used > self.most {
            self.most = used;
        }
        true
    }

    /// The growth that was charged last did not happen.
    const fn undo(&mut self) {
        self.used -= self.last;
        self.last = 0;
    }
}

impl MemoryLimit {
    pub(crate) fn new(mebibytes: NonZeroU32) -> Self {
        let max_bytes = usize::try_from(u64::from(mebibytes.get()) * 1024 * 1024).unwrap_or(usize::MAX);
        let elements = Account::new(MAX_TABLE_ELEMENTS);
        Self { bytes: Account::new(max_bytes), elements, reached: false }
    }

    pub(crate) const fn max_mebibytes(&self) -> usize {
        self.bytes.max / (1024 * 1024)
    }

    /// The most bytes that the guest has had at a time.
    pub(crate) const fn most_bytes(&self) -> usize {
        self.bytes.most
    }

    /// Whether the guest has ever wanted more than it may have.
    pub(crate) const fn was_reached(&self) -> bool {
        self.reached
    }
}

/// Whether the module itself rules the growth out. It is refused then, and nobody's limit was reached.
fn is_beyond_own_maximum(desired: usize, maximum: Option<usize>) -> bool {
    maximum.is_some_and(|maximum| desired > maximum)
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if is_beyond_own_maximum(desired, maximum) {
            return Ok(false);
        }
        let has_room = self.bytes.charge(current, desired);
        self.reached |= !has_room;
        Ok(has_room)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        tracing::debug!("memory of the guest did not grow: {error:#}");
        self.bytes.undo();
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(!is_beyond_own_maximum(desired, maximum) && self.elements.charge(current, desired))
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        tracing::debug!("a table of the guest did not grow: {error:#}");
        self.elements.undo();
        Ok(())
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
        assert_eq!(limit.most_bytes(), 3 * MIB);
    }

    #[test]
    fn tables_have_a_limit_too() {
        let mut limit = MemoryLimit::new(NonZeroU32::MIN);
        assert!(limit.table_growing(0, 1_000_000, None).unwrap());
        assert!(!limit.table_growing(1_000_000, 1_000_001, None).unwrap());
    }

    #[test]
    fn a_growth_that_did_not_happen_is_not_charged() {
        let mut limit = MemoryLimit::new(NonZeroU32::new(2).unwrap());
        assert!(limit.memory_growing(0, MIB, Some(MIB)).unwrap());
        assert!(!limit.memory_growing(MIB, MIB + 1, Some(MIB)).unwrap(), "the module's own maximum");
        assert!(!limit.was_reached());
        assert!(limit.memory_growing(0, MIB, None).unwrap());
        for _ in 0..2 {
            // The system has no memory; saying so twice changes nothing.
            limit.memory_grow_failed(wasmtime::Error::msg("no memory")).unwrap();
        }
        assert!(limit.memory_growing(0, MIB, None).unwrap());
        assert!(!limit.memory_growing(0, 1, None).unwrap(), "all is used");
        limit.memory_grow_failed(wasmtime::Error::msg("not this one")).unwrap();
        assert!(!limit.memory_growing(0, 1, None).unwrap(), "a refusal has nothing to undo");
    }
}
