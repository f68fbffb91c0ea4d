//! How the server is, and what it has done.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use edgekv_store::StoreName;
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::Shared;
use super::problem::{Problem, ProblemDocument};
use crate::metrics::Metrics;

/// A text of one line.
fn text(text: &'static str) -> Response {
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

/// Whether the process answers at all.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "health",
    security(()),
    responses((status = 200, description = "It does.", content_type = "text/plain", body = String)),
)]
pub(crate) async fn healthz() -> Response {
    text("ok\n")
}

/// Whether requests are answered: the engine works, and the server is not ending.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    security(()),
    responses(
        (status = 200, description = "They are.", content_type = "text/plain", body = String),
        (status = 503, description = "They are not.", content_type = "application/problem+json", body = ProblemDocument),
    ),
)]
pub(crate) async fn readyz(State(shared): State<Arc<Shared>>) -> Result<Response, Problem> {
    if shared.is_ending.load(Ordering::Relaxed) {
        return Err(Problem::unavailable("the server is ending"));
    }
    // There is none of this name; that the engine says so is enough.
    let name = StoreName::new(".edgekv.ready").map_err(|error| Problem::unavailable(error.to_string()))?;
    match shared.stores.open(&name).await {
        Ok(_) => Ok(text("ready\n")),
        Err(error) => {
            let problem = Problem::from(error);
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, problem.detail.into_owned()))
        }
    }
}

/// What the process has counted, for Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "health",
    responses(
        (status = 200, description = "The metrics.", content_type = "text/plain", body = String),
        (status = 404, description = "Nothing is counted.", content_type = "application/problem+json", body = ProblemDocument),
    ),
)]
pub(crate) async fn metrics(State(shared): State<Arc<Shared>>) -> Result<Response, Problem> {
    let metrics = shared.metrics.as_ref().ok_or_else(|| Problem::not_found("this server counts nothing"))?;
    Ok(([(CONTENT_TYPE, Metrics::MEDIA_TYPE)], metrics.render()).into_response())
}
