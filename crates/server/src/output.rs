//! What applications print, and what they send to the endpoints of the log: events of the host's log.

use edgekv_host::GuestLog;
use edgekv_runtime::{LineSink, TraceId};

/// Where the standard output and error of an instance go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AppOutput {
    pub(crate) id: TraceId,
}

impl LineSink for AppOutput {
    fn line(&mut self, line: &str) {
        tracing::info!(target: "edgekv::app", id = %self.id, "{line}");
    }
}

/// Where messages to the endpoints of the log go.
#[derive(Debug)]
pub(crate) struct AppLog;

impl GuestLog for AppLog {
    fn write(&self, endpoint: &str, message: &[u8]) {
        let message = String::from_utf8_lossy(message);
        tracing::info!(target: "edgekv::app", endpoint, "{}", message.trim_end());
    }
}
