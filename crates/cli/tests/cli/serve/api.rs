//! The API beside an application, or alone: where it is, who may use it, and how it ends.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use super::{says, workplace};
use crate::client::Client;
use crate::process::{Process, in_time};
use crate::workplace::{Ended, Workplace};

/// Serves with these arguments, which are split at spaces, and a token or none.
fn serve(here: &Workplace, arguments: &str, token: Option<&str>) -> Process {
    let mut command = here.edgekv();
    command.arg("serve").args(arguments.split_whitespace()).args([
        "--api",
        "127.0.0.1:0",
        "--engine",
        "memory:",
    ]);
    if let Some(token) = token {
        command.env("EDGEKV_API_TOKEN", token);
    }
    Process::start(&mut command)
}

/// The status of a request to the API, with these headers.
fn status(api: SocketAddr, path: &str, headers: &[(&str, &str)]) -> u16 {
    Client::http1(api).send("GET", path, headers, "").status()
}

#[test]
fn the_api_needs_no_application() {
    let here = Workplace::new();
    let server = serve(&here, "--store things", None);
    assert_eq!(status(server.address, "/healthz", &[]), 200);
    assert_eq!(status(server.address, "/resources/stores/kv", &[]), 200);
    server.stop();
}

#[test]
fn an_application_is_announced_first_and_the_api_behind_it() {
    let here = Workplace::new();
    here.wat("app.wasm", &says("the application"));
    let server = serve(&here, "app.wasm --listen 127.0.0.1:0", None);
    let api = server.api();
    assert_ne!(api, server.address);
    assert_eq!(Client::http1(server.address).get("/healthz").has(200).text(), "the application");
    assert_ne!(Client::http1(api).get("/healthz").has(200).text(), "the application");
    server.stop();
}

#[test]
fn there_must_be_something_to_serve() {
    let here = workplace();
    here.run("serve")
        .fails(2, &["there is nothing to serve", "name an application", "give EDGEKV_API an address"]);
    here.run("serve --api none").fails(2, &["there is nothing to serve", "leave out --api none"]);
    for flag in ["--listen 127.0.0.1:0", "--watch", "--max-time=3", "--env A=B", "--code-cache none"] {
        let name = flag.split([' ', '=']).next().unwrap();
        let ended = here.run(&format!("serve --api 127.0.0.1:0 {flag}"));
        ended.fails(2, &[name, "is for an application, and there is none"]);
    }
    // A variable may be meant for other commands.
    let mut command = here.edgekv();
    command
        .args(["serve", "--api", "127.0.0.1:0", "--engine", "memory:"])
        .env("EDGEKV_LISTEN", "127.0.0.1:1");
    Process::start(&mut command).stop();
    assert!(!here.path(".edgekv").exists(), "no database was made");
}

#[test]
fn an_address_that_the_api_cannot_have_is_named() {
    let here = workplace();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    here.run(&format!("serve --api {address}"))
        .fails(125, &["cannot listen on", &address, "by --api, or --api none"]);
    here.run("serve --api localhost:7677").fails(2, &["'localhost:7677'", "ADDRESS:PORT", "or `none`"]);
    let mut command = here.edgekv();
    let ended = Ended::of(command.arg("serve").env("EDGEKV_API", "nowhere").output().unwrap());
    ended.fails(2, &["edgekv: EDGEKV_API: ", "'nowhere'"]);
    assert!(!here.path(".edgekv").exists(), "no database was made");
}

#[test]
fn other_machines_are_served_only_with_a_token() {
    let here = workplace();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:7677"] {
        let ended = here.run(&format!("serve app.wasm --api {address}"));
        ended.fails(
            2,
            &[address, "without a token", "--api-token-file or EDGEKV_API_TOKEN", "--api 127.0.0.1:"],
        );
    }
    let mut command = here.edgekv();
    command.args(["serve", "--api", "0.0.0.0:0", "--engine", "memory:"]).env("EDGEKV_API_TOKEN", "secret");
    let server = Process::start(&mut command);
    let local = SocketAddr::from(([127, 0, 0, 1], server.address.port()));
    assert_eq!(status(local, "/resources/stores/kv", &[]), 401);
    assert_eq!(status(local, "/resources/stores/kv", &[("fastly-key", "secret")]), 200);
    server.stop();
}

#[test]
fn a_token_comes_from_a_file_or_else_from_the_variable() {
    let here = Workplace::new();
    here.file("token", "from-the-file\n");
    here.run_system("chmod", &["600", "token"]);
    let table = [
        ("", Some("from-the-variable"), "from-the-variable"),
        ("--api-token-file token", None, "from-the-file"),
        ("--api-token-file token", Some("from-the-variable"), "from-the-file"),
    ];
    for (flags, variable, token) in table {
        let server = serve(&here, flags, variable);
        let path = "/resources/stores/kv";
        assert_eq!(status(server.address, path, &[]), 401, "{flags}");
        assert_eq!(status(server.address, path, &[("fastly-key", "other")]), 401, "{flags}");
        assert_eq!(status(server.address, path, &[("fastly-key", token)]), 200, "{flags}");
        let bearer = format!("Bearer {token}");
        assert_eq!(status(server.address, path, &[("authorization", &bearer)]), 200, "{flags}");
        assert_eq!(status(server.address, "/healthz", &[]), 200, "{flags}");
        let said = server.stop();
        assert!(!said.contains("warning") && !said.contains("from-the"), "{said}");
    }
}

#[test]
fn a_token_that_cannot_be_one_is_never_taken_for_none() {
    let here = Workplace::new();
    here.file("empty", "\n");
    here.file("two", "one\ntwo\n");
    let rows: [(&str, &[&str]); 3] = [
        ("empty", &["--api-token-file empty", "token is empty"]),
        ("two", &["--api-token-file two", "more than one line"]),
        ("nowhere", &["--api-token-file nowhere", "cannot be opened"]),
    ];
    for (file, words) in rows {
        let mut command = here.edgekv();
        command.args(["serve", "--api", "127.0.0.1:0", "--log", "error", "--api-token-file", file]);
        Ended::of(command.output().unwrap()).fails(125, words);
    }
    for (token, reason) in [("", "token is empty"), ("two words", "not visible ASCII")] {
        let mut command = here.edgekv();
        command.args(["serve", "--api", "127.0.0.1:0"]).env("EDGEKV_API_TOKEN", token);
        let ended = Ended::of(command.output().unwrap());
        ended.fails(2, &["EDGEKV_API_TOKEN cannot be used", reason]);
        assert!(!ended.stderr.contains("two words"), "{ended:?}");
    }
}

#[test]
fn a_token_that_everybody_can_read_is_a_warning() {
    let here = Workplace::new();
    here.file("token", "secret");
    here.run_system("chmod", &["644", "token"]);
    let said = serve(&here, "--api-token-file token", None).stop();
    assert!(said.contains("warning: everybody on this machine can read the token in token"), "{said}");
    assert!(!said.contains("secret"), "{said}");
    here.wat("app.wasm", &says("x"));
    let mut command = here.edgekv();
    command.args([
        "serve",
        "app.wasm",
        "--listen",
        "127.0.0.1:0",
        "--engine",
        "memory:",
        "--api-token-file",
        "token",
    ]);
    let said = Process::start(&mut command).stop();
    assert!(said.contains("warning: --api-token-file is not read: there is no API"), "{said}");
}

#[test]
fn a_signal_ends_both_listeners_and_what_is_under_way_is_done() {
    let here = Workplace::new();
    here.wat("app.wasm", &says("the application"));
    let start = || {
        let mut command = here.edgekv();
        command.args([
            "serve",
            "app.wasm",
            "--store",
            "kept",
            "--listen",
            "127.0.0.1:0",
            "--api",
            "127.0.0.1:0",
        ]);
        let process = Process::start(&mut command);
        let api = process.api();
        (process, api)
    };
    let (mut server, api) = start();
    // Connections without a request do not hold anybody up.
    let mut idle = Client::http1(server.address);
    idle.get("/").has(200);
    let mut upload = TcpStream::connect(api).unwrap();
    let head = "PUT /stores/kv/kept/keys/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nfirst";
    upload.write_all(head.as_bytes()).unwrap();
    // It is under way when the API counts it: its own request, and this one.
    let mut other = Client::http1(api);
    in_time("the API has the upload", || {
        let metrics = other.get("/metrics").has(200);
        let mut lines =
            metrics.text().lines().filter(|line| line.starts_with("edgekv_http_requests_in_flight"));
        lines.any(|line| line.contains("api") && line.ends_with(" 2"))
    });
    server.signal("-TERM");
    for address in [server.address, api] {
        in_time("nobody listens any more", || TcpStream::connect(address).is_err());
    }
    upload.write_all(b" last").unwrap();
    let mut answer = String::new();
    upload.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(server.ended().code(), Some(0));

    let (server, api) = start();
    assert_eq!(Client::http1(api).get("/stores/kv/kept/keys/k").has(200).text(), "first last");
    server.stop();
}
