//! Writes entries for `persist-read`, a later process, to read back.

use std::process::ExitCode;

use edgekv::KVStore;
use guests_checks::Checks;

#[path = "../../../programs/persisted.rs"]
mod persisted;

fn main() -> ExitCode {
    Checks::run(|checks| {
        let store = KVStore::open(persisted::STORE)?.ok_or("there is no such store")?;
        for entry in persisted::entries() {
            let insert = store.build_insert().metadata(&entry.metadata).execute(&entry.key, entry.value);
            checks.good(&entry.key, insert);
        }
        Ok(())
    })
}
