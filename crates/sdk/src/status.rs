//! The status of a host call, as user code sees it.

use std::fmt;

use edgekv_sys as sys;

/// What a host call answered, where no [`KVStoreError`](crate::kv_store::KVStoreError) says it better.
///
/// ```
/// use edgekv::FastlyStatus;
///
/// assert!(FastlyStatus::BADF.is_err());
/// assert_eq!(FastlyStatus::BADF.code, 3);
/// assert_eq!(FastlyStatus::BADF.to_string(), "status 3 (badf)");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[must_use = "a status may be an error"]
pub struct FastlyStatus {
    /// The number that the host returned.
    pub code: i32,
}

/// Declares the constants, each from the constant of the same name in the raw bindings.
macro_rules! statuses {
    ($($(#[$meta:meta])* $name:ident,)*) => {
        impl FastlyStatus {
            $( $(#[$meta])* pub const $name: Self = Self::from_raw(sys::FastlyStatus::$name); )*
        }
    };
}

statuses! {
    /// Done.
    OK,
    /// Generic failure, or an answer that no correct host gives.
    ERROR,
    /// An argument is not acceptable.
    INVAL,
    /// The handle is unknown, already consumed, or names another kind of object.
    BADF,
    /// The buffer is too small.
    BUFLEN,
    /// This host does not offer the function.
    UNSUPPORTED,
    /// A pointer is not aligned to its type.
    BADALIGN,
    /// Malformed HTTP message.
    HTTPINVALID,
    /// The guest caused a malformed HTTP message.
    HTTPUSER,
    /// A stream ended before its message was complete.
    HTTPINCOMPLETE,
    /// An optional value is absent.
    NONE,
    /// The head of an HTTP message is too large.
    HTTPHEADTOOLARGE,
    /// The status of an HTTP message is not valid.
    HTTPINVALIDSTATUS,
    /// A resource limit or a rate limit was reached.
    LIMITEXCEEDED,
    /// Not available yet; ask again later.
    AGAIN,
}

impl FastlyStatus {
    pub(crate) const fn from_raw(status: sys::FastlyStatus) -> Self {
        Self { code: status.0.cast_signed() }
    }

    /// Whether the call succeeded.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        *self == Self::OK
    }

    /// Whether the call failed.
    #[must_use]
    pub fn is_err(&self) -> bool {
        !self.is_ok()
    }

    /// The status as a `Result`, for `?`.
    ///
    /// # Errors
    ///
    /// The status itself, when it is not [`FastlyStatus::OK`].
    pub fn result(self) -> Result<(), Self> {
        if self.is_ok() { Ok(()) } else { Err(self) }
    }

    fn name(self) -> Option<&'static str> {
        sys::FastlyStatus(self.code.cast_unsigned()).name()
    }
}

impl fmt::Debug for FastlyStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "FastlyStatus::{}", name.to_ascii_uppercase()),
            None => write!(f, "FastlyStatus({})", self.code),
        }
    }
}

impl fmt::Display for FastlyStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {} ({})", self.code, self.name().unwrap_or("not known to this version"))
    }
}

impl std::error::Error for FastlyStatus {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_the_abi_keeps_its_number_and_name() {
        for raw in sys::FastlyStatus::ALL {
            let status = FastlyStatus::from_raw(*raw);
            assert_eq!(status.code.cast_unsigned(), raw.0);
            let name = raw.name().unwrap().to_ascii_uppercase();
            assert_eq!(format!("{status:?}"), format!("FastlyStatus::{name}"));
        }
    }

    #[test]
    fn a_status_that_nobody_names_is_an_error_with_its_number() {
        let status = FastlyStatus::from_raw(sys::FastlyStatus(4_000_000_000));
        assert_eq!(status.result(), Err(status));
        assert_eq!(format!("{status:?}"), "FastlyStatus(-294967296)");
    }
}
