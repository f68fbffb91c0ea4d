//! One request to the API: what is checked before its route is looked for, and what its response holds until it is sent.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use edgekv_runtime::{Escaped, TraceId};
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, Entry, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode, request};
use http_body::Body as _;
use hyper::body::Incoming;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tower_service::Service;
use tracing::{Instrument as _, Span};

use super::asked::Asked;
use super::problem::{Cause, Problem};
use super::target::Target;
use super::token::Token;
use super::{Shared, access, items};
use crate::answer::{AnswerBody, Place, TOO_MANY};
use crate::connection::{Answers, Bounds, Ends, UnderWay};
use crate::metrics::{self, Metrics};
use crate::record::Record;
use crate::span;
use crate::stats::{Counters, Stats, count};
use crate::target;
use crate::upload::Upload;

/// What a client has to take within the time, unless it takes all that is there.
const LEAST_BYTES: usize = 16 * 1024;

/// What stands between connections and handlers.
pub(crate) struct Front {
    pub(crate) shared: Arc<Shared>,
    pub(crate) token: Option<Token>,
    pub(crate) router: Router,
    pub(crate) counters: Counters,
    pub(crate) metrics: Option<Arc<Metrics>>,
    /// One for each request that may be worked on.
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) connections: Arc<Semaphore>,
    /// What still takes the rest of an upload.
    pub(crate) tasks: TaskTracker,
}

impl Answers for Front {
    type Body = AnswerBody<Body>;

    fn bounds(&self) -> Bounds {
        let limits = &self.shared.limits;
        Bounds {
            head_time: limits.head_time,
            write_time: limits.write_time,
            least_bytes: LEAST_BYTES,
            max_head_bytes: limits.max_head_bytes,
        }
    }

    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        ends: Ends,
        under_way: UnderWay,
    ) -> Response<AnswerBody<Body>> {
        count(&self.counters.requests);
        let present = self.counters.responses.enter();
        let id = Record::tells_of_api().then(TraceId::random);
        let span = id.map_or_else(Span::none, |id| span::of_request(id, &request));
        let mut record = Record::of_api(id, ends.client.ip(), &request)
            .counted_by(self.metrics.as_ref(), request.method());
        let is_head = request.method() == Method::HEAD;
        // Kept for the log of what goes wrong: handles, which are no copies.
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let (mut head, incoming) = request.into_parts();
        let body = if incoming.is_end_stream() {
            Body::empty()
        } else {
            Body::new(Upload::new(&head, incoming, &self.tasks))
        };
        let (mut response, place) = match self.admit(&mut head, ends) {
            Ok(place) => (self.route(Request::from_parts(head, body)).instrument(span).await, place),
            // What is not read of the body goes with it.
            Err(problem) => {
                let response = problem.into_response();
                // The router sees to this where it answers.
                (if is_head { response.map(|_| Body::empty()) } else { response }, Place::Nothing)
            }
        };
        if let Some(Cause(cause)) = response.extensions_mut().remove() {
            let path = Escaped::line(uri.path());
            tracing::error!(id = id.map(tracing::field::display), "{method} {path} failed: {cause}");
        }
        finish(response.status(), response.headers_mut());
        record.status = Some(response.status());
        record.is_complete = is_head || response.body().is_end_stream();
        response.map(|body| AnswerBody::new(body, record, place, present, under_way))
    }
}

impl Front {
    /// Checks what does not depend on the route, in the order of what it costs.
    fn admit(&self, head: &mut request::Parts, ends: Ends) -> Result<Place, Problem> {
        let target_bytes = head.uri.path_and_query().map_or(0, |target| target.as_str().len());
        if target_bytes > self.shared.limits.max_target_bytes {
            let limit = self.shared.limits.max_target_bytes;
            let detail = format!("path and query are {target_bytes} bytes; the limit is {limit}");
            return Err(Problem::new(StatusCode::URI_TOO_LONG, detail));
        }
        target::make_absolute(head, || ends.server.to_string())
            .map_err(|bad| Problem::bad_request(bad.explanation()))?;
        if access::is_open(head.uri.path()) {
            return Ok(Place::Nothing);
        }
        access::check(self.token.as_ref(), head)?;
        let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
            count(&self.counters.refused);
            return Err(Problem::unavailable(TOO_MANY));
        };
        Ok(Place::Slot { _permit: slot })
    }

    async fn route(&self, request: Request<Body>) -> Response<Body> {
        // What is asked for most need not look for its route: the router would decode what nobody reads, and allocate for
        // it, which is a tenth of what such a request costs.
        if request.method() == Method::GET && Target::of(request.uri().path()).has_key() {
            let response = match Asked::of(request) {
                Ok(asked) => items::get_item(State(Arc::clone(&self.shared)), asked).await,
                Err(problem) => Err(problem),
            };
            return response.unwrap_or_else(IntoResponse::into_response);
        }
        // A router is always ready, and a clone of it is a handle.
        match self.router.clone().call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// Headers that do not depend on the route.
fn finish(status: StatusCode, headers: &mut HeaderMap) {
    if let Entry::Vacant(vacant) = headers.entry(CACHE_CONTROL) {
        vacant.insert(HeaderValue::from_static("no-store"));
    }
    // The router says how long the body is that is sent. The one has none, and the other's is that of another response.
    if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        headers.remove(CONTENT_LENGTH);
    }
}

impl metrics::Server for Front {
    fn stats(&self) -> Stats {
        self.counters.read()
    }
}

impl fmt::Debug for Front {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Front").field("stats", &self.counters.read()).finish_non_exhaustive()
    }
}
