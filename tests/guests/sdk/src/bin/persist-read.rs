//! Reads back what `persist-write`, an earlier process, has written.

use std::process::ExitCode;

use edgekv::KVStore;
use guests_checks::Checks;

#[path = "../../../programs/persisted.rs"]
mod persisted;

fn main() -> ExitCode {
    Checks::run(|checks| {
        let store = KVStore::open(persisted::STORE)?.ok_or("there is no such store")?;
        let keys = store.build_list().prefix(persisted::PREFIX).keys().collect::<Result<Vec<_>, _>>()?;
        let expected: Vec<_> = persisted::entries().map(|entry| entry.key).collect();
        checks.same("all keys are there", keys, expected);
        for entry in persisted::entries() {
            let mut found = checks.good(&entry.key, store.lookup(&entry.key));
            let metadata = found.metadata().unwrap_or_default();
            checks.same(&format!("metadata of {}", entry.key), metadata, entry.metadata.as_bytes());
            // Not `same`: a failure would print megabytes.
            checks.that(&format!("value of {}", entry.key), found.take_body_bytes() == entry.value);
        }
        Ok(())
    })
}
