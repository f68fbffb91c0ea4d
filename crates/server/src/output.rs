//! What applications print, and what they send to the endpoints of the log: events of the host's log, in which nothing
//! that an application says can look like an event of its own.

use edgekv_host::GuestLog;
use edgekv_runtime::{Escaped, LineSink, TraceId};

use crate::stats::Present;

/// Most bytes of a message that are looked at: what is shown of it is never longer.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// Where the standard output and error of an instance go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AppOutput {
    pub(crate) id: TraceId,
}

impl LineSink for AppOutput {
    fn line(&mut self, line: &str) {
        tracing::info!(target: "edgekv::app", id = %self.id, "{}", Escaped::line(line));
    }
}

/// Where messages to the endpoints of the log go. Each instance has its own, which lives as long as its context.
#[derive(Debug)]
pub(crate) struct AppLog {
    pub(crate) id: TraceId,
    pub(crate) _context: Present,
}

impl GuestLog for AppLog {
    fn write(&self, endpoint: &str, message: &[u8]) {
        if !tracing::enabled!(target: "edgekv::app", tracing::Level::INFO) {
            return;
        }
        let message = String::from_utf8_lossy(message.get(..MAX_MESSAGE_BYTES).unwrap_or(message));
        tracing::info!(
            target: "edgekv::app",
            id = %self.id,
            endpoint = %Escaped::name(endpoint),
            "{}", Escaped::line(message.trim_end())
        );
    }
}
