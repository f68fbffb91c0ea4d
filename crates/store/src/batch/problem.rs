//! What can be wrong with an item.

use thiserror::Error;

use crate::key::KeyError;
use crate::limits::MAX_KEY_BYTES;
use crate::metadata::MetadataError;

/// Longest name of a field that a message repeats, in characters.
const MAX_NAME_CHARS: usize = 60;

/// Why a piece of a batch is no item, and the key that it would have had.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{kind}")]
pub struct Problem {
    key: Option<Box<str>>,
    kind: ProblemKind,
}

impl Problem {
    /// A problem of an item whose key is not known.
    pub(super) const fn new(kind: ProblemKind) -> Self {
        Self { key: None, kind }
    }

    /// A problem of the item with this key, which may be no valid one, and as long as it likes.
    pub(super) fn of(key: Option<&str>, kind: ProblemKind) -> Self {
        Self { key: key.map(|key| start(key, MAX_KEY_BYTES).into()), kind }
    }

    /// The key as it is written, if the item got that far; cut to the length that a key may have.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> &ProblemKind {
        &self.kind
    }
}

/// What is wrong with an item. The messages say what to change, and are short, whatever is in the item.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// Something else than an object, where an item has to begin. The rest of the line is skipped.
    #[error(
        "expected `{{`; a batch is JSON objects one after the other, without brackets around or commas between them"
    )]
    NotAnObject,
    /// A line that ends within a string, another item that begins, or the end of the batch, before the item has ended.
    #[error("the object is not complete; is a quotation mark or a `}}` missing?")]
    Unclosed,
    /// The text is longer than what the reader of the batch accepts.
    #[error("item is longer than {limit} bytes of JSON; write this value by itself")]
    TooLarge {
        /// What is allowed, in bytes.
        limit: usize,
    },
    /// Not JSON.
    #[error("not JSON: {0}")]
    Syntax(String),
    /// A field that has to be there is not.
    #[error("field {0:?} is missing")]
    Missing(&'static str),
    /// A field that has no meaning; a misspelt one perhaps.
    #[error(
        "unknown field {0:?}; there are key, value, metadata, metadata_base64, time_to_live_sec and background_fetch"
    )]
    Unknown(String),
    /// A field that is there more than once.
    #[error("field {0:?} is there twice")]
    Twice(&'static str),
    /// Both ways to give metadata at once.
    #[error("both metadata and metadata_base64 are there; use one of them")]
    TwoMetadata,
    /// A field of the wrong type.
    #[error("field {field:?} is {found}; it has to be {expected}")]
    WrongType {
        /// The field.
        field: &'static str,
        /// What it has to be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// Text that has to be base64 and is not.
    #[error("field {0:?} is not base64 with the letters A-Z, a-z, 0-9, + and /")]
    NotBase64(&'static str),
    /// Not a valid key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Metadata that are too long.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl ProblemKind {
    pub(super) fn unknown(name: &str) -> Self {
        let end = name.char_indices().nth(MAX_NAME_CHARS).map_or(name.len(), |(end, _)| end);
        Self::Unknown(name.get(..end).unwrap_or_default().to_owned())
    }

    /// A word for programs that react to some problems differently.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAnObject | Self::Unclosed | Self::Syntax(_) => "invalid_json",
            Self::TooLarge { .. } => "payload_too_large",
            Self::Key(_) => "invalid_key",
            Self::Metadata(_) | Self::TwoMetadata => "invalid_metadata",
            Self::NotBase64(_) => "invalid_base64",
            Self::Missing(_) | Self::Unknown(_) | Self::Twice(_) | Self::WrongType { .. } => "invalid_field",
        }
    }
}

/// The start of a text, at most so many bytes, and whole characters.
fn start(text: &str, bytes: usize) -> &str {
    let end = text.floor_char_boundary(bytes);
    text.get(..end).unwrap_or_default()
}
