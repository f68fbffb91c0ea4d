//! How errors are told.

use edgekv_store::{Key, KvError, Reply};

use crate::bindings::edgekv::kv::bodies;
use crate::bindings::exports::edgekv::kv::kv_store::Error;
use crate::held::Full;
use crate::origin::OriginError;

/// The outcome of an operation that was refused, or has failed.
pub(super) fn outcome(error: KvError) -> Error {
    match error {
        KvError::PreconditionFailed => Error::PreconditionFailed,
        KvError::PayloadTooLarge { .. } => Error::PayloadTooLarge,
        // A store that was deleted has no keys.
        KvError::NoStore(_) => Error::NotFound,
        KvError::TooManyRequests => Error::TooManyRequests,
        KvError::ZeroLimit | KvError::PrefixTooLong { .. } | KvError::Metadata(_) | KvError::Cursor(_) => {
            Error::BadRequest
        }
        KvError::Engine(source) => match source.downcast_ref::<OriginError>() {
            Some(OriginError::LimitExceeded) => Error::LimitExceeded,
            Some(OriginError::InvalidArgument) => Error::InvalidArgument,
            Some(OriginError::TooLarge) => Error::PayloadTooLarge,
            _ => Error::InternalError,
        },
        // Also what an engine may add later.
        _ => Error::InternalError,
    }
}

impl From<Full> for Error {
    fn from(_: Full) -> Self {
        Self::LimitExceeded
    }
}

/// What is told by the call that asks for an operation, if that has failed already: it was not even started then. Outcomes are told
/// by who waits.
pub(super) fn refusal<T>(reply: &Reply<T>) -> Option<Error> {
    let Reply::Ready(Err(error)) = reply else { return None };
    match outcome(error.clone()) {
        refusal @ (Error::LimitExceeded | Error::InvalidArgument) => Some(refusal),
        _ => None,
    }
}

/// Why a body cannot be read or made.
pub(super) const fn of_body(error: bodies::Error) -> Error {
    match error {
        bodies::Error::Incomplete => Error::BodyIncomplete,
        bodies::Error::LimitExceeded => Error::LimitExceeded,
        // A body that can only be written to is no value.
        bodies::Error::WriteOnly => Error::BadRequest,
        bodies::Error::InvalidTrailer | bodies::Error::NotYet | bodies::Error::ReceiverGone => {
            Error::InternalError
        }
    }
}

/// The key that a program names.
pub(super) fn key(bytes: &[u8]) -> Result<Key<'_>, Error> {
    #[cfg(feature = "faults")]
    crate::faults::fail_on(bytes);
    std::str::from_utf8(bytes).ok().and_then(|text| Key::new(text).ok()).ok_or(Error::InvalidArgument)
}

/// Text that is not a key: a prefix, a cursor.
pub(super) fn text(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|_| Error::InvalidArgument)
}
