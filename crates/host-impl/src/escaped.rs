//! Foreign text in messages.

use std::fmt;

/// Foreign text, for a log or a terminal: whatever is in it, it stays on its line, and shows in the order in which it is written.
///
/// Escaped are control characters (line ends, tabs, and those of C1 too), separators of lines and paragraphs, and what turns the direction of
/// text; as Rust writes them: `\n`, `\u{1b}`. All else stays, quotation marks and backslashes too.
///
/// ```
/// use edgekv_host::Escaped;
///
/// assert_eq!(Escaped("one\ntwo \u{1b}[31m").to_string(), r"one\ntwo \u{1b}[31m");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.0.split_inclusive(is_harmful) {
            match part.char_indices().next_back().filter(|(_, last)| is_harmful(*last)) {
                Some((text, last)) => {
                    write!(f, "{}{}", part.get(..text).unwrap_or_default(), last.escape_default())?;
                }
                None => f.write_str(part)?,
            }
        }
        Ok(())
    }
}

/// Whether a character does something to the text around it.
fn is_harmful(char: char) -> bool {
    char.is_control()
        || matches!(char,
            // Ends of lines and paragraphs.
            '\u{2028}' | '\u{2029}'
            // Marks, embeddings, overrides and isolates of a direction.
            | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Not to be seen at all.
            | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_end_its_line_or_steer_a_terminal() {
        for (text, escaped) in [
            (r#"{"plain":"text \ é"}"#, r#"{"plain":"text \ é"}"#),
            ("one\ntwo\r\n", "one\\ntwo\\r\\n"),
            ("a\tb", "a\\tb"),
            ("\u{1b}[31mred\0\u{9b}\u{7f}", "\\u{1b}[31mred\\u{0}\\u{9b}\\u{7f}"),
            ("\u{85}\u{2028}", "\\u{85}\\u{2028}"),
            ("\u{202e}txt\u{2066}.exe", "\\u{202e}txt\\u{2066}.exe"),
            ("e\u{301} \u{1f469}\u{200d}\u{1f680}", "e\u{301} \u{1f469}\u{200d}\u{1f680}"),
            ("", ""),
        ] {
            assert_eq!(Escaped(text).to_string(), escaped);
        }
    }
}
