//! A host for unit tests: it keeps bodies, answers store calls from a script, and notes what it was asked.
//!
//! It has the functions of the raw bindings, with raw pointers and all, so that the wrappers themselves are under test,
//! with answers that no correct host gives.
#![allow(clippy::too_many_arguments, reason = "the signatures are the ABI's")]

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use edgekv_sys::{FastlyStatus as Status, KvError};

thread_local! {
    static HOST: RefCell<Host> = RefCell::default();
}

#[derive(Debug, Default)]
struct Host {
    answers: VecDeque<Answer>,
    calls: Vec<String>,
    bodies: BTreeMap<u32, Vec<u8>>,
    next_body: u32,
}

/// What the host answers to one call. A call on a body that no answer is for, works as it should.
#[derive(Debug)]
pub(crate) struct Answer {
    call: &'static str,
    status: Status,
    outcome: KvError,
    handle: Option<u32>,
    body: Option<Vec<u8>>,
    bytes: Vec<u8>,
    claimed: Option<usize>,
    number: u64,
}

/// An answer with status `ok` and outcome `ok` that stores nothing else.
pub(crate) fn answer(call: &'static str) -> Answer {
    Answer {
        call,
        status: Status::OK,
        outcome: KvError::OK,
        handle: None,
        body: None,
        bytes: Vec::new(),
        claimed: None,
        number: 0,
    }
}

impl Answer {
    pub(crate) fn status(self, status: Status) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn outcome(self, outcome: KvError) -> Self {
        Self { outcome, ..self }
    }

    /// Stores the handle of a store or of a pending operation.
    pub(crate) fn handle(self, handle: u32) -> Self {
        Self { handle: Some(handle), ..self }
    }

    /// Makes a body with these bytes and stores its handle.
    pub(crate) fn body(self, bytes: impl AsRef<[u8]>) -> Self {
        Self { body: Some(bytes.as_ref().to_vec()), ..self }
    }

    /// Stores these bytes in the buffer, as many as fit, and their length.
    pub(crate) fn bytes(self, bytes: impl AsRef<[u8]>) -> Self {
        Self { bytes: bytes.as_ref().to_vec(), ..self }
    }

    /// Stores this length, whatever the bytes are.
    pub(crate) fn claims(self, length: usize) -> Self {
        Self { claimed: Some(length), ..self }
    }

    /// Stores this generation, body length or cursor.
    pub(crate) fn number(self, number: u64) -> Self {
        Self { number, ..self }
    }
}

/// A script that runs on this thread.
#[derive(Debug)]
pub(crate) struct Script(());

/// Starts a script; what an earlier test on this thread left is forgotten.
pub(crate) fn start(answers: impl IntoIterator<Item = Answer>) -> Script {
    HOST.set(Host { answers: answers.into_iter().collect(), next_body: 100, ..Host::default() });
    Script(())
}

impl Script {
    /// Ends the script: every answer was given and every body closed. Returns the calls, in order.
    pub(crate) fn finish(self) -> Vec<String> {
        let host = HOST.take();
        assert!(host.answers.is_empty(), "never asked for: {:?}", host.answers);
        assert!(host.bodies.is_empty(), "left open: {:?}", host.bodies);
        host.calls
    }
}

/// Notes a call and takes the answer for it, if the script has one.
fn asked(call: &'static str, arguments: &str) -> Option<Answer> {
    HOST.with_borrow_mut(|host| {
        host.calls.push(format!("{call}{arguments}"));
        host.answers.pop_front_if(|answer| answer.call == call)
    })
}

/// As [`asked`], for calls that have no behaviour of their own.
fn scripted(call: &'static str, arguments: &str) -> Answer {
    asked(call, arguments).unwrap_or_else(|| {
        HOST.with_borrow(|host| {
            panic!("`{call}` is not what the script has next: {:?}", host.answers.front())
        })
    })
}

fn add_body(bytes: Vec<u8>) -> u32 {
    HOST.with_borrow_mut(|host| {
        host.next_body += 1;
        host.bodies.insert(host.next_body, bytes);
        host.next_body
    })
}

fn with_body(body: u32, act: impl FnOnce(&mut Vec<u8>) -> Status) -> Status {
    HOST.with_borrow_mut(|host| host.bodies.get_mut(&body).map_or(Status::BADF, act))
}

/// Copies as much as fits to `to`, and returns the length to report.
///
/// # Safety
///
/// `to` must be valid for writes of `room` bytes.
unsafe fn fill(answer: &Answer, to: *mut u8, room: usize) -> usize {
    let length = answer.bytes.len().min(room);
    // SAFETY: promised by the caller, and a vector does not overlap the caller's buffer.
    unsafe { to.copy_from_nonoverlapping(answer.bytes.as_ptr(), length) };
    answer.claimed.unwrap_or(answer.bytes.len())
}

/// # Safety
///
/// `at` must be null, or valid for reads of `length` bytes.
unsafe fn text(at: *const u8, length: usize) -> String {
    if at.is_null() {
        return "-".to_owned();
    }
    // SAFETY: promised by the caller.
    String::from_utf8_lossy(unsafe { std::slice::from_raw_parts(at, length) }).into_owned()
}

/// The functions of the import module of the same name.
pub(crate) mod fastly_kv_store {
    use edgekv_sys::{
        BodyHandle, KvDeleteConfig, KvDeleteConfigV2, KvInsertConfig, KvListConfig, KvLookupConfig,
        KvStoreDeleteHandle, KvStoreHandle, KvStoreInsertHandle, KvStoreListHandle, KvStoreLookupHandle,
    };

    use super::*;

    /// Does what all start calls do.
    ///
    /// # Safety
    ///
    /// `out` must be valid for writes.
    unsafe fn begin<T>(answer: &Answer, out: *mut T, handle: impl FnOnce(u32) -> T) -> Status {
        if let Some(number) = answer.handle {
            // SAFETY: promised by the caller.
            unsafe { out.write(handle(number)) };
        }
        answer.status
    }

    pub(crate) unsafe fn open(name: *const u8, name_len: usize, store_out: *mut KvStoreHandle) -> Status {
        // SAFETY: the pointers are those of the wrapper under test; the same holds below.
        unsafe { begin(&scripted("open", &format!(" {}", text(name, name_len))), store_out, KvStoreHandle) }
    }

    pub(crate) unsafe fn lookup(
        store: KvStoreHandle,
        key: *const u8,
        key_len: usize,
        mask: u32,
        _: *const KvLookupConfig,
        pending_out: *mut KvStoreLookupHandle,
    ) -> Status {
        // SAFETY: see `open`.
        unsafe {
            let line = format!(" {} {} mask={mask:b}", store.0, text(key, key_len));
            begin(&scripted("lookup", &line), pending_out, KvStoreLookupHandle)
        }
    }

    pub(crate) unsafe fn lookup_wait_v2(
        pending: KvStoreLookupHandle,
        body_out: *mut BodyHandle,
        metadata_buf: *mut u8,
        metadata_buf_len: usize,
        nwritten_out: *mut usize,
        generation_out: *mut u64,
        kv_error_out: *mut KvError,
    ) -> Status {
        let answer = scripted("lookup_wait_v2", &format!(" {} room={metadata_buf_len}", pending.0));
        // SAFETY: see `open`.
        unsafe {
            nwritten_out.write(fill(&answer, metadata_buf, metadata_buf_len));
            generation_out.write(answer.number);
            kv_error_out.write(answer.outcome);
            if let Some(bytes) = answer.body {
                body_out.write(BodyHandle(add_body(bytes)));
            }
        }
        answer.status
    }

    pub(crate) unsafe fn insert(
        store: KvStoreHandle,
        key: *const u8,
        key_len: usize,
        body: BodyHandle,
        mask: u32,
        config: *const KvInsertConfig,
        pending_out: *mut KvStoreInsertHandle,
    ) -> Status {
        let value = HOST.with_borrow_mut(|host| host.bodies.remove(&body.0)).unwrap();
        // SAFETY: see `open`.
        unsafe {
            let config = *config;
            let line = format!(
                " {} {}={} mask={mask:b} mode={} metadata={} ttl={} generation={}",
                store.0,
                text(key, key_len),
                String::from_utf8_lossy(&value),
                config.mode.0,
                text(config.metadata, config.metadata_len),
                config.time_to_live_sec,
                config.if_generation_match,
            );
            begin(&scripted("insert", &line), pending_out, KvStoreInsertHandle)
        }
    }

    pub(crate) unsafe fn insert_wait(pending: KvStoreInsertHandle, kv_error_out: *mut KvError) -> Status {
        let answer = scripted("insert_wait", &format!(" {}", pending.0));
        // SAFETY: see `open`.
        unsafe { kv_error_out.write(answer.outcome) };
        answer.status
    }

    pub(crate) unsafe fn delete(
        store: KvStoreHandle,
        key: *const u8,
        key_len: usize,
        mask: u32,
        config: *const KvDeleteConfig,
        pending_out: *mut KvStoreDeleteHandle,
    ) -> Status {
        // SAFETY: see `open`; the mask says that the record is the longer one.
        unsafe {
            let generation =
                if mask & 2 == 0 { 0 } else { (*config.cast::<KvDeleteConfigV2>()).if_generation_match };
            let line = format!(" {} {} mask={mask:b} generation={generation}", store.0, text(key, key_len));
            begin(&scripted("delete", &line), pending_out, KvStoreDeleteHandle)
        }
    }

    pub(crate) unsafe fn delete_wait(pending: KvStoreDeleteHandle, kv_error_out: *mut KvError) -> Status {
        let answer = scripted("delete_wait", &format!(" {}", pending.0));
        // SAFETY: see `open`.
        unsafe { kv_error_out.write(answer.outcome) };
        answer.status
    }

    pub(crate) unsafe fn list(
        store: KvStoreHandle,
        mask: u32,
        config: *const KvListConfig,
        pending_out: *mut KvStoreListHandle,
    ) -> Status {
        // SAFETY: see `open`.
        unsafe {
            let config = *config;
            let line = format!(
                " {} mask={mask:b} mode={} cursor={} limit={} prefix={}",
                store.0,
                config.mode.0,
                text(config.cursor, config.cursor_len),
                config.limit,
                text(config.prefix, config.prefix_len),
            );
            begin(&scripted("list", &line), pending_out, KvStoreListHandle)
        }
    }

    pub(crate) unsafe fn list_wait(
        pending: KvStoreListHandle,
        body_out: *mut BodyHandle,
        kv_error_out: *mut KvError,
    ) -> Status {
        let answer = scripted("list_wait", &format!(" {}", pending.0));
        // SAFETY: see `open`.
        unsafe {
            kv_error_out.write(answer.outcome);
            if let Some(bytes) = answer.body {
                body_out.write(BodyHandle(add_body(bytes)));
            }
        }
        answer.status
    }
}

/// The functions of the import module of the same name.
pub(crate) mod fastly_http_body {
    use edgekv_sys::{BodyHandle, BodyWriteEnd};

    use super::*;

    pub(crate) unsafe fn new(handle_out: *mut BodyHandle) -> Status {
        if let Some(answer) = asked("new", "") {
            return answer.status;
        }
        // SAFETY: the pointers are those of the wrapper under test; the same holds below.
        unsafe { handle_out.write(BodyHandle(add_body(Vec::new()))) };
        Status::OK
    }

    pub(crate) unsafe fn append(dst: BodyHandle, src: BodyHandle) -> Status {
        asked("append", "");
        let more = HOST.with_borrow_mut(|host| host.bodies.remove(&src.0)).unwrap();
        with_body(dst.0, |bytes| {
            bytes.extend(more);
            Status::OK
        })
    }

    pub(crate) unsafe fn read(
        body: BodyHandle,
        buf: *mut u8,
        buf_len: usize,
        nread_out: *mut usize,
    ) -> Status {
        if let Some(answer) = asked("read", &format!(" room={buf_len}")) {
            // SAFETY: see `new`.
            unsafe { nread_out.write(fill(&answer, buf, buf_len)) };
            return answer.status;
        }
        with_body(body.0, |bytes| {
            let rest = bytes.split_off(bytes.len().min(buf_len));
            // SAFETY: see `new`.
            unsafe { nread_out.write(fill(&answer("read").bytes(&*bytes), buf, buf_len)) };
            *bytes = rest;
            Status::OK
        })
    }

    pub(crate) unsafe fn write(
        body: BodyHandle,
        buf: *const u8,
        buf_len: usize,
        end: u32,
        nwritten_out: *mut usize,
    ) -> Status {
        let answer = asked("write", &format!(" {buf_len} end={end}"));
        let (status, written) =
            answer.map_or((Status::OK, buf_len), |answer| (answer.status, answer.claimed.unwrap_or(buf_len)));
        // SAFETY: see `new`.
        let given = unsafe { std::slice::from_raw_parts(buf, written.min(buf_len)) };
        // SAFETY: see `new`.
        unsafe { nwritten_out.write(written) };
        with_body(body.0, |bytes| {
            let at = if end == BodyWriteEnd::FRONT.0 { 0 } else { bytes.len() };
            bytes.splice(at..at, given.iter().copied());
            status
        })
    }

    pub(crate) unsafe fn close(body: BodyHandle) -> Status {
        asked("close", "");
        HOST.with_borrow_mut(|host| host.bodies.remove(&body.0)).map_or(Status::BADF, |_| Status::OK)
    }

    pub(crate) unsafe fn known_length(body: BodyHandle, length_out: *mut u64) -> Status {
        let answer = asked("known_length", "");
        with_body(body.0, |bytes| {
            // SAFETY: see `new`.
            unsafe { length_out.write(answer.as_ref().map_or(bytes.len() as u64, |answer| answer.number)) };
            answer.map_or(Status::OK, |answer| answer.status)
        })
    }

    pub(crate) unsafe fn trailer_append(
        _: BodyHandle,
        name: *const u8,
        name_len: usize,
        value: *const u8,
        value_len: usize,
    ) -> Status {
        // SAFETY: see `new`.
        let line = unsafe { format!(" {}: {}", text(name, name_len), text(value, value_len)) };
        scripted("trailer_append", &line).status
    }

    pub(crate) unsafe fn trailer_names_get(
        _: BodyHandle,
        buf: *mut u8,
        buf_len: usize,
        cursor: u32,
        ending_cursor_out: *mut i64,
        nwritten_out: *mut usize,
    ) -> Status {
        let answer = scripted("trailer_names_get", &format!(" cursor={cursor} room={buf_len}"));
        // SAFETY: see `new`.
        unsafe {
            nwritten_out.write(fill(&answer, buf, buf_len));
            ending_cursor_out.write(answer.number.cast_signed());
        }
        answer.status
    }

    pub(crate) unsafe fn trailer_values_get(
        body: BodyHandle,
        _: *const u8,
        _: usize,
        buf: *mut u8,
        buf_len: usize,
        cursor: u32,
        ending_cursor_out: *mut i64,
        nwritten_out: *mut usize,
    ) -> Status {
        // SAFETY: see `new`; both functions answer in the same form.
        unsafe { trailer_names_get(body, buf, buf_len, cursor, ending_cursor_out, nwritten_out) }
    }
}
