//! The session of the talk that this project comes from, line by line, with `curl` where it is there.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use crate::client::Client;
use crate::process::Process;
use crate::workplace::Workplace;

const PATH: &str = "/stores/kv/mystore/keys/message1";

/// What a client of the session sees.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    status: u16,
    cache: Option<String>,
    body: String,
}

fn seen(status: u16, cache: Option<&str>, body: &str) -> Seen {
    Seen { status, cache: cache.map(str::to_owned), body: body.to_owned() }
}

/// `curl -X METHOD URL -d DATA`, as in the talk.
fn curl(api: SocketAddr, method: &str, data: Option<&str>) -> Seen {
    let mut curl = Command::new("curl");
    curl.args([
        "--silent",
        "--show-error",
        "--noproxy",
        "*",
        "--write-out",
        "\n%{http_code} %header{x-cache}",
    ]);
    curl.args(["-X", method, &format!("http://{api}{PATH}")]);
    if let Some(data) = data {
        curl.args(["-d", data]);
    }
    let output = curl.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, end) = text.rsplit_once('\n').unwrap();
    let (status, cache) = end.split_once(' ').unwrap();
    seen(status.parse().unwrap(), Some(cache).filter(|cache| !cache.is_empty()), body)
}

/// The same request by our own client.
fn raw(api: SocketAddr, method: &str, data: Option<&str>) -> Seen {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let headers = if data.is_some() { &form[..] } else { &[] };
    let answer = Client::http1(api).send(method, PATH, headers, data.unwrap_or_default().to_owned());
    seen(answer.status(), answer.header("x-cache"), answer.text())
}

/// Whether there is a curl that can print a header by its name.
fn has_curl() -> bool {
    let mut curl = Command::new("curl");
    let written = curl.args(["--version"]).stderr(Stdio::null()).output();
    let version = written.ok().and_then(|output| String::from_utf8(output.stdout).ok());
    let version = version.as_deref().and_then(|text| text.split(' ').nth(1)).unwrap_or_default();
    let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
    numbers.next().zip(numbers.next()).is_some_and(|version| version >= (7, 84))
}

fn session(ask: fn(SocketAddr, &str, Option<&str>) -> Seen) {
    let here = Workplace::new();
    let mut command = here.edgekv();
    command.args(["serve", "--store", "mystore", "--api", "127.0.0.1:0"]);
    let server = Process::start(&mut command);
    let ask = |method: &str, data| ask(server.address, method, data);

    assert_eq!(ask("PUT", Some("this is message 1")), seen(200, None, ""));
    assert_eq!(ask("GET", None), seen(200, Some("MISS"), "this is message 1"));
    assert_eq!(ask("GET", None), seen(200, Some("HIT"), "this is message 1"));
    assert_eq!(ask("DELETE", None), seen(204, None, ""));
    let missing = ask("GET", None);
    assert_eq!((missing.status, missing.cache.as_deref()), (404, Some("MISS")), "{missing:?}");
    let missing = ask("GET", None);
    assert_eq!((missing.status, missing.cache.as_deref()), (404, Some("HIT")), "{missing:?}");
    server.stop();
}

#[test]
fn the_session_of_the_talk_works_line_by_line() {
    session(raw);
}

#[test]
fn the_session_of_the_talk_works_with_curl() {
    if !has_curl() {
        println!("there is no curl of 7.84 or newer; the same session without it is another test");
        return;
    }
    session(curl);
}
