//! `fastly_http_downstream`, and what `fastly_http_req` has of it under older names.

use std::net::IpAddr;

use wiggle::{GuestMemory, GuestPtr};

use crate::abi::fastly_http_downstream::FastlyHttpDownstream;
use crate::abi::types;
use crate::ctx::KvCtx;
use crate::downstream::{Exchange, OriginalHeaders};
use crate::handles::Object;
use crate::memory::{OutBuffer, check_out, known_bits, length, write_cursor};
use crate::message::{KEY_HEADER, Request, RequestPromise};
use crate::status::Error;

impl FastlyHttpDownstream for KvCtx {
    fn next_request(
        &mut self,
        memory: &mut GuestMemory<'_>,
        mask: u32,
        options: GuestPtr<types::NextRequestOptions>,
        promise_out: GuestPtr<types::RequestPromiseHandle>,
    ) -> Result<(), Error> {
        check_out(memory, promise_out)?;
        let mask = known_bits::<types::NextRequestOptionsOptions>(mask)?;
        if mask.contains(types::NextRequestOptionsOptions::TIMEOUT) {
            // Guests exist whose record is these 32 bits and no more. How long to wait makes no difference: what has
            // been asked for is settled at once.
            memory.read(options.cast::<u32>())?;
        }
        let last = self.last_promise;
        let (_, handles) = self.exchange()?;
        if last.is_some_and(|last| handles.get::<RequestPromise>(last).is_ok()) {
            return Err(Error::AlreadyAsked);
        }
        let promise = handles.insert(Object::RequestPromise(RequestPromise))?;
        self.last_promise = Some(promise);
        memory.write(promise_out, promise.into())?;
        Ok(())
    }

    fn next_request_wait(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        promise: types::RequestPromiseHandle,
        // There is nothing to store in them.
        _request_out: GuestPtr<types::RequestHandle>,
        _body_out: GuestPtr<types::BodyHandle>,
    ) -> Result<(), Error> {
        let (exchange, handles) = self.exchange()?;
        handles.get::<RequestPromise>(promise.into())?;
        if !exchange.is_answered() {
            return Err(Error::NotAnswered);
        }
        handles.take::<RequestPromise>(promise.into())?;
        Err(Error::NoFurtherRequest)
    }

    fn next_request_abandon(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        promise: types::RequestPromiseHandle,
    ) -> Result<(), Error> {
        self.handles_mut().take::<RequestPromise>(promise.into()).map(drop)
    }

    fn downstream_original_header_names(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        buffer: GuestPtr<u8>,
        length: u32,
        cursor: u32,
        cursor_out: GuestPtr<i64>,
        nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        let out = OutBuffer { buffer, length, used_out: nwritten_out };
        self.original_names(memory, Some(request), out, cursor, cursor_out)
    }

    fn downstream_original_header_count(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        count_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.original_count(memory, Some(request), count_out)
    }

    fn downstream_client_ip_addr(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        octets_out: GuestPtr<u8>,
        nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.address(memory, Some(request), Exchange::client_address, octets_out, nwritten_out)
    }

    fn downstream_server_ip_addr(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        octets_out: GuestPtr<u8>,
        nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.address(memory, Some(request), Exchange::server_address, octets_out, nwritten_out)
    }

    fn downstream_client_request_id(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        buffer: GuestPtr<u8>,
        length: u32,
        nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.request_id(memory, Some(request), OutBuffer { buffer, length, used_out: nwritten_out })
    }

    fn downstream_compliance_region(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        buffer: GuestPtr<u8>,
        length: u32,
        nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.compliance_region(memory, Some(request), OutBuffer { buffer, length, used_out: nwritten_out })
    }

    fn fastly_key_is_valid(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        value_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.key_is_valid(memory, Some(request), value_out)
    }

    fn downstream_client_h2_fingerprint(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        _buffer: GuestPtr<u8>,
        _length: u32,
        _nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(Some(request), "fingerprint of HTTP/2")
    }

    fn downstream_client_oh_fingerprint(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        _buffer: GuestPtr<u8>,
        _length: u32,
        _nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(Some(request), "fingerprint of the headers")
    }

    fn downstream_tls_cipher_openssl_name(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        _buffer: GuestPtr<u8>,
        _length: u32,
        _nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(Some(request), "cipher")
    }

    fn downstream_tls_protocol(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        _buffer: GuestPtr<u8>,
        _length: u32,
        _nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(Some(request), "version of TLS")
    }

    fn downstream_tls_client_hello(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        _buffer: GuestPtr<u8>,
        _length: u32,
        _nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(Some(request), "client hello of TLS")
    }

    fn downstream_tls_client_servername(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        _buffer: GuestPtr<u8>,
        _length: u32,
        _nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(Some(request), "server name of TLS")
    }

    fn downstream_tls_raw_client_certificate(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        _buffer: GuestPtr<u8>,
        _length: u32,
        _nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(Some(request), "certificate of the client")
    }

    fn downstream_tls_ja4(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        _buffer: GuestPtr<u8>,
        _length: u32,
        _nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(Some(request), "fingerprint of TLS")
    }

    fn downstream_bot_name(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        _buffer: GuestPtr<u8>,
        _length: u32,
        _nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(Some(request), "name of a bot")
    }

    fn downstream_bot_category(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        _buffer: GuestPtr<u8>,
        _length: u32,
        _nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(Some(request), "category of a bot")
    }

    fn downstream_resvpnproxy_vpn_service_name(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        _buffer: GuestPtr<u8>,
        _length: u32,
        _nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(Some(request), "VPN service of the client")
    }

    fn downstream_tls_ja3_md5(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        _md5_out: GuestPtr<u8>,
        _nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(Some(request), "fingerprint of TLS")
    }

    fn downstream_tls_client_cert_verify_result(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        _value_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(Some(request), "certificate of the client")
    }

    fn downstream_bot_category_kind(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        _value_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(Some(request), "kind of a bot")
    }

    fn downstream_resvpnproxy_is_anonymous(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        _value_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(Some(request), "network of the client")
    }

    fn downstream_resvpnproxy_is_anonymous_vpn(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        _value_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(Some(request), "network of the client")
    }

    fn downstream_resvpnproxy_is_hosting_provider(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        _value_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(Some(request), "network of the client")
    }

    fn downstream_resvpnproxy_is_proxy_over_vpn(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        _value_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(Some(request), "network of the client")
    }

    fn downstream_resvpnproxy_is_public_proxy(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        _value_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(Some(request), "network of the client")
    }

    fn downstream_resvpnproxy_is_relay_proxy(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        _value_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(Some(request), "network of the client")
    }

    fn downstream_resvpnproxy_is_residential_proxy(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        _value_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(Some(request), "network of the client")
    }

    fn downstream_resvpnproxy_is_smart_dns_proxy(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        _value_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(Some(request), "network of the client")
    }

    fn downstream_resvpnproxy_is_tor_exit_node(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        _value_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(Some(request), "network of the client")
    }

    fn downstream_resvpnproxy_is_vpn_datacenter(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        _value_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.not_known(Some(request), "network of the client")
    }

    fn downstream_client_ddos_detected(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        value_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.number(memory, Some(request), value_out, 0)
    }

    fn downstream_bot_analyzed(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        value_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.number(memory, Some(request), value_out, 0)
    }

    fn downstream_bot_detected(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        value_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.number(memory, Some(request), value_out, 0)
    }

    fn downstream_bot_verified(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: types::RequestHandle,
        value_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.number(memory, Some(request), value_out, 0)
    }

    fn downstream_visits_this_service(
        &mut self,
        memory: &mut GuestMemory<'_>,
        visits_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.number(memory, None, visits_out, 1)
    }

    fn downstream_visits_this_pop(
        &mut self,
        memory: &mut GuestMemory<'_>,
        visits_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        self.number(memory, None, visits_out, 1)
    }
}

/// Which request a call is about; without a handle, the client's.
type About = Option<types::RequestHandle>;

/// What both modules have; they differ in whether a request is named.
impl KvCtx {
    /// Whether a call is about the client's request, and not about one that the guest has made.
    fn is_about_client(&mut self, request: About) -> Result<bool, Error> {
        let (_, handles) = self.exchange()?;
        match request {
            Some(request) => Ok(handles.get::<Box<Request>>(request.into())?.is_from_client()),
            None => Ok(true),
        }
    }

    /// As [`KvCtx::is_about_client`], for calls that make no sense otherwise.
    fn check_about_client(&mut self, request: About) -> Result<(), Error> {
        if self.is_about_client(request)? { Ok(()) } else { Err(Error::NotFromClient) }
    }

    pub(super) fn original_names(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: About,
        out: OutBuffer,
        cursor: u32,
        cursor_out: GuestPtr<i64>,
    ) -> Result<(), Error> {
        write_cursor(memory, cursor_out, -1)?;
        out.check(memory)?;
        self.check_about_client(request)?;
        let (exchange, handles) = self.exchange()?;
        if let Some(names) = exchange.spelt_names() {
            return out.write_items(memory, names.iter().map(|name| &**name), cursor, cursor_out);
        }
        match exchange.original(handles)? {
            OriginalHeaders::Kept(kept) => {
                let names = kept.names.iter().map(|name| name.as_str().as_bytes());
                out.write_items(memory, names, cursor, cursor_out)
            }
            OriginalHeaders::Unchanged(headers) => {
                let names = headers.names().map(|name| name.as_str().as_bytes());
                out.write_items(memory, names, cursor, cursor_out)
            }
        }
    }

    pub(super) fn original_count(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: About,
        count_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        check_out(memory, count_out)?;
        self.check_about_client(request)?;
        let (exchange, handles) = self.exchange()?;
        let count = match exchange.spelt_names() {
            Some(names) => names.len(),
            None => match exchange.original(handles)? {
                OriginalHeaders::Kept(kept) => kept.names.len(),
                OriginalHeaders::Unchanged(headers) => headers.names().len(),
            },
        };
        memory.write(count_out, u32::try_from(count).unwrap_or(u32::MAX))?;
        Ok(())
    }

    /// Stores one of the two addresses of a connection. One that is not known has no bytes; guests exist that take any
    /// other answer for a fault.
    pub(super) fn address(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: About,
        which: fn(&Exchange) -> Option<IpAddr>,
        octets_out: GuestPtr<u8>,
        nwritten_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        check_out(memory, nwritten_out)?;
        let is_about_client = self.is_about_client(request)?;
        let (exchange, _) = self.exchange()?;
        let address = which(exchange).filter(|_| is_about_client);
        let (v4, v6);
        let octets: &[u8] = match address {
            Some(IpAddr::V4(address)) => {
                v4 = address.octets();
                &v4
            }
            Some(IpAddr::V6(address)) => {
                v6 = address.octets();
                &v6
            }
            None => &[],
        };
        let buffer = OutBuffer { buffer: octets_out, length: length(octets), used_out: nwritten_out };
        buffer.write(memory, octets)
    }

    pub(super) fn request_id(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: About,
        out: OutBuffer,
    ) -> Result<(), Error> {
        out.check(memory)?;
        let is_about_client = self.is_about_client(request)?;
        let (exchange, _) = self.exchange()?;
        let id = exchange.request_id().filter(|_| is_about_client).ok_or(Error::NotKnown("request id"))?;
        out.write(memory, format!("{:032x}", u128::from_be_bytes(id)).as_bytes())
    }

    pub(super) fn compliance_region(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: About,
        out: OutBuffer,
    ) -> Result<(), Error> {
        out.check(memory)?;
        self.is_about_client(request)?;
        out.write(memory, b"none")
    }

    pub(super) fn key_is_valid(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: About,
        value_out: GuestPtr<u32>,
    ) -> Result<(), Error> {
        check_out(memory, value_out)?;
        let is_about_client = self.is_about_client(request)?;
        let (exchange, handles) = self.exchange()?;
        let key = match exchange.original(handles)? {
            OriginalHeaders::Kept(kept) => kept.key.clone(),
            OriginalHeaders::Unchanged(headers) => headers.first(&KEY_HEADER).cloned(),
        };
        let is_valid = is_about_client && key.is_some_and(|key| self.accepts_key(key.as_bytes()));
        memory.write(value_out, is_valid.into())?;
        Ok(())
    }

    /// Stores what is the same for all requests.
    pub(super) fn number(
        &mut self,
        memory: &mut GuestMemory<'_>,
        request: About,
        value_out: GuestPtr<u32>,
        value: u32,
    ) -> Result<(), Error> {
        check_out(memory, value_out)?;
        self.is_about_client(request)?;
        memory.write(value_out, value)?;
        Ok(())
    }

    /// Answers for what this host does not look at. Out-pointers stay untouched.
    pub(super) fn not_known(&mut self, request: About, what: &'static str) -> Result<(), Error> {
        self.is_about_client(request)?;
        Err(Error::NotKnown(what))
    }
}
