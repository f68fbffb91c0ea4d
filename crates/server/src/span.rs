//! The span of a request: what any part of edgekv says while it works on a request carries the number of that.

use edgekv_runtime::{Escaped, TraceId};
use http::Request;
use http::uri::PathAndQuery;
use tracing::Span;

/// The span of a request, which costs a comparison unless messages of `edgekv_server` are wanted down to `debug`.
pub(crate) fn of_request<B>(id: TraceId, request: &Request<B>) -> Span {
    tracing::debug_span!(
        target: "edgekv_server",
        "request",
        %id,
        method = %request.method(),
        path = %Escaped::line(request.uri().path_and_query().map_or("/", PathAndQuery::as_str)),
    )
}
