//! The session that the README shows with a server, line by line in its order; but for the address, as other tests run at the
//! same time, and for what official clients do, who have tests of their own.

use std::process::Command;

use edgekv_tests::readme::{blocks, calls, section};

use crate::client::Client;
use crate::process::Process;
use crate::workplace::Workplace;

const ADDRESS: &str = "http://127.0.0.1:7677";

/// A request as the README has `curl` make it.
fn ask(client: &mut Client, words: &[String]) -> String {
    let mut words = words.iter().map(String::as_str);
    let (mut method, mut path, mut body) = ("GET", None, "");
    while let Some(word) = words.next() {
        match word {
            "-X" => method = words.next().unwrap(),
            "-d" => body = words.next().unwrap(),
            "-i" => {}
            url => path = Some(url.strip_prefix(ADDRESS).unwrap()),
        }
    }
    let answer = client.send(method, path.unwrap(), &[], body.to_owned());
    assert!((200..300).contains(&answer.status()), "{method} {path:?}: {}", answer.status());
    answer.text().to_owned()
}

#[test]
fn the_session_with_a_server_works_as_it_is_shown() {
    let here = Workplace::new();
    let mut server: Option<Process> = None;
    let mut variables = Vec::new();
    let (mut requests, mut commands, mut printed) = (Vec::new(), Vec::new(), String::new());
    for block in blocks(section("The store from outside"), "sh").filter(|block| !block.contains("fastly ")) {
        for line in block.lines() {
            let url = |process: &Process| format!("http://{}", process.address);
            if let Some(assigned) = line.strip_prefix("export ") {
                let (name, value) = assigned.split(' ').next().unwrap().split_once('=').unwrap();
                assert!(value.contains(ADDRESS), "{line}");
                variables.push((name, value.replace(ADDRESS, &url(server.as_ref().unwrap()))));
            } else if let Some(words) = calls(line, "curl").next() {
                let mut client = Client::http1(server.as_ref().unwrap().address);
                requests.push(ask(&mut client, &words));
            } else if let Some(words) = calls(line, "edgekv").next() {
                let mut command: Command = here.edgekv();
                command.args(&words).envs(variables.iter().cloned());
                if words[0] == "serve" {
                    assert!(server.is_none(), "one server has the database: {line}");
                    server = Some(Process::start(command.env("EDGEKV_API", "127.0.0.1:0")));
                } else {
                    let output = command.output().unwrap();
                    assert!(output.status.success(), "{line}: {output:?}");
                    printed += &String::from_utf8(output.stdout).unwrap();
                    commands.push(words);
                }
            } else {
                panic!("nobody has tried this: {line}");
            }
        }
    }
    assert_eq!(requests, ["", "this is message 1", ""]);
    assert_eq!(commands.len(), 6, "{commands:?}");
    assert!(printed.contains("blue, or green"), "{printed}");
    let server = server.unwrap();
    let found = Client::http1(server.address).get("/stores/kv/mystore/keys/colour").has(200);
    assert_eq!(found.text(), "blue, or green");
    assert!(found.header("time_to_live_sec").is_some());
    server.stop();
    let found = here.run("kv get settings colour --engine redb:other.redb").good();
    assert_eq!(found, "blue, or green");
}
