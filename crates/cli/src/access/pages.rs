//! The keys of a store, page by page.

use super::remote::client::contradiction;
use super::{Page, Store};
use crate::exit::Failure;

/// Most pages without a key, one after the other, that are taken from a server. Some look for keys only so long at a time.
const MAX_EMPTY: u32 = 1000;

/// A list of keys that goes on, and has an end, whatever a server says.
pub(crate) struct Pages<'a> {
    store: &'a Store,
    prefix: &'a str,
    order: Order,
    cursor: Option<String>,
    is_last: bool,
}

impl<'a> Pages<'a> {
    pub(crate) fn new(store: &'a Store, prefix: &'a str) -> Self {
        Self { store, prefix, order: Order::default(), cursor: None, is_last: false }
    }

    /// The next page, of at most `limit` keys; `None` behind the last.
    pub(crate) fn next(&mut self, limit: u32) -> Result<Option<Page>, Failure> {
        if self.is_last {
            return Ok(None);
        }
        let page = self.store.page(self.prefix, self.cursor.as_deref(), limit)?;
        self.order.check(&page)?;
        self.cursor.clone_from(&page.next);
        self.is_last = page.next.is_none();
        Ok(Some(page))
    }
}

/// What shows that a list comes to its end: each key is behind all that came before.
#[derive(Debug, Default)]
pub(super) struct Order {
    last: Option<String>,
    empty: u32,
}

impl Order {
    pub(super) fn check(&mut self, page: &Page) -> Result<(), Failure> {
        let mut last = self.last.as_deref();
        for key in &page.keys {
            if last.is_some_and(|last| last >= key.as_str()) {
                return Err(contradiction("its keys are not in their order, at", key));
            }
            last = Some(key);
        }
        self.empty = if page.keys.is_empty() { self.empty + 1 } else { 0 };
        if self.empty > MAX_EMPTY {
            return Err(contradiction(
                "the list goes on without keys, at",
                page.next.as_deref().unwrap_or(""),
            ));
        }
        if let Some(last) = page.keys.last() {
            self.last = Some(last.clone());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(keys: &[&str]) -> Page {
        Page { keys: keys.iter().map(|key| (*key).to_owned()).collect(), next: Some("next".into()) }
    }

    #[test]
    fn a_list_brings_only_keys_behind_those_before() {
        let mut order = Order::default();
        order.check(&page(&["a", "b"])).unwrap();
        order.check(&page(&[])).unwrap();
        order.check(&page(&["c"])).unwrap();
        for wrong in [&["c"][..], &["a"], &["d", "d"], &["e", "d"]] {
            assert!(order.check(&page(wrong)).is_err(), "{wrong:?}");
        }
        order.check(&page(&["d"])).unwrap();
    }

    #[test]
    fn a_list_without_keys_has_an_end() {
        let mut order = Order::default();
        for _ in 0..MAX_EMPTY {
            order.check(&page(&[])).unwrap();
        }
        assert!(order.check(&page(&[])).is_err());
    }
}
