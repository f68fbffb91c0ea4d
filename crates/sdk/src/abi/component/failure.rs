//! What the errors of the interfaces are to the layers above, which know those of the legacy ABI.

use edgekv_sys::KvError;

use super::bindings::{bodies, kv_store, log};
use crate::FastlyStatus;
use crate::error::{Call, Fault};

impl From<kv_store::Error> for Fault {
    fn from(error: kv_store::Error) -> Self {
        use kv_store::Error;
        let start = |status| Self::Status { call: Call::Start, status };
        match error {
            Error::BadRequest => Self::Outcome(KvError::BAD_REQUEST),
            Error::NotFound => Self::Outcome(KvError::NOT_FOUND),
            Error::PreconditionFailed => Self::Outcome(KvError::PRECONDITION_FAILED),
            Error::PayloadTooLarge => Self::Outcome(KvError::PAYLOAD_TOO_LARGE),
            Error::InternalError => Self::Outcome(KvError::INTERNAL_ERROR),
            Error::TooManyRequests => Self::Outcome(KvError::TOO_MANY_REQUESTS),
            Error::InvalidArgument | Error::NoSuchStore => start(FastlyStatus::INVAL),
            Error::LimitExceeded => start(FastlyStatus::LIMITEXCEEDED),
            Error::BodyIncomplete => start(FastlyStatus::HTTPINCOMPLETE),
        }
    }
}

impl From<bodies::Error> for Fault {
    fn from(error: bodies::Error) -> Self {
        use bodies::Error;
        body(match error {
            Error::Incomplete => FastlyStatus::HTTPINCOMPLETE,
            Error::LimitExceeded => FastlyStatus::LIMITEXCEEDED,
            Error::InvalidTrailer | Error::ReceiverGone => FastlyStatus::ERROR,
            Error::NotYet => FastlyStatus::AGAIN,
            Error::WriteOnly => FastlyStatus::INVAL,
        })
    }
}

impl From<log::Error> for Fault {
    fn from(error: log::Error) -> Self {
        let status = match error {
            log::Error::InvalidName => FastlyStatus::INVAL,
            log::Error::LimitExceeded => FastlyStatus::LIMITEXCEEDED,
        };
        Self::Status { call: Call::Log, status }
    }
}

/// A call on a body that failed.
pub(super) fn body(status: FastlyStatus) -> Fault {
    Fault::Status { call: Call::Body, status }
}
