// @generated from witx/ by `cargo xtask codegen`; do not edit.

//! Records that guests pass by address, and their layout.

use core::mem::offset_of;

use super::{KvInsertMode, KvListMode};

/// Options of a lookup.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct KvLookupConfig {
    /// Ignored.
    pub reserved: u32,
}

impl KvLookupConfig {
    /// Nothing set: numbers are 0, pointers null, handles invalid.
    pub const EMPTY: Self = Self { reserved: 0 };
}

#[cfg(any(target_arch = "wasm32", target_pointer_width = "64"))]
const _: () = {
    assert!(size_of::<KvLookupConfig>() == 4);
    assert!(align_of::<KvLookupConfig>() == 4);
    assert!(offset_of!(KvLookupConfig, reserved) == 0);
};

/// Options of a delete, as guests have always passed them.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct KvDeleteConfig {
    /// Ignored.
    pub reserved: u32,
}

impl KvDeleteConfig {
    /// Nothing set: numbers are 0, pointers null, handles invalid.
    pub const EMPTY: Self = Self { reserved: 0 };
}

#[cfg(any(target_arch = "wasm32", target_pointer_width = "64"))]
const _: () = {
    assert!(size_of::<KvDeleteConfig>() == 4);
    assert!(align_of::<KvDeleteConfig>() == 4);
    assert!(offset_of!(KvDeleteConfig, reserved) == 0);
};

/// Options of a delete with a condition. A host reads more than the first field
/// only when `if_generation_match` is set in the mask.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct KvDeleteConfigV2 {
    /// Ignored.
    pub reserved: u32,
    /// Delete only if the entry has this generation.
    pub if_generation_match: u64,
}

impl KvDeleteConfigV2 {
    /// Nothing set: numbers are 0, pointers null, handles invalid.
    pub const EMPTY: Self = Self { reserved: 0, if_generation_match: 0 };
}

#[cfg(any(target_arch = "wasm32", target_pointer_width = "64"))]
const _: () = {
    assert!(size_of::<KvDeleteConfigV2>() == 16);
    assert!(align_of::<KvDeleteConfigV2>() == 8);
    assert!(offset_of!(KvDeleteConfigV2, reserved) == 0);
    assert!(offset_of!(KvDeleteConfigV2, if_generation_match) == 8);
};

/// Options of an insert.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct KvInsertConfig {
    /// Always read, whatever the mask says.
    pub mode: KvInsertMode,
    /// Ignored.
    pub unused: u32,
    /// At most 2,000 bytes that are kept with the value.
    pub metadata: *const u8,
    /// Length of `metadata` in bytes.
    pub metadata_len: usize,
    /// Lifetime in seconds from the write; 0 is "already expired".
    pub time_to_live_sec: u32,
    /// Write only if the entry has this generation.
    pub if_generation_match: u64,
}

impl KvInsertConfig {
    /// Nothing set: numbers are 0, pointers null, handles invalid.
    pub const EMPTY: Self = Self {
        mode: KvInsertMode(0),
        unused: 0,
        metadata: core::ptr::null(),
        metadata_len: 0,
        time_to_live_sec: 0,
        if_generation_match: 0,
    };
}

#[cfg(target_arch = "wasm32")]
const _: () = {
    assert!(size_of::<KvInsertConfig>() == 32);
    assert!(align_of::<KvInsertConfig>() == 8);
    assert!(offset_of!(KvInsertConfig, mode) == 0);
    assert!(offset_of!(KvInsertConfig, unused) == 4);
    assert!(offset_of!(KvInsertConfig, metadata) == 8);
    assert!(offset_of!(KvInsertConfig, metadata_len) == 12);
    assert!(offset_of!(KvInsertConfig, time_to_live_sec) == 16);
    assert!(offset_of!(KvInsertConfig, if_generation_match) == 24);
};

/// Options of a list.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct KvListConfig {
    /// Always read, whatever the mask says.
    pub mode: KvListMode,
    /// Where the last page ended: the text that page's `next_cursor` gave.
    pub cursor: *const u8,
    /// Length of `cursor` in bytes.
    pub cursor_len: usize,
    /// The most keys that a page holds.
    pub limit: u32,
    /// Only keys that begin so.
    pub prefix: *const u8,
    /// Length of `prefix` in bytes.
    pub prefix_len: usize,
}

impl KvListConfig {
    /// Nothing set: numbers are 0, pointers null, handles invalid.
    pub const EMPTY: Self = Self {
        mode: KvListMode(0),
        cursor: core::ptr::null(),
        cursor_len: 0,
        limit: 0,
        prefix: core::ptr::null(),
        prefix_len: 0,
    };
}

#[cfg(target_arch = "wasm32")]
const _: () = {
    assert!(size_of::<KvListConfig>() == 24);
    assert!(align_of::<KvListConfig>() == 4);
    assert!(offset_of!(KvListConfig, mode) == 0);
    assert!(offset_of!(KvListConfig, cursor) == 4);
    assert!(offset_of!(KvListConfig, cursor_len) == 8);
    assert!(offset_of!(KvListConfig, limit) == 12);
    assert!(offset_of!(KvListConfig, prefix) == 16);
    assert!(offset_of!(KvListConfig, prefix_len) == 20);
};
