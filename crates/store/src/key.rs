//! Keys: which texts are one, borrowed and owned.

use std::borrow::Borrow;
use std::fmt;

use thiserror::Error;

use crate::limits::MAX_KEY_BYTES;

/// A valid key, borrowed.
///
/// - 1 to 1,024 bytes of UTF-8 ([`MAX_KEY_BYTES`]);
/// - none of CR, LF, `#`, `;`, `?`, `^`, `|`;
/// - neither `.` nor `..`;
/// - not beginning with `.well-known/acme-challenge/`.
///
/// Keys are ordered byte by byte.
///
/// ```
/// use edgekv_store::{Key, KeyError};
///
/// assert_eq!(Key::new("users/7")?.as_str(), "users/7");
/// assert_eq!(Key::new("what?"), Err(KeyError::ForbiddenCharacter { character: '?', at: 4 }));
/// # Ok::<(), KeyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key<'a>(&'a str);

impl<'a> Key<'a> {
    /// Checks `text`.
    ///
    /// # Errors
    ///
    /// Says which rule is broken.
    pub fn new(text: &'a str) -> Result<Self, KeyError> {
        if text.is_empty() {
            return Err(KeyError::Empty);
        }
        if text.len() > MAX_KEY_BYTES {
            return Err(KeyError::TooLong { bytes: text.len() });
        }
        // All forbidden characters are ASCII, so bytes can be searched: no byte of a longer character is ASCII.
        let forbidden = |byte: &u8| matches!(byte, b'\r' | b'\n' | b'#' | b';' | b'?' | b'^' | b'|');
        if let Some((at, byte)) = text.bytes().enumerate().find(|(_, byte)| forbidden(byte)) {
            return Err(KeyError::ForbiddenCharacter { character: char::from(byte), at });
        }
        if text == "." || text == ".." {
            return Err(KeyError::Dots);
        }
        if text.starts_with(".well-known/acme-challenge/") {
            return Err(KeyError::AcmeChallenge);
        }
        Ok(Self(text))
    }

    /// A key again, of a text that was taken from one.
    pub(crate) const fn checked_before(text: &'a str) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// A copy that owns its text.
    #[must_use]
    pub fn to_buf(self) -> KeyBuf {
        KeyBuf(self.0.into())
    }
}

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A valid key that owns its text; see [`Key`] for the rules.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyBuf(Box<str>);

impl KeyBuf {
    /// The key, borrowed.
    #[must_use]
    pub const fn as_key(&self) -> Key<'_> {
        Key(&self.0)
    }

    /// The text.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        &self.0
    }
}

// Sound for ordered and hashed maps: both compare and hash as their text does.
impl Borrow<str> for KeyBuf {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not a key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// There is no text.
    #[error("key is empty; it needs at least 1 byte")]
    Empty,
    /// More than [`MAX_KEY_BYTES`].
    #[error("key is {bytes} bytes; the limit is {MAX_KEY_BYTES}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// A character that keys must not contain.
    #[error("key contains {character:?} at byte {at}; CR, LF, '#', ';', '?', '^' and '|' are not allowed")]
    ForbiddenCharacter {
        /// The first such character.
        character: char,
        /// Its position in bytes.
        at: usize,
    },
    /// `.` or `..`, which would be path segments in URLs.
    #[error("key must not be \".\" or \"..\"")]
    Dots,
    /// The prefix is reserved for certificate issuance.
    #[error("key must not begin with \".well-known/acme-challenge/\"")]
    AcmeChallenge,
    /// Not text at all.
    #[error("key is not valid UTF-8")]
    NotUtf8,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_row_by_row() {
        let long = "k".repeat(1024);
        let too_long = "k".repeat(1025);
        let accented = "é".repeat(512);
        let accented_too_long = "é".repeat(513);
        let accepted = [
            "a",
            "a b",
            " ",
            "a/b",
            "a./b",
            "../a",
            "...",
            ".a",
            "a+b",
            "a%2Fb",
            "\0",
            "\u{1}",
            "\u{ffff}",
            "键",
            ".well-known/acme-challenge",
            "x.well-known/acme-challenge/",
            &long,
            &accented,
        ];
        for text in accepted {
            assert_eq!(Key::new(text).map(Key::as_str), Ok(text));
        }
        let rejected = [
            ("", KeyError::Empty),
            (&*too_long, KeyError::TooLong { bytes: 1025 }),
            (&*accented_too_long, KeyError::TooLong { bytes: 1026 }),
            ("a\rb", KeyError::ForbiddenCharacter { character: '\r', at: 1 }),
            ("a\n", KeyError::ForbiddenCharacter { character: '\n', at: 1 }),
            ("#", KeyError::ForbiddenCharacter { character: '#', at: 0 }),
            ("é;", KeyError::ForbiddenCharacter { character: ';', at: 2 }),
            ("a?b", KeyError::ForbiddenCharacter { character: '?', at: 1 }),
            ("a^b|", KeyError::ForbiddenCharacter { character: '^', at: 1 }),
            ("a|b", KeyError::ForbiddenCharacter { character: '|', at: 1 }),
            (".", KeyError::Dots),
            ("..", KeyError::Dots),
            (".well-known/acme-challenge/", KeyError::AcmeChallenge),
            (".well-known/acme-challenge/x", KeyError::AcmeChallenge),
        ];
        for (text, error) in rejected {
            assert_eq!(Key::new(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn order_is_by_bytes() {
        let (z, accent, han) = (Key::new("z").unwrap(), Key::new("é").unwrap(), Key::new("键").unwrap());
        assert!(z < accent && accent < han);
    }
}
