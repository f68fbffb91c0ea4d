//! What a server says, in which form, and who waits for that.

use std::io::Read;

use serde_json::Value;

use super::{exchange, get, serve, workplace};
use crate::client::Client;
use crate::process::Process;

/// The lines that have this in them.
fn lines<'a>(said: &'a str, text: &str) -> Vec<&'a str> {
    said.lines().filter(|line| line.contains(text)).collect()
}

#[test]
fn a_request_is_a_line_of_text_and_so_is_what_the_application_prints() {
    let here = workplace();
    let server = serve(&here, "app.wasm --engine memory:");
    Client::http1(server.address).get("/one?two&p").has(200);
    Client::http1(server.address).get("/t").has(500);
    let said = server.stop();

    let requests = lines(&said, " GET /one?two&p ");
    assert_eq!(requests.len(), 1, "{said}");
    let words: Vec<_> = requests[0].split(' ').collect();
    let [time, client, method, path, status, bytes, "B", milliseconds, "ms", id] = words[..] else {
        panic!("{words:?}");
    };
    assert_eq!((client, method, path, status, bytes), ("127.0.0.1", "GET", "/one?two&p", "200", "6"));
    assert!(time.starts_with("20") && time.ends_with('Z'), "{time}");
    assert!(milliseconds.parse::<f64>().unwrap() >= 0.0);
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");

    let printed = lines(&said, "app: printed");
    assert_eq!(printed.len(), 1, "{said}");
    assert!(printed[0].ends_with(&format!("Z app: printed  {id}")), "{printed:?}");
    let trapped = lines(&said, "trapped");
    assert_eq!(trapped.len(), 1, "{said}");
    assert!(trapped[0].contains("Z app: error: ") && trapped[0].contains("app.wasm"), "{trapped:?}");
    assert!(!said.contains("edgekv: "), "nothing is wrong with edgekv: {said}");
}

#[test]
fn what_a_client_says_cannot_steer_a_terminal() {
    let here = workplace();
    let server = serve(&here, "app.wasm --engine memory:");
    // A control character of two bytes, one that turns the direction of the line, and a letter.
    let request = get("/\u{9b}2J\u{202e}\u{e9}h");
    let answer = exchange(server.address, request.as_bytes());
    let said = server.stop();
    assert!(said.is_ascii(), "{said:?}");
    // Of those that the host escapes already, it says which they were.
    if answer.starts_with("HTTP/1.1 200 ") {
        assert!(said.contains(r" GET /\u{9b}2J\u{202e}%C3%A9h 200 6 B "), "{said}");
    } else {
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
}

#[test]
fn each_line_is_json_when_that_is_asked_for() {
    let here = workplace();
    let server = serve(&here, "app.wasm --log-format json");
    Client::http1(server.address).get("/p").has(200);
    Client::http1(server.address).get("/t").has(500);
    Client::http1(server.address).get("/k").has(500);
    let said = server.stop();
    let lines: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let of = |target: &'static str| lines.iter().filter(move |line| line["target"] == target);

    let requests: Vec<_> = of("edgekv::request").collect();
    assert_eq!(requests.len(), 3, "{said}");
    assert_eq!((&requests[0]["method"], &requests[0]["path"]), (&"GET".into(), &"/p".into()), "{said}");
    assert_eq!((&requests[0]["status"], &requests[1]["status"]), (&200.into(), &500.into()), "{said}");
    assert!(requests[0]["milliseconds"].as_f64().unwrap() >= 0.0, "{said}");
    assert_eq!(requests[0]["bytes"], 6, "{said}");

    let printed = of("edgekv::app").find(|line| line["message"] == "printed").unwrap();
    assert_eq!(printed["id"], requests[0]["id"], "{said}");
    assert!(of("edgekv::app").any(|line| line["level"] == "ERROR"), "{said}");
    let hints = lines.iter().filter_map(|line| line["message"].as_str());
    assert!(hints.filter(|text| text.contains("--store store")).count() == 1, "{said}");
}

#[test]
fn warn_alone_silences_requests_and_what_applications_print_but_not_what_is_wrong() {
    let here = workplace();
    let server = serve(&here, "app.wasm --engine memory: --log warn");
    Client::http1(server.address).get("/p").has(200);
    Client::http1(server.address).get("/t").has(500);
    let said = server.stop();
    assert!(!said.contains("app: printed") && !said.contains(" GET "), "{said}");
    assert!(said.contains("app: error: "), "{said}");
    let server = serve(&here, "app.wasm --engine memory: --log warn,edgekv::app=info");
    Client::http1(server.address).get("/p").has(200);
    let said = server.stop();
    assert!(said.contains("app: printed") && !said.contains(" GET "), "{said}");
}

#[test]
fn a_store_that_is_missing_is_told_once() {
    let here = workplace();
    let server = serve(&here, "app.wasm --engine memory:");
    for _ in 0..3 {
        Client::http1(server.address).get("/k").has(500);
    }
    let said = server.stop();
    let hint =
        "edgekv: warning: there is no store \"store\"; create it with --store store, or in fastly.toml";
    assert_eq!(lines(&said, "there is no store"), [hint], "{said}");
    let server = serve(&here, "app.wasm --engine memory: --store store");
    Client::http1(server.address).get("/k").has(200);
    assert!(!server.stop().contains("there is no store"));
}

/// Far more than a pipe holds.
const REQUESTS: usize = 300;

#[test]
fn a_log_that_nobody_reads_stops_nobody() {
    let here = workplace();
    let mut command = here.edgekv();
    command.args(["serve", "app.wasm", "--listen", "127.0.0.1:0", "--engine", "memory:"]);
    let (mut server, mut unread) = Process::start_unheard(&mut command);
    let mut client = Client::http1(server.address);
    let path = format!("/{}h", "x".repeat(1500));
    for _ in 0..REQUESTS {
        client.get(&path).has(200);
    }
    server.signal("-TERM");
    assert_eq!(server.ended().code(), Some(0));
    let mut said = Vec::new();
    unread.read_to_end(&mut said).unwrap();
    assert!(said.len() < REQUESTS * path.len(), "the pipe was full: {} bytes", said.len());
}
