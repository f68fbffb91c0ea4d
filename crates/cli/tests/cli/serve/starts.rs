//! The start: what can be served, and what is said when that is not possible.

use std::fs;
use std::net::TcpListener;

use super::{APP, serve, workplace};
use crate::client::Client;
use crate::workplace::{Ended, Workplace};

#[test]
fn a_program_that_is_compiled_ahead_is_served_like_the_program() {
    let here = workplace();
    here.run("compile app.wasm").good();
    fs::remove_file(here.path("app.wasm")).unwrap();
    let server = serve(&here, "app.cwasm --engine memory:");
    assert_eq!(Client::http1(server.address).get("/h").has(200).text(), "hello\n");
    server.stop();
}

#[test]
fn compiled_code_that_cannot_be_used_says_why_and_what_to_do() {
    let here = workplace();
    here.run("compile app.wasm").good();
    let good = fs::read(here.path("app.cwasm")).unwrap();
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        bytes
    };
    // The trailer ends with: version (32 bytes), machine (32), source (32), form (4), checksum (32), format (4), a name (12).
    let version = good.len() - 148;
    for (bytes, words) in [
        (changed(&|bytes| bytes[200] ^= 1), "app.cwasm: is damaged"),
        (changed(&|bytes| bytes.truncate(bytes.len() / 2)), "app.cwasm: is cut off"),
        (changed(&|bytes| bytes[version] = b'9'), "app.cwasm: was compiled by edgekv 9."),
    ] {
        here.file("app.cwasm", bytes);
        here.run("serve app.cwasm --listen 127.0.0.1:0")
            .fails(126, &[words, "compile the program again, by `edgekv compile`"]);
    }
    assert!(!here.path(".edgekv").exists(), "no database was made for an application that cannot be served");
}

#[test]
fn what_is_no_application_says_what_it_is() {
    let here = Workplace::new();
    here.file("component.wasm", wat::parse_str("(component)").unwrap());
    here.file("text.rs", "fn main() {}");
    here.file("app.wat", APP);
    here.wat("library.wasm", "(module (func (export \"run\")))");
    for flags in ["", " --watch"] {
        let serve = |name: &str| here.run(&format!("serve {name} --listen 127.0.0.1:0{flags}"));
        serve("component.wasm").fails(126, &["component.wasm: it exports neither", "wasm32-wasip2"]);
        serve("text.rs").fails(126, &["text.rs: is a text file", "name the .wasm file"]);
        serve("app.wat").fails(126, &["app.wat: is WebAssembly text"]);
        serve("library.wasm").fails(126, &["library.wasm: it has no function `_start`"]);
        serve("nowhere.wasm").fails(127, &["nowhere.wasm: there is no such file"]);
        serve("nowhere/app.wasm").fails(127, &["nowhere/app.wasm: there is no such file"]);
    }
    assert!(!here.path(".edgekv").exists(), "no database was made");
}

#[test]
fn an_address_that_is_taken_is_named() {
    let here = workplace();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let ended = here.run(&format!("serve app.wasm --listen {address}"));
    ended.fails(125, &["cannot listen on", &address, "choose another address by --listen"]);
    let mut command = here.edgekv();
    command.args(["serve", "app.wasm"]).env("EDGEKV_LISTEN", &address);
    Ended::of(command.output().unwrap()).fails(125, &["cannot listen on", &address]);
    assert!(!here.path(".edgekv").exists(), "no database was made");
}

#[test]
fn addresses_and_limits_that_are_wrong_say_what_is_right() {
    let here = workplace();
    let rows: [(&str, &[&str]); 14] = [
        ("--listen localhost:80", &["'localhost:80'", "--listen", "127.0.0.1:7676"]),
        ("--listen 80", &["'80'", "ADDRESS:PORT"]),
        ("--listen 127.0.0.1:65536", &["'127.0.0.1:65536'", "ADDRESS:PORT"]),
        ("--listen=", &["ADDRESS:PORT"]),
        ("--max-time 0", &["--max-time", "1.."]),
        ("--max-time 1s", &["'1s'", "--max-time"]),
        ("--max-requests 0", &["--max-requests", "from 1 to 10000"]),
        ("--max-requests 10001", &["'10001'", "from 1 to 10000"]),
        ("--max-connections 0", &["--max-connections", "1..=1000000"]),
        ("--max-connections 1000001", &["1000001", "1..=1000000"]),
        ("--max-head 7", &["--max-head", "8..=1024"]),
        ("--max-body -1", &["-1"]),
        ("--log-format xml", &["'xml'", "--log-format"]),
        ("more", &["unexpected argument \"more\"", "edgekv serve --help"]),
    ];
    for (flag, words) in rows {
        here.run(&format!("serve app.wasm {flag}")).fails(2, words);
    }
}

#[test]
fn a_program_that_answers_requests_is_not_run_but_served() {
    let here = workplace();
    let ended = here.run("run --engine memory: app.wasm");
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(134), ""), "{ended:?}");
    let hint = "edgekv: hint: the program answers HTTP requests; have it do that by `edgekv serve`";
    assert_eq!(ended.stderr.lines().filter(|line| *line == hint).count(), 1, "{ended:?}");
    let ended = here.run("run --engine memory: app.wasm --listen 127.0.0.1:80");
    assert!(ended.stderr.contains("--listen, which is a flag of `edgekv serve`"), "{ended:?}");
}
