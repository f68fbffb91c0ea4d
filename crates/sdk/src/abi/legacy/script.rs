//! A host for unit tests: it keeps bodies, answers store calls from a script, and notes what it was asked.
//!
//! It has the functions of the raw bindings, with raw pointers and all, so that the wrappers themselves are under test,
//! with answers that no correct host gives.
#![allow(clippy::too_many_arguments, reason = "the signatures are the ABI's")]

pub(crate) mod fastly_abi;
pub(crate) mod fastly_async_io;
pub(crate) mod fastly_compute_runtime;
pub(crate) mod fastly_http_body;
pub(crate) mod fastly_http_downstream;
pub(crate) mod fastly_http_req;
pub(crate) mod fastly_http_resp;
pub(crate) mod fastly_kv_store;
pub(crate) mod fastly_log;

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
