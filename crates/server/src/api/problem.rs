//! Answers that are not what was asked for: problem documents (RFC 9457).

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use edgekv_store::KvError;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of a problem.
pub(crate) const PROBLEM: &str = "application/problem+json";

/// Why a request was not done, and what to do instead.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) detail: Cow<'static, str>,
    /// What clients are not told, and the log is.
    pub(crate) cause: Option<Cause>,
}

/// Why a request has failed that was right. It goes with the response until it is logged.
#[derive(Debug, Clone)]
pub(crate) struct Cause(pub(crate) Arc<str>);

/// The document of a problem.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDocument<'a> {
    /// What the status means.
    #[schema(example = "Not Found")]
    title: &'a str,
    /// The status of the response.
    #[schema(example = 404)]
    status: u16,
    /// What is wrong with this request, and what to do about it.
    detail: &'a str,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, detail: detail.into(), cause: None }
    }

    pub(crate) fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(crate) fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// There is no room; there may be another time.
    pub(crate) fn unavailable(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    /// The same, with what was done before.
    pub(crate) fn after(mut self, what: &str) -> Self {
        self.detail = format!("{}; {what}", self.detail).into();
        self
    }
}

/// A response with a document of JSON.
pub(crate) fn json(status: StatusCode, document: &impl Serialize) -> Response {
    of_type("application/json", status, document)
}

fn of_type(media_type: &'static str, status: StatusCode, document: &impl Serialize) -> Response {
    let (status, text) = match serde_json::to_vec(document) {
        Ok(text) => (status, text),
        Err(error) => {
            tracing::error!("cannot write a document: {error}");
            (StatusCode::INTERNAL_SERVER_ERROR, Vec::new())
        }
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // Clients of the platform know this one without a body.
        let mut response = if self.status == StatusCode::PRECONDITION_FAILED {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = self.status;
            response
        } else {
            let title = self.status.canonical_reason().unwrap_or("Error");
            let document = ProblemDocument { title, status: self.status.as_u16(), detail: &self.detail };
            of_type(PROBLEM, self.status, &document)
        };
        if let Some(cause) = self.cause {
            response.extensions_mut().insert(cause);
        }
        let headers = response.headers_mut();
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"edgekv\""));
            }
            _ => {}
        }
        response
    }
}

/// An error, with what is behind it.
pub(crate) fn explained(error: &KvError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

impl From<KvError> for Problem {
    fn from(error: KvError) -> Self {
        let status = match &error {
            KvError::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            KvError::PayloadTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            KvError::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            KvError::ZeroLimit
            | KvError::PrefixTooLong { .. }
            | KvError::Metadata(_)
            | KvError::Cursor(_)
            | KvError::StoreExists(_) => StatusCode::BAD_REQUEST,
            KvError::NoStore(_) => StatusCode::NOT_FOUND,
            KvError::StoreNotEmpty(_) => StatusCode::CONFLICT,
            KvError::Closed => return Self::unavailable("the server is ending; try again when it is back"),
            _ => {
                // Files and disks are no business of clients.
                let cause = Some(Cause(explained(&error).into()));
                let detail = "the engine failed; the log of the server says why".into();
                return Self { status: StatusCode::INTERNAL_SERVER_ERROR, detail, cause };
            }
        };
        Self::new(status, error.to_string())
    }
}
