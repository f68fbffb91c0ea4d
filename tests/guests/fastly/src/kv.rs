//! The store over HTTP.

use std::collections::BTreeMap;
use std::time::Duration;

use fastly::http::StatusCode;
use fastly::kv_store::{InsertMode, KVStore, KVStoreError};
use fastly::{Error, Request, Response};
use percent_encoding::percent_decode_str;
use serde::Serialize;

/// The store that the contract is about.
pub const STORE: &str = "app-store";

/// Opens the store.
///
/// # Errors
///
/// When there is none.
pub fn open() -> Result<KVStore, Error> {
    KVStore::open(STORE)?.ok_or_else(|| Error::msg(format!("there is no store {STORE}")))
}

/// Answers `/kv/KEY`.
///
/// # Errors
///
/// What has no status of its own.
pub fn entry(mut request: Request, encoded: &str) -> Result<Response, Error> {
    let Ok(key) = percent_decode_str(encoded).decode_utf8() else {
        return Ok(refusal(StatusCode::BAD_REQUEST, "the key is not UTF-8"));
    };
    let store = open()?;
    let done = match request.get_method_str() {
        "GET" | "HEAD" => lookup(&store, &key),
        "PUT" => match insert(&store, &key, &mut request) {
            Some(done) => done.map(|()| Response::from_status(StatusCode::CREATED)),
            None => return Ok(refusal(StatusCode::BAD_REQUEST, "an option is wrong")),
        },
        "DELETE" => store.delete(&key).map(|()| Response::from_status(StatusCode::NO_CONTENT)),
        _ => return Ok(Response::from_status(StatusCode::METHOD_NOT_ALLOWED)),
    };
    done.or_else(|error| failure(&error))
}

fn lookup(store: &KVStore, key: &str) -> Result<Response, KVStoreError> {
    let mut found = store.lookup(key)?;
    let mut response = Response::from_body(found.take_body())
        .with_header("generation", found.current_generation().to_string());
    if let Some(metadata) = found.metadata() {
        response.set_header("metadata", &metadata[..]);
    }
    Ok(response)
}

/// The query, decoded; `get_query_parameter` of the crate gives what is between the signs as it is.
fn options(request: &Request) -> BTreeMap<String, String> {
    request.get_query().unwrap_or_default()
}

/// `None` when an option cannot be understood.
fn insert(store: &KVStore, key: &str, request: &mut Request) -> Option<Result<(), KVStoreError>> {
    let options = options(request);
    let mut insert = store.build_insert();
    if let Some(mode) = options.get("mode") {
        insert = insert.mode(match mode.as_str() {
            "overwrite" => InsertMode::Overwrite,
            "add" => InsertMode::Add,
            "append" => InsertMode::Append,
            "prepend" => InsertMode::Prepend,
            _ => return None,
        });
    }
    if let Some(seconds) = options.get("ttl") {
        insert = insert.time_to_live(Duration::from_secs(seconds.parse().ok()?));
    }
    if let Some(generation) = request.get_header_str("if-generation-match") {
        insert = insert.if_generation_match(generation.parse().ok()?);
    }
    let metadata = request.get_header_str("metadata").map(str::to_owned);
    if let Some(metadata) = &metadata {
        insert = insert.metadata(metadata);
    }
    Some(insert.execute(key, request.take_body()))
}

/// A page of keys.
#[derive(Debug, Serialize)]
struct Page {
    keys: Vec<String>,
    cursor: Option<String>,
}

/// Answers `/kv`: a page of keys, or with `?keys=A,B` several entries that are looked up at the same time.
///
/// # Errors
///
/// What has no status of its own.
pub fn list(request: &Request) -> Result<Response, Error> {
    let store = open()?;
    let options = options(request);
    if let Some(keys) = options.get("keys") {
        return several(&store, keys);
    }
    let mut list = store.build_list();
    if let Some(prefix) = options.get("prefix") {
        list = list.prefix(prefix);
    }
    if let Some(limit) = options.get("limit") {
        let Ok(limit) = limit.parse() else {
            return Ok(refusal(StatusCode::BAD_REQUEST, "the limit is not a number"));
        };
        list = list.limit(limit);
    }
    if let Some(cursor) = options.get("cursor") {
        list = list.cursor(cursor);
    }
    match list.execute() {
        Ok(page) => {
            let cursor = page.next_cursor();
            Ok(Response::new().with_body_json(&Page { keys: page.into_keys(), cursor })?)
        }
        Err(error) => failure(&error),
    }
}

fn several(store: &KVStore, keys: &str) -> Result<Response, Error> {
    let mut pending = Vec::new();
    for key in keys.split(',') {
        pending.push((key, store.build_lookup().execute_async(key)?));
    }
    let mut values = BTreeMap::new();
    for (key, handle) in pending {
        let value = match store.pending_lookup_wait(handle) {
            Ok(mut found) => Some(found.take_body().into_string()),
            Err(KVStoreError::ItemNotFound) => None,
            Err(error) => return failure(&error),
        };
        values.insert(key, value);
    }
    Ok(Response::new().with_body_json(&values)?)
}

fn failure(error: &KVStoreError) -> Result<Response, Error> {
    let status = match error {
        KVStoreError::ItemNotFound => StatusCode::NOT_FOUND,
        KVStoreError::ItemPreconditionFailed => StatusCode::PRECONDITION_FAILED,
        KVStoreError::ItemPayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        KVStoreError::ItemBadRequest | KVStoreError::InvalidKey => StatusCode::BAD_REQUEST,
        KVStoreError::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        other => return Err(Error::msg(other.to_string())),
    };
    Ok(refusal(status, &error.to_string()))
}

fn refusal(status: StatusCode, reason: &str) -> Response {
    Response::from_status(status).with_body(reason)
}
