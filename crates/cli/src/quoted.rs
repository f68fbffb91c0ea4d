//! Foreign text in messages: what a manifest or an argument says must not move the cursor of a terminal, begin a line
//! that looks like ours, or fill the screen.

use std::fmt;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_printed_is_escaped() {
        assert_eq!(Quoted("a\nb").to_string(), "\"a\\nb\"");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(Quoted(&"é".repeat(61)).to_string(), format!("\"{}\"…", "é".repeat(60)));
    }
}
