//! What can go wrong, once for users ([`KVStoreError`]) and once for the wrappers of host calls ([`Fault`]).

use std::io;

use edgekv_sys::KvError;

use crate::FastlyStatus;

/// Why an operation of a store failed.
///
/// More variants may come, so a `match` needs a wildcard arm.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KVStoreError {
    /// The key is not acceptable. Hosts report this as [`ItemBadRequest`](Self::ItemBadRequest); the variant is here for
    /// programs that match on it.
    #[error(
        "key is not valid: a key is 1 to 1,024 bytes of UTF-8 without CR, LF, '#', ';', '?', '^' and '|'"
    )]
    InvalidKey,
    /// The store or the pending operation is not known to the host: an operation was waited for twice, or by another
    /// instance.
    #[error("store or pending operation is not known to the host")]
    InvalidStoreHandle,
    /// The options of the builder cannot be sent: a time to live under one second or above [`u32::MAX`] seconds.
    #[error("store options are not valid: a time to live is 1 to 4,294,967,295 seconds")]
    InvalidStoreOptions,
    /// The host refused the request: the key, the metadata, the cursor or another argument is not valid.
    #[error(
        "request was refused: check the key (1 to 1,024 bytes, none of CR, LF, '#', ';', '?', '^', '|'), the metadata (at most 2,000 bytes), the \
         cursor and the limit"
    )]
    ItemBadRequest,
    /// There is no such key, or it has expired.
    #[error("key was not found")]
    ItemNotFound,
    /// A condition did not hold: the key exists already ([`InsertMode::Add`](crate::kv_store::InsertMode::Add)), or its
    /// generation is another one.
    #[error("precondition failed: the key exists, or its generation is not the one expected")]
    ItemPreconditionFailed,
    /// The value is larger than the store accepts.
    #[error("value is larger than the store accepts")]
    ItemPayloadTooLarge,
    /// There is no store of this name.
    #[error("store {0:?} was not found: create it, or correct the name")]
    StoreNotFound(String),
    /// A rate limit was reached; try again later.
    #[error("too many requests: try again later")]
    TooManyRequests,
    /// The value is not the JSON that was asked for, or cannot be written as JSON; the text says where.
    #[cfg(feature = "serde")]
    #[error("value does not fit its JSON type: {0}")]
    Json(String),
    /// The host reported success, and what it gave cannot be used: a length that cannot be right, no handle, a page that
    /// is not the JSON of a page, or more bytes than the guest has memory for. The text says which.
    #[error("answer of the host cannot be used: {0}")]
    UnusableAnswer(String),
    /// The host answered something else.
    #[error("host answered with {0}")]
    Unexpected(FastlyStatus),
}

impl From<FastlyStatus> for KVStoreError {
    fn from(status: FastlyStatus) -> Self {
        Self::Unexpected(status)
    }
}

/// What a call does: the same status means something else in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "a component makes fewer calls that can fail")]
pub(crate) enum Call {
    /// Opens a store, or starts an operation.
    Start,
    /// Ends an operation.
    Wait,
    /// Works on a body.
    Body,
    /// Works on a request or a response.
    Http,
    /// Asks or waits for something to be ready.
    Async,
    /// Sends to the log.
    Log,
    /// Asks what the program uses.
    Runtime,
}

/// Why a host call gave no usable answer.
#[derive(Debug, thiserror::Error)]
#[allow(dead_code, reason = "the interfaces of components leave less to go wrong")]
pub(crate) enum Fault {
    /// The call failed.
    #[error("{status}")]
    Status { call: Call, status: FastlyStatus },
    /// The call succeeded, and reports that the operation failed.
    #[error("{0:?}")]
    Outcome(KvError),
    /// The buffer is too small; the length in bytes that is needed.
    #[error("host needs a buffer of {needed} bytes")]
    Room { needed: usize },
    /// The host claims to have moved more bytes than it was given room or data for.
    #[error("host claims {claimed} bytes where there are {room}")]
    Length { claimed: usize, room: usize },
    /// The host says to go on at a place that is not behind the last one.
    #[error("host says to go on at {next}, and the last place was {cursor}")]
    Cursor { cursor: u32, next: i64 },
    /// The host says that something is ready which it was not asked about.
    #[error("host says that item {index} of {items} is ready")]
    Index { index: u32, items: usize },
    /// A number that must be one of a few is another one.
    #[error("host gives {number} as {what}")]
    Number { what: &'static str, number: usize },
    /// The call succeeded and gave no object, or no progress.
    #[error("host reported success and gave {missing}")]
    Empty { missing: &'static str },
    /// The page of a list is not what a page is.
    #[error("{0}")]
    Page(String),
    /// The guest has no memory for what the host has.
    #[error("no memory for {bytes} bytes")]
    Memory { bytes: usize },
    /// What was asked for comes after bytes that the guest has read ahead.
    #[error("{bytes} bytes of the body have not been read yet")]
    Unread { bytes: usize },
}

impl From<Fault> for KVStoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Status { call, status } => match (call, status) {
                (Call::Start | Call::Wait, FastlyStatus::BADF) => Self::InvalidStoreHandle,
                (Call::Start | Call::Wait, FastlyStatus::INVAL) => Self::ItemBadRequest,
                // Elsewhere it is a limit of this instance, such as that of its handles: trying again does not help.
                (Call::Wait, FastlyStatus::LIMITEXCEEDED) => Self::TooManyRequests,
                (_, status) => Self::Unexpected(status),
            },
            Fault::Outcome(outcome) => match outcome {
                KvError::BAD_REQUEST => Self::ItemBadRequest,
                KvError::NOT_FOUND => Self::ItemNotFound,
                KvError::PRECONDITION_FAILED => Self::ItemPreconditionFailed,
                KvError::PAYLOAD_TOO_LARGE => Self::ItemPayloadTooLarge,
                KvError::TOO_MANY_REQUESTS => Self::TooManyRequests,
                _ => Self::Unexpected(FastlyStatus::ERROR),
            },
            Fault::Room { .. } => Self::Unexpected(FastlyStatus::BUFLEN),
            Fault::Length { .. }
            | Fault::Cursor { .. }
            | Fault::Index { .. }
            | Fault::Number { .. }
            | Fault::Empty { .. }
            | Fault::Page(_)
            | Fault::Memory { .. }
            | Fault::Unread { .. } => Self::UnusableAnswer(fault.to_string()),
        }
    }
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        let kind = match fault {
            // The status itself is the cause, so that a caller can downcast to it.
            Fault::Status { status, .. } => {
                let kind = match status {
                    FastlyStatus::INVAL => io::ErrorKind::InvalidInput,
                    FastlyStatus::UNSUPPORTED => io::ErrorKind::Unsupported,
                    FastlyStatus::HTTPINCOMPLETE => io::ErrorKind::UnexpectedEof,
                    FastlyStatus::AGAIN => io::ErrorKind::WouldBlock,
                    FastlyStatus::LIMITEXCEEDED => io::ErrorKind::QuotaExceeded,
                    _ => io::ErrorKind::Other,
                };
                return io::Error::new(kind, status);
            }
            Fault::Memory { .. } => io::ErrorKind::OutOfMemory,
            Fault::Unread { .. } => io::ErrorKind::WouldBlock,
            Fault::Length { .. }
            | Fault::Cursor { .. }
            | Fault::Index { .. }
            | Fault::Number { .. }
            | Fault::Empty { .. }
            | Fault::Page(_) => io::ErrorKind::InvalidData,
            Fault::Outcome(_) | Fault::Room { .. } => io::ErrorKind::Other,
        };
        io::Error::new(kind, fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_its_error() {
        let unexpected = KVStoreError::Unexpected(FastlyStatus::ERROR);
        for (outcome, error) in [
            (KvError::UNINITIALIZED, unexpected.clone()),
            (KvError::BAD_REQUEST, KVStoreError::ItemBadRequest),
            (KvError::NOT_FOUND, KVStoreError::ItemNotFound),
            (KvError::PRECONDITION_FAILED, KVStoreError::ItemPreconditionFailed),
            (KvError::PAYLOAD_TOO_LARGE, KVStoreError::ItemPayloadTooLarge),
            (KvError::INTERNAL_ERROR, unexpected.clone()),
            (KvError::TOO_MANY_REQUESTS, KVStoreError::TooManyRequests),
            (KvError(8), unexpected.clone()),
            (KvError(u32::MAX), unexpected),
        ] {
            assert_eq!(KVStoreError::from(Fault::Outcome(outcome)), error, "{outcome:?}");
        }
    }

    #[test]
    fn a_status_means_what_it_does_in_its_call() {
        use Call::{Body, Start, Wait};
        let unexpected = KVStoreError::Unexpected;
        for (call, status, error) in [
            (Start, FastlyStatus::BADF, KVStoreError::InvalidStoreHandle),
            (Wait, FastlyStatus::BADF, KVStoreError::InvalidStoreHandle),
            (Body, FastlyStatus::BADF, unexpected(FastlyStatus::BADF)),
            (Start, FastlyStatus::INVAL, KVStoreError::ItemBadRequest),
            (Wait, FastlyStatus::INVAL, KVStoreError::ItemBadRequest),
            (Body, FastlyStatus::INVAL, unexpected(FastlyStatus::INVAL)),
            (Start, FastlyStatus::LIMITEXCEEDED, unexpected(FastlyStatus::LIMITEXCEEDED)),
            (Wait, FastlyStatus::LIMITEXCEEDED, KVStoreError::TooManyRequests),
            (Body, FastlyStatus::LIMITEXCEEDED, unexpected(FastlyStatus::LIMITEXCEEDED)),
            (Wait, FastlyStatus::UNSUPPORTED, unexpected(FastlyStatus::UNSUPPORTED)),
        ] {
            assert_eq!(KVStoreError::from(Fault::Status { call, status }), error, "{call:?} {status:?}");
        }
    }

    #[test]
    fn what_goes_wrong_on_our_side_is_not_told_as_a_status() {
        let error = KVStoreError::from(Fault::Memory { bytes: 7 });
        assert_eq!(error.to_string(), "answer of the host cannot be used: no memory for 7 bytes");
        assert_eq!(io::Error::from(Fault::Memory { bytes: 7 }).kind(), io::ErrorKind::OutOfMemory);
    }

    #[test]
    fn a_status_can_be_found_again_in_an_io_error() {
        let error = io::Error::from(Fault::Status { call: Call::Body, status: FastlyStatus::HTTPINCOMPLETE });
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        let status = error.get_ref().and_then(|cause| cause.downcast_ref::<FastlyStatus>());
        assert_eq!(status, Some(&FastlyStatus::HTTPINCOMPLETE));
    }
}
