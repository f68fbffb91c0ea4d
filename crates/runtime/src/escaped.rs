//! Foreign text in messages: names that a module chose must not move the cursor of a terminal, begin a line that looks
//! like ours, or fill the screen.

use std::fmt::{self, Write};

/// Longest name from a module, in characters: the names of Rust's generic functions are long.
const MAX_NAME_CHARS: usize = 120;

/// Longest message of somebody else, in characters.
const MAX_MESSAGE_CHARS: usize = 600;

/// Longest line that a program has printed or logged, in characters: structured messages are long.
const MAX_LINE_CHARS: usize = 8 * 1024;

/// A text on one line, with escapes for what cannot be printed, and shortened when it is long.
#[derive(Debug, Clone, Copy)]
pub struct Escaped<'a> {
    text: &'a str,
    max_chars: usize,
}

impl<'a> Escaped<'a> {
    /// A name: of a function or an import.
    #[must_use]
    pub const fn name(text: &'a str) -> Self {
        Self { text, max_chars: MAX_NAME_CHARS }
    }

    /// A sentence that may contain names.
    #[must_use]
    pub const fn message(text: &'a str) -> Self {
        Self { text, max_chars: MAX_MESSAGE_CHARS }
    }

    /// What a program says of its own accord.
    #[must_use]
    pub const fn line(text: &'a str) -> Self {
        Self { text, max_chars: MAX_LINE_CHARS }
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.text.char_indices().nth(self.max_chars).map_or(self.text.len(), |(end, _)| end);
        let (mut shown, rest) = self.text.split_at(end);
        // Almost all of it can be printed as it is, and quickly.
        while let Some(at) = shown.find(|char: char| !is_plain(char)) {
            let (plain, special) = shown.split_at(at);
            f.write_str(plain)?;
            let mut chars = special.chars();
            if let Some(char) = chars.next() {
                write!(f, "{}", char.escape_debug())?;
            }
            shown = chars.as_str();
        }
        f.write_str(shown)?;
        if rest.is_empty() { Ok(()) } else { f.write_char('…') }
    }
}

/// What needs no look into the tables of Unicode. Quotation marks are harmless without others around them, and frequent in
/// JSON, as are backslashes.
const fn is_plain(char: char) -> bool {
    matches!(char, ' '..='~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_printed_is_escaped_and_the_rest_stays() {
        assert_eq!(Escaped::name("<&'a T>::é \"x\"").to_string(), "<&'a T>::é \"x\"");
        assert_eq!(Escaped::line(r#"{"path":"C:\\x","é":1}"#).to_string(), r#"{"path":"C:\\x","é":1}"#);
        assert_eq!(Escaped::name("a\n\x1b[31m\u{202e}b").to_string(), "a\\n\\u{1b}[31m\\u{202e}b");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(Escaped::name(&"é".repeat(120)).to_string(), "é".repeat(120));
        assert_eq!(Escaped::name(&"é".repeat(121)).to_string(), "é".repeat(120) + "…");
    }
}
