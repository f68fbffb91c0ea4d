//! The request log: one event for each request, when its response is over.

use std::net::IpAddr;
use std::time::Instant;

use edgekv_runtime::TraceId;
use http::{Method, StatusCode, Uri};

/// What is told of a request. It is told when this is dropped, whatever the reason.
#[derive(Debug)]
pub(crate) struct Record {
    id: TraceId,
    client: IpAddr,
    method: Method,
    uri: Uri,
    began: Instant,
    /// `None` while there is no answer.
    pub(crate) status: Option<StatusCode>,
    /// Bytes of the response's body.
    pub(crate) bytes: u64,
    /// Whether all of the response has been taken.
    pub(crate) is_complete: bool,
}

impl Record {
    pub(crate) fn new(id: TraceId, client: IpAddr, method: Method, uri: Uri) -> Self {
        Self { id, client, method, uri, began: Instant::now(), status: None, bytes: 0, is_complete: false }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        // Nothing of it is computed when nobody listens.
        tracing::info!(
            target: "edgekv::request",
            id = %self.id,
            client = %self.client,
            method = %self.method,
            path = %self.uri.path_and_query().map_or("/", |path| path.as_str()),
            status = self.status.map(|status| status.as_u16()),
            bytes = self.bytes,
            complete = self.is_complete,
            milliseconds = self.began.elapsed().as_micros() as f64 / 1000.0,
        );
    }
}
