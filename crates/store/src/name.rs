//! Stores by name and by identity.

use std::fmt::{self, Write as _};

use thiserror::Error;

use crate::clock::Timestamp;
use crate::limits::MAX_STORE_NAME_CHARS;

/// The name of a store: 1 to 255 characters, none of them a control character.
///
/// ```
/// use edgekv_store::StoreName;
///
/// assert_eq!(StoreName::new("mystore")?.as_str(), "mystore");
/// assert!(StoreName::new("tab\there").is_err());
/// # Ok::<(), edgekv_store::StoreNameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreName(Box<str>);

impl StoreName {
    /// Checks `text`.
    ///
    /// # Errors
    ///
    /// Says which rule is broken.
    pub fn new(text: &str) -> Result<Self, StoreNameError> {
        if text.is_empty() {
            return Err(StoreNameError::Empty);
        }
        let chars = text.chars().count();
        if chars > MAX_STORE_NAME_CHARS {
            return Err(StoreNameError::TooLong { chars });
        }
        if let Some(character) = text.chars().find(|character| character.is_control()) {
            return Err(StoreNameError::ControlCharacter { character });
        }
        Ok(Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether stores of this name are kept for edgekv itself: it begins with `.edgekv.`. Whoever offers stores to
    /// others (a list, an API, a flag) leaves these out, and refuses to make them.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.0.starts_with(".edgekv.")
    }
}

impl std::borrow::Borrow<str> for StoreName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StoreName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for StoreName {
    type Err = StoreNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

/// Why a text is not a store name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StoreNameError {
    /// There is no text.
    #[error("store name is empty; it needs at least 1 character")]
    Empty,
    /// More than [`MAX_STORE_NAME_CHARS`].
    #[error("store name is {chars} characters; the limit is {MAX_STORE_NAME_CHARS}")]
    TooLong {
        /// Its length.
        chars: usize,
    },
    /// A line break, a tab, a NUL and the like.
    #[error("store name contains the control character {character:?}")]
    ControlCharacter {
        /// The first such character.
        character: char,
    },
}

/// What a store is called inside an engine. Never reused, so data, cursors and handles of a store that is gone
/// never show in another one.
///
/// As text, which is how clients of the HTTP API know it, it is 22 lower-case letters and digits. They hold a checksum
/// beside the number, so that a mistyped identity is none, instead of another store's:
///
/// ```
/// use edgekv_store::StoreId;
///
/// let text = StoreId::new(7).to_string();
/// assert_eq!(text.len(), 22);
/// assert_eq!(text.parse(), Ok(StoreId::new(7)));
/// assert!("0000000000000000000007".parse::<StoreId>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreId(u64);

impl StoreId {
    /// The identity with this number, which the engine has to keep unique.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// Characters of an identity as text.
const ID_CHARS: usize = 22;

/// What is before the number in the text: scattered, so that identities of neighbours look nothing like each other.
const fn id_checksum(number: u64) -> u64 {
    // The finalizer of SplitMix64. Of its bits, 48 have room beside 64 others in 22 digits to the base 36.
    let mut x = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x ^ (x >> 31)) >> 16
}

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = u128::from(id_checksum(self.0)) << 64 | u128::from(self.0);
        let mut text = ['0'; ID_CHARS];
        for place in text.iter_mut().rev() {
            // A remainder is a digit.
            let digit = u32::try_from(rest % 36).unwrap_or_default();
            *place = char::from_digit(digit, 36).unwrap_or('0');
            rest /= 36;
        }
        text.iter().try_for_each(|char| f.write_char(*char))
    }
}

impl std::str::FromStr for StoreId {
    type Err = StoreIdError;

    fn from_str(text: &str) -> Result<Self, StoreIdError> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
        if text.len() != ID_CHARS || !text.bytes().all(is_digit) {
            return Err(StoreIdError);
        }
        let both = u128::from_str_radix(text, 36).map_err(|_| StoreIdError)?;
        let number = u64::try_from(both & u128::from(u64::MAX)).map_err(|_| StoreIdError)?;
        if both >> 64 == u128::from(id_checksum(number)) { Ok(Self(number)) } else { Err(StoreIdError) }
    }
}

/// The text is not the identity of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "not the identity of a store; it is 22 lower-case letters and digits, as a list of the stores gives it"
)]
pub struct StoreIdError;

/// What is known of a store without looking into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreInfo {
    /// Its identity.
    pub id: StoreId,
    /// Its name, unique in its engine.
    pub name: StoreName,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it got its name.
    pub updated_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_begin_with_dot_edgekv_dot_are_reserved() {
        let is_reserved = |name| StoreName::new(name).unwrap().is_reserved();
        assert!(is_reserved(".edgekv.seed") && is_reserved(".edgekv."));
        assert!(!is_reserved("edgekv.seed") && !is_reserved(".edgekv") && !is_reserved(".edgekv2"));
    }

    #[test]
    fn identities_round_trip_as_text_and_a_changed_text_is_none() {
        for number in [0, 1, 2, 1 << 32, u64::MAX] {
            let text = StoreId::new(number).to_string();
            assert_eq!(text.len(), ID_CHARS, "{text}");
            assert_eq!(text.parse(), Ok(StoreId::new(number)));
            for at in 0..ID_CHARS {
                let mut changed = text.clone().into_bytes();
                changed[at] = if changed[at] == b'a' { b'b' } else { b'a' };
                let changed = String::from_utf8(changed).unwrap();
                assert_eq!(changed.parse::<StoreId>(), Err(StoreIdError), "{changed}");
            }
            assert_eq!(text.to_uppercase().parse::<StoreId>(), Err(StoreIdError));
        }
        for text in ["", "7", "+aaaaaaaaaaaaaaaaaaaaa", "zzzzzzzzzzzzzzzzzzzzzz"] {
            assert_eq!(text.parse::<StoreId>(), Err(StoreIdError), "{text}");
        }
    }

    #[test]
    fn the_rules_row_by_row() {
        for text in ["a", "my store", "été", &"é".repeat(255)] {
            assert_eq!(StoreName::new(text).unwrap().as_str(), text);
        }
        assert_eq!(StoreName::new(""), Err(StoreNameError::Empty));
        assert_eq!(StoreName::new(&"s".repeat(256)), Err(StoreNameError::TooLong { chars: 256 }));
        for character in ['\0', '\n', '\t', '\u{7f}', '\u{85}'] {
            let text = format!("a{character}b");
            assert_eq!(StoreName::new(&text), Err(StoreNameError::ControlCharacter { character }));
        }
    }
}
