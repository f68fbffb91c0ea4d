//! Items: one key of a store, by the store's name or identity.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use edgekv_store::{Insert, InsertMode};
use http::StatusCode;
use utoipa::IntoResponses;

use super::asked::Asked;
use super::problem::{Problem, ProblemDocument};
use super::query::{DeleteQuery, WriteQuery};
use super::representation::{GENERATION, X_CACHE, insert, respond, x_cache};
use super::target::key;
use super::upload::{self, Pieces};
use super::{Shared, headers};

/// The value under a key.
///
/// `HEAD` gives the same without the value. Conditions of HTTP hold (`If-Match`, `If-None-Match`, `If-Modified-Since`,
/// `If-Unmodified-Since`), and so does one range of bytes.
#[utoipa::path(
    get,
    path = "/resources/stores/kv/{id}/keys/{*key}",
    operation_id = "get_item",
    tag = "items",
    params(
        ("key" = String, Path, description = "The key, percent-encoded."),
        ("Range" = Option<String>, Header, description = "One range of bytes: `bytes=0-1023`."),
        ("If-None-Match" = Option<String>, Header, description = "304 when the entity tag of the item is among these."),
        ("If-Match" = Option<String>, Header, description = "412 when the entity tag of the item is not among these."),
        ("If-Modified-Since" = Option<String>, Header, description = "304 when the item was not written after this date. Ignored beside `If-None-Match`."),
        ("If-Unmodified-Since" = Option<String>, Header, description = "412 when the item was written after this date. Ignored beside `If-Match`."),
        ("If-Range" = Option<String>, Header, description = "The range holds if this is the entity tag of the item."),
    ),
    responses(ReadResponses),
)]
pub(crate) async fn get_item(State(shared): State<Arc<Shared>>, asked: Asked) -> Result<Response, Problem> {
    let text = asked.key()?;
    let key = key(&text)?;
    let store = asked.open(&shared).await?;
    let found = store.find(key).await?;
    match found.entry {
        Some(entry) => respond(&asked, entry, found.source, &shared),
        None => {
            let detail = format!("there is no key \"{key}\" in the store \"{}\"", store.info().name);
            let mut response = Problem::not_found(detail).into_response();
            response.headers_mut().insert(X_CACHE, x_cache(found.source));
            Ok(response)
        }
    }
}

/// Writes a value. Metadata and lifetime that are not given are removed, in every mode.
#[utoipa::path(
    put,
    path = "/resources/stores/kv/{id}/keys/{*key}",
    operation_id = "put_item",
    tag = "items",
    params(
        ("key" = String, Path, description = "The key, percent-encoded."),
        WriteQuery,
        ("if-generation-match" = Option<u64>, Header, description = "The generation that the item must have; 0 is that there must be none. Otherwise 412."),
        ("time_to_live_sec" = Option<u64>, Header, description = "Seconds after which the item counts as missing."),
        ("metadata" = Option<String>, Header, description = "At most 2,000 bytes that are kept beside the value."),
        ("metadata-base64" = Option<String>, Header, description = "The same in base64, for bytes that a header cannot have."),
        ("If-Match" = Option<String>, Header, description = "The entity tag that the item must have. Otherwise 412."),
        ("If-None-Match" = Option<String>, Header, description = "`*`: there must be no such item. Otherwise 412."),
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The value."),
    responses(WriteResponses),
)]
pub(crate) async fn put_item(
    State(shared): State<Arc<Shared>>,
    asked: Asked<WriteQuery>,
) -> Result<Response, Problem> {
    // Whatever can be wrong is found before the body is read.
    let mode = mode(&asked.query)?;
    headers::check_whole(asked.headers())?;
    let metadata = headers::metadata(asked.headers())?;
    let time_to_live = headers::time_to_live(asked.headers())?;
    let condition = headers::condition(asked.headers())?;
    let text = asked.key()?.into_owned();
    let key = key(&text)?;
    let store = asked.open(&shared).await?;

    let background_fetch = asked.query.background_fetch;
    let pieces = Pieces::new(asked.body, shared.limits.upload_time);
    let max = shared.stores.limits().max_value_bytes;
    let upload = upload::take(pieces, max, "value", &shared.uploads).await?;
    let write = Insert { value: upload.bytes, mode, condition, metadata, time_to_live, background_fetch };
    let generation = store.insert(key, write).await?;
    drop(upload.share);
    let mut response = Response::new(Body::empty());
    insert(response.headers_mut(), GENERATION, &generation.to_string());
    Ok(response)
}

fn mode(query: &WriteQuery) -> Result<InsertMode, Problem> {
    match (query.add, query.append, query.prepend) {
        (false, false, false) => Ok(InsertMode::Overwrite),
        (true, false, false) => Ok(InsertMode::Add),
        (false, true, false) => Ok(InsertMode::Append),
        (false, false, true) => Ok(InsertMode::Prepend),
        _ => Err(Problem::bad_request(
            "\"add\", \"append\" and \"prepend\" exclude each other; send one of them",
        )),
    }
}

/// Deletes a key.
#[utoipa::path(
    delete,
    path = "/resources/stores/kv/{id}/keys/{*key}",
    operation_id = "delete_item",
    tag = "items",
    params(
        ("key" = String, Path, description = "The key, percent-encoded."),
        DeleteQuery,
        ("if-generation-match" = Option<u64>, Header, description = "The generation that the item must have. Otherwise 412."),
        ("If-Match" = Option<String>, Header, description = "The entity tag that the item must have. Otherwise 412."),
    ),
    responses(DeleteResponses),
)]
pub(crate) async fn delete_item(
    State(shared): State<Arc<Shared>>,
    asked: Asked<DeleteQuery>,
) -> Result<Response, Problem> {
    let condition = headers::condition(asked.headers())?;
    let text = asked.key()?;
    let key = key(&text)?;
    let store = asked.open(&shared).await?;
    let was_there = store.delete(key, condition).await?;
    if !was_there && !asked.query.force {
        let name = &store.info().name;
        let detail =
            format!("there is no key \"{key}\" in the store \"{name}\"; with force=true that is no error");
        return Err(Problem::not_found(detail));
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(IntoResponses)]
#[expect(dead_code, reason = "the document is made from it")]
enum ReadResponses {
    /// The value.
    #[response(
        status = 200,
        content_type = "application/octet-stream",
        headers(
            ("accept-ranges" = String, description = "`bytes`."),
            ("generation" = u64, description = "The version of the item: every write gives a larger one."),
            ("etag" = String, description = "The same, as an entity tag."),
            ("last-modified" = String, description = "When the item was written."),
            ("metadata" = String, description = "The metadata; empty when there are none."),
            ("metadata-base64" = String, description = "Instead of `metadata`, when they have bytes that a header cannot have."),
            ("stored-content-length" = u64, description = "The length of the whole value."),
            ("time_to_live_sec" = u64, description = "Seconds until the item counts as missing, rounded up; absent when it does not expire."),
            ("x-cache" = String, description = "`HIT` when the answer was in the cache, else `MISS`."),
        ),
    )]
    Whole(Vec<u8>),
    /// The range of the value that was asked for.
    #[response(status = 206, content_type = "application/octet-stream", headers(("content-range" = String)))]
    Part(Vec<u8>),
    /// The client has the item already.
    #[response(status = 304)]
    NotModified,
    /// The item is not in the state that was asked for.
    #[response(status = 412)]
    PreconditionFailed,
    /// The value has no such bytes.
    #[response(status = 416, content_type = "application/problem+json", headers(("content-range" = String)))]
    Range(ProblemDocument<'static>),
}

#[derive(IntoResponses)]
#[expect(dead_code, reason = "the document is made from it")]
enum WriteResponses {
    /// It is written.
    #[response(status = 200, headers(("generation" = u64, description = "The new version of the item.")))]
    Written,
    /// The body did not come fast enough.
    #[response(status = 408, content_type = "application/problem+json")]
    TooSlow(ProblemDocument<'static>),
    /// The item is not in the state that was asked for, or the mode does not allow it.
    #[response(status = 412)]
    PreconditionFailed,
    /// The value, or what `append` or `prepend` would make of it, is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemDocument<'static>),
    /// The store takes no more writes at the moment.
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(ProblemDocument<'static>),
}

#[derive(IntoResponses)]
#[expect(dead_code, reason = "the document is made from it")]
enum DeleteResponses {
    /// It is deleted.
    #[response(status = 204)]
    Deleted,
    /// The item is not in the state that was asked for.
    #[response(status = 412)]
    PreconditionFailed,
    /// The store takes no more writes at the moment.
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(ProblemDocument<'static>),
}
