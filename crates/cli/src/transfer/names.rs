//! Keys as paths of files: every key has one that every file system takes, and that leads back to the key.
//!
//! A `/` separates folders. What a file system has no name for is percent-encoded as in URLs, and so is `%` itself. The name
//! of a folder that ends with a bare `%` goes on in what is in it: so long keys fit.

use std::fmt::Write as _;

/// Longest name, in bytes; file systems allow 255 at least. There is room for a mark and an escape.
const MAX_NAME_BYTES: usize = 240;

/// Where a folder has what is not values.
pub(crate) const RESERVED: &str = ".edgekv";

/// The parts of a key that become folders, and the last one the file: between slashes that have something on both sides.
/// Other slashes stay where they are.
pub(crate) fn segments(key: &str) -> Vec<&str> {
    let mut segments = Vec::new();
    let mut start = 0;
    for (at, _) in key.match_indices('/') {
        if at > start && at + 1 < key.len() {
            segments.push(key.get(start..at).unwrap_or_default());
            start = at + 1;
        }
    }
    segments.push(key.get(start..).unwrap_or_default());
    segments
}

/// The names for a segment: usually one, and folders before it when it is long.
pub(crate) fn names(segment: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut name = String::new();
    for char in segment.chars() {
        let mut encoded = String::new();
        if has_name(char) {
            encoded.push(char);
        } else {
            escape(&mut encoded, char);
        }
        if name.len() + encoded.len() > MAX_NAME_BYTES {
            name.push('%');
            names.push(std::mem::take(&mut name));
        }
        name += &encoded;
    }
    names.push(safe(name));
    names
}

/// Whether every file system takes this character in a name.
fn has_name(char: char) -> bool {
    !char.is_ascii_control() && !matches!(char, '%' | '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
}

fn escape(out: &mut String, char: char) {
    let mut bytes = [0; 4];
    for byte in char.encode_utf8(&mut bytes).bytes() {
        // A string can always be written to.
        let _ = write!(out, "%{byte:02X}");
    }
}

/// The same name, if it means something special, with a character of it encoded.
fn safe(name: String) -> String {
    let stem = name.split('.').next().unwrap_or_default();
    let is_device = |device: &&str| {
        stem.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(device))
            && match *device {
                "COM" | "LPT" => stem.len() == 4 && stem.ends_with(|last: char| last.is_ascii_digit()),
                _ => stem.len() == 3,
            }
    };
    let is_special = ["CON", "PRN", "AUX", "NUL", "COM", "LPT"].iter().any(is_device)
        || name.eq_ignore_ascii_case(RESERVED);
    let mut chars = name.chars();
    if (is_special || name == "." || name == "..")
        && let Some(first) = chars.next()
    {
        let mut encoded = String::new();
        escape(&mut encoded, first);
        encoded += chars.as_str();
        return safe_end(encoded);
    }
    safe_end(name)
}

/// Some systems forget blanks and dots at the end of a name.
fn safe_end(mut name: String) -> String {
    if name.ends_with(['.', ' '])
        && let Some(last) = name.pop()
    {
        escape(&mut name, last);
    }
    name
}

/// The key of a file by the names on its way; `None` when it is not text.
pub(crate) fn key<'n>(names: impl IntoIterator<Item = &'n str>) -> Option<String> {
    let mut key = Vec::new();
    let mut names = names.into_iter().peekable();
    while let Some(name) = names.next() {
        let is_folder = names.peek().is_some();
        // A bare mark: what is behind it is no escape.
        match name.strip_suffix('%') {
            Some(start) if is_folder => key.extend(percent_encoding::percent_decode_str(start)),
            _ => {
                key.extend(percent_encoding::percent_decode_str(name));
                if is_folder {
                    key.push(b'/');
                }
            }
        }
    }
    String::from_utf8(key).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(key: &str) -> Vec<String> {
        segments(key).into_iter().flat_map(names).collect()
    }

    #[test]
    fn keys_become_paths_that_lead_back_to_them() {
        let long = "é".repeat(512);
        let escapes = "%/".repeat(512);
        for (key_text, expected) in [
            ("a", Some("a")),
            ("a/b/c.txt", Some("a/b/c.txt")),
            ("a b+c", Some("a b+c")),
            ("100%", Some("100%25")),
            ("a%2Fb", Some("a%252Fb")),
            ("/", Some("%2F")),
            ("/a", Some("%2Fa")),
            ("a/", Some("a%2F")),
            ("a//b", Some("a/%2Fb")),
            ("a//", Some("a/%2F")),
            ("//", Some("%2F%2F")),
            ("//a", Some("%2F/a")),
            ("a/../b", Some("a/%2E%2E/b")),
            ("../a", Some("%2E%2E/a")),
            ("./a", Some("%2E/a")),
            ("...", Some("..%2E")),
            ("a.", Some("a%2E")),
            ("a ", Some("a%20")),
            (" ", Some("%20")),
            (".edgekv/a", Some("%2Eedgekv/a")),
            (".EdgeKV", Some("%2EEdgeKV")),
            (".hidden", Some(".hidden")),
            ("con", Some("%63on")),
            ("Lpt1.txt", Some("%4Cpt1.txt")),
            ("console", Some("console")),
            ("com", Some("com")),
            ("a:b\\c*d\"e<f>g", Some("a%3Ab%5Cc%2Ad%22e%3Cf%3Eg")),
            ("\0\u{1}\u{7f}", Some("%00%01%7F")),
            ("键/é😀", Some("键/é😀")),
            (&long, None),
            (&escapes, None),
        ] {
            let names = path(key_text);
            if let Some(expected) = expected {
                assert_eq!(names.join("/"), expected, "{key_text:?}");
            }
            assert_eq!(key(names.iter().map(String::as_str)).as_deref(), Some(key_text));
            for name in names {
                assert!(!name.is_empty() && name.len() <= 255, "{name:?}");
                assert!(name != "." && name != ".." && !name.contains(['/', '\0', '\\']), "{name:?}");
            }
        }
    }

    #[test]
    fn every_way_to_cut_a_long_key_leads_back_to_it() {
        for length in 1..1024 {
            for unit in ["a", "%", ".", "/", "a/", ". "] {
                let mut text = unit.repeat(length);
                text.truncate(1024);
                let names = path(&text);
                assert_eq!(key(names.iter().map(String::as_str)), Some(text));
                assert!(names.iter().all(|name| name.len() <= 255 && *name != "." && *name != ".."));
            }
        }
    }

    #[test]
    fn names_that_are_no_encoding_stand_for_themselves() {
        assert_eq!(key(["50% off.txt"]).as_deref(), Some("50% off.txt"));
        assert_eq!(key(["100%"]).as_deref(), Some("100%"), "of a file");
        assert_eq!(key(["a", "b%zz"]).as_deref(), Some("a/b%zz"));
        assert_eq!(key(["%FF"]), None);
    }

    #[test]
    fn a_segment_with_slashes_in_it_has_one_name() {
        assert_eq!(names("b/c"), ["b%2Fc"]);
        assert_eq!(key(["a%2Fb%2Fc"]).as_deref(), Some("a/b/c"));
    }
}
