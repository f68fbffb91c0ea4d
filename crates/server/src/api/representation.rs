//! How an entry looks from outside: its headers, and the part of its value that is asked for.

use std::fmt::{Display, Write as _};

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use edgekv_store::batch::remaining_seconds;
use edgekv_store::{Entry, Metadata, Source, Timestamp};
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
    LAST_MODIFIED,
};
use http::{Method, StatusCode};

use super::Shared;
use super::asked::Asked;
use super::budget::FREE_BYTES;
use super::conditional::{Part, Verdict, modified, part, verdict};
use super::download::held;
use super::headers::{METADATA, METADATA_BASE64, TIME_TO_LIVE};
use super::problem::Problem;

/// Whether the answer comes from the cache.
pub(crate) const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
/// The version of an entry.
pub(crate) const GENERATION: HeaderName = HeaderName::from_static("generation");
/// The length of the whole value.
const STORED_CONTENT_LENGTH: HeaderName = HeaderName::from_static("stored-content-length");

/// Room for the texts of all headers of an entry, but for its metadata.
const HEADER_BYTES: usize = 160;

/// Most headers of an entry, and of what is added to them.
const HEADERS: usize = 16;

pub(crate) fn x_cache(source: Source) -> HeaderValue {
    HeaderValue::from_static(match source {
        Source::Cache => "HIT",
        Source::Engine => "MISS",
    })
}

/// Answers a read that has found an entry.
pub(crate) fn respond(
    asked: &Asked,
    entry: Entry,
    source: Source,
    shared: &Shared,
) -> Result<Response, Problem> {
    let generation = entry.generation();
    let is_get = *asked.method() == Method::GET;
    let (status, body) = match verdict(asked.headers(), generation) {
        Verdict::Failed => return Err(Problem::new(StatusCode::PRECONDITION_FAILED, "")),
        Verdict::NotModified => (StatusCode::NOT_MODIFIED, Part::Whole),
        // Only GET has ranges.
        Verdict::Proceed if is_get => match part(asked.headers(), generation, entry.value().len()) {
            Part::Whole => (StatusCode::OK, Part::Whole),
            part @ Part::Bytes { .. } => (StatusCode::PARTIAL_CONTENT, part),
            Part::Unsatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, Part::Unsatisfiable),
        },
        Verdict::Proceed => (StatusCode::OK, Part::Whole),
    };
    let length = entry.value().len();
    let mut headers = describe(&entry, source, shared.stores.now());
    let mut response = match body {
        Part::Unsatisfiable => {
            let detail = format!("the value has {length} bytes, and none in the range that is asked for");
            let mut response = axum::response::IntoResponse::into_response(Problem::new(status, detail));
            headers.remove(CONTENT_TYPE);
            insert(&mut headers, CONTENT_RANGE, &format!("bytes */{length}"));
            response.headers_mut().extend(headers);
            return Ok(response);
        }
        Part::Bytes { first, last } => {
            insert(&mut headers, CONTENT_RANGE, &format!("bytes {first}-{last}/{length}"));
            let value = entry.into_value();
            let end = last.saturating_add(1).min(value.len());
            let part = value.slice(first.min(end)..end);
            if part.len() <= FREE_BYTES {
                // It need not keep the whole.
                Response::new(Body::from(Bytes::copy_from_slice(&part)))
            } else {
                held(Response::new(Body::from(part)), length, &shared.downloads)?
            }
        }
        Part::Whole if status == StatusCode::NOT_MODIFIED => Response::new(Body::empty()),
        Part::Whole => {
            let response = Response::new(Body::from(entry.into_value()));
            // Of the body of HEAD, only the length is wanted.
            if is_get { held(response, length, &shared.downloads)? } else { response }
        }
    };
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// The headers of an entry.
fn describe(entry: &Entry, source: Source, now: Timestamp) -> HeaderMap {
    let mut texts = Texts(BytesMut::with_capacity(HEADER_BYTES));
    let generation = entry.generation();
    let mut headers = HeaderMap::with_capacity(HEADERS);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(X_CACHE, x_cache(source));
    // A cache that others share must neither keep what a token has opened, nor answer after a write.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    texts.insert(&mut headers, GENERATION, generation);
    texts.insert(&mut headers, ETAG, format_args!("\"{generation}\""));
    texts.insert(&mut headers, LAST_MODIFIED, modified(generation));
    texts.insert(&mut headers, STORED_CONTENT_LENGTH, entry.value().len());
    if let Some(seconds) = remaining_seconds(entry, now) {
        texts.insert(&mut headers, HeaderName::from_static(TIME_TO_LIVE), seconds);
    }
    describe_metadata(&mut headers, entry.metadata());
    headers
}

/// Clients of the platform look for metadata even where there are none.
fn describe_metadata(headers: &mut HeaderMap, metadata: &Metadata) {
    let bytes = metadata.as_bytes();
    // Blanks around the value of a header are not part of it.
    let plain = if bytes.trim_ascii().len() == bytes.len() {
        HeaderValue::from_maybe_shared(bytes.clone()).ok()
    } else {
        None
    };
    match plain {
        Some(plain) => headers.insert(HeaderName::from_static(METADATA), plain),
        None => HeaderValue::try_from(STANDARD.encode(bytes))
            .ok()
            .and_then(|encoded| headers.insert(HeaderName::from_static(METADATA_BASE64), encoded)),
    };
}

/// Texts of headers, in one piece of memory.
struct Texts(BytesMut);

impl Texts {
    fn insert(&mut self, headers: &mut HeaderMap, name: HeaderName, text: impl Display) {
        // Memory grows.
        let _ = write!(self.0, "{text}");
        if let Ok(value) = HeaderValue::from_maybe_shared(self.0.split().freeze()) {
            headers.insert(name, value);
        }
    }
}

/// Inserts a header whose text is ours.
pub(crate) fn insert(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}
