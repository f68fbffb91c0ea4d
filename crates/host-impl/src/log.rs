//! Where the messages of guests go.

use std::fmt;
use std::sync::Arc;

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
    /// Takes one message that the guest sends to an endpoint. `message` may be any bytes, up to the memory of the guest; `endpoint`
    /// is 1 to 256 bytes.
    ///
    /// The guest waits until this returns.
    fn write(&self, endpoint: &str, message: &[u8]);
}

/// The log that there is when the embedder names none: events of `tracing` at level info, target
/// `edgekv::guest_log`.
#[derive(Debug)]
pub(crate) struct TracingLog;

impl GuestLog for TracingLog {
    fn write(&self, endpoint: &str, message: &[u8]) {
        // Guests end a message with a new line or do not, and mean the same.
        let message = message.strip_suffix(b"\n").unwrap_or(message);
        tracing::info!(
            target: "edgekv::guest_log",
            endpoint = %Escaped(endpoint),
            "{}", Escaped(&String::from_utf8_lossy(message))
        );
    }
}

/// Text in which nothing can end a line or steer a terminal.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.0.split_inclusive(char::is_control) {
            match part.strip_suffix(char::is_control) {
                Some(text) => {
                    f.write_str(text)?;
                    part.chars()
                        .next_back()
                        .map_or(Ok(()), |control| write!(f, "{}", control.escape_default()))?;
                }
                None => f.write_str(part)?,
            }
        }
        Ok(())
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
    fn a_message_cannot_look_like_two_or_steer_a_terminal() {
        for (text, escaped) in [
            (r#"{"plain":"text \ é"}"#, r#"{"plain":"text \ é"}"#),
            ("one\ntwo\r\n", "one\\ntwo\\r\\n"),
            ("\u{1b}[31mred\0\u{9b}", "\\u{1b}[31mred\\u{0}\\u{9b}"),
            ("", ""),
        ] {
            assert_eq!(Escaped(text).to_string(), escaped);
        }
    }
}
