//! Places for instances that are set up in advance: how many of what there is room for.
//!
//! A core module needs one memory. A component has a memory for each of its layers, and one more where a legacy program was made a
//! component; beside its programs, each layer has small modules that connect them, with a table each. So that all instances that a
//! server may have at a time find room, whatever they are made of, there is room for [`MEMORIES`] memories for each of them, as far as
//! the address space goes. That is all that a place costs before it is used.

use std::num::NonZeroU32;

use wasmtime::{Enabled, PoolingAllocationConfig};

use crate::runtime::MEMORY_RESERVATION_BYTES;

/// Memories that a component may have in a pool: those of a legacy program, and of 14 layers.
const MEMORIES: u32 = 16;

/// Tables that a component may have in a pool: for each memory that of its program, and one of what connects it.
const TABLES: u32 = 2 * MEMORIES;

/// Core instances that a component may have in a pool: for each memory its program and what connects it.
const CORE_INSTANCES: u32 = 4 * MEMORIES;

/// Tables that a pooled core module may have. Compilers make one, or two for references.
const TABLES_OF_MODULE: u32 = 4;

/// Most memories of all components in a pool. Each takes 4 GiB and 32 MiB of address space, so these are 95 of the 128 TiB that a
/// process has on most machines.
const MAX_MEMORIES: u32 = 24_000;

/// Most tables of all components in a pool. Each takes 400 KB of address space, and some bytes for its place.
const MAX_TABLES: u32 = 64 * 1024;

/// Functions and other items that a pooled table may have: engines of JavaScript need about 20,000.
const TABLE_ELEMENTS: usize = 50_000;

/// Host memory for the structure of one pooled instance, and of one component.
const INSTANCE_BYTES: usize = 1024 * 1024;

/// Memory that stays with a free place in the pool, so that a small guest finds its pages there: as much is cleared by
/// writing zeros, and given back to the system beyond that.
const RESIDENT_BYTES: usize = 512 * 1024;

/// The same for a table.
const RESIDENT_TABLE_BYTES: usize = 64 * 1024;

/// Places for instances that are set up in advance, for servers: to take one and to give it back is then cheap.
#[derive(Debug, Clone, Copy)]
pub struct Pool {
    /// Most instances at a time. Each takes 4 GiB of address space for each of its memories, and memory only when it is used.
    pub instances: NonZeroU32,
}

/// What a pool has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    instances: u32,
    memories: u32,
    tables: u32,
}

impl Room {
    /// For instances of components of up to [`MEMORIES`] memories, as far as the address space goes; never for fewer core modules.
    pub(crate) fn for_components(pool: Pool) -> Self {
        let modules = Self::for_modules(pool);
        let instances = modules.instances;
        Self {
            instances,
            memories: instances.saturating_mul(MEMORIES).min(MAX_MEMORIES).max(modules.memories),
            tables: instances.saturating_mul(TABLES).min(MAX_TABLES).max(modules.tables),
        }
    }

    /// For instances of core modules, and of fewer components.
    pub(crate) fn for_modules(pool: Pool) -> Self {
        let instances = pool.instances.get();
        Self { instances, memories: instances, tables: instances.saturating_mul(TABLES_OF_MODULE) }
    }

    /// Instances with so many memories, or with so many tables, that fit at a time, where those are fewer than the pool was made for.
    pub(crate) fn is_short_for(self, memories: u32, tables: u32) -> Option<u32> {
        let fit = (self.memories / memories.max(1)).min(self.tables / tables.max(1));
        (fit < self.instances).then_some(fit)
    }

    pub(crate) fn instances(self) -> u32 {
        self.instances
    }

    pub(crate) fn settings(self) -> PoolingAllocationConfig {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_core_instances(self.instances.saturating_mul(CORE_INSTANCES))
            .total_component_instances(self.instances)
            .total_memories(self.memories)
            .total_tables(self.tables)
            .total_stacks(self.instances)
            .max_core_instances_per_component(CORE_INSTANCES)
            .max_memories_per_component(MEMORIES)
            .max_tables_per_component(TABLES)
            .max_component_instance_size(INSTANCE_BYTES)
            .max_memories_per_module(1)
            .max_tables_per_module(TABLES_OF_MODULE)
            // The limit of an instance is that of its store; a place has room for any.
            .max_memory_size(usize::try_from(MEMORY_RESERVATION_BYTES).unwrap_or(usize::MAX))
            .table_elements(TABLE_ELEMENTS)
            .max_core_instance_size(INSTANCE_BYTES)
            .linear_memory_keep_resident(RESIDENT_BYTES)
            .table_keep_resident(RESIDENT_TABLE_BYTES)
            .pagemap_scan(Enabled::Auto);
        pool
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::MEMORY_GUARD_BYTES;

    fn room(instances: u32) -> Room {
        Room::for_components(Pool { instances: NonZeroU32::new(instances).unwrap() })
    }

    #[test]
    fn a_pool_of_the_usual_size_has_room_for_as_many_components_of_any_make() {
        for instances in [1, 256, 1_500] {
            assert_eq!(room(instances).is_short_for(MEMORIES, TABLES), None, "{instances}");
        }
        assert_eq!(room(10_000).is_short_for(1, 4), None, "core modules always fit");
        assert_eq!(room(10_000).is_short_for(4, 8), Some(6_000));
        assert_eq!(room(256).is_short_for(2 * MEMORIES, 1), Some(128));
    }

    #[test]
    fn the_largest_pool_fits_the_address_space_of_47_bits_with_a_quarter_left() {
        let bytes = |room: Room| u64::from(room.memories) * (MEMORY_RESERVATION_BYTES + MEMORY_GUARD_BYTES);
        for instances in [1, 256, 1_500, 10_000] {
            assert!(bytes(room(instances)) <= (1 << 47) / 4 * 3, "{instances}");
        }
        let modules = Room::for_modules(Pool { instances: NonZeroU32::new(10_000).unwrap() });
        assert!(bytes(modules) < bytes(room(10_000)));
    }
}
