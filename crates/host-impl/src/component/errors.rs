//! What a call refuses, as an error of its interface.

use std::fmt::Debug;

use edgekv_store::KvError;

use super::KvView;
use super::bindings::edgekv::{
    kv::{bodies, kv_store},
    platform::{log, origin},
};
use crate::abi::types::KvError as KvErrorCode;
use crate::body::BodyError;
use crate::status::{Error, outcome_code};

/// What a refusal means to a component.
enum Meaning<'a> {
    /// The host may not keep that much.
    Limit,
    /// A key or a name that cannot be one.
    Argument,
    NoSuchStore,
    /// What an operation came to.
    Outcome(&'a KvError),
    RateLimit,
    NoSuchKey,
    Incomplete,
    ReceiverGone,
    WriteOnly,
    NotYet,
    Trailer,
    /// Nothing that a component could do right: the call is a trap.
    Mistake,
}

impl Error {
    /// No wildcard: a new refusal has to be decided here.
    fn meaning(&self) -> Meaning<'_> {
        match self {
            Self::TooManyHandles { .. } | Self::TooManyBytes { .. } | Self::TooManyHeaders(_) => Meaning::Limit,
            Self::Key(_)
            | Self::StoreName(_)
            | Self::NotText
            | Self::EndpointNameLength { .. }
            | Self::EndpointNameText => Meaning::Argument,
            Self::NoSuchStore(_) => Meaning::NoSuchStore,
            Self::Refused(error) | Self::Engine(error) => Meaning::Outcome(error),
            Self::RateLimit => Meaning::RateLimit,
            Self::NoSuchKey => Meaning::NoSuchKey,
            Self::Body(BodyError::Incomplete(_)) => Meaning::Incomplete,
            Self::Body(BodyError::ReceiverGone) => Meaning::ReceiverGone,
            Self::StreamingBody => Meaning::WriteOnly,
            Self::TrailersNotReady => Meaning::NotYet,
            Self::HeaderNameTooLong(_) | Self::HeaderName | Self::HeaderValue => Meaning::Trailer,
            // What only the ABI has: pointers, masks, numbers, and HTTP.
            Self::Memory(_)
            | Self::UnknownMaskBits { .. }
            | Self::UnknownWriteEnd(_)
            | Self::BufferTooSmall { .. }
            | Self::AbiVersion(_)
            | Self::NoSuchHeader
            | Self::UnknownLength
            | Self::NothingToWaitFor
            | Self::TooManyItems { .. }
            | Self::SameItemTwice { .. }
            | Self::Method
            | Self::Url
            | Self::UnknownNumber { .. }
            | Self::StatusCode(_)
            | Self::InterimStatus(_)
            | Self::NoClient
            | Self::NotFromClient
            | Self::AlreadyAnswered
            | Self::NotAnswered
            | Self::NoFurtherRequest
            | Self::AlreadyAsked
            | Self::NoSuchBackend
            | Self::NothingToSelect
            | Self::Unsupported(_)
            | Self::NotKnown(_)
            // A component has no numbers of handles that it could make up.
            | Self::Handle { .. }
            | Self::TakenAlready => Meaning::Mistake,
        }
    }
}

impl KvView<'_> {
    /// Tells the log, and gives the error of an interface; without one, a trap.
    fn refuse<E: Debug>(
        &mut self,
        error: Error,
        to_error: impl FnOnce(Meaning<'_>) -> Option<E>,
    ) -> wasmtime::Result<E> {
        match to_error(error.meaning()) {
            Some(told) => {
                self.ctx.log_refusal(&error, &told);
                Ok(told)
            }
            None => Err(error.into()),
        }
    }

    pub(super) fn body_error(&mut self, error: Error) -> wasmtime::Result<bodies::Error> {
        use bodies::Error as Told;

        self.refuse(error, |meaning| match meaning {
            Meaning::Limit => Some(Told::LimitExceeded),
            Meaning::Incomplete => Some(Told::Incomplete),
            Meaning::ReceiverGone => Some(Told::ReceiverGone),
            Meaning::WriteOnly => Some(Told::WriteOnly),
            Meaning::NotYet => Some(Told::NotYet),
            Meaning::Trailer => Some(Told::InvalidTrailer),
            Meaning::Argument
            | Meaning::NoSuchStore
            | Meaning::Outcome(_)
            | Meaning::RateLimit
            | Meaning::NoSuchKey
            | Meaning::Mistake => None,
        })
    }

    pub(super) fn kv_error(&mut self, error: Error) -> wasmtime::Result<kv_store::Error> {
        use kv_store::Error as Told;

        self.refuse(error, |meaning| match meaning {
            Meaning::Limit => Some(Told::LimitExceeded),
            Meaning::Argument => Some(Told::InvalidArgument),
            Meaning::NoSuchStore => Some(Told::NoSuchStore),
            Meaning::RateLimit => Some(Told::TooManyRequests),
            Meaning::NoSuchKey => Some(Told::NotFound),
            Meaning::Incomplete => Some(Told::BodyIncomplete),
            // A body that can only be written to is no value.
            Meaning::WriteOnly => Some(Told::BadRequest),
            Meaning::Outcome(error) => Some(match outcome_code(error) {
                Ok(KvErrorCode::BadRequest) => Told::BadRequest,
                Ok(KvErrorCode::NotFound) => Told::NotFound,
                Ok(KvErrorCode::PreconditionFailed) => Told::PreconditionFailed,
                Ok(KvErrorCode::PayloadTooLarge) => Told::PayloadTooLarge,
                Ok(KvErrorCode::TooManyRequests) | Err(_) => Told::TooManyRequests,
                Ok(KvErrorCode::InternalError | KvErrorCode::Uninitialized | KvErrorCode::Ok) => {
                    Told::InternalError
                }
            }),
            Meaning::ReceiverGone | Meaning::NotYet | Meaning::Trailer | Meaning::Mistake => None,
        })
    }

    pub(super) fn log_error(&mut self, error: Error) -> wasmtime::Result<log::Error> {
        use log::Error as Told;

        self.refuse(error, |meaning| match meaning {
            Meaning::Limit => Some(Told::LimitExceeded),
            Meaning::Argument => Some(Told::InvalidName),
            Meaning::NoSuchStore
            | Meaning::Outcome(_)
            | Meaning::RateLimit
            | Meaning::NoSuchKey
            | Meaning::Incomplete
            | Meaning::ReceiverGone
            | Meaning::WriteOnly
            | Meaning::NotYet
            | Meaning::Trailer
            | Meaning::Mistake => None,
        })
    }

    pub(super) fn origin_error(&mut self, error: Error) -> wasmtime::Result<origin::Error> {
        use origin::Error as Told;

        self.refuse(error, |meaning| match meaning {
            Meaning::Limit => Some(Told::LimitExceeded),
            Meaning::Argument => Some(Told::InvalidArgument),
            Meaning::NoSuchStore => Some(Told::NoStore),
            Meaning::RateLimit => Some(Told::TooManyRequests),
            Meaning::Outcome(error) => Some(match error {
                KvError::PreconditionFailed => Told::Conflict,
                KvError::PayloadTooLarge { .. } => Told::TooLarge,
                KvError::TooManyRequests => Told::TooManyRequests,
                KvError::NoStore(_) => Told::NoStore,
                KvError::ZeroLimit
                | KvError::PrefixTooLong { .. }
                | KvError::Metadata(_)
                | KvError::Cursor(_) => Told::InvalidArgument,
                // Also what an engine may add later.
                _ => Told::Failed,
            }),
            Meaning::NoSuchKey
            | Meaning::Incomplete
            | Meaning::ReceiverGone
            | Meaning::WriteOnly
            | Meaning::NotYet
            | Meaning::Trailer
            | Meaning::Mistake => None,
        })
    }
}
