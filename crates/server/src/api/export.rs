//! Exports: all items of a store, as a batch.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use edgekv_store::batch::write_line;
use edgekv_store::{Key, KeyList, KvError, KvStore, ListPage, ListRequest, Stores};
use futures_util::stream;
use http::header::{CONTENT_TYPE, HeaderValue};

use super::Shared;
use super::problem::Problem;
use super::query::{self, ExportQuery};
use super::target::Target;

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
    responses((status = 200, description = "The items.", content_type = "application/x-ndjson", body = String)),
)]
pub(crate) async fn get_batch(
    State(shared): State<Arc<Shared>>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, _) = request.into_parts();
    let target = Target::of(head.uri.path()).ok_or_else(super::no_route)?;
    let query: ExportQuery = query::read(&head.uri)?;
    let store = target.open(&shared).await?;
    let mut export = Export {
        stores: shared.stores.clone(),
        store,
        prefix: query.prefix.unwrap_or_default(),
        keys: KeyList::new(),
        sent: 0,
        next: Next::Page(query.cursor.filter(|cursor| !cursor.is_empty())),
    };
    // Whatever is wrong with the request shows in the first page.
    export.turn_page().await?;
    let chunks = stream::unfold(export, |mut export| async move {
        let chunk = export.chunk().await;
        chunk.transpose().map(|chunk| {
            let failed = |error: &KvError| tracing::error!("an export breaks off: {error}");
            (chunk.inspect_err(failed), export)
        })
    });
    let mut response = Response::new(Body::from_stream(chunks));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    Ok(response)
}

/// An export that is under way. It holds a page of keys and a chunk of items, and makes the next when that is taken.
struct Export {
    stores: Stores,
    store: KvStore,
    prefix: String,
    keys: KeyList,
    /// How many of the keys are done.
    sent: usize,
    next: Next,
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
                if let Some(entry) = self.store.read(key).await? {
                    write_line(&mut chunk, key, &entry, self.stores.now());
                }
            }
            if !self.turn_page().await? {
                return Ok((!chunk.is_empty()).then(|| chunk.into()));
            }
        }
    }
}
