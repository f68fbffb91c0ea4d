/* Uses a bit of everything in the header, twice included; compiled by c_header.rs, never run. */
#include "edgekv.h"
#include "edgekv.h"

edgekv_status_t insert_greeting(edgekv_kv_store_handle_t store, edgekv_kv_error_t *outcome);

edgekv_status_t insert_greeting(edgekv_kv_store_handle_t store, edgekv_kv_error_t *outcome) {
    static const char key[] = "greeting";
    static const uint8_t value[] = {'h', 'i'};
    edgekv_body_handle_t body = EDGEKV_BODY_HANDLE_INVALID;
    edgekv_kv_store_insert_handle_t pending = EDGEKV_KV_STORE_INSERT_HANDLE_INVALID;
    edgekv_kv_insert_config_t config;
    size_t written = 0;
    edgekv_status_t status = edgekv_http_body_new(&body);

    if (status == EDGEKV_STATUS_OK) {
        status = edgekv_http_body_write(body, value, sizeof value, EDGEKV_BODY_WRITE_END_BACK, &written);
    }
    if (status == EDGEKV_STATUS_OK) {
        config.unused = 0;
        config.time_to_live_sec = 0;
        config.mode = EDGEKV_KV_INSERT_MODE_ADD;
        config.metadata = "plain";
        config.metadata_len = 5;
        config.if_generation_match = 7;
        status = edgekv_kv_store_insert(
            store, key, sizeof key - 1, body,
            EDGEKV_KV_INSERT_CONFIG_OPTIONS_METADATA | EDGEKV_KV_INSERT_CONFIG_OPTIONS_IF_GENERATION_MATCH, &config,
            &pending);
    }
    return status == EDGEKV_STATUS_OK ? edgekv_kv_store_insert_wait(pending, outcome) : status;
}
