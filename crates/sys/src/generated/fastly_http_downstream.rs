// @generated from witx/ by `cargo xtask codegen`; do not edit.

//! What is known of the client behind a request.
//!
//! Of a request that does not come from a client nothing is known: no address, no identity, and `error` for the
//! names of its headers.

use super::{BodyHandle, FastlyStatus, NextRequestOptions, RequestHandle, RequestPromiseHandle};

crate::imports! {
    module "fastly_http_downstream";

    /// Asks for another request after this one, for the same instance; `limitexceeded` when one is asked for already.
    ///
    /// # Safety
    ///
    /// - `options` must be valid for reads of one `NextRequestOptions`.
    /// - `promise_out` must be valid for writes of one `RequestPromiseHandle`.
    fn next_request(
        options_mask: u32,
        options: *const NextRequestOptions,
        promise_out: *mut RequestPromiseHandle,
    ) -> FastlyStatus;

    /// Waits for the request that was asked for; `none` when there is no other, `unsupported` while the current one
    /// has no response.
    ///
    /// # Safety
    ///
    /// - `request_out` must be valid for writes of one `RequestHandle`.
    /// - `body_out` must be valid for writes of one `BodyHandle`.
    fn next_request_wait(
        promise: RequestPromiseHandle,
        request_out: *mut RequestHandle,
        body_out: *mut BodyHandle,
    ) -> FastlyStatus;

    /// Says that the request that was asked for is not wanted any more.
    ///
    /// # Safety
    ///
    /// None: the call touches no memory of the guest.
    fn next_request_abandon(
        promise: RequestPromiseHandle,
    ) -> FastlyStatus;

    /// The names of the headers as the client sent them, in the form of `header_names_get`.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `ending_cursor_out` must be valid for writes of one `i64`.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_original_header_names(
        request: RequestHandle,
        buf: *mut u8,
        buf_len: usize,
        cursor: u32,
        ending_cursor_out: *mut i64,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// How many names `downstream_original_header_names` has.
    ///
    /// # Safety
    ///
    /// `count_out` must be valid for writes of one `u32`.
    fn downstream_original_header_count(
        request: RequestHandle,
        count_out: *mut u32,
    ) -> FastlyStatus;

    /// The address of the client: 4 or 16 bytes, 0 when it is not known. There must be room for 16.
    ///
    /// # Safety
    ///
    /// - `addr_octets_out` must be valid for writes of 16 bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_client_ip_addr(
        request: RequestHandle,
        addr_octets_out: *mut u8,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// The address that the client has connected to: 4 or 16 bytes, 0 when it is not known. There must be room for 16.
    ///
    /// # Safety
    ///
    /// - `addr_octets_out` must be valid for writes of 16 bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_server_ip_addr(
        request: RequestHandle,
        addr_octets_out: *mut u8,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// The identity of the request: 32 lower-case hexadecimal digits.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_client_request_id(
        request: RequestHandle,
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// The fingerprint of the client's HTTP/2 settings; `none` when there is none.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_client_h2_fingerprint(
        request: RequestHandle,
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// The fingerprint of the order of the client's headers; `none` when there is none.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_client_oh_fingerprint(
        request: RequestHandle,
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// The cipher of the connection; `none` without TLS.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_tls_cipher_openssl_name(
        request: RequestHandle,
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// The TLS version of the connection; `none` without TLS.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_tls_protocol(
        request: RequestHandle,
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// The TLS client hello; `none` without TLS.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_tls_client_hello(
        request: RequestHandle,
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// The server name of the TLS client hello; `none` without TLS.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_tls_client_servername(
        request: RequestHandle,
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// The certificate of the client; `none` without TLS.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_tls_raw_client_certificate(
        request: RequestHandle,
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// The JA4 fingerprint of the TLS client hello; `none` without TLS.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_tls_ja4(
        request: RequestHandle,
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// The region whose rules apply to the client: "none".
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_compliance_region(
        request: RequestHandle,
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// The name of a detected bot; `none` when there is none.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_bot_name(
        request: RequestHandle,
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// The category of a detected bot; `none` when there is none.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_bot_category(
        request: RequestHandle,
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// The VPN service that the client uses; `none` when it is not known.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_resvpnproxy_vpn_service_name(
        request: RequestHandle,
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// The JA3 fingerprint of the TLS client hello, 16 bytes; `none` without TLS.
    ///
    /// # Safety
    ///
    /// - `md5_octets_out` must be valid for writes of 16 bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_tls_ja3_md5(
        request: RequestHandle,
        md5_octets_out: *mut u8,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// How the check of the client's certificate ended; `none` without TLS.
    ///
    /// # Safety
    ///
    /// `value_out` must be valid for writes of one `u32`.
    fn downstream_tls_client_cert_verify_result(
        request: RequestHandle,
        value_out: *mut u32,
    ) -> FastlyStatus;

    /// Stores 0: attacks are not detected.
    ///
    /// # Safety
    ///
    /// `value_out` must be valid for writes of one `u32`.
    fn downstream_client_ddos_detected(
        request: RequestHandle,
        value_out: *mut u32,
    ) -> FastlyStatus;

    /// Stores 1 when the request has a `Fastly-Key` header that the host accepts, else 0.
    ///
    /// # Safety
    ///
    /// `value_out` must be valid for writes of one `u32`.
    fn fastly_key_is_valid(
        request: RequestHandle,
        value_out: *mut u32,
    ) -> FastlyStatus;

    /// Stores 0: bots are not looked for.
    ///
    /// # Safety
    ///
    /// `value_out` must be valid for writes of one `u32`.
    fn downstream_bot_analyzed(
        request: RequestHandle,
        value_out: *mut u32,
    ) -> FastlyStatus;

    /// Stores 0: bots are not looked for.
    ///
    /// # Safety
    ///
    /// `value_out` must be valid for writes of one `u32`.
    fn downstream_bot_detected(
        request: RequestHandle,
        value_out: *mut u32,
    ) -> FastlyStatus;

    /// The kind of a detected bot; `none` when there is none.
    ///
    /// # Safety
    ///
    /// `value_out` must be valid for writes of one `u32`.
    fn downstream_bot_category_kind(
        request: RequestHandle,
        value_out: *mut u32,
    ) -> FastlyStatus;

    /// Stores 0: bots are not looked for.
    ///
    /// # Safety
    ///
    /// `value_out` must be valid for writes of one `u32`.
    fn downstream_bot_verified(
        request: RequestHandle,
        value_out: *mut u32,
    ) -> FastlyStatus;

    /// `none`: addresses are not looked up.
    ///
    /// # Safety
    ///
    /// `value_out` must be valid for writes of one `u32`.
    fn downstream_resvpnproxy_is_anonymous(
        request: RequestHandle,
        value_out: *mut u32,
    ) -> FastlyStatus;

    /// `none`: addresses are not looked up.
    ///
    /// # Safety
    ///
    /// `value_out` must be valid for writes of one `u32`.
    fn downstream_resvpnproxy_is_anonymous_vpn(
        request: RequestHandle,
        value_out: *mut u32,
    ) -> FastlyStatus;

    /// `none`: addresses are not looked up.
    ///
    /// # Safety
    ///
    /// `value_out` must be valid for writes of one `u32`.
    fn downstream_resvpnproxy_is_hosting_provider(
        request: RequestHandle,
        value_out: *mut u32,
    ) -> FastlyStatus;

    /// `none`: addresses are not looked up.
    ///
    /// # Safety
    ///
    /// `value_out` must be valid for writes of one `u32`.
    fn downstream_resvpnproxy_is_proxy_over_vpn(
        request: RequestHandle,
        value_out: *mut u32,
    ) -> FastlyStatus;

    /// `none`: addresses are not looked up.
    ///
    /// # Safety
    ///
    /// `value_out` must be valid for writes of one `u32`.
    fn downstream_resvpnproxy_is_public_proxy(
        request: RequestHandle,
        value_out: *mut u32,
    ) -> FastlyStatus;

    /// `none`: addresses are not looked up.
    ///
    /// # Safety
    ///
    /// `value_out` must be valid for writes of one `u32`.
    fn downstream_resvpnproxy_is_relay_proxy(
        request: RequestHandle,
        value_out: *mut u32,
    ) -> FastlyStatus;

    /// `none`: addresses are not looked up.
    ///
    /// # Safety
    ///
    /// `value_out` must be valid for writes of one `u32`.
    fn downstream_resvpnproxy_is_residential_proxy(
        request: RequestHandle,
        value_out: *mut u32,
    ) -> FastlyStatus;

    /// `none`: addresses are not looked up.
    ///
    /// # Safety
    ///
    /// `value_out` must be valid for writes of one `u32`.
    fn downstream_resvpnproxy_is_smart_dns_proxy(
        request: RequestHandle,
        value_out: *mut u32,
    ) -> FastlyStatus;

    /// `none`: addresses are not looked up.
    ///
    /// # Safety
    ///
    /// `value_out` must be valid for writes of one `u32`.
    fn downstream_resvpnproxy_is_tor_exit_node(
        request: RequestHandle,
        value_out: *mut u32,
    ) -> FastlyStatus;

    /// `none`: addresses are not looked up.
    ///
    /// # Safety
    ///
    /// `value_out` must be valid for writes of one `u32`.
    fn downstream_resvpnproxy_is_vpn_datacenter(
        request: RequestHandle,
        value_out: *mut u32,
    ) -> FastlyStatus;

    /// How often the request has come through this service: 1.
    ///
    /// # Safety
    ///
    /// `visits_out` must be valid for writes of one `u32`.
    fn downstream_visits_this_service(
        visits_out: *mut u32,
    ) -> FastlyStatus;

    /// How often the request has come through this place: 1.
    ///
    /// # Safety
    ///
    /// `visits_out` must be valid for writes of one `u32`.
    fn downstream_visits_this_pop(
        visits_out: *mut u32,
    ) -> FastlyStatus;
}
