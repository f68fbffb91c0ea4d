//! All entries of a store, one after the other, in the order of their keys.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use edgekv_store::batch::{self, Item, Splitter};
use edgekv_store::{
    Clock, Cursor, Insert, Key, KeyBuf, KvStore, ListRequest, Metadata, StoreId, SystemClock,
};
use std::time::Duration;

use super::pages::Order;
use super::remote::client::{Client, contradiction};
use super::remote::store::RemoteStore;
use super::{MAX_REMOTE_VALUE_BYTES, Store};
use crate::exit::{Failure, Status};

/// Bytes that are read from a server at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// Items that are fetched at once from a server that has no stream of them.
const CONCURRENT: usize = 8;

/// Entries as they are read. A key that is written or deleted meanwhile is there in one of its states, or not.
pub(crate) struct Items {
    from: From,
    prefix: String,
    /// The last key that was given out.
    after: Option<KeyBuf>,
}

enum From {
    Engine { store: KvStore, keys: VecDeque<KeyBuf>, is_last: bool },
    Stream { client: Client, body: Box<dyn Read>, splitter: Option<Splitter>, chunk: Vec<u8> },
    Keys(Keys),
}

/// A server that has lists of keys, and items one by one.
struct Keys {
    store: Arc<RemoteStore>,
    keys: VecDeque<KeyBuf>,
    /// Those that were asked for, in their order.
    under_way: VecDeque<Receiver<Fetched>>,
    /// Where the threads that ask take their keys from; none before the first key.
    wanted: Option<Sender<Wanted>>,
    cursor: Option<String>,
    order: Order,
    is_last: bool,
}

/// An item, unless it has gone meanwhile.
type Fetched = Result<Option<Item>, Failure>;

/// A key, and who waits for its item.
type Wanted = (KeyBuf, SyncSender<Fetched>);

impl Items {
    pub(super) fn new(store: &Store, prefix: &str, after: Option<Key<'_>>) -> Result<Self, Failure> {
        let from = match store {
            Store::Engine(store) => {
                From::Engine { store: store.clone(), keys: VecDeque::new(), is_last: false }
            }
            Store::Api(store) => remote(store, prefix, after)?,
        };
        Ok(Self { from, prefix: prefix.to_owned(), after: after.map(Key::to_buf) })
    }

    /// The next one, or `None` behind the last.
    pub(crate) fn next(&mut self) -> Result<Option<Item>, Failure> {
        let item = match &mut self.from {
            From::Engine { store, keys, is_last } => {
                next_local(store, keys, is_last, &self.prefix, self.after.as_ref())?
            }
            From::Stream { client, body, splitter, chunk } => next_streamed(client, body, splitter, chunk)?,
            From::Keys(keys) => keys.next(&self.prefix, self.after.as_ref())?,
        };
        if let Some(item) = &item {
            // An order that is kept is what makes it possible to go on later.
            if self.after.as_ref().is_some_and(|after| *after >= item.key) {
                return Err(contradiction(
                    "its items are not in the order of their keys, at",
                    item.key.as_str(),
                ));
            }
            self.after = Some(item.key.clone());
        }
        Ok(item)
    }
}

fn next_local(
    store: &KvStore,
    keys: &mut VecDeque<KeyBuf>,
    is_last: &mut bool,
    prefix: &str,
    after: Option<&KeyBuf>,
) -> Result<Option<Item>, Failure> {
    let mut after = after.cloned();
    loop {
        while let Some(key) = keys.pop_front() {
            // Past a cache, which would be filled with what nobody else asks for.
            if let Some(entry) = store.read(key.as_key()).wait()? {
                let remaining = batch::remaining_seconds(&entry, SystemClock::new().now());
                let insert = Insert {
                    metadata: entry.metadata().clone(),
                    time_to_live: remaining.map(Duration::from_secs),
                    ..Insert::new(entry.into_value())
                };
                return Ok(Some(Item { key, insert }));
            }
            after = Some(key);
        }
        if *is_last {
            return Ok(None);
        }
        let cursor =
            after.as_ref().map(|after| Cursor::new(store.info().id, prefix, after.as_key()).to_string());
        let request = ListRequest { prefix, cursor: cursor.as_deref(), ..ListRequest::default() };
        let page = store.list(request).wait()?;
        *is_last = page.next.is_none();
        keys.extend(page.keys.iter().filter_map(|key| Key::new(key).ok().map(Key::to_buf)));
    }
}

fn remote(store: &RemoteStore, prefix: &str, after: Option<Key<'_>>) -> Result<From, Failure> {
    let id = store.about().id.parse::<StoreId>().ok();
    // To go on in the middle needs a cursor, which only a server like ours has made known how to make.
    let cursor = match (after, id) {
        (None, _) => Some(None),
        (Some(after), Some(id)) => Some(Some(Cursor::new(id, prefix, after).to_string())),
        (Some(_), None) => None,
    };
    let stream = match cursor {
        Some(cursor) => store.stream(prefix, cursor.as_deref())?,
        None => None,
    };
    let client = store.client().clone();
    Ok(match stream {
        Some(response) => From::Stream {
            client,
            body: Box::new(response.into_body().into_reader()),
            splitter: Some(Splitter::new(batch::max_item_bytes(MAX_REMOTE_VALUE_BYTES))),
            chunk: vec![0; CHUNK_BYTES],
        },
        None => From::Keys(Keys {
            store: Arc::new(RemoteStore::new(client, store.about().clone())),
            keys: VecDeque::new(),
            under_way: VecDeque::new(),
            wanted: None,
            cursor: None,
            order: Order::default(),
            is_last: false,
        }),
    })
}

fn next_streamed(
    client: &Client,
    body: &mut dyn Read,
    splitter: &mut Option<Splitter>,
    chunk: &mut [u8],
) -> Result<Option<Item>, Failure> {
    loop {
        let Some(pieces) = splitter else { return Ok(None) };
        let piece = match pieces.next() {
            Some(piece) => piece,
            None => match body.read(chunk) {
                Ok(0) => match splitter.take().and_then(|mut splitter| splitter.finish()) {
                    Some(piece) => piece,
                    None => return Ok(None),
                },
                Ok(bytes) => {
                    pieces.push(chunk.get(..bytes).unwrap_or_default());
                    continue;
                }
                Err(error) => {
                    let message =
                        format!("{} has broken off in the middle of the items: {error}", client.url());
                    return Err(Failure::said(Status::Unreachable, message));
                }
            },
        };
        let line = piece.line;
        return piece
            .item()
            .map(Some)
            .map_err(|problem| contradiction(&format!("line {line} of its items:"), &problem.to_string()));
    }
}

impl Keys {
    fn next(&mut self, prefix: &str, after: Option<&KeyBuf>) -> Result<Option<Item>, Failure> {
        loop {
            while self.under_way.len() < CONCURRENT
                && let Some(key) = self.keys.pop_front()
            {
                let (sender, receiver) = mpsc::sync_channel(1);
                // When the threads have ended, so has the channel for the answer.
                let _ = self.threads()?.send((key, sender));
                self.under_way.push_back(receiver);
            }
            if let Some(first) = self.under_way.pop_front() {
                let ended = |_| Err(Failure::said(Status::Failed, "a request has ended without an answer"));
                if let Some(item) = first.recv().unwrap_or_else(ended)? {
                    return Ok(Some(item));
                }
                continue;
            }
            if self.is_last {
                return Ok(None);
            }
            let page = self.store.page(prefix, self.cursor.as_deref(), 1000)?;
            self.order.check(&page)?;
            self.is_last = page.next.is_none();
            self.cursor = page.next;
            for key in page.keys {
                let key =
                    Key::new(&key).map_err(|error| contradiction("its list of keys:", &error.to_string()))?;
                // What an export that goes on has already.
                if after.is_none_or(|after| after.as_key() < key) {
                    self.keys.push_back(key.to_buf());
                }
            }
        }
    }

    /// The threads that ask for items, as many as the system gives.
    fn threads(&mut self) -> Result<&Sender<Wanted>, Failure> {
        if self.wanted.is_none() {
            let (sender, receiver) = mpsc::channel();
            let receiver = Arc::new(Mutex::new(receiver));
            for number in 0..CONCURRENT {
                let (store, receiver) = (Arc::clone(&self.store), Arc::clone(&receiver));
                let started = thread::Builder::new()
                    .name("edgekv-fetch".into())
                    .spawn(move || fetch_all(&store, &receiver));
                match started {
                    Err(error) if number == 0 => {
                        let message = format!("the system gives no thread to ask with: {error}");
                        return Err(Failure::said(Status::Failed, message));
                    }
                    // Fewer do as well.
                    Err(_) => break,
                    Ok(_) => {}
                }
            }
            self.wanted = Some(sender);
        }
        self.wanted.as_ref().ok_or_else(|| Failure::said(Status::Failed, "there is no thread to ask with"))
    }
}

/// Asks for items until nobody wants more.
fn fetch_all(store: &RemoteStore, wanted: &Mutex<Receiver<Wanted>>) {
    loop {
        let next = wanted.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((key, answer)) = next else { return };
        // Nobody waits for it when another one has failed.
        let _ = answer.send(fetch(store, key));
    }
}

fn fetch(store: &RemoteStore, key: KeyBuf) -> Fetched {
    let Some(mut found) = store.get(key.as_key())? else { return Ok(None) };
    let value = found.read(MAX_REMOTE_VALUE_BYTES)?;
    let metadata =
        Metadata::new(found.about.metadata).map_err(|error| contradiction("its", &error.to_string()))?;
    let time_to_live = found.about.time_to_live_sec.map(Duration::from_secs);
    let insert = Insert { metadata, time_to_live, ..Insert::new(value) };
    Ok(Some(Item { key, insert }))
}
