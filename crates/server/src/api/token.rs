//! The token that clients of the API show.

use std::fmt;

use subtle::ConstantTimeEq;
use thiserror::Error;

/// Longest token, in bytes. Those of the platform have 32.
const MAX_TOKEN_BYTES: usize = 256;

/// A token: 1 to 256 visible ASCII characters. It is compared in a time that says nothing about it, and never shown.
///
/// ```
/// use edgekv_server::Token;
///
/// let token = Token::new("correct-horse-battery-staple")?;
/// assert_eq!(format!("{token:?}"), "Token(..)");
/// assert!(Token::new("two words").is_err());
/// # Ok::<(), edgekv_server::TokenError>(())
/// ```
#[derive(Clone)]
pub struct Token {
    /// With zeros behind, so that every comparison looks at as many bytes.
    text: [u8; MAX_TOKEN_BYTES],
}

impl Token {
    /// Checks `text`. White space around it, as at the end of a file, is the caller's to remove.
    ///
    /// # Errors
    ///
    /// Says which rule is broken, without the token.
    pub fn new(text: &str) -> Result<Self, TokenError> {
        if text.is_empty() {
            return Err(TokenError::Empty);
        }
        if let Some(at) = text.bytes().position(|byte| !byte.is_ascii_graphic()) {
            return Err(TokenError::Character { at });
        }
        padded(text.as_bytes()).map(|text| Self { text }).ok_or(TokenError::TooLong { bytes: text.len() })
    }

    /// Whether `text` is this token. A token has no zero in it, so equal with its padding is equal.
    pub(crate) fn is(&self, text: &[u8]) -> bool {
        let Some(text) = padded(text).filter(|_| !text.contains(&0)) else { return false };
        self.text.ct_eq(&text).into()
    }
}

fn padded(text: &[u8]) -> Option<[u8; MAX_TOKEN_BYTES]> {
    let mut padded = [0; MAX_TOKEN_BYTES];
    padded.get_mut(..text.len())?.copy_from_slice(text);
    Some(padded)
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// Why a text is not a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TokenError {
    /// There is no text.
    #[error("token is empty; it needs at least 1 character")]
    Empty,
    /// More than 256 bytes.
    #[error("token is {bytes} bytes; the limit is {MAX_TOKEN_BYTES}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// A blank, a control character, or one that is not ASCII: none of them travels well in a header.
    #[error("token has a character at byte {at} that is not visible ASCII")]
    Character {
        /// The position of the first.
        at: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_itself_is_the_token() {
        let token = Token::new("secret").unwrap();
        assert!(token.is(b"secret"));
        let long = [b'x'; MAX_TOKEN_BYTES + 1];
        for other in [&b""[..], b"secre", b"secrets", b"Secret", b"secret\0", &long] {
            assert!(!token.is(other), "{other:?}");
        }
    }

    #[test]
    fn what_cannot_be_a_token_is_refused() {
        let longest = "x".repeat(MAX_TOKEN_BYTES);
        assert!(Token::new(&longest).unwrap().is(longest.as_bytes()));
        let refused = [
            ("", TokenError::Empty),
            ("a b", TokenError::Character { at: 1 }),
            ("ab\n", TokenError::Character { at: 2 }),
            ("\u{e9}", TokenError::Character { at: 0 }),
        ];
        for (text, error) in refused {
            assert_eq!(Token::new(text).unwrap_err(), error, "{text:?}");
        }
        let too_long = Token::new(&"x".repeat(MAX_TOKEN_BYTES + 1)).unwrap_err();
        assert_eq!(too_long, TokenError::TooLong { bytes: MAX_TOKEN_BYTES + 1 });
    }
}
