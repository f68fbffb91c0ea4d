// @generated from witx/ by `cargo xtask codegen`; do not edit.

//! Handles: numbers that name objects of the host.

/// A body: bytes to read, bytes to write, and trailers.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BodyHandle(pub u32);

impl BodyHandle {
    /// Names no object; what a guest stores before a call that gives a handle.
    pub const INVALID: Self = Self(0xFFFF_FFFE);
}

/// A key-value store that has been opened.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KvStoreHandle(pub u32);

impl KvStoreHandle {
    /// Names no object; what a guest stores before a call that gives a handle.
    pub const INVALID: Self = Self(0xFFFF_FFFE);
}

/// A lookup that has been started.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KvStoreLookupHandle(pub u32);

impl KvStoreLookupHandle {
    /// Names no object; what a guest stores before a call that gives a handle.
    pub const INVALID: Self = Self(0xFFFF_FFFE);
}

/// An insert that has been started.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KvStoreInsertHandle(pub u32);

impl KvStoreInsertHandle {
    /// Names no object; what a guest stores before a call that gives a handle.
    pub const INVALID: Self = Self(0xFFFF_FFFE);
}

/// A delete that has been started.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KvStoreDeleteHandle(pub u32);

impl KvStoreDeleteHandle {
    /// Names no object; what a guest stores before a call that gives a handle.
    pub const INVALID: Self = Self(0xFFFF_FFFE);
}

/// A list that has been started.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KvStoreListHandle(pub u32);

impl KvStoreListHandle {
    /// Names no object; what a guest stores before a call that gives a handle.
    pub const INVALID: Self = Self(0xFFFF_FFFE);
}
