//! Checks the KV store through whatever crate the including program calls `sdk`.
//!
//! The public `fastly` crate and our own offer the same interface, so one text is the check of both, and compiles only
//! as long as programs can move from one to the other without a change.

use std::error::Error;
use std::io::{BufRead, Read, Write};
use std::time::Duration;

use guests_checks::Checks;

use crate::sdk::Body;
use crate::sdk::kv_store::{InsertMode, KVStore, KVStoreError, ListMode, ListPage};

const HOUR: Duration = Duration::from_secs(3600);

/// Checks the store `guest-store`, whose content it replaces; it can run again on what it leaves behind.
pub(crate) fn check(checks: &Checks) -> Result<KVStore, Box<dyn Error>> {
    let store = open(checks)?;
    clear(&store)?;
    insert_lookup_delete(checks, &store);
    modes(checks, &store);
    generations(checks, &store);
    metadata_and_lifetime(checks, &store);
    bodies(checks, &store)?;
    pending(checks, &store);
    list(checks, &store);
    keys(checks, &store);
    Ok(store)
}

fn open(checks: &Checks) -> Result<KVStore, Box<dyn Error>> {
    // The `fastly` crate answers with the error, though it documents `Ok(None)`.
    checks.that(
        "a store that is not there cannot be opened",
        matches!(KVStore::open("no-such-store"), Ok(None) | Err(KVStoreError::StoreNotFound(_))),
    );
    let first =
        checks.good("the store opens", KVStore::open("guest-store")).ok_or("there is no `guest-store`")?;
    let second =
        checks.good("it opens twice", KVStore::open("guest-store")).ok_or("there is no `guest-store`")?;
    checks.good("insert through the first handle", first.insert("opened", "twice"));
    checks.same("both handles name one store", text(&second, "opened"), "twice");
    Ok(first)
}

/// Removes all that an earlier run left.
fn clear(store: &KVStore) -> Result<(), KVStoreError> {
    let pages: Vec<_> = store.build_list().iter().collect::<Result<_, _>>()?;
    for key in pages.iter().flat_map(|page| page.keys()) {
        store.delete(key)?;
    }
    Ok(())
}

/// The value of a key that is there; otherwise the error, as text that no check expects.
pub(crate) fn text(store: &KVStore, key: &str) -> String {
    match store.lookup(key) {
        Ok(mut found) => found.take_body().into_string(),
        Err(error) => format!("<{error}>"),
    }
}

pub(crate) fn is_missing(error: &KVStoreError) -> bool {
    matches!(error, KVStoreError::ItemNotFound)
}

pub(crate) fn is_refused(error: &KVStoreError) -> bool {
    matches!(error, KVStoreError::ItemPreconditionFailed)
}

fn is_bad_request(error: &KVStoreError) -> bool {
    matches!(error, KVStoreError::ItemBadRequest)
}

fn insert_lookup_delete(checks: &Checks, store: &KVStore) {
    checks.bad("lookup of a missing key", store.lookup("fruit"), is_missing);
    checks.bad("delete of a missing key", store.delete("fruit"), is_missing);
    checks.good("insert", store.insert("fruit", "apple"));
    let mut found = checks.good("lookup", store.lookup("fruit"));
    checks.same("metadata of an entry without", found.metadata(), None);
    checks.that("a found entry has a generation", found.current_generation() != 0);
    checks.same("the value", found.take_body().into_string(), "apple");
    checks.that("a body is taken once", found.try_take_body().is_none());
    checks.good("insert over it", store.insert("fruit", "pear"));
    checks.same("the new value", text(store, "fruit"), "pear");
    checks.good("insert of nothing", store.insert("empty", ""));
    checks.same("an empty value is a value", text(store, "empty"), "");
    let bytes: Vec<u8> = (0..=255).collect();
    checks.good("insert of bytes", store.insert("bytes", bytes.clone()));
    let mut found = checks.good("lookup of bytes", store.build_lookup().execute("bytes"));
    checks.same("bytes come back as they are", found.take_body_bytes(), bytes);
    for key in ["fruit", "empty", "bytes"] {
        checks.good("delete", store.delete(key));
        checks.bad("lookup of a deleted key", store.lookup(key), is_missing);
    }
    checks.bad("delete again", store.build_delete().execute("fruit"), is_missing);
}

fn modes(checks: &Checks, store: &KVStore) {
    let insert = |mode, value: &str| store.build_insert().mode(mode).execute("mode", value);
    checks.good("append to nothing", insert(InsertMode::Append, "b"));
    checks.good("append", insert(InsertMode::Append, "c"));
    checks.good("prepend", insert(InsertMode::Prepend, "a"));
    checks.same("the three parts", text(store, "mode"), "abc");
    checks.bad("add to an existing key", insert(InsertMode::Add, "x"), is_refused);
    checks.same("a refused add changes nothing", text(store, "mode"), "abc");
    checks.good("overwrite", insert(InsertMode::Overwrite, "z"));
    checks.same("the whole value is new", text(store, "mode"), "z");
    checks.good("delete", store.delete("mode"));
    checks.good("add", insert(InsertMode::Add, "first"));
    checks.good("delete again", store.delete("mode"));
    checks.good("prepend to nothing", insert(InsertMode::Prepend, "p"));
    checks.good("background fetch", store.build_insert().background_fetch().execute("mode", "fetched"));
    checks.same("read your own write", text(store, "mode"), "fetched");
}

fn generations(checks: &Checks, store: &KVStore) {
    let generation = || checks.good("lookup", store.lookup("generation")).current_generation();
    let insert = |expected, value: &str| {
        store.build_insert().if_generation_match(expected).execute("generation", value)
    };
    checks.bad("a generation of a missing key", insert(1337, "x"), is_refused);
    checks.bad("nothing was written", store.lookup("generation"), is_missing);
    checks.good("insert", store.insert("generation", "one"));
    let first = generation();
    checks.same("a generation stays while nothing is written", generation(), first);
    checks.bad("the wrong generation", insert(first + 1, "x"), is_refused);
    checks.good("the right generation", insert(first, "two"));
    checks.same("it is written", text(store, "generation"), "two");
    let second = generation();
    checks.that("a write gives a new generation", second != first);
    checks.bad("the old generation", insert(first, "x"), is_refused);
    checks.good("the same value again", insert(second, "two"));
    checks.that("and even that is a new generation", generation() != second);
    checks.that("generations are exact in a double", generation() < 1 << 53);
}

fn metadata_and_lifetime(checks: &Checks, store: &KVStore) {
    let metadata = |store: &KVStore| store.lookup("annotated").ok().and_then(|found| found.metadata());
    let longest = "m".repeat(2000);
    for wanted in ["version: 1", longest.as_str()] {
        checks.good("metadata", store.build_insert().metadata(wanted).execute("annotated", "value"));
        checks.same("metadata comes back", metadata(store).as_deref(), Some(wanted.as_bytes()));
    }
    let append = store.build_insert().mode(InsertMode::Append).execute("annotated", "!");
    checks.good("append without metadata", append);
    checks.same("a write without metadata removes it", metadata(store), None);
    let too_long = store.build_insert().metadata(&"m".repeat(2001)).execute("annotated", "x");
    let is_refused =
        |error: &KVStoreError| is_bad_request(error) || matches!(error, KVStoreError::InvalidStoreOptions);
    checks.bad("metadata over the limit", too_long, is_refused);

    let lifetime = |time, value: &str| store.build_insert().time_to_live(time).execute("mortal", value);
    checks.good("a lifetime of an hour", lifetime(HOUR, "alive"));
    checks.same("it lives", text(store, "mortal"), "alive");
    let all = store
        .build_insert()
        .mode(InsertMode::Append)
        .background_fetch()
        .if_generation_match(checks.good("lookup", store.lookup("mortal")).current_generation())
        .metadata("everything")
        .time_to_live(HOUR)
        .execute("mortal", " and more");
    checks.good("all options at once", all);
    checks.same("all options worked", text(store, "mortal"), "alive and more");
}

fn bodies(checks: &Checks, store: &KVStore) -> Result<(), Box<dyn Error>> {
    let mut body = Body::new();
    body.write_all(b"first line\n")?;
    body.append(Body::from("second line\n"));
    write!(body, "third")?;
    checks.good("insert of a body made of parts", store.insert("lines", body));
    let mut body = checks.good("lookup", store.lookup("lines")).take_body();
    checks.same("a value tells its length", body.known_length(), Some(28));
    let mut start = [0; 5];
    body.read_exact(&mut start)?;
    checks.same("a body is read in parts", &start, b"first");
    let rest: Vec<_> = body.lines().collect::<Result<_, _>>()?;
    checks.same("and by lines", rest, [" line", "second line", "third"]);

    let large: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    checks.good("insert of a large value", store.insert("large", large.clone()));
    let mut body = checks.good("lookup of it", store.lookup("large")).take_body();
    let mut chunks = Vec::new();
    for chunk in body.read_chunks(4096) {
        chunks.extend(chunk?);
    }
    checks.that("a large value comes back in chunks", chunks == large);

    let copy = checks.good("lookup of it again", store.lookup("large")).take_body();
    checks.good("a looked-up body is inserted as it is", store.insert("copy", copy));
    let mut found = checks.good("lookup of the copy", store.lookup("copy"));
    checks.that("the copy is equal", found.take_body_bytes() == large);
    Ok(())
}

fn pending(checks: &Checks, store: &KVStore) {
    let key = |n: usize| format!("pending/{n}");
    let inserts: Vec<_> = (0..10)
        .map(|n| checks.good("start an insert", store.build_insert().execute_async(&key(n), n.to_string())))
        .collect();
    // Answers may be asked for in any order.
    for insert in inserts.into_iter().rev() {
        checks.good("wait for an insert", store.pending_insert_wait(insert));
    }
    let lookups: Vec<_> =
        (0..11).map(|n| checks.good("start a lookup", store.build_lookup().execute_async(&key(n)))).collect();
    let page = checks.good("start a list", store.build_list().prefix("pending/").execute_async());
    for (n, lookup) in lookups.into_iter().enumerate() {
        let found = store.pending_lookup_wait(lookup);
        if n < 10 {
            let mut found = checks.good("wait for a lookup", found);
            checks.same("each lookup has its own answer", found.take_body().into_string(), n.to_string());
        } else {
            checks.bad("wait for a lookup of a missing key", found, is_missing);
        }
    }
    checks.same(
        "wait for a list",
        keys_of(store.pending_list_wait(page)),
        (0..10).map(key).collect::<Vec<_>>(),
    );
    let add = store.build_insert().mode(InsertMode::Add).execute_async(&key(0), "x");
    let add = checks.good("a refused insert starts", add);
    checks.bad("and says so to the one who waits", store.pending_insert_wait(add), is_refused);

    let deletes: Vec<_> =
        (0..11).map(|n| checks.good("start a delete", store.build_delete().execute_async(&key(n)))).collect();
    for (n, delete) in deletes.into_iter().enumerate() {
        let deleted = store.pending_delete_wait(delete);
        if n < 10 {
            checks.good("wait for a delete", deleted);
        } else {
            checks.bad("wait for a delete of a missing key", deleted, is_missing);
        }
    }

    // Nobody waits, so nobody is told when; but it happens.
    let insert = store.build_insert().execute_async("forgotten", "kept");
    checks.good("start an insert, and forget it", insert);
    checks.in_time("its effect comes", || text(store, "forgotten") == "kept");
    checks.good("start a delete, and forget it", store.build_delete().execute_async("forgotten"));
    checks
        .in_time("its effect comes too", || store.lookup("forgotten").is_err_and(|error| is_missing(&error)));
}

/// The keys of a page; none when there is no page.
fn keys_of(page: Result<ListPage, KVStoreError>) -> Vec<String> {
    page.map(|page| page.into_keys()).unwrap_or_default()
}

fn list(checks: &Checks, store: &KVStore) {
    // Byte order is neither the order of insertion nor that of numbers.
    for n in (0..25).rev() {
        checks.good("insert", store.insert(&format!("list/{n}"), "x"));
    }
    checks.good("a neighbour", store.insert("list0", "x"));
    checks.good("another neighbour", store.insert("lisp", "x"));
    let mut expected: Vec<_> = (0..25).map(|n| format!("list/{n}")).collect();
    expected.sort();

    let page = checks.good("a list", store.build_list().prefix("list/").execute());
    checks.same("the prefix is told", page.prefix(), Some("list/"));
    checks.same("all fits into one page", page.next_cursor(), None);
    checks.that("a list is strong when nothing is said", matches!(page.mode(), ListMode::Strong));
    checks.that("the limit in force is told", page.limit() >= 25);
    checks.same("the keys, in byte order", page.keys(), expected.as_slice());

    let page = checks.good("a limited list", store.build_list().prefix("list/").limit(10).execute());
    checks.same("the limit is told", page.limit(), 10);
    checks.same("the page is as long", page.keys(), &expected[..10]);
    let cursor = page.next_cursor().unwrap_or_default();
    checks.that("there is more", !cursor.is_empty());
    let page = store.build_list().prefix("list/").limit(10).cursor(&cursor).execute();
    checks.same("the next page", keys_of(page), expected[10..20].to_vec());

    for limit in [1, 7, 25, 1000] {
        let pages = store.build_list().prefix("list/").limit(limit).iter().collect::<Result<Vec<_>, _>>();
        let pages = checks.good("an iteration", pages);
        checks.same("as few pages as possible", pages.len(), 25_usize.div_ceil(limit as usize));
        let keys: Vec<_> = pages.iter().flat_map(|page| page.keys()).cloned().collect();
        checks.same("each key once", keys, expected.clone());
    }
    let nothing = store.build_list().prefix("no such prefix").iter().count();
    checks.same("an iteration over nothing", nothing, 0);

    let page =
        checks.good("an eventual list", store.build_list().eventual_consistency().prefix("list/").execute());
    checks.that("its mode is told", matches!(page.mode(), ListMode::Eventual));
    checks.same("its keys", page.keys(), expected.as_slice());
    let all = checks.good("a list of everything", store.list());
    checks.same("no prefix is told", all.prefix(), None);
    checks.that("everything is there", all.keys().len() > 27 && all.keys().is_sorted());
    checks.bad("a cursor of nobody's", store.build_list().cursor("!").execute(), is_bad_request);
}

fn keys(checks: &Checks, store: &KVStore) {
    // Between a program and its store may be something that needs a part of each key for itself.
    let longest = std::env::var("LONGEST_KEY").ok().and_then(|bytes| bytes.parse().ok()).unwrap_or(1024);
    let longest = "k".repeat(longest);
    for key in [longest.as_str(), "ключ 鍵 🔑", "a/b/../c", "...", ".well-known/other", " ", "%2F+"] {
        checks.good("insert under an unusual key", store.insert(key, key));
        checks.same("its value", text(store, key), key);
        checks.good("its delete", store.delete(key));
    }
    let too_long = "k".repeat(1025);
    for key in [
        "",
        ".",
        "..",
        "a\nb",
        "a\rb",
        "a#b",
        "a;b",
        "a?b",
        "a^b",
        "a|b",
        ".well-known/acme-challenge/x",
        too_long.as_str(),
    ] {
        checks.bad("insert under an invalid key", store.insert(key, "x"), is_bad_request);
        checks.bad("lookup of an invalid key", store.lookup(key), is_bad_request);
        checks.bad("delete of an invalid key", store.delete(key), is_bad_request);
    }
}
