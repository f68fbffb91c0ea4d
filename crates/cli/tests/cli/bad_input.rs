//! Bad input: one line that says what to do, and a status that says whose fault it is.

use std::fs;

use crate::program::Step::Print;
use crate::workplace::{Ended, Workplace};

/// A workplace with a good program, for when something else is bad.
fn workplace() -> Workplace {
    let here = Workplace::new();
    here.program("app.wasm", &[Print("it ran")]);
    here
}

#[test]
fn a_program_that_is_none_says_what_it_is() {
    let here = workplace();
    let module = fs::read(here.path("app.wasm")).unwrap();
    fs::create_dir(here.path("directory")).unwrap();
    here.file("text.rs", "fn main() {}");
    here.file("app.wat", "(module (func (export \"_start\")))");
    here.file("empty", "");
    here.file("binary", b"\x7fELF\xff\xff");
    here.file("cut.wasm", &module[..module.len() / 2]);
    here.file("start.wasm", &module[..6]);
    here.file("component.wasm", wat::parse_str("(component)").unwrap());
    here.wat("library.wasm", "(module (func (export \"run\")))");
    here.wat("global.wasm", "(module (global (export \"_start\") i32 (i32.const 0)))");
    let rows: [(&str, i32, &[&str]); 11] = [
        ("nowhere.wasm", 127, &["nowhere.wasm: there is no such file", "check the path"]),
        ("directory", 126, &["directory: is a directory", "name the .wasm file in it"]),
        ("text.rs", 126, &["text.rs: is a text file", "name the .wasm file"]),
        ("app.wat", 126, &["app.wat: is WebAssembly text", "wat2wasm"]),
        ("empty", 126, &["empty: is empty", "build the program again"]),
        ("binary", 126, &["binary: is not a WebAssembly module"]),
        (
            "cut.wasm",
            126,
            &["cut.wasm: not a valid WebAssembly module", "cut off or damaged", "build it again"],
        ),
        ("start.wasm", 126, &["start.wasm: not a valid WebAssembly module", "cut off or damaged"]),
        (
            "component.wasm",
            126,
            &["component.wasm: it exports neither wasi:cli/run nor", "library", "build it as a program"],
        ),
        (
            "library.wasm",
            126,
            &["library.wasm: it has no function `_start`", "library", "build it as a program"],
        ),
        (
            "global.wasm",
            126,
            &["global.wasm: its export `_start` is not a function", "build it as a program"],
        ),
    ];
    for (program, status, words) in rows {
        here.run(&format!("run {program}")).fails(status, words);
    }
    assert!(!here.path(".edgekv").exists(), "no database was made for a program that cannot run");
}

#[test]
fn all_missing_imports_are_named() {
    let here = workplace();
    here.wat(
        "one.wasm",
        r#"(module (import "geo" "lookup" (func (param i32) (result i32))) (func (export "_start")))"#,
    );
    here.run("run one.wasm").fails(126, &["one.wasm: it imports geo::lookup, which edgekv does not have"]);
    here.wat(
        "several.wasm",
        r#"(module
            (import "geo" "lookup" (func (param i32) (result i32)))
            (import "fastly_kv_store" "open" (func (param i32 i32 i32) (result i32)))
            (import "env" "thing" (func))
            (func (export "_start")))"#,
    );
    here.run("run several.wasm").fails(126, &["it imports 2 things", ": geo::lookup, env::thing"]);
    let imports: String = (0..14)
        .map(|number| {
            format!("(import \"env\" \"f{number:02}\" (func)) (import \"env\" \"f{number:02}\" (func))")
        })
        .collect();
    here.wat("many.wasm", &format!("(module {imports} (func (export \"_start\")))"));
    let many = here.run("run many.wasm");
    many.fails(126, &["it imports 14 things", ": env::f00, env::f01, ", "env::f09 and 4 more"]);
    assert!(!many.stderr.contains("f10"), "{many:?}");
    here.wat(
        "escapes.wasm",
        r#"(module (import "env" "\1b[31m\0aedgekv: all is well" (memory 1)) (func (export "_start")))"#,
    );
    here.run("run escapes.wasm").fails(126, &["it imports env::\\u{1b}[31m\\nedgekv: all is well, which"]);
    here.wat(
        "wrong.wasm",
        r#"(module (import "fastly_kv_store" "open" (func (param i64))) (func (export "_start")))"#,
    );
    here.run("run wrong.wasm").fails(126, &["fastly_kv_store::open", "incompatible import type"]);
}

#[test]
fn interfaces_that_components_miss_are_named_with_what_to_do() {
    let here = workplace();
    here.file("cut.wasm", &wat::parse_str("(component (core module))").unwrap()[..12]);
    here.run("run cut.wasm").fails(126, &["cut.wasm: not a valid component", "cut off or damaged"]);
    let importing = |name: &str, interfaces: &[&str]| {
        let imports: String =
            interfaces.iter().map(|interface| format!("(import \"{interface}\" (instance))")).collect();
        here.wat(name, &format!("(component {imports})"));
    };
    importing("one.wasm", &["wasi:keyvalue/store@0.2.0"]);
    here.run("run one.wasm").fails(
        126,
        &["one.wasm: it imports wasi:keyvalue/store@0.2.0, which edgekv does not have; build it without"],
    );
    importing("two.wasm", &["wasi:cli/stdout@0.3.0", "edgekv:kv/kv-store@0.2.0", "wasi:cli/stdout@0.2.0"]);
    here.run("run two.wasm").fails(
        126,
        &[
            "it imports 2 interfaces",
            ": wasi:cli/stdout@0.3.0, edgekv:kv/kv-store@0.2.0; build it for the version",
        ],
    );
    importing("uncomposed.wasm", &["edgekv:kv/kv-store@0.1.0"]);
    importing("composed.wasm", &["edgekv:platform/origin@0.1.0"]);
    for command in ["run", "serve"] {
        here.run(&format!("{command} --offer origin uncomposed.wasm")).fails(
            126,
            &[
                "it imports edgekv:kv/kv-store@0.1.0, which this host does not offer (it offers origin)",
                "compose it with a feature layer",
                "`edgekv compose`",
            ],
        );
        here.run(&format!("{command} --offer kv-store composed.wasm")).fails(
            126,
            &[
                "it imports edgekv:platform/origin@0.1.0, which this host does not offer (it offers kv-store)",
                "offer origin as well, by --offer",
            ],
        );
    }
    here.run("run --offer origin app.wasm")
        .fails(126, &["app.wasm: it imports the KV store of the legacy ABI", "`edgekv componentize`"]);
    here.wat("storeless.wasm", "(module (func (export \"_start\")))");
    here.run("run --offer origin --engine memory: storeless.wasm").good();
}

#[test]
fn programs_of_the_other_kind_say_by_which_command_they_go() {
    let here = workplace();
    let with = |name: &str, export: &str, ty: &str, function: &str| {
        here.wat(
            name,
            &format!(
                r#"(component
                    (core module $m (func (export "f") {ty}))
                    (core instance $i (instantiate $m))
                    {function}
                    (export "{export}" (instance $exports)))"#
            ),
        );
    };
    with(
        "once.wasm",
        "wasi:cli/run@0.2.0",
        "(result i32) (i32.const 0)",
        r#"(func $run (result (result)) (canon lift (core func $i "f"))) (instance $exports (export "run" (func $run)))"#,
    );
    with(
        "answers.wasm",
        "wasi:http/incoming-handler@0.2.0",
        "",
        r#"(func $f (canon lift (core func $i "f"))) (instance $exports (export "handle" (func $f)))"#,
    );
    here.run("run --engine memory: once.wasm").good();
    here.run("serve once.wasm").fails(126, &["once.wasm: it exports wasi:cli/run", "run it by `edgekv run`"]);
    here.run("run answers.wasm")
        .fails(126, &["answers.wasm: it exports wasi:http/incoming-handler", "by `edgekv serve`"]);
    assert!(!here.path(".edgekv").exists(), "no database was made for a program that cannot run");
}

#[test]
fn flags_with_wrong_values() {
    let here = workplace();
    let rows: [(&str, &[&str]); 20] = [
        ("--offer everything", &["'everything'", "--offer", "kv-store,origin"]),
        ("--offer=", &["--offer", "write it as"]),
        ("--engine sqlite:x", &["'sqlite:x'", "--engine", "use `memory:` or `redb:PATH`"]),
        ("--engine data.redb", &["'data.redb'", "use `memory:` or `redb:PATH`"]),
        ("--engine memory:x", &["use `memory:`"]),
        ("--engine redb:", &["the path is missing", "redb:.edgekv/data.redb"]),
        ("--engine redb:///x", &["begins with `//`"]),
        ("--store=", &["store name is empty"]),
        ("--store .edgekv.seed", &["reserved", "choose another"]),
        ("--env NAME", &["write it as NAME=VALUE"]),
        ("--env =VALUE", &["write it as NAME=VALUE"]),
        ("--max-memory 0", &["from 1 to 4096"]),
        ("--max-memory 1GiB", &["from 1 to 4096"]),
        ("--log x=y=z", &["--log \"x=y=z\" is not understood", "use a level such as `debug`"]),
        ("--log debgu", &["--log \"debgu\" is not understood", "use a level such as `debug`"]),
        ("--stor=s", &["unexpected argument \"--stor\"", "did you mean --store?", "edgekv run --help"]),
        ("--code-cache=", &["--code-cache", "name a directory, or `none`"]),
        ("--cache 64M", &["--cache", "64M", "a number of MiB from 1 to 1048576, or `none`"]),
        ("--cache 0", &["--cache", "use `none`"]),
        ("--reset", &["--reset", "there is no ./fastly.toml", "--config"]),
    ];
    for (flag, words) in rows {
        here.run(&format!("run {flag} app.wasm")).fails(2, words);
    }
}

#[test]
fn arguments_and_variables_that_are_wrong_are_named() {
    let here = workplace();
    here.run("run").fails(2, &["the argument <APP.wasm> is missing", "edgekv run --help"]);
    here.run("walk").fails(2, &["'walk'", "edgekv --help"]);
    for (variable, value) in [
        ("EDGEKV_ENGINE", "sqlite:x"),
        ("EDGEKV_LOG", "debgu"),
        ("EDGEKV_CODE_CACHE", ""),
        ("EDGEKV_CACHE", "x"),
    ] {
        let mut command = here.edgekv();
        // The flag after the program is the program's, and not to blame.
        command.args(["run", "app.wasm", "--engine", "--log"]).env(variable, value);
        Ended::of(command.output().unwrap()).fails(2, &[variable, value]);
    }
    let mut command = here.edgekv();
    command.args(["run", "--engine", "sqlite:x", "app.wasm"]).env("EDGEKV_ENGINE", "memory:");
    let ended = Ended::of(command.output().unwrap());
    ended.fails(2, &["sqlite:x", "--engine"]);
    assert!(!ended.stderr.contains("EDGEKV_ENGINE"), "the flag is to blame: {ended:?}");
}

#[test]
fn the_flags_and_variables_of_serve_are_named_too() {
    let here = workplace();
    for (variable, value) in
        [("EDGEKV_LISTEN", "nowhere"), ("EDGEKV_LOG_FORMAT", "xml"), ("EDGEKV_LOG", "debgu")]
    {
        let mut command = here.edgekv();
        command.args(["serve", "app.wasm"]).env(variable, value);
        let ended = Ended::of(command.output().unwrap());
        ended.fails(2, &[value]);
        // Of two variables one name is the beginning of the other.
        assert!(
            ended.stderr.starts_with(&format!("edgekv: {variable}: "))
                || ended.stderr.starts_with(&format!("edgekv: {variable} ")),
            "{ended:?}"
        );
    }
    // With `serve`, flags may come after the program, and are to blame then.
    let mut command = here.edgekv();
    command
        .args(["serve", "app.wasm", "--log", "debgu", "--listen", "127.0.0.1:0"])
        .env("EDGEKV_LOG", "warn");
    let ended = Ended::of(command.output().unwrap());
    ended.fails(2, &["--log \"debgu\" is not understood"]);
    let mut command = here.edgekv();
    command.args(["run", "--log-format", "xml", "app.wasm"]).env("EDGEKV_LOG", "warn");
    let ended = Ended::of(command.output().unwrap());
    ended.fails(2, &["'xml'", "--log-format"]);
    assert!(!ended.stderr.contains("EDGEKV_LOG"), "{ended:?}");
}

#[cfg(unix)]
#[test]
fn arguments_that_are_not_text_are_named() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let here = workplace();
    let mut command = here.edgekv();
    command.args(["run", "--", "app.wasm"]).arg(OsStr::from_bytes(b"a\xff"));
    Ended::of(command.output().unwrap()).fails(2, &["the argument \"a\\xFF\" is not valid UTF-8"]);
}

#[cfg(unix)]
#[test]
fn pipes_are_refused_and_not_waited_for() {
    let here = workplace();
    let made = std::process::Command::new("mkfifo").arg(here.path("pipe")).status().unwrap();
    assert!(made.success());
    here.run("run pipe").fails(126, &["pipe: is a pipe, a socket or a device", "name the .wasm file"]);
    for store in ["[{ key = \"k\", file = \"pipe\" }]", "{ file = \"pipe\", format = \"json\" }"] {
        here.file("fastly.toml", format!("local_server.kv_stores.s = {store}"));
        here.run("run app.wasm").fails(125, &["store \"s\"", "\"pipe\" cannot be read: it is a pipe"]);
    }
}

#[test]
fn databases_that_cannot_be_opened() {
    let here = workplace();
    fs::create_dir(here.path("directory")).unwrap();
    here.file("foreign.redb", "this is somebody's shopping list, and quite a long one");
    here.file("file", "");
    let rows: [(&str, &[&str]); 3] = [
        ("directory", &["\"directory\" is a directory", "--engine redb:directory/data.redb"]),
        ("foreign.redb", &["\"foreign.redb\" is not an edgekv database", "choose another path"]),
        ("file/data.redb", &["file/data.redb", "choose another path"]),
    ];
    for (path, words) in rows {
        here.run(&format!("run --engine redb:{path} app.wasm")).fails(125, words);
    }
    let kept = fs::read_to_string(here.path("foreign.redb")).unwrap();
    assert!(kept.starts_with("this is somebody's"), "a foreign file is left as it is");
}

#[test]
fn manifests_that_are_wrong() {
    let here = workplace();
    here.file("fastly.toml", "local_server.kv_stores.a = [{ key = \"k0\", data = \"v\" }, { key = \"k\" }]");
    here.run("run app.wasm").fails(
        125,
        &["edgekv: fastly.toml: store \"a\", entry 2 (\"k\"): neither `data` nor `file` is given; give one of them"],
    );
    here.file("syntax.toml", "[local_server\n");
    here.run("run --config syntax.toml app.wasm")
        .fails(125, &["syntax.toml: line 1, column 14: ", "correct the TOML"]);
    here.run("run --config nowhere.toml app.wasm").fails(125, &["nowhere.toml: cannot be read", "--config"]);
    here.file("two.toml", "local_server.kv_stores.a = [{}]");
    let ended = here.run("run --config two.toml app.wasm");
    assert_eq!(ended.status, Some(125));
    assert_eq!(
        ended.stderr,
        "edgekv: two.toml: store \"a\", entry 1: `key` is missing; every entry needs one\n\
         edgekv: two.toml: store \"a\", entry 1: neither `data` nor `file` is given; give one of them\n",
        "all problems, a line each"
    );
    assert!(!here.path(".edgekv").exists(), "nothing was stored");
}

#[test]
fn a_field_that_nobody_reads_is_a_warning() {
    let here = workplace();
    here.file("fastly.toml", "local_server.kv_stores.a = [{ key = \"k\", data = \"v\", metdata = \"m\" }]");
    let ended = here.run("run --engine memory: app.wasm");
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), "it ran\n"));
    assert_eq!(
        ended.stderr,
        "edgekv: warning: fastly.toml: store \"a\", entry 1 (\"k\"): nobody reads the field \"metdata\"\n"
    );
    here.run("run --engine memory: --log error app.wasm").good();
}

#[test]
fn near_misses_around_stores_are_warnings_and_many_are_counted() {
    let here = workplace();
    here.file("items.json", "{}");
    here.file(
        "fastly.toml",
        "[local_server]\nkv_store.a = []\nkv_stores.b = { file = \"items.json\", format = \"json\", key = \"k\" }",
    );
    assert_eq!(
        here.run("run --engine memory: app.wasm").stderr,
        "edgekv: warning: fastly.toml: nobody reads [local_server.kv_store]; the table is called `kv_stores`\n\
         edgekv: warning: fastly.toml: store \"b\": nobody reads the field \"key\"\n"
    );
    let entries = "{ key = \"k\", data = \"v\", note = 1 },".repeat(25);
    here.file("fastly.toml", format!("local_server.kv_stores.a = [{entries}]"));
    let ended = here.run("run --engine memory: app.wasm");
    assert_eq!(ended.status, Some(0));
    assert_eq!(ended.stderr.lines().count(), 21, "{ended:?}");
    assert!(
        ended.stderr.ends_with("edgekv: warning: fastly.toml: and 5 more warnings like these\n"),
        "{ended:?}"
    );
}

#[test]
fn messages_have_no_colours_where_there_is_no_terminal() {
    let here = workplace();
    here.file("fastly.toml", "local_server.kv_stores.a = [{ key = \"k\", data = \"v\" }]");
    let ended = here.run("run --engine redb:new.redb --log trace app.wasm");
    assert_eq!(ended.status, Some(0));
    assert!(ended.stderr.contains("created") && ended.stderr.contains("new.redb"), "{ended:?}");
    assert!(!ended.stderr.contains('\x1b'), "{ended:?}");
}

#[test]
fn mistakes_in_commands_of_commands_name_the_whole_command() {
    let here = workplace();
    let rows: [(&str, &[&str]); 6] = [
        ("kv walk", &["'walk'", "see `edgekv kv --help`"]),
        ("kv put --bogus", &["\"--bogus\"", "see `edgekv kv put --help`"]),
        ("--log warn store create", &["<NAME> is missing", "see `edgekv store create --help`"]),
        // What follows a command is an argument of it, also when it looks like another command.
        ("kv get kv put more", &["\"more\"", "see `edgekv kv get --help`"]),
        ("kv get --token kv put", &["<KEY> is missing", "see `edgekv kv get --help`"]),
        ("completions bash serve", &["\"serve\"", "see `edgekv completions --help`"]),
    ];
    for (arguments, words) in rows {
        here.run(arguments).fails(2, words);
    }
}
