//! `edgekv serve` as operators have it: flags, messages, signals. What applications may do over HTTP is in the tests `http`.

mod api;
mod limits;
mod logs;
#[cfg(target_os = "linux")]
mod memory;
mod metrics;
mod spans;
mod starts;
mod stops;
mod talk;
mod watches;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::process::Process;
use crate::workplace::Workplace;

/// The application of the tests of `edgekv-server`: the last character of the URL says what it does.
const APP: &str = include_str!("../../../../server/tests/serve/app.wat");

/// A workplace with that application.
fn workplace() -> Workplace {
    let here = Workplace::new();
    here.wat("app.wasm", APP);
    here
}

/// Serves with these arguments, which are split at spaces.
fn serve(here: &Workplace, arguments: &str) -> Process {
    let mut command = here.edgekv();
    command.args(["serve", "--listen", "127.0.0.1:0"]).args(arguments.split_whitespace());
    Process::start(&mut command)
}

/// An application that answers with this text.
fn says(text: &str) -> String {
    format!(
        r#"(module
            (import "fastly_http_resp" "new" (func $response (param i32) (result i32)))
            (import "fastly_http_resp" "send_downstream" (func $send (param i32 i32 i32) (result i32)))
            (import "fastly_http_body" "new" (func $body (param i32) (result i32)))
            (import "fastly_http_body" "write" (func $write (param i32 i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 64) "{text}")
            (func $check (param i32) (if (local.get 0) (then unreachable)))
            (func (export "_start")
                (call $check (call $response (i32.const 0)))
                (call $check (call $body (i32.const 4)))
                (call $check
                    (call $write (i32.load (i32.const 4)) (i32.const 64) (i32.const {}) (i32.const 0) (i32.const 8)))
                (call $check (call $send (i32.load (i32.const 0)) (i32.load (i32.const 4)) (i32.const 0)))))"#,
        text.len()
    )
}

/// Sends this, and gives all that comes back before the server hangs up.
fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        // It has not read all that we have sent, and has no need to.
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    String::from_utf8(answer).unwrap()
}

/// The text of a request without a body on a connection of its own.
fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
}
