//! The request log: one event for each request, when its response is over.

use std::net::IpAddr;
use std::time::Instant;

use edgekv_runtime::{Escaped, TraceId};
use http::uri::PathAndQuery;
use http::{Method, Request, StatusCode};

/// What is told of a request. It is told when this is dropped, whatever the reason.
#[derive(Debug)]
pub(crate) struct Record {
    /// `None` when nobody listens.
    asked: Option<Asked>,
    /// `None` while there is no answer.
    pub(crate) status: Option<StatusCode>,
    /// Bytes of the response's body.
    pub(crate) bytes: u64,
    /// Whether all of the response has been taken.
    pub(crate) is_complete: bool,
}

/// What the client has asked for.
#[derive(Debug)]
struct Asked {
    id: TraceId,
    client: IpAddr,
    method: Method,
    path: Option<PathAndQuery>,
    began: Instant,
}

impl Record {
    pub(crate) fn new<B>(id: TraceId, client: IpAddr, request: &Request<B>) -> Self {
        let asked = tracing::enabled!(target: "edgekv::request", tracing::Level::INFO).then(|| Asked {
            id,
            client,
            method: request.method().clone(),
            path: request.uri().path_and_query().cloned(),
            began: Instant::now(),
        });
        Self { asked, status: None, bytes: 0, is_complete: false }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let Some(asked) = &self.asked else { return };
        tracing::info!(
            target: "edgekv::request",
            id = %asked.id,
            client = %asked.client,
            method = %asked.method,
            path = %Escaped::line(asked.path.as_ref().map_or("/", PathAndQuery::as_str)),
            status = self.status.map(|status| status.as_u16()),
            bytes = self.bytes,
            complete = self.is_complete,
            milliseconds = asked.began.elapsed().as_micros() as f64 / 1000.0,
        );
    }
}
