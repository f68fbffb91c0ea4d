//! How an instance ended, and what that means for its client and for the log.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use edgekv_host::Body;
use edgekv_runtime::{End, StartError, TraceId};
use http::{Response, StatusCode};

use crate::answer::plain;

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
    pub(crate) fn report(&self, id: TraceId, client_gone: &AtomicBool) {
        if client_gone.load(Ordering::Relaxed) {
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
            },
            Self::NotStarted(error) => tracing::error!(target: "edgekv::app", %id, "{error}"),
            Self::TimedOut(limit) => tracing::error!(
                target: "edgekv::app",
                %id,
                "the application was stopped after {limit:?}; allow more by --max-time"
            ),
        }
    }

    fn summary(&self) -> String {
        match self {
            Self::Ended(end) => match end {
                End::Exited(status) => format!("the application ended with status {status}"),
                End::Trapped(report) => report.to_string(),
                End::ReaderGone => "nobody reads the output".to_owned(),
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
            Self::Ended(_) | Self::NotStarted(_) => {
                plain(StatusCode::INTERNAL_SERVER_ERROR, "the application failed")
            }
            Self::TimedOut(_) => plain(StatusCode::GATEWAY_TIMEOUT, "the application took too long"),
        }
    }
}
