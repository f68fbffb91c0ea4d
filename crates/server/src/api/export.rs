//! Exports: all items of a store, as a batch.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use edgekv_store::batch::{max_item_bytes, write_line};
use edgekv_store::{Key, KeyList, KvError, KvStore, ListPage, ListRequest};
use futures_util::stream;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode, Version};
use tracing::{Instrument as _, Span};

use super::Shared;
use super::asked::Asked;
use super::budget::Share;
use super::download::with_tail;
use super::problem::{Problem, ProblemDocument, explained};
use super::query::ExportQuery;

/// About how much is made before it is sent.
const CHUNK_BYTES: usize = 64 * 1024;

/// All items of a store, as a batch: one JSON object on each line, in the order of their keys.
///
/// Items that are written, or deleted, while the export goes on are in it or not. An export that is not complete breaks off
/// its connection. This is an extension of edgekv.
#[utoipa::path(
    get,
    path = "/resources/stores/kv/{id}/batch",
    operation_id = "get_batch",
    tag = "items",
    params(ExportQuery),
    responses(
        (status = 200, description = "The items.", content_type = "application/x-ndjson", body = String),
        (status = 505, description = "HTTP/1.0 cannot tell a part from the whole.", content_type = "application/problem+json", body = ProblemDocument),
    ),
)]
pub(crate) async fn get_batch(
    State(shared): State<Arc<Shared>>,
    asked: Asked<ExportQuery>,
) -> Result<Response, Problem> {
    if asked.version() < Version::HTTP_11 && *asked.method() != Method::HEAD {
        return Err(Problem::new(
            StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            "HTTP/1.0 cannot tell an export that breaks off from one that is complete; use HTTP/1.1",
        ));
    }
    let store = asked.open(&shared).await?;
    let query = asked.query;
    let max = store.limits().max_value_bytes;
    let mut export = Export {
        largest: usize::try_from(max).unwrap_or(usize::MAX).saturating_add(max_item_bytes(max)),
        share: Share::new(&shared.downloads),
        shared,
        store,
        prefix: query.prefix.unwrap_or_default(),
        keys: KeyList::new(),
        sent: 0,
        next: Next::Page(query.cursor.filter(|cursor| !cursor.is_empty())),
        ready: VecDeque::new(),
    };
    // Whatever is wrong with the request shows in the first page.
    export.turn_page().await?;
    // The connection asks for the items, and knows nothing of the request.
    let span = Span::current();
    let pieces = stream::unfold(export, move |mut export| {
        async move {
            let piece = export.piece().await;
            piece.transpose().map(|piece| (piece.inspect_err(|error| export.log(error)), export))
        }
        .instrument(span.clone())
    });
    let mut response = Response::new(Body::from_stream(pieces));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    Ok(response)
}

/// An export that is under way. It holds a page of keys and a chunk of items, and makes the next when that is taken.
struct Export {
    shared: Arc<Shared>,
    store: KvStore,
    prefix: String,
    keys: KeyList,
    /// How many of the keys are done.
    sent: usize,
    next: Next,
    /// What is left of the chunk.
    ready: VecDeque<Bytes>,
    /// The memory that a chunk takes.
    share: Share,
    /// What the largest value and its line would take.
    largest: usize,
}

enum Next {
    /// The page behind this cursor, or the first.
    Page(Option<String>),
    End,
}

impl Export {
    /// Gets the next keys; `false` when there are none.
    async fn turn_page(&mut self) -> Result<bool, KvError> {
        let Next::Page(cursor) = &self.next else { return Ok(false) };
        let request =
            ListRequest { prefix: &self.prefix, cursor: cursor.as_deref(), ..ListRequest::default() };
        let ListPage { keys, next, .. } = self.store.list(request).await?;
        self.next = next.map_or(Next::End, |cursor| Next::Page(Some(cursor.to_string())));
        self.keys = keys;
        self.sent = 0;
        Ok(true)
    }

    /// The next bytes; `None` at the end.
    async fn piece(&mut self) -> Result<Option<Bytes>, KvError> {
        if let Some(piece) = self.ready.pop_front() {
            return Ok(Some(piece));
        }
        let Some(chunk) = self.chunk().await? else { return Ok(None) };
        let (front, tail) = with_tail(chunk);
        if !tail.is_empty() {
            self.ready.push_back(tail);
        }
        Ok(Some(front))
    }

    /// The next items; `None` at the end.
    async fn chunk(&mut self) -> Result<Option<Bytes>, KvError> {
        let mut chunk = Vec::new();
        loop {
            for key in self.keys.iter().skip(self.sent) {
                if chunk.len() >= CHUNK_BYTES {
                    return Ok(Some(chunk.into()));
                }
                self.sent += 1;
                // What is listed is a key; what has gone since is left out.
                let Ok(key) = Key::new(key) else { continue };
                // How large it is shows when it is there. Nothing is held while this waits: what there is of the chunk is
                // small, and the one before is taken.
                self.share.shrink(0);
                self.share.wait_to_hold(self.largest).await;
                if let Some(entry) = self.store.read(key).await? {
                    write_line(&mut chunk, key, &entry, self.shared.stores.now());
                }
                self.share.shrink(chunk.capacity());
            }
            if !self.turn_page().await? {
                return Ok((!chunk.is_empty()).then(|| chunk.into()));
            }
        }
    }

    fn log(&self, error: &KvError) {
        let name = self.store.info().name.as_str().escape_debug();
        tracing::error!("an export of the store \"{name}\" breaks off: {}", explained(error));
    }
}
