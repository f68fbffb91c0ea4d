//! What guests usually do, in terms of the raw calls.

use crate::guest::{Guest, kv, status};

/// The options of an insert, as a guest lays them out.
#[derive(Debug, Clone, Copy, Default)]
pub struct InsertOptions<'a> {
    pub mask: u32,
    pub mode: u32,
    pub metadata: &'a [u8],
    pub time_to_live_sec: u32,
    pub if_generation_match: u64,
}

pub const BACKGROUND_FETCH: u32 = 1 << 1;
pub const METADATA: u32 = 1 << 3;
pub const TIME_TO_LIVE: u32 = 1 << 4;
pub const IF_GENERATION: u32 = 1 << 5;

pub const ADD: u32 = 1;
pub const APPEND: u32 = 2;
pub const PREPEND: u32 = 3;

pub const LIST_CURSOR: u32 = 1 << 1;
pub const LIST_LIMIT: u32 = 1 << 2;
pub const LIST_PREFIX: u32 = 1 << 3;

/// The options of a list, as a guest lays them out.
#[derive(Debug, Clone, Copy, Default)]
pub struct ListOptions<'a> {
    pub mask: u32,
    pub mode: u32,
    pub cursor: &'a [u8],
    pub limit: u32,
    pub prefix: &'a [u8],
}

impl<'a> ListOptions<'a> {
    pub fn limit(self, limit: u32) -> Self {
        Self { mask: self.mask | LIST_LIMIT, limit, ..self }
    }

    pub fn prefix(self, prefix: &'a str) -> Self {
        Self { mask: self.mask | LIST_PREFIX, prefix: prefix.as_bytes(), ..self }
    }

    pub fn cursor(self, cursor: &'a str) -> Self {
        Self { mask: self.mask | LIST_CURSOR, cursor: cursor.as_bytes(), ..self }
    }
}

/// An entry, as a guest sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub value: Vec<u8>,
    pub metadata: Vec<u8>,
    pub generation: u64,
}

impl Guest {
    pub fn open(&mut self, name: &str) -> u32 {
        let (name, length) = self.put(name.as_bytes());
        let out = self.out();
        assert_eq!(self.kv("open", &[name, length, out]), status::OK);
        self.u32(out)
    }

    pub fn new_body(&mut self, bytes: &[u8]) -> u32 {
        let out = self.out();
        assert_eq!(self.body("new", &[out]), status::OK);
        let body = self.u32(out);
        let (at, length) = self.put(bytes);
        assert_eq!(self.body("write", &[body, at, length, 0, out]), status::OK);
        assert_eq!(self.u32(out), length);
        body
    }

    /// Reads a body to its end.
    pub fn read_all(&mut self, body: u32) -> Vec<u8> {
        const BUFFER: u32 = 1 << 16;
        let (buffer, out) = (self.alloc(BUFFER), self.out());
        let mut all = Vec::new();
        loop {
            assert_eq!(self.body("read", &[body, buffer, BUFFER, out]), status::OK);
            match self.u32(out) {
                0 => return all,
                read => all.extend(self.bytes(buffer..buffer + read)),
            }
        }
    }

    pub fn insert_record(&mut self, options: InsertOptions<'_>) -> u32 {
        let (metadata, metadata_length) = self.put(options.metadata);
        let record = self.alloc(32);
        for (offset, field) in
            [(0, options.mode), (8, metadata), (12, metadata_length), (16, options.time_to_live_sec)]
        {
            self.write(record + offset, &field.to_le_bytes());
        }
        self.write(record + 24, &options.if_generation_match.to_le_bytes());
        record
    }

    /// Starts an insert: its status and pending handle.
    pub fn start_insert(
        &mut self,
        store: u32,
        key: &[u8],
        body: u32,
        options: InsertOptions<'_>,
    ) -> (i32, u32) {
        let record = self.insert_record(options);
        let ((key, key_length), out) = (self.put(key), self.out());
        let status = self.kv("insert", &[store, key, key_length, body, options.mask, record, out]);
        (status, self.u32(out))
    }

    /// Waits for an insert or a delete: its `kv_error`.
    pub fn wait(&mut self, function: &str, pending: u32) -> u32 {
        let out = self.out();
        assert_eq!(self.kv(function, &[pending, out]), status::OK);
        self.u32(out)
    }

    /// Inserts: the `kv_error`.
    pub fn insert_with(&mut self, store: u32, key: &str, value: &[u8], options: InsertOptions<'_>) -> u32 {
        let body = self.new_body(value);
        let (status, pending) = self.start_insert(store, key.as_bytes(), body, options);
        assert_eq!(status, status::OK);
        self.wait("insert_wait", pending)
    }

    pub fn insert(&mut self, store: u32, key: &str, value: &[u8]) {
        assert_eq!(self.insert_with(store, key, value, InsertOptions::default()), kv::OK);
    }

    /// Starts a lookup: its status and pending handle.
    pub fn start_lookup(&mut self, store: u32, key: &[u8]) -> (i32, u32) {
        let ((key, length), record, out) = (self.put(key), self.out(), self.out());
        let status = self.kv("lookup", &[store, key, length, 0, record, out]);
        (status, self.u32(out))
    }

    /// Looks up: the entry, if there is one.
    pub fn lookup(&mut self, store: u32, key: &str) -> Option<Found> {
        const METADATA_BYTES: u32 = 2_000;
        let (status, pending) = self.start_lookup(store, key.as_bytes());
        assert_eq!(status, status::OK);
        let (body, used, generation, error) = (self.out(), self.out(), self.out(), self.out());
        let metadata = self.alloc(METADATA_BYTES);
        let status =
            self.kv("lookup_wait_v2", &[pending, body, metadata, METADATA_BYTES, used, generation, error]);
        assert_eq!(status, status::OK);
        if self.u32(error) == kv::NOT_FOUND {
            return None;
        }
        assert_eq!(self.u32(error), kv::OK);
        let body = self.u32(body);
        let value = self.read_all(body);
        assert_eq!(self.body("close", &[body]), status::OK);
        let length = self.u32(used);
        let metadata = self.bytes(metadata..metadata + length);
        Some(Found { value, metadata, generation: self.u64(generation) })
    }

    /// The value under a key.
    pub fn value(&mut self, store: u32, key: &str) -> Option<Vec<u8>> {
        self.lookup(store, key).map(|found| found.value)
    }

    /// Starts a delete with a record and a mask: its status and pending handle.
    pub fn start_delete(&mut self, store: u32, key: &[u8], mask: u32, record: u32) -> (i32, u32) {
        let ((key, length), out) = (self.put(key), self.out());
        let status = self.kv("delete", &[store, key, length, mask, record, out]);
        (status, self.u32(out))
    }

    /// Deletes: the `kv_error`.
    pub fn delete(&mut self, store: u32, key: &str) -> u32 {
        let record = self.out();
        let (status, pending) = self.start_delete(store, key.as_bytes(), 0, record);
        assert_eq!(status, status::OK);
        self.wait("delete_wait", pending)
    }

    /// Starts a list: its status and pending handle.
    pub fn start_list(&mut self, store: u32, options: ListOptions<'_>) -> (i32, u32) {
        let (cursor, cursor_length) = self.put(options.cursor);
        let (prefix, prefix_length) = self.put(options.prefix);
        let (record, out) = (self.alloc(24), self.out());
        let fields = [options.mode, cursor, cursor_length, options.limit, prefix, prefix_length];
        for (offset, field) in (0..).step_by(4).zip(fields) {
            self.write(record + offset, &field.to_le_bytes());
        }
        let status = self.kv("list", &[store, options.mask, record, out]);
        (status, self.u32(out))
    }

    /// Lists: the page's document, or the `kv_error`.
    pub fn list(&mut self, store: u32, options: ListOptions<'_>) -> Result<serde_json::Value, u32> {
        let (status, pending) = self.start_list(store, options);
        assert_eq!(status, status::OK);
        let (body, error) = (self.out(), self.out());
        assert_eq!(self.kv("list_wait", &[pending, body, error]), status::OK);
        if self.u32(error) != kv::OK {
            return Err(self.u32(error));
        }
        let body = self.u32(body);
        let document = self.read_all(body);
        assert_eq!(self.body("close", &[body]), status::OK);
        Ok(serde_json::from_slice(&document).unwrap())
    }

    /// Puts numbers into memory: where they are, and how many.
    pub fn put_numbers(&mut self, numbers: &[u32]) -> (u32, u32) {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        let (at, length) = self.put(&bytes);
        (at, length / 4)
    }

    /// Waits for one of several items: the index, or `u32::MAX` when the time is over.
    pub fn select(&mut self, items: &[u32], timeout_ms: u32) -> u32 {
        let ((at, count), out) = (self.put_numbers(items), self.out());
        assert_eq!(self.async_io("select", &[at, count, timeout_ms, out]), status::OK);
        self.u32(out)
    }

    /// Whether an item is ready.
    pub fn is_ready(&mut self, item: u32) -> bool {
        let out = self.out();
        assert_eq!(self.async_io("is_ready", &[item, out]), status::OK);
        match self.u32(out) {
            0 => false,
            1 => true,
            other => panic!("is_ready stored {other}"),
        }
    }
}
