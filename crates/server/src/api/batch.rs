//! Batches: many items in one upload.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use edgekv_store::batch::{self, Item, Piece, Splitter};
use edgekv_store::{Generation, KeyBuf, KvError, KvStore, Reply};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;
use super::problem::{Problem, ProblemDocument, json};
use super::query::{self, NoQuery};
use super::target::Target;
use super::upload::{Pieces, Share};

/// Most writes of one batch that are under way at a time: enough for the engine to make few commits of them.
const MAX_WRITES: usize = 4096;

/// Most bytes of their values, but for one that is larger.
const MAX_WRITE_BYTES: usize = 8 * 1024 * 1024;

/// Most mistakes that are listed.
const MAX_ERRORS: usize = 1000;

/// What became of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchDocument {
    /// Empty.
    #[serde(rename = "type")]
    kind: &'static str,
    /// `success`, or how many items are not written.
    title: String,
    /// The status of the response, unless it is 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    status: Option<u16>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    detail: Option<String>,
    /// The items that are not written, 1,000 at most; if there are more, a last one says how many.
    errors: Vec<ItemError>,
}

/// Why an item of a batch is not written.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemError {
    /// Its key, as far as it is known.
    key: String,
    /// Its number in the batch, from 0.
    index: u64,
    /// A word for programs.
    code: &'static str,
    /// What is wrong, and what to do about it.
    reason: String,
}

/// Writes the items of a batch, in their order.
///
/// A batch is a stream of JSON objects, one on each line (NDJSON) or spread over several: `key`, `value` (base64), and
/// perhaps `metadata`, `metadata_base64`, `time_to_live_sec`, `background_fetch`. Items are written as they arrive, so what
/// came before a mistake is written, and so is what comes after it.
#[utoipa::path(
    put,
    path = "/resources/stores/kv/{id}/batch",
    operation_id = "put_batch",
    tag = "items",
    request_body(content = String, content_type = "application/x-ndjson", description = "The items."),
    responses(
        (status = 200, description = "All are written.", content_type = "application/json", body = BatchDocument),
        (status = 400, description = "Some are not written.", content_type = "application/json", body = BatchDocument),
        (status = 408, description = "The body did not come fast enough.", content_type = "application/problem+json", body = ProblemDocument),
    ),
)]
pub(crate) async fn put_batch(
    State(shared): State<Arc<Shared>>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let target = Target::of(head.uri.path()).ok_or_else(super::no_route)?;
    query::read::<NoQuery>(&head.uri)?;
    let store = target.open(&shared).await?;
    let pieces = Pieces::new(body, shared.limits.upload_time);
    let mut writer = Writer::new(store, Share::new(&shared.uploads));
    let whole = writer.take(pieces).await;
    let ended = writer.settle(0).await;
    let report = writer.report;
    match whole.and(ended) {
        Ok(()) => Ok(report.response()),
        Err(problem) => {
            let Report { written, refused, .. } = report;
            Err(problem.after(&format!("{written} items before that are written, {refused} are not")))
        }
    }
}

/// Writes items while earlier ones are under way.
struct Writer {
    store: KvStore,
    under_way: VecDeque<UnderWay>,
    /// Of the values that are under way.
    bytes: usize,
    report: Report,
    share: Share,
}

struct UnderWay {
    index: u64,
    key: KeyBuf,
    bytes: usize,
    reply: <Reply<Generation> as IntoFuture>::IntoFuture,
}

impl Writer {
    fn new(store: KvStore, share: Share) -> Self {
        let report = Report { written: 0, refused: 0, errors: Vec::new() };
        Self { store, under_way: VecDeque::new(), bytes: 0, report, share }
    }

    /// Writes what a body brings.
    async fn take(&mut self, mut pieces: Pieces) -> Result<(), Problem> {
        let mut splitter = Splitter::new(batch::max_item_bytes(self.store.limits().max_value_bytes));
        let (mut taken, mut split) = (0_u64, 0);
        while let Some(bytes) = pieces.next().await? {
            taken += bytes.len() as u64;
            splitter.push(&bytes);
            // The splitter has a copy.
            drop(bytes);
            self.share
                .hold(usize::try_from(taken - split).unwrap_or(usize::MAX).saturating_add(self.bytes))?;
            while let Some(piece) = splitter.next() {
                split = piece.end;
                self.write(piece).await?;
            }
        }
        while let Some(rest) = splitter.finish() {
            self.write(rest).await?;
        }
        Ok(())
    }

    async fn write(&mut self, piece: Piece) -> Result<(), Problem> {
        let index = piece.index;
        match piece.item() {
            Ok(item) => self.insert(index, item).await,
            Err(problem) => {
                let key = problem.key().unwrap_or_default().to_owned();
                self.report.refuse(key, index, problem.kind().code(), problem.to_string());
                Ok(())
            }
        }
    }

    async fn insert(&mut self, index: u64, item: Item) -> Result<(), Problem> {
        let Item { key, insert } = item;
        let bytes = insert.value.len();
        while self.under_way.len() >= MAX_WRITES || self.bytes.saturating_add(bytes) > MAX_WRITE_BYTES {
            if !self.settle_first().await? {
                break;
            }
        }
        loop {
            let reply = match self.store.insert(key.as_key(), insert.clone()) {
                // There may be room when an earlier one is done.
                Reply::Ready(Err(KvError::TooManyRequests)) if self.settle_first().await? => continue,
                Reply::Ready(result) => return self.note(index, &key, result),
                later @ Reply::Later(_) => later.into_future(),
            };
            self.bytes += bytes;
            self.under_way.push_back(UnderWay { index, key, bytes, reply });
            return Ok(());
        }
    }

    /// Waits until no more than so many writes are under way.
    async fn settle(&mut self, left: usize) -> Result<(), Problem> {
        let mut ended = Ok(());
        while self.under_way.len() > left {
            // What follows is under way all the same, and has to be counted.
            let settled = self.settle_first().await.map(drop);
            ended = ended.and(settled);
        }
        ended
    }

    /// Waits for the first write that is under way, and says whether there was one.
    async fn settle_first(&mut self) -> Result<bool, Problem> {
        let Some(UnderWay { index, key, bytes, reply }) = self.under_way.pop_front() else {
            return Ok(false);
        };
        let result = reply.await;
        self.bytes -= bytes;
        self.note(index, &key, result).map(|()| true)
    }

    /// Notes what became of a write. What concerns all writes is an error.
    fn note(&mut self, index: u64, key: &KeyBuf, result: Result<Generation, KvError>) -> Result<(), Problem> {
        let error = match result {
            Ok(_) => {
                self.report.written += 1;
                return Ok(());
            }
            Err(error) => error,
        };
        let code = match &error {
            KvError::PayloadTooLarge { .. } => "payload_too_large",
            KvError::TooManyRequests => "too_many_requests",
            KvError::PreconditionFailed => "precondition_failed",
            _ => {
                self.report.refused += 1;
                return Err(error.into());
            }
        };
        self.report.refuse(key.as_str().to_owned(), index, code, error.to_string());
        Ok(())
    }
}

/// What became of the items so far.
struct Report {
    written: u64,
    refused: u64,
    errors: Vec<ItemError>,
}

impl Report {
    fn refuse(&mut self, key: String, index: u64, code: &'static str, reason: String) {
        self.refused += 1;
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(ItemError { key, index, code, reason });
        }
    }

    fn response(mut self) -> Response {
        let Self { written, refused, .. } = self;
        if refused == 0 {
            let document = BatchDocument {
                kind: "",
                title: "success".to_owned(),
                status: None,
                detail: None,
                errors: Vec::new(),
            };
            return json(StatusCode::OK, "application/json", &document);
        }
        // An item that is refused at once is noted before those that are under way.
        self.errors.sort_by_key(|error| error.index);
        let listed = self.errors.len() as u64;
        if refused > listed {
            let last = self.errors.last().map_or(0, |last| last.index);
            self.errors.push(ItemError {
                key: String::new(),
                index: last + 1,
                code: "more",
                reason: format!("{} more items are not written", refused - listed),
            });
        }
        let all = written + refused;
        let status = StatusCode::BAD_REQUEST;
        let document = BatchDocument {
            kind: "",
            title: format!("{refused} of {all} items are not written"),
            status: Some(status.as_u16()),
            detail: Some(format!("{written} items are written; correct the others, and send them again")),
            errors: self.errors,
        };
        // Clients of the platform read the list only if it is not in a problem document.
        json(status, "application/json", &document)
    }
}
