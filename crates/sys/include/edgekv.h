/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* @generated from witx/ by `cargo xtask codegen`; do not edit. */

/*
 * The guest side of the edge ABI: KV stores, HTTP, bodies, logs. Compile with a clang that targets wasm32; on any
 * other target the header declares the same types and functions, without import attributes, for tests that bring
 * their own definitions.
 *
 * A handle, a status and an enum are numbers. A host may send a number that no constant names, so a `switch` over
 * one needs a `default`.
 */

#ifndef EDGEKV_H
#define EDGEKV_H

#include <stddef.h>
#include <stdint.h>

#if defined(__wasm__)
#define EDGEKV_IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#else
#define EDGEKV_IMPORT(module, name)
#endif

#if defined(__cplusplus)
#define EDGEKV_ASSERT(condition) static_assert(condition, #condition)
#define EDGEKV_ALIGNOF(type) alignof(type)
extern "C" {
#else
#define EDGEKV_ASSERT(condition) _Static_assert(condition, #condition)
#define EDGEKV_ALIGNOF(type) _Alignof(type)
#endif

/* What every function of the ABI returns. */
typedef uint32_t edgekv_status_t;
/* Done. */
#define EDGEKV_STATUS_OK ((edgekv_status_t)0)
/* Generic failure. */
#define EDGEKV_STATUS_ERROR ((edgekv_status_t)1)
/*
 * An argument is not acceptable: a pointer out of range, text that is not
 * UTF-8, an invalid key, an unknown store name, an unknown mask bit.
 */
#define EDGEKV_STATUS_INVAL ((edgekv_status_t)2)
/* The handle is unknown, already consumed, or names another kind of object. */
#define EDGEKV_STATUS_BADF ((edgekv_status_t)3)
/* The buffer is too small; the length that is needed has been stored. */
#define EDGEKV_STATUS_BUFLEN ((edgekv_status_t)4)
/* This host does not offer the function. */
#define EDGEKV_STATUS_UNSUPPORTED ((edgekv_status_t)5)
/* A pointer is not aligned to its type. */
#define EDGEKV_STATUS_BADALIGN ((edgekv_status_t)6)
/* Malformed HTTP message. */
#define EDGEKV_STATUS_HTTPINVALID ((edgekv_status_t)7)
/* The guest caused a malformed HTTP message. */
#define EDGEKV_STATUS_HTTPUSER ((edgekv_status_t)8)
/* A stream ended before its message was complete. */
#define EDGEKV_STATUS_HTTPINCOMPLETE ((edgekv_status_t)9)
/* An optional value is absent. */
#define EDGEKV_STATUS_NONE ((edgekv_status_t)10)
/* The head of an HTTP message is too large. */
#define EDGEKV_STATUS_HTTPHEADTOOLARGE ((edgekv_status_t)11)
/* The status of an HTTP message is not valid. */
#define EDGEKV_STATUS_HTTPINVALIDSTATUS ((edgekv_status_t)12)
/* A resource limit or a rate limit was reached. */
#define EDGEKV_STATUS_LIMITEXCEEDED ((edgekv_status_t)13)
/* Not available yet; ask again later. */
#define EDGEKV_STATUS_AGAIN ((edgekv_status_t)14)

/* A body: bytes to read, bytes to write, and trailers. */
typedef uint32_t edgekv_body_handle_t;
/* Names no object. */
#define EDGEKV_BODY_HANDLE_INVALID ((edgekv_body_handle_t)UINT32_C(0xFFFFFFFE))

/* A key-value store that has been opened. */
typedef uint32_t edgekv_kv_store_handle_t;
/* Names no object. */
#define EDGEKV_KV_STORE_HANDLE_INVALID ((edgekv_kv_store_handle_t)UINT32_C(0xFFFFFFFE))

/* A lookup that has been started. */
typedef uint32_t edgekv_kv_store_lookup_handle_t;
/* Names no object. */
#define EDGEKV_KV_STORE_LOOKUP_HANDLE_INVALID ((edgekv_kv_store_lookup_handle_t)UINT32_C(0xFFFFFFFE))

/* An insert that has been started. */
typedef uint32_t edgekv_kv_store_insert_handle_t;
/* Names no object. */
#define EDGEKV_KV_STORE_INSERT_HANDLE_INVALID ((edgekv_kv_store_insert_handle_t)UINT32_C(0xFFFFFFFE))

/* A delete that has been started. */
typedef uint32_t edgekv_kv_store_delete_handle_t;
/* Names no object. */
#define EDGEKV_KV_STORE_DELETE_HANDLE_INVALID ((edgekv_kv_store_delete_handle_t)UINT32_C(0xFFFFFFFE))

/* A list that has been started. */
typedef uint32_t edgekv_kv_store_list_handle_t;
/* Names no object. */
#define EDGEKV_KV_STORE_LIST_HANDLE_INVALID ((edgekv_kv_store_list_handle_t)UINT32_C(0xFFFFFFFE))

/* A request. */
typedef uint32_t edgekv_request_handle_t;
/* Names no object. */
#define EDGEKV_REQUEST_HANDLE_INVALID ((edgekv_request_handle_t)UINT32_C(0xFFFFFFFE))

/* A response. */
typedef uint32_t edgekv_response_handle_t;
/* Names no object. */
#define EDGEKV_RESPONSE_HANDLE_INVALID ((edgekv_response_handle_t)UINT32_C(0xFFFFFFFE))

/* A request that is on its way to a backend. */
typedef uint32_t edgekv_pending_request_handle_t;
/* Names no object. */
#define EDGEKV_PENDING_REQUEST_HANDLE_INVALID ((edgekv_pending_request_handle_t)UINT32_C(0xFFFFFFFE))

/* Another request of a client that the instance has asked for. */
typedef uint32_t edgekv_request_promise_handle_t;
/* Names no object. */
#define EDGEKV_REQUEST_PROMISE_HANDLE_INVALID ((edgekv_request_promise_handle_t)UINT32_C(0xFFFFFFFE))

/* An endpoint of the log. */
typedef uint32_t edgekv_endpoint_handle_t;
/* Names no object. */
#define EDGEKV_ENDPOINT_HANDLE_INVALID ((edgekv_endpoint_handle_t)UINT32_C(0xFFFFFFFE))

/* Anything that can be waited for: a body, a pending operation, a promise. */
typedef uint32_t edgekv_async_item_handle_t;
/* Names no object. */
#define EDGEKV_ASYNC_ITEM_HANDLE_INVALID ((edgekv_async_item_handle_t)UINT32_C(0xFFFFFFFE))

/* A version of HTTP. */
typedef uint32_t edgekv_http_version_t;
/* HTTP/0.9. */
#define EDGEKV_HTTP_VERSION_HTTP_09 ((edgekv_http_version_t)0)
/* HTTP/1.0. */
#define EDGEKV_HTTP_VERSION_HTTP_10 ((edgekv_http_version_t)1)
/* HTTP/1.1. */
#define EDGEKV_HTTP_VERSION_HTTP_11 ((edgekv_http_version_t)2)
/* HTTP/2. */
#define EDGEKV_HTTP_VERSION_H2 ((edgekv_http_version_t)3)
/* HTTP/3. */
#define EDGEKV_HTTP_VERSION_H3 ((edgekv_http_version_t)4)

/* Who decides how the end of a message is told. */
typedef uint32_t edgekv_framing_headers_mode_t;
/* The host, from what it knows of the body; the guest's headers about it are ignored. */
#define EDGEKV_FRAMING_HEADERS_MODE_AUTOMATIC ((edgekv_framing_headers_mode_t)0)
/* The headers `Content-Length` and `Transfer-Encoding` of the guest. */
#define EDGEKV_FRAMING_HEADERS_MODE_MANUALLY_FROM_HEADERS ((edgekv_framing_headers_mode_t)1)

/* Whether a connection is used again. */
typedef uint32_t edgekv_http_keepalive_mode_t;
/* As the host likes. */
#define EDGEKV_HTTP_KEEPALIVE_MODE_AUTOMATIC ((edgekv_http_keepalive_mode_t)0)
/* It is closed after the response. */
#define EDGEKV_HTTP_KEEPALIVE_MODE_NO_KEEPALIVE ((edgekv_http_keepalive_mode_t)1)

/* Encodings of a body that can be undone. */
typedef uint32_t edgekv_content_encodings_t;
/* gzip. */
#define EDGEKV_CONTENT_ENCODINGS_GZIP ((edgekv_content_encodings_t)1 << 0)

/* What is set of `cache_override`. */
typedef uint32_t edgekv_cache_override_tag_t;
/* Do not cache. */
#define EDGEKV_CACHE_OVERRIDE_TAG_PASS ((edgekv_cache_override_tag_t)1 << 0)
/* `ttl` is set. */
#define EDGEKV_CACHE_OVERRIDE_TAG_TTL ((edgekv_cache_override_tag_t)1 << 1)
/* `stale_while_revalidate` is set. */
#define EDGEKV_CACHE_OVERRIDE_TAG_STALE_WHILE_REVALIDATE ((edgekv_cache_override_tag_t)1 << 2)
/* The response is subject to PCI rules. */
#define EDGEKV_CACHE_OVERRIDE_TAG_PCI ((edgekv_cache_override_tag_t)1 << 3)
/* `lookup_timeout_ms` is set. */
#define EDGEKV_CACHE_OVERRIDE_TAG_LOOKUP_TIMEOUT ((edgekv_cache_override_tag_t)1 << 4)

/* How a response may be cached. */
typedef struct {
    /* Seconds for which it is fresh. */
    uint32_t ttl;
    /* Seconds for which it may be used while it is fetched again. */
    uint32_t stale_while_revalidate;
    /* Names to purge it by, separated by spaces. */
    const char *surrogate_keys;
    /* Length of `surrogate_keys` in bytes. */
    size_t surrogate_keys_len;
    /* Milliseconds to wait for the cache. */
    uint32_t lookup_timeout_ms;
} edgekv_cache_override_t;
#if defined(__wasm32__)
EDGEKV_ASSERT(sizeof(edgekv_cache_override_t) == 20);
EDGEKV_ASSERT(EDGEKV_ALIGNOF(edgekv_cache_override_t) == 4);
EDGEKV_ASSERT(offsetof(edgekv_cache_override_t, ttl) == 0);
EDGEKV_ASSERT(offsetof(edgekv_cache_override_t, stale_while_revalidate) == 4);
EDGEKV_ASSERT(offsetof(edgekv_cache_override_t, surrogate_keys) == 8);
EDGEKV_ASSERT(offsetof(edgekv_cache_override_t, surrogate_keys_len) == 12);
EDGEKV_ASSERT(offsetof(edgekv_cache_override_t, lookup_timeout_ms) == 16);
#endif

/* What is set of `next_request_options`. */
typedef uint32_t edgekv_next_request_options_options_t;
/* Ignored. */
#define EDGEKV_NEXT_REQUEST_OPTIONS_OPTIONS_RESERVED ((edgekv_next_request_options_options_t)1 << 0)
/* `timeout_ms` is set. */
#define EDGEKV_NEXT_REQUEST_OPTIONS_OPTIONS_TIMEOUT ((edgekv_next_request_options_options_t)1 << 1)

/* How another request is asked for. */
typedef struct {
    /* Milliseconds to wait for it. */
    uint64_t timeout_ms;
} edgekv_next_request_options_t;
#if defined(__wasm32__)
EDGEKV_ASSERT(sizeof(edgekv_next_request_options_t) == 8);
EDGEKV_ASSERT(EDGEKV_ALIGNOF(edgekv_next_request_options_t) == 8);
EDGEKV_ASSERT(offsetof(edgekv_next_request_options_t, timeout_ms) == 0);
#endif

/* Which responses of a pending request a change applies to. */
typedef uint32_t edgekv_pending_response_kind_t;
/* All. */
#define EDGEKV_PENDING_RESPONSE_KIND_ANY ((edgekv_pending_response_kind_t)0)
/* Those of a backend. */
#define EDGEKV_PENDING_RESPONSE_KIND_RESPONSE ((edgekv_pending_response_kind_t)1)
/* Those that the host makes after an error. */
#define EDGEKV_PENDING_RESPONSE_KIND_ERROR ((edgekv_pending_response_kind_t)2)

/* Why sending a request failed. Hosts leave it alone: guests exist that pass a shorter record. */
typedef struct {
    /* 0, nothing has been stored here yet. */
    uint32_t tag;
    /* Which of the fields are set. */
    uint32_t mask;
    /* Response code of the DNS server. */
    uint16_t dns_error_rcode;
    /* Info code of the DNS server. */
    uint16_t dns_error_info_code;
    /* TLS alert of the backend. */
    uint8_t tls_alert_id;
    /* HTTP/2 frame that failed. */
    uint8_t h2_error_frame;
    /* HTTP/2 error. */
    uint32_t h2_error_code;
} edgekv_send_error_detail_t;
#if defined(__wasm32__)
EDGEKV_ASSERT(sizeof(edgekv_send_error_detail_t) == 20);
EDGEKV_ASSERT(EDGEKV_ALIGNOF(edgekv_send_error_detail_t) == 4);
EDGEKV_ASSERT(offsetof(edgekv_send_error_detail_t, tag) == 0);
EDGEKV_ASSERT(offsetof(edgekv_send_error_detail_t, mask) == 4);
EDGEKV_ASSERT(offsetof(edgekv_send_error_detail_t, dns_error_rcode) == 8);
EDGEKV_ASSERT(offsetof(edgekv_send_error_detail_t, dns_error_info_code) == 10);
EDGEKV_ASSERT(offsetof(edgekv_send_error_detail_t, tls_alert_id) == 12);
EDGEKV_ASSERT(offsetof(edgekv_send_error_detail_t, h2_error_frame) == 13);
EDGEKV_ASSERT(offsetof(edgekv_send_error_detail_t, h2_error_code) == 16);
#endif

/* Which end of a body a write goes to. */
typedef uint32_t edgekv_body_write_end_t;
/* After all that is there. */
#define EDGEKV_BODY_WRITE_END_BACK ((edgekv_body_write_end_t)0)
/* Before all that is there. */
#define EDGEKV_BODY_WRITE_END_FRONT ((edgekv_body_write_end_t)1)

/* The outcome of a key-value operation, as its wait call reports it. */
typedef uint32_t edgekv_kv_error_t;
/* Nothing has been stored here yet. */
#define EDGEKV_KV_ERROR_UNINITIALIZED ((edgekv_kv_error_t)0)
/* Done. */
#define EDGEKV_KV_ERROR_OK ((edgekv_kv_error_t)1)
/* The request was not valid (HTTP 400). */
#define EDGEKV_KV_ERROR_BAD_REQUEST ((edgekv_kv_error_t)2)
/* There is no such key (HTTP 404). */
#define EDGEKV_KV_ERROR_NOT_FOUND ((edgekv_kv_error_t)3)
/* A condition on the write did not hold (HTTP 412). */
#define EDGEKV_KV_ERROR_PRECONDITION_FAILED ((edgekv_kv_error_t)4)
/* The value is too large (HTTP 413). */
#define EDGEKV_KV_ERROR_PAYLOAD_TOO_LARGE ((edgekv_kv_error_t)5)
/* Anything else that went wrong in the store. */
#define EDGEKV_KV_ERROR_INTERNAL_ERROR ((edgekv_kv_error_t)6)
/*
 * A rate limit was reached (HTTP 429). Hosts report it as the status
 * `limitexceeded` instead: some guests cannot represent this value.
 */
#define EDGEKV_KV_ERROR_TOO_MANY_REQUESTS ((edgekv_kv_error_t)7)

/*
 * Options of a lookup that are set. A set bit says that the field of
 * `kv_lookup_config` with the same name is meant.
 */
typedef uint32_t edgekv_kv_lookup_config_options_t;
/* Ignored. */
#define EDGEKV_KV_LOOKUP_CONFIG_OPTIONS_RESERVED ((edgekv_kv_lookup_config_options_t)1 << 0)

/* Options of a lookup. */
typedef struct {
    /* Ignored. */
    uint32_t reserved;
} edgekv_kv_lookup_config_t;
#if defined(__wasm32__)
EDGEKV_ASSERT(sizeof(edgekv_kv_lookup_config_t) == 4);
EDGEKV_ASSERT(EDGEKV_ALIGNOF(edgekv_kv_lookup_config_t) == 4);
EDGEKV_ASSERT(offsetof(edgekv_kv_lookup_config_t, reserved) == 0);
#endif

/* Options of a delete that are set. */
typedef uint32_t edgekv_kv_delete_config_options_t;
/* Ignored. */
#define EDGEKV_KV_DELETE_CONFIG_OPTIONS_RESERVED ((edgekv_kv_delete_config_options_t)1 << 0)
/* The record is a `kv_delete_config_v2`, and its generation is a condition. */
#define EDGEKV_KV_DELETE_CONFIG_OPTIONS_IF_GENERATION_MATCH ((edgekv_kv_delete_config_options_t)1 << 1)

/* Options of a delete, as guests have always passed them. */
typedef struct {
    /* Ignored. */
    uint32_t reserved;
} edgekv_kv_delete_config_t;
#if defined(__wasm32__)
EDGEKV_ASSERT(sizeof(edgekv_kv_delete_config_t) == 4);
EDGEKV_ASSERT(EDGEKV_ALIGNOF(edgekv_kv_delete_config_t) == 4);
EDGEKV_ASSERT(offsetof(edgekv_kv_delete_config_t, reserved) == 0);
#endif

/*
 * Options of a delete with a condition. A host reads more than the first field
 * only when `if_generation_match` is set in the mask.
 */
typedef struct {
    /* Ignored. */
    uint32_t reserved;
    /* Delete only if the entry has this generation. */
    uint64_t if_generation_match;
} edgekv_kv_delete_config_v2_t;
#if defined(__wasm32__)
EDGEKV_ASSERT(sizeof(edgekv_kv_delete_config_v2_t) == 16);
EDGEKV_ASSERT(EDGEKV_ALIGNOF(edgekv_kv_delete_config_v2_t) == 8);
EDGEKV_ASSERT(offsetof(edgekv_kv_delete_config_v2_t, reserved) == 0);
EDGEKV_ASSERT(offsetof(edgekv_kv_delete_config_v2_t, if_generation_match) == 8);
#endif

/* Options of an insert that are set. `mode` has no bit: it is always read. */
typedef uint32_t edgekv_kv_insert_config_options_t;
/* Ignored. */
#define EDGEKV_KV_INSERT_CONFIG_OPTIONS_RESERVED ((edgekv_kv_insert_config_options_t)1 << 0)
/* Readers may see the old value for a while. Has no field. */
#define EDGEKV_KV_INSERT_CONFIG_OPTIONS_BACKGROUND_FETCH ((edgekv_kv_insert_config_options_t)1 << 1)
/* Ignored: was a 32-bit generation once. */
#define EDGEKV_KV_INSERT_CONFIG_OPTIONS_RESERVED_2 ((edgekv_kv_insert_config_options_t)1 << 2)
/* `metadata` and `metadata_len` are set. */
#define EDGEKV_KV_INSERT_CONFIG_OPTIONS_METADATA ((edgekv_kv_insert_config_options_t)1 << 3)
/* `time_to_live_sec` is set. */
#define EDGEKV_KV_INSERT_CONFIG_OPTIONS_TIME_TO_LIVE_SEC ((edgekv_kv_insert_config_options_t)1 << 4)
/* `if_generation_match` is set. */
#define EDGEKV_KV_INSERT_CONFIG_OPTIONS_IF_GENERATION_MATCH ((edgekv_kv_insert_config_options_t)1 << 5)

/* What an insert does when the key is already there. */
typedef uint32_t edgekv_kv_insert_mode_t;
/* Replace the entry. */
#define EDGEKV_KV_INSERT_MODE_OVERWRITE ((edgekv_kv_insert_mode_t)0)
/* Fail with `precondition_failed`. */
#define EDGEKV_KV_INSERT_MODE_ADD ((edgekv_kv_insert_mode_t)1)
/* Put the new bytes after the old value. */
#define EDGEKV_KV_INSERT_MODE_APPEND ((edgekv_kv_insert_mode_t)2)
/* Put the new bytes before the old value. */
#define EDGEKV_KV_INSERT_MODE_PREPEND ((edgekv_kv_insert_mode_t)3)

/* Options of an insert. */
typedef struct {
    /* Always read, whatever the mask says. */
    edgekv_kv_insert_mode_t mode;
    /* Ignored. */
    uint32_t unused;
    /* At most 2,000 bytes that are kept with the value. */
    const char *metadata;
    /* Length of `metadata` in bytes. */
    size_t metadata_len;
    /* Lifetime in seconds from the write; 0 is "already expired". */
    uint32_t time_to_live_sec;
    /* Write only if the entry has this generation. */
    uint64_t if_generation_match;
} edgekv_kv_insert_config_t;
#if defined(__wasm32__)
EDGEKV_ASSERT(sizeof(edgekv_kv_insert_config_t) == 32);
EDGEKV_ASSERT(EDGEKV_ALIGNOF(edgekv_kv_insert_config_t) == 8);
EDGEKV_ASSERT(offsetof(edgekv_kv_insert_config_t, mode) == 0);
EDGEKV_ASSERT(offsetof(edgekv_kv_insert_config_t, unused) == 4);
EDGEKV_ASSERT(offsetof(edgekv_kv_insert_config_t, metadata) == 8);
EDGEKV_ASSERT(offsetof(edgekv_kv_insert_config_t, metadata_len) == 12);
EDGEKV_ASSERT(offsetof(edgekv_kv_insert_config_t, time_to_live_sec) == 16);
EDGEKV_ASSERT(offsetof(edgekv_kv_insert_config_t, if_generation_match) == 24);
#endif

/* Options of a list that are set. `mode` has no bit: it is always read. */
typedef uint32_t edgekv_kv_list_config_options_t;
/* Ignored. */
#define EDGEKV_KV_LIST_CONFIG_OPTIONS_RESERVED ((edgekv_kv_list_config_options_t)1 << 0)
/* `cursor` and `cursor_len` are set. */
#define EDGEKV_KV_LIST_CONFIG_OPTIONS_CURSOR ((edgekv_kv_list_config_options_t)1 << 1)
/* `limit` is set. */
#define EDGEKV_KV_LIST_CONFIG_OPTIONS_LIMIT ((edgekv_kv_list_config_options_t)1 << 2)
/* `prefix` and `prefix_len` are set. */
#define EDGEKV_KV_LIST_CONFIG_OPTIONS_PREFIX ((edgekv_kv_list_config_options_t)1 << 3)

/* How fresh a list must be. */
typedef uint32_t edgekv_kv_list_mode_t;
/* Every write that has been acknowledged is seen. */
#define EDGEKV_KV_LIST_MODE_STRONG ((edgekv_kv_list_mode_t)0)
/* The list may lag behind. */
#define EDGEKV_KV_LIST_MODE_EVENTUAL ((edgekv_kv_list_mode_t)1)

/* Options of a list. */
typedef struct {
    /* Always read, whatever the mask says. */
    edgekv_kv_list_mode_t mode;
    /* Where the last page ended: the text that page's `next_cursor` gave. */
    const char *cursor;
    /* Length of `cursor` in bytes. */
    size_t cursor_len;
    /* The most keys that a page holds. */
    uint32_t limit;
    /* Only keys that begin so. */
    const char *prefix;
    /* Length of `prefix` in bytes. */
    size_t prefix_len;
} edgekv_kv_list_config_t;
#if defined(__wasm32__)
EDGEKV_ASSERT(sizeof(edgekv_kv_list_config_t) == 24);
EDGEKV_ASSERT(EDGEKV_ALIGNOF(edgekv_kv_list_config_t) == 4);
EDGEKV_ASSERT(offsetof(edgekv_kv_list_config_t, mode) == 0);
EDGEKV_ASSERT(offsetof(edgekv_kv_list_config_t, cursor) == 4);
EDGEKV_ASSERT(offsetof(edgekv_kv_list_config_t, cursor_len) == 8);
EDGEKV_ASSERT(offsetof(edgekv_kv_list_config_t, limit) == 12);
EDGEKV_ASSERT(offsetof(edgekv_kv_list_config_t, prefix) == 16);
EDGEKV_ASSERT(offsetof(edgekv_kv_list_config_t, prefix_len) == 20);
#endif

/* ---- fastly_abi ---- */

/* Agreement on the version of the ABI. */

/*
 * Says which version of the ABI the guest was built for. Version 1 is
 * answered with `ok`, any other with `error`. Calling it is optional.
 */
EDGEKV_IMPORT("fastly_abi", "init")
edgekv_status_t edgekv_abi_init(uint64_t abi_version);

/* ---- fastly_async_io ---- */

/*
 * Waiting for whichever of several things comes first.
 *
 * An item is a pending operation of a store, a body to read (ready when there are bytes, or its end), a
 * body that is being sent (ready when there is room to write), or a promise of a request. Nothing is
 * consumed, and an item whose outcome is an error is ready.
 */

/*
 * Waits until one of `items` is ready, and stores its index. After `timeout_ms` milliseconds (0 is "for ever")
 * stores 0xffffffff. No items and no time-out is `inval`; an unknown handle, or the same one twice, is `badf`.
 */
EDGEKV_IMPORT("fastly_async_io", "select")
edgekv_status_t edgekv_async_io_select(const edgekv_async_item_handle_t *items, size_t items_len, uint32_t timeout_ms, uint32_t *index_out);

/* Stores 1 when the item is ready, else 0. Never waits. */
EDGEKV_IMPORT("fastly_async_io", "is_ready")
edgekv_status_t edgekv_async_io_is_ready(edgekv_async_item_handle_t item, uint32_t *ready_out);

/* ---- fastly_compute_runtime ---- */

/* What the instance uses, and what the service has. */

/*
 * Milliseconds for which the instance has been running. A host that measures it leaves out the time that the instance has
 * waited; others tell how long it has been there.
 */
EDGEKV_IMPORT("fastly_compute_runtime", "get_vcpu_ms")
edgekv_status_t edgekv_compute_runtime_get_vcpu_ms(uint64_t *ms_out);

/* Size of the memory of the instance in MiB, rounded up. */
EDGEKV_IMPORT("fastly_compute_runtime", "get_heap_mib")
edgekv_status_t edgekv_compute_runtime_get_heap_mib(uint32_t *mib_out);

/* Stores 0: there is no such product. */
EDGEKV_IMPORT("fastly_compute_runtime", "has_domain_inspector")
edgekv_status_t edgekv_compute_runtime_has_domain_inspector(uint32_t *enabled_out);

/* Stores 0: there is no such product. */
EDGEKV_IMPORT("fastly_compute_runtime", "has_image_optimizer")
edgekv_status_t edgekv_compute_runtime_has_image_optimizer(uint32_t *enabled_out);

/* Stores 0: there is no such product. */
EDGEKV_IMPORT("fastly_compute_runtime", "has_origin_inspector")
edgekv_status_t edgekv_compute_runtime_has_origin_inspector(uint32_t *enabled_out);

/* ---- fastly_http_body ---- */

/*
 * Bodies: how values and HTTP messages reach a guest and leave it.
 *
 * Out-values are explicit pointers, never `expected` results, and the write end is a
 * plain number: so a bad pointer or number is answered with a status, not with a trap.
 */

/* Moves the bytes and trailers of `src` behind those of `dst`; `src` is consumed. */
EDGEKV_IMPORT("fastly_http_body", "append")
edgekv_status_t edgekv_http_body_append(edgekv_body_handle_t dst, edgekv_body_handle_t src);

/* Makes an empty body. */
EDGEKV_IMPORT("fastly_http_body", "new")
edgekv_status_t edgekv_http_body_new(edgekv_body_handle_t *handle_out);

/* Takes bytes from the front. Waits until there is at least one; stores 0 at the end. */
EDGEKV_IMPORT("fastly_http_body", "read")
edgekv_status_t edgekv_http_body_read(edgekv_body_handle_t body, uint8_t *buf, size_t buf_len, size_t *nread_out);

/* Adds bytes at one end (a `body_write_end`). Always takes the whole buffer. */
EDGEKV_IMPORT("fastly_http_body", "write")
edgekv_status_t edgekv_http_body_write(edgekv_body_handle_t body, const uint8_t *buf, size_t buf_len, uint32_t end, size_t *nwritten_out);

/* Consumes the body; a streaming body ends properly. */
EDGEKV_IMPORT("fastly_http_body", "close")
edgekv_status_t edgekv_http_body_close(edgekv_body_handle_t body);

/* Consumes the body; a streaming body ends as cut off. */
EDGEKV_IMPORT("fastly_http_body", "abandon")
edgekv_status_t edgekv_http_body_abandon(edgekv_body_handle_t body);

/* Adds a trailer. */
EDGEKV_IMPORT("fastly_http_body", "trailer_append")
edgekv_status_t edgekv_http_body_trailer_append(edgekv_body_handle_t body, const uint8_t *name, size_t name_len, const uint8_t *value, size_t value_len);

/*
 * The names of the trailers, each ended by a NUL byte, from the `cursor`-th on.
 * `ending_cursor` is -1 behind the last one, else where to go on.
 */
EDGEKV_IMPORT("fastly_http_body", "trailer_names_get")
edgekv_status_t edgekv_http_body_trailer_names_get(edgekv_body_handle_t body, uint8_t *buf, size_t buf_len, uint32_t cursor, int64_t *ending_cursor_out, size_t *nwritten_out);

/* The first value of a trailer. */
EDGEKV_IMPORT("fastly_http_body", "trailer_value_get")
edgekv_status_t edgekv_http_body_trailer_value_get(edgekv_body_handle_t body, const uint8_t *name, size_t name_len, uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* All values of a trailer, in the form of `trailer_names_get`. */
EDGEKV_IMPORT("fastly_http_body", "trailer_values_get")
edgekv_status_t edgekv_http_body_trailer_values_get(edgekv_body_handle_t body, const uint8_t *name, size_t name_len, uint8_t *buf, size_t buf_len, uint32_t cursor, int64_t *ending_cursor_out, size_t *nwritten_out);

/* How many bytes are still to be read, or `none` when that is not known. */
EDGEKV_IMPORT("fastly_http_body", "known_length")
edgekv_status_t edgekv_http_body_known_length(edgekv_body_handle_t body, uint64_t *length_out);

/* ---- fastly_http_downstream ---- */

/*
 * What is known of the client behind a request.
 *
 * Of a request that does not come from a client nothing is known: no address, no identity, and `error` for the
 * names of its headers.
 */

/* Asks for another request after this one, for the same instance; `limitexceeded` when one is asked for already. */
EDGEKV_IMPORT("fastly_http_downstream", "next_request")
edgekv_status_t edgekv_http_downstream_next_request(uint32_t options_mask, const edgekv_next_request_options_t *options, edgekv_request_promise_handle_t *promise_out);

/*
 * Waits for the request that was asked for; `none` when there is no other, `unsupported` while the current one
 * has no response.
 */
EDGEKV_IMPORT("fastly_http_downstream", "next_request_wait")
edgekv_status_t edgekv_http_downstream_next_request_wait(edgekv_request_promise_handle_t promise, edgekv_request_handle_t *request_out, edgekv_body_handle_t *body_out);

/* Says that the request that was asked for is not wanted any more. */
EDGEKV_IMPORT("fastly_http_downstream", "next_request_abandon")
edgekv_status_t edgekv_http_downstream_next_request_abandon(edgekv_request_promise_handle_t promise);

/* The names of the headers as the client sent them, in the form of `header_names_get`. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_original_header_names")
edgekv_status_t edgekv_http_downstream_downstream_original_header_names(edgekv_request_handle_t request, uint8_t *buf, size_t buf_len, uint32_t cursor, int64_t *ending_cursor_out, size_t *nwritten_out);

/* How many names `downstream_original_header_names` has. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_original_header_count")
edgekv_status_t edgekv_http_downstream_downstream_original_header_count(edgekv_request_handle_t request, uint32_t *count_out);

/* The address of the client: 4 or 16 bytes, 0 when it is not known. There must be room for 16. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_client_ip_addr")
edgekv_status_t edgekv_http_downstream_downstream_client_ip_addr(edgekv_request_handle_t request, uint8_t *addr_octets_out, size_t *nwritten_out);

/* The address that the client has connected to: 4 or 16 bytes, 0 when it is not known. There must be room for 16. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_server_ip_addr")
edgekv_status_t edgekv_http_downstream_downstream_server_ip_addr(edgekv_request_handle_t request, uint8_t *addr_octets_out, size_t *nwritten_out);

/* The identity of the request: 32 lower-case hexadecimal digits. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_client_request_id")
edgekv_status_t edgekv_http_downstream_downstream_client_request_id(edgekv_request_handle_t request, uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* The fingerprint of the client's HTTP/2 settings; `none` when there is none. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_client_h2_fingerprint")
edgekv_status_t edgekv_http_downstream_downstream_client_h2_fingerprint(edgekv_request_handle_t request, uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* The fingerprint of the order of the client's headers; `none` when there is none. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_client_oh_fingerprint")
edgekv_status_t edgekv_http_downstream_downstream_client_oh_fingerprint(edgekv_request_handle_t request, uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* The cipher of the connection; `none` without TLS. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_tls_cipher_openssl_name")
edgekv_status_t edgekv_http_downstream_downstream_tls_cipher_openssl_name(edgekv_request_handle_t request, uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* The TLS version of the connection; `none` without TLS. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_tls_protocol")
edgekv_status_t edgekv_http_downstream_downstream_tls_protocol(edgekv_request_handle_t request, uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* The TLS client hello; `none` without TLS. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_tls_client_hello")
edgekv_status_t edgekv_http_downstream_downstream_tls_client_hello(edgekv_request_handle_t request, uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* The server name of the TLS client hello; `none` without TLS. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_tls_client_servername")
edgekv_status_t edgekv_http_downstream_downstream_tls_client_servername(edgekv_request_handle_t request, uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* The certificate of the client; `none` without TLS. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_tls_raw_client_certificate")
edgekv_status_t edgekv_http_downstream_downstream_tls_raw_client_certificate(edgekv_request_handle_t request, uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* The JA4 fingerprint of the TLS client hello; `none` without TLS. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_tls_ja4")
edgekv_status_t edgekv_http_downstream_downstream_tls_ja4(edgekv_request_handle_t request, uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* The region whose rules apply to the client: "none". */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_compliance_region")
edgekv_status_t edgekv_http_downstream_downstream_compliance_region(edgekv_request_handle_t request, uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* The name of a detected bot; `none` when there is none. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_bot_name")
edgekv_status_t edgekv_http_downstream_downstream_bot_name(edgekv_request_handle_t request, uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* The category of a detected bot; `none` when there is none. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_bot_category")
edgekv_status_t edgekv_http_downstream_downstream_bot_category(edgekv_request_handle_t request, uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* The VPN service that the client uses; `none` when it is not known. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_resvpnproxy_vpn_service_name")
edgekv_status_t edgekv_http_downstream_downstream_resvpnproxy_vpn_service_name(edgekv_request_handle_t request, uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* The JA3 fingerprint of the TLS client hello, 16 bytes; `none` without TLS. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_tls_ja3_md5")
edgekv_status_t edgekv_http_downstream_downstream_tls_ja3_md5(edgekv_request_handle_t request, uint8_t *md5_octets_out, size_t *nwritten_out);

/* How the check of the client's certificate ended; `none` without TLS. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_tls_client_cert_verify_result")
edgekv_status_t edgekv_http_downstream_downstream_tls_client_cert_verify_result(edgekv_request_handle_t request, uint32_t *value_out);

/* Stores 0: attacks are not detected. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_client_ddos_detected")
edgekv_status_t edgekv_http_downstream_downstream_client_ddos_detected(edgekv_request_handle_t request, uint32_t *value_out);

/* Stores 1 when the request has a `Fastly-Key` header that the host accepts, else 0. */
EDGEKV_IMPORT("fastly_http_downstream", "fastly_key_is_valid")
edgekv_status_t edgekv_http_downstream_fastly_key_is_valid(edgekv_request_handle_t request, uint32_t *value_out);

/* Stores 0: bots are not looked for. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_bot_analyzed")
edgekv_status_t edgekv_http_downstream_downstream_bot_analyzed(edgekv_request_handle_t request, uint32_t *value_out);

/* Stores 0: bots are not looked for. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_bot_detected")
edgekv_status_t edgekv_http_downstream_downstream_bot_detected(edgekv_request_handle_t request, uint32_t *value_out);

/* The kind of a detected bot; `none` when there is none. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_bot_category_kind")
edgekv_status_t edgekv_http_downstream_downstream_bot_category_kind(edgekv_request_handle_t request, uint32_t *value_out);

/* Stores 0: bots are not looked for. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_bot_verified")
edgekv_status_t edgekv_http_downstream_downstream_bot_verified(edgekv_request_handle_t request, uint32_t *value_out);

/* `none`: addresses are not looked up. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_resvpnproxy_is_anonymous")
edgekv_status_t edgekv_http_downstream_downstream_resvpnproxy_is_anonymous(edgekv_request_handle_t request, uint32_t *value_out);

/* `none`: addresses are not looked up. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_resvpnproxy_is_anonymous_vpn")
edgekv_status_t edgekv_http_downstream_downstream_resvpnproxy_is_anonymous_vpn(edgekv_request_handle_t request, uint32_t *value_out);

/* `none`: addresses are not looked up. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_resvpnproxy_is_hosting_provider")
edgekv_status_t edgekv_http_downstream_downstream_resvpnproxy_is_hosting_provider(edgekv_request_handle_t request, uint32_t *value_out);

/* `none`: addresses are not looked up. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_resvpnproxy_is_proxy_over_vpn")
edgekv_status_t edgekv_http_downstream_downstream_resvpnproxy_is_proxy_over_vpn(edgekv_request_handle_t request, uint32_t *value_out);

/* `none`: addresses are not looked up. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_resvpnproxy_is_public_proxy")
edgekv_status_t edgekv_http_downstream_downstream_resvpnproxy_is_public_proxy(edgekv_request_handle_t request, uint32_t *value_out);

/* `none`: addresses are not looked up. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_resvpnproxy_is_relay_proxy")
edgekv_status_t edgekv_http_downstream_downstream_resvpnproxy_is_relay_proxy(edgekv_request_handle_t request, uint32_t *value_out);

/* `none`: addresses are not looked up. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_resvpnproxy_is_residential_proxy")
edgekv_status_t edgekv_http_downstream_downstream_resvpnproxy_is_residential_proxy(edgekv_request_handle_t request, uint32_t *value_out);

/* `none`: addresses are not looked up. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_resvpnproxy_is_smart_dns_proxy")
edgekv_status_t edgekv_http_downstream_downstream_resvpnproxy_is_smart_dns_proxy(edgekv_request_handle_t request, uint32_t *value_out);

/* `none`: addresses are not looked up. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_resvpnproxy_is_tor_exit_node")
edgekv_status_t edgekv_http_downstream_downstream_resvpnproxy_is_tor_exit_node(edgekv_request_handle_t request, uint32_t *value_out);

/* `none`: addresses are not looked up. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_resvpnproxy_is_vpn_datacenter")
edgekv_status_t edgekv_http_downstream_downstream_resvpnproxy_is_vpn_datacenter(edgekv_request_handle_t request, uint32_t *value_out);

/* How often the request has come through this service: 1. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_visits_this_service")
edgekv_status_t edgekv_http_downstream_downstream_visits_this_service(uint32_t *visits_out);

/* How often the request has come through this place: 1. */
EDGEKV_IMPORT("fastly_http_downstream", "downstream_visits_this_pop")
edgekv_status_t edgekv_http_downstream_downstream_visits_this_pop(uint32_t *visits_out);

/* ---- fastly_http_req ---- */

/*
 * Requests: that of the client, and those that the guest makes.
 *
 * Names and values of headers, methods and URLs that are not valid HTTP are `error`; a header that is not
 * there is `inval`, where it says so. Numbers of enumerations travel as `u32`, so that a wrong one is
 * answered with a status.
 */

/* The request of the client, and its body. Asking again gives the same handles. Either pointer may be null. */
EDGEKV_IMPORT("fastly_http_req", "body_downstream_get")
edgekv_status_t edgekv_http_req_body_downstream_get(edgekv_request_handle_t *request_out, edgekv_body_handle_t *body_out);

/* Makes a request: GET, `/`, HTTP/1.1, no headers. */
EDGEKV_IMPORT("fastly_http_req", "new")
edgekv_status_t edgekv_http_req_new(edgekv_request_handle_t *request_out);

/* Consumes the request. */
EDGEKV_IMPORT("fastly_http_req", "close")
edgekv_status_t edgekv_http_req_close(edgekv_request_handle_t request);

/* The method. */
EDGEKV_IMPORT("fastly_http_req", "method_get")
edgekv_status_t edgekv_http_req_method_get(edgekv_request_handle_t request, uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* Sets the method. */
EDGEKV_IMPORT("fastly_http_req", "method_set")
edgekv_status_t edgekv_http_req_method_set(edgekv_request_handle_t request, const uint8_t *method, size_t method_len);

/* The URL; of a client's request an absolute one. */
EDGEKV_IMPORT("fastly_http_req", "uri_get")
edgekv_status_t edgekv_http_req_uri_get(edgekv_request_handle_t request, uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* Sets the URL. */
EDGEKV_IMPORT("fastly_http_req", "uri_set")
edgekv_status_t edgekv_http_req_uri_set(edgekv_request_handle_t request, const uint8_t *uri, size_t uri_len);

/* The version (an `http_version`). */
EDGEKV_IMPORT("fastly_http_req", "version_get")
edgekv_status_t edgekv_http_req_version_get(edgekv_request_handle_t request, uint32_t *version_out);

/* Sets the version (an `http_version`). */
EDGEKV_IMPORT("fastly_http_req", "version_set")
edgekv_status_t edgekv_http_req_version_set(edgekv_request_handle_t request, uint32_t version);

/*
 * The names of the headers, in lower case, each once and ended by a NUL byte, from the `cursor`-th on.
 * `ending_cursor` is -1 behind the last one, else where to go on.
 */
EDGEKV_IMPORT("fastly_http_req", "header_names_get")
edgekv_status_t edgekv_http_req_header_names_get(edgekv_request_handle_t request, uint8_t *buf, size_t buf_len, uint32_t cursor, int64_t *ending_cursor_out, size_t *nwritten_out);

/* The first value of a header; `inval` when there is no such header. */
EDGEKV_IMPORT("fastly_http_req", "header_value_get")
edgekv_status_t edgekv_http_req_header_value_get(edgekv_request_handle_t request, const uint8_t *name, size_t name_len, uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* All values of a header, in the form of `header_names_get`; none when there is no such header. */
EDGEKV_IMPORT("fastly_http_req", "header_values_get")
edgekv_status_t edgekv_http_req_header_values_get(edgekv_request_handle_t request, const uint8_t *name, size_t name_len, uint8_t *buf, size_t buf_len, uint32_t cursor, int64_t *ending_cursor_out, size_t *nwritten_out);

/*
 * Replaces all values of a header by those in `values`, each ended by a NUL byte. What follows the last
 * NUL byte is dropped.
 */
EDGEKV_IMPORT("fastly_http_req", "header_values_set")
edgekv_status_t edgekv_http_req_header_values_set(edgekv_request_handle_t request, const uint8_t *name, size_t name_len, const uint8_t *values, size_t values_len);

/* Replaces all values of a header by one. */
EDGEKV_IMPORT("fastly_http_req", "header_insert")
edgekv_status_t edgekv_http_req_header_insert(edgekv_request_handle_t request, const uint8_t *name, size_t name_len, const uint8_t *value, size_t value_len);

/* Adds a value to those that a header has. */
EDGEKV_IMPORT("fastly_http_req", "header_append")
edgekv_status_t edgekv_http_req_header_append(edgekv_request_handle_t request, const uint8_t *name, size_t name_len, const uint8_t *value, size_t value_len);

/* Removes a header with all its values; `inval` when there is no such header. */
EDGEKV_IMPORT("fastly_http_req", "header_remove")
edgekv_status_t edgekv_http_req_header_remove(edgekv_request_handle_t request, const uint8_t *name, size_t name_len);

/* As `fastly_http_downstream.downstream_original_header_names`, of the client's request. */
EDGEKV_IMPORT("fastly_http_req", "original_header_names_get")
edgekv_status_t edgekv_http_req_original_header_names_get(uint8_t *buf, size_t buf_len, uint32_t cursor, int64_t *ending_cursor_out, size_t *nwritten_out);

/* As `fastly_http_downstream.downstream_original_header_count`, of the client's request. */
EDGEKV_IMPORT("fastly_http_req", "original_header_count")
edgekv_status_t edgekv_http_req_original_header_count(uint32_t *count_out);

/* Says who decides about framing when the request is sent (a `framing_headers_mode`). */
EDGEKV_IMPORT("fastly_http_req", "framing_headers_mode_set")
edgekv_status_t edgekv_http_req_framing_headers_mode_set(edgekv_request_handle_t request, uint32_t mode);

/* Says which encodings (`content_encodings`) of the response are undone. */
EDGEKV_IMPORT("fastly_http_req", "auto_decompress_response_set")
edgekv_status_t edgekv_http_req_auto_decompress_response_set(edgekv_request_handle_t request, uint32_t encodings);

/* Sets how the response may be cached: a `cache_override_tag`, and seconds. */
EDGEKV_IMPORT("fastly_http_req", "cache_override_set")
edgekv_status_t edgekv_http_req_cache_override_set(edgekv_request_handle_t request, uint32_t tag, uint32_t ttl, uint32_t stale_while_revalidate);

/* As `cache_override_set`, with surrogate keys. */
EDGEKV_IMPORT("fastly_http_req", "cache_override_v2_set")
edgekv_status_t edgekv_http_req_cache_override_v2_set(edgekv_request_handle_t request, uint32_t tag, uint32_t ttl, uint32_t stale_while_revalidate, const uint8_t *surrogate_keys, size_t surrogate_keys_len);

/* As `cache_override_v2_set`, as a record. */
EDGEKV_IMPORT("fastly_http_req", "cache_override_v3_set")
edgekv_status_t edgekv_http_req_cache_override_v3_set(edgekv_request_handle_t request, uint32_t tag, const edgekv_cache_override_t *cache_override);

/* As `fastly_http_downstream.fastly_key_is_valid`, of the client's request. */
EDGEKV_IMPORT("fastly_http_req", "fastly_key_is_valid")
edgekv_status_t edgekv_http_req_fastly_key_is_valid(uint32_t *value_out);

/* `inval`: this host has no backends. The request and the body are consumed. */
EDGEKV_IMPORT("fastly_http_req", "send")
edgekv_status_t edgekv_http_req_send(edgekv_request_handle_t request, edgekv_body_handle_t body, const char *backend, size_t backend_len, edgekv_response_handle_t *response_out, edgekv_body_handle_t *response_body_out);

/* `inval`: this host has no backends. The request and the body are consumed. */
EDGEKV_IMPORT("fastly_http_req", "send_v2")
edgekv_status_t edgekv_http_req_send_v2(edgekv_request_handle_t request, edgekv_body_handle_t body, const char *backend, size_t backend_len, edgekv_send_error_detail_t *error_detail, edgekv_response_handle_t *response_out, edgekv_body_handle_t *response_body_out);

/* `inval`: this host has no backends. The request and the body are consumed. */
EDGEKV_IMPORT("fastly_http_req", "send_v3")
edgekv_status_t edgekv_http_req_send_v3(edgekv_request_handle_t request, edgekv_body_handle_t body, const char *backend, size_t backend_len, edgekv_send_error_detail_t *error_detail, edgekv_response_handle_t *response_out, edgekv_body_handle_t *response_body_out);

/* `inval`: this host has no backends. The request and the body are consumed. */
EDGEKV_IMPORT("fastly_http_req", "send_async")
edgekv_status_t edgekv_http_req_send_async(edgekv_request_handle_t request, edgekv_body_handle_t body, const char *backend, size_t backend_len, edgekv_pending_request_handle_t *pending_out);

/* `inval`: this host has no backends. The request is consumed, the body stays: guests go on to close it. */
EDGEKV_IMPORT("fastly_http_req", "send_async_streaming")
edgekv_status_t edgekv_http_req_send_async_streaming(edgekv_request_handle_t request, edgekv_body_handle_t body, const char *backend, size_t backend_len, edgekv_pending_request_handle_t *pending_out);

/* `inval`: this host has no backends. The request is consumed; the body is, unless `streaming` is 1. */
EDGEKV_IMPORT("fastly_http_req", "send_async_v2")
edgekv_status_t edgekv_http_req_send_async_v2(edgekv_request_handle_t request, edgekv_body_handle_t body, const char *backend, size_t backend_len, uint32_t streaming, edgekv_pending_request_handle_t *pending_out);

/* `badf`: without backends there is no pending request. */
EDGEKV_IMPORT("fastly_http_req", "pending_req_header_insert")
edgekv_status_t edgekv_http_req_pending_req_header_insert(edgekv_pending_request_handle_t pending, const uint8_t *name, size_t name_len, const uint8_t *value, size_t value_len, uint32_t kind);

/* `badf`: without backends there is no pending request. */
EDGEKV_IMPORT("fastly_http_req", "pending_req_header_append")
edgekv_status_t edgekv_http_req_pending_req_header_append(edgekv_pending_request_handle_t pending, const uint8_t *name, size_t name_len, const uint8_t *value, size_t value_len, uint32_t kind);

/* `badf`: without backends there is no pending request. */
EDGEKV_IMPORT("fastly_http_req", "pending_req_header_remove")
edgekv_status_t edgekv_http_req_pending_req_header_remove(edgekv_pending_request_handle_t pending, const uint8_t *name, size_t name_len, uint32_t kind);

/* `badf`: without backends there is no pending request. */
EDGEKV_IMPORT("fastly_http_req", "pending_req_poll")
edgekv_status_t edgekv_http_req_pending_req_poll(edgekv_pending_request_handle_t pending, uint32_t *done_out, edgekv_response_handle_t *response_out, edgekv_body_handle_t *response_body_out);

/* `badf`: without backends there is no pending request. */
EDGEKV_IMPORT("fastly_http_req", "pending_req_poll_v2")
edgekv_status_t edgekv_http_req_pending_req_poll_v2(edgekv_pending_request_handle_t pending, edgekv_send_error_detail_t *error_detail, uint32_t *done_out, edgekv_response_handle_t *response_out, edgekv_body_handle_t *response_body_out);

/* `badf`: without backends there is no pending request. */
EDGEKV_IMPORT("fastly_http_req", "pending_req_wait")
edgekv_status_t edgekv_http_req_pending_req_wait(edgekv_pending_request_handle_t pending, edgekv_response_handle_t *response_out, edgekv_body_handle_t *response_body_out);

/* `badf`: without backends there is no pending request. */
EDGEKV_IMPORT("fastly_http_req", "pending_req_wait_v2")
edgekv_status_t edgekv_http_req_pending_req_wait_v2(edgekv_pending_request_handle_t pending, edgekv_send_error_detail_t *error_detail, edgekv_response_handle_t *response_out, edgekv_body_handle_t *response_body_out);

/* `badf`: without backends there is no pending request. `inval` when none is named. */
EDGEKV_IMPORT("fastly_http_req", "pending_req_select")
edgekv_status_t edgekv_http_req_pending_req_select(const edgekv_pending_request_handle_t *pendings, size_t pendings_len, uint32_t *index_out, edgekv_response_handle_t *response_out, edgekv_body_handle_t *response_body_out);

/* `badf`: without backends there is no pending request. `inval` when none is named. */
EDGEKV_IMPORT("fastly_http_req", "pending_req_select_v2")
edgekv_status_t edgekv_http_req_pending_req_select_v2(const edgekv_pending_request_handle_t *pendings, size_t pendings_len, edgekv_send_error_detail_t *error_detail, uint32_t *index_out, edgekv_response_handle_t *response_out, edgekv_body_handle_t *response_body_out);

/* `unsupported`: this host has no backends. */
EDGEKV_IMPORT("fastly_http_req", "register_dynamic_backend")
edgekv_status_t edgekv_http_req_register_dynamic_backend(const uint8_t *name_prefix, size_t name_prefix_len, const uint8_t *target, size_t target_len, uint32_t options_mask, const uint8_t *options);

/* `unsupported`: this host does not inspect requests. */
EDGEKV_IMPORT("fastly_http_req", "inspect")
edgekv_status_t edgekv_http_req_inspect(edgekv_request_handle_t request, edgekv_body_handle_t body, uint32_t info_mask, const uint8_t *info, uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* `unsupported`: this host has no other services. */
EDGEKV_IMPORT("fastly_http_req", "on_behalf_of")
edgekv_status_t edgekv_http_req_on_behalf_of(edgekv_request_handle_t request, const uint8_t *service, size_t service_len);

/* `unsupported`: this host has no backends. */
EDGEKV_IMPORT("fastly_http_req", "upgrade_websocket")
edgekv_status_t edgekv_http_req_upgrade_websocket(const uint8_t *backend, size_t backend_len);

/* `unsupported`: this host has no backends. */
EDGEKV_IMPORT("fastly_http_req", "redirect_to_websocket_proxy")
edgekv_status_t edgekv_http_req_redirect_to_websocket_proxy(const uint8_t *backend, size_t backend_len);

/* `unsupported`: this host has no backends. */
EDGEKV_IMPORT("fastly_http_req", "redirect_to_grip_proxy")
edgekv_status_t edgekv_http_req_redirect_to_grip_proxy(const uint8_t *backend, size_t backend_len);

/* `unsupported`: this host has no backends. */
EDGEKV_IMPORT("fastly_http_req", "redirect_to_websocket_proxy_v2")
edgekv_status_t edgekv_http_req_redirect_to_websocket_proxy_v2(edgekv_request_handle_t request, const uint8_t *backend, size_t backend_len);

/* `unsupported`: this host has no backends. */
EDGEKV_IMPORT("fastly_http_req", "redirect_to_grip_proxy_v2")
edgekv_status_t edgekv_http_req_redirect_to_grip_proxy_v2(edgekv_request_handle_t request, const uint8_t *backend, size_t backend_len);

/* As `fastly_http_downstream.downstream_client_ip_addr`, of the client's request. */
EDGEKV_IMPORT("fastly_http_req", "downstream_client_ip_addr")
edgekv_status_t edgekv_http_req_downstream_client_ip_addr(uint8_t *addr_octets_out, size_t *nwritten_out);

/* As `fastly_http_downstream.downstream_server_ip_addr`, of the client's request. */
EDGEKV_IMPORT("fastly_http_req", "downstream_server_ip_addr")
edgekv_status_t edgekv_http_req_downstream_server_ip_addr(uint8_t *addr_octets_out, size_t *nwritten_out);

/* As `fastly_http_downstream.downstream_client_h2_fingerprint`, of the client's request. */
EDGEKV_IMPORT("fastly_http_req", "downstream_client_h2_fingerprint")
edgekv_status_t edgekv_http_req_downstream_client_h2_fingerprint(uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* As `fastly_http_downstream.downstream_client_oh_fingerprint`, of the client's request. */
EDGEKV_IMPORT("fastly_http_req", "downstream_client_oh_fingerprint")
edgekv_status_t edgekv_http_req_downstream_client_oh_fingerprint(uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* As `fastly_http_downstream.downstream_client_request_id`, of the client's request. */
EDGEKV_IMPORT("fastly_http_req", "downstream_client_request_id")
edgekv_status_t edgekv_http_req_downstream_client_request_id(uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* As `fastly_http_downstream.downstream_compliance_region`, of the client's request. */
EDGEKV_IMPORT("fastly_http_req", "downstream_compliance_region")
edgekv_status_t edgekv_http_req_downstream_compliance_region(uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* As `fastly_http_downstream.downstream_tls_cipher_openssl_name`, of the client's request. */
EDGEKV_IMPORT("fastly_http_req", "downstream_tls_cipher_openssl_name")
edgekv_status_t edgekv_http_req_downstream_tls_cipher_openssl_name(uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* As `fastly_http_downstream.downstream_tls_client_hello`, of the client's request. */
EDGEKV_IMPORT("fastly_http_req", "downstream_tls_client_hello")
edgekv_status_t edgekv_http_req_downstream_tls_client_hello(uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* As `fastly_http_downstream.downstream_tls_ja4`, of the client's request. */
EDGEKV_IMPORT("fastly_http_req", "downstream_tls_ja4")
edgekv_status_t edgekv_http_req_downstream_tls_ja4(uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* As `fastly_http_downstream.downstream_tls_protocol`, of the client's request. */
EDGEKV_IMPORT("fastly_http_req", "downstream_tls_protocol")
edgekv_status_t edgekv_http_req_downstream_tls_protocol(uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* As `fastly_http_downstream.downstream_tls_raw_client_certificate`, of the client's request. */
EDGEKV_IMPORT("fastly_http_req", "downstream_tls_raw_client_certificate")
edgekv_status_t edgekv_http_req_downstream_tls_raw_client_certificate(uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* As `fastly_http_downstream.downstream_tls_ja3_md5`, of the client's request. */
EDGEKV_IMPORT("fastly_http_req", "downstream_tls_ja3_md5")
edgekv_status_t edgekv_http_req_downstream_tls_ja3_md5(uint8_t *md5_octets_out, size_t *nwritten_out);

/* As `fastly_http_downstream.downstream_client_ddos_detected`, of the client's request. */
EDGEKV_IMPORT("fastly_http_req", "downstream_client_ddos_detected")
edgekv_status_t edgekv_http_req_downstream_client_ddos_detected(uint32_t *value_out);

/* As `fastly_http_downstream.downstream_tls_client_cert_verify_result`, of the client's request. */
EDGEKV_IMPORT("fastly_http_req", "downstream_tls_client_cert_verify_result")
edgekv_status_t edgekv_http_req_downstream_tls_client_cert_verify_result(uint32_t *value_out);

/* ---- fastly_http_resp ---- */

/*
 * Responses, and sending one to the client.
 *
 * About headers the same holds as for requests.
 */

/* Makes a response: 200, HTTP/1.1, no headers. */
EDGEKV_IMPORT("fastly_http_resp", "new")
edgekv_status_t edgekv_http_resp_new(edgekv_response_handle_t *response_out);

/* Consumes the response. */
EDGEKV_IMPORT("fastly_http_resp", "close")
edgekv_status_t edgekv_http_resp_close(edgekv_response_handle_t response);

/* The status. */
EDGEKV_IMPORT("fastly_http_resp", "status_get")
edgekv_status_t edgekv_http_resp_status_get(edgekv_response_handle_t response, uint16_t *status_out);

/* Sets the status, 100 to 999. */
EDGEKV_IMPORT("fastly_http_resp", "status_set")
edgekv_status_t edgekv_http_resp_status_set(edgekv_response_handle_t response, uint32_t status);

/* The version (an `http_version`). */
EDGEKV_IMPORT("fastly_http_resp", "version_get")
edgekv_status_t edgekv_http_resp_version_get(edgekv_response_handle_t response, uint32_t *version_out);

/* Sets the version (an `http_version`). */
EDGEKV_IMPORT("fastly_http_resp", "version_set")
edgekv_status_t edgekv_http_resp_version_set(edgekv_response_handle_t response, uint32_t version);

/*
 * The names of the headers, in lower case, each once and ended by a NUL byte, from the `cursor`-th on.
 * `ending_cursor` is -1 behind the last one, else where to go on.
 */
EDGEKV_IMPORT("fastly_http_resp", "header_names_get")
edgekv_status_t edgekv_http_resp_header_names_get(edgekv_response_handle_t response, uint8_t *buf, size_t buf_len, uint32_t cursor, int64_t *ending_cursor_out, size_t *nwritten_out);

/* The first value of a header; `inval` when there is no such header. */
EDGEKV_IMPORT("fastly_http_resp", "header_value_get")
edgekv_status_t edgekv_http_resp_header_value_get(edgekv_response_handle_t response, const uint8_t *name, size_t name_len, uint8_t *buf, size_t buf_len, size_t *nwritten_out);

/* All values of a header, in the form of `header_names_get`; none when there is no such header. */
EDGEKV_IMPORT("fastly_http_resp", "header_values_get")
edgekv_status_t edgekv_http_resp_header_values_get(edgekv_response_handle_t response, const uint8_t *name, size_t name_len, uint8_t *buf, size_t buf_len, uint32_t cursor, int64_t *ending_cursor_out, size_t *nwritten_out);

/*
 * Replaces all values of a header by those in `values`, each ended by a NUL byte. What follows the last
 * NUL byte is dropped.
 */
EDGEKV_IMPORT("fastly_http_resp", "header_values_set")
edgekv_status_t edgekv_http_resp_header_values_set(edgekv_response_handle_t response, const uint8_t *name, size_t name_len, const uint8_t *values, size_t values_len);

/* Replaces all values of a header by one. */
EDGEKV_IMPORT("fastly_http_resp", "header_insert")
edgekv_status_t edgekv_http_resp_header_insert(edgekv_response_handle_t response, const uint8_t *name, size_t name_len, const uint8_t *value, size_t value_len);

/* Adds a value to those that a header has. */
EDGEKV_IMPORT("fastly_http_resp", "header_append")
edgekv_status_t edgekv_http_resp_header_append(edgekv_response_handle_t response, const uint8_t *name, size_t name_len, const uint8_t *value, size_t value_len);

/* Removes a header with all its values; `inval` when there is no such header. */
EDGEKV_IMPORT("fastly_http_resp", "header_remove")
edgekv_status_t edgekv_http_resp_header_remove(edgekv_response_handle_t response, const uint8_t *name, size_t name_len);

/* Says who decides about framing (a `framing_headers_mode`). */
EDGEKV_IMPORT("fastly_http_resp", "framing_headers_mode_set")
edgekv_status_t edgekv_http_resp_framing_headers_mode_set(edgekv_response_handle_t response, uint32_t mode);

/* Says whether the connection stays open after the response (an `http_keepalive_mode`). */
EDGEKV_IMPORT("fastly_http_resp", "http_keepalive_mode_set")
edgekv_status_t edgekv_http_resp_http_keepalive_mode_set(edgekv_response_handle_t response, uint32_t mode);

/* `none`: the response does not come from a backend. */
EDGEKV_IMPORT("fastly_http_resp", "get_addr_dest_ip")
edgekv_status_t edgekv_http_resp_get_addr_dest_ip(edgekv_response_handle_t response, uint8_t *addr_octets_out, size_t *nwritten_out);

/* `none`: the response does not come from a backend. */
EDGEKV_IMPORT("fastly_http_resp", "get_addr_dest_port")
edgekv_status_t edgekv_http_resp_get_addr_dest_port(edgekv_response_handle_t response, uint16_t *port_out);

/*
 * Sends the response to the client; it is consumed. With `streaming` 0 the body is consumed as well, and all of
 * it is sent. With 1 the same handle becomes a body that is sent as it is written: `close` ends it, `abandon`
 * cuts it off. A second response is `error`; one of status 103 may come before the response.
 */
EDGEKV_IMPORT("fastly_http_resp", "send_downstream")
edgekv_status_t edgekv_http_resp_send_downstream(edgekv_response_handle_t response, edgekv_body_handle_t body, uint32_t streaming);

/* `badf`: without backends there is no pending request. */
EDGEKV_IMPORT("fastly_http_resp", "send_downstream_pending")
edgekv_status_t edgekv_http_resp_send_downstream_pending(edgekv_pending_request_handle_t pending);

/* ---- fastly_kv_store ---- */

/*
 * The key-value store.
 *
 * Every operation is a start call, which gives a pending handle, and a wait call, which
 * consumes it. Misuse that is known at once is a status of the start call; the outcome is the
 * `kv_error` that the wait call stores. A pending operation that is never waited for happens
 * all the same.
 *
 * Masks are plain `u32` (the names of their bits are the `flags` types in typenames.witx): so
 * an unknown bit is answered with `inval`, not with a trap. The wasm signature is the same.
 */

/* Opens a store by name; `inval` when there is none of that name. */
EDGEKV_IMPORT("fastly_kv_store", "open")
edgekv_status_t edgekv_kv_store_open(const char *name, size_t name_len, edgekv_kv_store_handle_t *store_out);

/* Starts to look up a key. */
EDGEKV_IMPORT("fastly_kv_store", "lookup")
edgekv_status_t edgekv_kv_store_lookup(edgekv_kv_store_handle_t store, const char *key, size_t key_len, uint32_t config_mask, const edgekv_kv_lookup_config_t *config, edgekv_kv_store_lookup_handle_t *pending_out);

/* Ends a lookup. As `lookup_wait_v2`, but the generation is 32 bits wide and always 0. */
EDGEKV_IMPORT("fastly_kv_store", "lookup_wait")
edgekv_status_t edgekv_kv_store_lookup_wait(edgekv_kv_store_lookup_handle_t pending, edgekv_body_handle_t *body_out, char *metadata_buf, size_t metadata_buf_len, size_t *nwritten_out, uint32_t *generation_out, edgekv_kv_error_t *kv_error_out);

/*
 * Ends a lookup: stores a body with the value, the metadata and the generation. When the
 * metadata do not fit, stores the length that is needed and returns `buflen`; the pending handle
 * stays valid then.
 */
EDGEKV_IMPORT("fastly_kv_store", "lookup_wait_v2")
edgekv_status_t edgekv_kv_store_lookup_wait_v2(edgekv_kv_store_lookup_handle_t pending, edgekv_body_handle_t *body_out, char *metadata_buf, size_t metadata_buf_len, size_t *nwritten_out, uint64_t *generation_out, edgekv_kv_error_t *kv_error_out);

/* Starts to write a key. The body is consumed, whatever the status. */
EDGEKV_IMPORT("fastly_kv_store", "insert")
edgekv_status_t edgekv_kv_store_insert(edgekv_kv_store_handle_t store, const char *key, size_t key_len, edgekv_body_handle_t body, uint32_t config_mask, const edgekv_kv_insert_config_t *config, edgekv_kv_store_insert_handle_t *pending_out);

/* Ends an insert. */
EDGEKV_IMPORT("fastly_kv_store", "insert_wait")
edgekv_status_t edgekv_kv_store_insert_wait(edgekv_kv_store_insert_handle_t pending, edgekv_kv_error_t *kv_error_out);

/*
 * Starts to delete a key. `config` points to a `kv_delete_config`, or, when
 * `if_generation_match` is set in the mask, to a `kv_delete_config_v2`.
 */
EDGEKV_IMPORT("fastly_kv_store", "delete")
edgekv_status_t edgekv_kv_store_delete(edgekv_kv_store_handle_t store, const char *key, size_t key_len, uint32_t config_mask, const edgekv_kv_delete_config_t *config, edgekv_kv_store_delete_handle_t *pending_out);

/* Ends a delete; `not_found` when there was no such key. */
EDGEKV_IMPORT("fastly_kv_store", "delete_wait")
edgekv_status_t edgekv_kv_store_delete_wait(edgekv_kv_store_delete_handle_t pending, edgekv_kv_error_t *kv_error_out);

/* Starts to list keys. */
EDGEKV_IMPORT("fastly_kv_store", "list")
edgekv_status_t edgekv_kv_store_list(edgekv_kv_store_handle_t store, uint32_t config_mask, const edgekv_kv_list_config_t *config, edgekv_kv_store_list_handle_t *pending_out);

/* Ends a list: stores a body that holds the page as a JSON document. */
EDGEKV_IMPORT("fastly_kv_store", "list_wait")
edgekv_status_t edgekv_kv_store_list_wait(edgekv_kv_store_list_handle_t pending, edgekv_body_handle_t *body_out, edgekv_kv_error_t *kv_error_out);

/* ---- fastly_log ---- */

/* Messages to the host's log, by named endpoints. */

/* The endpoint of a name: any UTF-8 text of 1 to 256 bytes. The same name gives the same handle. */
EDGEKV_IMPORT("fastly_log", "endpoint_get")
edgekv_status_t edgekv_log_endpoint_get(const uint8_t *name, size_t name_len, edgekv_endpoint_handle_t *endpoint_out);

/* Sends one message, and stores how many of its bytes were taken, which is all of them. */
EDGEKV_IMPORT("fastly_log", "write")
edgekv_status_t edgekv_log_write(edgekv_endpoint_handle_t endpoint, const uint8_t *message, size_t message_len, size_t *nwritten_out);

/* ---- fastly_object_store ---- */

/*
 * The older form of `fastly_kv_store`, for programs that were built before it.
 *
 * Handles are the same: a store that was opened by either module works in both. There is no
 * `kv_error` here, so the outcome of an operation is a status.
 */

/* Opens a store by name; `inval` when there is none of that name. */
EDGEKV_IMPORT("fastly_object_store", "open")
edgekv_status_t edgekv_object_store_open(const char *name, size_t name_len, edgekv_kv_store_handle_t *store_out);

/* Looks a key up, and waits for it. The body handle is the invalid one when there is no such key. */
EDGEKV_IMPORT("fastly_object_store", "lookup")
edgekv_status_t edgekv_object_store_lookup(edgekv_kv_store_handle_t store, const char *key, size_t key_len, edgekv_body_handle_t *body_out);

/* Starts to look up a key. */
EDGEKV_IMPORT("fastly_object_store", "lookup_async")
edgekv_status_t edgekv_object_store_lookup_async(edgekv_kv_store_handle_t store, const char *key, size_t key_len, edgekv_kv_store_lookup_handle_t *pending_out);

/* Ends a lookup. The body handle is the invalid one when there is no such key. */
EDGEKV_IMPORT("fastly_object_store", "pending_lookup_wait")
edgekv_status_t edgekv_object_store_pending_lookup_wait(edgekv_kv_store_lookup_handle_t pending, edgekv_body_handle_t *body_out);

/*
 * Writes a key, and waits for it: what was there is replaced, with its metadata and its time to live.
 * The body is consumed, whatever the status.
 */
EDGEKV_IMPORT("fastly_object_store", "insert")
edgekv_status_t edgekv_object_store_insert(edgekv_kv_store_handle_t store, const char *key, size_t key_len, edgekv_body_handle_t body);

/* Starts to write a key. The body is consumed, whatever the status. */
EDGEKV_IMPORT("fastly_object_store", "insert_async")
edgekv_status_t edgekv_object_store_insert_async(edgekv_kv_store_handle_t store, const char *key, size_t key_len, edgekv_body_handle_t body, edgekv_kv_store_insert_handle_t *pending_out);

/* Ends an insert. */
EDGEKV_IMPORT("fastly_object_store", "pending_insert_wait")
edgekv_status_t edgekv_object_store_pending_insert_wait(edgekv_kv_store_insert_handle_t pending);

/* Starts to delete a key. */
EDGEKV_IMPORT("fastly_object_store", "delete_async")
edgekv_status_t edgekv_object_store_delete_async(edgekv_kv_store_handle_t store, const char *key, size_t key_len, edgekv_kv_store_delete_handle_t *pending_out);

/* Ends a delete; `none` when there was no such key. */
EDGEKV_IMPORT("fastly_object_store", "pending_delete_wait")
edgekv_status_t edgekv_object_store_pending_delete_wait(edgekv_kv_store_delete_handle_t pending);

#if defined(__cplusplus)
}
#endif

#endif /* EDGEKV_H */
