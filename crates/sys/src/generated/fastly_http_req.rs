// @generated from witx/ by `cargo xtask codegen`; do not edit.

//! Requests: that of the client, and those that the guest makes.
//!
//! Names and values of headers, methods and URLs that are not valid HTTP are `error`; a header that is not
//! there is `inval`, where it says so. Numbers of enumerations travel as `u32`, so that a wrong one is
//! answered with a status.

use super::{
    BodyHandle, CacheOverride, FastlyStatus, PendingRequestHandle, RequestHandle, ResponseHandle,
    SendErrorDetail,
};

crate::imports! {
    module "fastly_http_req";

    /// The request of the client, and its body. Asking again gives the same handles. Either pointer may be null.
    ///
    /// # Safety
    ///
    /// - `request_out` may be null, or must be valid for writes of one `RequestHandle`.
    /// - `body_out` may be null, or must be valid for writes of one `BodyHandle`.
    fn body_downstream_get(
        request_out: *mut RequestHandle,
        body_out: *mut BodyHandle,
    ) -> FastlyStatus;

    /// Makes a request: GET, `/`, HTTP/1.1, no headers.
    ///
    /// # Safety
    ///
    /// `request_out` must be valid for writes of one `RequestHandle`.
    fn new(
        request_out: *mut RequestHandle,
    ) -> FastlyStatus;

    /// Consumes the request.
    ///
    /// # Safety
    ///
    /// None: the call touches no memory of the guest.
    fn close(
        request: RequestHandle,
    ) -> FastlyStatus;

    /// The method.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn method_get(
        request: RequestHandle,
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// Sets the method.
    ///
    /// # Safety
    ///
    /// `method` must be valid for reads of `method_len` bytes.
    fn method_set(
        request: RequestHandle,
        method: *const u8,
        method_len: usize,
    ) -> FastlyStatus;

    /// The URL; of a client's request an absolute one.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn uri_get(
        request: RequestHandle,
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// Sets the URL.
    ///
    /// # Safety
    ///
    /// `uri` must be valid for reads of `uri_len` bytes.
    fn uri_set(
        request: RequestHandle,
        uri: *const u8,
        uri_len: usize,
    ) -> FastlyStatus;

    /// The version (an `http_version`).
    ///
    /// # Safety
    ///
    /// `version_out` must be valid for writes of one `u32`.
    fn version_get(
        request: RequestHandle,
        version_out: *mut u32,
    ) -> FastlyStatus;

    /// Sets the version (an `http_version`).
    ///
    /// # Safety
    ///
    /// None: the call touches no memory of the guest.
    fn version_set(
        request: RequestHandle,
        version: u32,
    ) -> FastlyStatus;

    /// The names of the headers, in lower case, each once and ended by a NUL byte, from the `cursor`-th on.
    /// `ending_cursor` is -1 behind the last one, else where to go on.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `ending_cursor_out` must be valid for writes of one `i64`.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn header_names_get(
        request: RequestHandle,
        buf: *mut u8,
        buf_len: usize,
        cursor: u32,
        ending_cursor_out: *mut i64,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// The first value of a header; `inval` when there is no such header.
    ///
    /// # Safety
    ///
    /// - `name` must be valid for reads of `name_len` bytes.
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn header_value_get(
        request: RequestHandle,
        name: *const u8,
        name_len: usize,
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// All values of a header, in the form of `header_names_get`; none when there is no such header.
    ///
    /// # Safety
    ///
    /// - `name` must be valid for reads of `name_len` bytes.
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `ending_cursor_out` must be valid for writes of one `i64`.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn header_values_get(
        request: RequestHandle,
        name: *const u8,
        name_len: usize,
        buf: *mut u8,
        buf_len: usize,
        cursor: u32,
        ending_cursor_out: *mut i64,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// Replaces all values of a header by those in `values`, each ended by a NUL byte. What follows the last
    /// NUL byte is dropped.
    ///
    /// # Safety
    ///
    /// - `name` must be valid for reads of `name_len` bytes.
    /// - `values` must be valid for reads of `values_len` bytes.
    fn header_values_set(
        request: RequestHandle,
        name: *const u8,
        name_len: usize,
        values: *const u8,
        values_len: usize,
    ) -> FastlyStatus;

    /// Replaces all values of a header by one.
    ///
    /// # Safety
    ///
    /// - `name` must be valid for reads of `name_len` bytes.
    /// - `value` must be valid for reads of `value_len` bytes.
    fn header_insert(
        request: RequestHandle,
        name: *const u8,
        name_len: usize,
        value: *const u8,
        value_len: usize,
    ) -> FastlyStatus;

    /// Adds a value to those that a header has.
    ///
    /// # Safety
    ///
    /// - `name` must be valid for reads of `name_len` bytes.
    /// - `value` must be valid for reads of `value_len` bytes.
    fn header_append(
        request: RequestHandle,
        name: *const u8,
        name_len: usize,
        value: *const u8,
        value_len: usize,
    ) -> FastlyStatus;

    /// Removes a header with all its values; `inval` when there is no such header.
    ///
    /// # Safety
    ///
    /// `name` must be valid for reads of `name_len` bytes.
    fn header_remove(
        request: RequestHandle,
        name: *const u8,
        name_len: usize,
    ) -> FastlyStatus;

    /// As `fastly_http_downstream.downstream_original_header_names`, of the client's request.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `ending_cursor_out` must be valid for writes of one `i64`.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn original_header_names_get(
        buf: *mut u8,
        buf_len: usize,
        cursor: u32,
        ending_cursor_out: *mut i64,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// As `fastly_http_downstream.downstream_original_header_count`, of the client's request.
    ///
    /// # Safety
    ///
    /// `count_out` must be valid for writes of one `u32`.
    fn original_header_count(
        count_out: *mut u32,
    ) -> FastlyStatus;

    /// Says who decides about framing when the request is sent (a `framing_headers_mode`).
    ///
    /// # Safety
    ///
    /// None: the call touches no memory of the guest.
    fn framing_headers_mode_set(
        request: RequestHandle,
        mode: u32,
    ) -> FastlyStatus;

    /// Says which encodings (`content_encodings`) of the response are undone.
    ///
    /// # Safety
    ///
    /// None: the call touches no memory of the guest.
    fn auto_decompress_response_set(
        request: RequestHandle,
        encodings: u32,
    ) -> FastlyStatus;

    /// Sets how the response may be cached: a `cache_override_tag`, and seconds.
    ///
    /// # Safety
    ///
    /// None: the call touches no memory of the guest.
    fn cache_override_set(
        request: RequestHandle,
        tag: u32,
        ttl: u32,
        stale_while_revalidate: u32,
    ) -> FastlyStatus;

    /// As `cache_override_set`, with surrogate keys.
    ///
    /// # Safety
    ///
    /// `surrogate_keys` must be valid for reads of `surrogate_keys_len` bytes.
    fn cache_override_v2_set(
        request: RequestHandle,
        tag: u32,
        ttl: u32,
        stale_while_revalidate: u32,
        surrogate_keys: *const u8,
        surrogate_keys_len: usize,
    ) -> FastlyStatus;

    /// As `cache_override_v2_set`, as a record.
    ///
    /// # Safety
    ///
    /// - `cache_override` must be valid for reads of one `CacheOverride`.
    /// - `cache_override.surrogate_keys` must be valid for reads of `cache_override.surrogate_keys_len` bytes.
    fn cache_override_v3_set(
        request: RequestHandle,
        tag: u32,
        cache_override: *const CacheOverride,
    ) -> FastlyStatus;

    /// As `fastly_http_downstream.fastly_key_is_valid`, of the client's request.
    ///
    /// # Safety
    ///
    /// `value_out` must be valid for writes of one `u32`.
    fn fastly_key_is_valid(
        value_out: *mut u32,
    ) -> FastlyStatus;

    /// `inval`: this host has no backends. The request and the body are consumed.
    ///
    /// # Safety
    ///
    /// - `backend` must be valid for reads of `backend_len` bytes.
    /// - `response_out` must be valid for writes of one `ResponseHandle`.
    /// - `response_body_out` must be valid for writes of one `BodyHandle`.
    fn send(
        request: RequestHandle,
        body: BodyHandle,
        backend: *const u8,
        backend_len: usize,
        response_out: *mut ResponseHandle,
        response_body_out: *mut BodyHandle,
    ) -> FastlyStatus;

    /// `inval`: this host has no backends. The request and the body are consumed.
    ///
    /// # Safety
    ///
    /// - `backend` must be valid for reads of `backend_len` bytes.
    /// - `error_detail` must be valid for writes of one `SendErrorDetail`.
    /// - `response_out` must be valid for writes of one `ResponseHandle`.
    /// - `response_body_out` must be valid for writes of one `BodyHandle`.
    fn send_v2(
        request: RequestHandle,
        body: BodyHandle,
        backend: *const u8,
        backend_len: usize,
        error_detail: *mut SendErrorDetail,
        response_out: *mut ResponseHandle,
        response_body_out: *mut BodyHandle,
    ) -> FastlyStatus;

    /// `inval`: this host has no backends. The request and the body are consumed.
    ///
    /// # Safety
    ///
    /// - `backend` must be valid for reads of `backend_len` bytes.
    /// - `error_detail` must be valid for writes of one `SendErrorDetail`.
    /// - `response_out` must be valid for writes of one `ResponseHandle`.
    /// - `response_body_out` must be valid for writes of one `BodyHandle`.
    fn send_v3(
        request: RequestHandle,
        body: BodyHandle,
        backend: *const u8,
        backend_len: usize,
        error_detail: *mut SendErrorDetail,
        response_out: *mut ResponseHandle,
        response_body_out: *mut BodyHandle,
    ) -> FastlyStatus;

    /// `inval`: this host has no backends. The request and the body are consumed.
    ///
    /// # Safety
    ///
    /// - `backend` must be valid for reads of `backend_len` bytes.
    /// - `pending_out` must be valid for writes of one `PendingRequestHandle`.
    fn send_async(
        request: RequestHandle,
        body: BodyHandle,
        backend: *const u8,
        backend_len: usize,
        pending_out: *mut PendingRequestHandle,
    ) -> FastlyStatus;

    /// `inval`: this host has no backends. The request is consumed, the body stays: guests go on to close it.
    ///
    /// # Safety
    ///
    /// - `backend` must be valid for reads of `backend_len` bytes.
    /// - `pending_out` must be valid for writes of one `PendingRequestHandle`.
    fn send_async_streaming(
        request: RequestHandle,
        body: BodyHandle,
        backend: *const u8,
        backend_len: usize,
        pending_out: *mut PendingRequestHandle,
    ) -> FastlyStatus;

    /// `inval`: this host has no backends. The request is consumed; the body is, unless `streaming` is 1.
    ///
    /// # Safety
    ///
    /// - `backend` must be valid for reads of `backend_len` bytes.
    /// - `pending_out` must be valid for writes of one `PendingRequestHandle`.
    fn send_async_v2(
        request: RequestHandle,
        body: BodyHandle,
        backend: *const u8,
        backend_len: usize,
        streaming: u32,
        pending_out: *mut PendingRequestHandle,
    ) -> FastlyStatus;

    /// `badf`: without backends there is no pending request.
    ///
    /// # Safety
    ///
    /// - `name` must be valid for reads of `name_len` bytes.
    /// - `value` must be valid for reads of `value_len` bytes.
    fn pending_req_header_insert(
        pending: PendingRequestHandle,
        name: *const u8,
        name_len: usize,
        value: *const u8,
        value_len: usize,
        kind: u32,
    ) -> FastlyStatus;

    /// `badf`: without backends there is no pending request.
    ///
    /// # Safety
    ///
    /// - `name` must be valid for reads of `name_len` bytes.
    /// - `value` must be valid for reads of `value_len` bytes.
    fn pending_req_header_append(
        pending: PendingRequestHandle,
        name: *const u8,
        name_len: usize,
        value: *const u8,
        value_len: usize,
        kind: u32,
    ) -> FastlyStatus;

    /// `badf`: without backends there is no pending request.
    ///
    /// # Safety
    ///
    /// `name` must be valid for reads of `name_len` bytes.
    fn pending_req_header_remove(
        pending: PendingRequestHandle,
        name: *const u8,
        name_len: usize,
        kind: u32,
    ) -> FastlyStatus;

    /// `badf`: without backends there is no pending request.
    ///
    /// # Safety
    ///
    /// - `done_out` must be valid for writes of one `u32`.
    /// - `response_out` must be valid for writes of one `ResponseHandle`.
    /// - `response_body_out` must be valid for writes of one `BodyHandle`.
    fn pending_req_poll(
        pending: PendingRequestHandle,
        done_out: *mut u32,
        response_out: *mut ResponseHandle,
        response_body_out: *mut BodyHandle,
    ) -> FastlyStatus;

    /// `badf`: without backends there is no pending request.
    ///
    /// # Safety
    ///
    /// - `error_detail` must be valid for writes of one `SendErrorDetail`.
    /// - `done_out` must be valid for writes of one `u32`.
    /// - `response_out` must be valid for writes of one `ResponseHandle`.
    /// - `response_body_out` must be valid for writes of one `BodyHandle`.
    fn pending_req_poll_v2(
        pending: PendingRequestHandle,
        error_detail: *mut SendErrorDetail,
        done_out: *mut u32,
        response_out: *mut ResponseHandle,
        response_body_out: *mut BodyHandle,
    ) -> FastlyStatus;

    /// `badf`: without backends there is no pending request.
    ///
    /// # Safety
    ///
    /// - `response_out` must be valid for writes of one `ResponseHandle`.
    /// - `response_body_out` must be valid for writes of one `BodyHandle`.
    fn pending_req_wait(
        pending: PendingRequestHandle,
        response_out: *mut ResponseHandle,
        response_body_out: *mut BodyHandle,
    ) -> FastlyStatus;

    /// `badf`: without backends there is no pending request.
    ///
    /// # Safety
    ///
    /// - `error_detail` must be valid for writes of one `SendErrorDetail`.
    /// - `response_out` must be valid for writes of one `ResponseHandle`.
    /// - `response_body_out` must be valid for writes of one `BodyHandle`.
    fn pending_req_wait_v2(
        pending: PendingRequestHandle,
        error_detail: *mut SendErrorDetail,
        response_out: *mut ResponseHandle,
        response_body_out: *mut BodyHandle,
    ) -> FastlyStatus;

    /// `badf`: without backends there is no pending request. `inval` when none is named.
    ///
    /// # Safety
    ///
    /// - `pendings` must be valid for reads of `pendings_len` values of `PendingRequestHandle`.
    /// - `index_out` must be valid for writes of one `u32`.
    /// - `response_out` must be valid for writes of one `ResponseHandle`.
    /// - `response_body_out` must be valid for writes of one `BodyHandle`.
    fn pending_req_select(
        pendings: *const PendingRequestHandle,
        pendings_len: usize,
        index_out: *mut u32,
        response_out: *mut ResponseHandle,
        response_body_out: *mut BodyHandle,
    ) -> FastlyStatus;

    /// `badf`: without backends there is no pending request. `inval` when none is named.
    ///
    /// # Safety
    ///
    /// - `pendings` must be valid for reads of `pendings_len` values of `PendingRequestHandle`.
    /// - `error_detail` must be valid for writes of one `SendErrorDetail`.
    /// - `index_out` must be valid for writes of one `u32`.
    /// - `response_out` must be valid for writes of one `ResponseHandle`.
    /// - `response_body_out` must be valid for writes of one `BodyHandle`.
    fn pending_req_select_v2(
        pendings: *const PendingRequestHandle,
        pendings_len: usize,
        error_detail: *mut SendErrorDetail,
        index_out: *mut u32,
        response_out: *mut ResponseHandle,
        response_body_out: *mut BodyHandle,
    ) -> FastlyStatus;

    /// `unsupported`: this host has no backends.
    ///
    /// # Safety
    ///
    /// - `name_prefix` must be valid for reads of `name_prefix_len` bytes.
    /// - `target` must be valid for reads of `target_len` bytes.
    /// - `options` must be valid for reads of one `u8`.
    fn register_dynamic_backend(
        name_prefix: *const u8,
        name_prefix_len: usize,
        target: *const u8,
        target_len: usize,
        options_mask: u32,
        options: *const u8,
    ) -> FastlyStatus;

    /// `unsupported`: this host does not inspect requests.
    ///
    /// # Safety
    ///
    /// - `info` must be valid for reads of one `u8`.
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn inspect(
        request: RequestHandle,
        body: BodyHandle,
        info_mask: u32,
        info: *const u8,
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// `unsupported`: this host has no other services.
    ///
    /// # Safety
    ///
    /// `service` must be valid for reads of `service_len` bytes.
    fn on_behalf_of(
        request: RequestHandle,
        service: *const u8,
        service_len: usize,
    ) -> FastlyStatus;

    /// `unsupported`: this host has no backends.
    ///
    /// # Safety
    ///
    /// `backend` must be valid for reads of `backend_len` bytes.
    fn upgrade_websocket(
        backend: *const u8,
        backend_len: usize,
    ) -> FastlyStatus;

    /// `unsupported`: this host has no backends.
    ///
    /// # Safety
    ///
    /// `backend` must be valid for reads of `backend_len` bytes.
    fn redirect_to_websocket_proxy(
        backend: *const u8,
        backend_len: usize,
    ) -> FastlyStatus;

    /// `unsupported`: this host has no backends.
    ///
    /// # Safety
    ///
    /// `backend` must be valid for reads of `backend_len` bytes.
    fn redirect_to_grip_proxy(
        backend: *const u8,
        backend_len: usize,
    ) -> FastlyStatus;

    /// `unsupported`: this host has no backends.
    ///
    /// # Safety
    ///
    /// `backend` must be valid for reads of `backend_len` bytes.
    fn redirect_to_websocket_proxy_v2(
        request: RequestHandle,
        backend: *const u8,
        backend_len: usize,
    ) -> FastlyStatus;

    /// `unsupported`: this host has no backends.
    ///
    /// # Safety
    ///
    /// `backend` must be valid for reads of `backend_len` bytes.
    fn redirect_to_grip_proxy_v2(
        request: RequestHandle,
        backend: *const u8,
        backend_len: usize,
    ) -> FastlyStatus;

    /// As `fastly_http_downstream.downstream_client_ip_addr`, of the client's request.
    ///
    /// # Safety
    ///
    /// - `addr_octets_out` must be valid for writes of 16 bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_client_ip_addr(
        addr_octets_out: *mut u8,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// As `fastly_http_downstream.downstream_server_ip_addr`, of the client's request.
    ///
    /// # Safety
    ///
    /// - `addr_octets_out` must be valid for writes of 16 bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_server_ip_addr(
        addr_octets_out: *mut u8,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// As `fastly_http_downstream.downstream_client_h2_fingerprint`, of the client's request.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_client_h2_fingerprint(
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// As `fastly_http_downstream.downstream_client_oh_fingerprint`, of the client's request.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_client_oh_fingerprint(
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// As `fastly_http_downstream.downstream_client_request_id`, of the client's request.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_client_request_id(
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// As `fastly_http_downstream.downstream_compliance_region`, of the client's request.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_compliance_region(
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// As `fastly_http_downstream.downstream_tls_cipher_openssl_name`, of the client's request.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_tls_cipher_openssl_name(
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// As `fastly_http_downstream.downstream_tls_client_hello`, of the client's request.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_tls_client_hello(
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// As `fastly_http_downstream.downstream_tls_ja4`, of the client's request.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_tls_ja4(
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// As `fastly_http_downstream.downstream_tls_protocol`, of the client's request.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_tls_protocol(
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// As `fastly_http_downstream.downstream_tls_raw_client_certificate`, of the client's request.
    ///
    /// # Safety
    ///
    /// - `buf` must be valid for writes of `buf_len` bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_tls_raw_client_certificate(
        buf: *mut u8,
        buf_len: usize,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// As `fastly_http_downstream.downstream_tls_ja3_md5`, of the client's request.
    ///
    /// # Safety
    ///
    /// - `md5_octets_out` must be valid for writes of 16 bytes.
    /// - `nwritten_out` must be valid for writes of one `usize`.
    fn downstream_tls_ja3_md5(
        md5_octets_out: *mut u8,
        nwritten_out: *mut usize,
    ) -> FastlyStatus;

    /// As `fastly_http_downstream.downstream_client_ddos_detected`, of the client's request.
    ///
    /// # Safety
    ///
    /// `value_out` must be valid for writes of one `u32`.
    fn downstream_client_ddos_detected(
        value_out: *mut u32,
    ) -> FastlyStatus;

    /// As `fastly_http_downstream.downstream_tls_client_cert_verify_result`, of the client's request.
    ///
    /// # Safety
    ///
    /// `value_out` must be valid for writes of one `u32`.
    fn downstream_tls_client_cert_verify_result(
        value_out: *mut u32,
    ) -> FastlyStatus;
}
