//! How an instance ended, and what that means for its client and for the log.

use std::time::Duration;

use edgekv_host::Body;
use edgekv_runtime::{End, StartError, StartErrorKind, TraceId, Unanswered};
use http::{Response, StatusCode};

use crate::answer::{TOO_MANY, plain};

/// How an instance ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Ended(End),
    /// It did not even start.
    NotStarted(StartError),
    /// It was stopped after this time.
    TimedOut(Duration),
}

impl Outcome {
    /// Tells the operator what is not as it should be. After its client has gone, an application cannot send what it
    /// has, and most end by a trap then; that is nobody's mistake.
    pub(crate) fn report(&self, id: TraceId, client_is_gone: bool) {
        if client_is_gone {
            tracing::debug!(target: "edgekv::app", %id, "the client went away; then: {}", self.summary());
            return;
        }
        match self {
            Self::Ended(end) => match end {
                End::Exited(0) => {}
                End::Exited(status) => {
                    tracing::warn!(target: "edgekv::app", %id, "the application ended with status {status}");
                }
                End::Trapped(report) => tracing::error!(target: "edgekv::app", %id, "{report}"),
                End::ReaderGone => {}
                End::Unanswered(unanswered) => tracing::error!(target: "edgekv::app", %id, "{unanswered}"),
            },
            Self::NotStarted(error) if self.is_refusal() => {
                tracing::warn!(target: "edgekv::app", %id, "{error}; the request was refused");
            }
            Self::NotStarted(error) => tracing::error!(target: "edgekv::app", %id, "{error}"),
            Self::TimedOut(limit) => tracing::error!(
                target: "edgekv::app",
                %id,
                "the application was stopped after {limit:?}; allow more by --max-time"
            ),
        }
    }

    /// Whether there was no room for the instance, and may be another time.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::NotStarted(error) if error.kind() == StartErrorKind::PoolIsFull)
    }

    fn summary(&self) -> String {
        match self {
            Self::Ended(end) => match end {
                End::Exited(status) => format!("the application ended with status {status}"),
                End::Trapped(report) => report.to_string(),
                End::ReaderGone => "nobody reads the output".to_owned(),
                End::Unanswered(unanswered) => unanswered.to_string(),
            },
            Self::NotStarted(error) => error.to_string(),
            Self::TimedOut(limit) => format!("the application was stopped after {limit:?}"),
        }
    }

    /// What the client gets when the application has sent nothing. It is not told why: that is for the log.
    pub(crate) fn response(&self, id: TraceId) -> Response<Body> {
        match self {
            Self::Ended(End::Exited(0)) => {
                tracing::warn!(target: "edgekv::app", %id, "the application ended without a response");
                // What the platform of this ABI sends then.
                Response::new(Body::new())
            }
            Self::NotStarted(_) if self.is_refusal() => plain(StatusCode::SERVICE_UNAVAILABLE, TOO_MANY),
            Self::Ended(End::Unanswered(Unanswered::Upstream(_))) => {
                plain(StatusCode::BAD_GATEWAY, "the application could not reach what it needs")
            }
            Self::Ended(_) | Self::NotStarted(_) => {
                plain(StatusCode::INTERNAL_SERVER_ERROR, "the application failed")
            }
            Self::TimedOut(_) => plain(StatusCode::GATEWAY_TIMEOUT, "the application took too long"),
        }
    }
}
