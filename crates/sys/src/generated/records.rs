// @generated from witx/ by `cargo xtask codegen`; do not edit.

//! Records that guests pass by address, and their layout.

use core::mem::offset_of;

use super::{KvInsertMode, KvListMode};

/// How a response may be cached.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CacheOverride {
    /// Seconds for which it is fresh.
    pub ttl: u32,
    /// Seconds for which it may be used while it is fetched again.
    pub stale_while_revalidate: u32,
    /// Names to purge it by, separated by spaces.
    pub surrogate_keys: *const u8,
    /// Length of `surrogate_keys` in bytes.
    pub surrogate_keys_len: usize,
    /// Milliseconds to wait for the cache.
    pub lookup_timeout_ms: u32,
}

impl CacheOverride {
    /// Nothing set: numbers are 0, pointers null, handles invalid.
    pub const EMPTY: Self = Self {
        ttl: 0,
        stale_while_revalidate: 0,
        surrogate_keys: core::ptr::null(),
        surrogate_keys_len: 0,
        lookup_timeout_ms: 0,
    };
}

#[cfg(target_arch = "wasm32")]
const _: () = {
    assert!(size_of::<CacheOverride>() == 20);
    assert!(align_of::<CacheOverride>() == 4);
    assert!(offset_of!(CacheOverride, ttl) == 0);
    assert!(offset_of!(CacheOverride, stale_while_revalidate) == 4);
    assert!(offset_of!(CacheOverride, surrogate_keys) == 8);
    assert!(offset_of!(CacheOverride, surrogate_keys_len) == 12);
    assert!(offset_of!(CacheOverride, lookup_timeout_ms) == 16);
};

/// How another request is asked for.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct NextRequestOptions {
    /// Milliseconds to wait for it.
    pub timeout_ms: u64,
}

impl NextRequestOptions {
    /// Nothing set: numbers are 0, pointers null, handles invalid.
    pub const EMPTY: Self = Self { timeout_ms: 0 };
}

#[cfg(any(target_arch = "wasm32", target_pointer_width = "64"))]
const _: () = {
    assert!(size_of::<NextRequestOptions>() == 8);
    assert!(align_of::<NextRequestOptions>() == 8);
    assert!(offset_of!(NextRequestOptions, timeout_ms) == 0);
};

/// Why sending a request failed. Hosts leave it alone: guests exist that pass a shorter record.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SendErrorDetail {
    /// 0, nothing has been stored here yet.
    pub tag: u32,
    /// Which of the fields are set.
    pub mask: u32,
    /// Response code of the DNS server.
    pub dns_error_rcode: u16,
    /// Info code of the DNS server.
    pub dns_error_info_code: u16,
    /// TLS alert of the backend.
    pub tls_alert_id: u8,
    /// HTTP/2 frame that failed.
    pub h2_error_frame: u8,
    /// HTTP/2 error.
    pub h2_error_code: u32,
}

impl SendErrorDetail {
    /// Nothing set: numbers are 0, pointers null, handles invalid.
    pub const EMPTY: Self = Self {
        tag: 0,
        mask: 0,
        dns_error_rcode: 0,
        dns_error_info_code: 0,
        tls_alert_id: 0,
        h2_error_frame: 0,
        h2_error_code: 0,
    };
}

#[cfg(any(target_arch = "wasm32", target_pointer_width = "64"))]
const _: () = {
    assert!(size_of::<SendErrorDetail>() == 20);
    assert!(align_of::<SendErrorDetail>() == 4);
    assert!(offset_of!(SendErrorDetail, tag) == 0);
    assert!(offset_of!(SendErrorDetail, mask) == 4);
    assert!(offset_of!(SendErrorDetail, dns_error_rcode) == 8);
    assert!(offset_of!(SendErrorDetail, dns_error_info_code) == 10);
    assert!(offset_of!(SendErrorDetail, tls_alert_id) == 12);
    assert!(offset_of!(SendErrorDetail, h2_error_frame) == 13);
    assert!(offset_of!(SendErrorDetail, h2_error_code) == 16);
};

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
