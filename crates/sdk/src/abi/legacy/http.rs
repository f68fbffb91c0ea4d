//! The calls of the modules `fastly_abi`, `fastly_http_req`, `fastly_http_resp` and `fastly_http_downstream`.

use edgekv_sys::{BodyHandle, FastlyStatus as Status, HttpVersion, RequestHandle, ResponseHandle};
#[cfg(not(test))]
use edgekv_sys::{fastly_abi, fastly_http_downstream, fastly_http_req, fastly_http_resp};

#[cfg(test)]
use super::script::{fastly_abi, fastly_http_downstream, fastly_http_req, fastly_http_resp};
use super::{Address, HostBody, Result, Value, buffer, check, check_length, fill, step};
use crate::error::{Call, Fault};

/// The version of the ABI that this crate is written for.
const ABI_VERSION: u64 = 1;

/// Says which ABI the program was built for. A host that does not want to know says so, and nothing follows from it.
pub(crate) fn init() {
    // SAFETY: the call takes no pointer.
    let _ = unsafe { fastly_abi::init(ABI_VERSION) };
}

/// The request of the client, and its body.
pub(crate) fn downstream() -> Result<(HostRequest, HostBody)> {
    let (mut request, mut body) = (RequestHandle::INVALID, BodyHandle::INVALID);
    // SAFETY: `request` and `body` are locals.
    check(Call::Http, unsafe { fastly_http_req::body_downstream_get(&raw mut request, &raw mut body) })?;
    let body = HostBody::claim(body)?;
    Ok((HostRequest::claim(request)?, body))
}

/// A request at the host. It stays there until the program ends, so that it can be asked about its client at any time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HostRequest(RequestHandle);

impl HostRequest {
    fn claim(handle: RequestHandle) -> Result<Self> {
        if handle == RequestHandle::INVALID {
            Err(Fault::Empty { missing: "no request" })
        } else {
            Ok(Self(handle))
        }
    }

    /// The request of the client, for programs that have its body already.
    pub(crate) fn of_client() -> Result<Self> {
        let (mut request, mut body) = (RequestHandle::INVALID, BodyHandle::INVALID);
        // The handle of the body is that of the first call, so it is not ours to close. Its pointer could be null, but
        // some hosts would then store the handle at address 0 of the guest's memory.
        // SAFETY: `request` and `body` are locals.
        check(Call::Http, unsafe { fastly_http_req::body_downstream_get(&raw mut request, &raw mut body) })?;
        Self::claim(request)
    }

    /// The method; its length in the buffer.
    pub(crate) fn method(self, buffer: &mut [u8]) -> Result<usize> {
        // SAFETY: the pointers are those of a slice and of a local (see `fill`); the same holds below.
        fill(Call::Http, buffer, |at, room, length| unsafe {
            fastly_http_req::method_get(self.0, at, room, length)
        })
    }

    /// The URL, absolute; its length in the buffer.
    pub(crate) fn uri(self, buffer: &mut [u8]) -> Result<usize> {
        // SAFETY: see `method`.
        fill(Call::Http, buffer, |at, room, length| unsafe {
            fastly_http_req::uri_get(self.0, at, room, length)
        })
    }

    /// The version of HTTP.
    pub(crate) fn version(self) -> Result<HttpVersion> {
        let mut version = u32::MAX;
        // SAFETY: `version` is a local.
        check(Call::Http, unsafe { fastly_http_req::version_get(self.0, &raw mut version) })?;
        Ok(HttpVersion(version))
    }

    /// One step through the names of the headers, or through the values of the header `name`.
    pub(crate) fn headers(
        self,
        name: Option<&str>,
        buffer: &mut [u8],
        cursor: u32,
    ) -> Result<(usize, Option<u32>)> {
        step(Call::Http, buffer, cursor, |at, room, cursor, next, length| match name {
            // SAFETY: `at` and `room` are a slice, `next` and `length` locals (see `step`).
            None => unsafe { fastly_http_req::header_names_get(self.0, at, room, cursor, next, length) },
            // SAFETY: as above, and `name` is a `str`.
            Some(name) => unsafe {
                let (text, text_len) = (name.as_ptr(), name.len());
                fastly_http_req::header_values_get(self.0, text, text_len, at, room, cursor, next, length)
            },
        })
    }

    /// The identity that the host gave the request.
    pub(crate) fn id(self) -> Result<Vec<u8>> {
        let mut buffer = Vec::new();
        let length = buffer::text(&mut buffer, |buffer| {
            // SAFETY: see `method`.
            fill(Call::Http, buffer, |at, room, length| unsafe {
                fastly_http_downstream::downstream_client_request_id(self.0, at, room, length)
            })
        })?
        .len();
        buffer.truncate(length);
        Ok(buffer)
    }

    /// An address: 4 or 16 bytes, or none when the host does not know it.
    pub(crate) fn address(self, which: Address, octets: &mut [u8; 16]) -> Result<usize> {
        let mut length = 0;
        let at = octets.as_mut_ptr();
        // SAFETY: there is room for 16 bytes, and `length` is a local.
        let status = unsafe {
            match which {
                Address::Client => {
                    fastly_http_downstream::downstream_client_ip_addr(self.0, at, &raw mut length)
                }
                Address::Server => {
                    fastly_http_downstream::downstream_server_ip_addr(self.0, at, &raw mut length)
                }
            }
        };
        if status == Status::NONE {
            return Ok(0);
        }
        check(Call::Http, status)?;
        check_length(length, octets.len())
    }
}

/// A response at the host that has not been sent. Closed when dropped.
#[derive(Debug)]
pub(crate) struct HostResponse(ResponseHandle);

impl HostResponse {
    /// Makes a response: status 200, no headers.
    pub(crate) fn new() -> Result<Self> {
        let mut response = ResponseHandle::INVALID;
        // SAFETY: `response` is a local.
        check(Call::Http, unsafe { fastly_http_resp::new(&raw mut response) })?;
        if response == ResponseHandle::INVALID {
            return Err(Fault::Empty { missing: "no response" });
        }
        Ok(Self(response))
    }

    /// Sets the status.
    pub(crate) fn set_status(&mut self, status: u16) -> Result<()> {
        // SAFETY: the call takes no pointer.
        check(Call::Http, unsafe { fastly_http_resp::status_set(self.0, status.into()) })
    }

    /// Adds a header.
    pub(crate) fn append_header(&mut self, name: &str, value: &[u8]) -> Result<()> {
        // SAFETY: `name` and `value` are slices.
        check(Call::Http, unsafe {
            fastly_http_resp::header_append(self.0, name.as_ptr(), name.len(), value.as_ptr(), value.len())
        })
    }

    /// Sends the response with all of its body. Both are gone, whatever the answer.
    pub(crate) fn send(self, body: Value) -> Result<()> {
        // SAFETY: the call takes no pointer.
        check(Call::Http, unsafe { fastly_http_resp::send_downstream(self.release(), body.release(), 0) })
    }

    /// Sends the response and what is in its body, which is sent on as it is written from now on.
    pub(crate) fn stream(self, body: Value) -> Result<HostBody> {
        let body = body.release();
        // SAFETY: the call takes no pointer.
        let status = unsafe { fastly_http_resp::send_downstream(self.release(), body, 1) };
        // A body that was not taken is closed.
        let body = HostBody::claim(body)?;
        check(Call::Http, status).map(|()| body)
    }

    fn release(self) -> ResponseHandle {
        let handle = self.0;
        std::mem::forget(self);
        handle
    }
}

impl Drop for HostResponse {
    fn drop(&mut self) {
        // SAFETY: the call takes no pointer.
        // As for bodies: what is not known any more needs no closing.
        let _ = unsafe { fastly_http_resp::close(self.0) };
    }
}
