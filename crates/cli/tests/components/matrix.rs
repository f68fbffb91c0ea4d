//! The same results in all forms, on every engine.

use std::fs;
use std::path::Path;

use crate::exceptions;
use crate::forms::Form;
use crate::workplace::{Ended, Workplace};

const ENGINES: [&str; 2] = ["memory:", "redb:data.redb"];

/// A guest program that runs once.
struct Program {
    name: &'static str,
    /// Its source is on the SDK, so it is built as a component, too.
    sdk: bool,
    store: &'static str,
    /// Its runs, one after another, on the same data.
    runs: &'static [&'static [&'static str]],
}

const ONE_RUN: &[&[&str]] = &[&[]];

/// Runs a form of a program.
fn run(here: &Workplace, form: Form, program: &str, flags: &[&str], arguments: &[&str]) -> Ended {
    let mut command = here.edgekv();
    // Made once for both engines.
    command.env("EDGEKV_CODE_CACHE", here.path("cache"));
    command.arg("run").args(form.offer()).args(flags).arg(form.make(here, program)).args(arguments);
    Ended::of(command.output().unwrap())
}

/// What a user sees, without what is another number each time.
fn seen(ended: Ended) -> (Option<i32>, String) {
    let mut stdout = ended.stdout;
    if let Some((before, after)) = stdout.split_once("generation ") {
        let digits = after.find(|character: char| !character.is_ascii_digit()).unwrap_or(after.len());
        stdout = format!("{before}generation _{}", &after[digits..]);
    }
    (ended.status, stdout)
}

fn is_the_same_in_all_forms(program: &Program) {
    for form in Form::all(program.sdk).into_iter().filter(|form| *form != Form::Core) {
        let mut flags = vec!["--store", program.store];
        if exceptions::of(program.name, form).any(|exception| exception.case == "the longest key") {
            // "tenant-a/" is a part of each.
            flags.extend(["--env", "LONGEST_KEY=1015"]);
        }
        for engine in ENGINES {
            // Each form begins with nothing.
            let [of_core, of_form] = [Form::Core, form].map(|form| {
                let here = Workplace::new();
                let flags = [&flags[..], &["--engine", engine]].concat();
                let runs = program.runs.iter();
                runs.map(|words| seen(run(&here, form, program.name, &flags, words))).collect::<Vec<_>>()
            });
            assert_eq!(of_form, of_core, "{} as {form:?} on {engine}", program.name);
        }
    }
}

macro_rules! programs {
    ($($test:ident: $program:expr;)*) => { $(
        #[test]
        fn $test() {
            is_the_same_in_all_forms(&$program);
        }
    )* };
}

programs! {
    the_kv_program_on_our_sdk:
        Program { name: "sdk-kv", sdk: true, store: "guest-store", runs: ONE_RUN };
    the_kv_program_on_the_public_crate:
        Program { name: "fastly-kv", sdk: false, store: "guest-store", runs: &[&[], &[]] };
    the_first_example:
        Program { name: "hello-kv", sdk: true, store: "mystore", runs: &[&[], &[]] };
    the_counter_example:
        Program { name: "cas-counter", sdk: true, store: "mystore", runs: &[&["25"]] };
    arguments:
        Program { name: "args", sdk: true, store: "s", runs: &[&["one", "two words", "", "é", "--", "'q'"]] };
    statuses:
        Program { name: "exit-code", sdk: true, store: "s", runs: &[&["0"], &["1"], &["42"], &["255"]] };
    panics:
        Program { name: "trap", sdk: true, store: "s", runs: &[&["out of cheese"]] };
}

#[test]
fn what_one_form_has_written_another_reads() {
    let flags = ["--engine", "redb:data.redb", "--store", "guest-store"];
    let forms = Form::all(true);
    // The middleware has keys of its own, so what it wrote it finds itself.
    let (layered, plain): (Vec<_>, Vec<_>) = forms.into_iter().partition(|form| form.has_middleware());
    for group in [plain, layered] {
        for writer in &group {
            let here = Workplace::new();
            let written = run(&here, *writer, "persist-write", &flags, &[]).good();
            assert!(written.starts_with("ok "), "{writer:?}: {written}");
            for reader in &group {
                let read = run(&here, *reader, "persist-read", &flags, &[]);
                assert!(read.stdout.starts_with("ok "), "{writer:?}, {reader:?}: {read:?}");
            }
        }
    }
}

/// The seeds of the conformance program, where a middleware looks for them.
fn seeds(form: Form) -> String {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance/fastly.toml");
    let own = fs::read_to_string(own).unwrap();
    if form.has_middleware() { own.replace("key = \"", "key = \"tenant-a/") } else { own }
}

#[test]
fn the_conformance_program() {
    for form in Form::all(false) {
        for engine in ENGINES {
            let here = Workplace::new();
            here.file("fastly.toml", seeds(form));
            let ended = run(&here, form, "conformance", &["--engine", engine], &[]);
            let points = ended.stdout.lines().filter(|line| line.contains(" - "));
            let failed: Vec<_> = points
                .filter_map(|line| line.strip_prefix("not ok ")?.split_once(" - "))
                .map(|(_, rest)| rest.split_once(':').unwrap().0)
                .collect();
            let excepted: Vec<_> =
                exceptions::of("conformance", form).map(|exception| exception.case).collect();
            assert_eq!(failed, excepted, "{form:?} on {engine}: {}\n{}", ended.stdout, ended.stderr);
            assert_eq!(ended.status, Some(i32::from(!excepted.is_empty())), "{form:?} on {engine}");
            assert!(ended.stdout.lines().count() > 120, "{form:?} on {engine}: {ended:?}");
        }
    }
}
