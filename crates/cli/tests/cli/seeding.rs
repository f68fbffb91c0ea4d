//! Items of the manifest over several runs, with guests that change them in between. The rule itself is tested, row by
//! row and on both engines, beside the code.

use crate::program::Step::{Delete, Insert, Show};
use crate::workplace::Workplace;

fn manifest(here: &Workplace, a: &str, b: &str) {
    here.file(
        "fastly.toml",
        format!("[local_server.kv_stores]\ns = [{{ key = \"a\", data = \"{a}\" }}, {{ key = \"b\", file = \"b.txt\" }}]"),
    );
    here.file("b.txt", b);
}

fn workplace() -> Workplace {
    let here = Workplace::new();
    here.program("show.wasm", &[Show("s", "a"), Show("s", "b"), Show("s", "mine")]);
    here.program("change.wasm", &[Insert("s", "a", "guest"), Delete("s", "b"), Insert("s", "mine", "guest")]);
    manifest(&here, "1", "2");
    here
}

#[test]
fn items_are_loaded_once_and_stay_as_guests_leave_them() {
    let here = workplace();
    assert_eq!(here.run("run show.wasm").good(), "1\n2\n-\n");
    here.run("run change.wasm").good();
    assert_eq!(
        here.run("run show.wasm").good(),
        "guest\n-\nguest\n",
        "what a guest deleted does not come back"
    );
    manifest(&here, "3", "4");
    assert_eq!(here.run("run show.wasm").good(), "guest\n-\nguest\n", "not even when the items change");
    assert_eq!(here.run("run --reset show.wasm").good(), "3\n4\n-\n");
    assert_eq!(here.run("run show.wasm").good(), "3\n4\n-\n", "and that is durable");
}

#[test]
fn changed_items_are_loaded_again_while_no_guest_has_touched_them() {
    let here = workplace();
    assert_eq!(here.run("run show.wasm").good(), "1\n2\n-\n");
    manifest(&here, "3", "4");
    assert_eq!(here.run("run show.wasm").good(), "3\n4\n-\n");
    here.program("one.wasm", &[Insert("s", "a", "guest")]);
    here.run("run one.wasm").good();
    manifest(&here, "5", "6");
    assert_eq!(here.run("run show.wasm").good(), "guest\n6\n-\n", "each key for itself");
}

#[test]
fn a_manifest_elsewhere_brings_its_files_along() {
    let here = Workplace::new();
    std::fs::create_dir(here.path("project")).unwrap();
    here.file("project/manifest.toml", "local_server.kv_stores.s = [{ key = \"a\", file = \"a.txt\" }]");
    here.file("project/a.txt", "beside the manifest");
    here.program("show.wasm", &[Show("s", "a")]);
    let shown = here.run("run --config project/manifest.toml --engine memory: show.wasm").good();
    assert_eq!(shown, "beside the manifest\n");
}

#[test]
fn a_json_file_is_loaded() {
    let here = Workplace::new();
    here.file("fastly.toml", "local_server.kv_stores.s = { file = \"items.json\", format = \"json\" }");
    here.file("items.json", "{ \"a\": \"first\", \"a\": { \"data\": \"last\", \"metadata\": \"m\" } }");
    here.program("show.wasm", &[Show("s", "a")]);
    assert_eq!(here.run("run show.wasm").good(), "last\n");
    assert_eq!(here.run("run show.wasm").good(), "last\n");
}
