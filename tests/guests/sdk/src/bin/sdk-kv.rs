//! Checks the KV store through our own crate: all that the public one offers, and what ours adds.
//!
//! Needs a store `guest-store`, whose content it replaces, and a host with the published limits.

use std::io::{BufRead, Read, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use edgekv as sdk;
use edgekv::kv_store::{Change, InsertMode, KVStore, KVStoreError};
use edgekv::{Body, future};
use guests_checks::Checks;
use serde::{Deserialize, Serialize};

#[path = "../../../programs/kv_store.rs"]
mod kv_store;

const MIB: usize = 1024 * 1024;
/// The largest value, in bytes.
const MAX_VALUE: usize = 25 * MIB;

fn main() -> ExitCode {
    Checks::run(|checks| {
        let store = kv_store::check(checks)?;
        update(checks, &store);
        conditional_delete(checks, &store);
        keys_over_pages(checks, &store);
        binary_metadata(checks, &store);
        json(checks, &store);
        lifetimes(checks, &store);
        body(checks, &store)?;
        sizes(checks, &store);
        future::block_on(futures(checks, &store));
        many_forgotten(checks, &store);
        Ok(())
    })
}

fn update(checks: &Checks, store: &KVStore) {
    let increment = || {
        store.update("counter", |old| {
            let count = old.and_then(|old| old.text().ok()?.parse::<u32>().ok()).unwrap_or(0);
            (count + 1).to_string()
        })
    };
    for _ in 0..20 {
        checks.same("an update writes", checks.good("an update", increment()), true);
    }
    checks.same("updates count", kv_store::text(store, "counter"), "20");

    // Another writer comes between the lookup and the write of the first try.
    let mut tries = 0;
    let raced = store.update("counter", |old| {
        tries += 1;
        if tries == 1 {
            checks.good("the other writer", store.insert("counter", "100"));
        }
        format!("{}+1", old.and_then(|old| old.text().ok()).unwrap_or("nothing"))
    });
    checks.same("a raced update succeeds", checks.good("a raced update", raced), true);
    checks.same("by a second try", tries, 2);
    checks.same("on what the other has written", kv_store::text(store, "counter"), "100+1");

    let insert = store.build_insert().metadata("kept").execute("counter", "1");
    checks.good("insert with metadata", insert);
    checks.good("an update", store.update("counter", |_| "2"));
    checks.same("an update keeps metadata", metadata(checks, store, "counter"), Some(b"kept".to_vec()));
    checks.good("an update of metadata", store.update("counter", |_| Change::write("3").metadata("new")));
    checks.same("metadata are new", metadata(checks, store, "counter"), Some(b"new".to_vec()));
    let kept = checks.good("an update that keeps", store.update("counter", |_| None::<String>));
    checks.same("it writes nothing", kept, false);
    checks.same("all is as it was", kv_store::text(store, "counter"), "3");
    let deleted = checks.good("an update that deletes", store.update("counter", |_| Change::delete()));
    checks.same("it did so", deleted, true);
    checks.bad("the key is gone", store.lookup("counter"), kv_store::is_missing);
}

fn metadata(checks: &Checks, store: &KVStore, key: &str) -> Option<Vec<u8>> {
    checks.good("lookup", store.lookup(key)).metadata().map(|bytes| bytes.to_vec())
}

fn conditional_delete(checks: &Checks, store: &KVStore) {
    checks.good("insert", store.insert("guarded", "1"));
    let old = checks.good("lookup", store.lookup("guarded")).current_generation();
    checks.good("insert again", store.insert("guarded", "2"));
    let new = checks.good("lookup again", store.lookup("guarded")).current_generation();
    let delete = |generation| store.build_delete().if_generation_match(generation).execute("guarded");
    checks.bad("delete of an old generation", delete(old), kv_store::is_refused);
    checks.same("it is still there", kv_store::text(store, "guarded"), "2");
    checks.good("delete of the right generation", delete(new));
    checks.bad("it is gone", store.lookup("guarded"), kv_store::is_missing);
}

fn keys_over_pages(checks: &Checks, store: &KVStore) {
    let expected: Vec<_> = (0..123).map(|n| format!("many/{n:03}")).collect();
    let inserts: Vec<_> = expected
        .iter()
        .map(|key| checks.good("start an insert", store.build_insert().execute_async(key, key.as_str())))
        .collect();
    for insert in inserts {
        checks.good("an insert", store.pending_insert_wait(insert));
    }
    for limit in [1, 10, 41, 123, 5000] {
        let keys = store.build_list().prefix("many/").limit(limit).keys().collect::<Result<Vec<_>, _>>();
        checks.same("each key once, in order", checks.good("an iteration", keys), expected.clone());
    }
    checks.same("an iteration over nothing", store.build_list().prefix("none/").keys().count(), 0);
    let mut broken = store.build_list().cursor("!").keys();
    checks.that("a bad cursor is an error", matches!(broken.next(), Some(Err(KVStoreError::ItemBadRequest))));
    checks.that("an iteration ends after an error", broken.next().is_none());
    // Deleting what was listed does not disturb the iteration.
    for key in store.build_list().prefix("many/").limit(10).keys() {
        checks.good("delete while listing", store.delete(&checks.good("a key", key)));
    }
    checks.same("nothing is left", store.build_list().prefix("many/").keys().count(), 0);
}

fn binary_metadata(checks: &Checks, store: &KVStore) {
    let all: Vec<u8> = (0..=255).collect();
    let longest = vec![0xff; 2000];
    for wanted in [all, longest, vec![0]] {
        let insert = store.build_insert().metadata_bytes(&wanted).execute("binary", "value");
        checks.good("metadata of any bytes", insert);
        checks.same("they come back as they are", metadata(checks, store, "binary"), Some(wanted));
    }
    let is_hosts = |error: &KVStoreError| matches!(error, KVStoreError::ItemBadRequest);
    let too_long = store.build_insert().metadata_bytes(&[1; 2001]).execute("binary", "x");
    checks.bad("metadata over the limit", too_long, is_hosts);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Article {
    name: String,
    stock: u32,
    tags: Vec<String>,
}

fn json(checks: &Checks, store: &KVStore) {
    let article = Article { name: "étui".into(), stock: 7, tags: vec!["a".into(), "b".into()] };
    checks.good("insert of JSON", store.insert_json("article", &article));
    checks.same(
        "its text",
        kv_store::text(store, "article"),
        r#"{"name":"étui","stock":7,"tags":["a","b"]}"#,
    );
    let found: Article = checks.good("lookup of JSON", store.lookup_json("article"));
    checks.same("the same article", found, article);
    let is_json = |error: &KVStoreError| matches!(error, KVStoreError::Json(_));
    checks.bad("another type", store.lookup_json::<Vec<u32>>("article"), is_json);
    checks.bad("a missing key", store.lookup_json::<Article>("no article"), kv_store::is_missing);
}

fn lifetimes(checks: &Checks, store: &KVStore) {
    let lifetime = |time| store.build_insert().time_to_live(time).execute("mortal", "x");
    let is_ours = |error: &KVStoreError| matches!(error, KVStoreError::InvalidStoreOptions);
    for wrong in [Duration::ZERO, Duration::from_millis(999), Duration::from_secs(1 << 32)] {
        checks.bad("a lifetime that cannot be told", lifetime(wrong), is_ours);
    }
    checks.good("the longest lifetime", lifetime(Duration::from_secs(u32::MAX.into())));
    checks.same("it lives", kv_store::text(store, "mortal"), "x");
}

fn body(checks: &Checks, store: &KVStore) -> std::io::Result<()> {
    let mut body = Body::new();
    for n in 0..1000 {
        writeln!(body, "line {n}")?;
    }
    checks.good("insert of a written body", store.insert("written", body));
    let mut body = checks.good("lookup", store.lookup("written")).take_body();
    checks.same("its length is known", body.known_length(), Some(8890));
    let mut line = String::new();
    body.read_line(&mut line)?;
    checks.same("the first line", line.as_str(), "line 0\n");
    let mut word = [0; 4];
    body.read_exact(&mut word)?;
    checks.same("a part of the second", &word, b"line");
    let rest: Vec<_> = body.lines().collect::<Result<_, _>>()?;
    checks.same("the rest of it", rest[0].as_str(), " 1");
    checks.same("all other lines", (rest.len(), rest[998].as_str()), (999, "line 999"));

    let latin = vec![b'c', b'a', b'f', 0xe9];
    checks.good("insert of bytes that are no text", store.insert("latin", latin));
    let body = checks.good("lookup of them", store.lookup("latin")).take_body();
    checks.that("they are an error as text", body.try_into_string().is_err());
    Ok(())
}

fn sizes(checks: &Checks, store: &KVStore) {
    checks.good("insert of nothing", store.insert("size", Vec::new()));
    let nothing = checks.good("lookup", store.lookup("size")).take_body_bytes();
    checks.that("nothing comes back", nothing.is_empty());
    for size in [1, MIB, MAX_VALUE] {
        let value: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
        checks.good("insert of a size", store.insert("size", value.clone()));
        let mut found = checks.good("lookup of it", store.lookup("size"));
        let mut body = found.take_body();
        checks.same("its length is known", body.known_length(), Some(size as u64));
        checks.that("all bytes come back", body.into_bytes() == value);
    }
    let is_too_large = |error: &KVStoreError| matches!(error, KVStoreError::ItemPayloadTooLarge);
    checks.bad("a value over the limit", store.insert("too large", vec![0; MAX_VALUE + 1]), is_too_large);
    checks.bad("nothing of it is stored", store.lookup("too large"), kv_store::is_missing);
    let append = store.build_insert().mode(InsertMode::Append).execute("size", "x");
    checks.bad("an append over the limit", append, is_too_large);
    let length = checks.good("lookup", store.lookup("size")).take_body().known_length();
    checks.same("the old value stays", length, Some(MAX_VALUE as u64));
    checks.good("delete of the largest", store.delete("size"));
}

/// Operations that are awaited, by the host's own means.
async fn futures(checks: &Checks, store: &KVStore) {
    let keys: Vec<_> = (0..10).map(|n| format!("awaited/{n}")).collect();
    let inserts = keys.iter().map(|key| store.build_insert().execute_async(key, key.as_str()));
    let inserts: Vec<_> = inserts.map(|insert| checks.good("start an insert", insert)).collect();
    for insert in future::join_all(inserts).await {
        checks.good("an insert that is awaited", insert);
    }
    let lookups = keys.iter().map(|key| store.build_lookup().execute_async(key));
    let lookups: Vec<_> = lookups.map(|lookup| checks.good("start a lookup", lookup)).collect();
    for (key, found) in keys.iter().zip(future::join_all(lookups).await) {
        let mut found = checks.good("a lookup that is awaited", found);
        checks.same("its value", found.take_body().into_string(), key.clone());
    }

    let list = checks.good("start a list", store.build_list().prefix("awaited/").execute_async());
    let delete = checks.good("start a delete", store.build_delete().execute_async("awaited/none"));
    let (list, delete) = future::join(list, delete).await;
    checks.same("a list that is awaited", checks.good("a page", list).into_keys(), keys);
    checks.bad("a delete that is awaited", delete, kv_store::is_missing);

    let start = Instant::now();
    let insert = checks.good("start an insert", store.build_insert().execute_async("awaited/0", "x"));
    let nap = Duration::from_millis(20);
    checks.good("an insert and a nap", future::join(insert, future::sleep(nap)).await.0);
    checks.that("the nap is not cut short", start.elapsed() >= nap);
    let endless = future::timeout(nap, std::future::pending::<()>()).await;
    checks.that("a limit ends what has no end", endless.is_err());

    let large = vec![b'x'; 200_000];
    checks.good("insert of a large value", store.insert("awaited/large", large.clone()));
    let mut body = checks.good("lookup of it", store.lookup("awaited/large")).take_body();
    let mut read = Vec::new();
    while let Some(chunk) = checks.good("a chunk that is awaited", body.next_chunk().await) {
        read.extend(chunk);
    }
    checks.that("all bytes come", read == large);
}

/// More operations than a host has handles for, if each left one behind.
fn many_forgotten(checks: &Checks, store: &KVStore) {
    checks.good("insert", store.insert("forgotten", "x"));
    for _ in 0..20_000 {
        drop(checks.good("a lookup that nobody reads", store.lookup("forgotten")));
    }
    for n in 0..100 {
        let insert = store.build_insert().execute_async(&format!("forgotten/{n}"), "kept");
        checks.good("an insert that nobody waits for", insert);
    }
    checks.in_time("all happen", || store.build_list().prefix("forgotten/").keys().count() == 100);
}
