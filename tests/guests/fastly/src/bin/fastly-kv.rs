//! Checks the KV store through the public `fastly` crate: whatever works there must work on our host.
//!
//! Needs a store `guest-store`, whose content it replaces.

use std::process::ExitCode;
use std::time::Duration;

use fastly as sdk;
use fastly::kv_store::{InsertMode, KVStore};
use guests_checks::Checks;

#[path = "../../../programs/kv_store.rs"]
mod kv_store;

fn main() -> ExitCode {
    Checks::run(|checks| {
        let store = kv_store::check(checks)?;
        lifetime_of_nothing(checks, &store);
        Ok(())
    })
}

/// This crate sends a lifetime of zero, which makes an entry that has expired already.
fn lifetime_of_nothing(checks: &Checks, store: &KVStore) {
    let expired = store.build_insert().time_to_live(Duration::ZERO).execute("expired", "dead");
    checks.good("a lifetime of nothing", expired);
    checks.bad("it has expired", store.lookup("expired"), kv_store::is_missing);
    checks.bad("an expired entry cannot be deleted", store.delete("expired"), kv_store::is_missing);
    let page = checks.good("a list", store.build_list().prefix("expired").execute());
    checks.that("an expired entry is not listed", page.keys().is_empty());
    let add = store.build_insert().mode(InsertMode::Add).execute("expired", "again");
    checks.good("an expired entry is no obstacle to add", add);
    checks.same("it is there again", kv_store::text(store, "expired"), "again");
}
