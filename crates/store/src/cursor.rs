//! Cursors: where a list goes on.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use thiserror::Error;

use crate::key::{Key, KeyBuf};
use crate::limits::MAX_KEY_BYTES;
use crate::name::StoreId;

/// Where the next page of a list begins: after the last key of the page before.
///
/// It belongs to one store and one prefix. As text, which is how it travels, it is opaque: the unpadded URL-safe
/// base64 of a version byte, 8 bytes that tie the rest to store and prefix, and the last key.
/// It stays good while keys come and go, also over restarts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    after: KeyBuf,
    seal: u64,
}

const VERSION: u8 = 1;

/// Four characters for every three bytes, begun ones included.
const MAX_TEXT_BYTES: usize = (1 + 8 + MAX_KEY_BYTES).div_ceil(3) * 4;

impl Cursor {
    /// The cursor behind `after` in the list of the keys of `store` that begin with `prefix`.
    #[must_use]
    pub fn new(store: StoreId, prefix: &str, after: Key<'_>) -> Self {
        Self { after: after.to_buf(), seal: seal(store, prefix, after.as_str()) }
    }

    /// Reads the text form.
    ///
    /// # Errors
    ///
    /// [`CursorError::Malformed`] when it is not the text of a cursor.
    pub fn parse(text: &str) -> Result<Self, CursorError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(CursorError::Malformed);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError::Malformed)?;
        let ([VERSION], rest) = bytes.split_first_chunk().ok_or(CursorError::Malformed)? else {
            return Err(CursorError::Malformed);
        };
        let (seal, key) = rest.split_first_chunk().ok_or(CursorError::Malformed)?;
        let key = std::str::from_utf8(key).map_err(|_| CursorError::Malformed)?;
        let key = Key::new(key).map_err(|_| CursorError::Malformed)?;
        Ok(Self { after: key.to_buf(), seal: u64::from_le_bytes(*seal) })
    }

    /// The key to go on behind, in the list of the keys of `store` that begin with `prefix`.
    ///
    /// # Errors
    ///
    /// [`CursorError::OtherList`] when the cursor was made by another list.
    pub fn after(&self, store: StoreId, prefix: &str) -> Result<Key<'_>, CursorError> {
        if self.seal != seal(store, prefix, self.after.as_str()) {
            return Err(CursorError::OtherList);
        }
        Ok(self.after.as_key())
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::with_capacity(9 + self.after.as_str().len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.seal.to_le_bytes());
        bytes.extend_from_slice(self.after.as_str().as_bytes());
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// FNV-1a over what a cursor belongs to. It finds mistakes; whoever forges a cursor gets a list that begins
/// elsewhere, which a prefix or a limit would have given as well.
fn seal(store: StoreId, prefix: &str, after: &str) -> u64 {
    let fields = [
        &store.get().to_le_bytes()[..],
        &(prefix.len() as u64).to_le_bytes(),
        prefix.as_bytes(),
        after.as_bytes(),
    ];
    fields.into_iter().flatten().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Why a cursor is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CursorError {
    /// The text is not a cursor.
    #[error("cursor is not one that a list has given; begin again without a cursor")]
    Malformed,
    /// The cursor comes from a list of another store or prefix.
    #[error("cursor belongs to a list of another store or prefix; give the prefix of the first page with it")]
    OtherList,
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORE: StoreId = StoreId::new(3);

    #[test]
    fn text_form_round_trips() {
        for key in ["a", "ключ/键", "\0", &"k".repeat(1024)] {
            let cursor = Cursor::new(STORE, "p", Key::new(key).unwrap());
            let parsed = Cursor::parse(&cursor.to_string()).unwrap();
            assert_eq!(parsed.after(STORE, "p").unwrap().as_str(), key);
        }
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let cursor = Cursor::new(STORE, "p", Key::new("pk").unwrap());
        assert!(cursor.after(STORE, "p").is_ok());
        assert_eq!(cursor.after(StoreId::new(4), "p"), Err(CursorError::OtherList));
        assert_eq!(cursor.after(STORE, ""), Err(CursorError::OtherList));
        assert_eq!(cursor.after(STORE, "pk"), Err(CursorError::OtherList));
    }

    #[test]
    fn what_is_not_a_cursor_is_refused() {
        let good = Cursor::new(STORE, "", Key::new("k").unwrap()).to_string();
        let cut = &good[..good.len() - 2];
        let other_version = URL_SAFE_NO_PAD.encode([2, 0, 0, 0, 0, 0, 0, 0, 0, b'k']);
        let bad_key = URL_SAFE_NO_PAD.encode([1, 0, 0, 0, 0, 0, 0, 0, 0, b'?']);
        let not_utf8 = URL_SAFE_NO_PAD.encode([1, 0, 0, 0, 0, 0, 0, 0, 0, 0xff]);
        // The last two are cursors of the public service and of its test server.
        for text in ["", "!", "AQ", cut, &other_version, &bad_key, &not_utf8, "CgdiYXRjaC0y", "YmF0Y2gtMg=="]
        {
            assert_eq!(Cursor::parse(text), Err(CursorError::Malformed), "{text:?}");
        }
        assert_eq!(Cursor::parse(&"A".repeat(1 << 20)), Err(CursorError::Malformed));
    }
}
