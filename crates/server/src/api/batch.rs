//! Batches: many items in one upload.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use edgekv_store::batch::{self, Item, Piece, Splitter};
use edgekv_store::{Generation, KeyBuf, KvError, KvStore, Reply};
use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};
use serde::Serialize;
use tokio::time::{Instant, sleep};
use utoipa::ToSchema;

use super::asked::Asked;
use super::budget::Share;
use super::problem::{Problem, ProblemDocument, json};
use super::upload::Pieces;
use super::{Shared, headers};

/// Most writes of one batch that are under way at a time: enough for the engine to make few commits of them.
const MAX_WRITES: usize = 4096;

/// Most bytes of their values, but for one that is larger.
const MAX_WRITE_BYTES: usize = 8 * 1024 * 1024;

/// Most mistakes that are listed.
const MAX_ERRORS: usize = 1000;

/// How long to wait for a store that takes no writes, before it is asked again.
const ROOM_PAUSE: Duration = Duration::from_millis(10);

/// The code of an item that the store did not take.
const TOO_MANY: &str = "too_many_requests";

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
    /// The first items that are not written, 1,000 at most; if there are more, a last one says how many.
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
/// came before a mistake is written, and so is what comes after it. When the store takes no more, the batch waits for a
/// while; if that does not help, nothing of the rest is written.
#[utoipa::path(
    put,
    path = "/resources/stores/kv/{id}/batch",
    operation_id = "put_batch",
    tag = "items",
    request_body(content = String, content_type = "application/x-ndjson", description = "The items."),
    responses(
        (status = 200, description = "All are written.", content_type = "application/json", body = BatchDocument),
        (status = 400, description = "Some are not written, and have to be corrected.", content_type = "application/json", body = BatchDocument),
        (status = 408, description = "The body did not come fast enough.", content_type = "application/problem+json", body = ProblemDocument),
        (status = 429, description = "Some are not written, only because the store takes no more at the moment.", content_type = "application/json", body = BatchDocument),
    ),
)]
pub(crate) async fn put_batch(State(shared): State<Arc<Shared>>, asked: Asked) -> Result<Response, Problem> {
    headers::check_whole(asked.headers())?;
    let store = asked.open(&shared).await?;
    let limits = &shared.limits;
    let pieces = Pieces::new(asked.body, limits.upload_time);
    let mut writer = Writer::new(store, Share::new(&shared.uploads), limits.room_time);
    let whole = writer.take(pieces).await;
    let ended = writer.settle(0).await;
    let report = writer.report;
    match whole.and(ended) {
        Ok(()) => Ok(report.response()),
        Err(problem) => {
            let Report { written, refused, .. } = report;
            Err(problem.after(&format!("before that, {} written, and {refused} not", counted(written))))
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
    /// How long the store may still take no writes. At the end of that time it is not asked for any more.
    room_time: Duration,
}

struct UnderWay {
    index: u64,
    key: KeyBuf,
    bytes: usize,
    reply: <Reply<Generation> as IntoFuture>::IntoFuture,
}

impl Writer {
    const fn new(store: KvStore, share: Share, room_time: Duration) -> Self {
        Self { store, under_way: VecDeque::new(), bytes: 0, report: Report::new(), share, room_time }
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
        let Piece { index, text, .. } = piece;
        match text.and_then(|text| batch::parse(&text).map(|item| (text, item))) {
            Ok((text, item)) => self.insert(index, &text, item).await,
            Err(problem) => {
                let key = problem.key().unwrap_or_default().to_owned();
                self.report.refuse(key, index, problem.kind().code(), problem.to_string());
                Ok(())
            }
        }
    }

    /// Writes an item, which is read from its text again each time that the store did not take it.
    async fn insert(&mut self, index: u64, text: &Bytes, item: Item) -> Result<(), Problem> {
        let Item { key, mut insert } = item;
        let bytes = insert.value.len();
        while self.under_way.len() >= MAX_WRITES || self.bytes.saturating_add(bytes) > MAX_WRITE_BYTES {
            if !self.settle_first().await? {
                break;
            }
        }
        loop {
            let reply = if self.room_time.is_zero() {
                // What follows an item that is not written should not be, either.
                Reply::Ready(Err(KvError::TooManyRequests))
            } else {
                self.store.insert(key.as_key(), insert)
            };
            let reply = match reply {
                Reply::Ready(Err(KvError::TooManyRequests)) if self.wait_for_room().await? => {
                    match batch::parse(text) {
                        Ok(item) => insert = item.insert,
                        // It was one before.
                        Err(_) => return self.note(index, &key, Err(KvError::TooManyRequests)),
                    }
                    continue;
                }
                Reply::Ready(result) => return self.note(index, &key, result),
                later @ Reply::Later(_) => later.into_future(),
            };
            self.bytes += bytes;
            self.under_way.push_back(UnderWay { index, key, bytes, reply });
            return Ok(());
        }
    }

    /// Waits until the store may take writes again; `false` when that has taken too long.
    async fn wait_for_room(&mut self) -> Result<bool, Problem> {
        if self.room_time.is_zero() {
            return Ok(false);
        }
        // There may be room when an earlier one is done.
        if self.settle_first().await? {
            return Ok(true);
        }
        let start = Instant::now();
        sleep(ROOM_PAUSE.min(self.room_time)).await;
        self.room_time = self.room_time.saturating_sub(start.elapsed());
        Ok(!self.room_time.is_zero())
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
            KvError::TooManyRequests => TOO_MANY,
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

/// So many items, as the subject of a sentence.
fn counted(items: u64) -> String {
    if items == 1 { "1 item is".to_owned() } else { format!("{items} items are") }
}

/// What became of the items so far.
struct Report {
    written: u64,
    refused: u64,
    /// How many of those were refused only because there were too many at the time.
    too_many: u64,
    /// The first of them, by their number: one that is refused at once is noted before those that are under way.
    errors: BTreeMap<u64, ItemError>,
    /// The number of the first that is not among these.
    first_unlisted: Option<u64>,
}

impl Report {
    const fn new() -> Self {
        Self { written: 0, refused: 0, too_many: 0, errors: BTreeMap::new(), first_unlisted: None }
    }

    fn refuse(&mut self, key: String, index: u64, code: &'static str, reason: String) {
        self.refused += 1;
        self.too_many += u64::from(code == TOO_MANY);
        self.errors.insert(index, ItemError { key, index, code, reason });
        if self.errors.len() > MAX_ERRORS
            && let Some((unlisted, _)) = self.errors.pop_last()
        {
            self.first_unlisted = Some(self.first_unlisted.map_or(unlisted, |first| first.min(unlisted)));
        }
    }

    fn response(self) -> Response {
        let Self { written, refused, too_many, errors, first_unlisted } = self;
        if refused == 0 {
            let document = BatchDocument {
                kind: "",
                title: "success".to_owned(),
                status: None,
                detail: None,
                errors: Vec::new(),
            };
            return json(StatusCode::OK, &document);
        }
        let first = errors.keys().next().copied().unwrap_or_default();
        let mut errors: Vec<_> = errors.into_values().collect();
        if let Some(index) = first_unlisted {
            let more = refused - errors.len() as u64;
            let reason =
                format!("{more} more {} not written", if more == 1 { "item is" } else { "items are" });
            errors.push(ItemError { key: String::new(), index, code: "more", reason });
        }
        let is_full = too_many == refused;
        let (status, remedy) = if is_full {
            let remedy = format!(
                "the store takes no more at the moment; send those from index {first} on again later"
            );
            (StatusCode::TOO_MANY_REQUESTS, remedy)
        } else {
            (StatusCode::BAD_REQUEST, "correct the others, and send them again".to_owned())
        };
        let verb = if refused == 1 { "is" } else { "are" };
        let document = BatchDocument {
            kind: "",
            title: format!("{refused} of {} items {verb} not written", written + refused),
            status: Some(status.as_u16()),
            detail: Some(format!("{} written; {remedy}", counted(written))),
            errors,
        };
        // Clients of the platform read the list only if it is not in a problem document.
        let mut response = json(status, &document);
        if is_full {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_mistakes_are_listed_in_whatever_order_they_are_noted() {
        let mut report = Report::new();
        for index in (0..3000).rev().filter(|index| index % 2 == 0) {
            report.refuse(String::new(), index, "code", String::new());
        }
        assert_eq!((report.refused, report.errors.len()), (1500, 1000));
        assert_eq!(report.errors.keys().last(), Some(&1998));
        assert_eq!(report.first_unlisted, Some(2000));
    }
}
