//! The request log: one event for each request, when its response is over. Those of applications are events of level
//! `info`, those of the API of level `debug`. Requests are counted here as well.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use edgekv_runtime::{Escaped, TraceId};
use http::uri::PathAndQuery;
use http::{Method, Request, StatusCode};

use crate::metrics::{Counted, Listener, Metrics};

/// What is told of a request. It is told when this is dropped, whatever the reason.
#[derive(Debug)]
pub(crate) struct Record {
    /// `None` when nobody listens.
    asked: Option<Asked>,
    /// `None` when nobody counts.
    counted: Option<Counted>,
    is_of_api: bool,
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
    /// Of a request to an application.
    pub(crate) fn new<B>(id: TraceId, client: IpAddr, request: &Request<B>) -> Self {
        let is_wanted = tracing::enabled!(target: "edgekv::request", tracing::Level::INFO);
        Self::of(false, is_wanted.then(|| Asked::new(id, client, request)))
    }

    /// Of a request to the API.
    pub(crate) fn of_api<B>(id: Option<TraceId>, client: IpAddr, request: &Request<B>) -> Self {
        let id = id.filter(|_| tracing::enabled!(target: "edgekv::request", tracing::Level::DEBUG));
        Self::of(true, id.map(|id| Asked::new(id, client, request)))
    }

    /// Whether anything is told of requests to the API, so that they need an identity.
    pub(crate) fn tells_of_api() -> bool {
        tracing::enabled!(target: "edgekv::request", tracing::Level::DEBUG)
            || tracing::enabled!(target: "edgekv_server", tracing::Level::DEBUG)
    }

    const fn of(is_of_api: bool, asked: Option<Asked>) -> Self {
        Self { asked, counted: None, is_of_api, status: None, bytes: 0, is_complete: false }
    }

    /// Has the request counted as well, from now on.
    pub(crate) fn counted_by(mut self, metrics: Option<&Arc<Metrics>>, method: &Method) -> Self {
        let listener = if self.is_of_api { Listener::Api } else { Listener::App };
        self.counted = metrics.map(|metrics| Counted::begin(metrics, listener, method));
        self
    }
}

impl Asked {
    fn new<B>(id: TraceId, client: IpAddr, request: &Request<B>) -> Self {
        Self {
            id,
            client,
            method: request.method().clone(),
            path: request.uri().path_and_query().cloned(),
            began: Instant::now(),
        }
    }
}

/// The level of an event has to be known when this is compiled.
macro_rules! tell {
    ($level:ident, $record:expr, $asked:expr) => {
        tracing::$level!(
            target: "edgekv::request",
            id = %$asked.id,
            client = %$asked.client,
            method = %$asked.method,
            path = %Escaped::line($asked.path.as_ref().map_or("/", PathAndQuery::as_str)),
            status = $record.status.map(|status| status.as_u16()),
            bytes = $record.bytes,
            complete = $record.is_complete,
            milliseconds = $asked.began.elapsed().as_micros() as f64 / 1000.0,
        )
    };
}

impl Drop for Record {
    fn drop(&mut self) {
        if let Some(counted) = self.counted.take() {
            counted.end(self.status);
        }
        match &self.asked {
            Some(asked) if self.is_of_api => tell!(debug, self, asked),
            Some(asked) => tell!(info, self, asked),
            None => {}
        }
    }
}
