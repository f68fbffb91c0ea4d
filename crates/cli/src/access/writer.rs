//! Many writes, one after the other, without waiting for each.

use std::collections::VecDeque;

use edgekv_store::batch::{self, Item};
use edgekv_store::{Generation, KvError, KvStore, Reply};
use serde::Deserialize;
use ureq::http::{Method, StatusCode};

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

/// Writes items in the order that they come, and says in the same order what became of each.
///
/// `T` is what the caller wants to be told with an outcome.
pub(crate) enum Writer<'a, T> {
    Engine { store: &'a KvStore, waiting: VecDeque<(T, Waiting)>, bytes: usize },
    Api { store: &'a RemoteStore, body: Vec<u8>, waiting: Vec<(T, Option<String>)> },
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

impl<'a, T> Writer<'a, T> {
    pub(crate) fn new(store: &'a Store) -> Self {
        match store {
            Store::Engine(store) => Self::Engine { store, waiting: VecDeque::new(), bytes: 0 },
            Store::Api(store) => Self::Api { store, body: Vec::new(), waiting: Vec::new() },
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
                while waiting.len() > WINDOW || (*bytes > WINDOW_BYTES && waiting.len() > 1) {
                    settle_oldest(waiting, bytes, settled)?;
                }
            }
            Self::Api { body, waiting, .. } => {
                batch::write_item(body, item.key.as_key(), &item.insert);
                waiting.push((tag, None));
                if waiting.len() >= BATCH_ITEMS || body.len() >= BATCH_BYTES {
                    self.finish(settled)?;
                }
            }
        }
        Ok(())
    }

    /// Puts an item that cannot be written in the order of those that can.
    pub(crate) fn refuse(&mut self, tag: T, why: String) {
        match self {
            Self::Engine { waiting, .. } => waiting.push_back((tag, Waiting::Refused(why))),
            Self::Api { waiting, .. } => waiting.push((tag, Some(why))),
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
            Self::Api { store, body, waiting } => {
                if !body.is_empty() {
                    // An item that was refused here is not part of what is sent.
                    let sent = waiting.iter_mut().filter(|(_, refused)| refused.is_none());
                    upload(store, body, &mut sent.map(|(_, refused)| refused).collect::<Vec<_>>())?;
                }
                body.clear();
                // One large item must not mean as much memory for ever.
                body.shrink_to(2 * BATCH_BYTES);
                for (tag, refused) in waiting.drain(..) {
                    settled(Outcome { tag, refused });
                }
                Ok(())
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

/// Sends a batch, and notes for each of its items why it was refused.
fn upload(store: &RemoteStore, body: &[u8], refused: &mut [&mut Option<String>]) -> Result<(), Failure> {
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
    let status = response.status();
    if !status.is_success() && status != StatusCode::BAD_REQUEST {
        return Err(client.refused(response));
    }
    let answer: Answer = client.document(response)?;
    if answer.errors.is_empty() && !status.is_success() {
        let message = format!("{} has refused a batch without a reason", client.url());
        return Err(Failure::said(Status::BadAnswer, message));
    }
    for error in answer.errors {
        let Some(refused) = refused.get_mut(error.index) else {
            let message = format!("{} tells of item {} of a batch that has fewer", client.url(), error.index);
            return Err(Failure::said(Status::BadAnswer, message));
        };
        let why = if error.reason.is_empty() { &error.code } else { &error.reason };
        **refused = Some(printable(if why.is_empty() { "refused by the server" } else { why }));
    }
    Ok(())
}
