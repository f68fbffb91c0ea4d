//! `edgekv inspect`: what it says of files, whoever has made them.

use crate::workplace::Workplace;

const MODULE: &str = r#"(module $shop
    (import "fastly_kv_store" "open" (func (param i32 i32 i32) (result i32)))
    (import "fastly_kv_store" "lookup" (func (param i32 i32 i32 i32 i32 i32) (result i32)))
    (import "fastly_geo" "lookup" (func (param i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_dance" (func))
    (import "env" "table" (table 1 funcref))
    (memory (export "memory") 18)
    (func (export "_start")))"#;

#[test]
fn a_module_is_told_by_what_it_imports_and_what_of_it_is_there() {
    let here = Workplace::new();
    here.wat("app.wasm", MODULE);
    let said = here.run("inspect app.wasm").good();
    let (first, rest) = said.split_once('\n').unwrap();
    assert!(first.starts_with("app.wasm: core module shop, ") && first.ends_with(" B, a program"), "{said}");
    assert_eq!(
        rest,
        "\
imports: 6, and this host has 3 of them
  env                     1 table; this host does not have 1:
    table  (table, this host does not have it)
  fastly_geo              1 function; calls of 1 are answered `unsupported`
  fastly_kv_store         2 functions
  wasi_snapshot_preview1  2 functions; this host does not have 1:
    fd_dance  (this host does not have it)
exports: 2
  memory (memory)
  _start
memories: 1
  1.1 MiB (18 pages), without a limit of its own
"
    );
    let verbose = here.run("inspect -v app.wasm").good();
    for line in ["    open\n", "    fd_write\n", "    lookup  (calls are answered `unsupported`)\n"] {
        assert!(verbose.contains(line), "{verbose}");
    }
}

/// Every function of a module of imports, as far as this command says that it is there, can be linked.
#[test]
fn what_is_said_to_be_there_is_there() {
    let here = Workplace::new();
    let preview_1 = "args_get args_sizes_get clock_res_get clock_time_get environ_get environ_sizes_get fd_advise fd_allocate \
        fd_close fd_datasync fd_fdstat_get fd_fdstat_set_flags fd_fdstat_set_rights fd_filestat_get fd_filestat_set_size \
        fd_filestat_set_times fd_pread fd_prestat_dir_name fd_prestat_get fd_pwrite fd_read fd_readdir fd_renumber fd_seek fd_sync \
        fd_tell fd_write path_create_directory path_filestat_get path_filestat_set_times path_link path_open path_readlink \
        path_remove_directory path_rename path_symlink path_unlink_file poll_oneoff proc_exit proc_raise random_get sched_yield \
        sock_accept sock_recv sock_send sock_shutdown";
    // With types that are wrong: one that is not there is told as missing, and not as of another type.
    let names = preview_1.split_whitespace();
    let module = "wasi_snapshot_preview1";
    for name in names {
        let wrong = r#"(param f64 f64 f64)"#;
        here.wat(
            "one.wasm",
            &format!(r#"(module (import "{module}" "{name}" (func {wrong})) (func (export "_start")))"#),
        );
        let said = here.run("run --engine memory: one.wasm");
        said.fails(126, &["incompatible import type"]);
        assert!(!here.run("inspect one.wasm").good().contains("does not have"), "{name}");
    }
}

/// An application in two layers, one of which is in a component of two.
const NESTED: &str = r#"(component
    (import "edgekv:platform/origin@0.1.0" (instance $origin (export "f" (func))))
    (import "wasi:io/poll@0.2.12" (instance $poll))
    (import "example:odd/thing@1.0.0" (instance $odd))
    (component $feature
        (import "edgekv:platform/origin@0.1.0" (instance $origin (export "f" (func))))
        (import "wasi:io/poll@0.2.12" (instance))
        (core module $code (memory 1 1))
        (core instance (instantiate $code))
        (export "edgekv:kv/kv-store@0.1.0" (instance $origin)))
    (component $app
        (import "edgekv:kv/kv-store@0.1.0" (instance $kv (export "f" (func))))
        (import "example:odd/thing@1.0.0" (instance $odd))
        (component $inner
            (import "edgekv:kv/kv-store@0.1.0" (instance $kv (export "f" (func))))
            (core module $main (memory 2))
            (core instance (instantiate $main)))
        (instance (instantiate $inner (with "edgekv:kv/kv-store@0.1.0" (instance $kv)))))
    (instance $f (instantiate $feature
        (with "edgekv:platform/origin@0.1.0" (instance $origin)) (with "wasi:io/poll@0.2.12" (instance $poll))))
    (alias export $f "edgekv:kv/kv-store@0.1.0" (instance $kv))
    (instance (instantiate $app
        (with "edgekv:kv/kv-store@0.1.0" (instance $kv)) (with "example:odd/thing@1.0.0" (instance $odd)))))"#;

#[test]
fn a_composed_component_is_drawn_with_who_satisfies_whom() {
    let here = Workplace::new();
    here.wat("app.wasm", NESTED);
    let said = here.run("inspect app.wasm").good();
    let (first, rest) = said.split_once('\n').unwrap();
    assert!(first.starts_with("app.wasm: component, ") && first.ends_with(" B, a library"), "{said}");
    assert_eq!(
        rest,
        "\
├─ app  kv-store ──▶ f
│  │    example:odd/thing ──▶ host
│  └─ inner  kv-store ──▶ outside of app
└─ f    origin, wasi ──▶ host
imports: 3, and this host has 2 of them
  edgekv:platform/origin@0.1.0
  wasi:io/poll@0.2.12
  example:odd/thing@1.0.0  (this host does not have it)
exports: 0
memories: 2
  app / inner / main: 128 KiB (2 pages), without a limit of its own
  f / code: 64 KiB (1 page), and never more
"
    );
    let ascii = here.run("inspect --ascii app.wasm").good();
    assert!(ascii.is_ascii() && ascii.contains("`- f    origin, wasi --> host"), "{ascii}");
}

#[test]
fn programs_read_all_of_it_in_json() {
    let here = Workplace::new();
    here.wat("app.wasm", NESTED);
    let json: serde_json::Value = serde_json::from_str(&here.run("inspect --json app.wasm").good()).unwrap();
    assert_eq!(
        (&json["kind"], &json["memory_count"], &json["is_complete"]),
        (&"component".into(), &2.into(), &true.into())
    );
    assert_eq!(json["imports"][0]["name"], "edgekv:platform/origin@0.1.0");
    assert_eq!(json["imports"][0]["functions"], serde_json::json!(["f"]));
    assert_eq!(json["imports"][0]["provided"], "yes");
    assert_eq!(json["imports"][2]["provided"], "no");
    assert_eq!(json["memories"][0]["owner"], serde_json::json!(["app", "inner", "main"]));
    assert_eq!(json["memories"][1]["maximum_pages"], 1);
    let app = &json["parts"][0];
    assert_eq!((&app["name"], &app["parts"][0]["name"]), (&"app".into(), &"inner".into()));
    assert_eq!(
        app["links"][0],
        serde_json::json!({ "import": "edgekv:kv/kv-store@0.1.0", "target": "part", "part": "f" })
    );
    here.wat("module.wasm", MODULE);
    let json: serde_json::Value =
        serde_json::from_str(&here.run("inspect --json module.wasm").good()).unwrap();
    assert_eq!(
        (&json["kind"], &json["name"], &json["is_program"]),
        (&"module".into(), &"shop".into(), &true.into())
    );
    assert_eq!(json["imports"][2]["provided"], "unsupported");
    assert_eq!(json["file"], "module.wasm");
    let ended = here.run("inspect --json nowhere.wasm");
    assert_eq!(ended.status, Some(127));
    let error: serde_json::Value = serde_json::from_str(&ended.stderr).unwrap();
    assert_eq!(error["error"]["kind"], "no_program");
    let ended = here.run("inspect --json");
    assert!(ended.stderr.starts_with("{\"error\""), "{ended:?}");
}

#[test]
fn what_a_file_calls_itself_does_not_steer_the_terminal() {
    let here = Workplace::new();
    here.wat(
        "app.wasm",
        r#"(module (@name "\1b[31m\nred") (import "env\u{202e}" "\07bell" (func)) (func (export "\1b[2J")))"#,
    );
    let said = here.run("inspect -v app.wasm").good();
    assert!(said.chars().all(|char| char == '\n' || !char.is_control() && char != '\u{202e}'), "{said:?}");
    assert!(said.contains("\\u{7}bell") && said.contains("\\u{1b}[2J"), "{said}");
    let name = "n".repeat(5000);
    let imports = format!("(import \"{name}\" \"f\" (func))").repeat(300);
    here.wat("long.wasm", &format!("(module {imports})"));
    let said = here.run("inspect long.wasm").good();
    assert!(said.len() < 40_000 && said.contains("and 101 more; --json has all of them"), "{}", said.len());
}

#[test]
fn components_that_are_many_times_in_others_are_cut_short() {
    let here = Workplace::new();
    let mut text = "(component $c0 (core module $m (memory 1)) (core instance (instantiate $m)))".to_owned();
    for level in 1..=9 {
        let instances = format!("(instance (instantiate $c{}))", level - 1).repeat(50);
        text = format!("(component $c{level} {text} {instances})");
    }
    here.wat("bomb.wasm", &text);
    let said = here.run("inspect bomb.wasm").good();
    assert!(said.lines().count() < 500, "{}", said.lines().count());
    assert!(said.contains("memories: 1953125000000000\n") && said.contains("and 1953124999999"), "{said}");
    let json: serde_json::Value = serde_json::from_str(&here.run("inspect --json bomb.wasm").good()).unwrap();
    assert_eq!(json["is_complete"], false);
}

#[test]
fn files_that_are_neither_say_what_they_are() {
    let here = Workplace::new();
    here.wat("app.wasm", MODULE);
    here.wat("plain.wasm", r#"(module (func (export "_start")))"#);
    here.run("compile plain.wasm").good();
    here.file("text.rs", "fn main() {}");
    here.file("empty", "");
    here.file("cut.wasm", &std::fs::read(here.path("app.wasm")).unwrap()[..60]);
    here.run("inspect text.rs").fails(126, &["text.rs: is a text file"]);
    here.run("inspect empty").fails(126, &["empty: is empty"]);
    here.run("inspect plain.cwasm").fails(126, &["plain.cwasm: is compiled code", "edgekv compile"]);
    here.run("inspect cut.wasm").fails(126, &["cut.wasm: is not valid: ", "cut off or damaged"]);
    here.run("inspect nowhere.wasm").fails(127, &["nowhere.wasm: there is no such file"]);
    here.run("inspect").fails(2, &["<FILE>", "edgekv inspect --help"]);
}
