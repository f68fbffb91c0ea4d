//! Stores by name and by identity.

use std::fmt;

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

/// What is known of a store without looking into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreInfo {
    /// Its identity.
    pub id: StoreId,
    /// Its name, unique in its engine.
    pub name: StoreName,
    /// When it was created.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

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
