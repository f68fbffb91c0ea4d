//! `fastly_http_req`.

use http::{Method, Uri, Version};
use wiggle::{GuestMemory, GuestPtr};

use crate::abi::fastly_http_req::FastlyHttpReq;
use crate::abi::types;
use crate::body::Body;
use crate::ctx::KvCtx;
use crate::downstream::Exchange;
use crate::framing::Framing;
use crate::handles::Object;
use crate::memory::{OutBuffer, check_out, known_bits, read_bytes};
use crate::message::{Request, uri_parts};
use crate::status::Error;

impl FastlyHttpReq for KvCtx {
    fn body_downstream_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request_out: GuestPtr<types::RequestHandle>,
        body_out: GuestPtr<types::BodyHandle>,
    ) -> Result<(), Error> {
        // 0 is "not wanted": guests ask for one of the two.
        let (wants_request, wants_body) = (request_out.offset() != 0, body_out.offset() != 0);
        if wants_request {
            check_out(memory, request_out)?;
        }
        if wants_body {
            check_out(memory, body_out)?;
        }
        let (exchange, handles) = self.exchange()?;
        if wants_request {
            memory.write(request_out, exchange.give_request(handles)?.into())?;
        }
        if wants_body {
            memory.write(body_out, exchange.give_body(handles)?.into())?;
        }
        Ok(())
    }

    fn new(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request_out: GuestPtr<types::RequestHandle>,
    ) -> Result<(), Error> {
        check_out(memory, request_out)?;
        let handle = self.handles_mut().insert(Object::Request(Box::new(Request::new())))?;
        memory.write(request_out, handle.into())?;
        Ok(())
    }

    fn close(&mut self, _memory: &mut GuestMemory<'_>, request: types::RequestHandle) -> Result<(), Error> {
        self.take_request(request.into())
    }

    fn method_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        buffer: GuestPtr<u8>,
        length: u32,
        nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        let out = OutBuffer { buffer, length, used_out: nwritten_out };
        out.check(memory)?;
        out.write(memory, self.request(request)?.method.as_str().as_bytes())
    }

    fn method_set(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        method: GuestPtr<[u8]>,
    ) -> Result<(), Error> {
        let method = read_bytes(memory, method)?;
        self.request(request)?;
        // Before it is copied.
        self.check_bytes(method.len())?;
        self.request(request)?.method = Method::from_bytes(&method).map_err(|_| Error::Method)?;
        self.handles_mut().recount(request.into());
        Ok(())
    }

    fn uri_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        buffer: GuestPtr<u8>,
        length: u32,
        nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        let out = OutBuffer { buffer, length, used_out: nwritten_out };
        out.check(memory)?;
        out.write_parts(memory, &uri_parts(&self.request(request)?.uri))
    }

    fn uri_set(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        uri: GuestPtr<[u8]>,
    ) -> Result<(), Error> {
        let uri = read_bytes(memory, uri)?;
        self.request(request)?;
        if uri.len() > MAX_URL_BYTES {
            return Err(Error::Url);
        }
        self.check_bytes(uri.len())?;
        self.request(request)?.uri = Uri::try_from(&*uri).map_err(|_| Error::Url)?;
        self.handles_mut().recount(request.into());
        Ok(())
    }

    fn version_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        version_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        check_out(memory, version_out)?;
        let number = version_number(self.request(request)?.version);
        memory.write(version_out, number)?;
        Ok(())
    }

    fn version_set(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        number: u32,
    ) -> Result<(), Error> {
        self.request(request)?.version = version(number)?;
        Ok(())
    }

    fn header_names_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        message: types::RequestHandle,
        buffer: GuestPtr<u8>,
        length: u32,
        cursor: u32,
        cursor_out: GuestPtr<i64>,
        nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        let out = OutBuffer { buffer, length, used_out: nwritten_out };
        self.header_names::<Box<Request>>(memory, message.into(), out, cursor, cursor_out)
    }

    fn header_value_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        message: types::RequestHandle,
        name: GuestPtr<[u8]>,
        buffer: GuestPtr<u8>,
        length: u32,
        nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        let out = OutBuffer { buffer, length, used_out: nwritten_out };
        self.header_value::<Box<Request>>(memory, message.into(), name, out)
    }

    fn header_values_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        message: types::RequestHandle,
        name: GuestPtr<[u8]>,
        buffer: GuestPtr<u8>,
        length: u32,
        cursor: u32,
        cursor_out: GuestPtr<i64>,
        nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        let out = OutBuffer { buffer, length, used_out: nwritten_out };
        self.header_values::<Box<Request>>(memory, message.into(), name, out, cursor, cursor_out)
    }

    fn header_values_set(
        &mut self,
        memory: &mut GuestMemory<'_>,
        message: types::RequestHandle,
        name: GuestPtr<[u8]>,
        values: GuestPtr<[u8]>,
    ) -> Result<(), Error> {
        self.set_header_values::<Box<Request>>(memory, message.into(), name, values)
    }

    fn header_insert(
        &mut self,
        memory: &mut GuestMemory<'_>,
        message: types::RequestHandle,
        name: GuestPtr<[u8]>,
        value: GuestPtr<[u8]>,
    ) -> Result<(), Error> {
        self.insert_header::<Box<Request>>(memory, message.into(), name, value)
    }

    fn header_append(
        &mut self,
        memory: &mut GuestMemory<'_>,
        message: types::RequestHandle,
        name: GuestPtr<[u8]>,
        value: GuestPtr<[u8]>,
    ) -> Result<(), Error> {
        self.append_header::<Box<Request>>(memory, message.into(), name, value)
    }

    fn header_remove(
        &mut self,
        memory: &mut GuestMemory<'_>,
        message: types::RequestHandle,
        name: GuestPtr<[u8]>,
    ) -> Result<(), Error> {
        self.remove_header::<Box<Request>>(memory, message.into(), name)
    }

    fn original_header_names_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        buffer: GuestPtr<u8>,
        length: u32,
        cursor: u32,
        cursor_out: GuestPtr<i64>,
        nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        let out = OutBuffer { buffer, length, used_out: nwritten_out };
        self.original_names(memory, None, out, cursor, cursor_out)
    }

    fn original_header_count(
        &mut self,
        memory: &mut GuestMemory<'_>,
        count_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.original_count(memory, None, count_out)
    }

    fn framing_headers_mode_set(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        mode: u32,
    ) -> Result<(), Error> {
        // No request is ever sent, so who decides about its framing makes no difference.
        self.request(request)?;
        framing_mode(mode).map(drop)
    }

    fn auto_decompress_response_set(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        encodings: u32,
    ) -> Result<(), Error> {
        self.request(request)?;
        known_bits::<types::ContentEncodings>(encodings).map(drop)
    }

    fn cache_override_set(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        tag: u32,
        _ttl: u32,
        _stale_while_revalidate: u32,
    ) -> Result<(), Error> {
        self.request(request)?;
        known_bits::<types::CacheOverrideTag>(tag).map(drop)
    }

    fn cache_override_v2_set(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        tag: u32,
        _ttl: u32,
        _stale_while_revalidate: u32,
        surrogate_keys: GuestPtr<[u8]>,
    ) -> Result<(), Error> {
        self.request(request)?;
        known_bits::<types::CacheOverrideTag>(tag)?;
        read_bytes(memory, surrogate_keys).map(drop)
    }

    fn cache_override_v3_set(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        tag: u32,
        cache_override: GuestPtr<types::CacheOverride>,
    ) -> Result<(), Error> {
        self.request(request)?;
        known_bits::<types::CacheOverrideTag>(tag)?;
        let record = memory.read(cache_override)?;
        read_bytes(memory, record.surrogate_keys.as_array(record.surrogate_keys_len)).map(drop)
    }

    fn fastly_key_is_valid(
        &mut self,
        memory: &mut GuestMemory<'_>,
        value_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.key_is_valid(memory, None, value_out)
    }

    fn send(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        body: types::BodyHandle,
        _backend: GuestPtr<str>,
        _response_out: GuestPtr<types::ResponseHandle>,
        _body_out: GuestPtr<types::BodyHandle>,
    ) -> Result<(), Error> {
        self.refuse_to_send(request, body, false)
    }

    fn send_v2(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        body: types::BodyHandle,
        _backend: GuestPtr<str>,
        _error_detail: GuestPtr<types::SendErrorDetail>,
        _response_out: GuestPtr<types::ResponseHandle>,
        _body_out: GuestPtr<types::BodyHandle>,
    ) -> Result<(), Error> {
        self.refuse_to_send(request, body, false)
    }

    fn send_v3(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        body: types::BodyHandle,
        _backend: GuestPtr<str>,
        _error_detail: GuestPtr<types::SendErrorDetail>,
        _response_out: GuestPtr<types::ResponseHandle>,
        _body_out: GuestPtr<types::BodyHandle>,
    ) -> Result<(), Error> {
        self.refuse_to_send(request, body, false)
    }

    fn send_async(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        body: types::BodyHandle,
        _backend: GuestPtr<str>,
        _pending_out: GuestPtr<types::PendingRequestHandle>,
    ) -> Result<(), Error> {
        self.refuse_to_send(request, body, false)
    }

    fn send_async_streaming(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        body: types::BodyHandle,
        _backend: GuestPtr<str>,
        _pending_out: GuestPtr<types::PendingRequestHandle>,
    ) -> Result<(), Error> {
        self.refuse_to_send(request, body, true)
    }

    fn send_async_v2(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        body: types::BodyHandle,
        _backend: GuestPtr<str>,
        streaming: u32,
        _pending_out: GuestPtr<types::PendingRequestHandle>,
    ) -> Result<(), Error> {
        self.refuse_to_send(request, body, is_streaming(streaming)?)
    }

    fn pending_req_header_insert(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        pending: types::PendingRequestHandle,
        _name: GuestPtr<[u8]>,
        _value: GuestPtr<[u8]>,
        _kind: u32,
    ) -> Result<(), Error> {
        no_pending_request(pending)
    }

    fn pending_req_header_append(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        pending: types::PendingRequestHandle,
        _name: GuestPtr<[u8]>,
        _value: GuestPtr<[u8]>,
        _kind: u32,
    ) -> Result<(), Error> {
        no_pending_request(pending)
    }

    fn pending_req_header_remove(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        pending: types::PendingRequestHandle,
        _name: GuestPtr<[u8]>,
        _kind: u32,
    ) -> Result<(), Error> {
        no_pending_request(pending)
    }

    fn pending_req_poll(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        pending: types::PendingRequestHandle,
        _done_out: GuestPtr<u32>,
        _response_out: GuestPtr<types::ResponseHandle>,
        _body_out: GuestPtr<types::BodyHandle>,
    ) -> Result<(), Error> {
        no_pending_request(pending)
    }

    fn pending_req_poll_v2(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        pending: types::PendingRequestHandle,
        _error_detail: GuestPtr<types::SendErrorDetail>,
        _done_out: GuestPtr<u32>,
        _response_out: GuestPtr<types::ResponseHandle>,
        _body_out: GuestPtr<types::BodyHandle>,
    ) -> Result<(), Error> {
        no_pending_request(pending)
    }

    fn pending_req_wait(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        pending: types::PendingRequestHandle,
        _response_out: GuestPtr<types::ResponseHandle>,
        _body_out: GuestPtr<types::BodyHandle>,
    ) -> Result<(), Error> {
        no_pending_request(pending)
    }

    fn pending_req_wait_v2(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        pending: types::PendingRequestHandle,
        _error_detail: GuestPtr<types::SendErrorDetail>,
        _response_out: GuestPtr<types::ResponseHandle>,
        _body_out: GuestPtr<types::BodyHandle>,
    ) -> Result<(), Error> {
        no_pending_request(pending)
    }

    fn pending_req_select(
        &mut self,
        memory: &mut GuestMemory<'_>,
        pendings: GuestPtr<[types::PendingRequestHandle]>,
        _index_out: GuestPtr<u32>,
        _response_out: GuestPtr<types::ResponseHandle>,
        _body_out: GuestPtr<types::BodyHandle>,
    ) -> Result<(), Error> {
        select_of_none(memory, pendings)
    }

    fn pending_req_select_v2(
        &mut self,
        memory: &mut GuestMemory<'_>,
        pendings: GuestPtr<[types::PendingRequestHandle]>,
        _error_detail: GuestPtr<types::SendErrorDetail>,
        _index_out: GuestPtr<u32>,
        _response_out: GuestPtr<types::ResponseHandle>,
        _body_out: GuestPtr<types::BodyHandle>,
    ) -> Result<(), Error> {
        select_of_none(memory, pendings)
    }

    fn register_dynamic_backend(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        _name_prefix: GuestPtr<[u8]>,
        _target: GuestPtr<[u8]>,
        _mask: u32,
        _options: GuestPtr<u8>,
    ) -> Result<(), Error> {
        Err(Error::Unsupported("backends"))
    }

    fn inspect(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        _request: types::RequestHandle,
        _body: types::BodyHandle,
        _mask: u32,
        _info: GuestPtr<u8>,
        _buffer: GuestPtr<u8>,
        _length: u32,
        _nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        Err(Error::Unsupported("inspection of requests"))
    }

    fn on_behalf_of(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        _request: types::RequestHandle,
        _service: GuestPtr<[u8]>,
    ) -> Result<(), Error> {
        Err(Error::Unsupported("other services"))
    }

    fn upgrade_websocket(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        _backend: GuestPtr<[u8]>,
    ) -> Result<(), Error> {
        Err(Error::Unsupported("backends"))
    }

    fn redirect_to_websocket_proxy(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        _backend: GuestPtr<[u8]>,
    ) -> Result<(), Error> {
        Err(Error::Unsupported("backends"))
    }

    fn redirect_to_grip_proxy(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        _backend: GuestPtr<[u8]>,
    ) -> Result<(), Error> {
        Err(Error::Unsupported("backends"))
    }

    fn redirect_to_websocket_proxy_v2(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        _request: types::RequestHandle,
        _backend: GuestPtr<[u8]>,
    ) -> Result<(), Error> {
        Err(Error::Unsupported("backends"))
    }

    fn redirect_to_grip_proxy_v2(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        _request: types::RequestHandle,
        _backend: GuestPtr<[u8]>,
    ) -> Result<(), Error> {
        Err(Error::Unsupported("backends"))
    }

    fn downstream_client_ip_addr(
        &mut self,
        memory: &mut GuestMemory<'_>,
        octets_out: GuestPtr<u8>,
        nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.address(memory, None, Exchange::client_address, octets_out, nwritten_out)
    }

    fn downstream_server_ip_addr(
        &mut self,
        memory: &mut GuestMemory<'_>,
        octets_out: GuestPtr<u8>,
        nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.address(memory, None, Exchange::server_address, octets_out, nwritten_out)
    }

    fn downstream_client_request_id(
        &mut self,
        memory: &mut GuestMemory<'_>,
        buffer: GuestPtr<u8>,
        length: u32,
        nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.request_id(memory, None, OutBuffer { buffer, length, used_out: nwritten_out })
    }

    fn downstream_compliance_region(
        &mut self,
        memory: &mut GuestMemory<'_>,
        buffer: GuestPtr<u8>,
        length: u32,
        nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.compliance_region(memory, None, OutBuffer { buffer, length, used_out: nwritten_out })
    }

    fn downstream_client_ddos_detected(
        &mut self,
        memory: &mut GuestMemory<'_>,
        value_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.number(memory, None, value_out, 0)
    }

    fn downstream_client_h2_fingerprint(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        _buffer: GuestPtr<u8>,
        _length: u32,
        _nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(None, "fingerprint of HTTP/2")
    }

    fn downstream_client_oh_fingerprint(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        _buffer: GuestPtr<u8>,
        _length: u32,
        _nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(None, "fingerprint of the headers")
    }

    fn downstream_tls_cipher_openssl_name(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        _buffer: GuestPtr<u8>,
        _length: u32,
        _nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(None, "cipher")
    }

    fn downstream_tls_client_hello(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        _buffer: GuestPtr<u8>,
        _length: u32,
        _nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(None, "client hello of TLS")
    }

    fn downstream_tls_ja4(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        _buffer: GuestPtr<u8>,
        _length: u32,
        _nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(None, "fingerprint of TLS")
    }

    fn downstream_tls_protocol(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        _buffer: GuestPtr<u8>,
        _length: u32,
        _nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(None, "version of TLS")
    }

    fn downstream_tls_raw_client_certificate(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        _buffer: GuestPtr<u8>,
        _length: u32,
        _nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(None, "certificate of the client")
    }

    fn downstream_tls_ja3_md5(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        _md5_out: GuestPtr<u8>,
        _nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(None, "fingerprint of TLS")
    }

    fn downstream_tls_client_cert_verify_result(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        _value_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(None, "certificate of the client")
    }
}

/// Longest URL in bytes, inclusive; that is what the type of a URL can hold.
const MAX_URL_BYTES: usize = 65_534;

/// What handles of a kind that this host never gives out are called in messages.
pub(super) const NO_PENDING_REQUEST: &str = "a pending request; without backends there is none";

impl KvCtx {
    fn request(&mut self, request: types::RequestHandle) -> Result<&mut Request, Error> {
        self.handles_mut().get::<Box<Request>>(request.into()).map(AsMut::as_mut)
    }

    /// Consumes what guests give up before they send; a body that goes on to be written is not given up. Out-pointers stay
    /// untouched: there are guests that pass records shorter than those of the ABI.
    fn refuse_to_send(
        &mut self,
        request: types::RequestHandle,
        body: types::BodyHandle,
        keeps_body: bool,
    ) -> Result<(), Error> {
        self.request(request)?;
        if keeps_body {
            self.handles_mut().get::<Body>(body.into())?;
        } else {
            self.handles_mut().take::<Body>(body.into())?;
        }
        self.take_request(request.into())?;
        Err(Error::NoSuchBackend)
    }
}

/// Whether a guest goes on to write the body that it sends.
pub(super) const fn is_streaming(number: u32) -> Result<bool, Error> {
    match number {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Error::UnknownNumber { what: "streaming mode", number, last: 1 }),
    }
}

fn no_pending_request(pending: types::PendingRequestHandle) -> Result<(), Error> {
    Err(Error::Handle { handle: pending.into(), wanted: NO_PENDING_REQUEST })
}

fn select_of_none(
    memory: &GuestMemory<'_>,
    pendings: GuestPtr<[types::PendingRequestHandle]>,
) -> Result<(), Error> {
    if pendings.len() == 0 {
        return Err(Error::NothingToSelect);
    }
    no_pending_request(memory.read(pendings.as_ptr())?)
}

/// The number of a version, as the ABI has it.
pub(super) const fn version_number(version: Version) -> u32 {
    match version {
        Version::HTTP_09 => 0,
        Version::HTTP_10 => 1,
        Version::HTTP_2 => 3,
        Version::HTTP_3 => 4,
        _ => 2,
    }
}

/// The version that a guest names.
pub(super) const fn version(number: u32) -> Result<Version, Error> {
    Ok(match number {
        0 => Version::HTTP_09,
        1 => Version::HTTP_10,
        2 => Version::HTTP_11,
        3 => Version::HTTP_2,
        4 => Version::HTTP_3,
        _ => return Err(Error::UnknownNumber { what: "version of HTTP", number, last: 4 }),
    })
}

/// The framing that a guest names.
pub(super) const fn framing_mode(number: u32) -> Result<Framing, Error> {
    match number {
        0 => Ok(Framing::Automatic),
        1 => Ok(Framing::Manual),
        _ => Err(Error::UnknownNumber { what: "framing mode", number, last: 1 }),
    }
}
