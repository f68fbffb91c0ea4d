//! Stores and items, by requests to a server.

use std::collections::HashSet;
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edgekv_store::limits::DEFAULT_MAX_VALUE_BYTES;
use edgekv_store::{GenerationMatch, InsertMode, Key, KeyBuf, Metadata, StoreName};
use serde::Deserialize;
use ureq::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use ureq::{Body, SendBody};

use super::client::{Client, contradiction, segment};
use crate::access::{Content, EntryAbout, Found, Page, Put, StoreAbout, unreadable};
use crate::exit::{Failure, Status};

const STORES: &str = "/resources/stores/kv";

/// Metadata that do not fit in a header as they are; an extension of edgekv.
const METADATA_BASE64: &str = "metadata-base64";

/// Deletes that are under way at once.
const CONCURRENT: usize = 8;

/// From how many bytes on a value is only sent when the server has said that it wants it.
const ASK_FIRST_BYTES: u64 = 1024 * 1024;

/// A store, as a server describes it.
#[derive(Debug, Deserialize)]
struct StoreDocument {
    id: String,
    name: String,
    #[serde(default)]
    created_at: String,
    #[serde(default)]
    updated_at: String,
}

impl From<StoreDocument> for StoreAbout {
    fn from(store: StoreDocument) -> Self {
        let StoreDocument { id, name, created_at, updated_at } = store;
        Self { name, id, created_at, updated_at }
    }
}

#[derive(Debug, Deserialize)]
struct PageDocument<T> {
    data: Vec<T>,
    #[serde(default)]
    meta: Meta,
}

#[derive(Debug, Default, Deserialize)]
struct Meta {
    next_cursor: Option<String>,
}

impl<T> PageDocument<T> {
    /// Where the list goes on. An empty text is the end, for servers that say so.
    fn next(&mut self, before: Option<&str>) -> Result<Option<String>, Failure> {
        let next = self.meta.next_cursor.take().filter(|next| !next.is_empty());
        match &next {
            // A list that does not go on has no end.
            Some(next) if Some(next.as_str()) == before => {
                Err(contradiction("the list repeats the cursor", next))
            }
            _ => Ok(next),
        }
    }
}

/// All stores, or those that may have this name.
pub(crate) fn list(client: &Client, name: Option<&StoreName>) -> Result<Vec<StoreAbout>, Failure> {
    let mut all = Vec::new();
    let mut seen = HashSet::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut path = format!("{STORES}?limit=1000");
        if let Some(name) = name {
            path += &format!("&name={}", segment(name.as_str()));
        }
        if let Some(cursor) = &cursor {
            path += &format!("&cursor={}", segment(cursor));
        }
        let response = client.call(client.request(Method::GET, &path), ())?;
        let mut page: PageDocument<StoreDocument> = client.document(response)?;
        let next = page.next(cursor.as_deref())?;
        let before = all.len();
        all.extend(page.data.into_iter().map(StoreAbout::from).filter(|store| seen.insert(store.id.clone())));
        match next {
            None => return Ok(all),
            Some(next) if all.len() == before => {
                return Err(contradiction("the list of stores goes on without another, at", &next));
            }
            next => cursor = next,
        }
    }
}

pub(crate) fn create(client: &Client, name: &StoreName) -> Result<StoreAbout, Failure> {
    let body = serde_json::json!({ "name": name.as_str() }).to_string();
    let request = client.request(Method::POST, STORES).header("content-type", "application/json");
    let store: StoreDocument = client.document(client.call(request, body.as_str())?)?;
    Ok(store.into())
}

/// A store behind a server.
#[derive(Debug)]
pub(crate) struct RemoteStore {
    client: Client,
    about: StoreAbout,
    path: String,
}

impl RemoteStore {
    pub(crate) fn new(client: Client, about: StoreAbout) -> Self {
        let path = format!("{STORES}/{}", segment(&about.id));
        Self { client, about, path }
    }

    pub(crate) const fn about(&self) -> &StoreAbout {
        &self.about
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// The path of all its entries as a batch.
    pub(crate) fn batch_path(&self) -> String {
        format!("{}/batch", self.path)
    }

    fn key_path(&self, key: Key<'_>) -> String {
        format!("{}/keys/{}", self.path, segment(key.as_str()))
    }

    pub(crate) fn remove(&self) -> Result<(), Failure> {
        let removed = self.client.call(self.client.request(Method::DELETE, &self.path), ());
        removed.map(drop)
    }

    pub(crate) fn get(&self, key: Key<'_>) -> Result<Option<Found>, Failure> {
        let response = self.client.send(self.client.request(Method::GET, &self.key_path(key)), ())?;
        match response.status() {
            StatusCode::NOT_FOUND => Ok(None),
            StatusCode::OK => {
                let mut about = about(response.headers())?;
                about.bytes = about.bytes.or(response.body().content_length());
                Ok(Some(Found { about, value: Box::new(response.into_body().into_reader()) }))
            }
            _ => Err(self.client.refused(response)),
        }
    }

    pub(crate) fn head(&self, key: Key<'_>) -> Result<Option<EntryAbout>, Failure> {
        let response = self.client.send(self.client.request(Method::HEAD, &self.key_path(key)), ())?;
        match response.status() {
            StatusCode::NOT_FOUND => Ok(None),
            StatusCode::OK => about(response.headers()).map(Some),
            // Not every server knows HEAD; its answer to GET has the same headers, and is not read on.
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
                Ok(self.get(key)?.map(|found| found.about))
            }
            _ => Err(self.client.refused(response)),
        }
    }

    pub(crate) fn put(&self, key: Key<'_>, put: Put) -> Result<Option<u64>, Failure> {
        let mut path = self.key_path(key);
        let mode = match put.mode {
            InsertMode::Overwrite => None,
            InsertMode::Add => Some("add"),
            InsertMode::Append => Some("append"),
            InsertMode::Prepend => Some("prepend"),
        };
        let parameters = [mode, put.background_fetch.then_some("background_fetch")];
        for (parameter, before) in parameters.into_iter().flatten().zip(['?', '&']) {
            path += &format!("{before}{parameter}=true");
        }
        let mut request =
            self.client.request(Method::PUT, &path).header("content-type", "application/octet-stream");
        if let Some(condition) = put.condition {
            request = request.header("if-generation-match", number(condition));
        }
        if let Some(seconds) = put.time_to_live_sec {
            request = request.header("time_to_live_sec", seconds);
        }
        let encoded = header_of(&put.metadata);
        if let Some((name, value)) = &encoded {
            request = request.header(*name, value.clone());
        }
        let response = match put.content {
            Content::Bytes(bytes) => self.client.call(request, &bytes[..])?,
            Content::Stream { from, bytes } => {
                let mut from = Source { from, bytes: 0, failed: None };
                if let Some(bytes) = bytes {
                    request = request.header("content-length", bytes);
                }
                if bytes.is_none_or(|bytes| bytes >= ASK_FIRST_BYTES) {
                    request = request.header("expect", "100-continue");
                }
                let sent = self.client.call(request, SendBody::from_reader(&mut from));
                match (sent, from.failed) {
                    // Whatever became of the request, that is why.
                    (_, Some(error)) => return Err(unreadable(&error)),
                    // The answer is lost with the connection, when the server does not wait for the rest.
                    (Err(failure), None)
                        if failure.status == Status::Unreachable && from.bytes > DEFAULT_MAX_VALUE_BYTES =>
                    {
                        let message = format!(
                            "{} has closed the connection before it had all of the value; most servers take \
                             {DEFAULT_MAX_VALUE_BYTES} bytes, and this one is longer",
                            self.client.url()
                        );
                        return Err(Failure::said(Status::TooLarge, message));
                    }
                    (sent, None) => sent?,
                }
            }
        };
        if encoded.is_some_and(|(name, _)| name == METADATA_BASE64)
            && self.head(key)?.is_none_or(|about| about.metadata != *put.metadata.as_bytes())
        {
            // Another server than ours does not know the header, and says nothing of it.
            let message = format!(
                "{} has written the item without its metadata: it takes only plain text on one line",
                self.client.url()
            );
            return Err(Failure::said(Status::BadAnswer, message));
        }
        Ok(generation(response.headers()))
    }

    pub(crate) fn delete(&self, key: Key<'_>, condition: Option<GenerationMatch>) -> Result<bool, Failure> {
        let mut request = self.client.request(Method::DELETE, &self.key_path(key));
        if let Some(condition) = condition {
            request = request.header("if-generation-match", number(condition));
        }
        let response = self.client.send(request, ())?;
        match response.status() {
            StatusCode::NOT_FOUND => Ok(false),
            status if status.is_success() => Ok(true),
            _ => Err(self.client.refused(response)),
        }
    }

    /// Some at a time: each waits for an answer.
    pub(crate) fn delete_all(&self, keys: &[KeyBuf]) -> Result<u64, Failure> {
        let (next, deleted, failed) = (AtomicUsize::new(0), AtomicU64::new(0), Mutex::new(None));
        let work = || {
            while let Some(key) = keys.get(next.fetch_add(1, Ordering::Relaxed)) {
                match self.delete(key.as_key(), None) {
                    Ok(was_there) => {
                        deleted.fetch_add(u64::from(was_there), Ordering::Relaxed);
                    }
                    Err(failure) => {
                        failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
                        // The others stop as well.
                        next.store(keys.len(), Ordering::Relaxed);
                    }
                }
            }
        };
        thread::scope(|scope| {
            for _ in 0..CONCURRENT.min(keys.len()) {
                scope.spawn(work);
            }
        });
        match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(failure) => Err(failure),
            None => Ok(deleted.into_inner()),
        }
    }

    pub(crate) fn page(&self, prefix: &str, cursor: Option<&str>, limit: u32) -> Result<Page, Failure> {
        let mut path = format!("{}/keys?consistency=strong&limit={limit}", self.path);
        if !prefix.is_empty() {
            path += &format!("&prefix={}", segment(prefix));
        }
        if let Some(cursor) = cursor {
            path += &format!("&cursor={}", segment(cursor));
        }
        let response = self.client.call(self.client.request(Method::GET, &path), ())?;
        let mut page: PageDocument<String> = self.client.document(response)?;
        let next = page.next(cursor)?;
        Ok(Page { keys: page.data, next })
    }

    /// A stream of items under a prefix, from a cursor on; `None` when the server has no such thing.
    pub(crate) fn stream(
        &self,
        prefix: &str,
        cursor: Option<&str>,
    ) -> Result<Option<Response<Body>>, Failure> {
        let mut path = self.batch_path();
        if !prefix.is_empty() {
            path += &format!("?prefix={}", segment(prefix));
        }
        if let Some(cursor) = cursor {
            let before = if prefix.is_empty() { '?' } else { '&' };
            path += &format!("{before}cursor={}", segment(cursor));
        }
        let response = self.client.send(self.client.request(Method::GET, &path), ())?;
        match response.status() {
            StatusCode::OK => Ok(Some(response)),
            // The store is there: it was asked for.
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => Ok(None),
            _ => Err(self.client.refused(response)),
        }
    }
}

/// A value on its way, and why it could not be read to its end.
struct Source {
    from: Box<dyn Read>,
    bytes: u64,
    failed: Option<io::Error>,
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.from.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let kind = error.kind();
                    self.failed = Some(error);
                    return Err(kind.into());
                }
                Ok(bytes) => {
                    self.bytes += bytes as u64;
                    return Ok(bytes);
                }
            }
        }
    }
}

/// The header for metadata: as they are, or in base64 when they do not fit in one.
fn header_of(metadata: &Metadata) -> Option<(&'static str, HeaderValue)> {
    let bytes = &metadata.as_bytes()[..];
    if bytes.is_empty() {
        return None;
    }
    // Blanks at the ends of a header are not part of it.
    let plain = HeaderValue::from_bytes(bytes).ok().filter(|_| bytes.trim_ascii() == bytes);
    match plain {
        Some(value) => Some(("metadata", value)),
        None => HeaderValue::from_str(&STANDARD.encode(bytes)).ok().map(|value| (METADATA_BASE64, value)),
    }
}

/// A condition, as a header has it.
fn number(condition: GenerationMatch) -> u64 {
    match condition {
        GenerationMatch::Absent => 0,
        GenerationMatch::Is(generation) => generation.get(),
    }
}

fn generation(headers: &HeaderMap) -> Option<u64> {
    headers.get("generation")?.to_str().ok()?.parse().ok()
}

/// What the headers of an item say.
fn about(headers: &HeaderMap) -> Result<EntryAbout, Failure> {
    let number = |name: &str| match headers.get(name) {
        None => Ok(None),
        Some(value) => {
            let text = String::from_utf8_lossy(value.as_bytes());
            let parsed = text.trim().parse::<u64>();
            parsed.map(Some).map_err(|_| contradiction(&format!("the header {name} is"), &text))
        }
    };
    let bytes = match number("stored-content-length")? {
        None => number("content-length")?,
        known => known,
    };
    let metadata = match headers.get(METADATA_BASE64) {
        Some(text) => STANDARD
            .decode(text.as_bytes())
            .map_err(|error| contradiction("the header metadata-base64:", &error.to_string()))?,
        None => headers.get("metadata").map(|value| value.as_bytes().to_vec()).unwrap_or_default(),
    };
    Ok(EntryAbout {
        generation: number("generation")?,
        metadata,
        time_to_live_sec: number("time_to_live_sec")?,
        bytes,
    })
}
