//! Lists: what is asked for, and the page that answers it.

use std::num::NonZeroU32;

use bytes::Bytes;
use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};

use crate::clock::Timestamp;
use crate::cursor::Cursor;
use crate::key::{Key, KeyBuf};

/// How fresh a list must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListMode {
    /// Every write that has been acknowledged is seen.
    #[default]
    Strong,
    /// The list may lag behind, if that makes it cheaper.
    Eventual,
}

/// A list that is asked for, as the outside words it: everything optional, nothing checked.
#[derive(Debug, Clone, Copy, Default)]
pub struct ListRequest<'a> {
    /// Only keys that begin so; empty is all.
    pub prefix: &'a str,
    /// The text of the cursor of the page before.
    pub cursor: Option<&'a str>,
    /// Most keys on the page; `None` is [`Limits::max_list_limit`](crate::Limits::max_list_limit).
    pub limit: Option<u32>,
    /// How fresh it must be.
    pub mode: ListMode,
}

/// A list as an engine is asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scan<'a> {
    /// Only keys that begin so.
    pub prefix: &'a str,
    /// Only keys after this one.
    pub after: Option<Key<'a>>,
    /// Most keys to give.
    pub limit: NonZeroU32,
    /// How fresh it must be.
    pub mode: ListMode,
    /// Entries that have expired by then are left out, and do not count.
    pub now: Timestamp,
}

impl<'a> Scan<'a> {
    /// Whether a key begins with the prefix.
    #[must_use]
    pub fn covers(&self, key: &str) -> bool {
        // Asked for nothing, `memcmp` on recent processors takes ten times as long as for a few bytes: it reads from where
        // the empty text points to, which is nowhere, and has the fault suppressed.
        self.prefix.is_empty() || key.starts_with(self.prefix)
    }

    /// Where the range of the scan begins, and whether that key itself is in it. From there on, keys
    /// that begin with the prefix follow each other without a gap.
    #[must_use]
    pub fn start(&self) -> std::ops::Bound<&'a str> {
        match self.after {
            Some(after) if after.as_str() >= self.prefix => std::ops::Bound::Excluded(after.as_str()),
            _ => std::ops::Bound::Included(self.prefix),
        }
    }
}

/// Keys in order, in one piece of memory: a page of 1,000 costs a few allocations instead of 1,000.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyList {
    text: String,
    ends: Vec<usize>,
}

impl KeyList {
    /// An empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self { text: String::new(), ends: Vec::new() }
    }

    /// Adds a key at the end.
    pub fn push(&mut self, key: Key<'_>) {
        self.text.push_str(key.as_str());
        self.ends.push(self.text.len());
    }

    /// Number of keys.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Memory that the list takes up, in bytes.
    #[must_use]
    pub const fn held_bytes(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * size_of::<usize>()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The keys, as texts.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).filter_map(|(start, end)| self.text.get(start..*end))
    }

    /// The keys, each as a part of the one piece of memory.
    pub fn into_slices(self) -> impl Iterator<Item = Bytes> {
        let text = Bytes::from(self.text);
        let starts = std::iter::once(0).chain(self.ends.clone());
        starts.zip(self.ends).map(move |(start, end)| text.slice(start..end))
    }

    /// The last key.
    #[must_use]
    pub fn last(&self) -> Option<KeyBuf> {
        let text = self.iter().last()?;
        Key::new(text).ok().map(Key::to_buf)
    }
}

impl<'a> FromIterator<Key<'a>> for KeyList {
    fn from_iter<I: IntoIterator<Item = Key<'a>>>(keys: I) -> Self {
        let mut list = Self::new();
        keys.into_iter().for_each(|key| list.push(key));
        list
    }
}

impl Serialize for KeyList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// What an engine answers to a [`Scan`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyPage {
    /// The keys.
    pub keys: KeyList,
    /// Whether at least one more key would have followed.
    pub more: bool,
}

/// A page of a list.
///
/// Serialized, it is the document that guests and HTTP clients get:
///
/// ```
/// use edgekv_store::{Key, KeyList, ListMode, ListPage};
/// # use std::num::NonZeroU32;
///
/// let page = ListPage {
///     keys: KeyList::from_iter([Key::new("apple")?, Key::new("banana")?]),
///     limit: NonZeroU32::new(4).unwrap(),
///     prefix: String::new(),
///     next: None,
///     mode: ListMode::Eventual,
/// };
/// let document = serde_json::to_string(&page)?;
/// assert_eq!(document, r#"{"data":["apple","banana"],"meta":{"limit":4,"consistency":"eventual"}}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPage {
    /// The keys, in order. Never empty when `next` is there.
    pub keys: KeyList,
    /// The most keys that this page could hold: what was asked for, cut to the limit.
    pub limit: NonZeroU32,
    /// The prefix that was asked for; empty is none.
    pub prefix: String,
    /// Where to go on; `None` on the last page.
    pub next: Option<Cursor>,
    /// How fresh the list is.
    pub mode: ListMode,
}

impl Serialize for ListPage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("ListPage", 2)?;
        document.serialize_field("data", &self.keys)?;
        document.serialize_field("meta", &Meta(self))?;
        document.end()
    }
}

/// The `meta` member. What is absent is left out, as clients loop for ever over an empty `next_cursor`, and take
/// an empty prefix for one that was asked for.
struct Meta<'a>(&'a ListPage);

impl Serialize for Meta<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let page = self.0;
        let mut meta = serializer.serialize_map(None)?;
        meta.serialize_entry("limit", &page.limit)?;
        if !page.prefix.is_empty() {
            meta.serialize_entry("prefix", &page.prefix)?;
        }
        if let Some(next) = &page.next {
            meta.serialize_entry("next_cursor", &next.to_string())?;
        }
        if page.mode == ListMode::Eventual {
            meta.serialize_entry("consistency", "eventual")?;
        }
        meta.end()
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Bound;

    use super::*;
    use crate::name::StoreId;

    #[test]
    fn a_key_list_gives_back_what_was_pushed() {
        let keys = ["a", "bb", "ключ"];
        let list: KeyList = keys.into_iter().map(|key| Key::new(key).unwrap()).collect();
        assert_eq!(list.iter().collect::<Vec<_>>(), keys);
        assert_eq!(list.len(), 3);
        assert_eq!(list.last().unwrap().as_str(), "ключ");
        assert_eq!(KeyList::new().last(), None);
    }

    #[test]
    fn a_scan_starts_at_the_prefix_or_behind_the_cursor_whichever_is_later() {
        let start = |prefix, after: Option<&'static str>| {
            let after = after.map(|key| Key::new(key).unwrap());
            let (limit, mode) = (NonZeroU32::MIN, ListMode::Strong);
            Scan { prefix, after, limit, mode, now: Timestamp::default() }.start()
        };
        assert_eq!(start("", None), Bound::Included(""));
        assert_eq!(start("b", None), Bound::Included("b"));
        assert_eq!(start("b", Some("a")), Bound::Included("b"));
        assert_eq!(start("b", Some("b")), Bound::Excluded("b"));
        assert_eq!(start("b", Some("ba")), Bound::Excluded("ba"));
        assert_eq!(start("b", Some("c")), Bound::Excluded("c"));
    }

    #[test]
    fn the_document_has_a_member_exactly_when_it_applies() {
        let mut page = ListPage {
            keys: KeyList::new(),
            limit: NonZeroU32::new(4).unwrap(),
            prefix: String::new(),
            next: None,
            mode: ListMode::Strong,
        };
        assert_eq!(serde_json::to_string(&page).unwrap(), r#"{"data":[],"meta":{"limit":4}}"#);
        let key = Key::new("ba\"r").unwrap();
        page.keys.push(key);
        page.prefix = "ba".into();
        page.next = Some(Cursor::new(StoreId::new(1), "ba", key));
        let expected = format!(
            r#"{{"data":["ba\"r"],"meta":{{"limit":4,"prefix":"ba","next_cursor":"{}"}}}}"#,
            page.next.as_ref().unwrap()
        );
        assert_eq!(serde_json::to_string(&page).unwrap(), expected);
    }
}
