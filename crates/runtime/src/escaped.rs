//! Foreign text in messages: names that a module chose must not move the cursor of a terminal, begin a line that looks
//! like ours, or fill the screen.

use std::fmt;

/// Longest name from a module, in characters: the names of Rust's generic functions are long.
const MAX_NAME_CHARS: usize = 120;

/// Longest message of somebody else, in characters.
const MAX_MESSAGE_CHARS: usize = 600;

/// Longest line that a program has printed or logged, in characters: structured messages are long.
const MAX_LINE_CHARS: usize = 8 * 1024;

/// A text on one line, with escapes as of [`edgekv_host::Escaped`], and shortened when it is long.
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
        match self.text.char_indices().nth(self.max_chars) {
            Some((end, _)) => {
                write!(f, "{}…", edgekv_host::Escaped(self.text.get(..end).unwrap_or_default()))
            }
            None => edgekv_host::Escaped(self.text).fmt(f),
        }
    }
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
