//! Where the messages of guests go.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::escaped::Escaped;
use crate::status::Error;

/// Longest name of an endpoint in bytes, inclusive.
const MAX_ENDPOINT_NAME_BYTES: usize = 256;

/// What keeps an endpoint, beside its name: in the table and in the map of names.
const OVERHEAD_BYTES: usize = 64;

/// The host's log, as guests see it: [`KvCtxBuilder::log`](crate::KvCtxBuilder::log).
///
/// ```
/// use std::sync::Mutex;
///
/// /// Keeps all messages.
/// #[derive(Debug, Default)]
/// struct Kept(Mutex<Vec<String>>);
///
/// impl edgekv_host::GuestLog for Kept {
///     fn write(&self, endpoint: &str, message: &[u8]) {
///         let message = String::from_utf8_lossy(message);
///         self.0.lock().unwrap().push(format!("{endpoint}: {message}"));
///     }
/// }
/// ```
pub trait GuestLog: fmt::Debug + Send + Sync {
    /// Takes one message that the guest sends to an endpoint. `message` may be any bytes, `endpoint` is any text of 1 to 256 bytes;
    /// see [`Escaped`] for what shows them. A message over 64 KiB comes cut, with `... (N more bytes)` at its end.
    ///
    /// The guest waits until this returns.
    fn write(&self, endpoint: &str, message: &[u8]);
}

/// Most bytes of a message that a log gets.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// A message as a log gets it: the beginning of one that is too long, and how much is missing.
pub(crate) fn within_limit(message: &[u8]) -> Cow<'_, [u8]> {
    match message.split_at_checked(MAX_MESSAGE_BYTES) {
        Some((start, rest)) if !rest.is_empty() => {
            let missing = format!("... ({} more bytes)", rest.len());
            Cow::Owned([start, missing.as_bytes()].concat())
        }
        _ => Cow::Borrowed(message),
    }
}

/// The log that there is when the embedder names none: events of `tracing` at level info, target
/// `edgekv::guest_log`.
#[derive(Debug)]
pub(crate) struct TracingLog;

impl GuestLog for TracingLog {
    fn write(&self, endpoint: &str, message: &[u8]) {
        if !tracing::enabled!(target: "edgekv::guest_log", tracing::Level::INFO) {
            return;
        }
        // Guests end a message with a new line or do not, and mean the same.
        let message = message.strip_suffix(b"\n").unwrap_or(message);
        tracing::info!(
            target: "edgekv::guest_log",
            endpoint = %Escaped(endpoint),
            "{}", Escaped(&String::from_utf8_lossy(message))
        );
    }
}

/// A named endpoint that a guest has asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Endpoint(Arc<str>);

impl Endpoint {
    pub(crate) fn new(name: &[u8]) -> Result<Self, Error> {
        if name.is_empty() || name.len() > MAX_ENDPOINT_NAME_BYTES {
            return Err(Error::EndpointNameLength { bytes: name.len(), max: MAX_ENDPOINT_NAME_BYTES });
        }
        let name = std::str::from_utf8(name).map_err(|_| Error::EndpointNameText)?;
        Ok(Self(name.into()))
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    pub(crate) fn held_bytes(&self) -> usize {
        self.0.len() + OVERHEAD_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_beyond_the_limit_is_cut_and_says_so() {
        for length in [0, 1, MAX_MESSAGE_BYTES] {
            let message = vec![b'm'; length];
            assert!(matches!(within_limit(&message), Cow::Borrowed(whole) if whole == message), "{length}");
        }
        let message = vec![b'm'; MAX_MESSAGE_BYTES + 7];
        let expected = [&message[7..], b"... (7 more bytes)"].concat();
        assert_eq!(*within_limit(&message), *expected);
    }
}
