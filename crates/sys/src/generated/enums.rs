// @generated from witx/ by `cargo xtask codegen`; do not edit.

//! Statuses and other enums, as numbers with names: a number without a name is legal.

use core::fmt;

/// What every function of the ABI returns.
#[must_use = "a status may be an error"]
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FastlyStatus(pub u32);

impl FastlyStatus {
    /// Done.
    pub const OK: Self = Self(0);
    /// Generic failure.
    pub const ERROR: Self = Self(1);
    /// An argument is not acceptable: a pointer out of range, text that is not
    /// UTF-8, an invalid key, an unknown store name, an unknown mask bit.
    pub const INVAL: Self = Self(2);
    /// The handle is unknown, already consumed, or names another kind of object.
    pub const BADF: Self = Self(3);
    /// The buffer is too small; the length that is needed has been stored.
    pub const BUFLEN: Self = Self(4);
    /// This host does not offer the function.
    pub const UNSUPPORTED: Self = Self(5);
    /// A pointer is not aligned to its type.
    pub const BADALIGN: Self = Self(6);
    /// Malformed HTTP message.
    pub const HTTPINVALID: Self = Self(7);
    /// The guest caused a malformed HTTP message.
    pub const HTTPUSER: Self = Self(8);
    /// A stream ended before its message was complete.
    pub const HTTPINCOMPLETE: Self = Self(9);
    /// An optional value is absent.
    pub const NONE: Self = Self(10);
    /// The head of an HTTP message is too large.
    pub const HTTPHEADTOOLARGE: Self = Self(11);
    /// The status of an HTTP message is not valid.
    pub const HTTPINVALIDSTATUS: Self = Self(12);
    /// A resource limit or a rate limit was reached.
    pub const LIMITEXCEEDED: Self = Self(13);
    /// Not available yet; ask again later.
    pub const AGAIN: Self = Self(14);

    /// Every value that has a name, in order.
    pub const ALL: &[Self] = &[
        Self::OK,
        Self::ERROR,
        Self::INVAL,
        Self::BADF,
        Self::BUFLEN,
        Self::UNSUPPORTED,
        Self::BADALIGN,
        Self::HTTPINVALID,
        Self::HTTPUSER,
        Self::HTTPINCOMPLETE,
        Self::NONE,
        Self::HTTPHEADTOOLARGE,
        Self::HTTPINVALIDSTATUS,
        Self::LIMITEXCEEDED,
        Self::AGAIN,
    ];

    /// The name of the value in the witx text, or `None` when the number has none.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self.0 {
            0 => Some("ok"),
            1 => Some("error"),
            2 => Some("inval"),
            3 => Some("badf"),
            4 => Some("buflen"),
            5 => Some("unsupported"),
            6 => Some("badalign"),
            7 => Some("httpinvalid"),
            8 => Some("httpuser"),
            9 => Some("httpincomplete"),
            10 => Some("none"),
            11 => Some("httpheadtoolarge"),
            12 => Some("httpinvalidstatus"),
            13 => Some("limitexceeded"),
            14 => Some("again"),
            _ => None,
        }
    }
}

impl fmt::Debug for FastlyStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "FastlyStatus({name})"),
            None => write!(f, "FastlyStatus({})", self.0),
        }
    }
}

/// A version of HTTP.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpVersion(pub u32);

impl HttpVersion {
    /// HTTP/0.9.
    pub const HTTP_09: Self = Self(0);
    /// HTTP/1.0.
    pub const HTTP_10: Self = Self(1);
    /// HTTP/1.1.
    pub const HTTP_11: Self = Self(2);
    /// HTTP/2.
    pub const H2: Self = Self(3);
    /// HTTP/3.
    pub const H3: Self = Self(4);

    /// Every value that has a name, in order.
    pub const ALL: &[Self] = &[Self::HTTP_09, Self::HTTP_10, Self::HTTP_11, Self::H2, Self::H3];

    /// The name of the value in the witx text, or `None` when the number has none.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self.0 {
            0 => Some("http_09"),
            1 => Some("http_10"),
            2 => Some("http_11"),
            3 => Some("h2"),
            4 => Some("h3"),
            _ => None,
        }
    }
}

impl fmt::Debug for HttpVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "HttpVersion({name})"),
            None => write!(f, "HttpVersion({})", self.0),
        }
    }
}

/// Who decides how the end of a message is told.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FramingHeadersMode(pub u32);

impl FramingHeadersMode {
    /// The host, from what it knows of the body; the guest's headers about it are ignored.
    pub const AUTOMATIC: Self = Self(0);
    /// The headers `Content-Length` and `Transfer-Encoding` of the guest.
    pub const MANUALLY_FROM_HEADERS: Self = Self(1);

    /// Every value that has a name, in order.
    pub const ALL: &[Self] = &[Self::AUTOMATIC, Self::MANUALLY_FROM_HEADERS];

    /// The name of the value in the witx text, or `None` when the number has none.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self.0 {
            0 => Some("automatic"),
            1 => Some("manually_from_headers"),
            _ => None,
        }
    }
}

impl fmt::Debug for FramingHeadersMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "FramingHeadersMode({name})"),
            None => write!(f, "FramingHeadersMode({})", self.0),
        }
    }
}

/// Whether a connection is used again.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpKeepaliveMode(pub u32);

impl HttpKeepaliveMode {
    /// As the host likes.
    pub const AUTOMATIC: Self = Self(0);
    /// It is closed after the response.
    pub const NO_KEEPALIVE: Self = Self(1);

    /// Every value that has a name, in order.
    pub const ALL: &[Self] = &[Self::AUTOMATIC, Self::NO_KEEPALIVE];

    /// The name of the value in the witx text, or `None` when the number has none.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self.0 {
            0 => Some("automatic"),
            1 => Some("no_keepalive"),
            _ => None,
        }
    }
}

impl fmt::Debug for HttpKeepaliveMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "HttpKeepaliveMode({name})"),
            None => write!(f, "HttpKeepaliveMode({})", self.0),
        }
    }
}

/// Which responses of a pending request a change applies to.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PendingResponseKind(pub u32);

impl PendingResponseKind {
    /// All.
    pub const ANY: Self = Self(0);
    /// Those of a backend.
    pub const RESPONSE: Self = Self(1);
    /// Those that the host makes after an error.
    pub const ERROR: Self = Self(2);

    /// Every value that has a name, in order.
    pub const ALL: &[Self] = &[Self::ANY, Self::RESPONSE, Self::ERROR];

    /// The name of the value in the witx text, or `None` when the number has none.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self.0 {
            0 => Some("any"),
            1 => Some("response"),
            2 => Some("error"),
            _ => None,
        }
    }
}

impl fmt::Debug for PendingResponseKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "PendingResponseKind({name})"),
            None => write!(f, "PendingResponseKind({})", self.0),
        }
    }
}

/// Which end of a body a write goes to.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BodyWriteEnd(pub u32);

impl BodyWriteEnd {
    /// After all that is there.
    pub const BACK: Self = Self(0);
    /// Before all that is there.
    pub const FRONT: Self = Self(1);

    /// Every value that has a name, in order.
    pub const ALL: &[Self] = &[Self::BACK, Self::FRONT];

    /// The name of the value in the witx text, or `None` when the number has none.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self.0 {
            0 => Some("back"),
            1 => Some("front"),
            _ => None,
        }
    }
}

impl fmt::Debug for BodyWriteEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "BodyWriteEnd({name})"),
            None => write!(f, "BodyWriteEnd({})", self.0),
        }
    }
}

/// The outcome of a key-value operation, as its wait call reports it.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KvError(pub u32);

impl KvError {
    /// Nothing has been stored here yet.
    pub const UNINITIALIZED: Self = Self(0);
    /// Done.
    pub const OK: Self = Self(1);
    /// The request was not valid (HTTP 400).
    pub const BAD_REQUEST: Self = Self(2);
    /// There is no such key (HTTP 404).
    pub const NOT_FOUND: Self = Self(3);
    /// A condition on the write did not hold (HTTP 412).
    pub const PRECONDITION_FAILED: Self = Self(4);
    /// The value is too large (HTTP 413).
    pub const PAYLOAD_TOO_LARGE: Self = Self(5);
    /// Anything else that went wrong in the store.
    pub const INTERNAL_ERROR: Self = Self(6);
    /// A rate limit was reached (HTTP 429). Hosts report it as the status
    /// `limitexceeded` instead: some guests cannot represent this value.
    pub const TOO_MANY_REQUESTS: Self = Self(7);

    /// Every value that has a name, in order.
    pub const ALL: &[Self] = &[
        Self::UNINITIALIZED,
        Self::OK,
        Self::BAD_REQUEST,
        Self::NOT_FOUND,
        Self::PRECONDITION_FAILED,
        Self::PAYLOAD_TOO_LARGE,
        Self::INTERNAL_ERROR,
        Self::TOO_MANY_REQUESTS,
    ];

    /// The name of the value in the witx text, or `None` when the number has none.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self.0 {
            0 => Some("uninitialized"),
            1 => Some("ok"),
            2 => Some("bad_request"),
            3 => Some("not_found"),
            4 => Some("precondition_failed"),
            5 => Some("payload_too_large"),
            6 => Some("internal_error"),
            7 => Some("too_many_requests"),
            _ => None,
        }
    }
}

impl fmt::Debug for KvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "KvError({name})"),
            None => write!(f, "KvError({})", self.0),
        }
    }
}

/// What an insert does when the key is already there.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KvInsertMode(pub u32);

impl KvInsertMode {
    /// Replace the entry.
    pub const OVERWRITE: Self = Self(0);
    /// Fail with `precondition_failed`.
    pub const ADD: Self = Self(1);
    /// Put the new bytes after the old value.
    pub const APPEND: Self = Self(2);
    /// Put the new bytes before the old value.
    pub const PREPEND: Self = Self(3);

    /// Every value that has a name, in order.
    pub const ALL: &[Self] = &[Self::OVERWRITE, Self::ADD, Self::APPEND, Self::PREPEND];

    /// The name of the value in the witx text, or `None` when the number has none.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self.0 {
            0 => Some("overwrite"),
            1 => Some("add"),
            2 => Some("append"),
            3 => Some("prepend"),
            _ => None,
        }
    }
}

impl fmt::Debug for KvInsertMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "KvInsertMode({name})"),
            None => write!(f, "KvInsertMode({})", self.0),
        }
    }
}

/// How fresh a list must be.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KvListMode(pub u32);

impl KvListMode {
    /// Every write that has been acknowledged is seen.
    pub const STRONG: Self = Self(0);
    /// The list may lag behind.
    pub const EVENTUAL: Self = Self(1);

    /// Every value that has a name, in order.
    pub const ALL: &[Self] = &[Self::STRONG, Self::EVENTUAL];

    /// The name of the value in the witx text, or `None` when the number has none.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self.0 {
            0 => Some("strong"),
            1 => Some("eventual"),
            _ => None,
        }
    }
}

impl fmt::Debug for KvListMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "KvListMode({name})"),
            None => write!(f, "KvListMode({})", self.0),
        }
    }
}
