//! The example that shortens URLs, on our SDK and on the public crate: as its README says.

use std::path::Path;

use tempfile::TempDir;

use crate::client::Client;
use crate::process::Process;
use crate::server::serve;

const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/shortener/fastly.toml");
const ADDRESSES: [&str; 2] = ["https://www.rust-lang.org/", "http://example.com/a?b=c"];

fn start(home: &Path, example: &str) -> (Process, Client) {
    let process = Process::start(serve(home, &edgekv_tests::guest(example)).args(["--config", MANIFEST]));
    let client = Client::http1(process.address);
    (process, client)
}

/// Shortens an address, and gives the path that leads there.
fn shorten(client: &mut Client, address: &str, status: u16) -> String {
    let answer = client.send("POST", "/", &[], address.to_owned()).has(status);
    let path = answer.text().trim_end().to_owned();
    assert!(path.starts_with('/') && path.len() > 1, "{path:?}");
    path
}

fn follow(client: &mut Client, path: &str, address: &str) {
    let answer = client.get(path).has(302);
    assert_eq!((answer.header("location"), answer.text()), (Some(address), ""));
}

/// The lines of the list, in the order of the alphabet.
fn list(client: &mut Client) -> Vec<String> {
    let mut lines: Vec<_> = client.get("/").has(200).text().lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

fn shortens_urls(example: &str) {
    let home: TempDir = tempfile::tempdir().unwrap();
    let (process, mut client) = start(home.path(), example);
    assert!(list(&mut client).is_empty());
    let paths = ADDRESSES.map(|address| shorten(&mut client, address, 201));
    assert_ne!(paths[0], paths[1]);
    assert_eq!(shorten(&mut client, ADDRESSES[0], 200), paths[0], "an address keeps its name");
    for _ in 0..3 {
        follow(&mut client, &paths[0], ADDRESSES[0]);
    }
    follow(&mut client, &paths[1], ADDRESSES[1]);
    let mut expected =
        [(0, 3), (1, 1)].map(|(link, hits)| format!("{} {hits} {}", paths[link], ADDRESSES[link]));
    expected.sort();
    assert_eq!(list(&mut client), expected);
    client.get("/nobody").has(404);
    client.get("/a%3Bb").has(404);
    client.send("POST", "/", &[], "not an address").has(400);
    client.send("POST", "/", &[], format!("https://example.com/{}", "x".repeat(2000))).has(400);
    for (method, path) in [("DELETE", paths[0].as_str()), ("PUT", "/"), ("POST", "/name")] {
        client.send(method, path, &[], "").has(405);
    }
    assert_eq!(list(&mut client), expected, "what is refused changes nothing");
    process.stop();

    let (process, mut client) = start(home.path(), example);
    assert_eq!(list(&mut client), expected, "a restart keeps links and hits");
    follow(&mut client, &paths[1], ADDRESSES[1]);
    let said = process.stop();
    assert!(!said.contains("error"), "{said}");
}

#[test]
fn the_example_on_our_sdk_shortens_urls_and_keeps_them() {
    shortens_urls("shortener");
}

#[test]
fn the_example_on_the_public_crate_shortens_urls_and_keeps_them() {
    shortens_urls("shortener-fastly");
}
