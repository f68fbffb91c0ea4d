//! What a hostcall refuses, and the one place where that becomes a status of the ABI.

use std::error::Error as _;
use std::fmt;

use edgekv_store::{KeyError, KvError, StoreName, StoreNameError};
use thiserror::Error;
use wiggle::GuestError;

use crate::abi::types::UserErrorConversion;
use crate::abi::types::{FastlyStatus, KvError as KvErrorCode};
use crate::body::BodyError;
use crate::ctx::KvCtx;
use crate::headers::TooManyHeaders;

/// Why a hostcall ends with a status that is not `ok`. The guest sees the number; the log (at debug level) the text.
#[derive(Debug, Error)]
pub(crate) enum Error {
    #[error("guest memory: {0}")]
    Memory(#[from] GuestError),
    #[error("handle {handle} is not {wanted}")]
    Handle { handle: u32, wanted: &'static str },
    #[error("this instance has {max} objects already, which is its limit")]
    TooManyHandles { max: usize },
    #[error("this instance would make the host hold {wanted} bytes; its limit is {max}")]
    TooManyBytes { wanted: usize, max: usize },
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    StoreName(#[from] StoreNameError),
    #[error("there is no store {:?}", .0.as_str())]
    NoSuchStore(StoreName),
    #[error("mask {mask:#x} has unknown bits; known are {known:#x}")]
    UnknownMaskBits { mask: u32, known: u32 },
    #[error("write end {0} is neither 0 (back) nor 1 (front)")]
    UnknownWriteEnd(u32),
    #[error("the buffer is {have} bytes; {needed} are needed")]
    BufferTooSmall { needed: usize, have: usize },
    #[error("ABI version {0} is not supported; 1 is")]
    AbiVersion(u64),
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error("a body that is being sent can only be written to")]
    StreamingBody,
    #[error("the trailers come after the body; it has not been read to its end")]
    TrailersNotReady,
    #[error("header name is {0} bytes; the limit is 65535")]
    HeaderNameTooLong(usize),
    #[error("not a valid header name")]
    HeaderName,
    #[error("not a valid header value")]
    HeaderValue,
    #[error("there is no such header or trailer")]
    NoSuchHeader,
    #[error(transparent)]
    TooManyHeaders(#[from] TooManyHeaders),
    #[error("the length of the body is not known")]
    UnknownLength,
    #[error("there is nothing to wait for, and no time-out")]
    NothingToWaitFor,
    #[error("{items} handles to wait for, but this instance has only {objects} objects")]
    TooManyItems { items: u32, objects: usize },
    #[error("handle {handle} is there twice in what is waited for")]
    SameItemTwice { handle: u32 },
    #[error("name of a log endpoint is {bytes} bytes; 1 to {max} are allowed")]
    EndpointNameLength { bytes: usize, max: usize },
    #[error("name of a log endpoint is not valid UTF-8")]
    EndpointNameText,
    #[error("there is no such key")]
    NoSuchKey,
    #[cfg(feature = "component")]
    #[error("not valid UTF-8")]
    NotText,
    #[cfg(feature = "component")]
    #[error("the answer of this operation was taken already; it is given once")]
    TakenAlready,
    #[error("not a valid method")]
    Method,
    #[error("not a valid URL of at most 65,534 bytes")]
    Url,
    #[error("{number} is no {what}; the last one is {last}")]
    UnknownNumber { what: &'static str, number: u32, last: u32 },
    #[error("status {0} is not between 100 and 999")]
    StatusCode(u32),
    #[error("status {0} cannot be sent by a guest; of those below 200, only 103 can")]
    InterimStatus(u16),
    #[error("no client waits for this instance; HTTP programs need a host that serves HTTP")]
    NoClient,
    #[error("the request does not come from a client")]
    NotFromClient,
    #[error("the client has its response already")]
    AlreadyAnswered,
    #[error("the client waits for its response, so there is no other request yet")]
    NotAnswered,
    #[error("there is no further request for this instance")]
    NoFurtherRequest,
    #[error("another request has been asked for already")]
    AlreadyAsked,
    #[error("this host has no backends, and so none of that name")]
    NoSuchBackend,
    #[error("nothing to select from")]
    NothingToSelect,
    #[error("this host does not offer {0}")]
    Unsupported(&'static str),
    #[error("{0}: not known")]
    NotKnown(&'static str),
    #[error("the rate limit of the store was reached")]
    RateLimit,
    #[error(transparent)]
    Refused(KvError),
    #[error(transparent)]
    Engine(KvError),
}

impl Error {
    /// The status that the guest gets. No wildcard: a new refusal has to be decided here.
    fn status(&self) -> FastlyStatus {
        match self {
            Self::Memory(error) => memory_status(error),
            Self::Handle { .. } | Self::TooManyItems { .. } | Self::SameItemTwice { .. } => {
                FastlyStatus::Badf
            }
            Self::TooManyHandles { .. }
            | Self::TooManyBytes { .. }
            | Self::TooManyHeaders(_)
            | Self::AlreadyAsked
            | Self::RateLimit => FastlyStatus::Limitexceeded,
            Self::Key(_)
            | Self::StoreName(_)
            | Self::NoSuchStore(_)
            | Self::UnknownMaskBits { .. }
            | Self::UnknownWriteEnd(_)
            | Self::StreamingBody
            | Self::HeaderNameTooLong(_)
            | Self::NothingToWaitFor
            | Self::EndpointNameLength { .. }
            | Self::EndpointNameText
            | Self::Refused(_)
            | Self::NoSuchHeader
            | Self::UnknownNumber { .. }
            | Self::StatusCode(_)
            | Self::InterimStatus(_)
            | Self::NoSuchBackend
            | Self::NothingToSelect => FastlyStatus::Inval,
            #[cfg(feature = "component")]
            Self::NotText | Self::TakenAlready => FastlyStatus::Inval,
            Self::NoClient | Self::NotAnswered | Self::Unsupported(_) => FastlyStatus::Unsupported,
            Self::BufferTooSmall { .. } => FastlyStatus::Buflen,
            Self::AbiVersion(_)
            | Self::HeaderName
            | Self::HeaderValue
            | Self::Method
            | Self::Url
            | Self::NotFromClient
            | Self::AlreadyAnswered
            | Self::Engine(_)
            | Self::Body(BodyError::ReceiverGone) => FastlyStatus::Error,
            Self::Body(BodyError::Incomplete(_)) => FastlyStatus::Httpincomplete,
            Self::TrailersNotReady => FastlyStatus::Again,
            Self::UnknownLength | Self::NoSuchKey | Self::NoFurtherRequest | Self::NotKnown(_) => {
                FastlyStatus::None
            }
        }
    }
}

fn memory_status(error: &GuestError) -> FastlyStatus {
    match error {
        GuestError::PtrNotAligned(..) => FastlyStatus::Badalign,
        GuestError::SliceLengthsDiffer => FastlyStatus::Error,
        GuestError::InFunc { err, .. } => memory_status(err),
        GuestError::InvalidFlagValue(_)
        | GuestError::InvalidEnumValue(_)
        | GuestError::PtrOverflow
        | GuestError::PtrOutOfBounds(_)
        | GuestError::InvalidUtf8(_)
        | GuestError::TryFromIntError(_) => FastlyStatus::Inval,
    }
}

impl UserErrorConversion for KvCtx {
    fn fastly_status_from_error(&mut self, error: Error) -> wasmtime::Result<FastlyStatus> {
        let status = error.status();
        self.log_refusal(&error, &status);
        Ok(status)
    }
}

impl KvCtx {
    /// Tells the log what was refused, and what the guest was told.
    pub(crate) fn log_refusal(&mut self, error: &Error, told: &dyn fmt::Debug) {
        match error {
            Error::Engine(error) => report(error),
            // The one mistake that is rarely the guest's: nobody has made the store. Whether it matters shows in how the
            // guest goes on, so the embedder is the one to tell.
            Error::NoSuchStore(name) => {
                tracing::info!("the guest asked for store {:?}, which is not there", name.as_str());
                self.remember_missing(name);
            }
            error => tracing::debug!(status = ?told, "{error}"),
        }
    }
}

/// Tells the log how an operation failed: for the operator where that is the host's fault, else for whoever asks.
pub(crate) fn report(error: &KvError) {
    let cause = error.source();
    match error {
        KvError::Engine(_) => tracing::error!(cause, "{error}"),
        _ => tracing::debug!(cause, "{error}"),
    }
}

impl From<KvError> for Error {
    /// For calls that have no `kv_error` to store.
    fn from(error: KvError) -> Self {
        match outcome_code(&error) {
            Err(status) => status,
            Ok(KvErrorCode::InternalError) => Self::Engine(error),
            Ok(_) => Self::Refused(error),
        }
    }
}

/// The outcome of an operation, as its wait call stores it.
///
/// # Errors
///
/// A rate limit is a status, not a `kv_error`: guests exist that cannot represent that number.
pub(crate) fn outcome_code(error: &KvError) -> Result<KvErrorCode, Error> {
    Ok(match error {
        KvError::PreconditionFailed => KvErrorCode::PreconditionFailed,
        KvError::PayloadTooLarge { .. } => KvErrorCode::PayloadTooLarge,
        // A store that was deleted has no keys.
        KvError::NoStore(_) => KvErrorCode::NotFound,
        KvError::TooManyRequests => return Err(Error::RateLimit),
        KvError::ZeroLimit | KvError::PrefixTooLong { .. } | KvError::Metadata(_) | KvError::Cursor(_) => {
            KvErrorCode::BadRequest
        }
        // Also what an engine may add later.
        _ => KvErrorCode::InternalError,
    })
}

impl wiggle::GuestErrorType for FastlyStatus {
    fn success() -> Self {
        Self::Ok
    }
}
