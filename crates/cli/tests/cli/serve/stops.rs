//! The end: signals, what becomes of running requests, and of what was written.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::thread;

use super::{exchange, get, serve, workplace};
use crate::process::in_time;
use crate::program::Step::Show;
use crate::workplace::Workplace;

/// Reads the body of the request to its end, writes an entry whose key and value are the last eight characters of the
/// URL, and answers when that is durable.
const KEEPER: &str = r#"(module
    (import "fastly_http_req" "body_downstream_get" (func $downstream (param i32 i32) (result i32)))
    (import "fastly_http_req" "uri_get" (func $uri (param i32 i32 i32 i32) (result i32)))
    (import "fastly_http_resp" "new" (func $response (param i32) (result i32)))
    (import "fastly_http_resp" "send_downstream" (func $send (param i32 i32 i32) (result i32)))
    (import "fastly_http_body" "new" (func $body (param i32) (result i32)))
    (import "fastly_http_body" "read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "fastly_http_body" "write" (func $write (param i32 i32 i32 i32 i32) (result i32)))
    (import "fastly_kv_store" "open" (func $open (param i32 i32 i32) (result i32)))
    (import "fastly_kv_store" "insert" (func $insert (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (import "fastly_kv_store" "insert_wait" (func $wait (param i32 i32) (result i32)))
    (memory (export "memory") 2)
    ;; 40 request, 4 its body, 8 length, 12 store, 16 value, 20 written, 24 pending, 28 kv error, 32 response, 36 its body;
    ;; 64 options, all zero; 256 name of the store; 4096 URL
    (data (i32.const 256) "kept")
    (func $check (param i32) (if (local.get 0) (then unreachable)))
    (func (export "_start") (local $key i32)
        (call $check (call $downstream (i32.const 40) (i32.const 4)))
        (call $check (call $uri (i32.load (i32.const 40)) (i32.const 4096) (i32.const 1000) (i32.const 8)))
        (local.set $key (i32.add (i32.const 4088) (i32.load (i32.const 8))))
        (loop $more
            (call $check (call $read (i32.load (i32.const 4)) (i32.const 65536) (i32.const 4096) (i32.const 20)))
            (br_if $more (i32.load (i32.const 20))))
        (call $check (call $open (i32.const 256) (i32.const 4) (i32.const 12)))
        (call $check (call $body (i32.const 16)))
        (call $check
            (call $write (i32.load (i32.const 16)) (local.get $key) (i32.const 8) (i32.const 0) (i32.const 20)))
        (call $check (call $insert (i32.load (i32.const 12)) (local.get $key) (i32.const 8)
            (i32.load (i32.const 16)) (i32.const 0) (i32.const 64) (i32.const 24)))
        (call $check (call $wait (i32.load (i32.const 24)) (i32.const 28)))
        (if (i32.ne (i32.load (i32.const 28)) (i32.const 1)) (then unreachable))
        (call $check (call $response (i32.const 32)))
        (call $check (call $body (i32.const 36)))
        (call $check (call $send (i32.load (i32.const 32)) (i32.load (i32.const 36)) (i32.const 0)))))"#;

/// How many writes have to be acknowledged before the signal.
const ACKNOWLEDGED: usize = 40;
/// Clients at the same time.
const CLIENTS: usize = 4;
/// How many entries a program of steps reads.
const READ_AT_ONCE: usize = 500;

/// Whether the whole answer is there. Nothing at all is the end: the server takes no connections any more.
fn is_answered(answer: &str) -> bool {
    if answer.is_empty() {
        return false;
    }
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n"), "cut off: {answer:?}");
    true
}

/// A request on a connection of its own. The server may be gone.
fn try_get(address: SocketAddr, path: &str) -> String {
    let mut answer = Vec::new();
    if let Ok(mut stream) = TcpStream::connect(address)
        && stream.write_all(get(path).as_bytes()).is_ok()
    {
        // What has come up to the error is seen.
        let _ = stream.read_to_end(&mut answer);
    }
    String::from_utf8(answer).unwrap()
}

/// Waits until the server takes no connections any more, which is the first thing that it does.
fn no_new_clients(address: SocketAddr) {
    in_time("nobody listens any more", || TcpStream::connect(address).is_err());
}

#[test]
fn a_signal_under_load_cuts_off_nothing_and_loses_no_write() {
    for signal in ["-TERM", "-INT"] {
        let here = Workplace::new();
        here.wat("app.wasm", KEEPER);
        let mut server = serve(&here, "app.wasm --store kept");
        let address = server.address;
        let acknowledged = Mutex::new(Vec::new());
        thread::scope(|scope| {
            // It is running: the server has asked for its body.
            let mut running = TcpStream::connect(address).unwrap();
            let head =
                "POST /finished HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n";
            running.write_all(head.as_bytes()).unwrap();
            let mut asked = [0; 25];
            running.read_exact(&mut asked).unwrap();
            assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
            running.write_all(b"1").unwrap();

            for client in 0..CLIENTS {
                let acknowledged = &acknowledged;
                scope.spawn(move || {
                    for number in 0.. {
                        let key = format!("c{client}{number:06}");
                        if !is_answered(&try_get(address, &format!("/{key}"))) {
                            break;
                        }
                        acknowledged.lock().unwrap().push(key);
                    }
                });
            }
            in_time("there is load", || acknowledged.lock().unwrap().len() >= ACKNOWLEDGED);
            server.signal(signal);
            no_new_clients(address);
            running.write_all(b"2").unwrap();
            let mut answer = String::new();
            running.read_to_string(&mut answer).unwrap();
            assert!(is_answered(&answer), "the running request was not answered");
            acknowledged.lock().unwrap().push("finished".to_owned());
        });
        let status = server.ended();
        let said = server.messages();
        assert_eq!(status.code(), Some(0), "{signal}: {said}");
        assert!(!said.contains("cut off") && !said.contains("error"), "{said}");

        let acknowledged = acknowledged.into_inner().unwrap();
        for keys in acknowledged.chunks(READ_AT_ONCE) {
            let steps: Vec<_> = keys.iter().map(|key| Show("kept", key)).collect();
            here.program("read.wasm", &steps);
            let read = here.run("run read.wasm").good();
            assert_eq!(read.lines().collect::<Vec<_>>(), keys, "{signal}");
        }
    }
}

#[test]
fn a_second_signal_ends_the_server_at_once() {
    for signal in ["-TERM", "-INT"] {
        let here = workplace();
        // Nobody waits as long as the request would take.
        let mut server = serve(&here, "app.wasm --engine memory: --max-time 3600");
        // It answers, and computes for ever then.
        let answer = exchange(server.address, get("/L").as_bytes());
        assert!(answer.ends_with("hello\n"), "{answer}");
        server.signal(signal);
        no_new_clients(server.address);
        server.signal(signal);
        assert_eq!(server.ended().code(), Some(130), "{signal}");
    }
}
