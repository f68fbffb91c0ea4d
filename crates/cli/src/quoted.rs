//! Foreign text in messages: what a manifest or an argument says must not move the cursor of a terminal, begin a line
//! that looks like ours, or fill the screen.

use std::fmt::{self, Write as _};

/// Longest text of a configuration that a message repeats, in characters.
const MAX_QUOTED_CHARS: usize = 60;

/// A text in quotation marks, with escapes for what cannot be printed, and shortened when it is long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(MAX_QUOTED_CHARS) {
            Some((end, _)) => write!(f, "{:?}…", self.0.get(..end).unwrap_or_default()),
            None => write!(f, "{:?}", self.0),
        }
    }
}

/// A text on a line: as it is, but for what would end the line or move the cursor of a terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a>(pub(crate) &'a str);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.chars() {
            if char.is_control() { write!(f, "{}", char.escape_default())? } else { f.write_char(char)? }
        }
        Ok(())
    }
}

/// Longest part of a URL that a line of text repeats, in bytes.
const MAX_URL_BYTES: usize = 2000;

/// A part of a URL, with escapes as URLs have them for all that is not printable ASCII, and shortened when it is long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UrlText<'a>(pub(crate) &'a str);

impl fmt::Display for UrlText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0.bytes().take(MAX_URL_BYTES) {
            if byte.is_ascii_graphic() {
                f.write_char(char::from(byte))?;
            } else {
                write!(f, "%{byte:02X}")?;
            }
        }
        if self.0.len() > MAX_URL_BYTES { f.write_char('…') } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_printed_is_escaped() {
        assert_eq!(Quoted("a\nb").to_string(), "\"a\\nb\"");
    }

    #[test]
    fn a_line_stays_one() {
        assert_eq!(Line("été \"a\"\n\u{1b}[2J\u{9b}").to_string(), "été \"a\"\\n\\u{1b}[2J\\u{9b}");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(Quoted(&"é".repeat(61)).to_string(), format!("\"{}\"…", "é".repeat(60)));
    }

    #[test]
    fn urls_are_printable_and_not_longer_than_people_read() {
        assert_eq!(UrlText("/a?b=%20&c").to_string(), "/a?b=%20&c");
        assert_eq!(UrlText("/é b\u{7f}").to_string(), "/%C3%A9%20b%7F");
        let long = "x".repeat(MAX_URL_BYTES);
        assert_eq!(UrlText(&long).to_string(), long);
        assert_eq!(UrlText(&(long.clone() + "y")).to_string(), long + "…");
    }
}
