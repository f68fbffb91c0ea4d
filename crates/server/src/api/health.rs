//! How the server is, and what it has done.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use edgekv_store::{Reply, Stores};
use http::header::CONTENT_TYPE;
use tokio::time::{Instant, timeout};

use super::Shared;
use super::problem::{Problem, ProblemDocument};
use crate::metrics::Metrics;

/// How long the engine may take for an answer: a commit and whatever is before it.
const ENGINE_TIME: Duration = Duration::from_secs(5);

/// How long an answer holds.
const ANSWER_TIME: Duration = Duration::from_secs(1);

/// Whether the engine works, as it was found lately.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    /// Only one asks at a time, and the others wait for its answer.
    last: tokio::sync::Mutex<Asking>,
}

#[derive(Debug, Default)]
struct Asking {
    /// What the engine has not answered yet, so that nothing piles up in one that hangs.
    pending: Option<ReplyFuture>,
    answer: Option<(Instant, Result<(), Cow<'static, str>>)>,
}

type ReplyFuture = <Reply<()> as IntoFuture>::IntoFuture;

impl Readiness {
    /// Asks the engine, unless that was done a moment ago. Anybody may ask, so it costs the engine next to nothing.
    async fn check(&self, stores: &Stores) -> Result<(), Cow<'static, str>> {
        let mut last = self.last.lock().await;
        if let Some((when, answer)) = &last.answer
            && when.elapsed() < ANSWER_TIME
        {
            return answer.clone();
        }
        let pending = last.pending.get_or_insert_with(|| stores.flush().into_future());
        let answered = timeout(ENGINE_TIME, pending).await;
        if answered.is_ok() {
            last.pending = None;
        }
        let answer = match answered {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Problem::from(error).detail),
            Err(_elapsed) => Err(format!("the engine does not answer within {ENGINE_TIME:?}").into()),
        };
        last.answer = Some((Instant::now(), answer.clone()));
        answer
    }
}

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
    match shared.readiness.check(&shared.stores).await {
        Ok(()) => Ok(text("ready\n")),
        Err(detail) => Err(Problem::unavailable(detail)),
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
