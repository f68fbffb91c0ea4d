//! The same results in all forms, on every engine.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use crate::exceptions;
use crate::forms::{Form, edgekv};
use crate::workplace::{Ended, Workplace};

const MEMORY: &[&str] = &["memory:"];
const BOTH: &[&str] = &["memory:", "redb:data.redb"];

/// A guest program that runs once.
struct Program {
    name: &'static str,
    store: &'static str,
    /// Where it may matter which engine has the data: not for programs that keep none.
    engines: &'static [&'static str],
    /// Its runs, one after another, on the same data.
    runs: &'static [&'static [&'static str]],
}

const ONE_RUN: &[&[&str]] = &[&[]];

/// A form of a program, made once for all of its runs.
struct Made {
    /// Where the file is, for as long as it is used.
    _place: Workplace,
    file: PathBuf,
    form: Form,
}

impl Made {
    fn new(form: Form, program: &str) -> Self {
        let place = Workplace::new();
        let file = form.make(&place, program);
        Self { _place: place, file, form }
    }

    fn run(&self, here: &Workplace, flags: &[&str], arguments: &[&str]) -> Ended {
        let mut command = edgekv(here);
        command.arg("run").args(self.form.offer()).args(flags).arg(&self.file).args(arguments);
        Ended::of(command.output().unwrap())
    }
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

/// What comes of the runs of a program, on data that begin with nothing.
fn results(made: &Made, program: &Program, engine: &str, more: &[&str]) -> Vec<(Option<i32>, String)> {
    let here = Workplace::new();
    let flags = [&["--engine", engine, "--store", program.store], more].concat();
    program.runs.iter().map(|words| seen(made.run(&here, &flags, words))).collect()
}

fn is_the_same_in_all_forms(program: &Program) {
    let core = Made::new(Form::Core, program.name);
    for form in Form::of(program.name).into_iter().filter(|form| *form != Form::Core) {
        let is_excepted = |case| exceptions::of(program.name, form).any(|exception| exception.case == case);
        if is_excepted("linking") {
            let refused = form.try_make(&Workplace::new(), program.name).unwrap_err();
            assert!(
                refused.status == Some(126) && refused.stderr.contains("satisfies nothing"),
                "{refused:?}"
            );
            continue;
        }
        // "tenant-a/" is a part of each.
        let more: &[&str] = if is_excepted("the longest key") { &["--env", "LONGEST_KEY=1015"] } else { &[] };
        let made = Made::new(form, program.name);
        for engine in program.engines {
            let [mut of_core, of_form] = [&core, &made].map(|made| results(made, program, engine, more));
            if is_excepted("statuses over 1") {
                of_core.iter_mut().for_each(|(status, _)| *status = status.map(|status| status.min(1)));
            }
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
        Program { name: "sdk-kv", store: "guest-store", engines: BOTH, runs: ONE_RUN };
    the_kv_program_on_the_public_crate:
        Program { name: "fastly-kv", store: "guest-store", engines: BOTH, runs: &[&[], &[]] };
    the_first_example:
        Program { name: "hello-kv", store: "mystore", engines: BOTH, runs: &[&[], &[]] };
    the_counter_example:
        Program { name: "cas-counter", store: "mystore", engines: BOTH, runs: &[&["25"]] };
    arguments:
        Program { name: "args", store: "s", engines: MEMORY, runs: &[&["one", "two words", "", "é", "--", "'q'"]] };
    statuses:
        Program { name: "exit-code", store: "s", engines: MEMORY, runs: &[&["0"], &["1"], &["42"], &["255"]] };
    panics:
        Program { name: "trap", store: "s", engines: MEMORY, runs: &[&["out of cheese"]] };
}

#[test]
fn what_one_form_has_written_another_reads() {
    let flags = ["--engine", "redb:data.redb", "--store", "guest-store"];
    let forms = Form::of("persist-read");
    // The middleware has keys of its own, so what it wrote it finds itself.
    let (layered, plain): (Vec<_>, Vec<_>) = forms.into_iter().partition(|form| form.has_middleware());
    for group in [plain, layered] {
        let readers: Vec<_> = group.iter().map(|form| Made::new(*form, "persist-read")).collect();
        for writer in group {
            let here = Workplace::new();
            let written = Made::new(writer, "persist-write").run(&here, &flags, &[]).good();
            assert!(written.starts_with("ok "), "{writer:?}: {written}");
            for reader in &readers {
                let read = reader.run(&here, &flags, &[]);
                assert!(read.stdout.starts_with("ok "), "{writer:?}, {:?}: {read:?}", reader.form);
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

fn keeps_every_rule_but_the_excepted(made: &Made, engine: &str) {
    let (here, form) = (Workplace::new(), made.form);
    here.file("fastly.toml", seeds(form));
    let ended = made.run(&here, &["--engine", engine], &[]);
    let points = ended.stdout.lines().filter(|line| line.contains(" - "));
    let failed: Vec<_> = points
        .filter_map(|line| line.strip_prefix("not ok ")?.split_once(" - "))
        .map(|(_, rest)| rest.split_once(':').unwrap().0)
        .collect();
    let excepted: Vec<_> = exceptions::of("conformance", form).map(|exception| exception.case).collect();
    assert_eq!(failed, excepted, "{form:?} on {engine}: {}\n{}", ended.stdout, ended.stderr);
    assert_eq!(ended.status, Some(i32::from(!excepted.is_empty())), "{form:?} on {engine}");
    assert!(ended.stdout.lines().count() > 120, "{form:?} on {engine}: {ended:?}");
}

#[test]
fn the_conformance_program() {
    // The program waits for entries to expire most of the time, so its runs are at the same time. That of the module is on its own, by
    // `tests/cli/conformance.rs`.
    thread::scope(|scope| {
        for form in Form::of("conformance").into_iter().filter(|form| *form != Form::Core) {
            scope.spawn(move || {
                let made = Made::new(form, "conformance");
                for engine in BOTH {
                    keeps_every_rule_but_the_excepted(&made, engine);
                }
            });
        }
    });
}
