//! What docs/components.md and the README show is done as it is shown, and prints what is said there.

use std::fs;
use std::path::Path;

use edgekv_tests::readme::{blocks, calls, section};
use edgekv_tests::{component, guest, layer};

use crate::workplace::{Ended, Workplace};

/// A directory with what the documents name.
fn place() -> Workplace {
    let here = Workplace::new();
    fs::create_dir_all(here.path("target/guests")).unwrap();
    fs::create_dir_all(here.path("target/wasm32-wasip2/release")).unwrap();
    for (name, file) in [
        ("hello-kv.wasm", guest("hello-kv")),
        ("hello-kv.component.wasm", component("hello-kv")),
        ("tenant-layer.wasm", layer("tenant-layer")),
        ("edgekv-feature.wasm", layer("edgekv-feature")),
    ] {
        fs::copy(file, here.path("target/guests").join(name)).unwrap();
    }
    fs::copy(guest("hello-kv"), here.path("app.wasm")).unwrap();
    fs::copy(component("hello-kv"), here.path("target/wasm32-wasip2/release/app.wasm")).unwrap();
    here
}

/// Runs the lines of a block that are commands of ours: what they print, all of it.
fn run(here: &Workplace, block: &str) -> String {
    let mut printed = String::new();
    for mut words in calls(block, "edgekv") {
        // `edgekv ... || test $? = STATUS`
        let refused = words.iter().position(|word| word == "||").map(|at| words.split_off(at));
        let status = refused.map_or(0, |rest| rest.last().unwrap().parse().unwrap());
        let ended = Ended::of(here.edgekv().args(&words).output().unwrap());
        assert_eq!(ended.status, Some(status), "{words:?}: {ended:?}");
        printed += &ended.stdout;
    }
    printed
}

/// Without what differs with each build or run: generations, sizes, and what compilers put into names.
fn lasting(text: &str) -> String {
    let words = |line: &str| {
        let words: Vec<_> = line.split(' ').collect();
        let varies = |at: usize| {
            words.get(at + 1).is_some_and(|next| next.starts_with("KiB") || next.starts_with("MiB"))
                || at > 0 && words[at - 1] == "generation"
                || words[at].starts_with("hello_kv-")
        };
        let words = words.iter().enumerate().map(|(at, word)| if varies(at) { "_" } else { word });
        words.collect::<Vec<_>>().join(" ").trim_end().to_owned()
    };
    text.trim_end().lines().map(words).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_quick_start_prints_what_is_shown() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/components.md");
    let document = fs::read_to_string(document).unwrap();
    let (_, quick_start) = document.split_once("\n## Quick start\n").unwrap();
    let quick_start = quick_start.split("\n## ").next().unwrap();
    let here = place();
    let (mut compared, mut last) = (0, String::new());
    for block in quick_start.split("```").skip(1).step_by(2) {
        let (language, block) = block.split_once('\n').unwrap();
        match language {
            "sh" => last = run(&here, block),
            "text" => {
                assert_eq!(lasting(&last), lasting(block));
                compared += 1;
            }
            other => panic!("nobody has tried this: {other}"),
        }
    }
    assert!(compared >= 3, "only {compared} outputs are shown");
}

#[test]
fn the_commands_of_the_readme_work() {
    let here = place();
    let printed: String = blocks(section("Components"), "sh").map(|block| run(&here, block)).collect();
    assert!(printed.contains("this was run"), "{printed}");
}
