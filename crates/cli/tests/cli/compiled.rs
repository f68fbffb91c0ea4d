//! Compiled code: kept between runs, made ahead of time, and what is said of files that are of no use.

use std::fs;
use std::path::Path;

use crate::program::Step::Print;
use crate::workplace::{Ended, Workplace};

fn count(directory: &Path) -> usize {
    fs::read_dir(directory).map_or(0, Iterator::count)
}

#[test]
fn a_program_is_compiled_once_and_damage_to_the_cache_costs_nothing_but_time() {
    let here = Workplace::new();
    here.program("app.wasm", &[Print("it ran")]);
    let run = |log: &str| here.run(&format!("run --engine memory: --code-cache cache --log {log} app.wasm"));
    assert!(run("debug").stderr.contains("code=Compiled"));
    assert_eq!(count(&here.path("cache")), 1);
    assert!(run("debug").stderr.contains("code=Cached"));
    let kept = fs::read_dir(here.path("cache")).unwrap().next().unwrap().unwrap().path();
    fs::write(&kept, "damaged").unwrap();
    assert_eq!(run("warn").good(), "it ran\n");
    assert!(run("debug").stderr.contains("code=Cached"), "it was made again");
    assert_eq!(count(&here.path("cache")), 1);
}

#[test]
fn the_cache_is_where_the_user_has_caches_unless_it_is_switched_off() {
    let here = Workplace::new();
    here.program("app.wasm", &[Print("it ran")]);
    let run = |flags: &[&str]| {
        let mut command = here.edgekv();
        command
            .env_remove("EDGEKV_CODE_CACHE")
            .args(["run", "--engine", "memory:"])
            .args(flags)
            .arg("app.wasm");
        command.env("HOME", here.path("home")).env("XDG_CACHE_HOME", here.path("home/caches"));
        Ended::of(command.output().unwrap()).good()
    };
    assert_eq!(run(&["--code-cache", "none"]), "it ran\n");
    assert!(!here.path("home").exists());
    assert_eq!(run(&[]), "it ran\n");
    if cfg!(all(unix, not(target_os = "macos"))) {
        assert_eq!(count(&here.path("home/caches/edgekv")), 1);
    }
}

#[test]
fn a_cache_that_was_asked_for_and_cannot_be_used_is_a_warning() {
    let here = Workplace::new();
    here.program("app.wasm", &[Print("it ran")]);
    here.file("file", "");
    let ended = here.run("run --engine memory: --code-cache file/cache app.wasm");
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), "it ran\n"));
    for line in ended.stderr.lines() {
        assert!(line.starts_with("edgekv: warning: the code cache file/cache cannot be"), "{ended:?}");
    }
    assert!(ended.stderr.contains("cannot be written"), "{ended:?}");
}

#[test]
fn a_program_that_is_compiled_ahead_runs_like_the_program() {
    let here = Workplace::new();
    here.program("app.wasm", &[Print("it ran")]);
    let said = here.run("compile app.wasm").good();
    assert!(said.starts_with("app.cwasm: ") && said.contains("KiB of native code, compiled in "), "{said}");
    assert_eq!(here.run("run --engine memory: app.cwasm").good(), "it ran\n");
    here.run("compile app.wasm -o other.bin").good();
    assert_eq!(fs::read(here.path("app.cwasm")).unwrap(), fs::read(here.path("other.bin")).unwrap());
    assert_eq!(here.run("run --engine memory: other.bin").good(), "it ran\n", "the name says nothing");
}

#[test]
fn compiled_code_that_cannot_be_used_says_why_and_what_to_do() {
    let here = Workplace::new();
    here.program("app.wasm", &[Print("it ran")]);
    here.run("compile app.wasm").good();
    let good = fs::read(here.path("app.cwasm")).unwrap();
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        bytes
    };
    // The trailer ends with: version (32 bytes), machine (32), source (32), form (4), checksum (32), format (4), a name (12).
    let version = good.len() - 148;
    let cases = [
        (changed(&|bytes| bytes[200] ^= 1), "app.cwasm: is damaged"),
        (changed(&|bytes| bytes.truncate(bytes.len() / 2)), "app.cwasm: is cut off"),
        (changed(&|bytes| bytes[version] = b'9'), "app.cwasm: was compiled by edgekv 9."),
        (changed(&|bytes| bytes[version + 32] = b'?'), "app.cwasm: was compiled for ?"),
    ];
    for (bytes, words) in cases {
        here.file("app.cwasm", bytes);
        here.run("run app.cwasm").fails(126, &[words, "compile the program again, by `edgekv compile`"]);
    }
    assert!(!here.path(".edgekv").exists(), "no database was made for a program that cannot run");
}

#[test]
fn a_program_is_not_written_over_itself_by_any_name() {
    let here = Workplace::new();
    here.program("app.wasm", &[Print("it ran")]);
    let source = fs::read(here.path("app.wasm")).unwrap();
    fs::create_dir(here.path("folder")).unwrap();
    let mut names = vec!["app.wasm".to_owned(), "./app.wasm".to_owned(), "folder/../app.wasm".to_owned()];
    names.push(here.path("app.wasm").display().to_string());
    fs::hard_link(here.path("app.wasm"), here.path("hard.wasm")).unwrap();
    names.push("hard.wasm".to_owned());
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("app.wasm", here.path("link.wasm")).unwrap();
        std::os::unix::fs::symlink(".", here.path("here")).unwrap();
        names.extend(["link.wasm".to_owned(), "here/app.wasm".to_owned()]);
    }
    for name in &names {
        let ended = here.run(&format!("compile app.wasm -o {name}"));
        ended.fails(2, &["would be written over itself", name, "-o"]);
        let ended = here.run(&format!("compile {name} -o app.wasm"));
        ended.fails(2, &["would be written over itself"]);
        assert!(fs::read(here.path("app.wasm")).unwrap() == source, "{name}");
    }
    here.file("module.cwasm", &source);
    here.run("compile module.cwasm").fails(2, &["module.cwasm would be written over itself"]);
    assert!(fs::read(here.path("module.cwasm")).unwrap() == source);
    // Another way to the same folder is no reason.
    here.run("compile app.wasm -o folder/../app.cwasm").good();
}

#[test]
fn what_cannot_be_compiled_says_why() {
    let here = Workplace::new();
    here.program("app.wasm", &[Print("it ran")]);
    here.wat("library.wasm", "(module (func (export \"run\")))");
    here.file("text.rs", "fn main() {}");
    here.run("compile nowhere.wasm").fails(127, &["nowhere.wasm: there is no such file"]);
    here.run("compile text.rs").fails(126, &["text.rs: is a text file"]);
    here.run("compile library.wasm").fails(126, &["library.wasm: it has no function `_start`"]);
    here.run("compile app.wasm -o nowhere/app.cwasm").fails(125, &["cannot write nowhere/app.cwasm"]);
    here.run("compile app.wasm -o app.wasm").fails(2, &["app.wasm would be written over itself"]);
    here.run("compile app.wasm").good();
    here.run("compile app.cwasm").fails(126, &["app.cwasm: is compiled already", "name the .wasm file"]);
}

#[test]
fn a_component_is_compiled_ahead_and_kept_like_a_module() {
    let here = Workplace::new();
    here.wat(
        "app.wasm",
        r#"(component
            (core module $m (func (export "run") (result i32) (i32.const 1)))
            (core instance $i (instantiate $m))
            (func $run (result (result)) (canon lift (core func $i "run")))
            (instance $exports (export "run" (func $run)))
            (export "wasi:cli/run@0.2.0" (instance $exports)))"#,
    );
    for origin in ["Compiled", "Cached"] {
        let ended = here.run("run --engine memory: --code-cache cache --log debug app.wasm");
        assert_eq!(ended.status, Some(1));
        assert!(ended.stderr.contains(&format!("code={origin}")), "{ended:?}");
    }
    here.run("compile app.wasm").good();
    let ended = here.run("run --engine memory: --log debug app.cwasm");
    assert_eq!(ended.status, Some(1));
    assert!(ended.stderr.contains("code=Ahead"), "{ended:?}");
}
