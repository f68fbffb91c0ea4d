//! Entries as text: what a batch upload, an import and an export are made of.
//!
//! A batch is a stream of JSON objects, one for each entry. This crate writes one on each line (NDJSON), and reads them
//! however they are spread over lines:
//!
//! ```json
//! {"key":"greeting","value":"aGVsbG8=","metadata":"en","time_to_live_sec":300}
//! ```
//!
//! | field | |
//! | --- | --- |
//! | `key` | the key |
//! | `value` | the value, in base64; its padding may be left out |
//! | `metadata` | metadata that are text; absent or `null` is none |
//! | `metadata_base64` | metadata that are not text, in base64; an extension of edgekv |
//! | `time_to_live_sec` | lifetime in seconds, from the moment that the entry is written; 0 is "expired at once", absent or `null` is for ever |
//! | `background_fetch` | whether caches may go on serving the old value until they have the new one |
//!
//! A field that is not in the table is refused, and so is one that is there twice: it would be a wish that is silently not
//! granted, such as a lifetime under a misspelt name.
//!
//! ```
//! use edgekv_store::batch::{self, Splitter};
//!
//! let mut splitter = Splitter::new(batch::max_item_bytes(1024));
//! splitter.push(br#"{"key": "a", "value": "MQ=="} {"key": "b", "#);
//! splitter.push(br#""value": "Mg=="} {"key": "c""#);
//! let mut keys = Vec::new();
//! while let Some(piece) = splitter.next() {
//!     keys.push(piece.item()?.key.to_string());
//! }
//! assert_eq!(keys, ["a", "b"]);
//! let rest = splitter.finish().expect("the third is not complete");
//! assert!(rest.item().is_err());
//! # Ok::<(), batch::Problem>(())
//! ```

mod item;
mod line;
mod problem;
mod splitter;

pub use item::{Item, parse};
pub use line::{remaining_seconds, write_item, write_line};
pub use problem::{Problem, ProblemKind};
pub use splitter::{Piece, Splitter};

/// Names of the fields.
mod field {
    pub(super) const KEY: &str = "key";
    pub(super) const VALUE: &str = "value";
    pub(super) const METADATA: &str = "metadata";
    pub(super) const METADATA_BASE64: &str = "metadata_base64";
    pub(super) const TIME_TO_LIVE: &str = "time_to_live_sec";
    pub(super) const BACKGROUND_FETCH: &str = "background_fetch";
}

/// What an item has beside its value, in bytes: a key and metadata, every character of them escaped, and the names of
/// the fields, with room for blanks.
const MAX_REST_BYTES: u64 = 64 * 1024;

/// The longest text of an item whose value has at most `max_value_bytes`, in bytes: what a [`Splitter`] is to accept.
///
/// Writers of JSON that escape every slash are allowed for, as long as the value is not mostly slashes.
#[must_use]
pub fn max_item_bytes(max_value_bytes: u64) -> usize {
    let base64 = max_value_bytes.div_ceil(3).saturating_mul(4);
    let text = base64.saturating_add(base64 / 32).saturating_add(MAX_REST_BYTES);
    usize::try_from(text).unwrap_or(usize::MAX)
}
