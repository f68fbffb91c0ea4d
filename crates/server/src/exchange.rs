//! One request and its response.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use edgekv_host::{Answer, Body, Client, Downstream, Keepalive};
use edgekv_runtime::{Call, TraceId};
use http::header::{CONNECTION, HeaderValue};
use http::{Method, Request, Response, StatusCode, Version};
use http_body::Body as HttpBody;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;
use tracing::{Instrument as _, Span};

use crate::answer::{AnswerBody, Place, TOO_MANY, plain};
use crate::connection::{Answers, Bounds, Ends, UnderWay};
use crate::cpu::CpuClock;
use crate::limits::Limits;
use crate::outcome::Outcome;
use crate::output::{AppLog, AppOutput};
use crate::record::Record;
use crate::server::Shared;
use crate::span;
use crate::stats::count;
use crate::target;
use crate::upload::Upload;
use crate::work::{Instance, Work};

/// What a request takes up, and what is known of its client: shared by its instance and the body of its response.
#[derive(Debug)]
pub(crate) struct Ticket {
    client_is_gone: AtomicBool,
    /// Free again when both are gone: what an instance has left behind for its client takes up memory like an instance.
    _slot: OwnedSemaphorePermit,
}

impl Ticket {
    pub(crate) fn new(slot: OwnedSemaphorePermit) -> Arc<Self> {
        Arc::new(Self { client_is_gone: AtomicBool::new(false), _slot: slot })
    }

    /// Says, to whoever runs the instance, that nobody takes its response any more.
    pub(crate) fn leave(&self) {
        self.client_is_gone.store(true, Ordering::Relaxed);
    }
}

/// Why a request is not given to an application.
struct Refusal(StatusCode, Cow<'static, str>);

impl Answers for Shared {
    type Body = AnswerBody<Body>;

    fn bounds(&self) -> Bounds {
        let Limits { head_time, write_time, max_head_bytes, .. } = self.limits;
        // An application's response may be taken as slowly as anybody likes.
        Bounds { head_time, write_time, least_bytes: 1, max_head_bytes }
    }

    /// If this is dropped, the instance that works on the request goes on.
    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        ends: Ends,
        under_way: UnderWay,
    ) -> Response<AnswerBody<Body>> {
        count(&self.counters.requests);
        let present = self.counters.responses.enter();
        let id = TraceId::random();
        let mut record =
            Record::new(id, ends.client.ip(), &request).counted_by(self.metrics.as_ref(), request.method());
        let is_head = request.method() == Method::HEAD;
        let version = request.version();

        let (response, place) = match self.begin(request, ends, id) {
            Ok((instance, answer, ticket)) => {
                let work = Work::new(instance, answer, Arc::clone(&ticket), self.tasks.clone());
                let response = match work.await {
                    Ok(response) => prepare(response, version),
                    Err(outcome) => {
                        if outcome.is_refusal() {
                            count(&self.counters.refused);
                        }
                        outcome.response(id)
                    }
                };
                (response, Place::Instance(ticket))
            }
            Err(Refusal(status, text)) => (plain(status, &text), Place::Nothing),
        };
        record.status = Some(response.status());
        record.is_complete = is_head || is_bodiless(response.status());
        response.map(|body| AnswerBody::new(body, record, place, present, under_way))
    }
}

impl Shared {
    /// Checks a request, and gives it to an instance, which has not begun to run.
    fn begin(
        self: &Arc<Self>,
        request: Request<Incoming>,
        ends: Ends,
        id: TraceId,
    ) -> Result<(Instance, Answer, Arc<Ticket>), Refusal> {
        let span = span::of_request(id, &request);
        let (mut head, incoming) = request.into_parts();
        let body = Upload::new(&head, incoming, &self.tasks);
        let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
            count(&self.counters.refused);
            return Err(Refusal(StatusCode::SERVICE_UNAVAILABLE, TOO_MANY.into()));
        };
        target::make_absolute(&mut head, || ends.server.to_string())
            .map_err(|bad| Refusal(StatusCode::BAD_REQUEST, bad.explanation().into()))?;
        if body.size_hint().lower() > self.limits.max_body_bytes {
            let text = format!("the body is longer than {} bytes", self.limits.max_body_bytes);
            return Err(Refusal(StatusCode::PAYLOAD_TOO_LARGE, text.into()));
        }
        let ticket = Ticket::new(slot);
        let body = if body.is_end_stream() {
            Body::new()
        } else {
            let max = usize::try_from(self.limits.max_body_bytes).unwrap_or(usize::MAX);
            // The instance hears of it before anybody else, and may have ended before the connection has.
            let broken = {
                let ticket = Arc::clone(&ticket);
                move |error| {
                    ticket.leave();
                    error
                }
            };
            Body::from_stream(Limited::new(body.map_err(broken), max))
        };
        let client = Client::default()
            .address(ends.client.ip())
            .server_address(ends.server.ip())
            .request_id(id.to_bytes());
        let (downstream, answer) = Downstream::new(Request::from_parts(head, body), client);
        let instance = self.instance(downstream, id, Arc::clone(&ticket), span);
        Ok((instance, answer, ticket))
    }

    /// The run of an instance, from its beginning to its end, with all that this counts and tells.
    fn instance(
        self: &Arc<Self>,
        downstream: Downstream,
        id: TraceId,
        ticket: Arc<Ticket>,
        span: Span,
    ) -> Instance {
        let program = self.program();
        let present = self.counters.instances.enter();
        let clock = CpuClock::new();
        let kv = {
            let clock = Arc::clone(&clock);
            let log = AppLog { id, _context: self.counters.contexts.enter() };
            self.context.clone().log(Arc::new(log)).cpu_time(move || clock.read()).build_for(downstream)
        };
        let limit = self.limits.request_time;
        let shared = Arc::clone(self);
        let run = async move {
            let output = AppOutput { id };
            let call = program.call(Call {
                kv,
                environment: &shared.environment,
                trace_id: id,
                stdout: Box::new(output),
                stderr: Box::new(output),
            });
            let outcome = match tokio::time::timeout(limit, clock.measure(call)).await {
                Ok(Ok(ended)) => {
                    shared.missing_stores.tell(ended.missing_stores());
                    // The context goes here, and with it what the client may wait for in vain.
                    Outcome::Ended(ended.end)
                }
                Ok(Err(error)) => Outcome::NotStarted(error),
                Err(_elapsed) => Outcome::TimedOut(limit),
            };
            outcome.report(id, ticket.client_is_gone.load(Ordering::Relaxed));
            drop((ticket, present));
            outcome
        };
        // Whoever polls it: the exchange, or a task of its own.
        Box::pin(run.instrument(span))
    }
}

/// Makes the application's response one that this connection can send. A wish that the connection be closed has no effect on
/// HTTP/2, where other requests are on it.
fn prepare(mut response: Response<Body>, version: Version) -> Response<Body> {
    if response.extensions_mut().remove::<Keepalive>() == Some(Keepalive::Close)
        && version <= Version::HTTP_11
    {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Whether a response with this status ends with its head, whatever its body is.
const fn is_bodiless(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}
