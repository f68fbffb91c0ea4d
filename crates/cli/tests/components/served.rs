//! Programs that answer requests, in the forms that can: a module, a component of the SDK, and that linked with layers.

use edgekv_tests::{component, layer};

use crate::client::Client;
use crate::exceptions::programs_of_http;
use crate::forms::{Form, composed, edgekv};
use crate::process::Process;
use crate::workplace::{Ended, Workplace};

/// The forms of a program for HTTP; for componentized ones there is no HTTP.
const FORMS: [Form; 4] = [Form::Core, Form::Sdk, Form::SdkComposed, Form::SdkLayered];

fn serve(here: &Workplace, offer: &[&str], store: &str, file: &std::path::Path) -> Process {
    let mut command = edgekv(here);
    command.args(["serve", "--listen", "127.0.0.1:0", "--engine", "memory:", "--store", store]).args(offer);
    Process::start(command.arg(file))
}

#[test]
fn the_shortener_answers_the_same_in_all_forms() {
    let talk = |form: Form| {
        let here = Workplace::new();
        let server = serve(&here, form.offer(), "links", &form.make(&here, "shortener"));
        let mut client = Client::http1(server.address);
        let mut answers = Vec::new();
        let long = format!("https://example.com/{}", "x".repeat(3_000));
        for (method, path, body) in [
            ("GET", "/", ""),
            ("POST", "/", "https://example.com/a"),
            ("POST", "/", "https://example.com/a"),
            ("POST", "/", "no address"),
            ("POST", "/", &long),
            ("GET", "/missing", ""),
            ("GET", "/..", ""),
            ("DELETE", "/missing", ""),
        ] {
            let answer = client.send(method, path, &[], body.to_owned());
            let headers = ["content-type", "location", "cache-control"]
                .map(|name| answer.head.headers.get(name).map(|value| value.to_str().unwrap().to_owned()));
            let body = String::from_utf8(answer.body.to_vec()).unwrap();
            answers.push((method, path, answer.status(), headers, body));
        }
        let name = answers[1].4.trim().to_owned();
        for _ in 0..3 {
            let answer = client.get(&name);
            let location = answer.header("location").map(str::to_owned);
            answers.push(("GET", "name", answer.status(), [location, None, None], String::new()));
        }
        let list = client.get("/");
        answers.push(("GET", "/", list.status(), [None, None, None], list.text().to_owned()));
        answers
    };
    let expected = talk(Form::Core);
    assert!(expected.last().unwrap().4.contains("https://example.com/a"), "{expected:?}");
    for form in FORMS {
        assert_eq!(talk(form), expected, "{form:?}");
    }
}

#[test]
fn a_componentized_program_for_http_is_not_served_and_a_message_says_what_to_do() {
    let here = Workplace::new();
    // That of JavaScript is refused for the same import, and is there only with the tools of that language.
    for program in programs_of_http().filter(|program| *program != "js-http") {
        let mut command = edgekv(&here);
        command.args(["serve", "--listen", "127.0.0.1:0", "--engine", "memory:"]);
        let ended = Ended::of(command.arg(Form::Componentized.make(&here, program)).output().unwrap());
        ended.fails(126, &["wasi:http/incoming-handler", "serve the core module that it was made from"]);
    }
}

#[test]
fn a_panic_in_a_layer_ends_one_request_and_names_the_layer() {
    let here = Workplace::new();
    let file = here.path("faulty.wasm");
    composed(&here, &component("shortener"), &[layer("faulty-layer")], &file).good();
    let server = serve(&here, &["--offer", "origin"], "links", &file);
    let mut client = Client::http1(server.address);
    assert_eq!(client.get("/missing").status(), 404);
    for _ in 0..3 {
        assert_eq!(client.get("/panic!").status(), 500);
        assert_eq!(client.get("/missing").status(), 404, "the next request is as ever");
    }
    server.says("edgekv_feature::faults::");
}

#[test]
fn a_layer_that_takes_all_memory_ends_one_request() {
    let here = Workplace::new();
    let file = here.path("faulty.wasm");
    composed(&here, &component("shortener"), &[layer("faulty-layer")], &file).good();
    let server = serve(&here, &["--offer", "origin", "--max-memory", "32"], "links", &file);
    let mut client = Client::http1(server.address);
    for _ in 0..3 {
        assert_eq!(client.get("/allocate!").status(), 500);
        assert_eq!(client.get("/missing").status(), 404, "the next request is as ever");
    }
}

#[test]
fn a_layer_that_never_answers_is_stopped_when_the_time_is_over() {
    let here = Workplace::new();
    let file = here.path("faulty.wasm");
    composed(&here, &component("shortener"), &[layer("faulty-layer")], &file).good();
    let server = serve(&here, &["--offer", "origin", "--max-time", "1"], "links", &file);
    let mut client = Client::http1(server.address);
    assert_eq!(client.get("/loop!").status(), 504);
    assert_eq!(client.get("/missing").status(), 404, "the next request is as ever");
}
