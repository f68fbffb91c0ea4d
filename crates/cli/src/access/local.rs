//! Operations on an engine.

use std::collections::VecDeque;
use std::io::Cursor;
use std::time::Duration;

use edgekv_store::{Clock, Insert, Key, KeyBuf, KvStore, StoreInfo, SystemClock, Timestamp, batch};

use super::{EntryAbout, Found, Put, StoreAbout};
use crate::exit::Failure;

/// Most deletes that wait for the disk.
const WINDOW: usize = 4096;

pub(super) fn about(info: &StoreInfo) -> StoreAbout {
    StoreAbout {
        name: info.name.to_string(),
        id: info.id.to_string(),
        created_at: time(info.created_at),
        updated_at: time(info.updated_at),
    }
}

/// As RFC 3339, in whole seconds.
fn time(at: Timestamp) -> String {
    let seconds = i64::try_from(at.as_micros() / 1_000_000).unwrap_or(i64::MAX);
    // What is later than the year 9999 has no such text.
    jiff::Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

pub(super) fn get(store: &KvStore, key: Key<'_>) -> Result<Option<Found>, Failure> {
    let now = SystemClock::new().now();
    Ok(store.lookup(key).wait()?.map(|entry| {
        let about = EntryAbout {
            generation: Some(entry.generation().get()),
            metadata: entry.metadata().as_bytes().to_vec(),
            time_to_live_sec: batch::remaining_seconds(&entry, now),
            bytes: Some(entry.value().len() as u64),
        };
        Found { about, value: Box::new(Cursor::new(entry.into_value())) }
    }))
}

pub(super) fn put(store: &KvStore, key: Key<'_>, put: Put) -> Result<u64, Failure> {
    let value = put.content.read(store.limits().max_value_bytes)?;
    let insert = Insert {
        mode: put.mode,
        condition: put.condition,
        metadata: put.metadata,
        time_to_live: put.time_to_live_sec.map(Duration::from_secs),
        background_fetch: put.background_fetch,
        ..Insert::new(value)
    };
    Ok(store.insert(key, insert).wait()?.get())
}

pub(super) fn delete_all(store: &KvStore, keys: &[KeyBuf]) -> Result<u64, Failure> {
    let mut deleted = 0;
    let mut waiting = VecDeque::new();
    for key in keys {
        waiting.push_back(store.delete(key.as_key(), None));
        if waiting.len() == WINDOW
            && let Some(oldest) = waiting.pop_front()
        {
            deleted += u64::from(oldest.wait()?);
        }
    }
    for reply in waiting {
        deleted += u64::from(reply.wait()?);
    }
    Ok(deleted)
}
