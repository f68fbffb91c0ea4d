//! Lists: order, prefixes, pages and cursors.

use std::num::NonZeroU32;

use super::{Bench, Fixture, delete, key, keys, list, put, walk};
use crate::cursor::CursorError;
use crate::error::KvError;
use crate::limits::{Limits, MAX_KEY_BYTES};
use crate::list::{ListMode, ListPage, ListRequest};
use crate::stores::KvStore;

fn fill(store: &KvStore, all: &[&str]) {
    for at in all {
        put(store, at, "v");
    }
}

fn page(store: &KvStore, prefix: &str, cursor: Option<&str>, limit: u32) -> ListPage {
    list(store, ListRequest { prefix, cursor, limit: Some(limit), mode: ListMode::Strong })
}

fn texts(page: &ListPage) -> Vec<&str> {
    page.keys.iter().collect()
}

#[track_caller]
fn cursor(page: &ListPage) -> String {
    match &page.next {
        Some(next) => next.to_string(),
        None => panic!("the page has no cursor: {page:?}"),
    }
}

pub(super) fn lists_are_in_byte_order_and_cut_by_prefix(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    let sorted =
        ["\0", "A", "a", "a\0", "a/", "a/b", "aa", "b", "\u{7f}", "é", "éa", "键", "\u{ffff}", "\u{10000}"];
    let mut shuffled = sorted;
    shuffled.reverse();
    shuffled.rotate_left(5);
    fill(&store, &shuffled);
    assert_eq!(keys(&store), sorted);
    for prefix in ["", "a", "a/", "aa", "aaa", "b", "é", "\u{ffff}", "\u{10ffff}", "\0"] {
        let mut got = Vec::new();
        walk(&store, prefix, 2, |page| got.extend(page.keys.iter().map(str::to_owned)));
        let expected: Vec<_> = sorted.into_iter().filter(|at| at.starts_with(prefix)).collect();
        assert_eq!(got, expected, "prefix {prefix:?}");
    }
    let request = ListRequest { prefix: "a", mode: ListMode::Eventual, ..ListRequest::default() };
    let eventual = list(&store, request);
    assert_eq!((texts(&eventual).len(), eventual.mode, &*eventual.prefix), (5, ListMode::Eventual, "a"));
}

pub(super) fn pages_follow_each_other_to_the_end(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    let all: Vec<String> = (0..57).map(|number| format!("k{number:03}")).collect();
    for at in &all {
        put(&store, at, "v");
    }
    for limit in [1, 2, 10, 56, 57, 58, 1000] {
        let mut got = Vec::new();
        let mut pages = 0;
        walk(&store, "", limit, |page| {
            got.extend(page.keys.iter().map(str::to_owned));
            pages += 1;
        });
        assert_eq!(got, all, "limit {limit}");
        assert_eq!(pages, 57_u32.div_ceil(limit), "limit {limit}");
    }
}

pub(super) fn a_full_last_page_has_no_cursor(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    assert_eq!(page(&store, "", None, 1).next, None, "of an empty store");
    fill(&store, &["a", "b", "c", "d"]);
    let first = page(&store, "", None, 2);
    assert_eq!(texts(&first), ["a", "b"]);
    let second = page(&store, "", Some(&cursor(&first)), 2);
    assert_eq!(texts(&second), ["c", "d"]);
    assert_eq!(second.next, None);
    // What follows in the store is not in the list.
    assert_eq!(page(&store, "b", None, 1).next, None);
}

pub(super) fn a_page_with_a_cursor_is_never_empty(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    fill(&store, &["a", "b", "c"]);
    let first = page(&store, "", None, 1);
    // All that the cursor promised goes away before it is used.
    assert!(delete(&store, "b") && delete(&store, "c"));
    let second = page(&store, "", Some(&cursor(&first)), 1);
    assert_eq!((texts(&second).len(), second.next), (0, None));
}

pub(super) fn a_cursor_outlives_the_key_it_stands_on(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    fill(&store, &["a", "b", "c", "d"]);
    let first = page(&store, "", None, 2);
    assert!(delete(&store, "b"));
    put(&store, "aa", "comes before the cursor");
    put(&store, "bb", "comes after the cursor");
    assert_eq!(texts(&page(&store, "", Some(&cursor(&first)), 10)), ["bb", "c", "d"]);
}

pub(super) fn cursors_of_other_lists_are_refused(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let (store, other) = (bench.named("one"), bench.named("two"));
    for store in [&store, &other] {
        fill(store, &["aa", "ab", "ac", "b"]);
    }
    let cursor = cursor(&page(&store, "a", None, 1));
    let ask = |store: &KvStore, prefix, cursor: &str| {
        store.list(ListRequest { prefix, cursor: Some(cursor), ..ListRequest::default() }).wait()
    };
    assert!(ask(&store, "a", &cursor).is_ok());
    for (store, prefix) in [(&other, "a"), (&store, ""), (&store, "aa"), (&store, "b")] {
        let result = ask(store, prefix, &cursor);
        assert!(matches!(result, Err(KvError::Cursor(CursorError::OtherList))), "{result:?}");
    }
    for text in ["", "!", "aa", &cursor[1..]] {
        let result = ask(&store, "a", text);
        assert!(matches!(result, Err(KvError::Cursor(CursorError::Malformed))), "{text:?}: {result:?}");
    }
}

pub(super) fn limits_are_checked_and_cut(fixture: &dyn Fixture) {
    let five = NonZeroU32::MIN.saturating_add(4);
    let bench = Bench::with_limits(fixture, Limits { max_list_limit: five, ..Limits::default() });
    let store = bench.store();
    fill(&store, &["a", "b", "c", "d", "e", "f", "g"]);
    let ask = |limit| store.list(ListRequest { limit, ..ListRequest::default() }).wait();
    for (limit, expected) in [(None, 5), (Some(1), 1), (Some(5), 5), (Some(6), 5), (Some(u32::MAX), 5)] {
        let page = super::good(ask(limit));
        assert_eq!((page.limit.get(), page.keys.len()), (expected, expected as usize), "{limit:?}");
        assert!(page.next.is_some(), "{limit:?}");
    }
    let zero = ask(Some(0));
    assert!(matches!(zero, Err(KvError::ZeroLimit)), "{zero:?}");
    let prefix = "k".repeat(MAX_KEY_BYTES + 1);
    let long = store.list(ListRequest { prefix: &prefix, ..ListRequest::default() }).wait();
    assert!(matches!(long, Err(KvError::PrefixTooLong { .. })), "{long:?}");
}

pub(super) fn the_longest_keys_are_listed(fixture: &dyn Fixture) {
    let bench = Bench::new(fixture);
    let store = bench.store();
    let all: Vec<String> =
        (0..30).map(|number| format!("{number:02}{}", "k".repeat(MAX_KEY_BYTES - 2))).collect();
    for at in &all {
        put(&store, at, "v");
    }
    let mut got = Vec::new();
    walk(&store, "", 7, |page| got.extend(page.keys.iter().map(str::to_owned)));
    assert_eq!(got, all);
    let exact = page(&store, &all[3], None, 10);
    assert_eq!(texts(&exact), [key(&all[3]).as_str()], "a whole key is a prefix of itself");
}
