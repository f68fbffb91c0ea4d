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

/// A request.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestHandle(pub u32);

impl RequestHandle {
    /// Names no object; what a guest stores before a call that gives a handle.
    pub const INVALID: Self = Self(0xFFFF_FFFE);
}

/// A response.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResponseHandle(pub u32);

impl ResponseHandle {
    /// Names no object; what a guest stores before a call that gives a handle.
    pub const INVALID: Self = Self(0xFFFF_FFFE);
}

/// A request that is on its way to a backend.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PendingRequestHandle(pub u32);

impl PendingRequestHandle {
    /// Names no object; what a guest stores before a call that gives a handle.
    pub const INVALID: Self = Self(0xFFFF_FFFE);
}

/// Another request of a client that the instance has asked for.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestPromiseHandle(pub u32);

impl RequestPromiseHandle {
    /// Names no object; what a guest stores before a call that gives a handle.
    pub const INVALID: Self = Self(0xFFFF_FFFE);
}

/// An endpoint of the log.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EndpointHandle(pub u32);

impl EndpointHandle {
    /// Names no object; what a guest stores before a call that gives a handle.
    pub const INVALID: Self = Self(0xFFFF_FFFE);
}

/// Anything that can be waited for: a body, a pending operation, a promise.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AsyncItemHandle(pub u32);

impl AsyncItemHandle {
    /// Names no object; what a guest stores before a call that gives a handle.
    pub const INVALID: Self = Self(0xFFFF_FFFE);
}
