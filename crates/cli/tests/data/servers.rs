//! Servers that want tokens, are not there, or are something else.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::thread;

use crate::place::{Data, Ended, edgekv};
use crate::process::Process;

fn run(command: &mut Command) -> Ended {
    Ended::of(command.output().unwrap())
}

#[test]
fn a_token_is_given_by_flag_file_or_variable() {
    let data = Data::engine();
    let folder = data.path("");
    data.file("token", "s3cret\n");
    data.file("wrong", "other\n");
    let server =
        Process::start(edgekv(&folder).args(["serve", "--api", "127.0.0.1:0", "--api-token-file", "token"]));
    let url = format!("http://{}", server.address);
    let list = || {
        let mut command = edgekv(&folder);
        command.args(["store", "list", "--api-url", &url, "--log", "error"]);
        command
    };
    run(&mut list()).fails(77, &["wants a token", "--token-file", "EDGEKV_API_TOKEN"]);
    run(list().args(["--token-file", "wrong"])).fails(77, &["does not accept the token"]);
    run(list().args(["--token", "s3cret"])).good();
    run(list().args(["--token-file", "token"])).good();
    run(list().env("EDGEKV_API_TOKEN", "s3cret")).good();
    run(list().env("FASTLY_API_TOKEN", "s3cret")).good();
    run(list().env("FASTLY_API_TOKEN", "wrong").env("EDGEKV_API_TOKEN", "s3cret")).good();
    run(list().args(["--token", "s3cret"]).env("EDGEKV_API_TOKEN", "wrong")).good();
    run(list().args(["--token", "two words"])).fails(2, &["--token: ", "not visible ASCII"]);
    run(list().args(["--token-file", "none"])).fails(66, &["none"]);
    run(list().args(["--token", "a", "--token-file", "b"])).fails(2, &["--token"]);
}

/// One that is empty, or has the end of a line, is the same for the server and for those who ask it.
#[cfg(unix)]
#[test]
fn a_token_has_the_rules_that_the_server_has() {
    let data = Data::engine();
    let folder = data.path("");
    let mut server = edgekv(&folder);
    server.args(["serve", "--api", "127.0.0.1:0"]).env("EDGEKV_API_TOKEN", "s3cret\n");
    let server = Process::start(&mut server);
    let url = format!("http://{}", server.address);
    let list = || {
        let mut command = edgekv(&folder);
        command.args(["store", "list", "--api-url", &url]);
        command
    };
    run(list().env("EDGEKV_API_TOKEN", "s3cret\n")).good();
    run(list().env("EDGEKV_API_TOKEN", "")).fails(2, &["EDGEKV_API_TOKEN cannot be used", "empty"]);
    run(list().env("EDGEKV_API_TOKEN", "x".repeat(257))).fails(2, &["limit is 256"]);
    run(list().args(["--token", ""])).fails(2, &["--token: ", "empty"]);
    data.file("two", "one\ntwo\n");
    std::fs::set_permissions(data.path("two"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    run(list().args(["--token-file", "two"])).fails(2, &["--token-file two", "more than one line"]);
    // A pipe, as a shell makes one of `<(pass show t)`.
    let fifo = Command::new("mkfifo").arg("pipe").current_dir(&folder).status().unwrap();
    assert!(fifo.success());
    let pipe = data.path("pipe");
    let writer = thread::spawn(move || std::fs::write(pipe, "s3cret\n").unwrap());
    run(list().args(["--token-file", "pipe"])).good();
    writer.join().unwrap();
}

#[test]
fn a_token_without_a_server_touches_no_database() {
    let data = Data::engine().with_store("s");
    data.run(&["kv", "put", "s", "k", "v"]).good();
    data.file("token", "s3cret");
    for flag in [["--token", "s3cret"], ["--token-file", "token"]] {
        let ended = data.run(&[&["kv", "delete", "s", "--all", "--yes"][..], &flag].concat());
        ended.fails(2, &[flag[0], "is for a server", "--api-url"]);
    }
    assert_eq!(data.run(&["kv", "get", "s", "k"]).text(), "v");
    // A variable is there for other commands.
    run(data.command(&["kv", "get", "s", "k"]).env("EDGEKV_API_TOKEN", "s3cret")).good();
}

#[test]
fn a_server_that_forbids_is_quoted() {
    let here = Data::engine();
    // As ours does it, when it is asked by a name.
    let url = answer(
        b"HTTP/1.1 403 Forbidden\r\ncontent-length: 42\r\n\r\n{\"title\":\"x\",\"detail\":\"use an IP address\"}",
    );
    let ended = run(edgekv(&here.path("")).args(["store", "list", "--api-url", &url]));
    ended.fails(77, &["refuses this (403): use an IP address", "--token-file"]);
    let ended = run(edgekv(&here.path("")).args(["store", "list", "--api-url", &url, "--token", "t"]));
    ended.fails(77, &["refuses this (403): use an IP address", "--token,"]);
}

#[test]
fn the_server_is_named_by_flag_or_variable_and_flags_come_first() {
    let server = Data::server().with_store("remote");
    let url = server.url().unwrap();
    let here = Data::engine().with_store("local");
    let list = |arguments: &[&str], variable: Option<&str>| {
        let mut command = edgekv(&here.path(""));
        command.args(["store", "list"]).args(arguments);
        if let Some(url) = variable {
            command.env("EDGEKV_API_URL", url);
        }
        run(&mut command)
    };
    assert_eq!(list(&[], None).text(), "local\n");
    assert_eq!(list(&[], Some("")).text(), "local\n");
    assert_eq!(list(&[], Some(&url)).text(), "remote\n");
    assert_eq!(list(&["--api-url", &url], Some("http://127.0.0.1:1")).text(), "remote\n");
    assert_eq!(list(&["--engine", "redb:.edgekv/data.redb"], Some(&url)).text(), "local\n");
    list(&["--engine", "memory:", "--api-url", &url], None).fails(2, &["--api-url"]);
    list(&[], Some("nonsense")).fails(2, &["EDGEKV_API_URL", "http://127.0.0.1:7677"]);
    list(&["--api-url", "ftp://a"], None).fails(2, &["--api-url"]);
}

#[test]
fn a_server_that_is_not_there_is_told_how_to_start() {
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let here = Data::engine();
    let ended =
        run(edgekv(&here.path("")).args(["store", "list", "--api-url", &format!("http://{address}")]));
    ended.fails(69, &["no server answers", "edgekv serve"]);
}

/// Answers every connection with these bytes.
fn answer(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(bytes);
        }
    });
    url
}

#[test]
fn what_is_no_api_is_told_from_one() {
    let here = Data::engine();
    let table: [(&[u8], i32, &str); 7] = [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", 76, "KV store's API"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", 76, "data"),
        (b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", 76, "302"),
        (b"HTTP/1.1 500 Oops\r\ncontent-length: 23\r\n\r\n{\"detail\":\"a\\u001b[2Jb\"}", 76, "500"),
        (b"HTTP/1.1 429 Slow\r\ncontent-length: 14\r\n\r\n{\"title\":\"no\"}", 75, "429"),
        (b"SSH-2.0-OpenSSH\r\n", 69, "cannot talk"),
        (b"", 69, "cannot talk"),
    ];
    for (bytes, status, word) in table {
        let ended = run(edgekv(&here.path("")).args(["store", "list", "--api-url", &answer(bytes)]));
        ended.fails(status, &[word]);
        assert!(!ended.stderr.contains('\u{1b}'), "nothing moves the cursor: {ended:?}");
    }
}
