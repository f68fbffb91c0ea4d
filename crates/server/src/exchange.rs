//! One request and its response.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use edgekv_host::{Answer, Body, Client, Downstream, Keepalive};
use edgekv_runtime::{Call, TraceId};
use http::header::{CONNECTION, HeaderValue};
use http::{Method, Request, Response, StatusCode, Version};
use http_body::Body as HttpBody;
use http_body_util::Limited;
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;

use crate::answer::{AnswerBody, plain};
use crate::cpu::CpuClock;
use crate::outcome::Outcome;
use crate::output::AppOutput;
use crate::record::Record;
use crate::server::Shared;
use crate::stats::count;
use crate::target;
use crate::work::{Instance, Work};

/// Both ends of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) client: SocketAddr,
    pub(crate) server: SocketAddr,
}

/// Why a request is not given to an application.
struct Refusal(StatusCode, Cow<'static, str>);

impl Shared {
    /// Answers one request. If this is dropped, the instance that works on it goes on.
    pub(crate) async fn exchange(
        self: Arc<Self>,
        request: Request<Incoming>,
        ends: Ends,
    ) -> Response<AnswerBody> {
        count(&self.counters.requests);
        let present = self.counters.responses.enter();
        let id = TraceId::random();
        let client_gone = Arc::new(AtomicBool::new(false));
        let mut record = Record::new(id, ends.client.ip(), request.method().clone(), request.uri().clone());
        let method = request.method().clone();
        let version = request.version();

        let response = match self.begin(request, ends, id, &client_gone) {
            Ok((instance, answer)) => match Work::new(instance, answer, self.tasks.clone()).await {
                Ok(response) => prepare(response, version),
                Err(outcome) => outcome.response(id),
            },
            Err(Refusal(status, text)) => plain(status, &text),
        };
        record.status = Some(response.status());
        record.is_complete = is_bodiless(&method, response.status());
        response.map(|body| AnswerBody::new(body, record, client_gone, present))
    }

    /// Checks a request, and gives it to an instance, which has not begun to run.
    fn begin(
        self: &Arc<Self>,
        request: Request<Incoming>,
        ends: Ends,
        id: TraceId,
        client_gone: &Arc<AtomicBool>,
    ) -> Result<(Instance, Answer), Refusal> {
        let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
            count(&self.counters.refused);
            let text = "too many requests are being worked on";
            return Err(Refusal(StatusCode::SERVICE_UNAVAILABLE, text.into()));
        };
        let (mut head, body) = request.into_parts();
        target::make_absolute(&mut head, || ends.server.to_string())
            .map_err(|bad| Refusal(StatusCode::BAD_REQUEST, bad.explanation().into()))?;
        if body.size_hint().lower() > self.limits.max_body_bytes {
            let text = format!("the body is longer than {} bytes", self.limits.max_body_bytes);
            return Err(Refusal(StatusCode::PAYLOAD_TOO_LARGE, text.into()));
        }
        let body = if body.is_end_stream() {
            Body::new()
        } else {
            let max = usize::try_from(self.limits.max_body_bytes).unwrap_or(usize::MAX);
            Body::from_stream(Limited::new(body, max))
        };
        let client = Client::default()
            .address(ends.client.ip())
            .server_address(ends.server.ip())
            .request_id(id.to_bytes());
        let (downstream, answer) = Downstream::new(Request::from_parts(head, body), client);
        Ok((self.instance(downstream, slot, id, Arc::clone(client_gone)), answer))
    }

    /// The run of an instance, from its beginning to its end, with all that this counts and tells.
    fn instance(
        self: &Arc<Self>,
        downstream: Downstream,
        slot: OwnedSemaphorePermit,
        id: TraceId,
        client_gone: Arc<AtomicBool>,
    ) -> Instance {
        let program = self.program();
        let present = self.counters.instances.enter();
        let clock = CpuClock::new();
        let kv = {
            let clock = Arc::clone(&clock);
            self.context.clone().cpu_time(move || clock.read()).build_for(downstream)
        };
        let limit = self.limits.request_time;
        let shared = Arc::clone(self);
        Box::pin(async move {
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
            outcome.report(id, &client_gone);
            drop((slot, present));
            outcome
        })
    }
}

/// Makes the application's response one that this connection can send.
fn prepare(mut response: Response<Body>, version: Version) -> Response<Body> {
    if response.extensions_mut().remove::<Keepalive>() == Some(Keepalive::Close)
        && version <= Version::HTTP_11
    {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Whether a response ends with its head, whatever its body is.
fn is_bodiless(method: &Method, status: StatusCode) -> bool {
    method == Method::HEAD || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}
