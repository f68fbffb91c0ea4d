//! What holds for all inputs, on every engine.

#![allow(clippy::unwrap_used, reason = "in a test, an error is a failure")]

mod model;

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;

use edgekv_store::{
    Cursor, Engine, Insert, Key, KvStore, ListRequest, MemoryEngine, RedbEngine, StoreId, StoreName, Stores,
};
use proptest::prelude::*;
use tempfile::TempDir;

/// A store of each engine; the directory is that of redb.
fn stores() -> (TempDir, [KvStore; 2]) {
    let dir = TempDir::new().unwrap();
    let engines: [Arc<dyn Engine>; 2] =
        [Arc::new(MemoryEngine::new()), Arc::new(RedbEngine::open(dir.path().join("data.redb")).unwrap())];
    let name = StoreName::new("store").unwrap();
    (dir, engines.map(|engine| Stores::new(engine).create(&name).wait().unwrap()))
}

/// Writes all at once, so that redb makes few commits of it.
fn fill(store: &KvStore, keys: &BTreeSet<String>) {
    let replies: Vec<_> =
        keys.iter().map(|key| store.insert(Key::new(key).unwrap(), Insert::new("v"))).collect();
    for reply in replies {
        reply.wait().unwrap();
    }
}

/// One page: its keys, and the text of its cursor.
fn page(store: &KvStore, prefix: &str, cursor: Option<&str>, limit: u32) -> (Vec<String>, Option<String>) {
    let request = ListRequest { prefix, cursor, limit: Some(limit), ..ListRequest::default() };
    let page = store.list(request).wait().unwrap();
    (page.keys.iter().map(str::to_owned).collect(), page.next.map(|next| next.to_string()))
}

/// Keys of few letters, so that prefixes, neighbours and keys within keys come up often.
fn some_key() -> impl Strategy<Value = String> {
    prop_oneof![
        9 => "[ab/é键]{1,5}",
        1 => "[^\r\n#;?\\^|]{1,20}".prop_filter("is a key", |text| Key::new(text).is_ok()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn pages_concatenate_to_the_full_list(
        keys in proptest::collection::btree_set(some_key(), 0..60),
        prefix in prop_oneof![Just(String::new()), "[ab/é键]{1,3}"],
        limit in 1_u32..70,
    ) {
        let (_dir, stores) = stores();
        let expected: Vec<_> = keys.iter().filter(|key| key.starts_with(&prefix)).cloned().collect();
        for store in &stores {
            fill(store, &keys);
            let (mut got, mut cursor) = page(store, &prefix, None, limit);
            while let Some(text) = cursor {
                let (keys, next) = page(store, &prefix, Some(&text), limit);
                prop_assert!(!keys.is_empty(), "a cursor led to an empty page");
                prop_assert!(keys.len() <= limit as usize);
                got.extend(keys);
                cursor = next;
            }
            prop_assert_eq!(&got, &expected);
        }
    }

    #[test]
    fn cursors_survive_what_comes_and_goes_between_pages(
        staying in proptest::collection::btree_set(some_key(), 1..30),
        others in proptest::collection::vec((some_key(), any::<bool>()), 0..40),
        limit in 1_u32..8,
    ) {
        let (_dir, stores) = stores();
        for store in &stores {
            fill(store, &staying);
            let mut others = others.iter().filter(|(key, _)| !staying.contains(key)).cycle().take(200);
            let mut seen = Vec::new();
            let mut cursor = None;
            loop {
                let (keys, next) = page(store, "", cursor.as_deref(), limit);
                seen.extend(keys);
                cursor = next;
                if cursor.is_none() {
                    break;
                }
                for (key, comes) in others.by_ref().take(2) {
                    let key = Key::new(key).unwrap();
                    if *comes {
                        store.insert(key, Insert::new("v")).wait().unwrap();
                    } else {
                        store.delete(key, None).wait().unwrap();
                    }
                }
            }
            prop_assert!(seen.is_sorted_by(|before, after| before < after), "{:?}", seen);
            let seen: BTreeSet<_> = seen.into_iter().collect();
            prop_assert!(seen.is_superset(&staying), "{:?} of {:?}", seen, staying);
        }
    }
}

proptest! {
    #[test]
    fn cursors_round_trip_as_text(key in some_key(), prefix in "\\PC{0,10}", store in any::<u64>()) {
        let store = StoreId::new(store);
        let cursor = Cursor::new(store, &prefix, Key::new(&key).unwrap());
        let text = cursor.to_string();
        let parsed = Cursor::parse(&text).unwrap();
        prop_assert_eq!(parsed.after(store, &prefix).unwrap().as_str(), &key);
        prop_assert_eq!(parsed, cursor);
        prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{}", text);
    }

    #[test]
    fn no_text_makes_a_cursor_or_a_list_panic(text in "\\PC{0,60}|[A-Za-z0-9_-]{0,60}") {
        if let Ok(cursor) = Cursor::parse(&text) {
            prop_assert_eq!(cursor.to_string(), text.clone(), "two texts for one cursor");
        }
        let store = Stores::new(MemoryEngine::new()).create(&StoreName::new("store").unwrap()).wait().unwrap();
        let request = ListRequest { cursor: Some(&text), limit: Some(NonZeroU32::MIN.get()), ..ListRequest::default() };
        prop_assert!(store.list(request).wait().is_err(), "a made-up cursor was taken");
    }

    #[test]
    fn keys_are_taken_or_refused_and_never_changed(text in any::<String>()) {
        if let Ok(key) = Key::new(&text) {
            prop_assert_eq!(key.as_str(), &text);
            let owned = key.to_buf();
            prop_assert_eq!(owned.as_str(), &text);
        }
    }
}
