//! The rule, row by row, and over restarts with both engines: who plays the guest writes to the stores directly.

use std::fs;
use std::path::Path;

use edgekv_store::{Limits, MemoryEngine, RedbEngine, StoreName};
use tempfile::TempDir;

use super::*;

/// A project with a manifest and data, restarted at will.
struct Project {
    directory: TempDir,
    /// What "restart" means: the memory engine is kept, the redb file opened anew.
    memory: Option<Stores>,
}

impl Project {
    fn both_engines() -> [Self; 2] {
        let project = |memory| Self { directory: tempfile::tempdir().unwrap(), memory };
        [project(Some(Stores::new(MemoryEngine::new()))), project(None)]
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn write_items(&self, items: &str) {
        let manifest = format!("local_server.kv_stores.s = [{items}]");
        fs::write(self.path().join("fastly.toml"), manifest).unwrap();
    }

    fn stores(&self) -> Stores {
        let open = || Stores::new(RedbEngine::open(self.path().join("data.redb")).unwrap());
        self.memory.clone().unwrap_or_else(open)
    }

    fn config(&self) -> Config {
        Config::load(&self.path().join("fastly.toml"), Limits::default().max_value_bytes).unwrap()
    }

    /// One start: loads the items, and then lets a guest do `guest`.
    fn start(&self, reset: bool, guest: impl FnOnce(&KvStore)) {
        let stores = self.stores();
        let store = stores.open_or_create(&StoreName::new("s").unwrap()).unwrap();
        load(&stores, &self.config(), reset).unwrap();
        guest(&store);
        stores.flush().wait().unwrap();
    }

    /// The content after one more start.
    fn content(&self) -> Vec<(String, String, String)> {
        let mut content = Vec::new();
        self.start(false, |store| content = entries(store));
        content
    }
}

fn key(text: &str) -> Key<'_> {
    Key::new(text).unwrap()
}

fn put(store: &KvStore, k: &str, value: &'static str) {
    store.insert(key(k), Insert::new(value)).wait().unwrap();
}

fn delete(store: &KvStore, k: &str) {
    assert!(store.delete(key(k), None).wait().unwrap());
}

fn entries(store: &KvStore) -> Vec<(String, String, String)> {
    let mut entries = Vec::new();
    for_each_page(store, "", |keys| {
        for key in keys {
            let entry = store.lookup(key).wait()?.unwrap();
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            entries.push((key.to_string(), text(entry.value()), text(entry.metadata().as_bytes())));
        }
        Ok(())
    })
    .unwrap();
    entries
}

fn expect<const N: usize>(entries: [(&str, &str, &str); N]) -> Vec<(String, String, String)> {
    entries.map(|(key, value, metadata)| (key.to_owned(), value.to_owned(), metadata.to_owned())).into()
}

const AB: &str = r#"{ key = "a", data = "1", metadata = "m" }, { key = "b", data = "2" }"#;

#[test]
fn the_rule_row_by_row() {
    let generation = |number: u64| Generation::new(number).unwrap();
    let hash = |value: &str| ItemHash::of(value.as_bytes(), &Default::default());
    let loaded = Some(Record::Loaded { item: hash("v"), generation: 7 });
    let loading = |before| Some(Record::Loading { before, item: hash("v") });
    let is = |number| Decision::Write(GenerationMatch::Is(generation(number)));
    let rows = [
        (None, "v", None, Decision::Write(GenerationMatch::Absent)),
        (None, "v", Some(7), Decision::Yield),
        (loaded, "v", Some(7), Decision::Nothing),
        (loaded, "v", Some(8), Decision::Nothing),
        (loaded, "v", None, Decision::Nothing),
        (loaded, "w", Some(7), is(7)),
        (loaded, "w", Some(8), Decision::Nothing),
        (loaded, "w", None, Decision::Nothing),
        (Some(Record::Yielded), "w", None, Decision::Nothing),
        (Some(Record::Yielded), "w", Some(7), Decision::Nothing),
        (loading(None), "v", None, Decision::Write(GenerationMatch::Absent)),
        (loading(None), "x", None, Decision::Write(GenerationMatch::Absent)),
        (loading(None), "v", Some(8), Decision::Adopt(generation(8))),
        (loading(None), "x", Some(8), is(8)),
        (loading(None), "v", Some(9), Decision::Yield),
        (loading(Some(7)), "v", Some(7), is(7)),
        (loading(Some(7)), "x", Some(7), is(7)),
        (loading(Some(7)), "v", Some(8), Decision::Adopt(generation(8))),
        (loading(Some(7)), "v", Some(9), Decision::Yield),
        (loading(Some(7)), "v", None, Decision::Yield),
    ];
    for (record, item, current, expected) in rows {
        // Of the generations, 8 is the one that has the value `v`.
        let entry = |number| Current {
            generation: generation(number),
            item: hash(if number == 8 { "v" } else { "guest" }),
        };
        let decision = decide(record, hash(item), || Ok::<_, ()>(current.map(entry)));
        assert_eq!(decision, Ok(expected), "{record:?}, item {item:?}, current {current:?}");
    }
}

#[test]
fn items_are_loaded_with_their_metadata_and_a_start_without_changes_writes_nothing() {
    for project in Project::both_engines() {
        project.write_items(AB);
        assert_eq!(project.content(), expect([("a", "1", "m"), ("b", "2", "")]));
        let stores = project.stores();
        let store = stores.open(&StoreName::new("s").unwrap()).wait().unwrap().unwrap();
        let generation = || store.lookup(key("a")).wait().unwrap().unwrap().generation();
        let before = generation();
        load(&stores, &project.config(), false).unwrap();
        assert_eq!(generation(), before);
    }
}

#[test]
fn what_a_guest_has_written_or_deleted_stays_so_over_restarts() {
    for project in Project::both_engines() {
        project.write_items(AB);
        project.start(false, |store| {
            put(store, "a", "guest");
            delete(store, "b");
        });
        assert_eq!(project.content(), expect([("a", "guest", "")]));
        // Not even when the manifest changes.
        project.write_items(
            r#"{ key = "a", data = "new" }, { key = "b", data = "new" }, { key = "c", data = "new" }"#,
        );
        assert_eq!(project.content(), expect([("a", "guest", ""), ("c", "new", "")]));
        assert_eq!(project.content(), expect([("a", "guest", ""), ("c", "new", "")]));
    }
}

#[test]
fn a_guest_that_writes_what_was_there_has_written() {
    for project in Project::both_engines() {
        project.write_items(r#"{ key = "a", data = "1" }"#);
        project.start(false, |store| put(store, "a", "1"));
        project.write_items(r#"{ key = "a", data = "2" }"#);
        assert_eq!(project.content(), expect([("a", "1", "")]));
    }
}

#[test]
fn a_changed_item_is_loaded_again_while_no_guest_has_touched_its_entry() {
    for project in Project::both_engines() {
        project.write_items(AB);
        project.content();
        project.write_items(r#"{ key = "a", data = "1", metadata = "n" }, { key = "b", data = "3" }"#);
        assert_eq!(project.content(), expect([("a", "1", "n"), ("b", "3", "")]));
        project.write_items(AB);
        assert_eq!(project.content(), expect([("a", "1", "m"), ("b", "2", "")]), "and back");
    }
}

#[test]
fn an_entry_that_was_there_before_its_item_is_the_guests_for_ever() {
    for project in Project::both_engines() {
        project.write_items("");
        project.start(false, |store| put(store, "a", "guest"));
        project.write_items(AB);
        assert_eq!(project.content(), expect([("a", "guest", ""), ("b", "2", "")]));
        project.start(false, |store| delete(store, "a"));
        assert_eq!(project.content(), expect([("b", "2", "")]), "the guest's delete counts");
    }
}

#[test]
fn an_item_that_leaves_the_manifest_leaves_its_entry() {
    for project in Project::both_engines() {
        project.write_items(AB);
        project.content();
        project.write_items(r#"{ key = "b", data = "2" }"#);
        assert_eq!(project.content(), expect([("a", "1", "m"), ("b", "2", "")]));
        project.start(false, |store| delete(store, "a"));
        project.write_items(AB);
        assert_eq!(project.content(), expect([("b", "2", "")]), "it was loaded once and deleted by a guest");
    }
}

#[test]
fn a_reset_makes_the_store_hold_exactly_the_items() {
    for project in Project::both_engines() {
        project.write_items(AB);
        project.start(false, |store| {
            put(store, "a", "guest");
            put(store, "mine", "guest");
            delete(store, "b");
        });
        let mut after = Vec::new();
        project.start(true, |store| after = entries(store));
        assert_eq!(after, expect([("a", "1", "m"), ("b", "2", "")]));
        project.write_items(r#"{ key = "a", data = "9" }"#);
        assert_eq!(project.content(), expect([("a", "9", ""), ("b", "2", "")]), "untouched since the reset");
    }
}

#[test]
fn a_reset_touches_no_other_store() {
    for project in Project::both_engines() {
        project.write_items(AB);
        let stores = project.stores();
        let other = stores.open_or_create(&StoreName::new("other").unwrap()).unwrap();
        put(&other, "k", "guest");
        stores.open_or_create(&StoreName::new("s").unwrap()).unwrap();
        load(&stores, &project.config(), true).unwrap();
        assert_eq!(entries(&other), expect([("k", "guest", "")]));
    }
}

/// Deletes the store, which is emptied for that.
fn delete_store(project: &Project) {
    let stores = project.stores();
    let store = stores.open(&StoreName::new("s").unwrap()).wait().unwrap().unwrap();
    empty(&store).unwrap();
    assert!(stores.delete(store.info().id).wait().unwrap());
    stores.flush().wait().unwrap();
}

#[test]
fn a_store_that_was_deleted_and_is_made_anew_gets_its_items_again() {
    for project in Project::both_engines() {
        project.write_items(AB);
        for _ in 0..2 {
            // What is known of the old store would keep both items from being loaded.
            project.start(false, |store| {
                put(store, "a", "guest");
                delete(store, "b");
            });
            assert_eq!(project.content(), expect([("a", "guest", "")]));
            delete_store(&project);
            assert_eq!(project.content(), expect([("a", "1", "m"), ("b", "2", "")]));
        }
        project.write_items(r#"{ key = "a", data = "3" }"#);
        assert_eq!(project.content(), expect([("a", "3", ""), ("b", "2", "")]), "they are known as loaded");
    }
}

#[test]
fn a_store_that_was_renamed_keeps_its_items_and_the_one_of_its_old_name_gets_them_too() {
    for project in Project::both_engines() {
        project.write_items(AB);
        project.start(false, |store| put(store, "a", "guest"));
        let stores = project.stores();
        let [s, t] = ["s", "t"].map(|name| StoreName::new(name).unwrap());
        let id = stores.open(&s).wait().unwrap().unwrap().info().id;
        assert!(stores.rename(id, &t).wait().unwrap().is_some());
        drop(stores);
        assert_eq!(project.content(), expect([("a", "1", "m"), ("b", "2", "")]));
        let renamed = project.stores().open(&t).wait().unwrap().unwrap();
        assert_eq!(entries(&renamed), expect([("a", "guest", ""), ("b", "2", "")]));
    }
}

/// Leaves the project as a start that crashed after its intentions were in the ledger: to write `1` under `a` and `2` under
/// `b`, over the entries that are there.
fn crash(project: &Project) {
    let stores = project.stores();
    let store = stores.open_or_create(&StoreName::new("s").unwrap()).unwrap();
    let ledger = Ledger::open(&stores).unwrap();
    for (k, value, metadata) in [("a", "1", "m"), ("b", "2", "")] {
        let before = store.lookup(key(k)).wait().unwrap().map(|entry| entry.generation().get());
        let item = ItemHash::of(value.as_bytes(), &edgekv_store::Metadata::new(metadata).unwrap());
        ledger.set(&store, key(k), &Record::Loading { before, item }).unwrap().wait().unwrap();
    }
    stores.flush().wait().unwrap();
}

/// A run that does not know the manifest, and whose guest does `guest`.
fn run_without_manifest(project: &Project, guest: impl FnOnce(&KvStore)) {
    let stores = project.stores();
    guest(&stores.open_or_create(&StoreName::new("s").unwrap()).unwrap());
    stores.flush().wait().unwrap();
}

#[test]
fn a_start_that_was_interrupted_is_made_good_by_the_next() {
    for project in Project::both_engines() {
        project.write_items(AB);
        crash(&project);
        // It got as far as the entry of `b`, but not to what the ledger says of it.
        run_without_manifest(&project, |store| put(store, "b", "2"));
        assert_eq!(project.content(), expect([("a", "1", "m"), ("b", "2", "")]));
        project.write_items(r#"{ key = "a", data = "3" }, { key = "b", data = "4" }"#);
        assert_eq!(project.content(), expect([("a", "3", ""), ("b", "4", "")]), "they are known as loaded");
    }
}

#[test]
fn an_interrupted_start_is_made_good_with_what_the_manifest_says_now() {
    for project in Project::both_engines() {
        crash(&project);
        run_without_manifest(&project, |store| put(store, "b", "2"));
        project.write_items(r#"{ key = "a", data = "3" }, { key = "b", data = "4" }"#);
        assert_eq!(project.content(), expect([("a", "3", ""), ("b", "4", "")]));
    }
}

#[test]
fn what_a_guest_wrote_after_an_interrupted_start_is_never_written_over() {
    for project in Project::both_engines() {
        project.write_items(AB);
        crash(&project);
        run_without_manifest(&project, |store| {
            put(store, "a", "guest");
            put(store, "b", "guest");
        });
        let guests = expect([("a", "guest", ""), ("b", "guest", "")]);
        assert_eq!(project.content(), guests);
        project.write_items(r#"{ key = "a", data = "3" }, { key = "b", data = "4" }"#);
        assert_eq!(project.content(), guests, "the keys are the guest's for ever");
    }
}

#[test]
fn what_a_guest_changed_after_an_interrupted_reload_is_never_written_over() {
    for project in Project::both_engines() {
        project.write_items(r#"{ key = "a", data = "old" }, { key = "b", data = "old" }"#);
        project.content();
        project.write_items(AB);
        crash(&project);
        run_without_manifest(&project, |store| {
            put(store, "a", "guest");
            delete(store, "b");
        });
        assert_eq!(project.content(), expect([("a", "guest", "")]));
    }
}

#[test]
fn more_items_than_a_batch_or_a_page_has_are_all_loaded_and_all_reset() {
    let [project, _] = Project::both_engines();
    let items: String = (0..BATCH_ITEMS + 1).map(|n| format!("\"k{n:05}\":\"{n}\",")).collect();
    fs::write(project.path().join("items.json"), format!("{{{}}}", items.trim_end_matches(','))).unwrap();
    let manifest = "local_server.kv_stores.s = { file = \"items.json\", format = \"json\" }";
    fs::write(project.path().join("fastly.toml"), manifest).unwrap();
    let content = project.content();
    assert_eq!(content.len(), BATCH_ITEMS + 1);
    assert_eq!(content[BATCH_ITEMS], ("k10000".into(), "10000".into(), String::new()));
    fs::write(project.path().join("items.json"), "{ \"one\": \"1\" }").unwrap();
    let mut after = Vec::new();
    project.start(true, |store| after = entries(store));
    assert_eq!(after, expect([("one", "1", "")]));
    // The ledger has forgotten the others as well.
    let stores = project.stores();
    let ledger = stores.open(&ledger_name().unwrap()).wait().unwrap().unwrap();
    assert_eq!(entries(&ledger).len(), 1);
}
