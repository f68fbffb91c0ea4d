//! Who may reach the data which way.

use crate::forms::{Form, edgekv};
use crate::workplace::{Ended, Workplace};

fn run(here: &Workplace, form: Form, offer: &str) -> Ended {
    let mut command = edgekv(here);
    command.args(["run", "--engine", "memory:", "--store", "mystore", "--offer", offer]);
    Ended::of(command.arg(form.make(here, "hello-kv")).output().unwrap())
}

#[test]
fn a_program_without_a_feature_is_refused_where_only_the_origin_is_offered() {
    for form in [Form::Componentized, Form::Sdk] {
        let here = Workplace::new();
        let ended = run(&here, form, "origin");
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(126), ""), "{form:?}: {ended:?}");
        for words in ["edgekv:kv/kv-store", "edgekv compose", "--offer"] {
            assert!(ended.stderr.contains(words), "{form:?}: {words}: {ended:?}");
        }
        assert_eq!(run(&here, form, "kv-store").status, Some(0), "{form:?}");
    }
}

#[test]
fn a_module_is_refused_where_only_the_origin_is_offered() {
    let here = Workplace::new();
    let ended = run(&here, Form::Core, "origin");
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(126), ""), "{ended:?}");
    for words in ["edgekv componentize", "edgekv compose", "--offer"] {
        assert!(ended.stderr.contains(words), "{words}: {ended:?}");
    }
}

#[test]
fn a_program_with_a_feature_is_refused_where_no_origin_is_offered() {
    for form in [Form::Composed, Form::Layered, Form::SdkComposed] {
        let here = Workplace::new();
        let ended = run(&here, form, "kv-store");
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(126), ""), "{form:?}: {ended:?}");
        for words in ["edgekv:platform/origin", "--offer"] {
            assert!(ended.stderr.contains(words), "{form:?}: {words}: {ended:?}");
        }
        assert_eq!(run(&here, form, "origin").status, Some(0), "{form:?}");
    }
}

#[test]
fn both_are_offered_where_nothing_is_said() {
    let here = Workplace::new();
    for form in Form::of("hello-kv") {
        let mut command = edgekv(&here);
        command.args(["run", "--engine", "memory:", "--store", "mystore"]);
        let ended = Ended::of(command.arg(form.make(&here, "hello-kv")).output().unwrap());
        assert!(ended.good().ends_with("this was run 1 on this store\n"), "{form:?}");
    }
}
