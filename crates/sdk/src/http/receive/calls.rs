//! The request as the calls of the legacy ABI tell it.

use edgekv_sys::HttpVersion;

use super::super::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version};
use super::{Refusal, invalid, too_many_headers};
use crate::Body;
use crate::abi::buffer;
use crate::abi::{self, HostRequest};
use crate::error::Fault;

/// Reads the head of the request; the body comes as it is read. One buffer serves all texts.
pub(in super::super) fn receive() -> Result<Request<Body>, Refusal> {
    let (at_host, body) = abi::downstream().map_err(Refusal::Absent)?;
    let mut request = Request::new(Body::from(body));
    let mut buffer = Vec::new();

    let method = buffer::text(&mut buffer, |buffer| at_host.method(buffer))?;
    *request.method_mut() = Method::from_bytes(method).map_err(|_| invalid("method", method))?;

    let uri = buffer::text(&mut buffer, |buffer| at_host.uri(buffer))?;
    *request.uri_mut() = Uri::try_from(uri).map_err(|_| invalid("URL", uri))?;

    *request.version_mut() = version(at_host.version()?)?;
    *request.headers_mut() = headers(at_host, &mut buffer)?;
    Ok(request)
}

/// The headers: one call for their names, and one for the values of each.
fn headers(request: HostRequest, buffer: &mut Vec<u8>) -> Result<HeaderMap, Refusal> {
    let mut names = Vec::new();
    let step = |buffer: &mut [u8], cursor| request.headers(None, buffer, cursor);
    buffer::each(buffer, step, |name| {
        names.push(HeaderName::from_bytes(name).map_err(|_| invalid("header name", name))?);
        Ok::<_, Refusal>(())
    })?;
    let mut headers = HeaderMap::try_with_capacity(names.len()).map_err(too_many_headers)?;
    for name in names {
        let step = |buffer: &mut [u8], cursor| request.headers(Some(name.as_str()), buffer, cursor);
        buffer::each(buffer, step, |value| {
            let value = HeaderValue::from_bytes(value).map_err(|_| invalid("header value", value))?;
            headers.try_append(name.clone(), value).map(drop).map_err(too_many_headers)
        })?;
    }
    Ok(headers)
}

fn version(version: HttpVersion) -> Result<Version, Fault> {
    match version {
        HttpVersion::HTTP_09 => Ok(Version::HTTP_09),
        HttpVersion::HTTP_10 => Ok(Version::HTTP_10),
        HttpVersion::HTTP_11 => Ok(Version::HTTP_11),
        HttpVersion::H2 => Ok(Version::HTTP_2),
        HttpVersion::H3 => Ok(Version::HTTP_3),
        HttpVersion(number) => Err(Fault::Number {
            what: "the version of HTTP",
            number: usize::try_from(number).unwrap_or(usize::MAX),
        }),
    }
}
