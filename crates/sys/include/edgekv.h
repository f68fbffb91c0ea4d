/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* @generated from witx/ by `cargo xtask codegen`; do not edit. */

/*
 * The guest side of the edge KV ABI. Compile with a clang that targets wasm32; on any other target the header
 * declares the same types and functions, without import attributes, for tests that bring their own definitions.
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

#if defined(__cplusplus)
}
#endif

#endif /* EDGEKV_H */
