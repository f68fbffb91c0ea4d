//! A stream of bytes, cut into items.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr3;

use super::item::{Item, parse};
use super::problem::{Problem, ProblemKind};

/// From so many bytes on, an item is worth the copy of what is behind it to have its memory back.
const LARGE: usize = 1024 * 1024;

const BYTE_ORDER_MARK: &[u8; 3] = b"\xef\xbb\xbf";

/// Cuts a batch into its items, as its bytes arrive.
///
/// It looks for where objects end, and leaves what is in them to [`parse`]. How the bytes are cut into pieces does not
/// matter. A mistake costs as few items as possible: the next item is looked for behind the line that is broken, so that
/// one report can list all of them. For that, a `{` that is the first in its line always begins an item, which no valid
/// item contradicts, as none has objects in it.
///
/// It holds what it was given last, and one item that is not complete, which is at most as long as was agreed on; what is longer
/// is skipped and reported. Take everything that is [there](Self::next) before giving it [more](Self::push).
#[derive(Debug)]
pub struct Splitter {
    /// The item that is under way, if any, and what is behind it.
    buffer: BytesMut,
    /// Bytes of the buffer that have been looked at.
    scanned: usize,
    max_item_bytes: usize,
    state: State,
    /// Bytes that have left the buffer.
    gone: u64,
    /// Line feeds among what was looked at.
    lines: u64,
    /// Pieces that were given out.
    pieces: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing but blanks since the last item.
    Between,
    /// In a line that is no item.
    Junk,
    Item(Open),
}

/// An item that has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Open {
    start: u64,
    line: u64,
    /// Objects that are open.
    depth: usize,
    inside: Inside,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// Only blanks since the line began.
    LineStart,
    Object,
    String,
    /// Behind a `\` in a string.
    Escape,
}

/// A part of a batch that is an item, or should be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its number, from 0.
    pub index: u64,
    /// The line on which it begins, from 1.
    pub line: u64,
    /// The line on which it ends.
    pub end_line: u64,
    /// Where it ends: how many bytes of the batch come before what follows it.
    pub end: u64,
    /// Its JSON, or why it is none. What is in the JSON has not been looked at.
    pub text: Result<Bytes, Problem>,
}

impl Piece {
    /// The item.
    ///
    /// # Errors
    ///
    /// Why it is none.
    pub fn item(self) -> Result<Item, Problem> {
        parse(&self.text?)
    }
}

impl Splitter {
    /// A splitter for items of so many bytes of JSON at most; see [`max_item_bytes`](super::max_item_bytes).
    #[must_use]
    pub fn new(max_item_bytes: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            scanned: 0,
            max_item_bytes,
            state: State::Between,
            gone: 0,
            lines: 0,
            pieces: 0,
        }
    }

    /// Takes the next bytes of the batch.
    pub fn push(&mut self, bytes: &[u8]) {
        if !self.buffer.try_reclaim(bytes.len()) {
            // Doubles, so that an item is not copied for each of its pieces; but not beyond what it may take.
            let needed = self.buffer.len().saturating_add(bytes.len());
            let most = self.max_item_bytes.saturating_add(bytes.len());
            let capacity = self.buffer.len().saturating_mul(2).min(most).max(needed);
            self.move_to(BytesMut::with_capacity(capacity));
        }
        self.buffer.extend_from_slice(bytes);
    }

    fn move_to(&mut self, mut buffer: BytesMut) {
        buffer.extend_from_slice(&self.buffer);
        self.buffer = buffer;
    }

    /// The next item that is complete, or the next mistake; `None` when more bytes are needed to tell.
    #[expect(clippy::should_implement_trait, reason = "`None` is not the end: more may be pushed")]
    pub fn next(&mut self) -> Option<Piece> {
        loop {
            let before = (self.state, self.scanned);
            let piece = match self.state {
                State::Between => self.between(),
                State::Junk => {
                    self.junk();
                    None
                }
                State::Item(open) => self.item(open),
            };
            if piece.is_some() {
                return piece;
            }
            if self.scanned >= self.buffer.len() || before == (self.state, self.scanned) {
                self.drop_what_nobody_needs();
                return None;
            }
        }
    }

    /// The end of the batch: what [`next`](Self::next) would still give, and then, if there is one, the item that is not
    /// complete. To be called until there is nothing left.
    #[must_use = "what is left may be a mistake"]
    pub fn finish(&mut self) -> Option<Piece> {
        if let Some(piece) = self.next() {
            return Some(piece);
        }
        match self.state {
            State::Item(open) => Some(self.end(open, Some(ProblemKind::Unclosed))),
            State::Between | State::Junk => None,
        }
    }

    /// How many bytes of the batch have been looked at.
    fn at(&self) -> u64 {
        self.gone + self.scanned as u64
    }

    /// Skips blanks up to the next item.
    fn between(&mut self) -> Option<Piece> {
        while let Some(byte) = self.buffer.get(self.scanned).copied() {
            let at = self.at();
            match byte {
                b'\n' => self.lines += 1,
                b' ' | b'\t' | b'\r' => {}
                b'{' => {
                    self.cut();
                    self.scanned = 1;
                    let line = self.lines + 1;
                    self.state = State::Item(Open { start: at, line, depth: 1, inside: Inside::Object });
                    return None;
                }
                byte if usize::try_from(at).ok().and_then(|at| BYTE_ORDER_MARK.get(at)) == Some(&byte) => {}
                _ => {
                    self.state = State::Junk;
                    return Some(self.piece(self.lines + 1, Err(Problem::new(ProblemKind::NotAnObject))));
                }
            }
            self.scanned += 1;
        }
        None
    }

    /// Skips the rest of a line.
    fn junk(&mut self) {
        let rest = self.buffer.get(self.scanned..).unwrap_or_default();
        match memchr::memchr(b'\n', rest) {
            Some(at) => {
                // The line feed itself is a blank between items.
                self.scanned += at;
                self.state = State::Between;
            }
            None => self.scanned = self.buffer.len(),
        }
    }

    /// Looks for the end of an item.
    fn item(&mut self, mut open: Open) -> Option<Piece> {
        while let Some(rest) = self.buffer.get(self.scanned..).filter(|rest| !rest.is_empty()) {
            let Some((skip, byte)) = next_byte(open.inside, rest) else {
                self.scanned = self.buffer.len();
                break;
            };
            self.scanned += skip;
            match (open.inside, byte) {
                (Inside::String | Inside::Escape, b'\n') => {
                    // The line feed stays, for the blanks behind the item.
                    return Some(self.end(open, Some(ProblemKind::Unclosed)));
                }
                (Inside::LineStart, b'{') => return Some(self.end(open, Some(ProblemKind::Unclosed))),
                _ => self.scanned += 1,
            }
            open.inside = match (open.inside, byte) {
                (Inside::Escape, _) => Inside::String,
                (Inside::String, b'\\') => Inside::Escape,
                (Inside::String, _) => Inside::Object,
                (_, b'"') => Inside::String,
                (_, b'\n') => {
                    self.lines += 1;
                    Inside::LineStart
                }
                (inside, b' ' | b'\t' | b'\r') => inside,
                (_, b'{') => {
                    open.depth += 1;
                    Inside::Object
                }
                (_, b'}') if open.depth == 1 => return Some(self.end(open, None)),
                (_, b'}') => {
                    open.depth -= 1;
                    Inside::Object
                }
                _ => Inside::Object,
            };
        }
        self.state = State::Item(open);
        None
    }

    /// Ends an item at what was looked at.
    fn end(&mut self, open: Open, wrong: Option<ProblemKind>) -> Piece {
        let bytes = self.at() - open.start;
        let fits = usize::try_from(bytes).is_ok_and(|bytes| bytes <= self.max_item_bytes);
        let text = match wrong {
            _ if !fits => Err(Problem::new(ProblemKind::TooLarge { limit: self.max_item_bytes })),
            Some(wrong) => Err(Problem::new(wrong)),
            None => Ok(self.cut()),
        };
        self.state = State::Between;
        self.piece(open.line, text)
    }

    fn piece(&mut self, line: u64, text: Result<Bytes, Problem>) -> Piece {
        let index = self.pieces;
        self.pieces += 1;
        Piece { index, line, end_line: self.lines + 1, end: self.at(), text }
    }

    /// Takes what was looked at out of the buffer.
    fn cut(&mut self) -> Bytes {
        let bytes = self.scanned.min(self.buffer.len());
        self.gone += bytes as u64;
        self.scanned = 0;
        let cut = self.buffer.split_to(bytes).freeze();
        if bytes > LARGE {
            // Otherwise what is left would keep the memory of what was cut.
            self.move_to(BytesMut::new());
        }
        cut
    }

    /// Keeps of what was looked at only what may become an item.
    fn drop_what_nobody_needs(&mut self) {
        let is_needed = match self.state {
            State::Between | State::Junk => false,
            State::Item(open) => {
                usize::try_from(self.at() - open.start).is_ok_and(|bytes| bytes <= self.max_item_bytes)
            }
        };
        if !is_needed {
            self.gone += self.scanned as u64;
            self.buffer.advance(self.scanned.min(self.buffer.len()));
            self.scanned = 0;
            if self.buffer.is_empty() && self.buffer.capacity() > LARGE {
                self.buffer = BytesMut::new();
            }
        }
    }
}

/// The next byte that matters, and how many come before it.
fn next_byte(inside: Inside, rest: &[u8]) -> Option<(usize, u8)> {
    let skip = match inside {
        // Nearly all of an item is in strings.
        Inside::String => memchr3(b'"', b'\\', b'\n', rest)?,
        Inside::Object => rest.iter().position(|byte| matches!(byte, b'"' | b'\n' | b'{' | b'}'))?,
        Inside::LineStart | Inside::Escape => 0,
    };
    rest.get(skip).map(|byte| (skip, *byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of a batch that arrives in pieces of so many bytes: each piece as line, end and text.
    fn split(
        batch: &[u8],
        max_item_bytes: usize,
        chunk: usize,
    ) -> Vec<(u64, u64, Result<String, ProblemKind>)> {
        let mut splitter = Splitter::new(max_item_bytes);
        let mut pieces = Vec::new();
        for chunk in batch.chunks(chunk) {
            splitter.push(chunk);
            while let Some(piece) = splitter.next() {
                pieces.push(piece);
            }
            let held = splitter.buffer.len();
            assert!(held <= max_item_bytes, "{held} bytes are kept of what was looked at");
        }
        pieces.extend(splitter.finish());
        assert!(pieces.iter().zip(0..).all(|(piece, index)| piece.index == index));
        let text = |text: Bytes| String::from_utf8(text.to_vec()).unwrap();
        let all = pieces.into_iter();
        all.map(|piece| {
            (piece.line, piece.end, piece.text.map(text).map_err(|problem| problem.kind().clone()))
        })
        .collect()
    }

    fn texts(batch: &str) -> Vec<Result<String, ProblemKind>> {
        split(batch.as_bytes(), 1000, 1000).into_iter().map(|(_, _, text)| text).collect()
    }

    fn ok(text: &str) -> Result<String, ProblemKind> {
        Ok(text.to_owned())
    }

    #[test]
    fn items_are_found_however_they_are_spread_over_lines() {
        for batch in [
            "{\"a\":1}\n{\"b\":2}\n",
            "{\"a\":1}\n{\"b\":2}",
            "{\"a\":1}{\"b\":2}",
            "\n\r\n \t{\"a\":1}\r\n\n  {\"b\":2}\r\n",
            "\u{feff}{\"a\":1} {\"b\":2}",
        ] {
            assert_eq!(texts(batch), [ok("{\"a\":1}"), ok("{\"b\":2}")], "{batch:?}");
        }
        let spread = "{\n  \"a\":\n\n 1\n}";
        assert_eq!(texts(&format!(" {spread} \n {spread}")), [ok(spread), ok(spread)]);
    }

    #[test]
    fn braces_quotes_and_escapes_in_strings_end_nothing() {
        for item in
            [r#"{"}{":"{"}"#, r#"{"\"}":"\\"}"#, r#"{"\\\"}":"\\\\"}"#, r#"{"a":{"b":{}},"c":[{}]}"#, "{}"]
        {
            assert_eq!(texts(&format!("{item}{item}\n{item}")), [ok(item), ok(item), ok(item)]);
        }
    }

    #[test]
    fn lines_and_ends_are_those_of_the_batch() {
        let batch = b"{}\n\n x\n{\"a\n {\n} {}";
        let pieces = split(batch, 1000, 1000);
        let places: Vec<_> = pieces.iter().map(|(line, end, _)| (*line, *end)).collect();
        assert_eq!(places, [(1, 2), (3, 5), (4, 10), (5, 15), (6, 18)]);
        assert_eq!(batch.len(), 18);
    }

    #[test]
    fn a_mistake_costs_as_few_items_as_possible() {
        use ProblemKind::{NotAnObject, Unclosed};
        let table: [(&str, &[Result<String, ProblemKind>]); 10] = [
            ("{\"a\":\"x}\n{}", &[Err(Unclosed), ok("{}")]),
            ("{\"a\":\"x\\\n{}", &[Err(Unclosed), ok("{}")]),
            ("{\"a\":1\n{}", &[Err(Unclosed), ok("{}")]),
            ("{\"a\":{\"b\":1}\n  {}\n{}", &[Err(Unclosed), ok("{}"), ok("{}")]),
            ("[{},\n{}]\n{}", &[Err(NotAnObject), ok("{}"), Err(NotAnObject), ok("{}")]),
            ("{},\n{}", &[ok("{}"), Err(NotAnObject), ok("{}")]),
            ("hello\n{}", &[Err(NotAnObject), ok("{}")]),
            ("} {}\n{}", &[Err(NotAnObject), ok("{}")]),
            ("{}\n{\"a\":", &[ok("{}"), Err(Unclosed)]),
            ("", &[]),
        ];
        for (batch, expected) in table {
            assert_eq!(texts(batch), expected, "{batch:?}");
        }
    }

    #[test]
    fn an_item_that_is_too_long_is_skipped_and_the_next_one_found() {
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(100));
        let just = format!("{{\"a\":\"{}\"}}", "x".repeat(12));
        assert_eq!(just.len(), 20);
        let batch = format!("{long}{just} {long}\n{just}\n{{\"a\":\"{}\n{{}}", "x".repeat(50));
        let too_large = || Err(ProblemKind::TooLarge { limit: 20 });
        let expected = [too_large(), ok(&just), too_large(), ok(&just), too_large(), ok("{}")];
        for chunk in [1, 7, 19, 20, 21, 1000] {
            let mut splitter = Splitter::new(20);
            let mut texts = Vec::new();
            for chunk in batch.as_bytes().chunks(chunk) {
                splitter.push(chunk);
                while let Some(piece) = splitter.next() {
                    let text = piece.text.map(|text| String::from_utf8(text.to_vec()).unwrap());
                    texts.push(text.map_err(|problem| problem.kind().clone()));
                }
                assert!(splitter.buffer.len() <= 20, "nothing is kept of what is skipped");
            }
            assert_eq!(splitter.finish(), None);
            assert_eq!(texts, expected, "in chunks of {chunk}");
        }
    }

    #[test]
    fn the_end_gives_what_was_not_taken_yet() {
        let mut splitter = Splitter::new(100);
        splitter.push(b"{}");
        let piece = splitter.finish().unwrap();
        assert_eq!(piece.text.unwrap(), "{}");
        assert_eq!(splitter.finish(), None);

        let mut splitter = Splitter::new(100);
        splitter.push(b"{}{\"a\":1}x\n{");
        let texts: Vec<_> = std::iter::from_fn(|| splitter.finish()).map(|piece| piece.text).collect();
        let kinds: Vec<_> = texts.iter().map(|text| text.as_ref().map_err(Problem::kind)).collect();
        let (first, second) = (Bytes::from_static(b"{}"), Bytes::from_static(b"{\"a\":1}"));
        use ProblemKind::{NotAnObject, Unclosed};
        assert_eq!(kinds, [Ok(&first), Ok(&second), Err(&NotAnObject), Err(&Unclosed)]);
    }

    #[test]
    fn a_large_item_takes_no_more_memory_than_it_may_and_gives_it_back() {
        let max = 5 * LARGE;
        let mut splitter = Splitter::new(max);
        let item = format!("{{\"a\":\"{}\"}}", "x".repeat(max - 8));
        assert_eq!(item.len(), max);
        let piece = 64 * 1024;
        let mut cut = None;
        for part in item.as_bytes().chunks(piece) {
            splitter.push(part);
            cut = splitter.next();
            assert!(splitter.buffer.capacity() <= max + piece, "{}", splitter.buffer.capacity());
        }
        let text = cut.unwrap().text.unwrap();
        assert_eq!(text, item);
        // Alone, it can be had as it is, without a copy.
        assert!(text.is_unique());
        assert!(splitter.buffer.capacity() <= LARGE);
        // One that is too large and is skipped leaves nothing either.
        splitter.push(b"{\"a\":\"");
        for _ in 0..200 {
            splitter.push(&vec![b'x'; piece]);
            assert_eq!(splitter.next(), None);
        }
        assert!(splitter.buffer.capacity() <= LARGE, "{}", splitter.buffer.capacity());
    }

    #[test]
    fn depth_and_junk_without_end_take_no_memory() {
        for part in [&b"{\"a\":"[..], b"[[[[[", b"xxxxx", b"     ", b"\"\"\"\"\""] {
            for begin in [&b""[..], b"{", b"{\""] {
                let mut splitter = Splitter::new(1000);
                splitter.push(begin);
                for _ in 0..20_000 {
                    splitter.push(part);
                    while splitter.next().is_some() {}
                    assert!(splitter.buffer.len() <= 1000);
                }
            }
        }
    }
}
