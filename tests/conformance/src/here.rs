//! Where cases work: the stores, keys that are the case's own, and operations in as few words as cases need.

use std::cell::Cell;
use std::time::SystemTime;

use edgekv_sys::{FastlyStatus, KvError, KvInsertConfigOptions as Insert, KvListConfigOptions as List};
use serde_json::Value;

use crate::abi::{async_io, body, kv};
use crate::case::{Failure, Outcome, holds, same};
use crate::memory::{READ, bytes, number, out, put, put_numbers, read_buffer, wide, write};
use crate::seeded::{SEEDED, STORE};

/// "None", for handles of every kind.
pub(crate) const INVALID_HANDLE: u32 = 0xffff_fffe;

pub(crate) struct Here {
    /// A store that is the program's own.
    pub(crate) store: u32,
    /// A store with entries that are known.
    pub(crate) seeded: u32,
    /// What all keys of this run begin with.
    run: String,
    /// What all keys of this case begin with.
    prefix: String,
    /// Why the case that runs could not look.
    skipped: Cell<Option<&'static str>>,
}

/// What a lookup has found.
#[derive(Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) value: Vec<u8>,
    pub(crate) metadata: Vec<u8>,
    pub(crate) generation: u64,
}

/// The record of an insert; the mask says which fields count.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct InsertOptions<'a> {
    pub(crate) mask: u32,
    pub(crate) mode: u32,
    pub(crate) metadata: &'a [u8],
    pub(crate) time_to_live_sec: u32,
    pub(crate) if_generation_match: u64,
}

pub(crate) const OVERWRITE: u32 = 0;
pub(crate) const ADD: u32 = 1;
pub(crate) const APPEND: u32 = 2;
pub(crate) const PREPEND: u32 = 3;

impl<'a> InsertOptions<'a> {
    pub(crate) fn mode(mode: u32) -> Self {
        Self { mode, ..Self::default() }
    }

    pub(crate) fn metadata(metadata: &'a [u8]) -> Self {
        Self { mask: Insert::METADATA.bits(), metadata, ..Self::default() }
    }

    pub(crate) fn time_to_live(time_to_live_sec: u32) -> Self {
        Self { mask: Insert::TIME_TO_LIVE_SEC.bits(), time_to_live_sec, ..Self::default() }
    }

    pub(crate) fn if_generation(if_generation_match: u64) -> Self {
        Self { mask: Insert::IF_GENERATION_MATCH.bits(), if_generation_match, ..Self::default() }
    }

    /// The record in memory.
    pub(crate) fn record(&self) -> u32 {
        let (metadata, length) = put(self.metadata);
        let mut record = [0; 32];
        for (at, number) in [(0, self.mode), (8, metadata), (12, length), (16, self.time_to_live_sec)] {
            record[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        record[24..].copy_from_slice(&self.if_generation_match.to_le_bytes());
        put(&record).0
    }
}

/// The record of a list; the mask says which fields count.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ListOptions<'a> {
    pub(crate) mask: u32,
    pub(crate) mode: u32,
    pub(crate) cursor: &'a [u8],
    pub(crate) limit: u32,
    pub(crate) prefix: &'a [u8],
}

impl<'a> ListOptions<'a> {
    pub(crate) fn prefix(self, prefix: &'a str) -> Self {
        Self { mask: self.mask | List::PREFIX.bits(), prefix: prefix.as_bytes(), ..self }
    }

    pub(crate) fn limit(self, limit: u32) -> Self {
        Self { mask: self.mask | List::LIMIT.bits(), limit, ..self }
    }

    pub(crate) fn cursor(self, cursor: &'a str) -> Self {
        Self { mask: self.mask | List::CURSOR.bits(), cursor: cursor.as_bytes(), ..self }
    }

    /// The record in memory.
    pub(crate) fn record(&self) -> u32 {
        let ((cursor, cursor_length), (prefix, prefix_length)) = (put(self.cursor), put(self.prefix));
        put_numbers(&[self.mode, cursor, cursor_length, self.limit, prefix, prefix_length]).0
    }
}

/// What a call has stored as a handle, if it went well.
fn handle(what: &str, status: FastlyStatus, out: u32) -> Result<u32, Failure> {
    same(format!("status of {what}"), status, FastlyStatus::OK)?;
    Ok(number(out))
}

impl Here {
    pub(crate) fn new() -> Result<Self, Failure> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
        let run = format!("c{now:x}/");
        let (store, seeded) = (open(STORE)?, open(SEEDED)?);
        Ok(Self { store, seeded, prefix: run.clone(), run, skipped: Cell::new(None) })
    }

    /// Another case begins.
    pub(crate) fn begin(&mut self, case: &str) {
        self.prefix = format!("{}{case}/", self.run);
    }

    /// What the case is about cannot be looked at here; it ends, and says so.
    #[allow(clippy::unnecessary_wraps, reason = "it is the end of a case")]
    pub(crate) fn skip(&self, reason: &'static str) -> Outcome {
        self.skipped.set(Some(reason));
        Ok(())
    }

    /// The case has ended: its blocks are free, and this is why it has not looked, if it has not.
    pub(crate) fn end(&self) -> Option<&'static str> {
        crate::memory::free_blocks();
        self.skipped.take()
    }

    /// Removes all keys of this run, as far as that goes.
    pub(crate) fn clean_up(&self) {
        let run = self.run.clone();
        while let Ok(Ok(page)) = self.list(ListOptions::default().prefix(&run)) {
            let keys: Vec<_> = keys(&page);
            let started = keys.iter().filter_map(|key| self.start_delete(key.as_bytes()).ok());
            let removed = started.collect::<Vec<_>>().into_iter().filter(|pending| {
                let error = out();
                kv::delete_wait(&[*pending, error]) == FastlyStatus::OK && number(error) == KvError::OK.0
            });
            if removed.count() == 0 {
                return;
            }
        }
    }

    /// A key of this case.
    pub(crate) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// What all keys of this case begin with.
    pub(crate) fn prefix(&self) -> String {
        self.prefix.clone()
    }

    pub(crate) fn start_lookup(&self, key: &[u8]) -> Result<u32, Failure> {
        let ((key, length), pending) = (put(key), out());
        handle("lookup", kv::lookup(&[self.store, key, length, 0, put(&[0; 4]).0, pending]), pending)
    }

    /// Looks up one of the case's keys.
    pub(crate) fn lookup(&self, name: &str) -> Result<Option<Found>, Failure> {
        self.lookup_raw(self.key(name).as_bytes())
    }

    pub(crate) fn lookup_raw(&self, key: &[u8]) -> Result<Option<Found>, Failure> {
        finish_lookup(self.start_lookup(key)?)
    }

    /// The value of one of the case's keys, as text.
    pub(crate) fn value(&self, name: &str) -> Result<Option<String>, Failure> {
        Ok(self.lookup(name)?.map(|found| String::from_utf8_lossy(&found.value).into_owned()))
    }

    pub(crate) fn start_insert(
        &self,
        key: &[u8],
        value: &[u8],
        options: InsertOptions<'_>,
    ) -> Result<u32, Failure> {
        let ((key, length), pending, value) = (put(key), out(), body_of(value)?);
        let status = kv::insert(&[self.store, key, length, value, options.mask, options.record(), pending]);
        handle("insert", status, pending)
    }

    /// Writes one of the case's keys.
    pub(crate) fn insert(&self, name: &str, value: &[u8]) -> Outcome {
        same("outcome of insert", self.insert_with(name, value, InsertOptions::default())?, KvError::OK)
    }

    pub(crate) fn insert_with(
        &self,
        name: &str,
        value: &[u8],
        options: InsertOptions<'_>,
    ) -> Result<KvError, Failure> {
        self.insert_raw(self.key(name).as_bytes(), value, options)
    }

    pub(crate) fn insert_raw(
        &self,
        key: &[u8],
        value: &[u8],
        options: InsertOptions<'_>,
    ) -> Result<KvError, Failure> {
        wait("insert_wait", kv::insert_wait, self.start_insert(key, value, options)?)
    }

    pub(crate) fn start_delete(&self, key: &[u8]) -> Result<u32, Failure> {
        let ((key, length), pending) = (put(key), out());
        handle("delete", kv::delete(&[self.store, key, length, 0, put(&[0; 4]).0, pending]), pending)
    }

    /// Deletes one of the case's keys.
    pub(crate) fn delete(&self, name: &str) -> Result<KvError, Failure> {
        self.delete_raw(self.key(name).as_bytes())
    }

    pub(crate) fn delete_raw(&self, key: &[u8]) -> Result<KvError, Failure> {
        wait("delete_wait", kv::delete_wait, self.start_delete(key)?)
    }

    pub(crate) fn start_list(&self, options: ListOptions<'_>) -> Result<u32, Failure> {
        start_list(self.store, options)
    }

    /// A page, or what is wrong with the request.
    pub(crate) fn list(&self, options: ListOptions<'_>) -> Result<Result<Value, KvError>, Failure> {
        finish_list(self.start_list(options)?)
    }

    /// A page that has to be there.
    pub(crate) fn page(&self, options: ListOptions<'_>) -> Result<Value, Failure> {
        self.list(options)?.map_err(|error| Failure {
            what: "outcome of list".to_owned(),
            expected: format!("{:?}", KvError::OK),
            got: format!("{error:?}"),
        })
    }
}

/// Opens a store that is there.
pub(crate) fn open(name: &str) -> Result<u32, Failure> {
    let ((at, length), store) = (put(name.as_bytes()), out());
    handle(&format!("open of \"{name}\""), kv::open(&[at, length, store]), store)
}

pub(crate) fn start_list(store: u32, options: ListOptions<'_>) -> Result<u32, Failure> {
    let pending = out();
    handle("list", kv::list(&[store, options.mask, options.record(), pending]), pending)
}

pub(crate) fn finish_list(pending: u32) -> Result<Result<Value, KvError>, Failure> {
    let (handle, error) = (out(), out());
    same("status of list_wait", kv::list_wait(&[pending, handle, error]), FastlyStatus::OK)?;
    match KvError(number(error)) {
        KvError::OK => {
            let document = read_all(number(handle))?;
            let text = String::from_utf8_lossy(&document).into_owned();
            let page = serde_json::from_slice(&document);
            page.map(Ok).map_err(|error| Failure {
                what: "document of list".to_owned(),
                expected: "JSON".to_owned(),
                got: format!("{text:?}: {error}"),
            })
        }
        error => Ok(Err(error)),
    }
}

/// The keys of a page.
pub(crate) fn keys(page: &Value) -> Vec<String> {
    let data = page.get("data").and_then(Value::as_array);
    data.into_iter().flatten().filter_map(|key| key.as_str().map(str::to_owned)).collect()
}

/// The cursor of a page.
pub(crate) fn next_cursor(page: &Value) -> Option<&str> {
    page.get("meta")?.get("next_cursor")?.as_str()
}

/// Waits for an insert or a delete.
pub(crate) fn wait(what: &str, function: crate::abi::Function, pending: u32) -> Result<KvError, Failure> {
    let error = out();
    same(format!("status of {what}"), function(&[pending, error]), FastlyStatus::OK)?;
    Ok(KvError(number(error)))
}

/// Waits for a lookup; only "found" and "not found" are fine.
pub(crate) fn finish_lookup(pending: u32) -> Result<Option<Found>, Failure> {
    let [handle, used, generation, error] = [(); 4].map(|()| out());
    let metadata = crate::memory::block(2_000);
    let status = kv::lookup_wait_v2(&[pending, handle, metadata, 2_000, used, generation, error]);
    same("status of lookup_wait_v2", status, FastlyStatus::OK)?;
    match KvError(number(error)) {
        KvError::NOT_FOUND => Ok(None),
        error => {
            same("outcome of lookup", error, KvError::OK)?;
            let used = number(used);
            holds("length of metadata", used <= 2_000, "at most the length of the buffer", used)?;
            let value = read_all(number(handle))?;
            Ok(Some(Found { value, metadata: bytes(metadata, used), generation: wide(generation) }))
        }
    }
}

/// A body with these bytes.
pub(crate) fn body_of(value: &[u8]) -> Result<u32, Failure> {
    let out = out();
    let body = handle("new", body::new(&[out]), out)?;
    append(body, value)?;
    Ok(body)
}

/// Writes bytes at the back of a body.
pub(crate) fn append(body: u32, value: &[u8]) -> Outcome {
    if value.is_empty() {
        return Ok(());
    }
    let ((at, length), written) = (put(value), out());
    same("status of write", body::write(&[body, at, length, 0, written]), FastlyStatus::OK)?;
    same("bytes that write took", number(written), length)
}

/// Reads a body to its end, and closes it.
pub(crate) fn read_all(body: u32) -> Result<Vec<u8>, Failure> {
    let (buffer, read) = (read_buffer(), out());
    let mut all = Vec::new();
    loop {
        same("status of read", body::read(&[body, buffer, READ, read]), FastlyStatus::OK)?;
        match number(read) {
            0 => break,
            read => all.extend(bytes(buffer, read.min(READ))),
        }
    }
    same("status of close", body::close(&[body]), FastlyStatus::OK)?;
    Ok(all)
}

/// Lets so many milliseconds pass.
pub(crate) fn pause(milliseconds: u32) -> Outcome {
    let status = async_io::select(&[0, 0, milliseconds, out()]);
    same("status of select of nothing", status, FastlyStatus::OK)
}

/// The body is there no more.
pub(crate) fn is_gone(body: u32) -> Outcome {
    same("status of close, afterwards", body::close(&[body]), FastlyStatus::BADF)
}

/// A variable that nobody has written to.
pub(crate) fn is_untouched(what: &str, at: u32) -> Outcome {
    same(what, number(at), crate::memory::UNTOUCHED)
}

/// Writes a number into a record.
pub(crate) fn set(record: u32, offset: u32, number: u32) {
    write(record + offset, &number.to_le_bytes());
}
