//! Loading the items of a manifest into stores, once, and never over what a guest has done.
//!
//! # The rule
//!
//! Of every item that was ever loaded the [`ledger`] keeps what it was, and the generation that its entry got. So it is
//! always known whether a guest has touched the entry since, however often the process was started in between:
//!
//! | the item | the entry in the store | what happens |
//! | --- | --- | --- |
//! | was never seen | missing | loaded |
//! | was never seen | there | the entry stays, and the item is not loaded later either: the key is the guest's |
//! | is what was loaded | anything, or missing | nothing: what a guest has written or deleted stays so |
//! | has changed since | has the generation that was loaded | loaded again |
//! | has changed since | has another generation, or is missing | nothing |
//! | is gone from the manifest | anything | nothing: a manifest that lost a line deletes no data |
//!
//! An item is its value and its metadata. A reset empties the stores that the manifest names, forgets what is known of
//! their items, and loads them all: after it the stores hold exactly the items.
//!
//! # A crash in between
//!
//! An entry and its record in the ledger are two writes. So the record says beforehand what is about to be written, and
//! over what. When it still says so at a later start, the entry tells how far the earlier one got. Guests may have run
//! in between, without this manifest, so nothing else will do:
//!
//! | the entry in the store | what happens |
//! | --- | --- |
//! | has the generation from before, or is missing as before | the item is loaded |
//! | has the value and metadata that were to be written | they were; it counts as loaded |
//! | is anything else | a guest has touched it: it stays, and the key is the guest's |
//!
//! An entry that was missing, was written by the earlier start, and was deleted by a guest since is missing as before, and
//! is loaded again: the one thing that cannot be told.
//!
//! A reset that was interrupted leaves entries that count as the guest's; repeat it.
//!
//! # Speed
//!
//! Writes go in batches, and each batch waits three times (ledger, entries, ledger), not once per item. What is only
//! noted in the ledger goes along. A start at which nothing has changed writes nothing.

mod ledger;

use anyhow::Context;
use bytes::Bytes;
use edgekv_store::{
    Entry, Generation, GenerationMatch, Insert, Key, KeyBuf, KvError, KvStore, ListRequest, Reply, Stores,
};

pub(crate) use self::ledger::name as ledger_name;
use self::ledger::{ItemHash, Ledger, Record};
use crate::config::{Config, Item, StoreConfig};

/// Most bytes of values in a batch: little enough for any machine and for the queues of engines.
const BATCH_BYTES: usize = 32 * 1024 * 1024;

/// Most items in a batch.
const BATCH_ITEMS: usize = 10_000;

/// Loads the items of `config`; the stores have to be there.
pub(crate) fn load(stores: &Stores, config: &Config, reset: bool) -> anyhow::Result<()> {
    if config.stores.iter().all(|store| store.items.is_empty()) && !reset {
        return Ok(());
    }
    let ledger = Ledger::open(stores)?;
    for store in &config.stores {
        load_store(stores, &ledger, store, reset)
            .with_context(|| format!("cannot load store \"{}\"", store.name))?;
    }
    Ok(())
}

fn load_store(stores: &Stores, ledger: &Ledger, config: &StoreConfig, reset: bool) -> anyhow::Result<()> {
    let store = stores.open(&config.name).wait()?.context("it is not there")?;
    if reset {
        // In this order, what an interruption leaves behind counts as the guest's, and is never written over.
        ledger.forget(&store)?;
        empty(&store)?;
        tracing::info!(store = %config.name, "emptied");
    }
    let mut loader = Loader { ledger, store, batch: Vec::new(), notes: Vec::new(), bytes: 0 };
    config.items.for_each(|item| loader.add(item))?;
    loader.write_batch()
}

/// Deletes all entries.
fn empty(store: &KvStore) -> anyhow::Result<()> {
    for_each_page(store, "", |keys| {
        let deletes: Vec<_> = keys.map(|key| store.delete(key, None)).collect();
        wait_all(deletes)
    })
}

/// Shows `visit` all keys that begin with `prefix`, page by page.
fn for_each_page(
    store: &KvStore,
    prefix: &str,
    mut visit: impl FnMut(&mut dyn Iterator<Item = Key<'_>>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut cursor: Option<String> = None;
    loop {
        let page =
            store.list(ListRequest { prefix, cursor: cursor.as_deref(), ..ListRequest::default() }).wait()?;
        // What comes out of a store is a key; the constructor is asked because only it makes one.
        visit(&mut page.keys.iter().filter_map(|key| Key::new(key).ok()))?;
        match page.next {
            Some(next) => cursor = Some(next.to_string()),
            None => return Ok(()),
        }
    }
}

fn wait_all<T>(replies: Vec<Reply<T>>) -> anyhow::Result<()> {
    for reply in replies {
        reply.wait()?;
    }
    Ok(())
}

/// Loads items into one store.
struct Loader<'a> {
    ledger: &'a Ledger,
    store: KvStore,
    batch: Vec<Write>,
    /// What is to be noted about items that are not written.
    notes: Vec<(KeyBuf, Record)>,
    bytes: usize,
}

/// An item that is to be written.
struct Write {
    item: Item,
    value: Bytes,
    hash: ItemHash,
    condition: GenerationMatch,
}

impl Write {
    /// What the ledger says until it is done.
    const fn intention(&self) -> Record {
        let before = match self.condition {
            GenerationMatch::Absent => None,
            GenerationMatch::Is(generation) => Some(generation.get()),
        };
        Record::Loading { before, item: self.hash }
    }
}

/// An entry as it is now.
#[derive(Debug, Clone, Copy)]
struct Current {
    generation: Generation,
    item: ItemHash,
}

impl Current {
    fn of(entry: &Entry) -> Self {
        Self { generation: entry.generation(), item: ItemHash::of(entry.value(), entry.metadata()) }
    }
}

impl Loader<'_> {
    /// Decides what becomes of an item, and puts it into the batch if it is to be written.
    fn add(&mut self, item: &Item) -> anyhow::Result<()> {
        let value = item.value()?;
        let hash = ItemHash::of(&value, &item.metadata);
        let key = item.key.as_key();
        let record = self.ledger.record(&self.store, key)?;
        let current = || anyhow::Ok(self.store.lookup(key).wait()?.as_ref().map(Current::of));
        match decide(record, hash, current)? {
            Decision::Nothing => {}
            Decision::Yield => {
                tracing::info!(store = %self.store.info().name, %key, "left as it is: a program has written it before");
                self.notes.push((item.key.clone(), Record::Yielded));
            }
            Decision::Adopt(generation) => {
                tracing::debug!(store = %self.store.info().name, %key, "was loaded by a start that did not get further");
                self.notes
                    .push((item.key.clone(), Record::Loaded { item: hash, generation: generation.get() }));
            }
            Decision::Write(condition) => {
                tracing::debug!(store = %self.store.info().name, %key, bytes = value.len(), "loading");
                self.bytes += value.len();
                self.batch.push(Write { item: item.clone(), value, hash, condition });
            }
        }
        if self.bytes >= BATCH_BYTES || self.batch.len() + self.notes.len() >= BATCH_ITEMS {
            self.write_batch()?;
        }
        Ok(())
    }

    /// Writes the batch: intentions, entries, and what became of them.
    fn write_batch(&mut self) -> anyhow::Result<()> {
        let batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        let set = |key: &KeyBuf, record: &Record| self.ledger.set(&self.store, key.as_key(), record);
        let notes = std::mem::take(&mut self.notes);
        let notes = notes.iter().map(|(key, record)| set(key, record));
        let intentions = batch.iter().map(|write| set(&write.item.key, &write.intention()));
        wait_all(notes.chain(intentions).collect::<Result<_, _>>()?)?;
        let inserts: Vec<_> = batch
            .into_iter()
            .map(|mut write| {
                let insert = Insert {
                    condition: Some(write.condition),
                    metadata: write.item.metadata.clone(),
                    ..Insert::new(std::mem::take(&mut write.value))
                };
                let reply = self.store.insert(write.item.key.as_key(), insert);
                (write, reply)
            })
            .collect();
        let mut records = Vec::with_capacity(inserts.len());
        for (write, reply) in inserts {
            let record = match reply.wait() {
                Ok(generation) => Record::Loaded { item: write.hash, generation: generation.get() },
                // In an engine that others use as well, one of them was faster.
                Err(KvError::PreconditionFailed) => Record::Yielded,
                Err(error) => {
                    return Err(error).with_context(|| format!("entry {:?}", write.item.key.as_str()));
                }
            };
            records.push(set(&write.item.key, &record)?);
        }
        wait_all(records)
    }
}

/// What becomes of an item.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    /// Nothing is done.
    Nothing,
    /// The entry was there before the item; it stays, now and later.
    Yield,
    /// The item is in the entry already, which has this generation; only the ledger does not know.
    Adopt(Generation),
    /// The item is written if the entry is still as it was seen.
    Write(GenerationMatch),
}

/// The rule: see the [module](self). `current` is the entry, and asked for only if it matters.
fn decide<E>(
    record: Option<Record>,
    item: ItemHash,
    current: impl FnOnce() -> Result<Option<Current>, E>,
) -> Result<Decision, E> {
    Ok(match record {
        None => match current()? {
            None => Decision::Write(GenerationMatch::Absent),
            Some(_) => Decision::Yield,
        },
        Some(Record::Loading { before, item: intended }) => match (before, current()?) {
            (None, None) => Decision::Write(GenerationMatch::Absent),
            (Some(before), Some(now)) if now.generation.get() == before => {
                Decision::Write(GenerationMatch::Is(now.generation))
            }
            (_, Some(now)) if now.item == intended && intended == item => Decision::Adopt(now.generation),
            // What was to be written was, and has changed in the manifest since.
            (_, Some(now)) if now.item == intended => Decision::Write(GenerationMatch::Is(now.generation)),
            _ => Decision::Yield,
        },
        Some(Record::Yielded) => Decision::Nothing,
        Some(Record::Loaded { item: loaded, .. }) if loaded == item => Decision::Nothing,
        Some(Record::Loaded { generation, .. }) => match current()? {
            Some(now) if now.generation.get() == generation => {
                Decision::Write(GenerationMatch::Is(now.generation))
            }
            _ => Decision::Nothing,
        },
    })
}

#[cfg(test)]
mod tests;
