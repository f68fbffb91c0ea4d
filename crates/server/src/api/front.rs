//! One request to the API: what is checked before its route is looked for, and what its response holds until it is sent.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use edgekv_runtime::TraceId;
use http::{Method, Request, Response, StatusCode, request};
use http_body::Body as _;
use hyper::body::Incoming;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tower_service::Service;
use tracing::Instrument as _;

use super::problem::Problem;
use super::target::Target;
use super::token::Token;
use super::{Shared, access, items};
use crate::answer::{AnswerBody, TOO_MANY};
use crate::connection::{Answers, Bounds, Ends, UnderWay};
use crate::exchange::Ticket;
use crate::metrics::{self, Metrics};
use crate::record::Record;
use crate::span;
use crate::stats::{Counters, Stats, count};
use crate::target;
use crate::upload::Upload;

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
        let id = TraceId::random();
        let span = span::of_request(id, &request);
        let mut record = Record::of_api(id, ends.client.ip(), &request)
            .counted_by(self.metrics.as_ref(), request.method());
        let is_head = request.method() == Method::HEAD;
        let (mut head, incoming) = request.into_parts();
        let body = if incoming.is_end_stream() {
            Body::empty()
        } else {
            Body::new(Upload::new(&head, incoming, &self.tasks))
        };
        let (response, ticket) = match self.admit(&mut head, ends) {
            Ok(ticket) => (self.route(Request::from_parts(head, body)).instrument(span).await, ticket),
            // What is not read of the body goes with it.
            Err(problem) => {
                let response = problem.into_response();
                // The router sees to this where it answers.
                (if is_head { response.map(|_| Body::empty()) } else { response }, None)
            }
        };
        record.status = Some(response.status());
        record.is_complete = is_head || response.body().is_end_stream();
        response.map(|body| AnswerBody::new(body, record, ticket, present, under_way))
    }
}

impl Front {
    /// Checks what does not depend on the route, in the order of what it costs.
    fn admit(&self, head: &mut request::Parts, ends: Ends) -> Result<Option<Arc<Ticket>>, Problem> {
        let target_bytes = head.uri.path_and_query().map_or(0, |target| target.as_str().len());
        if target_bytes > self.shared.limits.max_target_bytes {
            let limit = self.shared.limits.max_target_bytes;
            let detail = format!("path and query are {target_bytes} bytes; the limit is {limit}");
            return Err(Problem::new(StatusCode::URI_TOO_LONG, detail));
        }
        target::make_absolute(head, || ends.server.to_string())
            .map_err(|bad| Problem::bad_request(bad.explanation()))?;
        if access::is_open(head.uri.path()) {
            return Ok(None);
        }
        access::check(self.token.as_ref(), head)?;
        let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
            count(&self.counters.refused);
            return Err(Problem::unavailable(TOO_MANY));
        };
        Ok(Some(Ticket::new(slot)))
    }

    async fn route(&self, request: Request<Body>) -> Response<Body> {
        // What is asked for most need not look for its route: the router would decode what nobody reads, and allocate for
        // it, which is a tenth of what such a request costs.
        let is_read =
            request.method() == Method::GET && Target::of(request.uri().path()).is_some_and(Target::has_key);
        if is_read {
            let (head, _) = request.into_parts();
            return items::read(&self.shared, &head).await.unwrap_or_else(IntoResponse::into_response);
        }
        // A router is always ready, and a clone of it is a handle.
        match self.router.clone().call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
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
