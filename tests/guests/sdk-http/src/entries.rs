//! The store over HTTP.

use std::collections::BTreeMap;
use std::time::Duration;

use edgekv::http::{Method, Request, Response, StatusCode};
use edgekv::kv_store::{InsertMode, KVStore, KVStoreError};
use edgekv::{Body, future};
use percent_encoding::percent_decode_str;
use serde::Serialize;

use crate::{Outcome, json};

/// The store that the contract is about.
const STORE: &str = "app-store";

/// Opens the store.
pub fn open() -> Outcome<KVStore> {
    Ok(KVStore::open(STORE)?.ok_or_else(|| format!("there is no store {STORE}"))?)
}

/// A parameter of the query.
pub fn parameter(request: &Request<Body>, name: &str) -> Option<String> {
    let query = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Answers `/kv/KEY`.
pub fn entry(request: Request<Body>, encoded: &str) -> Outcome<Response<Body>> {
    let Ok(key) = percent_decode_str(encoded).decode_utf8() else {
        return refusal(StatusCode::BAD_REQUEST, "the key is not UTF-8");
    };
    let store = open()?;
    match *request.method() {
        Method::GET | Method::HEAD => match store.lookup(&key) {
            Ok(mut found) => {
                let mut response = Response::builder().header("generation", found.current_generation());
                if let Some(metadata) = found.metadata() {
                    response = response.header("metadata", &metadata[..]);
                }
                Ok(response.body(found.take_body())?)
            }
            Err(error) => failure(error),
        },
        Method::PUT => match insert(&store, &key, request) {
            Some(Ok(())) => status(StatusCode::CREATED),
            Some(Err(error)) => failure(error),
            None => refusal(StatusCode::BAD_REQUEST, "an option is wrong"),
        },
        Method::DELETE => match store.delete(&key) {
            Ok(()) => status(StatusCode::NO_CONTENT),
            Err(error) => failure(error),
        },
        _ => status(StatusCode::METHOD_NOT_ALLOWED),
    }
}

/// `None` when an option cannot be understood.
fn insert(store: &KVStore, key: &str, request: Request<Body>) -> Option<Result<(), KVStoreError>> {
    let mut insert = store.build_insert();
    if let Some(mode) = parameter(&request, "mode") {
        insert = insert.mode(match &*mode {
            "overwrite" => InsertMode::Overwrite,
            "add" => InsertMode::Add,
            "append" => InsertMode::Append,
            "prepend" => InsertMode::Prepend,
            _ => return None,
        });
    }
    if let Some(seconds) = parameter(&request, "ttl") {
        insert = insert.time_to_live(Duration::from_secs(seconds.parse().ok()?));
    }
    if let Some(generation) = request.headers().get("if-generation-match") {
        insert = insert.if_generation_match(generation.to_str().ok()?.parse().ok()?);
    }
    if let Some(metadata) = request.headers().get("metadata") {
        insert = insert.metadata_bytes(metadata.as_bytes());
    }
    Some(insert.execute(key, request.into_body()))
}

/// Answers `/kv`: a page of keys, or with `?keys=A,B` several entries that are looked up at the same time.
pub async fn list(request: &Request<Body>) -> Outcome<Response<Body>> {
    let store = open()?;
    if let Some(keys) = parameter(request, "keys") {
        return several(&store, &keys).await;
    }
    let mut list = store.build_list();
    if let Some(prefix) = parameter(request, "prefix") {
        list = list.prefix(&prefix);
    }
    if let Some(limit) = parameter(request, "limit") {
        let Ok(limit) = limit.parse() else {
            return refusal(StatusCode::BAD_REQUEST, "the limit is not a number");
        };
        list = list.limit(limit);
    }
    if let Some(cursor) = parameter(request, "cursor") {
        list = list.cursor(&cursor);
    }
    #[derive(Serialize)]
    struct Page {
        keys: Vec<String>,
        cursor: Option<String>,
    }
    match list.execute_async()?.await {
        Ok(page) => {
            let cursor = page.next_cursor();
            json(&Page { keys: page.into_keys(), cursor })
        }
        Err(error) => failure(error),
    }
}

async fn several(store: &KVStore, keys: &str) -> Outcome<Response<Body>> {
    let keys: Vec<_> = keys.split(',').collect();
    let lookups: Vec<_> =
        keys.iter().map(|key| store.build_lookup().execute_async(key)).collect::<Result<_, _>>()?;
    let mut values = BTreeMap::new();
    for (key, found) in keys.into_iter().zip(future::join_all(lookups).await) {
        let value = match found {
            Ok(mut found) => Some(found.take_body().try_into_string()?),
            Err(KVStoreError::ItemNotFound) => None,
            Err(error) => return failure(error),
        };
        values.insert(key, value);
    }
    json(&values)
}

fn failure(error: KVStoreError) -> Outcome<Response<Body>> {
    let status = match error {
        KVStoreError::ItemNotFound => StatusCode::NOT_FOUND,
        KVStoreError::ItemPreconditionFailed => StatusCode::PRECONDITION_FAILED,
        KVStoreError::ItemPayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        KVStoreError::ItemBadRequest | KVStoreError::InvalidKey | KVStoreError::InvalidStoreOptions => {
            StatusCode::BAD_REQUEST
        }
        KVStoreError::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        other => return Err(other.into()),
    };
    refusal(status, &error.to_string())
}

fn status(status: StatusCode) -> Outcome<Response<Body>> {
    refusal(status, "")
}

fn refusal(status: StatusCode, reason: &str) -> Outcome<Response<Body>> {
    Ok(Response::builder().status(status).body(reason.into())?)
}
