//! Many writes, one after the other, without waiting for each.

use std::collections::VecDeque;
use std::thread;
use std::time::Duration;

use edgekv_store::batch::{self, Item};
use edgekv_store::{Generation, KvError, KvStore, Reply};
use serde::Deserialize;
use ureq::http::{HeaderMap, Method, StatusCode};

use super::Store;
use super::remote::client::printable;
use super::remote::store::RemoteStore;
use crate::exit::{Failure, Status};

/// Most writes that wait for the disk: a few transactions of an engine, so that it always has the next one at hand.
const WINDOW: usize = 8192;

/// Most bytes that wait for the disk, unless a single item has more.
const WINDOW_BYTES: usize = 16 * 1024 * 1024;

/// Most items of one request.
const BATCH_ITEMS: usize = 1000;

/// Most bytes of one request, unless a single item has more.
const BATCH_BYTES: usize = 1024 * 1024;

/// How often a server that has too much to do is asked again before that is a failure.
const REPEATS: u32 = 3;

/// Longest wait before that, whatever the server wishes: people who press Ctrl-C wait as well.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Writes items in the order that they come, and says in the same order what became of each.
///
/// `T` is what the caller wants to be told with an outcome.
pub(crate) enum Writer<'a, T> {
    Engine { store: &'a KvStore, waiting: VecDeque<(T, Waiting)>, bytes: usize },
    Api { store: &'a RemoteStore, batch: Batch, waiting: Vec<(T, Option<String>)> },
}

/// What became of an item: why it was refused, if it was.
#[derive(Debug)]
pub(crate) struct Outcome<T> {
    pub(crate) tag: T,
    pub(crate) refused: Option<String>,
}

pub(crate) enum Waiting {
    Reply { reply: Reply<Generation>, bytes: usize },
    Refused(String),
}

/// Items for one request.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    text: Vec<u8>,
    /// Where each begins.
    starts: Vec<usize>,
}

impl Batch {
    fn push(&mut self, item: &Item) {
        self.starts.push(self.text.len());
        batch::write_item(&mut self.text, item.key.as_key(), &item.insert);
    }

    /// All from this item on.
    fn rest(&self, from: usize) -> &[u8] {
        let start = self.starts.get(from).copied().unwrap_or(self.text.len());
        self.text.get(start..).unwrap_or_default()
    }

    fn clear(&mut self) {
        self.text.clear();
        // One large item must not mean as much memory for ever.
        self.text.shrink_to(2 * BATCH_BYTES);
        self.starts.clear();
    }
}

impl<'a, T> Writer<'a, T> {
    pub(crate) fn new(store: &'a Store) -> Self {
        match store {
            Store::Engine(store) => Self::Engine { store, waiting: VecDeque::new(), bytes: 0 },
            Store::Api(store) => Self::Api { store, batch: Batch::default(), waiting: Vec::new() },
        }
    }

    /// Begins to write an item. What is settled by then is given to `settled`.
    pub(crate) fn write(
        &mut self,
        tag: T,
        item: Item,
        settled: &mut impl FnMut(Outcome<T>),
    ) -> Result<(), Failure> {
        match self {
            Self::Engine { store, waiting, bytes } => {
                let Item { key, insert } = item;
                let mut tag = Some(tag);
                while let Some(due) = tag.take() {
                    // The value is shared, not copied.
                    let reply = match store.insert(key.as_key(), insert.clone()) {
                        Reply::Ready(Err(KvError::TooManyRequests)) if !waiting.is_empty() => {
                            tag = Some(due);
                            settle_oldest(waiting, bytes, settled)?;
                            continue;
                        }
                        reply => reply,
                    };
                    let held = insert.value.len() + key.as_str().len() + insert.metadata.as_bytes().len();
                    *bytes += held;
                    waiting.push_back((due, Waiting::Reply { reply, bytes: held }));
                }
            }
            Self::Api { batch, waiting, .. } => {
                batch.push(&item);
                waiting.push((tag, None));
            }
        }
        self.settle_surplus(settled)
    }

    /// Puts an item that cannot be written in the order of those that can. It is settled when those before it are.
    pub(crate) fn refuse(
        &mut self,
        tag: T,
        why: String,
        settled: &mut impl FnMut(Outcome<T>),
    ) -> Result<(), Failure> {
        match self {
            Self::Engine { waiting, .. } => waiting.push_back((tag, Waiting::Refused(why))),
            Self::Api { waiting, .. } => waiting.push((tag, Some(why))),
        }
        self.settle_surplus(settled)
    }

    /// Settles what waits for nothing, and what is more than may wait.
    fn settle_surplus(&mut self, settled: &mut impl FnMut(Outcome<T>)) -> Result<(), Failure> {
        match self {
            Self::Engine { waiting, bytes, .. } => {
                while waiting.len() > WINDOW
                    || (*bytes > WINDOW_BYTES && waiting.len() > 1)
                    || matches!(waiting.front(), Some((_, Waiting::Refused(_))))
                {
                    settle_oldest(waiting, bytes, settled)?;
                }
                Ok(())
            }
            Self::Api { batch, waiting, .. }
                if waiting.len() >= BATCH_ITEMS
                    || batch.text.len() >= BATCH_BYTES
                    || batch.starts.is_empty() =>
            {
                self.finish(settled)
            }
            Self::Api { .. } => Ok(()),
        }
    }

    /// Waits until everything is settled.
    pub(crate) fn finish(&mut self, settled: &mut impl FnMut(Outcome<T>)) -> Result<(), Failure> {
        match self {
            Self::Engine { waiting, bytes, .. } => {
                while !waiting.is_empty() {
                    settle_oldest(waiting, bytes, settled)?;
                }
                Ok(())
            }
            Self::Api { store, batch, waiting } => {
                // An item that was refused here is not part of what is sent.
                let sent = waiting.iter().enumerate().filter(|(_, (_, refused))| refused.is_none());
                let sent: Vec<usize> = sent.map(|(at, _)| at).collect();
                let mut reasons = vec![None; sent.len()];
                let uploaded = upload(store, batch, &mut reasons);
                batch.clear();
                for (at, reason) in sent.iter().zip(reasons) {
                    if let Some((_, refused)) = waiting.get_mut(*at) {
                        *refused = reason;
                    }
                }
                if let Err((first, _)) = &uploaded {
                    // From there on it is not known what has been written.
                    waiting.truncate(sent.get(*first).copied().unwrap_or(waiting.len()));
                }
                for (tag, refused) in waiting.drain(..) {
                    settled(Outcome { tag, refused });
                }
                uploaded.map_err(|(_, failure)| failure)
            }
        }
    }
}

fn settle_oldest<T>(
    waiting: &mut VecDeque<(T, Waiting)>,
    bytes: &mut usize,
    settled: &mut impl FnMut(Outcome<T>),
) -> Result<(), Failure> {
    let Some((tag, oldest)) = waiting.pop_front() else { return Ok(()) };
    let refused = match oldest {
        Waiting::Refused(why) => Some(why),
        Waiting::Reply { reply, bytes: held } => {
            *bytes = bytes.saturating_sub(held);
            match reply.wait() {
                Ok(_) => None,
                Err(error @ KvError::PayloadTooLarge { .. }) => Some(error.to_string()),
                // Whatever else it is, the next item would fare no better.
                Err(error) => return Err(error.into()),
            }
        }
    };
    settled(Outcome { tag, refused });
    Ok(())
}

/// Sends a batch, and notes for each of its items why it was refused. A failure comes with the first item that it concerns.
fn upload(
    store: &RemoteStore,
    batch: &Batch,
    refused: &mut [Option<String>],
) -> Result<(), (usize, Failure)> {
    let (mut from, mut repeats) = (0, 0);
    while from < refused.len() {
        let rest = refused.get_mut(from..).unwrap_or_default();
        // What comes behind an item that has to wait is sent again as well: of several with one key, the last one counts.
        rest.fill(None);
        let (wait, failure) = match send(store, batch.rest(from), rest).map_err(|failure| (from, failure))? {
            Sent::Done => return Ok(()),
            Sent::Busy { first, wait, failure } => {
                if first > 0 {
                    from += first;
                    repeats = 0;
                }
                (wait, failure)
            }
        };
        if repeats == REPEATS {
            return Err((from, failure));
        }
        repeats += 1;
        thread::sleep(wait.min(LONGEST_WAIT));
    }
    Ok(())
}

/// What has become of a request.
enum Sent {
    /// It is known of each item what has become of it.
    Done,
    /// The server has too much to do for the items from `first` on.
    Busy { first: usize, wait: Duration, failure: Failure },
}

fn send(store: &RemoteStore, body: &[u8], refused: &mut [Option<String>]) -> Result<Sent, Failure> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default)]
        errors: Vec<ItemError>,
    }
    #[derive(Deserialize)]
    struct ItemError {
        index: usize,
        #[serde(default)]
        code: String,
        #[serde(default)]
        reason: String,
    }
    let client = store.client();
    let request =
        client.request(Method::PUT, &store.batch_path()).header("content-type", "application/x-ndjson");
    let response = client.send(request, body)?;
    let (status, wait) = (response.status(), retry_after(response.headers()));
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        return Ok(Sent::Busy { first: 0, wait, failure: client.refused(response) });
    }
    if !status.is_success() && status != StatusCode::BAD_REQUEST {
        return Err(client.refused(response));
    }
    let answer: Answer = client.document(response)?;
    if answer.errors.is_empty() && !status.is_success() {
        let message = format!("{} has refused a batch without a reason", client.url());
        return Err(Failure::said(Status::BadAnswer, message));
    }
    let mut busy: Option<(usize, String)> = None;
    for error in answer.errors {
        let Some(refused) = refused.get_mut(error.index) else {
            let message = format!("{} tells of item {} of a batch that has fewer", client.url(), error.index);
            return Err(Failure::said(Status::BadAnswer, message));
        };
        let why = if error.reason.is_empty() { &error.code } else { &error.reason };
        let why = printable(if why.is_empty() { "refused by the server" } else { why });
        if error.code == "too_many_requests" && busy.as_ref().is_none_or(|(first, _)| error.index < *first) {
            busy = Some((error.index, why));
        } else {
            *refused = Some(why);
        }
    }
    Ok(match busy {
        None => Sent::Done,
        Some((first, why)) => {
            let message = format!("{} has too much to do: {why}", client.url());
            Sent::Busy { first, wait, failure: Failure::said(Status::Busy, message) }
        }
    })
}

/// How long a server wants to be left alone.
fn retry_after(headers: &HeaderMap) -> Duration {
    let seconds = headers.get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
    // As a date it says no more than that it is busy.
    Duration::from_secs(seconds.unwrap_or(1))
}
