//! Conditions and ranges of reads (RFC 9110, sections 13 and 14).

use std::time::SystemTime;

use edgekv_store::Generation;
use http::header::{
    HeaderMap, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE,
};
use httpdate::HttpDate;

/// When a generation was made: they are microseconds since 1970.
pub(crate) fn modified(generation: Generation) -> HttpDate {
    HttpDate::from(SystemTime::UNIX_EPOCH + std::time::Duration::from_micros(generation.get()))
}

/// What the conditions of a request mean for an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is answered.
    Proceed,
    /// The client has it already: 304.
    NotModified,
    /// It is not what the client wants: 412.
    Failed,
}

/// Asks the conditions in the order that the RFC gives. Those that are not understood are not there.
pub(crate) fn verdict(headers: &HeaderMap, generation: Generation) -> Verdict {
    if headers.contains_key(IF_MATCH) {
        if !names(headers, &IF_MATCH, generation, Comparison::Strong) {
            return Verdict::Failed;
        }
    } else if let Some(since) = date(headers, &IF_UNMODIFIED_SINCE)
        && modified(generation) > since
    {
        return Verdict::Failed;
    }
    if headers.contains_key(IF_NONE_MATCH) {
        if names(headers, &IF_NONE_MATCH, generation, Comparison::Weak) {
            return Verdict::NotModified;
        }
    } else if let Some(since) = date(headers, &IF_MODIFIED_SINCE)
        && modified(generation) <= since
    {
        return Verdict::NotModified;
    }
    Verdict::Proceed
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Strong,
    Weak,
}

/// Whether the list of entity tags in this header names the generation.
fn names(headers: &HeaderMap, name: &HeaderName, generation: Generation, comparison: Comparison) -> bool {
    // Ours have no comma in them, and no others are looked for.
    let mut tags =
        headers.get_all(name).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    tags.any(|tag| {
        let tag = tag.trim_ascii();
        let tag = match comparison {
            Comparison::Strong => tag,
            Comparison::Weak => tag.strip_prefix(b"W/").unwrap_or(tag),
        };
        tag == b"*" || is_tag_of(tag, generation)
    })
}

fn is_tag_of(tag: &[u8], generation: Generation) -> bool {
    generation_of(tag) == Some(generation)
}

/// The generation that a strong entity tag of ours names.
pub(crate) fn generation_of(tag: &[u8]) -> Option<Generation> {
    let digits = tag.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    // Of the ways to write a number, one is a tag.
    let is_tag = matches!(digits, [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit));
    let digits = std::str::from_utf8(digits).ok().filter(|_| is_tag)?;
    digits.parse().ok().and_then(Generation::new)
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<HttpDate> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

/// Which part of a value is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Whole,
    /// From the first of these bytes to the last.
    Bytes {
        first: usize,
        last: usize,
    },
    /// There are no such bytes: 416.
    Unsatisfiable,
}

/// The part of a value of `length` bytes that a request asks for. Several parts at once are answered by the whole, which
/// the RFC allows, and so is whatever is not understood.
pub(crate) fn part(headers: &HeaderMap, generation: Generation, length: usize) -> Part {
    let Some(range) = headers.get(RANGE) else { return Part::Whole };
    // A date cannot tell two writes of one second apart, and whoever has a date from us has a tag as well.
    if headers.get(IF_RANGE).is_some_and(|tag| !is_tag_of(tag.as_bytes().trim_ascii(), generation)) {
        return Part::Whole;
    }
    range.to_str().ok().and_then(|range| bytes(range, length)).unwrap_or(Part::Whole)
}

/// `None` when it is not one range of bytes.
fn bytes(range: &str, length: usize) -> Option<Part> {
    let (unit, range) = range.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let end = length.checked_sub(1);
    let (first, last) = match (number(first)?, number(last)?) {
        (None, None) => return None,
        (None, Some(0)) => return Some(Part::Unsatisfiable),
        (None, Some(suffix)) => (length.saturating_sub(suffix), end),
        (Some(first), None) => (first, end),
        (Some(first), Some(last)) if first > last => return None,
        (Some(first), Some(last)) => (first, end.map(|end| end.min(last))),
    };
    Some(match last {
        Some(last) if first <= last => Part::Bytes { first, last },
        _ => Part::Unsatisfiable,
    })
}

/// `None` when it is not a number, `Some(None)` when there is none.
fn number(text: &str) -> Option<Option<usize>> {
    if text.is_empty() {
        return Some(None);
    }
    // A number that does not fit lies behind every value.
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| Some(text.parse().unwrap_or(usize::MAX)))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// 2025-06-23 19:41:16 UTC, and a part of a second.
    const MICROS: u64 = 1_750_707_676_353_461;

    fn ask(pairs: &[(HeaderName, &str)]) -> Verdict {
        let headers =
            pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect();
        verdict(&headers, Generation::new(MICROS).unwrap())
    }

    #[test]
    fn the_table_of_conditions() {
        use Verdict::{Failed, NotModified, Proceed};
        let tag = format!("\"{MICROS}\"");
        let weak = format!("\"1\", W/{tag}");
        let (before, at, after) = (
            "Mon, 23 Jun 2025 19:41:15 GMT",
            "Mon, 23 Jun 2025 19:41:16 GMT",
            "Mon, 23 Jun 2025 19:41:17 GMT",
        );
        let table: [(&[(HeaderName, &str)], Verdict); 17] = [
            (&[], Proceed),
            (&[(IF_NONE_MATCH, &tag)], NotModified),
            (&[(IF_NONE_MATCH, &weak)], NotModified),
            (&[(IF_NONE_MATCH, "*")], NotModified),
            (&[(IF_NONE_MATCH, "\"1\"")], Proceed),
            (&[(IF_MATCH, &tag)], Proceed),
            (&[(IF_MATCH, "*")], Proceed),
            (&[(IF_MATCH, &weak)], Failed),
            (&[(IF_MATCH, "\"1\"")], Failed),
            (&[(IF_MODIFIED_SINCE, before)], Proceed),
            (&[(IF_MODIFIED_SINCE, at)], NotModified),
            (&[(IF_MODIFIED_SINCE, "yesterday")], Proceed),
            (&[(IF_MODIFIED_SINCE, after), (IF_NONE_MATCH, "\"1\"")], Proceed),
            (&[(IF_UNMODIFIED_SINCE, before)], Failed),
            (&[(IF_UNMODIFIED_SINCE, at)], Proceed),
            (&[(IF_UNMODIFIED_SINCE, before), (IF_MATCH, &tag)], Proceed),
            (&[(IF_MATCH, &tag), (IF_NONE_MATCH, &tag)], NotModified),
        ];
        for (pairs, expected) in table {
            assert_eq!(ask(pairs), expected, "{pairs:?}");
        }
    }

    #[test]
    fn the_table_of_ranges() {
        use Part::{Unsatisfiable, Whole};
        let part = |first, last| Part::Bytes { first, last };
        let table = [
            ("bytes=0-0", part(0, 0)),
            ("bytes=2-4", part(2, 4)),
            ("bytes=2-", part(2, 9)),
            ("bytes=2-99", part(2, 9)),
            ("bytes=-3", part(7, 9)),
            ("bytes=-99", part(0, 9)),
            ("Bytes = 1-2", part(1, 2)),
            ("bytes=10-", Unsatisfiable),
            ("bytes=-0", Unsatisfiable),
            ("bytes=99999999999999999999999-", Unsatisfiable),
            ("bytes=4-2", Whole),
            ("bytes=-", Whole),
            ("bytes=a-b", Whole),
            ("bytes=0-1,3-4", Whole),
            ("lines=0-1", Whole),
            ("bytes", Whole),
        ];
        for (range, expected) in table {
            assert_eq!(bytes(range, 10).unwrap_or(Whole), expected, "{range}");
        }
        assert_eq!(bytes("bytes=0-", 0), Some(Unsatisfiable));
        assert_eq!(bytes("bytes=-1", 0), Some(Unsatisfiable));
    }
}
