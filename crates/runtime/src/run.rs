//! What is given to a run of a guest, and what is known when it is over.

use std::fmt;

use edgekv_host::KvCtx;
use edgekv_store::StoreName;

use crate::environment::{Environment, TraceId};
use crate::escaped::Escaped;
use crate::lines::LineSink;
use crate::trap::TrapReport;

/// What one run on the calling thread is given, by [`Program::run`](crate::Program::run). Its standard streams are those of
/// the process.
#[derive(Debug)]
pub struct Launch<'a> {
    /// Its handles and limits, and the stores that it may open.
    pub kv: KvCtx,
    /// Its arguments, without its own name.
    pub args: &'a [String],
    /// Its environment variables.
    pub environment: &'a Environment,
}

/// What one run among others is given, by [`Program::call`](crate::Program::call). It has no arguments, and its standard input
/// is empty.
pub struct Call<'a> {
    /// Its handles and limits, the stores that it may open, and what it answers to.
    pub kv: KvCtx,
    /// Its environment variables.
    pub environment: &'a Environment,
    /// The value of `FASTLY_TRACE_ID`.
    pub trace_id: TraceId,
    /// What it prints on standard output.
    pub stdout: Box<dyn LineSink>,
    /// What it prints on standard error.
    pub stderr: Box<dyn LineSink>,
}

/// How a guest ended.
#[derive(Debug)]
pub enum End {
    /// By itself, with this status; 0 also when it just returned.
    Exited(i32),
    /// By a trap.
    Trapped(TrapReport),
    /// By writing to standard output when nobody reads it any more; only under [`Program::run`](crate::Program::run).
    ReaderGone,
    /// By returning without an answer to the request that it was given; only components, which answer by a call of their own.
    Unanswered(Unanswered),
}

/// What a component left instead of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unanswered {
    /// Nothing.
    Nothing,
    /// An error of its own: `internal-error` or `configuration-error` of `wasi:http`, in words.
    Failure(String),
    /// Another error of `wasi:http`, in words: what it needed from elsewhere did not come.
    Upstream(String),
    /// A response with a status that cannot end an exchange: below 200.
    Interim(u16),
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("the application ended without a response"),
            Self::Failure(error) | Self::Upstream(error) => {
                write!(f, "the application answered with the error {}", Escaped::message(error))
            }
            Self::Interim(status) => {
                write!(f, "the application answered with the status {status}, which is no answer")
            }
        }
    }
}

/// What is known of a run when it is over, and its memory is free.
#[derive(Debug)]
pub struct Ended {
    /// How it ended.
    pub end: End,
    /// The most memory that it has had, in bytes.
    pub most_memory_bytes: usize,
    /// What it was given, as it has left it.
    pub kv: KvCtx,
}

impl Ended {
    /// Names of stores that the guest has tried to open, and that are not there or are hidden from it.
    pub fn missing_stores(&self) -> impl Iterator<Item = &StoreName> {
        self.kv.missing_stores()
    }
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("trace_id", &self.trace_id).field("kv", &self.kv).finish_non_exhaustive()
    }
}
