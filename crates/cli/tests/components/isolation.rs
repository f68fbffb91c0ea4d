//! What a program sees of a layer, and what becomes of the rest when a layer fails. `faulty-layer` is the feature with a secret, and
//! with faults on demand.

use std::path::Path;

use edgekv_tests::layer;

use crate::forms::{FEATURE, Form, MIDDLEWARE, componentized, composed, edgekv};
use crate::workplace::{Ended, Workplace};

/// The program that looks where it should find nothing, linked with the layer that has a secret.
fn probe(here: &Workplace, flags: &[&str], words: &[&str]) -> Ended {
    let out = here.path("probe.linked.wasm");
    if !out.exists() {
        composed(here, &componentized(here, "probe"), &[layer("faulty-layer")], &out).good();
    }
    let mut command = edgekv(here);
    command.args(["run", "--engine", "memory:", "--store", "guest-store", "--offer", "origin"]).args(flags);
    Ended::of(command.arg(out).args(words).output().unwrap())
}

/// How many memories `edgekv inspect` finds in a file.
fn memories_of(here: &Workplace, file: &Path) -> usize {
    let report = Ended::of(here.edgekv().arg("inspect").arg("--json").arg(file).output().unwrap()).good();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    report["memory_count"].as_u64().unwrap().try_into().unwrap()
}

/// How many memories `edgekv compose` has counted.
fn memories(report: &str) -> usize {
    let words: Vec<_> = report.split_whitespace().collect();
    let at = words.iter().position(|word| word.starts_with("memor")).unwrap_or_else(|| panic!("{report}"));
    words[at - 1].parse().unwrap_or_else(|_| panic!("{report}"))
}

#[test]
fn a_program_finds_nothing_of_a_secret_in_all_of_its_memory() {
    let here = Workplace::new();
    assert_eq!(probe(&here, &[], &["scan"]).good(), "value \"v\", and the secret 0 times\n");
    // It would find it: one that it has itself, it does.
    assert_eq!(probe(&here, &[], &["scan", "own"]).good(), "value \"v\", and the secret 1 times\n");
}

#[test]
fn behind_the_end_of_its_memory_a_program_reaches_nothing() {
    let here = Workplace::new();
    let ended = probe(&here, &[], &["beyond"]);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(134), ""), "{ended:?}");
    assert!(ended.stderr.contains("out of bounds memory access"), "{ended:?}");
}

#[test]
fn every_layer_has_a_memory_of_its_own() {
    let here = Workplace::new();
    let app = componentized(&here, "hello-kv");
    let out = here.path("linked.wasm");
    let one = memories(&composed(&here, &app, &[layer(FEATURE)], &out).good());
    let two = memories(&composed(&here, &app, &[layer(MIDDLEWARE), layer(FEATURE)], &out).good());
    let [app, middleware, feature] =
        [app, layer(MIDDLEWARE), layer(FEATURE)].map(|file| memories_of(&here, &file));
    assert!(app >= 1 && middleware >= 1 && feature >= 1, "{app}, {middleware}, {feature}");
    assert_eq!((one, two), (app + feature, app + middleware + feature));
    assert_eq!(memories_of(&here, &out), two);
}

#[test]
fn a_panic_in_a_layer_ends_the_program_and_names_the_layer() {
    let here = Workplace::new();
    let ended = probe(&here, &[], &["lookup", "panic!"]);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(134), ""), "{ended:?}");
    assert!(ended.stderr.contains("trapped: wasm `unreachable` instruction executed"), "{ended:?}");
    assert!(
        ended.stderr.contains("edgekv_feature::faults::"),
        "the function of the layer is named: {ended:?}"
    );
    assert_eq!(probe(&here, &[], &["lookup", "k"]).status, Some(0), "other keys are looked up");
}

#[test]
fn the_limit_of_memory_holds_for_layers_too() {
    let here = Workplace::new();
    let ended = probe(&here, &["--max-memory", "32"], &["lookup", "allocate!"]);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(134), ""), "{ended:?}");
    assert!(ended.stderr.contains("32 MiB"), "the limit is named: {ended:?}");
    assert_eq!(probe(&here, &["--max-memory", "32"], &["lookup", "k"]).status, Some(0));
}

#[test]
fn layers_are_limited_together_not_one_by_one() {
    let here = Workplace::new();
    let run = |form: Form, limit: &str| {
        let mut command = edgekv(&here);
        command.args(["run", "--engine", "memory:", "--store", "mystore", "--max-memory", limit]);
        Ended::of(command.args(form.offer()).arg(form.make(&here, "hello-kv")).output().unwrap())
    };
    // Each of the parts needs between 1 and 2 MiB, so 3 MiB are enough for any of them, and not for the four memories.
    assert_eq!(run(Form::Componentized, "3").status, Some(0));
    let ended = run(Form::Layered, "3");
    assert!(ended.status == Some(126) && ended.stderr.contains("--max-memory"), "{ended:?}");
    assert_eq!(run(Form::Layered, "8").status, Some(0));
}

#[test]
fn a_program_without_layers_is_limited_as_one_with_some() {
    let here = Workplace::new();
    for form in [Form::Componentized, Form::Composed, Form::Layered] {
        let mut command = edgekv(&here);
        command.args(["run", "--engine", "memory:", "--store", "mystore", "--max-memory", "1"]);
        let ended = Ended::of(command.args(form.offer()).arg(form.make(&here, "hello-kv")).output().unwrap());
        assert_ne!(ended.status, Some(0), "{form:?}: more than 1 MiB is needed from the start");
        assert!(ended.stderr.contains("1 MiB"), "{form:?}: {ended:?}");
    }
}
