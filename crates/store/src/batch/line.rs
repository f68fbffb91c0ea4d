//! An entry as a line of a batch.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::field;
use crate::clock::Timestamp;
use crate::entry::Entry;
use crate::insert::Insert;
use crate::key::Key;
use crate::metadata::Metadata;

/// Appends an entry as an item, and a line feed.
///
/// Its lifetime is what remains at `now`. Nothing else than the line is allocated; it is about 4/3 of the value.
///
/// ```
/// use bytes::Bytes;
/// use edgekv_store::{Entry, Generation, Key, Metadata, Timestamp, batch};
///
/// let generation = Generation::new(1).unwrap();
/// let entry = Entry::new(Bytes::from("hello"), Metadata::NONE, generation, None);
/// let mut out = Vec::new();
/// batch::write_line(&mut out, Key::new("greeting")?, &entry, Timestamp::default());
/// assert_eq!(out, b"{\"key\":\"greeting\",\"value\":\"aGVsbG8=\"}\n");
/// # Ok::<(), edgekv_store::KeyError>(())
/// ```
pub fn write_line(out: &mut Vec<u8>, key: Key<'_>, entry: &Entry, now: Timestamp) {
    write(out, key, entry.value(), entry.metadata(), remaining_seconds(entry, now));
}

/// Appends a write as an item, and a line feed: what [`parse`](super::parse) has read, for example. Mode and condition are
/// not part of the format; seconds that have begun are whole ones.
pub fn write_item(out: &mut Vec<u8>, key: Key<'_>, insert: &Insert) {
    let seconds =
        insert.time_to_live.map(|ttl| ttl.as_secs().saturating_add(u64::from(ttl.subsec_nanos() > 0)));
    write(out, key, &insert.value, &insert.metadata, seconds);
    if insert.background_fetch {
        // Behind the last field, before the end.
        out.truncate(out.len() - END.len());
        out.push(b',');
        write_name(out, field::BACKGROUND_FETCH);
        out.extend_from_slice(b"true");
        out.extend_from_slice(END);
    }
}

/// How a line ends.
const END: &[u8] = b"}\n";

fn write(out: &mut Vec<u8>, key: Key<'_>, value: &[u8], metadata: &Metadata, seconds: Option<u64>) {
    out.reserve(value.len().div_ceil(3).saturating_mul(4).saturating_add(128));
    out.push(b'{');
    write_name(out, field::KEY);
    write_text(out, key.as_str());
    out.push(b',');
    write_name(out, field::VALUE);
    write_base64(out, value);
    if !metadata.is_empty() {
        out.push(b',');
        match std::str::from_utf8(metadata.as_bytes()) {
            Ok(text) => {
                write_name(out, field::METADATA);
                write_text(out, text);
            }
            Err(_) => {
                write_name(out, field::METADATA_BASE64);
                write_base64(out, metadata.as_bytes());
            }
        }
    }
    if let Some(seconds) = seconds {
        out.push(b',');
        write_name(out, field::TIME_TO_LIVE);
        // A vector takes everything.
        let _ = write!(out, "{seconds}");
    }
    out.extend_from_slice(END);
}

/// The lifetime that an entry has left at `now`, in whole seconds, rounded up; `None` is for ever.
#[must_use]
pub fn remaining_seconds(entry: &Entry, now: Timestamp) -> Option<u64> {
    let left = entry.expires_at()?.as_micros().saturating_sub(now.as_micros());
    Some(left.div_ceil(1_000_000))
}

fn write_name(out: &mut Vec<u8>, name: &str) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    // Neither a string nor a vector can fail.
    let _ = serde_json::to_writer(out, text);
}

fn write_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    if let Some(room) = out.get_mut(start..) {
        // There is exactly as much room as it takes.
        let _ = STANDARD.encode_slice(bytes, room);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;
    use crate::batch::parse;
    use crate::generation::Generation;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);

    fn entry(value: &[u8], metadata: &[u8], expires_at: Option<u64>) -> Entry {
        Entry::new(
            Bytes::copy_from_slice(value),
            Metadata::copy_from(metadata).unwrap(),
            Generation::new(7).unwrap(),
            expires_at.map(Timestamp::from_micros),
        )
    }

    fn line(key: &str, entry: &Entry) -> String {
        let mut out = Vec::new();
        write_line(&mut out, Key::new(key).unwrap(), entry, NOW);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_has_what_the_entry_has_and_nothing_else() {
        assert_eq!(line("a", &entry(b"", b"", None)), "{\"key\":\"a\",\"value\":\"\"}\n");
        assert_eq!(
            line("a\"\u{1}é", &entry(b"\xff", b"m\nn", Some(1_060_000_000))),
            "{\"key\":\"a\\\"\\u0001é\",\"value\":\"/w==\",\"metadata\":\"m\\nn\",\"time_to_live_sec\":60}\n"
        );
        assert_eq!(
            line("a", &entry(b"v", b"\xff\xfe", None)),
            "{\"key\":\"a\",\"value\":\"dg==\",\"metadata_base64\":\"//4=\"}\n"
        );
    }

    #[test]
    fn remaining_lifetimes_are_rounded_up_and_never_less_than_what_remains() {
        for (expires_at, seconds) in
            [(1_000_000_001, 1), (1_001_000_000, 1), (1_001_000_001, 2), (1_000_000_000, 0), (0, 0)]
        {
            assert_eq!(
                remaining_seconds(&entry(b"", b"", Some(expires_at)), NOW),
                Some(seconds),
                "{expires_at}"
            );
        }
        assert_eq!(remaining_seconds(&entry(b"", b"", None), NOW), None);
        let last = remaining_seconds(&entry(b"", b"", Some(u64::MAX)), NOW);
        assert_eq!(last, Some((u64::MAX - 1_000_000_000).div_ceil(1_000_000)));
    }

    #[test]
    fn what_is_written_is_read_back() {
        for (key, value, metadata, expires_at) in [
            ("a/b c%2F+é键\0\u{ffff}\"\\", &b"\0\x01\xff binary"[..], &b"text\r\n\0"[..], None),
            ("k", b"", b"\xc3\x28", Some(1_300_000_000)),
        ] {
            let text = line(key, &entry(value, metadata, expires_at));
            assert_eq!(text.matches('\n').count(), 1, "one line: {text}");
            let item = parse(text.as_bytes()).unwrap();
            assert_eq!(item.key.as_str(), key);
            assert_eq!(item.insert.value, value);
            assert_eq!(item.insert.metadata.as_bytes(), metadata);
            assert_eq!(item.insert.time_to_live, expires_at.map(|_| Duration::from_secs(300)));
            let insert = Insert { background_fetch: true, ..item.insert };
            let mut again = Vec::new();
            write_item(&mut again, item.key.as_key(), &insert);
            assert_eq!(parse(&again).unwrap().insert, insert);
            write_item(&mut again, item.key.as_key(), &Insert { background_fetch: false, ..insert });
            assert!(again.ends_with(text.as_bytes()), "the same line as that of the entry");
        }
    }
}
