//! The request as `wasi:http` has it: its head in a few calls.

use super::super::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use super::{Refusal, invalid, too_many_headers};
use crate::{Body, abi};

/// Reads the head of the request; the body comes as it is read. Its version is not told: 1.1 is what the types begin with.
pub(in super::super) fn receive() -> Result<Request<Body>, Refusal> {
    let (head, body) = abi::downstream().map_err(Refusal::Absent)?;
    let mut request = Request::new(Body::from(body));
    let (method, uri) = (head.method.as_bytes(), head.uri.as_bytes());
    *request.method_mut() = Method::from_bytes(method).map_err(|_| invalid("method", method))?;
    *request.uri_mut() = Uri::try_from(uri).map_err(|_| invalid("URL", uri))?;
    *request.headers_mut() = headers(head.headers)?;
    Ok(request)
}

fn headers(all: Vec<(String, Vec<u8>)>) -> Result<HeaderMap, Refusal> {
    let mut headers = HeaderMap::try_with_capacity(all.len()).map_err(too_many_headers)?;
    for (name, value) in all {
        let name =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid("header name", name.as_bytes()))?;
        let value = HeaderValue::from_bytes(&value).map_err(|_| invalid("header value", &value))?;
        headers.try_append(name, value).map_err(too_many_headers)?;
    }
    Ok(headers)
}
