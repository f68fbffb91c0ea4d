// @generated from witx/ by `cargo xtask codegen`; do not edit.

//! Masks: which fields of a record are set.

bitflags::bitflags! {
    /// Encodings of a body that can be undone.
    #[repr(transparent)]
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct ContentEncodings: u32 {
        /// gzip.
        const GZIP = 1 << 0;
    }

    /// What is set of `cache_override`.
    #[repr(transparent)]
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct CacheOverrideTag: u32 {
        /// Do not cache.
        const PASS = 1 << 0;
        /// `ttl` is set.
        const TTL = 1 << 1;
        /// `stale_while_revalidate` is set.
        const STALE_WHILE_REVALIDATE = 1 << 2;
        /// The response is subject to PCI rules.
        const PCI = 1 << 3;
        /// `lookup_timeout_ms` is set.
        const LOOKUP_TIMEOUT = 1 << 4;
    }

    /// What is set of `next_request_options`.
    #[repr(transparent)]
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct NextRequestOptionsOptions: u32 {
        /// Ignored.
        const RESERVED = 1 << 0;
        /// `timeout_ms` is set.
        const TIMEOUT = 1 << 1;
    }

    /// Options of a lookup that are set. A set bit says that the field of
    /// `kv_lookup_config` with the same name is meant.
    #[repr(transparent)]
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct KvLookupConfigOptions: u32 {
        /// Ignored.
        const RESERVED = 1 << 0;
    }

    /// Options of a delete that are set.
    #[repr(transparent)]
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct KvDeleteConfigOptions: u32 {
        /// Ignored.
        const RESERVED = 1 << 0;
        /// The record is a `kv_delete_config_v2`, and its generation is a condition.
        const IF_GENERATION_MATCH = 1 << 1;
    }

    /// Options of an insert that are set. `mode` has no bit: it is always read.
    #[repr(transparent)]
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct KvInsertConfigOptions: u32 {
        /// Ignored.
        const RESERVED = 1 << 0;
        /// Readers may see the old value for a while. Has no field.
        const BACKGROUND_FETCH = 1 << 1;
        /// Ignored: was a 32-bit generation once.
        const RESERVED_2 = 1 << 2;
        /// `metadata` and `metadata_len` are set.
        const METADATA = 1 << 3;
        /// `time_to_live_sec` is set.
        const TIME_TO_LIVE_SEC = 1 << 4;
        /// `if_generation_match` is set.
        const IF_GENERATION_MATCH = 1 << 5;
    }

    /// Options of a list that are set. `mode` has no bit: it is always read.
    #[repr(transparent)]
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct KvListConfigOptions: u32 {
        /// Ignored.
        const RESERVED = 1 << 0;
        /// `cursor` and `cursor_len` are set.
        const CURSOR = 1 << 1;
        /// `limit` is set.
        const LIMIT = 1 << 2;
        /// `prefix` and `prefix_len` are set.
        const PREFIX = 1 << 3;
    }
}
