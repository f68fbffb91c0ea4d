//! Lists: their prefix gets the one of the tenant before it, and the keys of a page lose it. Cursors are passed on: they belong to
//! the list inside of the store, which is the tenant's. A cursor contains the key at which it stands, so the program can read the name
//! of its tenant in it; one of its own making gets it nowhere, as the prefix of the list stays.

use std::cell::RefCell;
use std::num::NonZeroU32;

use edgekv_store::{Cursor, Key, ListMode as Mode, ListPage as Document, limits::MAX_LIST_LIMIT};

use crate::bindings::edgekv::kv::bodies::{self, Body};
use crate::bindings::edgekv::kv::kv_store as inner;
use crate::bindings::exports::edgekv::kv::kv_store::{self as outer, Error, ListMode, ListPage};
use crate::bindings::wasi::io::poll::Pollable;
use crate::{begin, outside};

pub(crate) struct ListBuilder {
    inner: inner::ListBuilder,
    asked: RefCell<Asked>,
}

/// What the program has asked for: the document of a page repeats it.
#[derive(Clone)]
struct Asked {
    prefix: Vec<u8>,
    limit: u32,
    mode: Mode,
}

impl ListBuilder {
    pub(crate) fn new(inner: inner::ListBuilder) -> Self {
        inner.prefix(&begin(b""));
        let asked = Asked { prefix: Vec::new(), limit: MAX_LIST_LIMIT.get(), mode: Mode::Strong };
        Self { inner, asked: RefCell::new(asked) }
    }
}

impl outer::GuestListBuilder for ListBuilder {
    fn prefix(&self, prefix: Vec<u8>) {
        self.inner.prefix(&begin(&prefix));
        self.asked.borrow_mut().prefix = prefix;
    }

    fn cursor(&self, cursor: Vec<u8>) {
        self.inner.cursor(&cursor);
    }

    fn limit(&self, limit: u32) {
        self.inner.limit(limit);
        self.asked.borrow_mut().limit = limit;
    }

    fn mode(&self, mode: ListMode) {
        self.inner.mode(mode);
        self.asked.borrow_mut().mode = match mode {
            ListMode::Strong => Mode::Strong,
            ListMode::Eventual => Mode::Eventual,
        };
    }

    fn execute(&self) -> Result<ListPage, Error> {
        self.inner.execute().map(outside_page)
    }

    fn execute_async(&self) -> Result<outer::PendingList, Error> {
        let inner = self.inner.execute_async()?;
        Ok(outer::PendingList::new(PendingList { inner, asked: self.asked.borrow().clone() }))
    }
}

/// The page that the program sees.
fn outside_page(mut page: ListPage) -> ListPage {
    page.keys.retain_mut(|key| {
        let known = outside(key).map(<[u8]>::len);
        // The prefix is in front of what it knows.
        known.map(|known| drop(key.drain(..key.len() - known))).is_some()
    });
    page
}

pub(crate) struct PendingList {
    inner: inner::PendingList,
    asked: Asked,
}

impl outer::GuestPendingList for PendingList {
    fn wait(this: outer::PendingList) -> Result<ListPage, Error> {
        inner::PendingList::wait(this.into_inner::<Self>().inner).map(outside_page)
    }

    fn wait_document(this: outer::PendingList) -> Result<Body, Error> {
        let Self { inner, asked } = this.into_inner::<Self>();
        let page = inner::PendingList::wait(inner).map(outside_page)?;
        let document = document(&page, asked).and_then(|document| serde_json::to_vec(&document).ok());
        bodies::from_bytes(&document.ok_or(Error::InternalError)?).map_err(|_| Error::LimitExceeded)
    }

    fn subscribe(&self) -> Option<Pollable> {
        self.inner.subscribe()
    }
}

/// A page as the store would have written it down for this list, where the store has pages as long as any: what its limit is, a layer
/// is not told. `None` when what it says are no keys, or no cursor.
fn document(page: &ListPage, asked: Asked) -> Option<Document> {
    let key = |key: &'_ Vec<u8>| Some(Key::new(std::str::from_utf8(key).ok()?).ok()?.to_buf());
    let keys: Vec<_> = page.keys.iter().map(key).collect::<Option<_>>()?;
    let cursor = |cursor: &Vec<u8>| Cursor::parse(std::str::from_utf8(cursor).ok()?).ok();
    let next = match &page.next_cursor {
        Some(next) => Some(cursor(next)?),
        None => None,
    };
    Some(Document {
        keys: keys.iter().map(|key| key.as_key()).collect(),
        limit: NonZeroU32::new(asked.limit)?.min(MAX_LIST_LIMIT),
        prefix: String::from_utf8(asked.prefix).ok()?,
        next,
        mode: asked.mode,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TENANT;

    fn page(keys: &[&str], next_cursor: Option<&str>) -> ListPage {
        let keys = keys.iter().map(|key| key.as_bytes().to_vec()).collect();
        ListPage { keys, next_cursor: next_cursor.map(|cursor| cursor.as_bytes().to_vec()) }
    }

    #[test]
    fn keys_of_a_page_lose_the_prefix_and_keys_of_others_are_left_out() {
        let of = |tenant: &str, key| format!("{tenant}/{key}");
        let inside = [of(TENANT, "a"), of(TENANT, ""), of("other", "b"), of(TENANT, "other/c")];
        let inside = page(&inside.each_ref().map(String::as_str), Some("next"));
        let outside = outside_page(inside);
        assert_eq!(outside.keys, [&b"a"[..], b"other/c"]);
        assert_eq!(outside.next_cursor.as_deref(), Some(&b"next"[..]));
    }

    #[test]
    fn the_document_says_what_was_asked_for() {
        let asked = Asked { prefix: b"fr".to_vec(), limit: 4, mode: Mode::Eventual };
        let document = document(&page(&["fruit"], None), asked).unwrap();
        assert_eq!(
            serde_json::to_string(&document).unwrap(),
            r#"{"data":["fruit"],"meta":{"limit":4,"prefix":"fr","consistency":"eventual"}}"#
        );
    }
}
