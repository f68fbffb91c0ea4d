//! `list`, `list_wait`, and the document that they give.

use edgekv_sys::{FastlyStatus as Status, KvError, KvListConfigOptions as Options};
use serde_json::{Value, json};

use crate::abi::kv;
use crate::case::{Case, Outcome, case, holds, open, same};
use crate::here::{
    Here, InsertOptions, ListOptions, finish_list, is_untouched, keys, next_cursor, set, start_list, wait,
};
use crate::memory::{block, end, number, out};
use crate::seeded::ENTRIES;

const LIST: &str = "fastly_kv_store, list";
const WAIT: &str = "fastly_kv_store, list_wait";
const ERRORS: &str = "fastly_kv_store, kv_error";
const CURSORS: &str = "What a store is, cursors";
const POINTERS: &str = "Conventions, pointers";

const ALL: ListOptions<'static> = ListOptions { mask: 0, mode: 0, cursor: b"", limit: 0, prefix: b"" };

/// Writes keys of the case.
fn insert_all(here: &Here, names: &[&str]) -> Outcome {
    names.iter().try_for_each(|name| here.insert(name, b"v"))
}

/// The names that a page has, without what they all begin with.
fn names(here: &Here, page: &Value) -> Vec<String> {
    let prefix = here.prefix();
    keys(page).into_iter().map(|key| key.strip_prefix(&prefix).unwrap_or(&key).to_owned()).collect()
}

/// The list fails in its wait.
fn is_bad(here: &Here, options: ListOptions<'_>) -> Outcome {
    same("outcome", here.list(options)?, Err(KvError::BAD_REQUEST))
}

/// The start of a list with this record.
fn start(here: &Here, mask: u32, record: u32) -> (Status, u32) {
    let pending = out();
    (kv::list(&[here.store, mask, record, pending]), pending)
}

pub(super) fn cases() -> Vec<Case> {
    [documents(), pages(), calls()].into_iter().flatten().collect()
}

fn documents() -> Vec<Case> {
    vec![
        case("kv-list-001", WAIT, "a list without keys is an empty last page", |here| {
            let prefix = here.prefix();
            let page = here.page(ALL.prefix(&prefix))?;
            same("document", page, json!({ "data": [], "meta": { "limit": 1000, "prefix": prefix } }))
        }),
        case("kv-list-002", WAIT, "keys are in the order of their bytes, and characters survive", |here| {
            let mut sorted = ["Z", "a\"b", "a\\b", "a\u{1}", "a/b", "é", "ключ", "\u{1f511}", "a"];
            insert_all(here, &sorted)?;
            sorted.sort_unstable();
            same("keys", names(here, &here.page(ALL.prefix(&here.prefix()))?), sorted)
        }),
        case("kv-list-003", WAIT, "the document has limit, prefix and next_cursor, and no more", |here| {
            insert_all(here, &["a", "b", "c"])?;
            let prefix = here.prefix();
            let page = here.page(ALL.prefix(&prefix).limit(2))?;
            let cursor = next_cursor(&page).unwrap_or_default().to_owned();
            holds("cursor", !cursor.is_empty(), "some text", &cursor)?;
            let keys = [here.key("a"), here.key("b")];
            let meta = json!({ "limit": 2, "prefix": prefix, "next_cursor": cursor });
            same("document", page, json!({ "data": keys, "meta": meta }))
        }),
        case("kv-list-004", WAIT, "the last page has no next_cursor", |here| {
            insert_all(here, &["a", "b", "c"])?;
            let prefix = here.prefix();
            for (limit, last) in [(3, true), (4, true), (2, false)] {
                let page = here.page(ALL.prefix(&prefix).limit(limit))?;
                let is_last = page["meta"].get("next_cursor").is_none();
                same(format!("whether a page of {limit} is the last"), is_last, last)?;
            }
            Ok(())
        }),
        case("kv-list-005", WAIT, "consistency is told in eventual mode only", |here| {
            let prefix = here.prefix();
            let page = here.page(ListOptions { mode: 1, ..ALL.prefix(&prefix) })?;
            same("consistency when eventual", &page["meta"]["consistency"], "eventual")?;
            let page = here.page(ALL.prefix(&prefix))?;
            same("consistency when strong", page["meta"].get("consistency"), None)
        }),
        case("kv-list-006", WAIT, "the prefix is told when one was asked for", |here| {
            let page = here.page(ALL.limit(1))?;
            same("prefix", page["meta"].get("prefix"), None)
        }),
        case("kv-list-007", WAIT, "the seeded store has its keys, and no others", |here| {
            let page = finish_list(start_list(here.seeded, ALL)?)?;
            let expected: Vec<_> = ENTRIES.iter().map(|(key, ..)| (*key).to_owned()).collect();
            same("keys", page.map(|page| keys(&page)), Ok(expected))
        }),
        case("kv-list-008", WAIT, "a prefix may end within a word", |_| {
            let seeded = crate::here::open(crate::seeded::SEEDED)?;
            let page = finish_list(start_list(seeded, ALL.prefix("ba"))?)?;
            same("keys", page.map(|page| keys(&page)), Ok(vec!["banana".to_owned(), "basil".to_owned()]))
        }),
        case("kv-list-009", WAIT, "a key that is the prefix is in the list", |here| {
            insert_all(here, &["k", "kk", "l"])?;
            same("keys", names(here, &here.page(ALL.prefix(&here.key("k")))?), ["k", "kk"])
        }),
    ]
}

fn pages() -> Vec<Case> {
    vec![
        case("kv-list-020", CURSORS, "pages of any size walk over the whole list", |here| {
            let all: Vec<_> = (0..13).map(|n| format!("{n:02}")).collect();
            all.iter().try_for_each(|name| here.insert(name, b"v"))?;
            let prefix = here.prefix();
            for limit in [1, 2, 5, 12, 13, 14] {
                let (mut seen, mut cursor) = (Vec::new(), String::new());
                loop {
                    let page = here.page(ALL.prefix(&prefix).limit(limit).cursor(&cursor))?;
                    let names = names(here, &page);
                    holds("page", !names.is_empty() && seen.len() <= all.len(), "some keys", &names)?;
                    seen.extend(names);
                    match next_cursor(&page) {
                        Some(next) => cursor = next.to_owned(),
                        None => break,
                    }
                }
                same(format!("keys in pages of {limit}"), &seen, &all)?;
            }
            Ok(())
        }),
        case("kv-list-021", CURSORS, "a cursor survives that its key is deleted and others come", |here| {
            insert_all(here, &["a", "c", "e"])?;
            let prefix = here.prefix();
            let page = here.page(ALL.prefix(&prefix).limit(2))?;
            let cursor = next_cursor(&page).unwrap_or_default().to_owned();
            here.delete("c")?;
            insert_all(here, &["b", "d"])?;
            let rest = here.page(ALL.prefix(&prefix).cursor(&cursor))?;
            same("rest", names(here, &rest), ["d", "e"])
        }),
        case("kv-list-022", ERRORS, "text that is no cursor is a bad_request of the wait", |here| {
            let prefix = here.prefix();
            ["x", "%%%", "AAAA"]
                .iter()
                .try_for_each(|cursor| is_bad(here, ALL.prefix(&prefix).cursor(cursor)))
        }),
        open("kv-list-023", CURSORS, "a cursor of another prefix is a bad_request", |here| {
            insert_all(here, &["a1", "a2"])?;
            let page = here.page(ALL.prefix(&here.key("a")).limit(1))?;
            let cursor = next_cursor(&page).unwrap_or_default().to_owned();
            is_bad(here, ALL.prefix(&here.prefix()).cursor(&cursor))
        }),
        open("kv-list-024", CURSORS, "a cursor of another store is a bad_request", |here| {
            let page = finish_list(start_list(here.seeded, ALL.limit(1))?)?.unwrap_or_default();
            let cursor = next_cursor(&page).unwrap_or_default().to_owned();
            is_bad(here, ALL.cursor(&cursor))
        }),
        case("kv-list-025", WAIT, "what has expired is left out, and does not count", |here| {
            for (n, name) in ["a", "b", "c", "d", "e", "f"].into_iter().enumerate() {
                let options =
                    if n % 2 == 1 { InsertOptions::time_to_live(0) } else { InsertOptions::default() };
                same("outcome", here.insert_with(name, b"v", options)?, KvError::OK)?;
            }
            let page = here.page(ALL.prefix(&here.prefix()).limit(3))?;
            same("keys", names(here, &page), ["a", "c", "e"])?;
            same("next_cursor: nothing but expired follows", next_cursor(&page), None)
        }),
        case("kv-list-026", WAIT, "keys of 1000 bytes by the hundred fit a page", |here| {
            let all: Vec<_> = (0..300).map(|n| format!("{n:0900}")).collect();
            let started: Result<Vec<_>, _> = all
                .iter()
                .map(|name| here.start_insert(here.key(name).as_bytes(), b"", InsertOptions::default()))
                .collect();
            for pending in started? {
                same("outcome", wait("insert_wait", kv::insert_wait, pending)?, KvError::OK)?;
            }
            same("keys", names(here, &here.page(ALL.prefix(&here.prefix()))?), all)
        }),
        open("kv-list-027", LIST, "a limit over 1000 is cut, and the document says so", |here| {
            let prefix = here.prefix();
            for limit in [1_001, u32::MAX] {
                let page = here.page(ALL.prefix(&prefix).limit(limit))?;
                same(format!("limit when it was {limit}"), page["meta"]["limit"].as_u64(), Some(1_000))?;
            }
            Ok(())
        }),
        case("kv-list-028", LIST, "the default limit is 1000, and the rest follows", |here| {
            let started: Result<Vec<_>, _> = (0..1_001)
                .map(|n| {
                    let key = here.key(&format!("{n:04}"));
                    here.start_insert(key.as_bytes(), b"", InsertOptions::default())
                })
                .collect();
            for pending in started? {
                same("outcome", wait("insert_wait", kv::insert_wait, pending)?, KvError::OK)?;
            }
            let prefix = here.prefix();
            let page = here.page(ALL.prefix(&prefix))?;
            same("keys of the first page", keys(&page).len(), 1_000)?;
            let cursor = next_cursor(&page).unwrap_or_default().to_owned();
            same("the rest", names(here, &here.page(ALL.prefix(&prefix).cursor(&cursor))?), ["1000"])
        }),
    ]
}

fn calls() -> Vec<Case> {
    vec![
        case("kv-list-040", ERRORS, "limit 0 is a bad_request of the wait", |here| {
            is_bad(here, ALL.limit(0))?;
            here.insert("k", b"v")?;
            is_bad(here, ALL.prefix(&here.prefix()).limit(0))
        }),
        open(
            "kv-list-041",
            ERRORS,
            "a prefix longer than a key is a bad_request, one as long is not",
            |here| {
                let longest = "p".repeat(1_024);
                same("keys", keys(&here.page(ALL.prefix(&longest))?), [""; 0])?;
                is_bad(here, ALL.prefix(&format!("{longest}p")))
            },
        ),
        case("kv-list-042", LIST, "cursor and prefix of no length are absent", |here| {
            here.insert("k", b"v")?;
            let mask = Options::CURSOR.bits() | Options::PREFIX.bits();
            let page = here.page(ListOptions { mask, ..ALL })?;
            same("prefix", page["meta"].get("prefix"), None)?;
            holds("keys", !keys(&page).is_empty(), "some", keys(&page))
        }),
        case("kv-list-043", LIST, "fields whose bit is not set are not looked at", |here| {
            let options = ListOptions { cursor: b"\xff", limit: 0, prefix: b"\xff", ..ALL };
            for mask in [0, Options::RESERVED.bits()] {
                let page = here.page(ListOptions { mask, ..options })?;
                same("limit", page["meta"]["limit"].as_u64(), Some(1_000))?;
            }
            let record = ALL.record();
            for offset in [4, 8, 16, 20] {
                set(record, offset, u32::MAX);
            }
            same("status with pointers that are none", start(here, 0, record).0, Status::OK)
        }),
        case("kv-list-044", LIST, "a mode that is none is inval", |here| {
            for mode in [2, u32::MAX] {
                let (status, pending) = start(here, 0, ListOptions { mode, ..ALL }.record());
                same(format!("status of mode {mode}"), status, Status::INVAL)?;
                is_untouched("handle", pending)?;
            }
            Ok(())
        }),
        open("kv-list-045", "Conventions, masks", "unknown bits of a list are inval", |here| {
            for bit in 4..32 {
                let (status, _) = start(here, 1 << bit, ALL.record());
                same(format!("status with bit {bit}"), status, Status::INVAL)?;
            }
            Ok(())
        }),
        case("kv-list-046", LIST, "a prefix or cursor that is not UTF-8 is inval", |here| {
            for mask in [Options::CURSOR, Options::PREFIX] {
                let options = ListOptions { mask: mask.bits(), cursor: b"\xff", prefix: b"\xff", ..ALL };
                same(
                    format!("status for {mask:?}"),
                    start(here, mask.bits(), options.record()).0,
                    Status::INVAL,
                )?;
            }
            Ok(())
        }),
        case("kv-list-047", POINTERS, "a prefix or cursor beyond memory is inval", |here| {
            for (offset, mask) in [(4, Options::CURSOR), (16, Options::PREFIX)] {
                for (at, length) in [(end() - 1, 2), (u32::MAX, 1), (8, u32::MAX)] {
                    let record = ALL.record();
                    set(record, offset, at);
                    set(record, offset + 4, length);
                    let (status, _) = start(here, mask.bits(), record);
                    same(format!("status for {mask:?} at {at:#x}"), status, Status::INVAL)?;
                }
            }
            Ok(())
        }),
        case(
            "kv-list-048",
            POINTERS,
            "a record beyond memory is inval, one that is not aligned badalign",
            |here| {
                same("status where 20 bytes are left", start(here, 0, end() - 20).0, Status::INVAL)?;
                same("status beyond memory", start(here, 0, end()).0, Status::INVAL)?;
                let record = block(32);
                for offset in [1, 2, 3] {
                    let (status, _) = start(here, 0, record + offset);
                    same(format!("status at an offset of {offset}"), status, Status::BADALIGN)?;
                }
                Ok(())
            },
        ),
        case("kv-list-049", WAIT, "a wait consumes its handle, of a page and of a refusal", |here| {
            for options in [ALL.limit(1), ALL.limit(0)] {
                let pending = here.start_list(options)?;
                let (body, error) = (out(), out());
                same("first", kv::list_wait(&[pending, body, error]), Status::OK)?;
                same("second", kv::list_wait(&[pending, body, error]), Status::BADF)?;
            }
            Ok(())
        }),
        case("kv-list-050", LIST, "a list that nobody waits for does no harm", |here| {
            for _ in 0..50 {
                here.start_list(ALL.limit(1))?;
            }
            same("list", here.list(ALL.limit(1))?.is_ok(), true)
        }),
        case("kv-list-051", ERRORS, "of a refusal there is no body", |here| {
            let pending = here.start_list(ALL.limit(0))?;
            let (body, error) = (out(), out());
            same("status", kv::list_wait(&[pending, body, error]), Status::OK)?;
            same("outcome", KvError(number(error)), KvError::BAD_REQUEST)?;
            let none = [crate::memory::UNTOUCHED, crate::here::INVALID_HANDLE];
            crate::case::one_of("what is stored as the body", &number(body), &none)
        }),
    ]
}
